"""The list of `doctor`'s checks, in order, each with the checks that must pass first.

Scripts read the names: do not change them.
"""

from __future__ import annotations

from .access import check_access
from .api_server import check_api_server, check_cluster
from .claims import check_claims
from .client_registration import check_client
from .clocks import check_clock
from .discovery import check_discovery, check_keys
from .environment_variables import check_variables
from .exec_stanza import check_api_version, check_command, check_interactive_mode, check_other_credentials
from .kubeconfig_lock import check_kubeconfig_lock
from .network import check_connection, check_dns, check_proxy, check_tls
from .plugin import check_plugin
from .plugin_policy import check_plugin_policy
from .provider_support import check_algorithms, check_grant, check_pkce, check_scopes
from .redirect_port import check_redirect
from .role_bindings import check_bindings
from .run import Check
from .session import check_session
from .session_storage import check_storage
from .settings_files import check_settings

CHECKS = (
    Check("api-version", check_api_version),
    Check("interactive-mode", check_interactive_mode),
    Check("command", check_command),
    Check("other-credentials", check_other_credentials),
    Check("kubeconfig-lock", check_kubeconfig_lock),
    Check("plugin", check_plugin),
    Check("plugin-policy", check_plugin_policy),
    Check("variables", check_variables),
    Check("settings", check_settings),
    Check("proxy", check_proxy, ("settings",)),
    Check("dns", check_dns, ("settings", "proxy")),
    Check("connection", check_connection, ("dns",)),
    Check("tls", check_tls, ("connection",)),
    Check("discovery", check_discovery, ("settings", "tls")),
    Check("grant", check_grant, ("discovery",)),
    Check("scopes", check_scopes, ("discovery",)),
    Check("pkce", check_pkce, ("discovery",)),
    Check("algorithms", check_algorithms, ("discovery",)),
    Check("keys", check_keys, ("discovery",)),
    Check("clock", check_clock, ("discovery",)),
    Check("client", check_client, ("settings", "discovery")),
    Check("redirect", check_redirect),
    Check("storage", check_storage),
    Check("session", check_session, ("settings",)),
    Check("cluster", check_cluster),
    Check("api-server", check_api_server, ("session", "cluster")),
    Check("claims", check_claims, ("session",)),
    Check("access", check_access, ("api-server",)),
    Check("bindings", check_bindings, ("api-server",)),
)
