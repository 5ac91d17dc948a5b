"""The defaults of flags that depend on the environment, for `config`."""

from __future__ import annotations

import os
import sys

from kubectl_oidc.fast_path.known_command import cache_root
from kubectl_oidc.fast_path.refresh_ahead import ends_with_kubectl
from kubectl_oidc.system.browser_command import parse_variable
from kubectl_oidc.system.private_files import NO_HOME_DIRECTORY

from .to_request import REFRESH_AHEAD, cache_directory


def environment_defaults() -> dict[str, tuple[object, str]]:
    """Return each default as the command line gives it, by the names of `variables.key`, and the variable that decides it.

    The variable is empty if none does. A flag is absent if it has no value.
    """
    short_lived = ends_with_kubectl()
    ahead = 0.0 if short_lived or sys.platform == "win32" else REFRESH_AHEAD
    defaults: dict[str, tuple[object, str]] = {"refresh_ahead": (ahead, short_lived)}
    directory, _ = cache_directory(None)
    if directory != NO_HOME_DIRECTORY:
        moved = os.environ.get("KUBECACHEDIR") and cache_root()
        defaults["token_cache_dir"] = (str(directory), "KUBECACHEDIR" if moved else "")
    browser = os.environ.get("BROWSER", "")
    if parse_variable(browser, os.environ, sys.platform):
        defaults["browser_command"] = (browser, "BROWSER")
    return defaults
