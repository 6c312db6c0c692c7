"""Sounds and other series: the method in one dimension."""
