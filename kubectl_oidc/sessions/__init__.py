"""A session: its identity, its record, where it is stored, its locks, its current credential, its removal. Sends no request."""
