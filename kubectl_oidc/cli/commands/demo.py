"""``kubectl oidc-login demo``: show sign-in, setup and role bindings on this machine, without a provider or cluster."""

from __future__ import annotations

import importlib.util
import os

import click

from kubectl_oidc.cli.options.click_options import options
from kubectl_oidc.cli.options.flag import Flag
from kubectl_oidc.cli.options.flags import VERBOSE, log_at
from kubectl_oidc.cli.options.kinds import SWITCH
from kubectl_oidc.errors import DemoError
from kubectl_oidc.system.installation import reinstall_hint

_REQUIRED = {"authlib": "authlib", "flask": "flask", "jwt": "pyjwt", "trustme": "trustme"}  # module: package


@click.command("demo")
@options(
    Flag("--keep", SWITCH, help="Leave provider and cluster running until Ctrl-C."),
    Flag("--without-browser", SWITCH, help="Sign in without a browser, as where there is none."),
    VERBOSE,
)
def demo(*, keep: bool, without_browser: bool, v: int) -> int:
    """See the whole story on this machine, without Okta or a cluster.

    It starts an OpenID provider and a small Kubernetes API on the loopback interface and goes through setup, `kubectl
    get pods`, and what happens to somebody who leaves a group. It takes seconds and touches nothing of yours.
    """
    log_at(v)
    missing = [package for module, package in _REQUIRED.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise DemoError(
            f"the demo needs {' and '.join(missing)}, which the extra demo brings",
            f"{reinstall_hint('demo')}; or run `make demo` in a clone",
        )
    import gc

    from kubectl_oidc.demo.story import play

    gc.enable()
    play(environ=os.environ, by_itself=without_browser, keep=keep)
    return 0
