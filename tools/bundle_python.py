"""The CPython of a bundle: fetched, held to ``packaging/python.toml``, unpacked."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path

from tools import go, lock_files

LOCK = lock_files.ROOT / "packaging" / "python.toml"

BINARIES = {".so", ".0", ".dll", ".pyd", ".exe"}
"""How the names of programs and libraries end; ``python3`` is one too."""

_DIRECTORY = 1 << 31
"""Go's bit for a directory in a file's mode."""


class WrongPython(Exception):
    """What is there is not the Python of the lock; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """A library inside CPython.

    Attributes:
        name: Its name, which is also the name of its licence's file.
        licence: SPDX expression.
        systems: The operating systems, in Go's words, whose CPython contains it.
        version: Its version; empty for a copy in CPython's own sources.
        mark: A text that a file of CPython then contains; empty if there is none.
    """

    name: str
    licence: str
    systems: list[str]
    version: str = ""
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Lock:
    """``packaging/python.toml``.

    Attributes:
        module: The Go module that packages the builds.
        version: Its version.
        sum: Its digest, as in a go.sum.
        python: The version of Python.
        files: By platform, the SHA-256 of its list of files (see ``listing``).
        packages: By platform, the packages with another version than constraints.txt has: "VERSION --hash=…", by name.
        libraries: The libraries inside CPython, on any system.
    """

    module: str
    version: str
    sum: str
    python: str
    files: dict[str, str]
    packages: dict[str, dict[str, str]]
    libraries: list[Library]

    @property
    def minor(self) -> str:
        """The version without its last part, such as 3.14."""
        return self.python.rpartition(".")[0]


def read_lock(path: Path = LOCK) -> Lock:
    """Read the lock."""
    values = tomllib.loads(path.read_text(encoding="utf-8"))
    return Lock(**{**values, "libraries": [Library(**each) for each in values["libraries"]]})


def fetch(lock: Lock) -> Path:
    """Return the directory that has one directory for each platform, in Go's cache of modules.

    Raises:
        NoGo: There is no Go, or the module cannot be downloaded.
        WrongPython: The module has another digest.
    """
    with tempfile.TemporaryDirectory(prefix="bundle-") as name:
        said = go.module(lock.module, lock.version, Path(name))
    if said["Sum"] != lock.sum:
        raise WrongPython(f"{lock.module}@{lock.version} has the digest {said['Sum']}, not {lock.sum}")
    return Path(said["Dir"]) / "python" / "internal" / "data"


def listing(directory: Path) -> str:
    """Return the list of a directory's files: of each its SHA-256, two spaces and its path, as sha256sum writes it."""
    files = sorted(path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file())
    return "".join(
        f"{hashlib.sha256((directory / each).read_bytes()).hexdigest()}  {each}\n" for each in files
    )


def unpack(fetched: Path, platform: str, lock: Lock, directory: Path) -> None:
    """Unpack the Python of a platform. Links are left out.

    Args:
        fetched: What ``fetch`` returned.
        platform: Such as ``linux-amd64``.
        lock: The lock.
        directory: Where it goes.

    Raises:
        WrongPython: Its files are not those of the lock.
    """
    source = fetched / platform
    digest = hashlib.sha256(listing(source).encode()).hexdigest()
    if digest != lock.files[platform]:
        raise WrongPython(
            f"the files of Python for {platform} have the digest {digest}, not {lock.files[platform]}"
        )
    for entry in json.loads((source / "files.json").read_text(encoding="utf-8"))["files"]:
        place = directory / entry["name"]
        if entry["perm"] & _DIRECTORY:
            place.mkdir(parents=True, exist_ok=True)
        elif "symlink" not in entry:
            packed = source / entry["name"]
            if entry.get("compressed"):
                place.write_bytes(gzip.decompress(packed.with_name(f"{packed.name}.gz").read_bytes()))
            else:
                place.write_bytes(packed.read_bytes())
            place.chmod(0o755 if entry["perm"] & 0o100 else 0o644)


def copy(source: Path, lock: Lock, directory: Path) -> None:
    """Copy a Python that the caller has, such as one that ``uv python install`` has put there. Links and ``__pycache__`` are left out.

    Args:
        source: An installation of python-build-standalone for the bundle's platform.
        lock: The lock.
        directory: Where it goes; it must not exist.

    Raises:
        WrongPython: It is none, or has another minor version than the lock.
    """
    major, minor = lock.minor.split(".")
    marks = (f"lib/python{lock.minor}/os.py", f"python{major}{minor}.dll")
    if not any((source / mark).exists() for mark in marks):
        raise WrongPython(f"--python: {source} is not an installation of Python {lock.minor}")

    def unwanted(place: str, names: list[str]) -> list[str]:
        return [name for name in names if name == "__pycache__" or Path(place, name).is_symlink()]

    shutil.copytree(source, directory, ignore=unwanted)


def libraries(directory: Path, lock: Lock, system: str, *, locked: bool = True) -> list[Library]:
    """Return the libraries that a Python contains.

    Args:
        directory: The directory of Python.
        lock: The lock.
        system: Its operating system, in Go's words.
        locked: Whether it is the locked one. Another build may have other versions, which are left out.

    Raises:
        WrongPython: The locked one doesn't contain a library with the version that the lock names.
    """
    files = [path for path in directory.rglob("*") if path.suffix in BINARIES or path.name == "python3"]
    content = b"".join(path.read_bytes() for path in files if "site-packages" not in path.parts)
    expected = [library for library in lock.libraries if system in library.systems]
    found = [library for library in expected if library.mark.encode() in content]
    if locked and found != expected:
        missing = ", ".join(
            f"{library.name} {library.version}" for library in expected if library not in found
        )
        raise WrongPython(f"Python for {system} does not contain {missing}: correct {LOCK.name}")
    return found
