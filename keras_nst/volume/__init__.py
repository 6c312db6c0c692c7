"""Volumes: stacks of slices that are painted along all three of their axes at once."""
