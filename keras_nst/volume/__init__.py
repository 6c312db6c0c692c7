"""Volumes: stacks of slices that are painted along all three axes simultaneously."""
