"""Every setting, declared once; flags and text made of them; facts of the networks."""
