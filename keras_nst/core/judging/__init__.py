"""How good a result is, by figures that are not minimized."""
