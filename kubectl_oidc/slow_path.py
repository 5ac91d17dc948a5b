"""The slow path: run what the fast path did not answer, and turn every error into text and an exit status."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from contextlib import suppress

from kubectl_oidc.errors import OidcLoginError
from kubectl_oidc.fast_path import report_unwritable_output
from kubectl_oidc.fast_path.credential import KEYRING_SYSTEMS
from kubectl_oidc.fast_path.known_command import KEYRING, remembers_none, settings_state
from kubectl_oidc.system import signals, standard_output
from kubectl_oidc.system.signals import Interrupted
from kubectl_oidc.text import sanitize

TYPE_CHECKING = False  # a plugin that only waits for another one does not import the module typing
if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_oidc.fast_path.known_command import KnownCommand
    from kubectl_oidc.sessions.session_lock import SessionLock


LOCK_SECONDS = (3.0, 1.5)
"""How long to wait for the session's lock with few imports: without a terminal, and at one, where the user is then told. A refresh
takes less time."""

_REFRESH_STATES = {
    "": "no stored session is lost",
    "goes on": "a process in the background stores the provider's answer to the refresh",
    "given up": "the provider's answer to the refresh is lost, so you may have to sign in again",
}
"""What the user reads after Ctrl-C, by ``Interrupted.refresh``."""


def run(command: KnownCommand | None, *, ahead: bool = False) -> int:
    """Run the command that the fast path did not answer, or refresh the session of an answer ahead.

    Args:
        command: The command if it is remembered. Its credential is missing, has expired, or was rejected by the API server.
        ahead: Whether this process refreshes ahead, in the background.

    Returns:
        The exit status: 0, 1 for a failure, 2 for wrong usage, 128 + N for a signal.
    """
    try:
        status = _run(command, ahead=ahead)
        failure = standard_output.flush()
        if failure and not status:
            quiet = standard_output.ends_quietly(failure)
            status = standard_output.SIGPIPE_STATUS if quiet else report_unwritable_output(failure)
    except Interrupted as interrupt:  # while an error was being reported
        status = 128 + interrupt.signum
    return status


def _run(command: KnownCommand | None, *, ahead: bool) -> int:
    """Run the command and report its error."""
    try:
        standard_output.open_descriptors()
        standard_output.make_lenient()
        signals.listen()
        if not sys.warnoptions:
            # Warnings of libraries are for developers, not for users.
            warnings.simplefilter("ignore")
        status, lock = None, None
        if command and not command.handouts and not ahead:
            status, lock = _keyring_or_published_answer(command)
            if status is not None and command.due:
                from kubectl_oidc.fast_path.refresh_ahead import start_refresh

                ahead = start_refresh(command.directory, command.session_id, command.when)
        if status is None or ahead:
            status = _run_command(command, ahead=ahead, lock=lock)
    except OidcLoginError as error:
        _report(error)
        status = error.exit_status
    except Interrupted as interrupt:
        status = _interrupted(interrupt.signum, interrupt.refresh)
    except KeyboardInterrupt:
        status = _interrupted(signal.SIGINT)
    except Exception as error:  # noqa: BLE001 - the boundary: every other error becomes one line
        status = 0 if standard_output.failure() else _report_internal_error(error)  # `run` reports the former
    except SystemExit:  # click and rich exit if standard output is closed
        status = 0 if standard_output.failure() else 1
    return status


def _run_command(command: KnownCommand | None, *, ahead: bool, lock: SessionLock | None) -> int:
    """Read the command line and run it. A good one of get-token needs no click, and so not its import."""
    from kubectl_oidc.cli.call import Call

    call = Call(times=command.handouts if command else 0, ahead=ahead, lock=lock)
    status = None
    if sys.argv[1:2] == ["get-token"]:
        if not ahead and (command is not None or (remembers_none() and not settings_state())):
            # The provider will be asked, and no rule of a settings file forbids it.
            from kubectl_oidc.http.early_connection import socket_to_issuer

            call = call._replace(opened=socket_to_issuer(sys.argv[2:]))
        from kubectl_oidc.cli.get_token import answer

        status = answer(sys.argv[2:], call)
    if status is None:
        from kubectl_oidc.cli.program import main

        status = main(sys.argv[1:], call)
    return status


def _keyring_or_published_answer(command: KnownCommand) -> tuple[int | None, SessionLock | None]:
    """Answer from the OS keyring, or with the credential that another plugin publishes while it holds the session's lock.

    This imports few modules.

    Returns:
        The exit status after an answer, otherwise None. Without an answer, also the session's lock if it was free. It is held while
        the rest is imported, so that of many waiting plugins only one imports it.
    """
    from kubectl_oidc.system.caller import has_gone

    if command.place == KEYRING and sys.platform not in KEYRING_SYSTEMS:
        from kubectl_oidc.sessions.keyring_answer import answer_from_keyring

        answer: Callable[[KnownCommand], int | None] = answer_from_keyring
    else:
        from kubectl_oidc.fast_path import answer_from_cache

        answer = answer_from_cache

    answers, parent = list[int](), os.getppid()

    def answered() -> bool:
        if has_gone(parent):
            raise Interrupted(signal.SIGTERM)
        status = answer(command)
        if status is not None:
            answers.append(status)
        return bool(answers) or command.handouts > 0

    lock = None
    if command.place != KEYRING or not answered():
        lock = _lock_until(command, answered)
    return (answers[0] if answers else None), lock


def _lock_until(command: KnownCommand, answered: Callable[[], bool]) -> SessionLock | None:
    """Wait for the session's lock until there is an answer. Return the lock if it is held and there is no answer."""
    from kubectl_oidc.sessions.session_lock import SessionLock
    from kubectl_oidc.system.deadline import Deadline

    if not command.locks:
        return None
    # Only files need the lock next to them: see `lock_directory.needed_locks`, whose import is too slow here.
    lock = SessionLock(command.locks, needed=None if command.place == "disk" else 1)
    try:
        # A holder that takes longer waits for a user; `authenticate` shows that.
        taken = bool(command.lock_files) and lock.take_over(command.lock_files)
        held = taken or lock.acquire(Deadline.after(LOCK_SECONDS[os.isatty(2)]), answered)
    except OSError:
        return None  # the lock directory is gone; `authenticate` creates it again
    if held and answered():
        lock.release()
    return lock if lock.held else None


def _interrupted(signum: int, refresh: str = "") -> int:
    """Return the exit status after a signal. After Ctrl-C, also show what happened to the session."""
    if signum == signal.SIGINT:
        _log_failure("interrupted", KeyboardInterrupt("interrupted by Ctrl-C"), 128 + signum)
        _write("error: interrupted by Ctrl-C")
        what = _REFRESH_STATES[refresh]
        _write(f"hint: run it again when you are ready; {what} (troubleshooting: interrupted)")
    return 128 + signum


def _log_failure(event: str, error: BaseException, status: int) -> None:
    with suppress(Exception):  # as if a module cannot be imported: the error itself is still reported
        from kubectl_oidc.system.failure_events import log_failure

        log_failure(event, error, status)


def _report(error: OidcLoginError) -> None:
    _log_failure("error", error, error.exit_status)
    _write(f"error: {sanitize(error.message, limit=600)}")
    for line in error.lines:
        _write(f"  {line}")
    hint = sanitize(error.hint or "run it again with -v 1 to see what happens", limit=1500)
    _write(f"hint: {hint} (troubleshooting: {error.topic})")
    _write_support_link()
    _trace(error)


def _report_internal_error(error: Exception) -> int:
    """Report an internal error. Its message may contain a secret, so only its type is shown."""
    _log_failure("internal-error", error, 1)
    if isinstance(error, ImportError):
        from kubectl_oidc.system.import_failure import explain_import_failure

        message, hint = explain_import_failure(error)
        _write(f"error: {message}")
        _write(f"hint: {hint} (troubleshooting: python-modules)")
    else:
        _write(f"error: something unexpected happened: {type(error).__name__}")
        _write("hint: run it again with -v 9 and report what it prints (troubleshooting: unexpected)")
        _write_support_link()
    _trace(error)
    return 1


def _write_support_link() -> None:
    """Show whom to ask, if the machine's settings file says it."""
    if settings_state():
        from kubectl_oidc.cli.settings.load import link_for_support

        if link := link_for_support():
            _write(f"support: {link}")


def _trace(error: BaseException) -> None:
    from kubectl_oidc.system.failure_events import trace

    for line in trace(error):  # at -v 9
        _write(line)


def _write(line: str) -> None:
    from kubectl_oidc.system.standard_error import is_muted, is_terminal, write

    if is_muted():
        return
    write("")  # what was written before and held back
    with suppress(Exception):  # as if a module cannot be imported: the error itself is still reported
        if is_terminal(sys.stderr):
            from kubectl_oidc.cli.error_lines import write_to_terminal

            write_to_terminal(line)
            return
    try:
        sys.stderr.write(line.encode("utf-8", "replace").decode("utf-8") + "\n")
    except UnicodeEncodeError:
        sys.stderr.write(line.encode("ascii", "replace").decode("ascii") + "\n")
    except (OSError, ValueError, AttributeError):
        return  # standard error is closed; the exit status remains
