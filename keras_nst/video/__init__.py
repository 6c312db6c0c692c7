"""Film: frames that are painted one after the other, each with what is known of those before it."""
