"""Where else it runs: proved formulas as code."""
