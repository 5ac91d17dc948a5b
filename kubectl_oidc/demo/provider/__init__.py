"""The demo's OpenID provider."""
