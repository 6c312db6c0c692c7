"""The version of the package, for messages, records and web requests."""

__version__ = "0.1.0"
