"""Proved gradients as one NumPy module: written to be read, and to never build what it need not."""
