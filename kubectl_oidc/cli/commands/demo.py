"""``kubectl oidc-login demo``: show sign-in, setup and role bindings on this machine, without a provider or cluster."""

from __future__ import annotations

import importlib.util
import os

from kubectl_oidc.cli.command import command
from kubectl_oidc.cli.options.flag import Flag
from kubectl_oidc.cli.options.flags import VERBOSE, log_at
from kubectl_oidc.cli.options.kinds import SWITCH
from kubectl_oidc.errors import DemoError
from kubectl_oidc.system.installation import reinstall_hint

_REQUIRED = {"authlib": "authlib", "flask": "flask", "jwt": "pyjwt", "trustme": "trustme"}  # module: package


@command(
    "demo",
    Flag("--keep", SWITCH, help="Keep the provider and the cluster running until Ctrl-C."),
    Flag("--without-browser", SWITCH, help="Sign in without a browser."),
    VERBOSE,
    examples=(
        ("Play the demo, and sign in with your browser", "kubectl oidc-login demo"),
        ("Keep the provider and the cluster running to try more commands", "kubectl oidc-login demo --keep"),
    ),
)
def demo(*, keep: bool, without_browser: bool, v: int) -> int:
    """Try the program on this computer, without a provider or a cluster.

    The demo starts an OpenID provider and a small Kubernetes API on the loopback interface. It runs setup and `kubectl get
    pods`, and shows what happens when you leave a group. It finishes in seconds and does not change your files.

    It needs the packages of the extra `demo`. If they are missing, the error has the command that installs them. In a
    clone, `make demo` needs no installation.
    """
    log_at(v)
    missing = [package for module, package in _REQUIRED.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise DemoError(
            f"the demo needs {' and '.join(missing)}, which this installation does not have",
            f"{reinstall_hint('demo')}; or run `make demo` in a clone",
        )
    import gc

    from kubectl_oidc.demo.story import play

    gc.enable()
    play(environ=os.environ, by_itself=without_browser, keep=keep)
    return 0
