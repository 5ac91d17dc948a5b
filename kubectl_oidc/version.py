"""The version, as a constant: reading it from the installed metadata takes longer than a cached answer."""

__version__ = "0.1.0"
