"""Another user of the same machine, for whom the tests must be root."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import parts
from tests.plugin import wait_until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.plugin import Running

    from .laptop import Laptop


class User:
    """Somebody else, with a home of their own and a browser that writes down what it opens.

    Args:
        uid: The user id.
        place: A directory that every user can reach.
    """

    def __init__(self, uid: int, place: Path) -> None:
        self.uid = uid
        self.home = place / "home"
        self.commons = place / "tmp"
        self.home.mkdir(mode=0o700)
        self.commons.mkdir()
        self.commons.chmod(0o1777)
        self._inbox = self.home / "opened"
        self._browser = self.home / "browser"
        self._browser.write_text(f'#!/bin/sh\nprintf "%s\\n" "$1" >> {shlex.quote(str(self._inbox))}\n')
        self._browser.chmod(0o755)
        give(self.home, uid)

    def environment(self, home: Path | None = None) -> dict[str, str]:
        """Return what the user's programs have: HOME and a temporary directory that all users share."""
        return {"HOME": str(home or self.home), "TMPDIR": str(self.commons)}

    def start(self, laptop: Laptop, *more: str, home: Path | None = None) -> Running:
        """Start ``get-token`` as this user, with the laptop's flags; ``home`` is another HOME than their own."""
        words = [*laptop.words(*more), f"--browser-command={self._browser}"]
        # They have no login session, and so no runtime directory. setpriv comes last: it may still start what only root can
        # reach, such as a Python in root's home.
        command = [*without_runtime_directory(), *as_user(self.uid), str(parts.plugin())]
        return laptop.begin(*words, env=self.environment(home), command=command)

    def signs_in(self, laptop: Laptop, name: str, *, times: int = 1) -> None:
        """Wait for the user's browser to be opened, ``times`` times in all, and sign in at what it was given last."""
        wait_until(lambda: len(self.opened()) >= times, "the other user's browser opens")
        laptop.scripted.signs_in_as(name)
        subprocess.run([laptop.scripted.command, self.opened()[-1]], check=True, timeout=20)

    def opened(self) -> list[str]:
        """Return the URLs that the program asked to open, in order."""
        return self._inbox.read_text().splitlines() if self._inbox.exists() else []


def without_runtime_directory() -> list[str]:
    """Return the command that runs another one without XDG_RUNTIME_DIR, as on many servers."""
    return [parts.program("env"), "-u", "XDG_RUNTIME_DIR"]


def as_user(uid: int) -> list[str]:
    """Return the command that runs another one as a user."""
    return [parts.program("setpriv"), f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]


def give(place: Path, uid: int) -> None:
    """Give a directory and all that is in it to a user."""
    for path in (place, *place.rglob("*")):
        os.chown(path, uid, uid, follow_symlinks=False)


def owned_by(place: Path, uid: int) -> list[Path]:
    """Return what a user owns at ``place`` and below."""
    return [path for path in (place, *place.rglob("*")) if path.lstat().st_uid == uid]


def somebody_else() -> Iterator[User]:
    """Have another user of the machine, where that can be."""
    if os.geteuid() != 0:
        # On a laptop nobody runs tests as root; CI does.
        pytest.skip("only root can become another user")
    uid = 60_000 + os.getpid() % 5_000
    done = subprocess.run(
        [*as_user(uid), str(parts.plugin()), "version"], capture_output=True, cwd="/", timeout=20, check=False
    )
    if done.returncode:
        parts.missing("another user may not read this Python, or the program")
    place = Path(tempfile.mkdtemp(prefix="oidc-user-"))
    place.chmod(0o755)
    try:
        yield User(uid, place)
    finally:
        shutil.rmtree(place)
