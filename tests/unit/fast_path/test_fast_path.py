"""The fast path: it answers a remembered command with a valid credential, and imports almost nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc import fast_path
from kubectl_oidc.exec_credential import V1, V1BETA1
from kubectl_oidc.fast_path import credential, known_command
from kubectl_oidc.fast_path.credential import (
    Credential,
    parse_credential,
    read_credential,
    read_private,
    with_digest,
)
from kubectl_oidc.secret import Secret
from kubectl_oidc.system import private_files
from tests import parts
from tests.arbitrary import examples
from tests.plugin import run_plugin
from tests.sessions import (
    SECRETS,
    cache,
    credential_of,
    kept,
    key,
    linux_only,
    not_on_windows,
    posix_only,
    remembered,
    repository,
    session,
    words_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_oidc.sessions.session import Session
    from kubectl_oidc.sessions.session_key import SessionKey

NEW = "newer-id-token-of-the-test"


def known_and_good(session_key: SessionKey | None = None, storage: str = "disk", **changes: Any) -> Session:
    """Return a session with its credential and a remembered command."""
    session_key = session_key or key()
    whole = kept(repository(session_key, storage), session(session_key, **changes))
    remembered(repository(session_key, storage), words_of(session_key), storage)
    return whole


def token_in(stdout: str) -> str:
    document: dict[str, Any] = json.loads(stdout)
    token: str = document["status"]["token"]
    return token


# What the fast path may import, in addition to what the interpreter has loaded anyway (docs/architecture.md).
ALLOWED = {
    *("kubectl_oidc", "kubectl_oidc.fast_path"),
    *(f"kubectl_oidc.fast_path{name}" for name in (".credential", ".known_command")),
    *("sys", "os", "time", "_blake2"),
}
ALLOWED_FOR_THE_KERNEL = {
    "kubectl_oidc.fast_path.kernel_keyring",
    "ctypes",
    "_ctypes",
    "ctypes._endian",
    "_struct",
    "struct",
    "types",
}


def imported(command: list[str]) -> tuple[set[str], subprocess.CompletedProcess[str]]:
    """Run a command in a new interpreter that records its imports."""
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, "-X", "importtime", *command],
        env=quiet,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(re.findall(r"^import time: +\d+ \| +\d+ \| +(\S+)$", done.stderr, re.MULTILINE)), done


@linux_only
@pytest.mark.parametrize("storage", ["disk", "kernel"])
def test_a_cached_answer_imports_next_to_nothing(own_key: SessionKey, storage: str) -> None:
    """The installed program imports only the modules of an allow-list."""
    known_and_good(own_key, storage)
    bare, _ = imported(["-c", "pass"])
    used, done = imported([str(parts.plugin()), *words_of(own_key)])
    assert token_in(done.stdout) == SECRETS[0]
    assert "kubectl_oidc.fast_path" in used, "the fast path was measured"
    allowed = ALLOWED | (ALLOWED_FOR_THE_KERNEL if storage == "kernel" else set())
    assert used - bare - allowed == set()


@linux_only
def test_other_imports_would_be_noticed() -> None:
    """A command that is not remembered imports other modules, which shows that the measurement works."""
    bare, _ = imported(["-c", "pass"])
    used, _ = imported([str(parts.plugin()), "version"])
    assert {"kubectl_oidc.slow_path", "click", "re", "enum", "typing"} <= used - bare - ALLOWED


# What is answered


@pytest.mark.parametrize("version", [V1, V1BETA1])
def test_the_answer_is_one_document_of_the_version_that_was_remembered(version: str) -> None:
    """It is valid JSON for any token, with interactive false and the credential's expiry."""
    whole = session(key(), id_token=Secret('a"b\\c\n\u2028é\udc80'), expiry=1_900_000_000)
    document = credential_of(whole).exec_credential(version)
    assert document.endswith(b"}\n")
    assert document.count(b"\n") == 1
    assert json.loads(document) == {
        "kind": "ExecCredential",
        "apiVersion": version,
        "spec": {"interactive": False},
        "status": {"expirationTimestamp": "2030-03-17T17:46:40Z", "token": 'a"b\\c\n\u2028é\udc80'},
    }


def test_a_credential_hides_its_token() -> None:
    """A `repr` could be logged."""
    assert SECRETS[0] not in repr(credential_of(session(key())))


@pytest.mark.parametrize(
    ("left", "good"),
    [(3600, True), (12, True), (9, False), (1, False), (0, False), (-1, False), (-(10**9), False)],
)
def test_a_credential_that_expires_within_the_margin_is_not_used(
    left: int,
    good: bool,  # noqa: FBT001 - a table
    capfd: pytest.CaptureFixture[str],
) -> None:
    """The fast path checks the time itself. It does not answer with an expired credential."""
    known_and_good()
    repository(key()).publish(session(key(), expiry=int(time.time()) + left), 0)
    found = known_command.find_known_command(words_of(key()))
    assert found is not None
    assert fast_path.answer_from_cache(found) == (0 if good else None)
    assert bool(capfd.readouterr().out) is good
    assert not fast_path.is_valid(None, 0)


def test_an_expired_credential_is_replaced_by_what_the_session_has() -> None:
    """The slow path answers from the store, and publishes the credential for the next call."""
    whole = known_and_good(id_token=Secret(NEW))
    repository(key()).publish(session(key(), expiry=int(time.time()) - 1), 0)
    done = run_plugin(*words_of(key()))
    assert (done.returncode, done.stderr) == (0, "")
    assert token_in(done.stdout) == NEW
    found = read_credential(key().id(), "disk", str(cache()))
    assert found is not None
    assert found.expiry == whole.expiry


def test_only_get_token_is_answered_from_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other command is looked up, even with the same arguments."""
    known_and_good()
    for arguments, known in ((words_of(key()), True), ([], False), (["purge", *words_of(key())[1:]], False)):
        monkeypatch.setattr(sys, "argv", ["kubectl-oidc_login", *arguments])
        assert (fast_path.this_command() is not None) is known


# What the digest of a command depends on


def test_every_argument_and_its_position_counts() -> None:
    """Another argument, another order, or one argument split in two is another command."""
    command = ["get-token", "--a=1", "--b=2"]
    others = [
        [*command, ""],
        ["get-token", "--b=2", "--a=1"],
        ["get-token", "--a=1 --b=2"],
        ["get-token", "--a", "=1", "--b=2"],
    ]
    digests = {known_command.command_digest(arguments, "") for arguments in (command, *others)}
    assert len(digests) == 1 + len(others)
    assert known_command.command_digest(list(command), "") == known_command.command_digest(command, "")


@pytest.mark.parametrize(
    "variable",
    [
        "KUBERNETES_EXEC_INFO",
        "HOME",
        "KUBECACHEDIR",
        "XDG_RUNTIME_DIR",
        "KUBECTL_OIDC_ANYTHING",
        "KUBECTL_OIDC_",
    ],
)
def test_the_environment_that_the_answer_depends_on_counts(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Set, set to another value, or unset: three commands. Other variables do not count."""
    digests = set()
    for value in ("/one", "/two", None):
        monkeypatch.delenv(variable, raising=False)
        if value is not None:
            monkeypatch.setenv(variable, value)
        digests.add(known_command.command_digest(["get-token"], ""))
        monkeypatch.setenv("EDITOR", f"editor of {value}")
    assert len(digests) == 3


@not_on_windows("arguments and variables are Unicode there")
def test_arguments_and_environment_that_are_not_utf8_are_known_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are bytes."""
    odd = os.fsdecode(b"\xff\xfe")
    monkeypatch.setenv("KUBECTL_OIDC_ODD", odd)
    arguments = ["get-token", odd]
    remembered(repository(key()), arguments, "disk")
    assert known_command.find_known_command(arguments) is not None
    assert known_command.find_known_command(["get-token", "other"]) is None


@pytest.mark.parametrize(
    ("environ", "root"),
    [
        ({"HOME": "/home/a"}, "/home/a/.kube/cache/oidc-login"),
        ({"HOME": "/home/a", "KUBECACHEDIR": "/cache"}, "/cache/oidc-login"),
        ({"HOME": "/home/a", "KUBECACHEDIR": ""}, "/home/a/.kube/cache/oidc-login"),
        ({"HOME": "/home/a", "KUBECACHEDIR": "relative"}, ""),
        ({"HOME": "relative"}, ""),
        ({"HOME": ""}, ""),
        ({}, ""),
    ],
)
@posix_only
def test_the_cache_directory_is_kubelogin_s(
    environ: dict[str, str], root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """KUBECACHEDIR, otherwise the home directory. A relative path is ignored."""
    for name in ("HOME", "KUBECACHEDIR"):
        monkeypatch.delenv(name, raising=False)
        if name in environ:
            monkeypatch.setenv(name, environ[name])
    assert known_command.cache_root() == root
    assert known_command.find_known_command(["get-token"]) is None


# Damage


RECORD = credential_of(session(key())).record()
WORDS = known_command.KnownCommand(
    key().id(), V1BETA1, "disk", "/cache", 10, ("/run/a.lock", "/cache/b.lock")
).record()


def test_records_are_read_as_they_were_written() -> None:
    """Both of them, whole."""
    found = parse_credential(RECORD)
    assert found is not None
    assert found.record() == RECORD
    known = known_command.KnownCommand.parse(WORDS)
    assert known is not None
    assert known.record() == WORDS
    assert known.locks == ("/run/a.lock", "/cache/b.lock")


@pytest.mark.parametrize(
    ("record", "read"),
    [(RECORD, parse_credential), (WORDS, known_command.KnownCommand.parse)],
    ids=["credential", "command"],  # the record contains the time
)
def test_a_truncated_record_is_a_miss_at_every_length(record: bytes, read: Callable[[bytes], object]) -> None:
    """A shortened or extended record is refused."""
    for length in range(len(record)):
        assert read(record[:length]) is None, length
    assert read(record + b"\n") is None


@given(data=st.data())
@examples(150)
def test_a_record_with_one_damaged_byte_is_a_miss(data: st.DataObject) -> None:
    """A damaged credential is not used, and a damaged command is not answered."""
    record, read = data.draw(
        st.sampled_from([(RECORD, parse_credential), (WORDS, known_command.KnownCommand.parse)])
    )
    at = data.draw(st.integers(0, len(record) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda value: value != record[at]))
    assert read(record[:at] + bytes([byte]) + record[at + 1 :]) is None


@given(content=st.binary(max_size=200))
@examples(60)
def test_any_record_is_read_without_an_error(content: bytes) -> None:
    """Neither of them, any bytes at all."""
    assert parse_credential(content) is None
    assert known_command.KnownCommand.parse(content) is None


@pytest.mark.parametrize(
    ("record", "read"),
    [(RECORD, parse_credential), (WORDS, known_command.KnownCommand.parse)],
    ids=["credential", "command"],  # the record contains the time
)
def test_a_record_of_a_future_version_is_a_miss(record: bytes, read: Callable[[bytes], object]) -> None:
    """The first line names the version. An older version is a miss too."""
    first, _, rest = record.partition(b"\n")
    assert first.endswith(b" 2")
    for version in (b"1", b"3"):
        assert read(first[:-1] + version + b"\n" + rest) is None


def test_damaged_records_are_replaced_by_the_slow_path() -> None:
    """If the credential, the command or both are damaged, the stored session answers, and the next call takes the fast path."""
    known_and_good()
    places = [
        cache() / "credentials" / key().id(),
        cache() / "words" / known_command.command_digest(words_of(key()), ""),
    ]
    for damage in (b"garbage", None):
        for place in places:
            if damage is None:
                place.unlink()
            else:
                place.write_bytes(damage)
        done = run_plugin(*words_of(key()))
        assert (done.returncode, done.stderr) == (0, "")
        assert token_in(done.stdout) == SECRETS[0]
        found = known_command.find_known_command(words_of(key()))
        assert found is not None
        assert read_credential(found.session_id, found.place, found.directory) is not None


# Files that are not ours alone


def _symlink(path: Path, content: bytes) -> None:
    target = path.with_name("target")
    target.write_bytes(content)
    target.chmod(0o600)
    path.symlink_to(target)


def _hard_link(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o600)
    path.with_name("second").hardlink_to(path)


def _fifo(path: Path, _content: bytes) -> None:
    os.mkfifo(path, 0o600)


def _foreign(path: Path, content: bytes) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to give files to another user")
    path.write_bytes(content)
    path.chmod(0o600)
    os.chown(path, 12_345, 12_345)


def _wide(mode: int) -> Callable[[Path, bytes], None]:
    def plant(path: Path, content: bytes) -> None:
        path.write_bytes(content)
        path.chmod(mode)

    return plant


def _directory_for_all(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o600)
    path.parent.chmod(0o777)


def _foreign_directory(path: Path, content: bytes) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root, to give directories to another user")
    path.write_bytes(content)
    path.chmod(0o600)
    os.chown(path.parent, 12_345, 12_345)


def _directory(path: Path, _content: bytes) -> None:
    path.mkdir()


def _long(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    path.chmod(0o600)
    os.truncate(path, credential.LIMIT + 1)


PLANTED = {
    "symlink": _symlink,
    "hard link": _hard_link,
    "FIFO": _fifo,
    "foreign": _foreign,
    "0640": _wide(0o640),
    "0604": _wide(0o604),
    "0666": _wide(0o666),
    "directory for all": _directory_for_all,
    "foreign directory": _foreign_directory,
    "directory": _directory,
    "long": _long,
}


@posix_only
@pytest.mark.timeout(10)
@pytest.mark.parametrize("which", ["credentials", "words"])
@pytest.mark.parametrize("how", PLANTED)
def test_a_file_that_others_could_have_written_is_a_miss(which: str, how: str) -> None:
    """A valid record that others can access is a miss. A FIFO does not block. Nothing is changed."""
    known_and_good()
    path = (
        cache()
        / which
        / (key().id() if which == "credentials" else known_command.command_digest(words_of(key()), ""))
    )
    content = path.read_bytes()
    path.unlink()
    PLANTED[how](path, content)
    before = (
        path.lstat().st_mode,
        path.lstat().st_size,
        path.lstat().st_mtime_ns,
        sorted(path.parent.iterdir()),
    )

    found = known_command.find_known_command(words_of(key()))
    if which == "words":
        assert found is None
    else:
        assert found is not None
        assert fast_path.answer_from_cache(found) is None

    after = (
        path.lstat().st_mode,
        path.lstat().st_size,
        path.lstat().st_mtime_ns,
        sorted(path.parent.iterdir()),
    )
    assert after == before


def test_a_file_of_ours_alone_is_read(tmp_path: Path) -> None:
    """Without any of these, the file is read. A missing file, and a name with NUL, are misses."""
    place = private_files.ensure_directory(tmp_path / "base", "ours")
    private_files.write_private_file(place, "file", b"content")
    assert read_private(str(place), "file", 100) == b"content"
    assert read_private(str(place), "file", 7) == b"content"
    assert read_private(str(place), "file", 6) is None
    assert read_private(str(place), "absent", 100) is None
    assert read_private(str(place / "absent"), "file", 100) is None
    assert read_private(str(place), "fi\0le", 100) is None


def test_a_place_that_the_fast_path_cannot_read_is_a_miss() -> None:
    """The fast path cannot read the OS keyring."""
    known_and_good()
    for place in ("keyring", "", "elsewhere"):
        assert read_credential(key().id(), place, str(cache())) is None


# Standard output


def closed(which: str) -> subprocess.CompletedProcess[str]:
    """Run the known command with standard output closed or full."""
    return subprocess.run(
        ["/bin/sh", "-c", f'exec "$0" "$@" {which}', str(parts.plugin()), *words_of(key())],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


@posix_only
@pytest.mark.parametrize("which", [">&-", ">/dev/full", ">&- <&-"])
def test_an_unwritable_standard_output_is_a_failure(which: str) -> None:
    """Closed or full: the exit status is not 0, one line says why, and no file is changed."""
    if "full" in which and not Path("/dev/full").exists():
        pytest.skip("this system has no /dev/full")
    known_and_good()
    before = {path: path.read_bytes() for path in cache().rglob("*") if path.is_file()}
    done = closed(which)
    assert (done.returncode, done.stdout) == (1, "")
    error, hint = done.stderr.splitlines()
    assert error.startswith("error: ")
    assert hint.endswith("(troubleshooting: standard-output)")
    assert {path: path.read_bytes() for path in cache().rglob("*") if path.is_file()} == before


@posix_only
@pytest.mark.parametrize("which", [">&-", ">/dev/full"])
def test_the_slow_path_fails_in_the_same_way_and_writes_the_token_nowhere_else(which: str) -> None:
    """For a command that is not remembered: the session is stored, and the token is in no file with the closed descriptor's number."""
    known_and_good()
    (cache() / "words" / known_command.command_digest(words_of(key()), "")).unlink()
    done = closed(which)
    assert (done.returncode, done.stdout) == (1, "")
    error, hint = done.stderr.splitlines()
    assert error.startswith("error: ")
    assert hint.endswith("(troubleshooting: standard-output)")
    holders = {
        path.parent.name
        for path in cache().rglob("*")
        if path.is_file() and SECRETS[0].encode() in path.read_bytes()
    }
    assert holders == {"tokens", "credentials"}
    assert repository(key()).load() is not None


def test_a_long_answer_is_written_whole() -> None:
    """A pipe accepts a part at a time."""
    token = "t" * 300_000
    known_and_good(id_token=Secret(token))
    done = run_plugin(*words_of(key()))
    assert done.returncode == 0
    assert token_in(done.stdout) == token


def test_a_credential_is_the_same_whatever_made_it() -> None:
    """The expiry as a number and as text are equal."""
    made = credential_of(session(key(), expiry=1_900_000_000))
    assert isinstance(made, Credential)
    assert (made.expiry, made.timestamp) == (1_900_000_000, b"2030-03-17T17:46:40Z")


def test_importing_the_package_changes_nothing(tmp_path: Path) -> None:
    """Until `main` runs, no other module is imported, and PYTHONPATH is unchanged."""
    program = (
        "import sys; before = list(sys.path); import kubectl_oidc\n"
        "print(sys.path == before, [name for name in sys.modules if name.startswith('kubectl_oidc.')])"
    )
    paths = f"{tmp_path}{os.pathsep}{parts.REPOSITORY}"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "True []\n"


FIELD = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\n"), max_size=20)


@given(
    texts=st.lists(FIELD, min_size=5, max_size=5),
    numbers=st.tuples(st.integers(0, 10**9), st.integers(0, 1000)),
    locks=st.lists(FIELD, max_size=3),
)
def test_any_command_is_read_as_it_was_written(
    texts: list[str], numbers: tuple[int, int], locks: list[str]
) -> None:
    """For any name of a directory, each field is read as it was written."""
    session_id, version, place, directory, when = texts
    written = known_command.KnownCommand(
        session_id, version, place, directory, numbers[0], tuple(locks), numbers[1], when
    )
    found = known_command.KnownCommand.parse(written.record())
    assert found is not None
    assert all(
        getattr(found, name) == getattr(written, name) for name in known_command.KnownCommand.__slots__
    )


@pytest.mark.parametrize("number", ["²", "9" * 5000, "-1", "", "1.5"])
def test_a_forged_number_is_a_miss(number: str) -> None:
    """The digest only detects damage. A forged file causes no traceback."""
    record = with_digest(known_command.FORMAT, f"{'0' * 32}\n{V1}\ndisk\n/x\n{number}\n0\nauto".encode())
    directory = private_files.ensure_directory(cache(), "words")
    private_files.write_private_file(directory, known_command.command_digest(["get-token"], ""), record)
    assert known_command.find_known_command(["get-token"]) is None


@pytest.mark.parametrize("at", range(5))
def test_a_command_with_a_line_break_in_a_field_is_not_remembered(at: int) -> None:
    """Such a directory would shift the fields, so the command is not remembered."""
    session_id, version, place, directory, lock = ("a\nb" if at == number else "x" for number in range(5))
    assert known_command.KnownCommand(session_id, version, place, directory, 10, (lock,)).record() == b""


@given(
    expiry=st.integers(0, 2**40), issued=st.integers(0, 2**40), token=st.text(st.characters(codec="ascii"))
)
def test_any_credential_is_read_as_it_was_written(expiry: int, issued: int, token: str) -> None:
    """The token is a JSON string in the record, so it cannot end its line."""
    written = Credential(expiry, b"2027-01-15T08:00:00Z", json.dumps(token).encode(), issued)
    found = parse_credential(written.record())
    assert found is not None
    assert (found.expiry, found.issued, found.token) == (expiry, issued, written.token)
    assert token not in repr(found) or len(token) < 3
