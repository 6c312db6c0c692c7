"""Shows what the network's layers see in the user's own pictures."""
