"""What numbers say: exact and ball arithmetic, and the three-outcome check against a framework."""
