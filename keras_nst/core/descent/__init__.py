"""What moves the picture."""
