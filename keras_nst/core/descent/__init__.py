"""The optimization of the picture."""
