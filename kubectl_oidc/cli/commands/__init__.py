"""The commands, one a file; each is imported only if it was typed."""
