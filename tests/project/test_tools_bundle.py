"""Bundles: how they are named, what is left out, and archives that depend only on what is in them."""

from __future__ import annotations

import json
import os
import struct
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from tests import parts
from tools import (
    archives,
    bundle,
    bundle_bill,
    bundle_compile,
    bundle_contents,
    bundle_packages,
    bundle_python,
    lock_files,
)

LOCK = bundle_python.read_lock()


def test_names_have_version_system_and_processor() -> None:
    """A zip archive on Windows, a compressed tar archive elsewhere."""
    names = [bundle.archive_name(platform) for platform in bundle.PLATFORMS]
    assert names == [
        f"{bundle.NAME}-linux-amd64.tar.gz",
        f"{bundle.NAME}-linux-arm64.tar.gz",
        f"{bundle.NAME}-darwin-amd64.tar.gz",
        f"{bundle.NAME}-darwin-arm64.tar.gz",
        f"{bundle.NAME}-windows-amd64.zip",
    ]
    assert bundle_packages.UV_PLATFORMS.keys() == set(bundle.PLATFORMS)


def tree(place: Path, *, time: int, mode: int) -> Path:
    """Make a small bundle."""
    root = place / "kubectl-oidc-1.0"
    for name in ("python/b.pyc", "python/a.pyc", "bin/program"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
        (root / name).chmod(mode | (0o100 if "bin/" in name else 0))
        os.utime(root / name, (time, time))
    return root


@pytest.mark.parametrize("kind", ["tar.gz", "zip"])
def test_an_archive_has_the_same_bytes_each_time(tmp_path: Path, kind: str) -> None:
    """From another place, with other times and other permissions for group and others."""
    made = [tmp_path / f"{number}.{kind}" for number in (1, 2)]
    archives.write(tree(tmp_path / "one", time=1, mode=0o644), made[0], time=1795900000)
    archives.write(tree(tmp_path / "two", time=9, mode=0o600), made[1], time=1795900000)
    assert made[0].read_bytes() == made[1].read_bytes()


def test_an_archive_names_no_owner_and_one_time(tmp_path: Path) -> None:
    """What may be executed stays so, in both kinds."""
    root = tree(tmp_path, time=1, mode=0o600)
    archives.write(root, tmp_path / "a.tar.gz", time=1795900000)
    archives.write(root, tmp_path / "a.zip", time=1795900000)
    with tarfile.open(tmp_path / "a.tar.gz") as packed:
        entries = packed.getmembers()
    assert [entry.name for entry in entries] == sorted(entry.name for entry in entries)
    assert {(entry.uid, entry.gid, entry.uname, entry.mtime) for entry in entries} == {(0, 0, "", 1795900000)}
    modes = {entry.name: entry.mode for entry in entries if entry.isfile()}
    with zipfile.ZipFile(tmp_path / "a.zip") as zipped:
        assert {each.filename: each.external_attr >> 16 for each in zipped.infolist()} == modes
        assert {each.date_time for each in zipped.infolist()} == {(2026, 11, 28, 21, 6, 40)}
    assert sorted(modes.values()) == [0o644, 0o644, 0o755]


def test_the_time_is_the_callers_or_the_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    """SOURCE_DATE_EPOCH decides; a zip archive knows no time before 1980."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795900000")
    assert archives.time_of_entries() == 1795900000
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "0")
    assert archives.time_of_entries() == archives.EARLIEST
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    assert archives.time_of_entries() == archives.time_of_entries() >= archives.EARLIEST


def test_modules_are_compiled_to_the_same_bytes_and_have_no_source(tmp_path: Path) -> None:
    """In another directory as well; the path of this machine is in none of them."""
    compiled = []
    for name in ("one", "two"):
        package = tmp_path / name / "package"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text('"""Words."""\nNAMES = frozenset({"a", "b", "c"})\n')
        (package / "other.py").write_text(
            "from package import NAMES\n\ndef other(a=1):\n    return NAMES, a\n"
        )
        bundle_contents.compile_all(tmp_path / name, Path(sys.executable))
        assert sorted(path.name for path in package.iterdir()) == ["__init__.pyc", "other.pyc"]
        compiled.append([path.read_bytes() for path in sorted(package.iterdir())])
    assert compiled[0] == compiled[1]
    assert str(tmp_path).encode() not in b"".join(compiled[0])
    command = [sys.executable, "-c", "import package.other as m; print(len(m.other()[0]))"]
    done = subprocess.run(command, cwd=tmp_path / "one", capture_output=True, text=True, check=True)
    assert done.stdout == "3\n"


def test_what_is_not_python_is_an_error(tmp_path: Path) -> None:
    """No module is dropped in silence."""
    (tmp_path / "broken.py").write_text("def\n")
    with pytest.raises(subprocess.CalledProcessError):
        bundle_contents.compile_all(tmp_path, Path(sys.executable))
    assert bundle_compile.__doc__


def test_what_is_not_used_is_left_out(tmp_path: Path) -> None:
    """Files and whole directories, at their places only."""
    kept = ("lib/os.py", "lib/unittest.py.txt", "site/test.py", "site/flask/app.py")
    gone = (
        "lib/tkinter/__init__.py",
        "lib/pydoc.py",
        "site/pygments/lexer.py",
        "site/a/x.pyi",
        "site/a/tests/b.py",
    )
    for name in (*kept, *gone):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    bundle_contents.leave_out(tmp_path / "lib", bundle_contents.UNUSED_LIBRARY)
    bundle_contents.leave_out(tmp_path / "site", bundle_contents.UNUSED_PACKAGES)
    left = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert left == set(kept)


@pytest.fixture(scope="module")
def programs_for_windows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Have the programs of the bundle for Windows built; before a test has its own HOME, where Go has no cache."""
    parts.go()
    directory = tmp_path_factory.mktemp("windows") / "bin"
    bundle._place_programs(directory, "windows-amd64")
    return directory


@pytest.mark.timeout(900)  # Go compiles its library for Windows
def test_on_windows_the_completer_is_the_launcher(programs_for_windows: Path) -> None:
    """On PATH kubectl looks for the name with an ending of PATHEXT. A shell script would not be found."""
    programs = {path.name: path.read_bytes() for path in programs_for_windows.iterdir()}
    assert programs.keys() == {"kubectl-oidc_login.exe", "kubectl_complete-oidc_login.exe"}
    assert len(set(programs.values())) == 1
    assert programs["kubectl-oidc_login.exe"].startswith(b"MZ")


def test_a_universal_file_is_reduced_to_one_processor(tmp_path: Path) -> None:
    """What is for one processor already, or no Mach-O file, stays as it is."""
    header = struct.pack(">II", 0xCAFEBABE, 2)
    parts = struct.pack(">5I", 0x0100000C, 0, 48, 3, 0) + struct.pack(">5I", 0x01000007, 3, 51, 4, 0)
    (tmp_path / "fat").write_bytes(header + parts + b"armx86!")
    (tmp_path / "other").write_bytes(b"\x7fELF")
    for name in ("fat", "other"):
        bundle_contents.keep_one_processor(tmp_path / name, 0x01000007)
    assert (tmp_path / "fat").read_bytes() == b"x86!"
    assert (tmp_path / "other").read_bytes() == b"\x7fELF"


def test_symbols_are_removed(tmp_path: Path) -> None:
    """What the program headers cover stays; the section headers and what else is behind it go."""
    elf = bytearray(64 + 56)
    elf[:6] = b"\x7fELF\x02\x01"
    struct.pack_into("<QQ", elf, 0x20, 64, 200)  # program headers, section headers
    struct.pack_into("<HHHHH", elf, 0x36, 56, 1, 64, 3, 2)
    struct.pack_into("<8xQ16xQ", elf, 64, 120, 4)
    file = tmp_path / "module.so"
    file.write_bytes(bytes(elf) + b"code" + b"symbols")
    bundle_contents.strip(file)
    assert file.read_bytes()[120:] == b"code"
    assert struct.unpack_from("<Q", file.read_bytes(), 0x28) == (0,)
    file.write_bytes(b"no ELF file")
    bundle_contents.strip(file)
    assert file.read_bytes() == b"no ELF file"


def test_packages_are_those_of_the_lock() -> None:
    """The program's and its demo's, with hashes; not what builds and tests."""
    lines = bundle_packages.requirements({}).splitlines()
    names = {line.partition("==")[0] for line in lines}
    assert {"authlib", "cryptography", "flask", "pyjwt", "trustme"} <= names
    assert not names & {"hatchling", "pip", "pytest"}
    assert all("==" in line and "--hash=sha256:" in line for line in lines)


def test_another_version_is_only_for_a_package_without_a_wheel() -> None:
    """It has a hash, an earlier version than the lock, and takes its place on that platform alone."""
    pins = {pin.name: pin.version for pin in lock_files.read(lock_files.PROGRAM)}
    for platform, others in LOCK.packages.items():
        assert platform in LOCK.files
        for name, version in others.items():
            assert f"\n{name}=={version}\n" in "\n" + bundle_packages.requirements(others)
            assert "--hash=sha256:" in version
            assert int(version.partition(".")[0]) < int(pins[name].partition(".")[0])


def test_a_python_that_is_not_the_locked_one_is_refused(tmp_path: Path) -> None:
    """One changed byte of the fetched files; a directory that is no Python."""
    source = tmp_path / "linux-amd64"
    source.mkdir()
    (source / "files.json").write_text(json.dumps({"files": []}))
    with pytest.raises(bundle_python.WrongPython, match="linux-amd64"):
        bundle_python.unpack(tmp_path, "linux-amd64", LOCK, tmp_path / "out")
    with pytest.raises(bundle_python.WrongPython, match="--python"):
        bundle_python.copy(source, LOCK, tmp_path / "copy")


def test_of_the_callers_python_neither_links_nor_caches_are_taken(tmp_path: Path) -> None:
    """A Python that has run has compiled modules, which would be in the archive beside ours."""
    library = tmp_path / "theirs" / "lib" / f"python{LOCK.minor}"
    (library / "__pycache__").mkdir(parents=True)
    (library / "os.py").touch()
    (library / "__pycache__" / "os.pyc").touch()
    (library / "link").symlink_to("os.py")
    bundle_python.copy(tmp_path / "theirs", LOCK, tmp_path / "ours")
    assert [path.name for path in (tmp_path / "ours").rglob("*") if path.is_file()] == ["os.py"]


def test_the_bill_lists_what_is_in_the_bundle(tmp_path: Path) -> None:
    """Packages with what their metadata says, and what is no package; nothing that was left out."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    for name, version in (("rich", "15.0.0"), ("cryptography", "1.0")):
        place = tmp_path / f"{name}-{version}.dist-info"
        place.mkdir()
        (place / "METADATA").write_text(
            f"Metadata-Version: 2.4\nName: {name}\nVersion: {version}\nLicense-Expression: MIT\n"
        )
    hacl, openssl = (library for library in LOCK.libraries if library.name in ("openssl", "hacl-star"))
    modules = {"golang.org/x/sys": "v0.1.0", "stdlib": "1.26.0"}
    bundle_bill.write(tmp_path / "sbom.cdx.json", tmp_path, LOCK.python, [hacl, openssl], modules)
    text = (tmp_path / "sbom.cdx.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill = json.loads(text)
    listed = {part["name"]: part.get("version") for part in bill["components"]}
    assert listed == {
        "rich": "15.0.0", "cryptography": "1.0",
        "cpython": LOCK.python, "openssl": openssl.version, "hacl-star": None,
        **modules,
    }  # fmt: skip
    needs = {part["ref"]: part["dependsOn"] for part in bill["dependencies"]}
    assert needs[f"pkg:generic/cpython@{LOCK.python}"] == [
        "pkg:generic/hacl-star",
        f"pkg:generic/openssl@{openssl.version}",
    ]
    launcher = {"pkg:golang/golang.org/x/sys@v0.1.0", "pkg:golang/stdlib@1.26.0"}
    assert launcher <= set(needs[bill["metadata"]["component"]["bom-ref"]])
    references = {part["bom-ref"] for part in bill["components"]} | {bill["metadata"]["component"]["bom-ref"]}
    assert {each for part in bill["dependencies"] for each in part.get("dependsOn", [])} <= references


def python_with(directory: Path, *marks: str) -> Path:
    """Make the directory of a Python whose one file contains these texts."""
    (directory / "bin").mkdir(parents=True)
    (directory / "bin" / "python3").write_bytes(b"".join(mark.encode() for mark in marks))
    return directory


@pytest.mark.parametrize("system", ["linux", "darwin", "windows"])
def test_the_libraries_inside_python_are_those_of_the_lock(tmp_path: Path, system: str) -> None:
    """With another version than the lock names no bundle is built; of another build it is left out."""
    expected = [library for library in LOCK.libraries if system in library.systems]
    marks = [library.mark for library in expected]
    whole = python_with(tmp_path / "whole", *marks)
    assert bundle_python.libraries(whole, LOCK, system) == expected
    (openssl,) = (library for library in expected if library.name == "openssl")
    other = python_with(tmp_path / "other", *(mark for mark in marks if mark != openssl.mark))
    with pytest.raises(bundle_python.WrongPython, match=f"openssl {openssl.version}"):
        bundle_python.libraries(other, LOCK, system)
    found = bundle_python.libraries(other, LOCK, system, locked=False)
    assert found == [library for library in expected if library is not openssl]


def test_marks_have_the_versions() -> None:
    """So that none is forgotten when the lock changes."""
    of_another_kind = {"libffi", "libedit", "sqlite"}  # sqlite's is the digest of its sources
    for library in LOCK.libraries:
        if library.mark and library.version and library.name not in of_another_kind:
            assert library.version in library.mark


def test_every_licence_is_there(tmp_path: Path) -> None:
    """Of each library inside CPython, readable for all, and none that is left over."""
    (tmp_path / "python.txt").write_text("PSF\n")
    bundle_bill.write_licences(
        tmp_path / "licences", tmp_path / "python.txt", LOCK.libraries, {"a/b@v1": tmp_path / "python.txt"}
    )
    names = {library.name for library in LOCK.libraries} - {"microsoft-visual-c-runtime"}
    written = {path.stem: path for path in (tmp_path / "licences").iterdir()}
    assert written.keys() == names | {"cpython", "cpython-incorporated", "a-b@v1"}
    assert {path.stat().st_mode & 0o777 for path in written.values()} == {0o644}
    assert {path.stem for path in bundle_bill.LICENCES.iterdir()} == names | {"cpython-incorporated"}
