"""The OpenID Connect protocol: metadata, keys, tokens, client authentication, ID-token validation, differences between vendors.

It knows no session and no user. It reads no flag, but its hints name the flag to change.
"""
