"""The defaults of flags that depend on the environment, for `config`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from kubectl_oidc.fast_path.known_command import cache_root
from kubectl_oidc.fast_path.refresh_ahead import ends_with_kubectl
from kubectl_oidc.kubeconfig.exec_stanza import environment_of, exec_of
from kubectl_oidc.system.browser_command import parse_variable
from kubectl_oidc.system.private_files import NO_HOME_DIRECTORY

from .to_request import REFRESH_AHEAD, cache_directory

if TYPE_CHECKING:
    from kubectl_oidc.kubeconfig import Entry

    Defaults = dict[str, tuple[object, str]]
    """Values as the command line gives them, by the names of `variables.key`, each with the variable that decides it or an empty text."""


def environment_defaults(user: Entry | None) -> Defaults:
    """Return the defaults in the environment of a kubeconfig user's exec section, or in that of this process.

    A flag is absent if it has no value.
    """
    with environment_of(exec_of(user) if user else {}):
        return _defaults()


def _defaults() -> Defaults:
    short_lived = ends_with_kubectl()
    ahead = 0.0 if short_lived or sys.platform == "win32" else REFRESH_AHEAD
    defaults: Defaults = {"refresh_ahead": (ahead, short_lived)}
    directory, _ = cache_directory(None)
    if directory != NO_HOME_DIRECTORY:
        moved = os.environ.get("KUBECACHEDIR") and cache_root()
        defaults["token_cache_dir"] = (str(directory), "KUBECACHEDIR" if moved else "")
    browser = os.environ.get("BROWSER", "")
    if parse_variable(browser, os.environ, sys.platform):
        defaults["browser_command"] = (browser, "BROWSER")
    return defaults
