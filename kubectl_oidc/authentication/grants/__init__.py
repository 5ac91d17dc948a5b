"""Sign-in grants: each obtains a first token response from the provider."""
