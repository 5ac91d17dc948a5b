"""A token that nears its end is used at once, and replaced meanwhile by a process that nobody waits for or sees."""

from __future__ import annotations

import fcntl
import os
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme

from kubectl_oidc.fast_path.known_command import KnownCommand
from tests import parts
from tests.plugin import wait_until

from .laptop import cache, token_of
from .test_signals import processes_of_this_test

if TYPE_CHECKING:
    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("start_program")

LIVES = 40  # seconds; 30 of them useful
EARLY = "--refresh-ahead=0.001"  # due at once


@pytest.fixture
def near_its_end(laptop: Laptop) -> Laptop:
    """Have a session whose token is good for a while, and due to be refreshed as soon as its command is known."""
    laptop.realm.id_tokens_live(LIVES)
    laptop.signed_in(EARLY)
    time.sleep(1.1)  # a token that is younger than a second is not due
    laptop.realm.forget()
    return laptop


def refreshed(laptop: Laptop) -> bool:
    """Tell whether a refresh was asked for."""
    return laptop.realm.seen().token_requests == ["refresh_token"]


def test_the_old_token_is_given_and_the_next_call_has_the_new_one(near_its_end: Laptop) -> None:
    """The call is answered without waiting, though the provider takes its time; the session is refreshed once."""
    near_its_end.realm.hold_next("/token")
    near_its_end.realm.id_tokens_live(3600)
    old = near_its_end.signed_in(EARLY)
    assert near_its_end.signed_in(EARLY) == old
    near_its_end.realm.release()
    wait_until(lambda: refreshed(near_its_end), "the session is refreshed")
    wait_until(lambda: near_its_end.signed_in() != old, "the new token is given")
    assert refreshed(near_its_end), "once"
    assert len(near_its_end.browser.opened()) == 1
    wait_until(lambda: not list((cache() / "ahead").iterdir()), "the claim is given up")


def test_standard_error_is_silent_and_nothing_stays(near_its_end: Laptop) -> None:
    """What goes on in the background says nothing anywhere, and ends."""
    ended = near_its_end.get_token(EARLY)
    assert ended.stderr == ""
    wait_until(lambda: refreshed(near_its_end), "the session is refreshed")
    wait_until(lambda: not list((cache() / "ahead").iterdir()), "the process has ended")


@pytest.mark.parametrize("trouble", [{"status": 503}, {"drop": "before"}, {"drop": "after"}])
def test_a_failure_is_seen_by_nobody(near_its_end: Laptop, trouble: dict[str, object]) -> None:
    """The provider is down: the token is given as long as it is good, and it is not asked again at every call."""
    near_its_end.realm.fail_next("/token", times=9, **trouble)  # type: ignore[arg-type]
    old = near_its_end.signed_in(EARLY)
    wait_until(lambda: near_its_end.realm.seen().total, "the refresh was tried")
    time.sleep(0.5)
    for _ in range(3):
        ended = near_its_end.get_token(EARLY)
        assert (token_of(ended.stdout), ended.stderr) == (old, "")
    assert near_its_end.realm.seen().requests == {"POST /token": 1}
    assert len(near_its_end.browser.opened()) == 1


@pytest.mark.parametrize(
    ("flags", "client", "expected"),
    [
        ([], "kubernetes", (0, "auto")),
        (["--refresh-ahead=off"], "kubernetes", (0, "always")),
        (["--refresh-ahead=0.25"], "kubernetes", (250, "always")),
        (["--refresh-ahead=0.25"], "code-only", (0, "always")),
    ],
    ids=["in a pod by itself", "off", "asked for", "no refresh token"],
)
def test_what_is_remembered_says_when(
    laptop: Laptop, flags: list[str], client: str, expected: tuple[int, str]
) -> None:
    """In a container it is off unless it is asked for; where there is no refresh token it always is."""
    laptop.client = client
    laptop.signed_in(*flags, env={"KUBERNETES_SERVICE_HOST": "10.0.0.1"})
    (record,) = (cache() / "words").iterdir()
    words = KnownCommand.parse(record.read_bytes())
    assert words is not None
    assert (words.ahead, words.when) == expected


def test_a_session_without_a_refresh_token_is_left_alone(laptop: Laptop) -> None:
    """There is nothing to refresh it with, and no browser opens in the background."""
    laptop.client = "code-only"
    laptop.realm.id_tokens_live(LIVES)
    laptop.signed_in(EARLY)
    time.sleep(1.1)
    laptop.realm.forget()
    laptop.signed_in(EARLY)
    time.sleep(0.7)
    assert laptop.realm.seen().total == 0
    assert len(laptop.browser.opened()) == 1


def test_a_purge_is_not_undone_by_it(near_its_end: Laptop) -> None:
    """Purged while the refresh is on its way: nothing comes back."""
    near_its_end.realm.fail_next("/token", delay_ms=1500)
    near_its_end.signed_in(EARLY)
    wait_until(lambda: near_its_end.realm.seen().total, "the refresh is on its way")
    near_its_end.purge()
    time.sleep(2)
    assert {path for path in near_its_end.stored() if path.startswith(("tokens", "credentials"))} == set()


def test_a_shell_loop_of_many_makes_one_refresh(near_its_end: Laptop) -> None:
    """Twenty at once with a token that is due: twenty answers, one refresh."""
    near_its_end.realm.id_tokens_live(3600)
    running = [near_its_end.start(EARLY) for _ in range(20)]
    ended = [one.ended(60) for one in running]
    assert [one.status for one in ended] == [0] * 20
    wait_until(lambda: refreshed(near_its_end), "the session is refreshed")
    time.sleep(0.5)
    assert refreshed(near_its_end)
    assert near_its_end.realm.seen().revoked_grants == 0


def test_who_waits_for_the_pipe_is_not_held_up(near_its_end: Laptop) -> None:
    """A caller that reads to the end of the pipe, as kubectl does, has it when the answer is written."""
    near_its_end.realm.hold_next("/token")
    done = subprocess.run(
        [str(parts.plugin()), *near_its_end.words(EARLY)],
        env=dict(os.environ),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=30,
        check=True,
    )
    assert done.stdout
    wait_until(lambda: near_its_end.realm.seen().total, "the refresh is on its way all the same")
    near_its_end.realm.release()


@pytest.mark.skipif(not Path("/proc/self/cwd").exists(), reason="where a process is is read from /proc")
@pytest.mark.parametrize(
    ("flag", "name", "client"),
    [
        ("--certificate-authority", "ca.pem", "kubernetes"),
        ("--oidc-client-secret-file", "secret", "confidential"),
    ],
)
def test_what_a_relative_path_leads_to_is_read_before_the_directory_is_left(
    laptop: Laptop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flag: str, name: str, client: str
) -> None:
    """The refresh in the background works where the one in the foreground does, and keeps no file system busy."""
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    trustme.CA().cert_pem.write_to_path("ca.pem")
    Path("secret").write_text('a secret, that: needs "quoting" & more')
    laptop.client = client
    laptop.realm.id_tokens_live(LIVES)
    laptop.signed_in(EARLY, f"{flag}={name}")
    time.sleep(1.1)  # a token that is younger than a second is not due
    laptop.realm.forget()
    laptop.realm.id_tokens_live(3600)
    laptop.realm.hold_next("/token")
    old = laptop.signed_in(EARLY, f"{flag}={name}")
    wait_until(lambda: laptop.realm.seen().total, "the refresh is on its way")
    (background,) = processes_of_this_test()
    assert str(Path(f"/proc/{background}/cwd").readlink()) == "/"
    laptop.realm.release()
    wait_until(lambda: refreshed(laptop), "the session is refreshed")
    wait_until(lambda: not list((cache() / "ahead").iterdir()), "the claim is given up")
    assert laptop.signed_in(EARLY, f"{flag}={name}") != old
    assert len(laptop.browser.opened()) == 1


def test_a_script_s_own_lock_is_free_when_the_script_has_ended(near_its_end: Laptop, tmp_path: Path) -> None:
    """Handed on through the plugin as a descriptor above 255, as by `exec 300>lock; flock 300`."""
    near_its_end.realm.hold_next("/token")
    lock = os.open(tmp_path / "script.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.dup2(lock, 300)
    subprocess.run(
        [str(parts.plugin()), *near_its_end.words(EARLY)], pass_fds=[300], capture_output=True, check=True
    )
    os.close(300)
    os.close(lock)
    again = os.open(tmp_path / "script.lock", os.O_RDWR)
    fcntl.flock(again, fcntl.LOCK_EX | fcntl.LOCK_NB)
    os.close(again)
    wait_until(lambda: near_its_end.realm.seen().total, "the refresh is on its way all the same")
    near_its_end.realm.release()
