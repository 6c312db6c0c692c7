"""The workers of a command: processes of this machine, or of a Ray cluster."""
