"""Stand-alone mode writes its kubeconfig: proven before a refresh token is used, and nothing that was obtained is lost."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import parts
from tests.plugin import Ended, wait_until

from .mounts import mounting
from .said import complaint, failure, files_with, topics
from .test_stand_alone import config_of, kubeconfig, run, said

if TYPE_CHECKING:
    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

__all__ = ["kubeconfig"]  # a fixture


@pytest.fixture
def signed_in(laptop: Laptop, kubeconfig: Path) -> Path:
    """Have a kubeconfig of the user's alone with tokens whose ID token has as good as ended."""
    kubeconfig.chmod(0o600)
    laptop.realm.id_tokens_live(5)
    said(run(laptop))
    laptop.realm.id_tokens_live(3600)
    laptop.realm.forget()
    return kubeconfig


def goes_on(laptop: Laptop, *refreshes: str) -> None:
    """Hold against the provider's books that the tokens go on without a browser after these token requests."""
    said(run(laptop))
    assert laptop.realm.seen().token_requests == list(refreshes)
    assert laptop.realm.seen().revoked_grants == 0
    assert len(laptop.browser.opened()) == 1


def test_a_lock_file_of_a_crash_costs_no_refresh_token(laptop: Laptop, signed_in: Path) -> None:
    """Nothing is sent; the error names the file and how old it is, and the hint removes it."""
    lock = signed_in.with_name("config.lock")
    lock.touch()
    os.utime(lock, (time.time() - 7300, time.time() - 7300))
    content = signed_in.read_bytes()
    error, hint = complaint(run(laptop))
    assert f"{lock}, " in error
    assert " 2 h 1 min" in error
    assert f"rm {lock}" in hint
    assert laptop.realm.seen().total == 0
    assert signed_in.read_bytes() == content
    lock.unlink()
    goes_on(laptop, "refresh_token")


def test_kubectl_s_lock_is_held_while_the_refresh_is_on_its_way(laptop: Laptop, signed_in: Path) -> None:
    """And is free afterwards; nothing else is left in the directory."""
    laptop.realm.fail_next("/token", delay_ms=1000)
    running = laptop.begin(laptop.browser.flag, "--listen-address=127.0.0.1:0")
    wait_until(lambda: laptop.realm.seen().total, "the refresh is sent")
    assert signed_in.with_name("config.lock").exists()
    said(running.ended())
    assert [path.name for path in signed_in.parent.iterdir() if path.is_file()] == ["config"]


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("milliseconds", [400, 4000])
def test_a_signal_while_the_refresh_is_on_its_way_costs_nothing(
    laptop: Laptop, signed_in: Path, signum: signal.Signals, milliseconds: int
) -> None:
    """The answer is written by the program, or by a process in the background if it takes long, and kubectl's lock is freed."""
    old = config_of(signed_in)
    laptop.realm.fail_next("/token", delay_ms=milliseconds)
    running = laptop.begin(laptop.browser.flag, "--listen-address=127.0.0.1:0")
    wait_until(lambda: laptop.realm.seen().total, "the refresh is sent")
    running.send(signum)
    began = time.monotonic()
    ended = running.ended()
    assert (ended.status, ended.stdout) == (128 + signum, "")
    assert time.monotonic() - began < 3
    wait_until(lambda: not signed_in.with_name("config.lock").exists(), "the lock is free")
    new = config_of(signed_in)
    assert new["id-token"] != old["id-token"]
    assert new["refresh-token"] != old["refresh-token"]
    goes_on(laptop, "refresh_token")
    assert [path.name for path in signed_in.parent.iterdir() if path.is_file()] == ["config"]


def mounted(laptop: Laptop, kubeconfig: Path, script: str = 'exec "$@"') -> Ended:
    """Run the program where the kubeconfig is a file that is mounted by itself, as `docker run -v` does it."""
    outside = kubeconfig.with_name("outside")
    kubeconfig.rename(outside)
    kubeconfig.touch()
    within = f'mount --bind "$1" "$2"; shift 2; {script}'
    command = [*mounting(), "sh", "-c", within, "sh", str(outside), str(kubeconfig), str(parts.plugin())]
    running = laptop.begin(laptop.browser.flag, "--listen-address=127.0.0.1:0", command=command)
    ended = running.ended()
    kubeconfig.unlink()
    outside.rename(kubeconfig)
    return ended


def test_a_file_that_is_mounted_by_itself_is_written_in_place(laptop: Laptop, signed_in: Path) -> None:
    """A rename over it is not possible; it keeps its inode, and no backup is left."""
    inode, old = signed_in.stat().st_ino, config_of(signed_in)
    said(mounted(laptop, signed_in))
    assert signed_in.stat().st_ino == inode
    assert config_of(signed_in)["refresh-token"] != old["refresh-token"]
    assert [path.name for path in signed_in.parent.iterdir() if path.is_file()] == ["config"]
    goes_on(laptop, "refresh_token")


BREAKS = """
import os, pathlib
target = os.environ["BREAKS"]
real = os.rename, os.replace, os.open

def opened(path, flags, *rest, **more):
    if str(path) == target and flags & os.O_WRONLY and os.path.exists(target + ".sent"):
        raise OSError(28, "No space left on device")
    return real[2](path, flags, *rest, **more)

def renamed(old, new, *rest, **more):
    if str(new) == target:
        raise OSError(16, "Device or resource busy")
    return real[0](old, new, *rest, **more)

os.open, os.replace = opened, renamed
"""


@pytest.fixture
def breaking(tmp_path: Path, kubeconfig: Path) -> dict[str, str]:
    """Have a disk on which the kubeconfig cannot be written any more once FILE.sent exists."""
    (tmp_path / "breaks").mkdir()
    (tmp_path / "breaks" / "sitecustomize.py").write_text(BREAKS)
    return {"PYTHONPATH": str(tmp_path / "breaks"), "BREAKS": os.path.realpath(kubeconfig)}


def broken_once_sent(laptop: Laptop, signed_in: Path, env: dict[str, str]) -> Ended:
    """Run the program, whose kubeconfig cannot be written any more as soon as the refresh token is on its way."""
    laptop.realm.fail_next("/token", delay_ms=700)
    running = laptop.begin(laptop.browser.flag, "--listen-address=127.0.0.1:0", env=env)
    wait_until(lambda: laptop.realm.seen().total, "the refresh is sent")
    signed_in.with_name("config.sent").touch()
    ended = running.ended()
    signed_in.with_name("config.sent").unlink()
    return ended


def test_what_cannot_be_written_is_kept_and_written_by_the_next_run(
    laptop: Laptop, signed_in: Path, breaking: dict[str, str]
) -> None:
    """Exit 1 with the place, a private file; the next run sends no used refresh token and asks nobody."""
    content = signed_in.read_bytes()
    said = failure(broken_once_sent(laptop, signed_in, breaking), "kubeconfig", str(signed_in))
    assert signed_in.read_bytes() == content
    (kept,) = (Path.home() / ".kube" / "cache" / "oidc-login" / "unwritten").iterdir()
    assert str(kept) in said
    assert kept.stat().st_mode & 0o777 == 0o600
    goes_on(laptop, "refresh_token", "refresh_token")
    assert not kept.exists()
    new = config_of(signed_in)
    assert files_with(new["refresh-token"], new["id-token"]) == [signed_in]


def test_what_can_be_kept_nowhere_is_printed(
    laptop: Laptop, signed_in: Path, breaking: dict[str, str]
) -> None:
    """On standard output, which nobody else uses in this mode; the exit status says that something is left to do."""
    unwritten = Path.home() / ".kube" / "cache" / "oidc-login" / "unwritten"
    unwritten.parent.mkdir(parents=True, exist_ok=True)
    unwritten.write_text("in the way")
    ended = broken_once_sent(laptop, signed_in, breaking)
    assert ended.status == 1
    assert topics(ended.stderr) == ["kubeconfig"]
    (line,) = ended.stdout.splitlines()
    key, token = line.split(": ")
    assert key == "refresh-token"
    assert token not in ended.stderr
    text = signed_in.read_text().replace(config_of(signed_in)["refresh-token"], token)
    signed_in.write_text(text)
    goes_on(laptop, "refresh_token", "refresh_token")


def test_purge_all_removes_what_could_not_be_written(
    laptop: Laptop, signed_in: Path, breaking: dict[str, str]
) -> None:
    """Tokens that rest in the cache directory are ours to remove."""
    broken_once_sent(laptop, signed_in, breaking)
    ended = laptop.run("purge", "--all")
    assert ended.status == 0, ended.stderr
    assert list((Path.home() / ".kube" / "cache" / "oidc-login" / "unwritten").iterdir()) == []


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o640, True), (0o644, True), (0o604, True)])
def test_a_kubeconfig_that_others_can_read_is_warned_of(
    laptop: Laptop,
    kubeconfig: Path,
    mode: int,
    *,
    warned: bool,
) -> None:
    """One warning with the mode and the command; the mode stays the person's choice."""
    kubeconfig.chmod(mode)
    lines = [line for line in said(run(laptop)).splitlines() if line.startswith("warning: ")]
    assert len(lines) == warned
    if warned:
        assert f"{mode:04o}" in lines[0]
        assert f"chmod 600 {kubeconfig}" in lines[0]
    assert kubeconfig.stat().st_mode & 0o777 == mode
