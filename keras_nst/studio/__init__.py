"""The studio: a page in the browser for making pictures, served on this machine alone."""
