"""What is decided before the first step: sizes, tiles, the method."""
