"""The cold half's way in, and the one place where an error becomes text and an exit status."""

from __future__ import annotations

import io
import os
import signal
import sys
import warnings
from contextlib import suppress

from kubectl_oidc.errors import Interrupted, OidcLoginError
from kubectl_oidc.fast_path import report_unwritable_output
from kubectl_oidc.fast_path.known_command import KEYRING
from kubectl_oidc.system import signals
from kubectl_oidc.text import sanitize

TYPE_CHECKING = False  # whoever waits for another plugin does not pay for the module typing
if TYPE_CHECKING:
    from typing import Any

    from kubectl_oidc.fast_path.known_command import KnownCommand
    from kubectl_oidc.sessions.session_lock import SessionLock


def run(words: KnownCommand | None, *, ahead: bool = False) -> int:
    """Run the command that the hot half could not answer, or refresh what it has answered with.

    Args:
        words: What is known of the command, where it is known; its session's credential is missing, has ended, or was
            refused by the API server.
        ahead: Whether this is the process that refreshes ahead, of which nobody sees anything.

    Returns:
        The exit status: 0, 1 for a failure, 2 for wrong usage, 128 + N for a signal.
    """
    try:
        status = _run(words, ahead=ahead)
        failure = _flush()
        if failure and not status:
            status = report_unwritable_output(failure)
    except Interrupted as interrupt:  # while the end was being said
        status = 128 + interrupt.signum
    return status


def _run(words: KnownCommand | None, *, ahead: bool) -> int:
    """Run the command and say what went wrong."""
    try:
        _fill_standard_descriptors()
        _take_every_character()
        signals.listen()
        if not sys.warnoptions:
            # What a library says to developers is not for a person's terminal.
            warnings.simplefilter("ignore")
        status, lock = None, None
        if words and not words.handouts and not ahead:
            status, lock = _keyring_or_published_answer(words)
            if status is not None and words.due:
                from kubectl_oidc.fast_path.refresh_ahead import start

                ahead = start(words.directory, words.session_id, words.when)
        if status is None or ahead:
            from kubectl_oidc.cli.call import Call
            from kubectl_oidc.cli.program import main

            times = words.handouts if words else 0
            status = main(sys.argv[1:], Call(times=times, ahead=ahead, lock=lock))
    except OidcLoginError as error:
        _say(error)
        status = error.exit_status
    except Interrupted as interrupt:
        status = _interrupted(interrupt.signum, interrupt.refresh)
    except KeyboardInterrupt:
        status = _interrupted(signal.SIGINT)
    except Exception as error:  # noqa: BLE001 - the boundary: whatever else happens becomes one line
        status = 0 if _stdout_failure() else _unexpected(error)  # `run` says the former
    except SystemExit:  # click and rich, if the reader of standard output has gone
        status = 0 if _stdout_failure() else 1
    return status


def _keyring_or_published_answer(words: KnownCommand) -> tuple[int | None, SessionLock | None]:
    """Answer from the OS keyring, or with what another plugin publishes that holds the session's lock now.

    Nothing heavy is imported for it.

    Returns:
        The exit status after an answer, or None. Without an answer the session's lock, where nobody else has it: it is kept
        while the heavy half is imported, so that of any number of plugins one alone imports it.
    """
    from kubectl_oidc.sessions.session_lock import SessionLock
    from kubectl_oidc.system.caller import has_gone
    from kubectl_oidc.system.deadline import Deadline

    if words.place == KEYRING:
        from kubectl_oidc.sessions.keyring_answer import answer_from_keyring as answer
    else:
        from kubectl_oidc.fast_path import answer_from_cache as answer

    answers: list[int] = []
    parent = os.getppid()

    def published() -> bool:
        if has_gone(parent):
            raise Interrupted(signal.SIGTERM)
        status = answer(words)
        if status is not None:
            answers.append(status)
        return bool(answers) or words.handouts > 0

    if words.place == KEYRING and published():
        return (answers[0] if answers else None), None
    if not words.locks:
        return None, None
    # Only files need the lock next to them: see `lock_directory.needed`, which is too heavy for this way.
    lock = SessionLock(words.locks, needed=None if words.place == "disk" else 1)
    try:
        # A refresh is over within seconds. A holder that takes longer waits for a person; the cold way says so.
        held = lock.acquire(Deadline.after(LIGHT_SECONDS), published)
    except OSError:
        return None, None  # no lock directory any more: the cold way makes it anew
    if held and published():
        lock.release()
    return (answers[0] if answers else None), (lock if lock.held else None)


LIGHT_SECONDS = 1.5


def _fill_standard_descriptors() -> None:
    """Open something harmless where standard input, output or error is closed.

    A file or socket that is opened later would take the free number, and the token would be written into it. What stands
    there can only be read, so that a write fails as it does on a closed descriptor.
    """
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDONLY)  # takes the lowest number that is free: this one


class _Output(io.FileIO):
    """Standard output, which remembers why it was not written."""

    failure: OSError | None = None

    def write(self, data: Any) -> int:
        try:
            return super().write(data)
        except OSError as error:
            self.failure = error
            raise


_outputs: list[_Output] = []


def _take_every_character() -> None:
    """Make standard output take every character: UTF-8 for a file or a pipe, whatever the console's encoding is.

    A terminal shows a question mark for what it does not have.
    """
    if sys.stdout is not None and os.isatty(1):
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")
        return
    if sys.stdout is not None:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
    _outputs.append(_Output(1, "w", closefd=False))
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(_outputs[-1]), encoding="utf-8", errors="replace")


def _stdout_failure() -> OSError | None:
    """Return why standard output was not written, or None if it was."""
    return _outputs[-1].failure if _outputs else None


_OF_THE_REFRESH = {
    "": "no stored session is lost",
    "goes on": "a process in the background stores the provider's answer to the refresh",
    "given up": "the provider's answer to the refresh is lost, so you may have to sign in again",
}


def _interrupted(signum: int, refresh: str = "") -> int:
    """Return the exit status after a signal; who pressed Ctrl-C is told what became of it, a program that ends us is not."""
    if signum == signal.SIGINT:
        _write("error: interrupted by Ctrl-C")
        _write(
            f"hint: run it again when you are ready; {_OF_THE_REFRESH[refresh]} (troubleshooting: interrupted)"
        )
    return 128 + signum


def _say(error: OidcLoginError) -> None:
    _write(f"error: {sanitize(error.message, limit=600)}")
    for line in error.lines:
        _write(f"  {line}")
    hint = sanitize(error.hint or "run it again with -v 1 to see what happens", limit=1500)
    _write(f"hint: {hint} (troubleshooting: {error.topic})")
    _trace(error)


def _unexpected(error: Exception) -> int:
    """Report a failure that is a bug of ours; what it says may hold a secret, so its words are not shown."""
    if isinstance(error, ImportError):
        _cannot_import(error)
    else:
        _write(f"error: something unexpected happened: {type(error).__name__}")
        _write("hint: run it again with -v 9 and report what it prints (troubleshooting: unexpected)")
    _trace(error)
    return 1


def _cannot_import(error: ImportError) -> None:
    """Report a module that cannot be imported, which is mostly another Python's doing; a module's name is no secret."""
    named = [name for name in ("PYTHONPATH", "PYTHONHOME") if os.environ.get(name)]
    _write(
        f"error: Python cannot import {sanitize(error.name or 'a module', limit=100)} ({type(error).__name__})"
    )
    if named:
        hint = f"{' and '.join(named)} may lead to the modules of another Python: run it again with `env -u {' -u '.join(named)}`"
    else:
        hint = "the installation is damaged: install the program again"
    _write(f"hint: {hint} (troubleshooting: python-modules)")


def _trace(error: BaseException) -> None:
    """Show at -v 9 where it happened: files, lines and types, and no value, also of what an error was raised from."""
    if not _verbose():
        return
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        _write(f"{type(cause).__module__}.{type(cause).__qualname__}, raised at (the last line is where):")
        step = cause.__traceback__
        while step is not None:  # without the module traceback, which may be what cannot be imported
            code = step.tb_frame.f_code
            _write(f'  File "{sanitize(code.co_filename)}", line {step.tb_lineno}, in {code.co_name}')
            step = step.tb_next
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)


def _verbose() -> bool:
    """Tell whether -v 9 was asked for: also where that failed before the flag was understood."""
    from kubectl_oidc.system.log import VERBOSITY

    words = f" {' '.join(sys.argv[1:])} "
    early = any(flag in words for flag in (" -v 9 ", " -v9 ", " -v=9 ", " --v 9 ", " --v=9 "))
    return early or VERBOSITY.level >= 9  # noqa: PLR2004 - the level at which tracebacks are asked for


def _write(line: str) -> None:
    from kubectl_oidc.system.standard_error import is_muted, write

    if is_muted():
        return
    write("")  # what was kept back
    try:
        sys.stderr.write(line.encode("utf-8", "replace").decode("utf-8") + "\n")
    except UnicodeEncodeError:
        sys.stderr.write(line.encode("ascii", "replace").decode("ascii") + "\n")
    except (OSError, ValueError, AttributeError):
        return  # nobody listens; the exit status still tells


def _flush() -> OSError | None:
    """Write what is still to be written, and return why standard output did not take all of it, if it did not."""
    for stream, descriptor in ((sys.stdout, 1), (sys.stderr, 2)):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            # Python would complain about it again at exit; let it write to nowhere.
            null = os.open(os.devnull, os.O_WRONLY)
            if null != descriptor:  # it is, where the descriptor was closed
                os.dup2(null, descriptor)
                os.close(null)
    return _stdout_failure()
