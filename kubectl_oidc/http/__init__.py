"""One HTTP client with limits. It says whether a request left, and explains failures."""
