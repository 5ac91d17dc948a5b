"""Where a session rests when nobody says so, and what happens where it can rest nowhere."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.reasons import NOT_STORED

from .laptop import cache, token_of
from .mounts import LaptopWithin, on_a_full_disk, without_a_home
from .said import beside_the_reason, files_with, reason, warning

if TYPE_CHECKING:
    from collections.abc import Callable

    from .kernel_keys import KernelKeys
    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

NOT_OURS_ALONE = {
    "in CI": {"CI": "true"},
    "in a pod": {"KUBERNETES_SERVICE_HOST": "10.96.0.1"},
}


def test_without_a_desktop_auto_takes_the_kernel(bare_laptop: LaptopWithin, kernel_keys: KernelKeys) -> None:
    """On a server without an OS keyring the session rests in the kernel keyring, in no file, and nothing is said."""
    ended = bare_laptop.get_token()
    token = token_of(ended.stdout)
    assert (ended.status, beside_the_reason(ended.stderr)) == (0, "")
    assert len(kernel_keys.sessions()) == len(kernel_keys.credentials()) == 1
    assert files_with(token) == []
    bare_laptop.realm.forget()
    assert bare_laptop.signed_in() == token
    assert bare_laptop.realm.seen().total == 0


@pytest.mark.parametrize("where", NOT_OURS_ALONE)
def test_where_others_read_the_kernel_keyring_auto_takes_the_disk(
    bare_laptop: LaptopWithin, kernel_keys: KernelKeys, where: str
) -> None:
    """In a container or CI the session rests in files; it is said once, in one line, with the flag that settles it."""
    env = NOT_OURS_ALONE[where]
    first = bare_laptop.get_token(env=env)
    token = token_of(first.stdout)
    (note,) = beside_the_reason(first.stderr).splitlines()
    assert note.startswith("note: ")
    assert str(cache() / "tokens") in note
    assert "--token-cache-storage=disk" in note
    assert kernel_keys.sessions() == kernel_keys.credentials() == {}
    assert files_with(token) != []

    bare_laptop.realm.forget()
    second = bare_laptop.get_token(env=env)
    assert (token_of(second.stdout), second.stderr) == (token, "")
    assert bare_laptop.realm.seen().total == 0
    refreshed = bare_laptop.get_token("--force-refresh", env=env)
    assert (refreshed.status, refreshed.stderr) == (0, ""), "a refresh does not say it again"


def test_the_choice_is_kept_with_the_session(bare_laptop: LaptopWithin, kernel_keys: KernelKeys) -> None:
    """A session that auto put on disk stays there when the kernel keyring could be had later."""
    bare_laptop.signed_in(env={"CI": "true"})
    bare_laptop.signed_in("--force-refresh")
    assert kernel_keys.sessions() == {}
    assert len(bare_laptop.browser.opened()) == 1


def test_none_keeps_nothing(laptop: Laptop) -> None:
    """--token-cache-storage=none: each call signs in, and no file knows of it."""
    laptop.storage = "none"
    ended = [laptop.get_token() for _ in range(2)]
    assert [len(one.stderr.splitlines()) for one in ended] == [1, 1]
    assert all(NOT_STORED in reason(one.stderr) for one in ended)
    tokens = {token_of(one.stdout) for one in ended}
    assert len(tokens) == len(laptop.browser.opened()) == 2
    assert files_with("alice") == []
    assert laptop.stored() == {}


def a_file_in_its_place(place: Path) -> Path:
    place.write_text("no directory")
    return place


def nothing_can_be_made_there(_place: Path) -> Path:
    return Path("/proc/kubectl-oidc")


def everybody_can_write_there(place: Path) -> Path:
    place.mkdir()
    place.chmod(0o777)
    return place


def a_link_for_our_directory(place: Path) -> Path:
    (place / "elsewhere").mkdir(parents=True)
    for name in ("tokens", "sessions", "credentials"):
        (place / name).symlink_to(place / "elsewhere")
    return place


@pytest.mark.parametrize(
    "make",
    [
        a_file_in_its_place,
        nothing_can_be_made_there,
        everybody_can_write_there,
        a_link_for_our_directory,
    ],
)
def test_a_directory_that_cannot_be_used_costs_nobody_a_token(
    laptop: Laptop, tmp_path: Path, make: Callable[[Path], Path]
) -> None:
    """Where the cache directory is not to be used: token printed, one warning that names it, exit 0, nothing written."""
    place = make(tmp_path / "cache")
    before = sorted(place.rglob("*"))
    ended = laptop.get_token(f"--token-cache-dir={place}")
    assert token_of(ended.stdout)
    said = warning(ended)
    assert str(place) in said
    there = [path for path in place.rglob("*") if path.name not in {"metadata", "locks"} and path.is_dir()]
    assert sorted(there) == [path for path in before if path.is_dir()]
    assert files_with(token_of(ended.stdout)) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give a file away")
def test_a_directory_of_somebody_else_is_not_used(laptop: Laptop, tmp_path: Path) -> None:
    """A cache directory that another user owns (sudo with that user's HOME) is refused, and nothing is left in it."""
    place = tmp_path / "cache"
    place.mkdir(mode=0o700)
    os.chown(place, 12345, 12345)
    ended = laptop.get_token(f"--token-cache-dir={place}")
    assert token_of(ended.stdout)
    assert str(place) in warning(ended)
    assert list(place.iterdir()) == []


@pytest.fixture
def laptop_within(laptop: Laptop) -> LaptopWithin:
    """Have a laptop whose program the test runs by another command."""
    return LaptopWithin(laptop.realm, laptop.browser, laptop.begin)


def test_a_home_that_is_not_there_costs_nobody_a_token(laptop: Laptop) -> None:
    """Where HOME does not exist and cannot be made: token printed, one warning, exit 0."""
    ended = laptop.get_token(env={"HOME": "/proc/nobody"})
    assert token_of(ended.stdout)
    assert "/proc/nobody/.kube/cache/oidc-login" in warning(ended)


def test_without_a_home_the_token_is_printed(laptop_within: LaptopWithin) -> None:
    """Without HOME, for a user whom no database knows: token printed, one warning, exit 0, and no place is made up."""
    laptop_within.within = tuple(without_a_home())
    ended = laptop_within.get_token()
    assert token_of(ended.stdout)
    assert "--token-cache-dir" in warning(ended)


def test_an_empty_home_is_none(laptop: Laptop) -> None:
    """HOME="" names no directory: token printed, one warning, exit 0; nothing is put under the root directory."""
    ended = laptop.get_token(env={"HOME": ""})
    assert token_of(ended.stdout)
    assert "--token-cache-dir" in warning(ended)
    assert not Path("/.kube").exists()


@pytest.mark.parametrize("storage", ["disk", "auto"])
def test_a_full_disk_costs_nobody_a_token(laptop_within: LaptopWithin, tmp_path: Path, storage: str) -> None:
    """On a disk on which nothing more fits: token printed, one warning that says so, exit 0, every time."""
    place = tmp_path / "disk"
    place.mkdir()
    laptop_within.within = tuple(on_a_full_disk(place))
    laptop_within.storage = storage
    for _ in range(2):
        ended = laptop_within.get_token(f"--token-cache-dir={place / 'dir'}", env={"CI": "1"})
        assert token_of(ended.stdout)
        assert "No space left on device" in warning(ended)
