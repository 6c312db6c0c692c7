"""Measures the objective of a picture that is seen whole, or in tiles."""
