"""A single run and its folder."""
