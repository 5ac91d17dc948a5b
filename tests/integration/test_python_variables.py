"""PYTHONPATH and PYTHONHOME of another Python, or with the working directory in it: not let in, or named."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .laptop import claims_of
from .said import failure

if TYPE_CHECKING:
    from pathlib import Path

    from .laptop import Laptop

MODULES = ("_blake2", "authlib", "click", "h11", "jwt")


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """Have a directory with modules of names that the program imports; each leaves a mark, and is of no use."""
    place = tmp_path / "planted"
    place.mkdir()
    for name in MODULES:
        (place / f"{name}.py").write_text(
            f"import os\nopen({str(tmp_path / 'mark')!r}, 'a').write({name!r})\nraise ImportError('of another Python')\n"
        )
    return place


@pytest.mark.parametrize("path", [":/opt/lib", "/opt/lib:", ".", "planted/../."])
def test_nothing_of_the_working_directory_runs(
    laptop: Laptop, planted: Path, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    """An empty or relative entry of PYTHONPATH means it; a repository that was cloned may have such files."""
    monkeypatch.chdir(planted if path != "planted/../." else planted.parent)
    if path == "planted/../.":
        path = "planted"
    for _ in range(2):  # the second is answered from what is stored
        assert claims_of(laptop.signed_in(env={"PYTHONPATH": path}))["sub"] == "alice"
    assert not (planted.parent / "mark").exists()


def test_modules_of_another_python_are_not_taken(laptop: Laptop, planted: Path) -> None:
    """As an AppImage or an IDE sets it: our own are found first."""
    assert claims_of(laptop.signed_in(env={"PYTHONPATH": str(planted)}))["sub"] == "alice"
    assert not (planted.parent / "mark").exists()


def test_what_only_pythonpath_leads_to_is_still_found(laptop: Laptop, tmp_path: Path) -> None:
    """Such as a backend of the keyring library that somebody keeps there."""
    (tmp_path / "more").mkdir()
    (tmp_path / "more" / "backend_of_mine.py").write_text(
        "from keyring.backends.null import Keyring as Null\n"
        f"open({str(tmp_path / 'found')!r}, 'w')\n"
        "class Keyring(Null):\n    pass\n"
    )
    env = {"PYTHONPATH": str(tmp_path / "more"), "PYTHON_KEYRING_BACKEND": "backend_of_mine.Keyring"}
    laptop.storage = "keyring"
    laptop.get_token(env=env)
    assert (tmp_path / "found").exists()


BREAKS = """
import sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name == "{name}":
            raise ImportError("SECRET of the environment", name=name)

sys.meta_path.insert(0, Missing())
"""


@pytest.mark.parametrize("name", ["h11", "kubectl_oidc.cli", "kubectl_oidc.slow_path", "urllib.parse"])
def test_a_module_that_cannot_be_imported_is_named_with_the_variable(
    laptop: Laptop, tmp_path: Path, name: str
) -> None:
    """One error, one hint; at -v 9 files, lines and the type, however early it was."""
    (tmp_path / "foreign").mkdir()
    (tmp_path / "foreign" / "sitecustomize.py").write_text(BREAKS.format(name=name))
    env = {"PYTHONPATH": str(tmp_path / "foreign")}
    said = failure(laptop.get_token(env=env), "python-modules", name, "PYTHONPATH")
    assert "SECRET" not in said
    shown = laptop.get_token("-v", "9", env=env)
    assert shown.status == 1
    assert "ImportError" in shown.stderr
    assert 'sitecustomize.py", line 7' in shown.stderr
