"""Listeners of the loop."""
