"""The grants, one a file: each signs a user or a client in and returns the first tokens."""
