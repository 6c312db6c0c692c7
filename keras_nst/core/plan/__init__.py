"""Decisions before the first step: sizes, tiles, the method."""
