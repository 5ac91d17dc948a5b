"""The session's lock, whatever becomes of its holder and whatever the machine is like: nobody waits for ever."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.authentication.reasons import UNLOCKED
from kubectl_oidc.sessions.lock_wait import signing_in
from tests import parts, seccomp
from tests.plugin import wait_until

from .laptop import cache, claims_of, token_of
from .mounts import LaptopWithin, mounting
from .said import beside_the_reason, failure, locks_held, topics, warning
from .users import owned_by, somebody_else, without_runtime_directory

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .kernel_keys import KernelKeys
    from .laptop import Laptop
    from .users import User

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

ENDED = 5  # seconds; a token that ends so soon is not handed out a second time
NO_FLOCK = ["ENOLCK", "EOPNOTSUPP", "ENOSYS"]

linux_only = pytest.mark.skipif(
    not Path("/proc/self/stat").exists(), reason="who is stopped is read from /proc"
)


@pytest.fixture
def expired(laptop: Laptop) -> Laptop:
    """Have a session whose token has as good as ended; what is issued next lives for an hour."""
    laptop.realm.id_tokens_live(ENDED)
    laptop.signed_in()
    laptop.realm.id_tokens_live(3600)
    laptop.realm.forget()
    return laptop


@pytest.fixture
def user() -> Iterator[User]:
    """Have another user of the machine."""
    yield from somebody_else()


def stop(pid: int) -> None:
    """Stop a process, as Ctrl-Z does, and return when it is."""
    os.kill(pid, signal.SIGSTOP)
    wait_until(lambda: " T " in Path(f"/proc/{pid}/stat").read_text(), "the process is stopped")


# Whoever holds it


@linux_only
def test_a_holder_that_was_stopped_at_the_browser_is_named_with_what_ends_it(laptop: Laptop) -> None:
    """After Ctrl-Z the others give up in time and say how to go on; what they say helps."""
    laptop.scripted.is_left_alone()
    holder = laptop.start()
    laptop.wait_for_browser()
    pid = holder.process.pid
    stop(pid)
    began = time.monotonic()
    others = [laptop.start("--authentication-timeout-sec=1") for _ in range(2)]
    for other in others:
        names = (f" {pid}, ", " 1 s", signing_in("authcode"), f"kill -CONT {pid}", f"kill -KILL {pid}")
        failure(other.ended(10), "lock", *names)
    assert time.monotonic() - began < 5

    subprocess.run([parts.program("sh"), "-c", f"kill -CONT {pid}"], check=True)
    laptop.scripted.signs_in_as("alice")
    subprocess.run([laptop.scripted.command, laptop.browser.opened()[0]], check=True, timeout=20)
    token = token_of(holder.ended().stdout)
    assert laptop.signed_in() == token


@pytest.mark.usefixtures("start_program")
@linux_only
def test_a_holder_that_was_stopped_in_a_refresh_is_ended_by_what_is_said(expired: Laptop) -> None:
    """A command that is known waits too, first in the lock wait and then in the slow path; the hint's other way out frees the lock at once."""
    expired.realm.fail_next("/token", delay_ms=60_000, drop="before")
    holder = expired.start()
    wait_until(lambda: expired.realm.seen().total, "the refresh is sent")
    stop(holder.process.pid)
    # The same words as before, so that it is known; a time-out among them would make it another command.
    began = time.monotonic()
    waiting = expired.start()
    impatient = expired.start("--authentication-timeout-sec=1")
    said = failure(impatient.ended(10), "lock", "kill -CONT")
    (command,) = re.findall(r"kill -KILL \d+", said)
    assert waiting.is_running()
    subprocess.run([parts.program("sh"), "-c", command], check=True)
    assert claims_of(token_of(waiting.ended().stdout))["sub"] == "alice"
    assert time.monotonic() - began < 10
    assert holder.ended().status == -signal.SIGKILL
    assert expired.realm.seen().token_requests == ["refresh_token"]
    assert len(expired.browser.opened()) == 1


@pytest.mark.usefixtures("start_program")
def test_the_others_go_on_when_the_one_that_refreshes_is_killed(expired: Laptop) -> None:
    """One of them refreshes at once, and the rest have its answer."""
    expired.realm.fail_next("/token", delay_ms=60_000, drop="before")
    holder = expired.start()
    wait_until(lambda: expired.realm.seen().total, "the refresh is sent")
    others = [expired.start() for _ in range(3)]
    holder.send(signal.SIGKILL)
    began = time.monotonic()
    ended = [other.ended() for other in others]
    assert time.monotonic() - began < 8
    assert [(one.status, one.stderr) for one in ended] == [(0, "")] * 3
    assert len({token_of(one.stdout) for one in ended}) == 1
    assert expired.realm.seen().token_requests == ["refresh_token"]
    assert len(expired.browser.opened()) == 1
    assert locks_held() == []


@pytest.mark.usefixtures("start_program")
def test_after_a_person_who_did_not_come_the_others_fail_too(laptop: Laptop) -> None:
    """Whoever waited does not open tab after tab: each ends in bounded time with what to do."""
    laptop.scripted.is_left_alone()
    first = laptop.start("--authentication-timeout-sec=1")
    laptop.wait_for_browser()
    others = [laptop.start("--authentication-timeout-sec=10") for _ in range(3)]
    began = time.monotonic()
    failure(first.ended(15), "sign-in-timeout", " 1 s")
    for other in others:
        failure(other.ended(15), "sign-in-paused", "kubectl oidc-login login")
    assert time.monotonic() - began < 10
    assert len(laptop.browser.opened()) == 1


# Whatever the machine is like


@pytest.fixture
def nfs(laptop: Laptop) -> LaptopWithin:
    """Have a laptop whose program can be run where no file system has flock(2)."""
    if not seccomp.knows_this_machine():
        parts.missing("how to refuse flock(2) on this machine is not known to the tests")
    return LaptopWithin(laptop.realm, laptop.browser, laptop.begin)


@pytest.mark.parametrize("error", NO_FLOCK)
def test_without_locks_no_refresh_token_is_used(nfs: LaptopWithin, error: str) -> None:
    """On NFS without its lock daemon: one warning, a sign-in, a token; the session is kept, and a good token costs nothing."""
    nfs.realm.id_tokens_live(ENDED)
    nfs.signed_in()
    nfs.realm.id_tokens_live(3600)
    nfs.realm.forget()
    nfs.within = tuple(seccomp.without_flock(error))
    ended = nfs.get_token()
    said = warning(ended)
    assert UNLOCKED in said
    assert ".lock" in said
    assert "XDG_RUNTIME_DIR" in said
    assert "--token-cache-dir" in said
    assert nfs.realm.seen().token_requests == ["authorization_code"]

    again = nfs.get_token()
    assert (token_of(again.stdout), again.stderr) == (token_of(ended.stdout), "")
    nfs.within = ()
    nfs.realm.forget()
    nfs.signed_in("--force-refresh")
    assert nfs.realm.seen().token_requests == ["refresh_token"], "with locks the session goes on"
    assert nfs.realm.seen().revoked_grants == 0


def test_without_locks_the_first_sign_in_says_so_and_works(nfs: LaptopWithin) -> None:
    """One warning; the token is printed and kept."""
    nfs.within = tuple(seccomp.without_flock("ENOLCK"))
    first = nfs.get_token()
    assert "No locks available" in warning(first)
    nfs.within = ()
    assert nfs.signed_in() == token_of(first.stdout)


def test_without_locks_purge_removes_the_session_and_says_that_it_is_not_sure(nfs: LaptopWithin) -> None:
    """Neither directory can be locked, so another command may be storing the session: exit 1, and the next call signs in."""
    nfs.signed_in()
    purge = [*seccomp.without_flock("ENOLCK"), str(parts.plugin())]
    ended = nfs.begin(*nfs.words(command="purge"), command=purge).ended()
    assert (ended.status, ended.stdout) == (1, "")
    assert "alice@example.com" in ended.stderr.splitlines()[0]
    assert topics(ended.stderr) == ["purge"]
    nfs.signed_in()
    assert len(nfs.browser.opened()) == 2


def test_a_lock_beside_the_session_that_cannot_be_had_leaves_one_tab(expired: Laptop) -> None:
    """The home directory has no locks, the runtime directory has: one sign-in for all, and no refresh."""
    (beside,) = (cache() / "locks").glob("*.lock")
    beside.unlink()
    beside.mkdir()
    plugins = [expired.start() for _ in range(4)]
    ended = [plugin.ended() for plugin in plugins]
    assert [one.status for one in ended] == [0] * 4
    assert len({token_of(one.stdout) for one in ended}) == 1
    (said,) = [text for one in ended if (text := beside_the_reason(one.stderr))]
    assert re.match(f"warning: {re.escape(UNLOCKED)}: .*{re.escape(str(beside))}", said)
    assert expired.realm.seen().token_requests == ["authorization_code"]


# One session, one lock


def two_at_once(laptop: Laptop, *environments: dict[str, str]) -> None:
    """Have a refresh that takes a while, and start a plugin in each environment: one refresh, one answer for all."""
    laptop.realm.id_tokens_live(ENDED)
    laptop.signed_in(env=environments[0])
    laptop.realm.id_tokens_live(3600)
    laptop.realm.forget()
    laptop.realm.fail_next("/token", delay_ms=4_000)
    first = laptop.start(env=environments[0])
    wait_until(lambda: laptop.realm.seen().total, "the refresh is sent")
    ended = [first, *(laptop.start(env=environment) for environment in environments[1:])]
    tokens = {token_of(one.ended().stdout) for one in ended}
    assert len(tokens) == 1
    seen = laptop.realm.seen()
    assert (seen.token_requests, seen.revoked_grants) == (["refresh_token"], 0)


STORAGES = ("disk", "kernel", "keyring")


@pytest.fixture(params=STORAGES)
def anywhere(request: pytest.FixtureRequest, laptop: Laptop, kernel_keys: KernelKeys) -> Laptop:
    """Have a laptop for each storage."""
    assert kernel_keys.sessions() == {}
    laptop.storage = request.param
    return request.getfixturevalue("desktop") if request.param == "keyring" else laptop


def test_two_runtime_directories_are_one_lock(anywhere: Laptop, tmp_path: Path) -> None:
    """As a terminal and a program that the desktop started have: the refresh token is sent once."""
    places = [tmp_path / "a", tmp_path / "b"]
    for place in places:
        place.mkdir(mode=0o700)
    two_at_once(anywhere, *({"XDG_RUNTIME_DIR": str(place)} for place in places))


def test_two_temporary_directories_are_one_lock(
    laptop: Laptop, kernel_keys: KernelKeys, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a runtime directory, as on a server and in a nix-shell."""
    assert kernel_keys.sessions() == {}
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    within = LaptopWithin(laptop.realm, laptop.browser, laptop.begin, storage="kernel")
    within.within = (*mounting(), "sh", "-c", 'mount -t tmpfs -o ro none /run; exec "$@"', "sh")
    places = [tmp_path / "a", tmp_path / "b"]
    for place in places:
        place.mkdir(mode=0o700)
    two_at_once(within, *({"TMPDIR": str(place)} for place in places))
    assert len(list(places[0].rglob("*.lock"))) == 1, "the local lock follows TMPDIR"


@pytest.mark.parametrize("cleaned", ["runtime", "cache"])
def test_a_lock_directory_that_is_cleaned_meanwhile_hides_no_holder(
    laptop: Laptop, kernel_keys: KernelKeys, cleaned: str
) -> None:
    """systemd-tmpfiles, or somebody, removes one of the two: the next plugin waits for the refresh all the same."""
    assert kernel_keys.sessions() == {}
    laptop.storage = "kernel"
    laptop.realm.id_tokens_live(ENDED)
    laptop.signed_in()
    laptop.realm.id_tokens_live(3600)
    laptop.realm.forget()
    laptop.realm.fail_next("/token", delay_ms=5_000)
    first = laptop.start()
    wait_until(lambda: laptop.realm.seen().total, "the refresh is sent")
    waiting = laptop.start("--authentication-timeout-sec=20")
    time.sleep(0.7)  # it looks at the lock again and again
    place = Path(os.environ["XDG_RUNTIME_DIR"], "kubectl-oidc") if cleaned == "runtime" else cache() / "locks"
    shutil.rmtree(place)
    ended = [one.ended() for one in (first, waiting, laptop.start())]
    assert [(one.status, one.stderr) for one in ended] == [(0, "")] * 3
    seen = laptop.realm.seen()
    assert (seen.token_requests, seen.revoked_grants) == (["refresh_token"], 0)


def test_a_file_system_without_locks_costs_a_keyring_s_session_nothing(
    laptop: Laptop, kernel_keys: KernelKeys
) -> None:
    """The home directory has no locks, the runtime directory has: that one is enough, and nothing is said."""
    assert kernel_keys.sessions() == {}
    laptop.storage = "kernel"
    laptop.realm.id_tokens_live(ENDED)
    laptop.signed_in()
    for lock in (cache() / "locks").iterdir():
        lock.unlink()
        lock.mkdir()
    laptop.realm.forget()
    ended = laptop.get_token()
    assert (ended.status, ended.stderr) == (0, "")
    assert laptop.realm.seen().token_requests == ["refresh_token"]


@pytest.fixture
def server(laptop: Laptop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LaptopWithin:
    """Have a server without login sessions: no XDG_RUNTIME_DIR."""
    (tmp_path / "tmp").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "tmp"))
    within = LaptopWithin(laptop.realm, laptop.browser, laptop.begin)
    within.within = tuple(without_runtime_directory())
    return within


def test_without_a_runtime_directory_there_is_one_tab(server: LaptopWithin, tmp_path: Path) -> None:
    """The lock rests in a directory of ours alone, and nothing is said."""
    plugins = [server.start() for _ in range(4)]
    ended = [plugin.ended() for plugin in plugins]
    assert [(one.status, beside_the_reason(one.stderr)) for one in ended] == [(0, "")] * 4
    assert len({token_of(one.stdout) for one in ended}) == len(server.browser.opened()) == 1
    directories = {path.parent for path in (tmp_path / "tmp").rglob("*.lock")}
    directories |= {path.parent for path in Path(f"/run/user/{os.geteuid()}").glob("kubectl-oidc/*.lock")}
    assert directories
    assert {path.stat().st_mode & 0o7777 for path in directories} == {0o700}


def test_without_home_and_runtime_directory_the_token_is_printed(server: LaptopWithin) -> None:
    """A service of no user: one warning, exit 0."""
    server.within = (*without_runtime_directory(), "HOME=")
    ended = server.get_token()
    assert claims_of(token_of(ended.stdout))["sub"] == "alice"
    assert "HOME" in warning(ended)


# Two users of one machine


def test_two_users_do_not_disturb_each_other(server: LaptopWithin, user: User) -> None:
    """At the same time, with the same flags and one temporary directory: each has a sign-in and a lock of their own."""
    theirs = user.start(server)
    wait_until(user.opened, "the other user's browser opens")
    # They hold their lock now, and wait for a person.
    ours = server.start(env={"TMPDIR": str(user.commons)})
    token = token_of(ours.ended().stdout)
    assert claims_of(token)["sub"] == "alice"
    user.signs_in(server, "bob")
    other = token_of(theirs.ended().stdout)
    assert claims_of(other)["sub"] == "bob"

    server.scripted.is_left_alone()
    assert token_of(server.get_token(env={"TMPDIR": str(user.commons)}).stdout) == token
    again = user.start(server).ended()
    assert (token_of(again.stdout), again.stderr) == (other, "")
    assert owned_by(cache(), user.uid) == []
    assert owned_by(user.home, os.geteuid()) == []
    shared = {path: path.stat().st_uid for path in user.commons.iterdir()}
    assert len(shared) == len(set(shared.values())) == len({os.geteuid(), user.uid} & set(shared.values()))


def test_a_cache_of_another_user_is_neither_read_nor_written(
    server: LaptopWithin, user: User, signed_in: Laptop
) -> None:
    """Who sets HOME to another's home gets a token of their own, one warning, and nothing of the other's."""
    token = signed_in.signed_in()
    home = user.home.parent / "alice"
    shutil.copytree(Path.home(), home)
    for path in (home, *home.rglob("*")):  # as open to others as a careless person may leave it
        path.chmod(0o755)
    before = {path: path.read_bytes() for path in home.rglob("*") if path.is_file()}
    server.realm = signed_in.realm
    theirs = user.start(server, home=home)
    user.signs_in(server, "bob")
    ended = theirs.ended()
    assert claims_of(token_of(ended.stdout))["sub"] == "bob"
    assert token_of(ended.stdout) != token
    assert str(home) in warning(ended)
    assert {path: path.read_bytes() for path in home.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("phase", ["good", "ended", "none yet"])
def test_sudo_leaves_nothing_of_root_s_in_the_user_s_home(
    server: LaptopWithin, user: User, phase: str
) -> None:
    """Root with HOME of another: root's own token, one warning that says why nothing is kept, the home as it was."""
    if phase != "none yet":
        server.realm.id_tokens_live(3600 if phase == "good" else ENDED)
        theirs = user.start(server)
        user.signs_in(server, "bob")
        assert claims_of(token_of(theirs.ended().stdout))["sub"] == "bob"
    before = {path: path.read_bytes() for path in user.home.rglob("*") if path.is_file()}
    server.realm.id_tokens_live(3600)
    server.realm.forget()

    server.scripted.signs_in_as("alice")
    for runtime in ({}, {"XDG_RUNTIME_DIR": str(user.home)}):
        server.within = () if runtime else tuple(without_runtime_directory())
        ended = server.get_token(env={**user.environment(), **runtime})
        assert claims_of(token_of(ended.stdout))["sub"] == "alice"
        assert str(user.home) in warning(ended)
    assert server.realm.seen().token_requests == ["authorization_code"] * 2, (
        "the user's refresh token is theirs"
    )
    assert owned_by(user.home, 0) == []
    assert {path: path.read_bytes() for path in user.home.rglob("*") if path.is_file()} == before
    if phase != "none yet":
        assert claims_of(token_of(user.start(server).ended().stdout))["sub"] == "bob"
