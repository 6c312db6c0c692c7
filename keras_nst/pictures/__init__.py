"""Everything about picture files: reading, writing, colors, masks."""
