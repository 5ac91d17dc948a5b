"""``kubectl oidc-login doctor``: run the checks, and print the results with hints."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kubectl_oidc.cli.command import command
from kubectl_oidc.cli.command_list import COMMANDS
from kubectl_oidc.cli.doctor_output import DoctorOutput
from kubectl_oidc.cli.doctor_repairs import mend
from kubectl_oidc.cli.options import conflicts
from kubectl_oidc.cli.options.click_options import current_sources
from kubectl_oidc.cli.options.cluster_claims import CLAIMS, PREFIXES, trust_of
from kubectl_oidc.cli.options.flag import Flag
from kubectl_oidc.cli.options.flags import FLAGS, USER_OPTIONS, log_at
from kubectl_oidc.cli.options.kinds import SWITCH
from kubectl_oidc.cli.options.variables import DEFAULT
from kubectl_oidc.cli.output import echo_document, output
from kubectl_oidc.cli.settings.effective import effective
from kubectl_oidc.cli.settings.load import UNUSED_TABLE_HINT, load
from kubectl_oidc.cli.users.from_stanza import effective_stanza
from kubectl_oidc.cli.users.search import find_target
from kubectl_oidc.cli.users.selection import ONE_SESSION
from kubectl_oidc.cli.users.sessions_of_users import session_users
from kubectl_oidc.diagnosis.checks import CHECKS
from kubectl_oidc.diagnosis.run import DoctorRun, Neighbour, Status
from kubectl_oidc.diagnosis.run_checks import run_checks
from kubectl_oidc.fast_path.known_command import settings_state
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.silent_terminal import SilentTerminal
from kubectl_oidc.system.system import System
from kubectl_oidc.system.terminal import Terminal
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubectl_oidc.cli.users.target import TargetSession
    from kubectl_oidc.diagnosis.run import Result
    from kubectl_oidc.system.log import Log

_SECONDS = 40.0
"""The longest that all checks may take; each check has a shorter limit of its own."""

_REFRESH_SECONDS = 8.0
"""The longest wait for another process's lock, and for a refresh."""

_REQUEST_SECONDS = 6.0


@command(
    "doctor",
    *USER_OPTIONS,
    *CLAIMS,
    *PREFIXES,
    output("json", "yaml"),
    Flag(
        "--fix",
        SWITCH,
        help="Repair what this program can repair. It shows each change, asks, and checks again.",
        has_variable=False,
    ),
    Flag("--yes", SWITCH, help="Let --fix make changes without asking.", has_variable=False),
    *ONE_SESSION,
    examples=(
        ("Check the current context", "kubectl oidc-login doctor"),
        (
            "Check another context, and repair what can be repaired",
            "kubectl oidc-login doctor --context=prod --fix",
        ),
    ),
)
def doctor(**values: Any) -> int:
    """Find out what is wrong between this computer and the cluster, and how to fix it.

    The command checks the kubeconfig, the plugin, the network, the provider, the session, its token, and the API server's
    answer. It opens no browser. An expired token is refreshed, as kubectl would do.

    The exit status is 1 if a check fails, also if `kubectl get pods` is Forbidden.
    """
    log = log_at(values.pop("v"), values.pop("log_format"))
    conflicts.check(conflicts.DOCTOR, values)
    target = find_target(values)
    target.warn_of_missing_kubeconfig(Terminal())
    results = _checked(target, values, log, printed=not values["output"])
    if values["fix"] and mend(results, target.kubeconfig_user.user, yes=values["yes"]):
        target = find_target(values)  # the kubeconfig has changed
        results = _checked(target, values, log, printed=not values["output"])
    if values["output"]:
        echo_document(_document(target, results), values["output"])
    return _status(results)


def _checked(target: TargetSession, values: dict[str, Any], log: Log, *, printed: bool) -> list[Result]:
    """Run the checks, print the results if asked, and return them."""
    run = _doctor_run(target, values, System(log=log, terminal=SilentTerminal()))
    try:
        results = run_checks(run, CHECKS)
        return _text(target, results, fixing=values["fix"]) if printed else list(results)
    finally:
        run.close()


def _doctor_run(target: TargetSession, values: dict[str, Any], system: System) -> DoctorRun:
    timeout = target.request.timeout._replace(seconds=min(target.request.timeout.seconds, _REFRESH_SECONDS))
    request = target.request.without_prompt()._replace(timeout=timeout)
    unused = load().unused_table(request.issuer) if settings_state() else ""
    return DoctorRun(
        request=request,
        system=system,
        chosen=target.kubeconfig_user,
        neighbours=tuple(_neighbours(target)),
        login=target.command_line("login"),
        variables=_variables(),
        settings=tuple(_settings(target, values)),
        unused_settings=(unused, UNUSED_TABLE_HINT) if unused else None,
        trust=trust_of(values, request),
        http=HttpClient(tls=request.tls, log=system.log, request_timeout=_REQUEST_SECONDS, pauses=()),
        deadline=Deadline.after(_SECONDS),
        namespaces=tuple(_namespaces(target)),
    )


def _settings(target: TargetSession, values: dict[str, Any]) -> Iterator[str]:
    """Return what settings files give to the session's flags, each with its line."""
    user = target.kubeconfig_user.user
    given = effective_stanza(user) if user else effective(values, current_sources())
    for flag in FLAGS:
        source = given.sources.get(flag.key, DEFAULT)
        if not isinstance(source, str):
            yield f"{source} gives {flag.name}"


def _namespaces(target: TargetSession) -> Iterator[str]:
    """Return the namespaces of all other contexts of the same cluster."""
    here = target.kubeconfig_user.context
    for entry in target.kubeconfig.contexts.values() if here else ():
        same = here is not None and entry.value.get("cluster") == here.value.get("cluster")
        if same and entry is not here and isinstance(entry.value.get("namespace"), str):
            yield entry.value["namespace"]


def _neighbours(target: TargetSession) -> Iterator[Neighbour]:
    """Return the other contexts of the same cluster whose users sign in with this program."""
    here = target.kubeconfig_user.context
    if here is None:
        return
    for one in session_users(target.kubeconfig):
        for name in one.contexts:
            cluster = target.kubeconfig.context_cluster(name)
            if name != here.name and cluster == str(here.value.get("cluster") or ""):
                yield Neighbour(name, one.request.issuer, one.request.client_id)


def _variables() -> frozenset[str]:
    """Return the variables of the flags of all commands."""
    root = click.get_current_context().find_root()
    commands: list[click.Command | None] = [root.command]
    if isinstance(root.command, click.Group):
        commands += [root.command.get_command(root, name) for name in COMMANDS]
    params = [param for command in commands if command for param in command.params]
    return frozenset(param.envvar for param in params if isinstance(param.envvar, str))


def _document(target: TargetSession, results: list[Result]) -> dict[str, object]:
    chosen = target.kubeconfig_user
    return {
        "context": chosen.context.name if chosen.context else None,
        "user": chosen.user.name if chosen.user else None,
        "issuer": target.request.issuer,
        "clientID": target.request.client_id,
        "healthy": _status(results) == 0,
        "checks": [result.document() for result in results],
    }


def _text(target: TargetSession, results: Iterator[Result], *, fixing: bool) -> list[Result]:
    printed = DoctorOutput.on_stdout()
    printed.line(_title(target))
    finished: list[Result] = []
    for result in results:  # print each one at once: a check may take some seconds
        printed.result(result)
        finished.append(result)
    counts = {status: sum(result.status is status for result in finished) for status in Status}
    printed.end(counts[Status.PROBLEM], counts[Status.WARNING], counts[Status.SKIPPED])
    repairs = dict.fromkeys(result.name for result in finished if result.repair is not None)
    if repairs and not fixing:
        printed.line(
            f"`{target.command_line('doctor')} --fix` can repair {', '.join(repairs)}. It asks first."
        )
    return finished


def _title(target: TargetSession) -> str:
    chosen, request = target.kubeconfig_user, target.request
    user = (
        f"user {sanitize(chosen.user.name)} ({sanitize(chosen.user.path)})"
        if chosen.user
        else "no kubeconfig user"
    )
    context = f", context {sanitize(chosen.context.name)}" if chosen.context else ""
    return f"{user}{context}: issuer {sanitize(request.issuer)}, client {sanitize(request.client_id)}"


def _status(results: list[Result]) -> int:
    return 1 if any(result.status is Status.PROBLEM for result in results) else 0
