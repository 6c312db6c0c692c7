"""The version of the package, for messages, records and web requests."""

__version__ = "1.0.0rc1"
