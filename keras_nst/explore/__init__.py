"""What layers see, shown on somebody's own pictures."""
