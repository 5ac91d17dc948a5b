"""The flags that this package's errors name, and the command line's table defines."""

ASSERTION_KEY, ASSERTION_KEY_ID = "--oidc-client-assertion-key", "--oidc-client-assertion-key-id"
PLATFORM_TOKEN_FILE = "--oidc-client-assertion-file"  # noqa: S105 - a flag
GITHUB_AUDIENCE = "--oidc-client-assertion-github-audience"
EXCHANGE_AUDIENCE, EXCHANGE_TYPE, EXCHANGE_SCOPE = (
    f"--oidc-token-exchange-{name}" for name in ("audience", "type", "scope")
)

EXCHANGE_TYPES = ("id_token", "access_token", "jwt")
"""The token types that an exchange can request, the default first (RFC 8693 §3)."""
