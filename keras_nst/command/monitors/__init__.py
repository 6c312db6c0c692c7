"""Listeners of the optimization loop."""
