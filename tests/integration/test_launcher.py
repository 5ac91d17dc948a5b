"""The native launcher: it answers as the Python program does, without starting Python, and becomes Python for the rest."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import parts
from tests.plugin import wait_until
from tests.sessions import need_the_kernel_keyring
from tests.settings_files import own_settings
from tools.go import LAUNCHER

from .laptop import cache, token_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from .laptop import Laptop

pytestmark = pytest.mark.skipif(
    sys.platform == "win32", reason="counts the starts of Python with a shell script"
)

COUNT = """#!/bin/sh
echo "$*" >>'{log}'
exec '{python}' "$@"
"""


class Counted:
    """The launcher in an environment whose Python records each start.

    Args:
        directory: Where the environment is made.
    """

    def __init__(self, directory: Path) -> None:
        self._log = directory / "starts"
        built = parts.launcher()
        environment = directory / "environment"
        (environment / "bin").mkdir(parents=True)
        shutil.copy(built.parent.parent / "pyvenv.cfg", environment)
        self.program = environment / "bin" / built.name
        shutil.copy(built, self.program)
        python = environment / "bin" / "python3"
        python.write_text(COUNT.format(log=self._log, python=built.with_name("python3")))
        python.chmod(0o700)

    def starts(self) -> list[str]:
        """Return the arguments of each start of Python."""
        return self._log.read_text().splitlines() if self._log.exists() else []

    def run(
        self, *arguments: str, program: Path | None = None, cwd: Path | None = None, **variables: str | None
    ) -> subprocess.CompletedProcess[str]:
        """Run the launcher to its end. A variable that is None is not set."""
        environ = {**os.environ, **variables}
        return subprocess.run(
            [str(program or self.program), *arguments],
            env={name: value for name, value in environ.items() if value is not None},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            cwd=cwd,
            check=False,
        )


@pytest.fixture
def counted(tmp_path: Path) -> Counted:
    """Return the launcher, whose starts of Python are counted."""
    return Counted(tmp_path)


@pytest.mark.parametrize("storage", ["disk", "kernel"])
def test_a_stored_credential_is_answered_without_python(
    laptop: Laptop, counted: Counted, storage: str
) -> None:
    """Byte for byte as the Python program answers."""
    if storage == "kernel":
        need_the_kernel_keyring()
    laptop.storage = storage
    laptop.signed_in()
    done = counted.run(*laptop.words())
    assert (done.returncode, done.stdout, done.stderr) == (0, laptop.get_token().stdout, "")
    assert counted.starts() == []
    assert laptop.purge().status == 0
    assert laptop.signed_in("--listen-address=127.0.0.1:0") != token_of(done.stdout), "it was purged"


def test_settings_files_take_part_without_being_read(laptop: Laptop, counted: Counted) -> None:
    """One that appears, changes or goes is noticed; Python says what is in it, and the next answer needs no Python."""
    laptop.signed_in()
    path = own_settings("[defaults]\nmin-ttl = '1m'\n")
    assert counted.run(*laptop.words()).returncode == 0
    assert len(counted.starts()) == 1, "it appeared"
    for _ in range(2):
        assert token_of(counted.run(*laptop.words()).stdout)
    assert len(counted.starts()) == 1
    path.write_text("wrong\n")
    done = counted.run(*laptop.words())
    assert (done.returncode, done.stdout) == (1, "")
    assert f"{path}:1" in done.stderr
    assert len(counted.starts()) == 2, "it changed"
    path.unlink()
    assert token_of(counted.run(*laptop.words()).stdout)
    assert len(counted.starts()) == 2, "what was remembered without files is known again"


def test_a_session_in_the_os_keyring_alone_is_answered_without_python(
    desktop: Laptop, counted: Counted
) -> None:
    """The Secret Service is read without the keyring library; one that is configured is left to Python."""
    desktop.signed_in()
    done = counted.run(*desktop.words())
    assert (done.returncode, done.stdout, done.stderr) == (0, desktop.get_token().stdout, "")
    assert counted.starts() == []
    counted.run(*desktop.words(), KEYRING_PROPERTY_APPID="other")
    assert len(counted.starts()) == 1


@pytest.mark.parametrize("arguments", [["version"], ["--help"], ["get-token"], []])
def test_everything_else_is_python_s(counted: Counted, arguments: list[str]) -> None:
    """Same output, same exit status."""
    done = counted.run(*arguments)
    script = subprocess.run(
        [Path(sys.executable).with_name(parts.NAME), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (script.returncode, script.stdout, script.stderr)
    assert len(counted.starts()) == 1


def test_a_credential_that_is_due_is_refreshed_by_a_process_of_its_own(
    laptop: Laptop, counted: Counted
) -> None:
    """The answer does not wait for it, and nothing is said anywhere. It has no descriptor of the launcher's and no terminal."""
    laptop.realm.id_tokens_live(40)
    laptop.signed_in("--refresh-ahead=0.001")
    time.sleep(1.1)  # a token that is younger than a second is not due
    laptop.realm.forget()
    laptop.realm.fail_next("/token", delay_ms=1500)
    began = time.monotonic()
    reader, writer = os.pipe()
    os.set_inheritable(writer, True)
    done = subprocess.run(
        [counted.program, *laptop.words("--refresh-ahead=0.001")],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        pass_fds=[writer],
        check=True,
    )
    os.close(writer)
    assert os.read(reader, 1) == b"", "nobody holds the pipe"
    os.close(reader)
    wait_until(lambda: laptop.realm.seen().token_requests == ["refresh_token"], "it is refreshed")
    assert done.stderr == b""
    wait_until(lambda: not list((cache() / "ahead").iterdir()), "the claim is given up")
    assert [" 1 ahead " in start for start in counted.starts()] == [True]
    assert time.monotonic() - began > 1.5
    assert laptop.signed_in("--refresh-ahead=0.001") != token_of(done.stdout.decode())


@pytest.mark.together("many")  # not beside the tests with 50
def test_of_many_after_expiry_one_starts_python(laptop: Laptop, counted: Counted) -> None:
    """It has the lock from its launcher; the others leave with what it publishes. One request is sent."""
    laptop.realm.id_tokens_live(5)  # seconds; not handed out again
    laptop.signed_in()
    laptop.realm.id_tokens_live(3600)
    laptop.realm.forget()
    running = [
        subprocess.Popen([counted.program, *laptop.words()], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        for _ in range(20)
    ]
    documents = {one.communicate(timeout=60)[0] for one in running}
    assert len(documents) == 1
    assert [one.returncode for one in running] == [0] * 20
    assert laptop.realm.seen().requests == {"POST /token": 1}
    assert " 1 locks " in counted.starts()[0]


@pytest.mark.parametrize("links", [["kubectl-oidc_login"], ["one", "two/kubectl-oidc_login"]])
def test_it_finds_its_python_through_links(
    signed_in: Laptop, counted: Counted, tmp_path: Path, links: list[str]
) -> None:
    """As krew, Homebrew and ~/.local/bin make them."""
    target = counted.program
    for name in links:
        link = tmp_path / "links" / name
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(os.path.relpath(target, link.parent))
        target = link
    assert counted.run("version", program=target).stdout.startswith("kubectl-oidc ")
    assert counted.run(*signed_in.words(), program=target).stdout == signed_in.get_token().stdout


def test_by_the_completer_s_name_it_completes(signed_in: Laptop, counted: Counted) -> None:
    """As the Windows bundle has it. A command that it would answer is completed too, and no token is shown."""
    completer = counted.program.with_name("kubectl_complete-oidc_login")
    shutil.copy(counted.program, completer)
    script = Path(sys.executable).with_name(completer.name)
    token = signed_in.signed_in()
    for words in (["get-token", "--oidc-iss"], ["ver"], [""], [], signed_in.words()):
        done = counted.run(*words, program=completer)
        expected = subprocess.run([script, *words], capture_output=True, text=True, check=True).stdout
        assert (done.returncode, done.stdout, done.stderr) == (0, expected, "")
        assert expected.endswith("\n")
        assert token not in expected
    assert len(counted.starts()) == 5


def test_neither_variables_of_python_nor_the_working_directory_matter(
    counted: Counted, tmp_path: Path
) -> None:
    """PYTHONPATH and PYTHONHOME lead nowhere, and a module in the working directory is not imported."""
    trap = tmp_path / "trap"
    trap.mkdir()
    for name in ("kubectl_oidc", "click", "json"):
        (trap / f"{name}.py").write_text("raise SystemExit(77)\n")
    done = counted.run("version", cwd=trap, PYTHONPATH=str(trap), PYTHONHOME="/nowhere")
    assert (done.returncode, done.stderr) == (0, "")


def test_without_home_and_in_a_removed_directory(signed_in: Laptop, counted: Counted, tmp_path: Path) -> None:
    """Both work: the second is where a shell may be left."""
    assert counted.run("version", HOME=None, PATH=None).returncode == 0
    script = f'mkdir {tmp_path}/gone && cd {tmp_path}/gone && rmdir {tmp_path}/gone && exec "$@"'
    for arguments in (["version"], signed_in.words()):
        done = subprocess.run(
            ["/bin/sh", "-c", script, "sh", counted.program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            check=False,
        )
        assert done.returncode == 0
        assert done.stdout


def test_without_standard_descriptors_it_ends(signed_in: Laptop, counted: Counted) -> None:
    """Closed ones are no file of ours: nothing is written anywhere else."""
    for closed in ("<&-", "2>&-", "<&- 2>&-"):
        script = f'exec "$@" {closed}'
        done = subprocess.run(
            ["/bin/sh", "-c", script, "sh", counted.program, *signed_in.words()],
            stdout=subprocess.PIPE,
            check=True,
        )
        assert done.stdout.decode() == signed_in.get_token().stdout


def test_without_a_python_it_says_so(counted: Counted, tmp_path: Path) -> None:
    """One error and one hint: the installation is damaged."""
    alone = tmp_path / "alone" / "bin" / counted.program.name
    alone.parent.mkdir(parents=True)
    shutil.copy(counted.program, alone)
    done = counted.run("version", program=alone, PATH="/nowhere")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.count("\n") == 2
    assert "(troubleshooting: python-modules)" in done.stderr


def test_what_other_users_could_have_written_is_left_to_python(signed_in: Laptop, counted: Counted) -> None:
    """A credential that others can read or write, a link, a second hard link: none is answered from."""
    token = signed_in.signed_in()
    (credential,) = (cache() / "credentials").iterdir()
    other = credential.with_name("other")
    spoiled: list[tuple[Callable[[], object], Callable[[], object]]] = [
        (lambda: credential.chmod(0o640), lambda: credential.chmod(0o600)),
        (lambda: credential.parent.chmod(0o770), lambda: credential.parent.chmod(0o700)),
        (lambda: other.hardlink_to(credential), other.unlink),
    ]
    for spoil, repair in spoiled:
        before = len(counted.starts())
        spoil()
        counted.run(*signed_in.words())
        assert len(counted.starts()) == before + 1
        repair()
        if credential.exists():
            signed_in.signed_in()
    assert token_of(counted.run(*signed_in.words()).stdout) == token


@pytest.mark.timeout(900)  # Go compiles its library for each system
def test_it_is_formatted_and_vetted() -> None:
    """Gofmt changes nothing, go vet finds nothing for any system, and the examples of docs/formats.md hold."""
    go = Path(parts.go())
    listed = subprocess.run([go.with_name("gofmt"), "-l", LAUNCHER], capture_output=True, check=True)
    assert listed.stdout == b""
    for arguments in (["vet", "."], ["test", "."]):
        for system in ("linux", "darwin", "windows") if arguments[0] == "vet" else ("",):
            # With the flag of a build, what Go compiles of its library serves the builds of other tests too.
            environ = {**parts.ENVIRON, "GOOS": system, "CGO_ENABLED": "0", "GOFLAGS": "-trimpath"}
            done = subprocess.run(
                [go, *arguments], cwd=LAUNCHER, env=environ, capture_output=True, check=False
            )
            assert done.returncode == 0, (system, done.stdout, done.stderr)
