"""Stores that refuse, fill up or are no stores: whoever signed in has the token, one warning and exit 0, every time."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.fast_path.kernel_keyring import KeyringCall
from tests import seccomp
from tests.reasons import BEFORE_THE_HOST
from tests.sessions import need_the_kernel_keyring

from .laptop import cache, claims_of, token_of
from .mounts import LaptopWithin, mounting
from .said import beside_the_reason, files_with, warning
from .users import somebody_else

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .kernel_keys import KernelKeys
    from .laptop import Laptop
    from .users import User

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

SETPERM = 5  # KEYCTL_SETPERM
ENDED = 5  # seconds; a token that ends so soon is not handed out a second time
REFUSALS = {"EPERM": "Operation not permitted", "ENOSYS": "Function not implemented"}


@pytest.fixture
def within(laptop: Laptop) -> LaptopWithin:
    """Have a laptop whose program the test runs by another command."""
    return LaptopWithin(laptop.realm, laptop.browser, laptop.begin)


@pytest.fixture
def user() -> Iterator[User]:
    """Have another user of the machine."""
    yield from somebody_else()


# The kernel keyring


@pytest.mark.parametrize("error", REFUSALS)
def test_a_kernel_keyring_that_is_forbidden_costs_nobody_a_token(within: LaptopWithin, error: str) -> None:
    """Asked for where seccomp forbids it: token printed, one warning with another place to choose, nothing in a file."""
    need_the_kernel_keyring()
    within.within = tuple(seccomp.without_kernel_keyring(error))
    within.storage = "kernel"
    for _ in range(2):
        ended = within.get_token()
        said = warning(ended)
        assert "kernel keyring" in said
        assert "--token-cache-storage=keyring" in said
        assert files_with(token_of(ended.stdout)) == []


@pytest.mark.parametrize("error", REFUSALS)
def test_a_kernel_keyring_that_becomes_forbidden_keeps_its_session(
    within: LaptopWithin, kernel_keys: KernelKeys, error: str
) -> None:
    """The same command in a container: the token of another sign-in, one warning; outside the session is as good as before."""
    within.storage = "kernel"
    token = within.signed_in()
    before = kernel_keys.sessions()
    within.within = tuple(seccomp.without_kernel_keyring(error))
    ended = within.get_token()
    assert "kernel keyring" in warning(ended)
    assert token_of(ended.stdout) != token
    within.within = ()
    assert kernel_keys.sessions() == before
    within.realm.forget()
    assert within.signed_in() == token
    assert within.realm.seen().total == 0


@pytest.mark.parametrize("error", REFUSALS)
def test_where_the_kernel_keyring_is_forbidden_auto_takes_the_disk(
    bare_laptop: LaptopWithin, kernel_keys: KernelKeys, error: str
) -> None:
    """No container marks this place: it is said once, and the session rests in files."""
    bare_laptop.within = (*bare_laptop.within, *seccomp.without_kernel_keyring(error))
    ended = bare_laptop.get_token()
    note = beside_the_reason(ended.stderr)
    assert note.startswith("note: ")
    assert all(name in note for name in (str(cache() / "tokens"), "--token-cache-storage=disk"))
    assert kernel_keys.sessions() == {}
    assert files_with(token_of(ended.stdout)) != []


@contextlib.contextmanager
def not_readable(kernel_keys: KernelKeys, *kinds: str) -> Iterator[None]:
    """Have keys that are found and cannot be read, because nobody possesses them: keyctl_setperm(3).

    Args:
        kernel_keys: The keys of the test.
        kinds: ``session``, ``credential``.
    """
    call = KeyringCall()
    home = call.home()
    found = [call.find(home, f"kubectl-oidc:{kind}:{kernel_keys.session_id()}".encode()) for kind in kinds]
    keys = [key for key in found if key is not None]
    assert len(keys) == len(kinds)
    for key in keys:
        call.keyctl(SETPERM, key, 0x37210000)  # no search for who holds the keyring; the owner may undo it
    yield
    for key in keys:
        call.keyctl(SETPERM, key, 0x3F010000)


def test_a_credential_that_is_found_and_not_readable_costs_a_moment(
    laptop: Laptop, kernel_keys: KernelKeys
) -> None:
    """The fast path misses it; the session answers, without a request, a word or a browser."""
    laptop.storage = "kernel"
    token = laptop.signed_in()
    laptop.realm.forget()
    with not_readable(kernel_keys, "credential"):
        ended = laptop.get_token()
        assert (token_of(ended.stdout), ended.stderr) == (token, "")
    assert laptop.realm.seen().total == 0


def test_a_session_that_is_found_and_not_readable_costs_nobody_a_token(
    laptop: Laptop, kernel_keys: KernelKeys
) -> None:
    """Token printed, one warning that names the keyring and the cause; readable again, the session is as good as before."""
    laptop.storage = "kernel"
    token = laptop.signed_in()
    with not_readable(kernel_keys, "session", "credential"):
        ended = laptop.get_token()
        said = warning(ended)
        assert "kernel keyring" in said
        assert "Permission denied" in said
        assert "--token-cache-storage=keyring" in said
        assert token_of(ended.stdout) != token
        assert files_with(token_of(ended.stdout)) == []
    assert laptop.signed_in() == token


def test_over_quota_an_ordinary_user_has_the_token(laptop: Laptop, user: User) -> None:
    """A session that does not fit beside the user's other keys: token printed, one warning that says why, every time."""
    need_the_kernel_keyring()
    laptop.storage = "kernel"
    laptop.realm.set_groups(alice=[f"team-{number:04}-of-a-large-company" for number in range(600)])
    for times in (1, 2):
        running = user.start(laptop, "--token-cache-storage=kernel")
        user.signs_in(laptop, "alice", times=times)
        ended = running.ended()
        token = token_of(ended.stdout)
        assert len(token) > 20_000
        if not beside_the_reason(ended.stderr):
            # The kernel decides that, in CI too; nothing can be installed to change it.
            pytest.skip("this kernel has big_key, or gives its users a larger quota")
        said = warning(ended)
        assert "keyring" in said
        assert "--token-cache-storage=keyring" in said
        written = [path for path in user.home.rglob("*") if path.is_file()]
        assert [path for path in written if token.encode() in path.read_bytes()] == []


# The OS keyring

PLAINTEXT = """
import keyring.backend
from pathlib import Path

class Keyring(keyring.backend.KeyringBackend):
    priority = 9
    def _file(self, service):
        return Path.home() / "plain" / service.replace("/", "-")
    def get_password(self, service, username):
        return self._file(service).read_text() if self._file(service).exists() else None
    def set_password(self, service, username, password):
        self._file(service).parent.mkdir(exist_ok=True)
        self._file(service).write_text(password)
    def delete_password(self, service, username):
        self._file(service).unlink()
"""


@pytest.fixture
def plaintext(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Have a plain-text backend installed, which the keyring library finds and prefers, and return its name."""
    place = tmp_path / "site"
    (place / "plaintext_keyring-1.dist-info").mkdir(parents=True)
    (place / "plaintext_keyring.py").write_text(PLAINTEXT)
    (place / "plaintext_keyring-1.dist-info" / "METADATA").write_text("Name: plaintext-keyring\nVersion: 1\n")
    (place / "plaintext_keyring-1.dist-info" / "entry_points.txt").write_text(
        "[keyring.backends]\nplain = plaintext_keyring\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(place))
    return "plaintext_keyring.Keyring"


def test_auto_does_not_take_a_plain_text_backend_for_a_keyring(laptop: Laptop, plaintext: str) -> None:
    """It would be the first that the library finds; the session rests on disk, in files of ours, and that is said."""
    laptop.storage = "auto"
    ended = laptop.get_token(env={"CI": "1"})
    assert plaintext
    note = beside_the_reason(ended.stderr)
    assert note.startswith("note: ")
    assert all(name in note for name in (str(cache() / "tokens"), "--token-cache-storage=disk"))
    assert not (Path.home() / "plain").exists()
    assert len(list((cache() / "tokens").iterdir())) == 1


def test_a_keyring_that_is_asked_for_is_no_plain_text(laptop: Laptop, plaintext: str) -> None:
    """Token printed, one warning: there is no OS keyring; no silent fall to plain text."""
    assert plaintext
    laptop.storage = "keyring"
    ended = laptop.get_token()
    assert "OS keyring" in warning(ended)
    assert files_with(token_of(ended.stdout)) == []


def test_who_names_a_plain_text_backend_gets_it(laptop: Laptop, plaintext: str) -> None:
    """PYTHON_KEYRING_BACKEND settles it: the session rests there, and a purge empties it."""
    env = {"CI": "1", "PYTHON_KEYRING_BACKEND": plaintext}
    laptop.storage = "auto"
    token = laptop.signed_in(env=env)
    laptop.realm.forget()
    assert laptop.signed_in(env=env) == token
    assert laptop.realm.seen().total == 0
    assert files_with(token) != []
    assert {path.parent.name for path in files_with(token)} == {"plain"}
    assert laptop.purge(env=env).status == 0
    assert list((Path.home() / "plain").iterdir()) == []


# Files


def read_only_home() -> list[str]:
    """Return the command that runs another one with the test's home mounted read-only."""
    script = 'mount --bind "$HOME" "$HOME" && mount -o remount,bind,ro "$HOME" && exec "$@"'
    return [*mounting(), "sh", "-c", script, "sh"]


@pytest.mark.parametrize("storage", ["disk", "auto"])
def test_a_home_that_is_read_only_costs_nobody_a_token(within: LaptopWithin, storage: str) -> None:
    """Token printed, one warning that says so and names the flag, every time; nothing is written."""
    within.within = tuple(read_only_home())
    within.storage = storage
    for _ in range(2):
        ended = within.get_token(env={"CI": "1"})
        assert claims_of(token_of(ended.stdout))["sub"] == "alice"
        said = warning(ended)
        assert "Read-only file system" in said
        assert "--token-cache-dir" in said
    assert list(Path.home().iterdir()) == []


def test_a_home_that_became_read_only_answers_with_what_it_has(within: LaptopWithin) -> None:
    """A good token is printed as before; when it has ended a person signs in, with one warning, and the session stays."""
    within.realm.id_tokens_live(ENDED)
    within.signed_in()
    before = within.stored()
    within.realm.id_tokens_live(3600)
    within.within = tuple(read_only_home())
    ended = within.get_token()
    assert claims_of(token_of(ended.stdout))["sub"] == "alice"
    assert "Read-only file system" in warning(ended)
    assert within.stored() == before


def test_a_disk_that_became_full_costs_neither_token_nor_session(
    within: LaptopWithin, tmp_path: Path
) -> None:
    """A small tmpfs is filled after the sign-in: the token is printed with one warning; with room again the session goes on."""
    within.realm.id_tokens_live(ENDED)
    # Longer than the one block that a lock file leaves free while it is written anew.
    within.realm.set_groups(alice=[f"team-{number:04}-of-a-large-company" for number in range(150)])
    script = (
        'mount -t tmpfs -o size=256k,mode=700 none "$1"; dir=$1/dir; all=$1/all; shift; '
        '"$@" "--token-cache-dir=$dir" >/dev/null || exit 9; rm -r "$dir/credentials"; sleep 1; '
        'dd if=/dev/zero "of=$all" 2>/dev/null; "$@" "--token-cache-dir=$dir"; status=$?; rm "$all"; '
        '"$@" "--token-cache-dir=$dir" >/dev/null || exit 8; ls -A "$dir/tokens" | wc -l >&2; exit "$status"'
    )
    (tmp_path / "disk").mkdir()
    within.within = (*mounting(), "sh", "-c", script, "sh", str(tmp_path / "disk"))
    ended = within.get_token(timeout=60)
    assert ended.status == 0, ended.stderr
    assert claims_of(token_of(ended.stdout))["sub"] == "alice"
    lines = ended.stderr.splitlines()  # of two sign-ins, each with its reason
    said, files = [line for line in lines if not line.startswith(BEFORE_THE_HOST)]
    assert said.startswith("warning: ")
    assert "No space left on device" in said
    assert files.strip() == "1", "one session and no half-written file"
    seen = within.realm.seen()
    assert seen.token_requests == ["authorization_code", "authorization_code", "refresh_token"]
    assert seen.revoked_grants == 0
