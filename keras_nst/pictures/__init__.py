"""Everything that knows what a picture file is."""
