"""The program in one file (`make single-file`): it runs with any Python that it is for, and answers as the installed one does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.version import __version__
from tests import parts
from tests.pages import lines
from tools import single_file

from .laptop import token_of

if TYPE_CHECKING:
    from pathlib import Path

    from .laptop import Laptop

pytestmark = [
    pytest.mark.xdist_group("single_file"),  # it is built once
    pytest.mark.timeout(400),  # and what is in it is fetched for each Python, where it was not before
]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Have the file built."""
    path = tmp_path_factory.mktemp("single") / "kubectl-oidc_login"
    single_file.build(path)
    return path


@pytest.mark.parametrize("python", [f"python{version}" for version in single_file.PYTHONS])
def test_it_runs_with_each_python(python: str, file: Path, home: Path) -> None:
    """From an empty HOME, with nothing installed and no variable but PATH; its compiled libraries are loaded as well."""
    try:
        said = subprocess.run(
            [python, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        said = None
    if said is None or f"python{said.stdout.strip()}" != python:
        # In CI too: one machine has one Python or two; the workflow runs each, and docs/packages.md says what ran here.
        pytest.skip(f"{python} is not installed")
    environment = {"HOME": str(home), "PATH": os.environ["PATH"]}
    words = (
        "version",
        "completion bash",
        "get-token --oidc-issuer-url=http://127.0.0.1:1 --oidc-client-id=c",
    )
    ended = [
        subprocess.run(
            [python, "-I", str(file), *each.split()],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        for each in words
    ]
    assert [each.returncode for each in ended] == [0, 0, 1], [each.stderr for each in ended]
    assert ended[0].stdout.startswith(f"kubectl-oidc {__version__} (Python {said.stdout.strip()}.")
    assert "complete -F" in ended[1].stdout
    assert ended[2].stderr.startswith("error: "), ended[2].stderr
    assert ended[2].stdout == ""


def test_it_signs_in_and_then_answers_from_its_cache(laptop: Laptop, file: Path, home: Path) -> None:
    """One sign-in, and the second command has the same token without a request; the program itself rests in ~/.shiv."""
    command = [sys.executable, "-I", str(file)]
    first = laptop.begin(*laptop.words(), command=command).ended(120)
    assert first.status == 0, first.stderr
    laptop.realm.forget()
    second = laptop.begin(*laptop.words(), command=command).ended(120)
    assert (second.status, second.stderr) == (0, "")
    assert token_of(second.stdout) == token_of(first.stdout)
    assert laptop.realm.seen().total == 0
    assert (home / ".shiv").is_dir()
    traced = laptop.begin(
        *laptop.words(), command=[sys.executable, "-I", "-X", "importtime", str(file)]
    ).ended(60)
    imported = set(re.findall(r"\| +([\w.]+)$", traced.stderr, re.MULTILINE))
    assert "kubectl_oidc.fast_path" in imported
    assert not {"_bootstrap", "click", "json", "zipfile"} & imported, (
        "a cached answer is as light as elsewhere"
    )


def test_pythonpath_is_nothing_to_it(file: Path, home: Path, tmp_path: Path) -> None:
    """What Python itself imports at its start is not taken from it either."""
    mark = tmp_path / "mark"
    (tmp_path / "sitecustomize.py").write_text(f"open({str(mark)!r}, 'w')\n")
    environment = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": ":/opt/lib",
        "PYTHONHOME": "/nowhere",
    }
    done = subprocess.run([file, "version"], cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not mark.exists()


def test_kubectl_completes_with_the_script_on_the_page(file: Path, tmp_path: Path) -> None:
    """What docs/how-to-install.md has beside the file, copied from there."""
    page = parts.REPOSITORY / "docs" / "how-to-install.md"
    (script,) = {line.fence for line in lines(page) if line.fence and "SHIV_ENTRY_POINT" in line.fence}
    (tmp_path / file.name).symlink_to(file)
    beside = tmp_path / "kubectl_complete-oidc_login"
    beside.write_text(textwrap.dedent(script))
    beside.chmod(0o700)
    done = subprocess.run(
        [parts.program("kubectl"), "__complete", "oidc-login", "ver"],
        env={**os.environ, "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stdout.split()[0]) == (0, "version"), done.stderr


def test_too_old_a_python_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """One `error:` and one `hint:`, before anything is read that such a Python does not understand."""
    monkeypatch.setattr(sys, "version_info", (3, 9, 6))
    with pytest.raises(SystemExit) as ended:
        exec(compile(single_file.START, "start", "exec"), {})  # noqa: S102 - our own few lines
    assert str(ended.value).startswith("error: this is Python 3.9, and 3.11 or later is needed\nhint: ")


def test_it_holds_what_the_program_needs_and_nothing_else() -> None:
    """Each line has one version and its hashes; neither the demo nor what builds and tests is among them."""
    lines = single_file.requirements().splitlines()
    names = {line.partition("==")[0] for line in lines}
    assert {"authlib", "cffi", "cryptography", "filelock"} <= names
    assert not names & {"flask", "trustme", "hatchling", "pip", "pytest"}
    assert all("==" in line and "--hash=sha256:" in line for line in lines)
