"""The protocol: metadata, keys, tokens, client authentication, ID-token validation, what vendors do differently. Knows no session, flag or user."""
