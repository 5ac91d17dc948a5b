"""Environment variables for the options: the flag decides, else its variable, else the settings files (``cli/settings``), else the default.

``--token-cache-dir`` is ``KUBECTL_OIDC_TOKEN_CACHE_DIR``, and ``--oidc-issuer-url`` is ``KUBECTL_OIDC_ISSUER_URL``: the
flag's name in capitals, and ``oidc`` once. An empty variable counts as none. A command is known by them too
(``fast_path/known_command.py``), so that it is another command if one of them changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.fast_path.known_command import VARIABLE_PREFIX

if TYPE_CHECKING:
    from kubectl_oidc.system.toml_file import Place

    Source = str | Place
    """Where a flag's value comes from: one of the texts below, or a key of a settings file."""

TYPED, OF_VARIABLE, DEFAULT = "typed", "variable", "default"
"""Where a flag's value comes from: the command line, its variable, or nowhere."""


def key(flag: str) -> str:
    """Return the name of a flag, which has its dashes, among a command's values."""
    return flag.removeprefix("--").replace("-", "_")


def variable(flag: str) -> str:
    """Return the name of a flag's variable."""
    return VARIABLE_PREFIX + flag.removeprefix("--").removeprefix("oidc-").replace("-", "_").upper()
