"""Film: paints frames one after the other, each with information from those before it."""
