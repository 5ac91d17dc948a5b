"""Which file goes where in the packages for Linux distributions, as nfpm's list of contents."""

from __future__ import annotations

import email.utils
import gzip
from typing import TYPE_CHECKING

from tools import lock_files, release as releases, wheel
from tools.release import NAME, REVISION

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tools.release import Release

PLACE = f"/usr/lib/{NAME}"
DOCUMENTS = f"/usr/share/doc/{NAME}"
LICENCES = f"/usr/share/licenses/{NAME}"

_IN_OTHER_PLACES = ("LICENSE", "share")  # of a bundle: the distributions have their own places for them


def contents(release: Release, bundle: Path, kind: str, work: Path) -> list[dict[str, object]]:
    """Return nfpm's list of contents, and write the files that the bundle does not have.

    Args:
        release: What the package says about itself.
        bundle: The directory that contains ``bin`` and ``python``.
        kind: The format: ``deb``, ``rpm`` or ``apk``.
        work: A directory for the files.
    """
    return [*_program(bundle, work), *_shared(kind, work), *_documents(release, kind, work)]


def _program(bundle: Path, work: Path) -> Iterator[dict[str, object]]:
    yield {"dst": PLACE, "type": "dir"}
    for path in sorted(bundle.rglob("*")):
        inside = path.relative_to(bundle)
        if inside.parts[0] in _IN_OTHER_PLACES:
            continue
        place = f"{PLACE}/{inside.as_posix()}"
        if path.is_symlink():
            yield {"src": str(path.readlink()), "dst": place, "type": "symlink"}
        elif path.is_dir():
            yield {"dst": place, "type": "dir"}
        else:
            yield _file(path, place, executable=bool(path.stat().st_mode & 0o100))
    yield {"src": f"../lib/{NAME}/bin/{wheel.PROGRAM}", "dst": f"/usr/bin/{wheel.PROGRAM}", "type": "symlink"}
    completer = releases.completer(f"{PLACE}/python/bin/python3").encode()
    yield _file(
        _write(work / releases.COMPLETER, completer), f"/usr/bin/{releases.COMPLETER}", executable=True
    )


def _shared(kind: str, work: Path) -> Iterator[dict[str, object]]:
    """Yield manual page and completions, at the places that the wheel names below its prefix."""
    hatch = releases.metadata()["tool"]["hatch"]["build"]["targets"]["wheel"]
    for source, below in hatch["shared-data"].items():
        path, place = lock_files.ROOT / source, f"/usr/{below}"
        if kind == "deb":
            place = place.replace("/zsh/site-functions/", "/zsh/vendor-completions/")
        if "/man/" in place:
            yield _file(_compressed(path, work / f"{path.name}.gz"), f"{place}.gz", document=kind == "rpm")
        else:
            yield _file(path, place)


def _documents(release: Release, kind: str, work: Path) -> Iterator[dict[str, object]]:
    licence = _file(lock_files.ROOT / "LICENSE", f"{LICENCES}/LICENSE")
    changes = _compressed(lock_files.ROOT / "CHANGELOG.md", work / "changelog.gz")
    yield _file(changes, f"{DOCUMENTS}/changelog.gz", document=kind == "rpm")
    if kind == "deb":
        notice = _write(work / "copyright", copyright_notice(release).encode())
        yield _file(notice, f"{DOCUMENTS}/copyright")
        entry = _write(work / "changelog", debian_changelog(release).encode())
        yield _file(_compressed(entry, work / "changelog.Debian.gz"), f"{DOCUMENTS}/changelog.Debian.gz")
    elif kind == "rpm":  # whose directories belong to a package only if it names them
        yield {"dst": DOCUMENTS, "type": "dir"}
        yield {"dst": LICENCES, "type": "dir"}
        yield {**licence, "type": "license"}
    else:
        yield licence


def copyright_notice(release: Release) -> str:
    """Return Debian's copyright file (machine-readable format 1.0)."""
    return f"""\
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: {NAME}
Source: {release.homepage}
Comment: The licences of Python and of the libraries are beside them below
 {PLACE}.

Files: *
Copyright: {release.date.year}, the authors of {NAME}
License: {release.licence}
 The text of this licence is in /usr/share/common-licenses/{release.licence}.
"""


def debian_changelog(release: Release) -> str:
    """Return Debian's changelog (deb-changelog(5)) with one entry: the package's, not the program's."""
    return f"""\
{NAME} ({release.version}-{REVISION}) unstable; urgency=medium

  * {release.homepage} has what changed.

 -- {release.maintainer}  {email.utils.format_datetime(release.time)}
"""


def _file(source: Path, place: str, *, executable: bool = False, document: bool = False) -> dict[str, object]:
    mode = {"file_info": {"mode": 0o755 if executable else 0o644}}
    return {"src": str(source), "dst": place, **mode, **({"type": "doc"} if document else {})}


def _compressed(source: Path, path: Path) -> Path:
    return _write(path, gzip.compress(source.read_bytes(), mtime=0))


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
