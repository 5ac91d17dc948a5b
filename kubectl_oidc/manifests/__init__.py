"""Manifests and commands that make a cluster trust an issuer and give a role to groups. Values in, text out; touches nothing.

One module for each kind of cluster.
"""
