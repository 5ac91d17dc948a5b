"""Turn a request into a token: a stored one, a refreshed one, or one from a sign-in. Also sign-out."""
