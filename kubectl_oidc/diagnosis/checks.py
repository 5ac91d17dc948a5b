"""What `doctor` checks, in this order; the names stay what they are, because scripts read them."""

from __future__ import annotations

from .api_server import check_api_server, check_cluster
from .bindings import check_bindings
from .client import check_client
from .discovery import (
    check_algorithms,
    check_clock,
    check_discovery,
    check_grant,
    check_keys,
    check_pkce,
    check_scopes,
)
from .exec_stanza import (
    check_api_version,
    check_command,
    check_interactive_mode,
    check_other_credentials,
    check_plugin,
)
from .local import check_redirect, check_storage
from .network import check_connection, check_dns, check_proxy, check_tls
from .plugin_policy import check_plugin_policy
from .rbac import check_access
from .run import Check
from .session import check_claims, check_session
from .variables import check_variables

CHECKS = (
    Check("api-version", check_api_version),
    Check("interactive-mode", check_interactive_mode),
    Check("command", check_command),
    Check("other-credentials", check_other_credentials),
    Check("plugin", check_plugin),
    Check("plugin-policy", check_plugin_policy),
    Check("variables", check_variables),
    Check("proxy", check_proxy),
    Check("dns", check_dns, ("proxy",)),
    Check("connection", check_connection, ("dns",)),
    Check("tls", check_tls, ("connection",)),
    Check("discovery", check_discovery, ("tls",)),
    Check("grant", check_grant, ("discovery",)),
    Check("scopes", check_scopes, ("discovery",)),
    Check("pkce", check_pkce, ("discovery",)),
    Check("algorithms", check_algorithms, ("discovery",)),
    Check("keys", check_keys, ("discovery",)),
    Check("clock", check_clock, ("discovery",)),
    Check("client", check_client, ("discovery",)),
    Check("redirect", check_redirect),
    Check("storage", check_storage),
    Check("session", check_session),
    Check("cluster", check_cluster),
    Check("api-server", check_api_server, ("session", "cluster")),
    Check("claims", check_claims, ("session",)),
    Check("access", check_access, ("api-server",)),
    Check("bindings", check_bindings, ("api-server",)),
)
