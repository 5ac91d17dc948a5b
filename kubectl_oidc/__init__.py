"""kubectl oidc-login: OpenID Connect sign-in for kubectl."""
