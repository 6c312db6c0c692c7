"""Pictures of our own, painted by scripts/paint_samples.py."""
