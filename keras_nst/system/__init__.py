"""The machine: weights, devices, memory, signals, files."""
