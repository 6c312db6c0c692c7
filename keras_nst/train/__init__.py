"""How a network is trained that paints any photograph in the styles of some paintings."""
