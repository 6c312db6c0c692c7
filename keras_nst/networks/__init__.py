"""Networks that are trained once and paint many pictures."""
