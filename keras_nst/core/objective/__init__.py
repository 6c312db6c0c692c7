"""What is minimized, after the papers."""
