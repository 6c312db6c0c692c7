"""Style transfer in one dimension, for sounds and other series."""
