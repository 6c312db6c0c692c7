"""Paints photographs with a trained network."""
