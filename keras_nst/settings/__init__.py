"""Every setting, declared once; flags and text derived from them; facts about the networks."""
