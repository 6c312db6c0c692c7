"""Trains a network that paints any photograph in the styles of some paintings."""
