"""How a trained network paints photographs."""
