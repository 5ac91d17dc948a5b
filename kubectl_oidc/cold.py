"""The cold half's way in, and the one place where an error becomes text and an exit status."""

from __future__ import annotations

import os
import signal
import sys
import warnings

from kubectl_oidc import signals
from kubectl_oidc.errors import Interrupted, OidcLoginError
from kubectl_oidc.hot import start_ahead
from kubectl_oidc.hot.words import KEYRING
from kubectl_oidc.text import plain

TYPE_CHECKING = False  # whoever waits for another plugin does not pay for the module typing
if TYPE_CHECKING:
    from kubectl_oidc.hot.words import Words
    from kubectl_oidc.lock import SessionLock


def run(words: Words | None, *, ahead: bool = False) -> int:
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
        _flush()
    except Interrupted as interrupt:  # while the end was being said
        status = 128 + interrupt.signum
    return status


def _run(words: Words | None, *, ahead: bool) -> int:
    """Run the command and say what went wrong."""
    try:
        _fill_standard_descriptors()
        _never_refuse_a_character()
        signals.listen()
        if not sys.warnoptions:
            # What a library says to developers is not for a person's terminal.
            warnings.simplefilter("ignore")
        status, lock = None, None
        if words and not words.times and not ahead:
            status, lock = _light(words)
            ahead = status is not None and words.due and start_ahead(words)
        if status is None or ahead:
            from kubectl_oidc.cli import Call, main

            times = words.times if words else 0
            status = main(sys.argv[1:], Call(times=times, ahead=ahead, lock=lock))
    except OidcLoginError as error:
        _say(error)
        status = error.exit_status
    except Interrupted as interrupt:
        status = _interrupted(interrupt.signum)
    except KeyboardInterrupt:
        status = _interrupted(signal.SIGINT)
    except Exception as error:  # noqa: BLE001 - the boundary: whatever else happens becomes one line
        status = _unexpected(error)
    return status


def _light(words: Words) -> tuple[int | None, SessionLock | None]:
    """Answer from the OS keyring, or with what another plugin publishes that holds the session's lock now.

    Nothing heavy is imported for it.

    Returns:
        The exit status after an answer, or None. Without an answer the session's lock, where nobody else has it: it is kept
        while the heavy half is imported, so that of any number of plugins one alone imports it.
    """
    from kubectl_oidc.caller import has_gone
    from kubectl_oidc.deadline import Deadline
    from kubectl_oidc.lock import SessionLock

    if words.place == KEYRING:
        from kubectl_oidc.light import look
    else:
        from kubectl_oidc.hot import look

    answers: list[int] = []
    parent = os.getppid()

    def published() -> bool:
        if has_gone(parent):
            raise Interrupted(signal.SIGTERM)
        status = look(words)
        if status is not None:
            answers.append(status)
        return bool(answers) or words.times > 0

    if words.place == KEYRING and published():
        return (answers[0] if answers else None), None
    if not words.locks:
        return None, None
    lock = SessionLock(words.locks)
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


def _never_refuse_a_character() -> None:
    """Have standard output show a question mark for what its encoding does not have, as a pipe's on Windows (cp1252)."""
    if getattr(sys.stdout, "errors", None) == "strict":
        sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]


def _interrupted(signum: int) -> int:
    """Return the exit status after a signal; who pressed Ctrl-C is told what became of it, a program that ends us is not."""
    if signum == signal.SIGINT:
        _write("error: interrupted by Ctrl-C")
        _write(
            "hint: run it again when you are ready; no stored session is lost (troubleshooting: interrupted)"
        )
    return 128 + signum


def _say(error: OidcLoginError) -> None:
    _write(f"error: {plain(error.message, limit=600)}")
    hint = plain(error.hint or "run it again with -v 1 to see what happens", limit=1500)
    _write(f"hint: {hint} (troubleshooting: {error.topic})")
    if _verbose():
        import traceback

        _write("".join(traceback.format_tb(error.__traceback__)).rstrip())


def _unexpected(error: Exception) -> int:
    """Report a failure that is a bug of ours; what it says may hold a secret, so its words are not shown."""
    _write(f"error: something unexpected happened: {type(error).__name__}")
    _write("hint: run it again with -v 9 and report what it prints (troubleshooting: unexpected)")
    if _verbose():
        import traceback

        _write("".join(traceback.format_tb(error.__traceback__)).rstrip())
    return 1


def _verbose() -> bool:
    from kubectl_oidc.log import VERBOSITY

    return VERBOSITY.level >= 9  # noqa: PLR2004 - the level at which tracebacks are asked for


def _write(line: str) -> None:
    from kubectl_oidc.standard_error import is_muted, write

    if is_muted():
        return
    write("")  # what was kept back
    try:
        sys.stderr.write(line.encode("utf-8", "replace").decode("utf-8") + "\n")
    except UnicodeEncodeError:
        sys.stderr.write(line.encode("ascii", "replace").decode("ascii") + "\n")
    except (OSError, ValueError, AttributeError):
        return  # nobody listens; the exit status still tells


def _flush() -> None:
    for descriptor in (1, 2):
        stream = sys.stdout if descriptor == 1 else sys.stderr
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            # Python would complain about it again at exit; let it write to nowhere.
            null = os.open(os.devnull, os.O_WRONLY)
            if null != descriptor:  # it is, where the descriptor was closed
                os.dup2(null, descriptor)
                os.close(null)
