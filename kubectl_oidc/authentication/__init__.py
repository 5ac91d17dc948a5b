"""From a request to a token (from the cache, refreshed, or signed in by a grant), and back out: sign-out."""
