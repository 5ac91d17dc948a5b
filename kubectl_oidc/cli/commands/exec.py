"""``kubectl oidc-login exec``: run a program with a temporary kubeconfig whose token is kept fresh."""

from __future__ import annotations

import gc
import os
from contextlib import closing, suppress
from dataclasses import replace
from importlib import import_module
from pkgutil import walk_packages
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from kubectl_oidc.cli.command import command
from kubectl_oidc.cli.options import conflicts
from kubectl_oidc.cli.options.flags import USER_OPTIONS, log_at
from kubectl_oidc.cli.users.search import find_target
from kubectl_oidc.cli.users.selection import ONE_SESSION
from kubectl_oidc.cli.users.target import GIVE_CLUSTER
from kubectl_oidc.cli.users.valid_token import session_with_valid_token
from kubectl_oidc.errors import KubeconfigError, LockError, OidcLoginError, UsageError
from kubectl_oidc.kubeconfig.temporary import TemporaryKubeconfig, private_directory
from kubectl_oidc.sessions.lock_directory import local_directory
from kubectl_oidc.system.failure_events import trace
from kubectl_oidc.system.foreground_program import ForegroundProgram, program_path
from kubectl_oidc.system.silent_terminal import SilentTerminal
from kubectl_oidc.system.system import System

if TYPE_CHECKING:
    from pathlib import Path

    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.cli.users.target import TargetSession
    from kubectl_oidc.sessions.session import Session

_LEAD = 300
"""How many seconds before its expiry a token is renewed; half of its lifetime if that is less."""

_LOOK_SECONDS = 15.0
"""How often the clock is read. A computer that slept must not wait for the rest of an interval."""

_LEAST_SECONDS = 5.0
"""The shortest time between two renewals, if tokens live for a few seconds only."""

_RENEWAL_SECONDS = 10.0
"""The longest that one renewal may take, and that it is waited for once the program has ended."""


def _files(_ctx: click.Context, _param: click.Parameter, unfinished: str) -> list[CompletionItem]:
    """Leave the program and its words to the shell, which completes names of files."""
    return [CompletionItem(unfinished, type="file")]


@command(
    "exec",
    *USER_OPTIONS,
    *ONE_SESSION,
    examples=(
        ("List the releases of Helm", "kubectl oidc-login exec -- helm list"),
        ("Start k9s in another context", "kubectl oidc-login exec --context=prod -- k9s"),
    ),
    context_settings={"allow_interspersed_args": False},
)
@click.argument(
    "program", nargs=-1, type=click.UNPROCESSED, metavar="[--] PROGRAM [ARG]...", shell_complete=_files
)
def exec(program: tuple[str, ...], **values: Any) -> int:  # noqa: A001 - the name of the command
    """Run PROGRAM with a temporary kubeconfig that has a token, for programs that cannot run exec plugins.

    PROGRAM finds the kubeconfig through the variable KUBECONFIG. It has one context, and a token instead of the exec section.
    The token is renewed before it expires. The kubeconfig is removed when PROGRAM ends.

    PROGRAM gets the signals, and its exit status is returned. Write `--` before PROGRAM.
    """
    system = System(log=log_at(values.pop("v"), values.pop("log_format")))
    conflicts.check(conflicts.LOGIN, values)
    if not program:
        raise UsageError(
            "PROGRAM is required",
            "write it after --, for example `kubectl oidc-login exec -- kubectl get pods`",
        )
    path = program_path(program[0], os.environ)
    target = find_target(values, "use")
    chosen = target.kubeconfig_user
    if chosen.context is None or chosen.cluster is None:
        raise KubeconfigError(
            "PROGRAM needs a cluster, but no context with a cluster is selected",
            GIVE_CLUSTER,
        )
    session, _ = session_with_valid_token(target, system, may_prompt=True)
    _import_for_renewals(target.request, system)
    gc.enable()  # unlike get-token, it may run for days
    with ForegroundProgram() as child, private_directory(_parent()) as directory:
        kubeconfig = TemporaryKubeconfig(directory, chosen.context, chosen.cluster, chosen.user)
        kubeconfig.put(session.token())
        with _Renewal(target, system, kubeconfig, session):
            return child.run(path, program, {**os.environ, "KUBECONFIG": str(kubeconfig.path)})


def _parent() -> Path | None:
    """Return the private directory of this user on this computer, which most systems keep in memory; None if there is none."""
    try:
        return local_directory()
    except LockError:
        return None


class _Renewal:
    """Renews the token in a thread while the block runs. A failure is reported once, and tried again until it works."""

    def __init__(
        self, target: TargetSession, system: System, kubeconfig: TemporaryKubeconfig, session: Session
    ) -> None:
        self._target, self._system, self._kubeconfig = _renewing(target), system, kubeconfig
        self._silent = system._replace(terminal=SilentTerminal())  # the terminal is the program's
        self._context = click.get_current_context()
        self._due = self._due_of(session)
        self._reported = False
        self._ended = Event()
        self._thread = Thread(target=self._run, daemon=True, name="renewal")

    def __enter__(self) -> None:
        self._thread.start()

    def __exit__(self, *_: object) -> None:
        # An answer that is on its way is stored: the refresh token in it may be the only one that is good.
        self._ended.set()
        self._thread.join(_RENEWAL_SECONDS)

    def _due_of(self, session: Session) -> float:
        now = self._system.clock()
        lifetime = session.expiry - session.issued_at(int(now))
        return max(session.expiry - min(_LEAD, lifetime // 2), now + _LEAST_SECONDS)

    def _run(self) -> None:
        with self._context.scope(cleanup=False):
            while not self._ended.wait(min(_LOOK_SECONDS, max(0.0, self._due - self._system.clock()))):
                if self._system.clock() >= self._due:
                    self._renew()

    def _renew(self) -> None:
        try:
            session, _ = session_with_valid_token(self._target, self._silent, may_prompt=False)
            self._kubeconfig.put(session.token())
            self._due, self._reported = self._due_of(session), False
        except OidcLoginError as error:
            self._failed(error, error.message, error.hint)
        except Exception as error:  # noqa: BLE001 - the next try may succeed; without the thread there is none
            self._failed(
                error,
                f"something unexpected happened: {type(error).__name__}",
                "run the command again with -v 9 and report what it prints",
            )

    def _failed(self, error: Exception, message: str, hint: str) -> None:
        self._due = self._system.clock() + _LOOK_SECONDS
        if not self._reported:
            self._reported = True
            self._system.terminal.warn(f"cannot renew the program's token: {message}", hint)
            for line in trace(error):  # at -v 9
                self._system.terminal.need(line)


def _import_for_renewals(request: SignInRequest, system: System) -> None:
    """Import what a renewal needs: while PROGRAM runs, an update may replace or remove the files of this program."""
    from encodings import utf_8_sig  # noqa: F401

    from cryptography.hazmat.primitives.asymmetric import ec, ed25519  # noqa: F401
    from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: F401

    from kubectl_oidc import http, oidc, sessions
    from kubectl_oidc.authentication import new_session  # noqa: F401
    from kubectl_oidc.authentication.grants import client_credentials, jwt_bearer, password  # noqa: F401
    from kubectl_oidc.http.client import HttpClient
    from kubectl_oidc.oidc.jws import import_signature_libraries

    for package in (http, oidc, sessions):
        for module in walk_packages(package.__path__, f"{package.__name__}."):
            import_module(module.name)
    import_signature_libraries()
    with closing(HttpClient(tls=request.tls, log=system.log)) as client, suppress(OidcLoginError):
        client.prepare(request.issuer)


def _renewing(target: TargetSession) -> TargetSession:
    """Return the session with a request that renews a token which ends soon, and that does not take long."""
    request = target.request
    account = request.account._replace(min_ttl=max(request.account.min_ttl, _LEAD))
    timeout = request.timeout._replace(seconds=min(request.timeout.seconds, _RENEWAL_SECONDS))
    return replace(target, request=request._replace(account=account, timeout=timeout))
