"""The objective: what is minimized, with formulas from the papers."""
