"""The version, which the face, records and requests tell."""

__version__ = "0.1.0"
