"""The version. It is a constant, because reading the installed metadata takes longer than an answer from the cache."""

__version__ = "1.1.0"
