"""What the commands share, and what they leave on disk."""
