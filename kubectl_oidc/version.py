"""The version, as a constant: reading it from the installed metadata takes longer than a cached answer."""

__version__ = "1.0.0"
