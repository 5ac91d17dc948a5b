"""The error boundary: every failure becomes one error, one hint and an exit status."""

from __future__ import annotations

import io
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc import slow_path
from kubectl_oidc.errors import OidcLoginError, ProviderUnreachable, UsageError
from kubectl_oidc.exec_credential import V1, credential
from kubectl_oidc.fast_path.credential import CREDENTIALS_DIRECTORY
from kubectl_oidc.fast_path.known_command import KnownCommand
from kubectl_oidc.secret import Secret
from kubectl_oidc.system import private_files
from kubectl_oidc.system.file_lock import FileLock
from kubectl_oidc.system.log import VERBOSITY
from kubectl_oidc.system.signals import NAMES
from kubectl_oidc.version import __version__
from tests import parts, streams
from tests.plugin import run_plugin, wait_until
from tests.settings_files import Machine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals and descriptors")


@pytest.fixture
def verbose() -> Iterator[None]:
    """Set the verbosity to -v 9."""
    VERBOSITY.level = 9
    yield
    VERBOSITY.level = 0


def raised(error: Exception) -> Exception:
    """Return the error with a traceback."""

    def fail() -> None:
        raise error

    with pytest.raises(type(error)):
        fail()
    return error


# Words


def test_an_error_is_two_lines_with_its_topic(capsys: pytest.CaptureFixture[str]) -> None:
    """What failed, and what to do next. Standard output stays empty."""
    slow_path._report(ProviderUnreachable("no answer", "try again"))
    shown = capsys.readouterr()
    assert shown.err == "error: no answer\nhint: try again (troubleshooting: provider-unreachable)\n"
    assert shown.out == ""


def test_an_error_without_a_hint_has_one_all_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    """There is always a next step."""
    slow_path._report(OidcLoginError("it failed"))
    error, hint = capsys.readouterr().err.splitlines()
    assert error == "error: it failed"
    assert hint.startswith("hint: ")
    assert "-v 1" in hint


@posix
def test_every_error_shows_the_support_link_of_the_machine(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """As a line of its own, also for an internal error; without one, the lines are what they were."""
    machine = Machine(monkeypatch, tmp_path / "machine")
    machine.has('[rules]\nsupport-link = "https://help.example.com"\n')
    for report in (
        lambda: slow_path._report(UsageError("it failed", "try again")),
        lambda: slow_path._report_internal_error(ValueError("s3cret")),
    ):
        report()
        assert capsys.readouterr().err.splitlines()[2:] == ["support: https://help.example.com"]
    machine.has("")
    slow_path._report(UsageError("it failed", "try again"))
    assert len(capsys.readouterr().err.splitlines()) == 2


def test_words_from_outside_cannot_forge_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The boundary sanitizes every message."""
    slow_path._report(OidcLoginError("a\x1b[2J\nerror: forged\u202e", "b\r\nhint: forged"))
    assert capsys.readouterr().err.splitlines() == [
        "error: a [2J error: forged",
        "hint: b hint: forged (troubleshooting: unexpected)",
    ]


def test_an_unexpected_failure_does_not_show_its_words(capsys: pytest.CaptureFixture[str]) -> None:
    """Only the type is shown, because the message may contain a token."""
    assert slow_path._report_internal_error(raised(ValueError("the-SECRET"))) == 1
    shown = capsys.readouterr()
    error, hint = shown.err.splitlines()
    assert re.fullmatch(r"error: .*: ValueError", error)
    assert hint.endswith("(troubleshooting: unexpected)")
    assert "SECRET" not in shown.err + shown.out


@pytest.mark.usefixtures("verbose")
def test_a_traceback_is_shown_only_where_it_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    """-v 9 shows where it was raised, for expected and internal errors, but not the message of an internal one."""
    secret = "the-" + "SECRET"
    slow_path._report_internal_error(raised(ValueError(secret)))
    slow_path._report(raised(OidcLoginError("it failed", "do this")))  # type: ignore[arg-type] # what `raised` was given
    shown = capsys.readouterr().err
    assert shown.count('test_slow_path.py", line') >= 2
    assert "in fail" in shown
    assert secret not in shown


@pytest.mark.parametrize(
    "stream", [lambda: None, streams.closed, streams.Full], ids=["none", "closed", "full"]
)
def test_a_standard_error_that_takes_nothing_changes_no_status(
    monkeypatch: pytest.MonkeyPatch, stream: Callable[[], object]
) -> None:
    """The exit status stays the same."""
    monkeypatch.setattr(sys, "stderr", stream())
    slow_path._report(UsageError("wrong"))
    assert slow_path._report_internal_error(ValueError()) == 1


def test_words_that_a_terminal_cannot_write_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """With LANG=C an umlaut becomes a question mark, without a crash."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii", errors="strict", write_through=True)
    monkeypatch.setattr(sys, "stderr", stream)
    slow_path._report(OidcLoginError("für", "\udcff hier"))
    assert isinstance(stream.buffer, io.BytesIO)
    assert stream.buffer.getvalue().splitlines() == [
        b"error: f?r",
        b"hint: hier (troubleshooting: unexpected)",
    ]


# The process


@pytest.mark.parametrize(
    ("arguments", "status", "names"),
    [
        (["get-token"], 2, ["--oidc-issuer-url "]),
        (
            ["get-token", "--oidc-issuer-url=http://idp.test", "--oidc-client-id=c"],
            2,
            ["http://idp.test"],
        ),
        (["get-token", "--nonsense"], 2, ["--nonsense"]),
        (["nonsense"], 2, ["'nonsense'"]),
        (["setpu"], 2, ["'setpu'", " setup?"]),
        (["help", "stat"], 2, ["'stat'", " status?"]),
        (["get-token", "--oidc-issuer-url"], 2, ["'--oidc-issuer-url'", "argument"]),
    ],
)
def test_the_program_ends_with_one_error_and_one_hint(
    arguments: list[str], status: int, names: list[str]
) -> None:
    """Two lines on standard error, nothing on standard output, 2 for usage."""
    ended = run_plugin(*arguments)
    assert (ended.returncode, ended.stdout) == (status, "")
    error, hint = ended.stderr.splitlines()
    assert error.startswith("error: ")
    assert [name for name in names if name not in error] == []
    assert hint.startswith("hint: ")


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["get-token", "--nonsense"], " get-token"),
        (["get-token", "--oidc-issuer-url"], " get-token"),
        (["--context"], ""),
        (["setpu"], ""),
        (["help", "stat"], ""),
    ],
)
def test_the_hint_of_a_wrong_command_line_names_the_command_whose_help_to_read(
    arguments: list[str], command: str
) -> None:
    ended = run_plugin(*arguments)
    assert f"`kubectl oidc-login{command} --help`" in ended.stderr.splitlines()[1]


def test_a_broken_exec_info_is_a_failure_not_usage() -> None:
    """Exit status 1: the command line was right."""
    ended = run_plugin("get-token", env={"KUBERNETES_EXEC_INFO": '{"kind": [], "apiVersion": "v7"}'})
    assert (ended.returncode, ended.stdout) == (1, "")
    error, _ = ended.stderr.splitlines()
    assert error.startswith("error: KUBERNETES_EXEC_INFO ")
    assert " kind " in error


# What is known of a command is asked first; here it does something else on that occasion.
PROGRAM = """
import os, signal, sys
{before}
from kubectl_oidc import slow_path
class KnownCommand:
    handouts, place, due = 0, "disk", False
    @property
    def locks(self):
        {what}
        return ()
sys.exit(slow_path.run(KnownCommand()))
"""


def child(what: str, *arguments: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run the boundary in a child process, in which ``what`` happens before the command runs."""
    return subprocess.run(
        [sys.executable, "-c", PROGRAM.format(what=what, before=before), *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@posix
@pytest.mark.parametrize(("name", "said"), [("SIGINT", ["error", "hint"]), ("SIGTERM", []), ("SIGHUP", [])])
def test_a_signal_ends_the_program_with_its_status(name: str, said: list[str]) -> None:
    """128 + N. After Ctrl-C the user reads a message; after another signal there is none."""
    ended = child(f"os.kill(os.getpid(), signal.{name})", "version")
    assert ended.returncode == 128 + signal.Signals[name]
    assert ended.stdout == ""
    assert [line.partition(":")[0] for line in ended.stderr.splitlines()] == said


@pytest.mark.skipif(sys.platform != "linux", reason="fills a pipe of one page")
@pytest.mark.parametrize("signum", [getattr(signal, name) for name in NAMES if hasattr(signal, name)])
def test_a_signal_while_an_error_is_being_said_leaves_no_traceback(signum: signal.Signals) -> None:
    """Standard error is not read, so the program blocks while it reports an error. It exits with the signal's status."""
    import fcntl
    import termios

    reader, writer = os.pipe()
    fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    error, _ = run_plugin("get-token").stderr.splitlines()
    filling = 4096 - len(f"{error}\n") - 5  # room for the error, not for the hint
    os.write(writer, b" " * filling)

    def unread() -> int:
        return int.from_bytes(fcntl.ioctl(reader, termios.FIONREAD, bytes(4)), sys.byteorder)

    with subprocess.Popen(
        [str(parts.plugin()), "get-token"], stdout=subprocess.PIPE, stderr=writer
    ) as process:
        os.close(writer)
        wait_until(lambda: unread() > filling, "the error is said")
        process.send_signal(signum)
        stdout, _ = process.communicate(timeout=20)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read().decode().strip()
    assert process.returncode == 128 + signum
    assert stdout == b""
    assert said == error


@posix
def test_a_signal_that_was_ignored_stays_ignored() -> None:
    """The signals that nohup ignores stay ignored, and the command runs."""
    ended = child(
        "os.kill(os.getpid(), signal.SIGHUP)",
        "version",
        before="signal.signal(signal.SIGHUP, signal.SIG_IGN)",
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert __version__ in ended.stdout


@pytest.mark.parametrize(
    "what",
    [
        "raise RuntimeError('the-SECRET')",
        "raise MemoryError('the-SECRET')",
        "raise UnicodeDecodeError('utf-8', b'the-SECRET', 0, 1, 'no')",
        "return self.locks",
        "import warnings; warnings.warn('the-SECRET', ResourceWarning); raise AssertionError",
    ],
)
def test_any_internal_error_is_two_lines_and_status_1(what: str) -> None:
    """Neither a traceback nor the message of the exception."""
    ended = child(what, "version")
    assert (ended.returncode, ended.stdout) == (1, "")
    error, hint = ended.stderr.splitlines()
    assert error.startswith("error: ")
    assert hint.endswith("(troubleshooting: unexpected)")
    assert "SECRET" not in ended.stderr


@posix
@pytest.mark.parametrize("close", ["os.close(1)", "os.close(1); os.close(0)", "sys.stdout = None"])
def test_a_standard_output_that_is_gone_is_quiet(close: str) -> None:
    """The interpreter reports nothing at its exit, and the status is unchanged."""
    ended = child(f"sys.stdout.write('nobody hears this'); {close}", "nonsense")
    assert ended.returncode == 2
    assert [line.partition(":")[0] for line in ended.stderr.splitlines()] == ["error", "hint"]


# Waiting for another plugin


NOW_GOOD = int(time.time()) + 3600


class Desk:
    """A session on disk, its lock, and a remembered command."""

    def __init__(self, place: Path) -> None:
        self.place = place
        place.mkdir(mode=0o700)
        self.lock = FileLock((str(place / "lock"),))
        self.words = KnownCommand("0" * 32, V1, "disk", str(place), 10, (str(place / "lock"),))

    def publish(self) -> None:
        record = credential(Secret("the-token"), NOW_GOOD).record()
        private_files.write_private_file(
            private_files.ensure_directory(self.place, CREDENTIALS_DIRECTORY), "0" * 32, record
        )


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "desk")


def test_a_free_lock_is_kept(desk: Desk, capfd: pytest.CaptureFixture[str]) -> None:
    """The lock is free and nothing was published: this process keeps the lock, so that no other one starts too."""
    status, lock = slow_path._keyring_or_published_answer(desk.words)
    assert status is None
    assert lock is not None
    assert capfd.readouterr().out == ""
    assert not desk.lock.try_acquire()
    lock.release()
    assert desk.lock.try_acquire()
    desk.lock.release()


def test_what_another_plugin_published_meanwhile_is_the_answer(
    desk: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    """The process waits for a holder that refreshes, and answers once with its credential."""
    assert desk.lock.try_acquire()

    def work() -> None:
        time.sleep(0.1)
        desk.publish()
        time.sleep(0.1)
        desk.lock.release()

    holder = threading.Thread(target=work)
    holder.start()
    status, lock = slow_path._keyring_or_published_answer(desk.words)
    holder.join()
    document = json.loads(capfd.readouterr().out)
    assert (status, lock) == (0, None)
    assert (document["apiVersion"], document["status"]["token"]) == (V1, "the-token")


def test_a_credential_that_was_published_before_is_the_answer(
    desk: Desk, capfd: pytest.CaptureFixture[str]
) -> None:
    """The lock is already free, and the credential is published."""
    desk.publish()
    assert slow_path._keyring_or_published_answer(desk.words) == (0, None)
    assert json.loads(capfd.readouterr().out)["status"]["token"] == "the-token"
    assert desk.lock.try_acquire()
    desk.lock.release()


def test_the_wait_for_a_holder_that_asks_the_user_is_short(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """This wait is short, because it cannot show what it waits for."""
    assert max(slow_path.LOCK_SECONDS) <= 3
    monkeypatch.setattr(slow_path, "LOCK_SECONDS", (0.4, 0.2))
    assert desk.lock.try_acquire()
    began = time.monotonic()
    assert slow_path._keyring_or_published_answer(desk.words) == (None, None)
    took = time.monotonic() - began
    desk.lock.release()
    assert min(slow_path.LOCK_SECONDS) <= took < max(slow_path.LOCK_SECONDS) + 5
    assert capfd.readouterr().out == ""


def test_a_lock_directory_that_is_gone_is_made_again_where_it_can_be(desk: Desk) -> None:
    """A cleaner of temporary files removed it. If it cannot be created, `authenticate` says why. Without locks there is no wait."""
    gone = KnownCommand("0" * 32, V1, "disk", str(desk.place), 10, (str(desk.place / "no" / "lock"),))
    status, lock = slow_path._keyring_or_published_answer(gone)
    assert status is None
    assert lock is not None
    assert lock.held
    lock.release()
    if sys.platform != "win32":
        assert (desk.place / "no").stat().st_mode & 0o777 == 0o700
    (desk.place / "file").touch()
    nowhere = (str(desk.place / "file" / "lock"),)
    assert slow_path._keyring_or_published_answer(
        KnownCommand("0" * 32, V1, "disk", str(desk.place), 10, nowhere)
    ) == (None, None)
    assert slow_path._keyring_or_published_answer(
        KnownCommand("0" * 32, V1, "disk", str(desk.place), 10, ())
    ) == (None, None)


def test_only_files_need_every_lock(desk: Desk) -> None:
    """For a session in a keyring, the local lock is enough if the other file system has no locks."""
    (desk.place / "file").touch()
    locks = (str(desk.place / "other"), str(desk.place / "file" / "lock"))
    assert slow_path._keyring_or_published_answer(
        KnownCommand("0" * 32, V1, "disk", str(desk.place), 10, locks)
    ) == (None, None)
    _, lock = slow_path._keyring_or_published_answer(
        KnownCommand("0" * 32, V1, "kernel", str(desk.place), 10, locks)
    )
    assert lock is not None
    assert lock.held
    lock.release()
