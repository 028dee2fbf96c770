"""Where else a derivation runs: as a proof for Coq, as code."""
