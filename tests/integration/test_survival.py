"""What a session survives, and who can read it: the lines of docs/where-tokens-rest.md that a test can show."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import parts

from .laptop import cache, token_of
from .mounts import LaptopWithin
from .on_terminal import OnTerminal
from .said import files_with
from .users import as_user, somebody_else

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .kernel_keys import KernelKeys
    from .laptop import Laptop
    from .users import User

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here


@pytest.fixture
def user() -> Iterator[User]:
    """Have another user of the machine."""
    yield from somebody_else()


@pytest.mark.parametrize("storage", ["disk", "kernel"])
def test_a_session_outlives_the_terminal_that_it_was_made_at(
    laptop: Laptop, kernel_keys: KernelKeys, storage: str
) -> None:
    """The terminal is closed: the next command, without one, has the same token without a request."""
    laptop.storage = storage
    with OnTerminal(*laptop.words()) as terminal:
        token = token_of(terminal.ended().stdout)
    laptop.realm.forget()
    assert laptop.signed_in() == token
    assert laptop.realm.seen().total == 0
    assert len(kernel_keys.sessions()) == (1 if storage == "kernel" else 0)


def test_a_session_in_the_kernel_outlives_the_login_session(laptop: Laptop, kernel_keys: KernelKeys) -> None:
    """Each login has a session keyring of its own, which ends with it: ours is not in there."""
    login = LaptopWithin(laptop.realm, laptop.browser, laptop.begin, storage="kernel")
    login.within = (parts.program("keyctl"), "session", "-")
    token = login.signed_in()
    login.realm.forget()
    assert login.signed_in() == token
    assert login.realm.seen().total == 0
    assert len(kernel_keys.sessions()) == 1


def test_a_session_on_disk_is_read_by_its_owner_alone(signed_in: Laptop, user: User) -> None:
    """Another user of the machine, who can reach the directory, cannot open one file; a program of yours can."""
    token = signed_in.signed_in()
    place = user.home.parent / "cache"
    shutil.copytree(cache(), place)
    place.chmod(0o755)  # the cache directory itself may be open: people make it themselves
    for path in [path for path in place.rglob("*") if path.is_file()]:
        done = subprocess.run(
            [*as_user(user.uid), parts.program("cat"), str(path)],
            capture_output=True,
            timeout=20,
            check=False,
        )
        assert (done.returncode, done.stdout) == (1, b""), path
        assert b"Permission denied" in done.stderr
    assert {path.parent.name for path in files_with(token)} == {"tokens", "credentials"}


def test_a_session_on_disk_lies_in_a_backup_as_it_is(signed_in: Laptop, tmp_path: Path) -> None:
    """Whoever has a copy of the home directory has the tokens, and the session works once it is put back."""
    token = signed_in.signed_in()
    (record,) = (cache() / "tokens").iterdir()
    copy = tmp_path / "restored"
    shutil.copytree(Path.home(), copy)
    (copied,) = copy.rglob(f"tokens/{record.name}")
    assert json.loads(copied.read_bytes())["id_token"] == token
    shutil.rmtree(cache())
    shutil.copytree(copy, Path.home(), dirs_exist_ok=True)
    assert signed_in.signed_in() == token
    assert signed_in.browser.opened() == []


def test_a_purge_tells_the_provider_nothing(signed_in: Laptop) -> None:
    """The refresh token dies at the provider when its own time is over."""
    assert signed_in.purge().status == 0
    assert signed_in.stored() == {}
    assert signed_in.realm.seen().total == 0
