"""``kill -9`` at any point while a session is written: afterwards the old or the new one is there, whole, and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import keyring_files, parts, processes
from tests.sessions import need_the_kernel_keyring, posix_only

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = posix_only  # a writer is forked


@pytest.fixture
def home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Have home and runtime directory in memory, where there is such a file system: they are copied hundreds of times."""
    with tempfile.TemporaryDirectory(prefix="killed-", dir=processes.memory()) as name:
        home = Path(name, "home")
        home.mkdir(mode=0o700)
        monkeypatch.setenv("HOME", str(home))
        monkeypatch.setenv("XDG_RUNTIME_DIR", name)
        yield home


STORES = ("disk", "kernel", "windows", "macos")
WRITINGS = ("sign-in", "another", "refresh")


def killed(
    home: Path, writings: tuple[str, ...], stores: tuple[str, ...], length: int, every: int
) -> list[dict[str, int]]:
    """Kill writers in a separate program, which fails if anything is wrong, and return its counts.

    Args:
        home: The test's home.
        writings: What is written; see ``tests.killing``.
        stores: The store, and for a move the former one.
        length: The length of the ID tokens.
        every: Kill at every nth step; 0 for each step after which the stored files differ.
    """
    if "kernel" in stores:
        need_the_kernel_keyring()
        if length > 4_000 and os.geteuid() != 0:
            pytest.skip("an ordinary user's quota of keys has no room for it")
    (kind,) = {"windows", "macos"} & set(stores) or {"windows"}
    names = ["keyring" if store in {"windows", "macos"} else store for store in stores]
    done = subprocess.run(
        [sys.executable, "-m", "tests.killing", ",".join(writings), ",".join(names), str(length), str(every)],
        cwd=parts.REPOSITORY,
        env={**os.environ, **keyring_files.environ(kind, home / "keyring")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answer: list[dict[str, int]] = json.loads(done.stdout)
    assert len(answer) == len(writings)
    return answer


@pytest.mark.parametrize(
    ("length", "store"),
    [
        *((length, "windows") for length in (1_281, 4_000, 20_000)),  # in so many more parts
        (4_000, "kernel"),  # read at once, and not
        (20_000, "kernel"),
        (20_000, "disk"),
        (20_000, "macos"),
    ],
)
def test_killed_wherever_it_leaves_something_else_one_whole_session_is_there(
    home: Path, length: int, store: str
) -> None:
    """First sign-in, another person's, a refresh with rotation: the old or the new session is there, never an older one.

    The published credential is one of theirs. A later save leaves no half-written file and no stray part, and a purge leaves
    nothing at all.
    """
    for done in killed(home, WRITINGS, (store,), length, every=0):
        assert done["kills"] >= 4
        assert done["states"] >= 5


@pytest.mark.parametrize("store", STORES)
def test_killed_while_it_purges_the_session_is_whole_or_gone(home: Path, store: str) -> None:
    """Once it is not used any more it is never used again, and the next purge removes the rest."""
    (done,) = killed(home, ("purge",), (store,), 1_281, every=0)
    assert done["kills"] >= 4


@pytest.mark.parametrize("store", STORES)
def test_killed_step_by_step_one_whole_session_is_there(home: Path, store: str) -> None:
    """The same at one step in ninety of a refresh."""
    (done,) = killed(home, ("refresh",), (store,), 1_281, every=91)
    assert done["kills"] >= 30


@pytest.mark.parametrize(
    ("to", "before"),
    [
        ("disk", "kernel"),
        ("kernel", "disk"),
        ("disk", "windows"),
        ("windows", "disk"),
        ("kernel", "windows"),
        ("windows", "kernel"),
    ],
)
def test_killed_while_it_moves_the_newest_session_is_found_from_either_store(
    home: Path, to: str, before: str
) -> None:
    """A refresh that moves the session, or only a move: no older copy is used, and no copy is left at the end."""
    for done in killed(home, ("move", "settle"), (to, before), 4_000, every=0):
        assert done["kills"] >= 10
