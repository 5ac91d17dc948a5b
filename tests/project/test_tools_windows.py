"""`make windows`, as far as it goes without Wine."""

from __future__ import annotations

import struct
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tools import bundle_packages, bundle_python, go, lock_files, windows, windows_dll, windows_programs, wine

if TYPE_CHECKING:
    from pathlib import Path


def test_without_wine_nothing_runs_and_it_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A laptop may lack it; the last line has the reason, for .ci/run too."""
    monkeypatch.setattr(wine, "DIRECTORY", tmp_path)
    monkeypatch.setattr("shutil.which", lambda _: None)
    monkeypatch.setattr(sys, "argv", ["windows", "--directory", str(tmp_path / "cache")])
    assert windows.main() == 0
    said = capsys.readouterr().out.splitlines()[-1]
    assert said.startswith("windows: skipped: ")
    assert "wine64" in said
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(("ci", "status"), [("", 0), ("true", 1)])
@pytest.mark.parametrize("failing", ["Python", "packages"])
def test_without_a_network_a_laptop_skips_and_ci_fails(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    ci: str,
    status: int,
    failing: str,
) -> None:
    """CI must not be green because nothing could be downloaded."""

    def fetch(_: object) -> Path:
        if failing == "Python":
            raise go.NoGo("go mod failed: no such host")
        return tmp_path

    def install(*_: object, **__: object) -> None:
        raise subprocess.CalledProcessError(2, ["uv"])

    (tmp_path / "wine64").touch()
    monkeypatch.setattr(wine, "DIRECTORY", tmp_path)
    monkeypatch.setattr(bundle_python, "fetch", fetch)
    monkeypatch.setattr(bundle_python, "unpack", lambda *_: None)
    monkeypatch.setattr(bundle_packages, "install_with_uv", install)
    monkeypatch.setenv("CI", ci)
    monkeypatch.setattr(sys, "argv", ["windows", "--directory", str(tmp_path / "cache")])
    assert windows.main() == status
    said = capsys.readouterr()
    assert failing in (said.err if ci else said.out)
    assert said.out.startswith("windows: skipped: ") is not bool(ci)


def test_a_kubectl_that_cannot_be_downloaded_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As for Python: without a network a laptop skips."""

    def run(*_: str, **__: object) -> str:
        raise go.NoGo("go mod failed: no such host")

    monkeypatch.setattr(go, "run", run)
    with pytest.raises(windows_programs.NotDownloaded, match="kubectl"):
        windows_programs.windows_kubectl(tmp_path)


def test_kubectl_is_the_one_of_its_module(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`kubectl version` tells the version of Kubernetes, which is that of the module with another first number."""
    built: list[str] = []

    def run(*arguments: str, **_: object) -> str:
        built.extend(arguments)
        return "v0.35.4\n" if arguments[0] == "list" else ""

    monkeypatch.setattr(go, "run", run)
    assert windows_programs.windows_kubectl(tmp_path).name == "kubectl.exe"
    assert any("version.gitVersion=v1.35.4 " in word for word in built), built


def test_every_test_of_the_short_form_exists() -> None:
    """The run would end with an error for a file that is not there, but only where there is Wine."""
    for name in windows.SHORT:
        assert (lock_files.ROOT / name).exists(), name


def test_what_the_tests_need_is_locked() -> None:
    """Each has a version and hashes, once."""
    lines = windows_programs.requirements(bundle_python.read_lock()).splitlines()
    names = [line.partition("==")[0] for line in lines]
    assert set(names) >= windows_programs.TEST_PACKAGES | {"click", "cryptography", "flask"}
    assert len(names) == len(set(lines))
    assert all(" --hash=sha256:" in line for line in lines)


def test_the_library_that_wine_lacks_exports_one_function() -> None:
    """It is forwarded: the address in the table leads to the name of another library's function."""
    file = windows_dll.forwarding_dll()
    assert file[:2] == b"MZ"
    (header,) = struct.unpack_from("<I", file, 0x3C)
    assert file[header : header + 4] == b"PE\0\0"
    base = header + 24
    (magic,) = struct.unpack_from("<H", file, base)
    assert magic == 0x20B, "64 bits"
    address, size = struct.unpack_from("<II", file, base + 112)

    def at(place: int) -> int:  # the section's place in the file
        return place - 0x1000 + 0x200

    def text(place: int) -> bytes:
        return file[at(place) : file.index(b"\0", at(place))]

    functions, names = struct.unpack_from("<II", file, at(address) + 28)
    (function,) = struct.unpack_from("<I", file, at(functions))
    (name,) = struct.unpack_from("<I", file, at(names))
    assert text(name) == b"ProcessPrng"
    assert text(function) == b"advapi32.SystemFunction036"
    assert address <= function < address + size, "that is what makes it a forwarder"
