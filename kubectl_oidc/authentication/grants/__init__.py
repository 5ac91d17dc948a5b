"""The grants, one a file: each signs a user or a client in and returns the first tokens.

Every grant raises ProviderError if the provider fails, and IdTokenError if the ID token is not valid.
"""
