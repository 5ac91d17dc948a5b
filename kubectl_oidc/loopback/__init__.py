"""Where the browser comes back to: a server on the loopback interface, only while signing in (RFC 8252 §7.3, §8.3)."""
