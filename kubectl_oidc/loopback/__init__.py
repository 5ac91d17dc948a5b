"""The callback server: receives the authorization response on the loopback interface, during a sign-in (RFC 8252 §7.3, §8.3)."""
