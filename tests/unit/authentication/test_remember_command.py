"""Which commands are remembered, and which the fast path must not answer."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kubectl_oidc.authentication.outcome import Outcome
from kubectl_oidc.authentication.remember_command import remember_command
from kubectl_oidc.authentication.request import RenewalOptions, SignInRequest
from kubectl_oidc.exec_credential import V1
from kubectl_oidc.fast_path import known_command
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.secret import Secret
from kubectl_oidc.sessions.known_commands import MOST, forget_commands
from kubectl_oidc.sessions.repository import SessionRepository
from kubectl_oidc.sessions.stores import SessionStorage
from kubectl_oidc.system.log import QUIET, Log
from tests.sessions import (
    CLIENT,
    ISSUER,
    SECRETS,
    cache,
    key,
    not_on_windows,
    remembered,
    repository,
    session,
    words_of,
)

if TYPE_CHECKING:
    from kubectl_oidc.sessions.session_key import SessionKey

COMMAND = words_of(key())

CORPORATE = Path("/corp/ca.pem").absolute()
HOME = "USERPROFILE" if sys.platform == "win32" else "HOME"
"""The variable that names the home directory."""


@pytest.fixture(autouse=True)
def typed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the command line of this process."""
    monkeypatch.setattr(sys, "argv", ["kubectl-oidc_login", *COMMAND])


def request(**changes: Any) -> SignInRequest:
    whole = SignInRequest(
        issuer=ISSUER, client_id=CLIENT, tls=TlsOptions(), storage=SessionStorage(cache_dir=cache())
    )
    return whole._replace(**changes)


def outcome(session_key: SessionKey | None = None, **changes: Any) -> Outcome:
    session_key = session_key or key()
    whole = session(session_key)
    done = Outcome(
        renewed=False,
        session=whole,
        storage="somewhere",
        place="disk",
        repository=repository(session_key),
    )
    return done._replace(**changes)


def remember_it(asked: SignInRequest | None = None, came: Outcome | None = None, log: Log = QUIET) -> None:
    remember_command(asked or request(), came or outcome(), api_version=V1, margin=10, settings="", log=log)


@pytest.mark.parametrize("place", ["disk", "kernel"])
def test_a_command_that_was_answered_is_known_next_time(place: str) -> None:
    """With its session, the apiVersion, the place of the credential, and the locks."""
    assert known_command.find_known_command(COMMAND) is None
    remember_it(came=outcome(place=place))
    found = known_command.find_known_command(COMMAND)
    assert found is not None
    assert (found.session_id, found.api_version, found.place) == (key().id(), V1, place)
    assert (found.directory, found.margin) == (str(cache()), 10)
    assert found.locks == repository(key()).lock_paths()
    assert known_command.find_known_command([*COMMAND, "-v", "1"]) is None, "another command is not"


def test_a_command_with_a_password_leaves_no_trace() -> None:
    """With a password as flag or as variable. A weak password could be guessed from the digest in the file's name."""
    remember_it(request(grant="password", username="ada", password=Secret("a word")))
    assert not (cache() / "words").exists()


def test_what_is_written_is_private_and_holds_no_secret() -> None:
    """0600 in 0700. The file contains neither a token nor the command line."""
    remember_it()
    (path,) = (cache() / "words").iterdir()
    if sys.platform != "win32":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    content = path.read_text()
    for secret in (*SECRETS, ISSUER, CLIENT):
        assert secret not in content


@pytest.mark.parametrize(
    ("asked", "came", "log"),
    [
        pytest.param({"renewal": RenewalOptions(force_refresh=True)}, {}, QUIET, id="--force-refresh"),
        pytest.param(
            {"storage": SessionStorage(cache_dir=Path("relative"))}, {}, QUIET, id="a relative directory"
        ),
        pytest.param({}, {"place": ""}, QUIET, id="nothing was published"),
        pytest.param({}, {}, Log(1), id="-v 1"),
    ],
)
def test_a_command_that_must_not_be_answered_from_memory_is_not_remembered(
    asked: dict[str, Any], came: dict[str, Any], log: Log
) -> None:
    """It depends on the working directory, needs a refresh or a log, or the fast path cannot read its credential."""
    remember_it(request(**asked), outcome(**came), log)
    assert known_command.find_known_command(COMMAND) is None
    assert not (cache() / "words").exists()


def test_a_relative_authority_is_remembered_for_its_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In both spellings of the flag. In another directory, the same command names another file. An absolute path does not."""
    for flag, moves in (
        (["--certificate-authority=ca.pem"], True),
        (["--certificate-authority", "../ca.pem"], True),
        (["--certificate-authority=~/ca.pem"], False),
        ([f"--certificate-authority={CORPORATE}"], False),
        (["--certificate-authority-data=ca.pem"], False),
    ):
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", [sys.argv[0], *COMMAND, *flag])
        remember_it(request(tls=TlsOptions(ca_files=(Path("ca.pem") if moves else CORPORATE,))))
        assert known_command.find_known_command([*COMMAND, *flag]) is not None
        monkeypatch.chdir("/")
        assert (known_command.find_known_command([*COMMAND, *flag]) is None) == moves


@not_on_windows("a working directory cannot be removed there")
def test_a_directory_that_is_gone_is_no_crash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert known_command.find_known_command([*COMMAND, "--certificate-authority=ca.pem"]) is None


@pytest.mark.parametrize("case", ["KUBECTL_OIDC_CERTIFICATE_AUTHORITY", "SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_a_command_with_relative_authorities_is_not_remembered(case: str) -> None:
    """In another directory, the same command trusts another authority. With an absolute path it is remembered."""
    for relative in (True, False):
        path = Path("ca.pem") if relative else CORPORATE
        tls = {
            "KUBECTL_OIDC_CERTIFICATE_AUTHORITY": TlsOptions(ca_files=(path,)),
            "SSL_CERT_FILE": TlsOptions(cert_file=str(path)),
            "SSL_CERT_DIR": TlsOptions(cert_dir=os.pathsep.join((str(CORPORATE.parent), str(path)))),
        }[case]
        remember_it(request(tls=tls))
        assert (known_command.find_known_command(COMMAND) is None) == relative


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
def test_a_command_is_another_one_with_other_authorities(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With SSL_CERT_FILE in a kubeconfig's ``env``, the session of the system's authorities is not used."""
    remember_it()
    assert known_command.find_known_command(COMMAND)
    monkeypatch.setenv(variable, "/corp")
    assert known_command.find_known_command(COMMAND) is None


@pytest.mark.parametrize("variable", [HOME, "KUBECACHEDIR"])
def test_without_an_absolute_cache_directory_nothing_is_remembered(
    variable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative one depends on the working directory."""
    came, asked = outcome(), request()
    if variable == HOME:
        monkeypatch.delenv(HOME)
    else:
        monkeypatch.setenv("KUBECACHEDIR", "relative")
    remember_it(asked, came)
    assert known_command.cache_root() == ""
    assert known_command.find_known_command(COMMAND) is None
    assert list(Path.cwd().iterdir()) == []


def test_a_directory_with_a_line_break_in_its_name_is_not_remembered(tmp_path: Path) -> None:
    """It would be read as two fields."""
    odd = tmp_path / "two\nlines"
    one = SessionRepository(key(), storage="disk", cache_dir=odd, environ={}, log=QUIET)
    remember_it(
        request(storage=SessionStorage(cache_dir=odd, default_cache_dir=False)), outcome(repository=one)
    )
    assert known_command.find_known_command(COMMAND) is None


@not_on_windows("file names are Unicode there")
def test_a_directory_that_is_not_utf8_is_remembered_as_it_is(tmp_path: Path) -> None:
    """Paths are bytes."""
    odd = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xe9"))
    one = SessionRepository(key(), storage="disk", cache_dir=odd, environ={}, log=QUIET)
    remember_it(
        request(storage=SessionStorage(cache_dir=odd, default_cache_dir=False)), outcome(repository=one)
    )
    found = known_command.find_known_command(COMMAND)
    assert found is not None
    assert found.directory == str(odd)


def test_a_command_that_cannot_be_remembered_costs_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """The next call takes the slow path again. No error is shown or raised."""
    came = outcome()
    cache().mkdir(parents=True, mode=0o700)
    (cache() / "words").write_text("a file")
    remember_it(came=came)
    assert capsys.readouterr() == ("", "")
    assert (cache() / "words").read_text() == "a file"


def test_only_so_many_commands_are_remembered() -> None:
    """Beyond the maximum, the oldest are removed."""
    one = remembered(repository(key()), ["get-token", "oldest"], "disk")
    for number in range(MOST + 5):
        path = one.with_name(f"{number:032x}")
        path.write_bytes(one.read_bytes())
        os.utime(path, (1_000_000 + number, 1_000_000 + number))
    os.utime(one, (1_000, 1_000))
    remember_it()
    names = {path.name for path in one.parent.iterdir()}
    assert len(names) == MOST
    assert known_command.command_digest(COMMAND, "") in names
    assert one.name not in names
    assert f"{MOST + 4:032x}" in names


def test_forgetting_a_session_forgets_its_commands_and_no_others() -> None:
    """All commands of the session are removed. Those of other sessions, and other files, stay."""
    other = remembered(repository(key(name="other")), ["get-token", "other"], "disk")
    mine = other.with_name("README")
    mine.write_text(f"x\n{key().id()}\n")
    remember_it()
    remembered(repository(key()), ["get-token", "again"], "disk")
    forget_commands(key().id())
    assert known_command.find_known_command(COMMAND) is None
    assert known_command.find_known_command(["get-token", "again"]) is None
    assert {path.name for path in other.parent.iterdir()} == {other.name, "README"}


def test_forgetting_where_nothing_is_remembered_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a directory, or a home."""
    forget_commands(key().id())
    monkeypatch.delenv("HOME")
    forget_commands(key().id())
    assert list(Path.cwd().iterdir()) == []
