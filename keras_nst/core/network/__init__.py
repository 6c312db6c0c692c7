"""The network, from pictures to features."""
