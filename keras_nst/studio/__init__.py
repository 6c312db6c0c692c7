"""The studio: a page in the browser for making pictures, served only on this machine."""
