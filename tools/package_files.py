"""Which file goes where in the packages for Linux distributions, as nfpm's list of contents."""

from __future__ import annotations

import email.utils
import gzip
from typing import TYPE_CHECKING

from tools import lock_files
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
    return [*_program(bundle), *_shared(bundle, kind, work), *_documents(release, bundle, kind, work)]


def _program(bundle: Path) -> Iterator[dict[str, object]]:
    yield {"dst": PLACE, "type": "dir"}
    for path in sorted(bundle.rglob("*")):
        inside = path.relative_to(bundle)
        place = f"{PLACE}/{inside.as_posix()}"
        if inside.parts[0] in _IN_OTHER_PLACES:
            continue
        yield {"dst": place, "type": "dir"} if path.is_dir() else _file(path, place)
    for program in sorted((bundle / "bin").iterdir()):
        link = f"../lib/{NAME}/bin/{program.name}"
        yield {"src": link, "dst": f"/usr/bin/{program.name}", "type": "symlink"}


def _shared(bundle: Path, kind: str, work: Path) -> Iterator[dict[str, object]]:
    """Yield manual page and completions."""
    for path in sorted((bundle / "share").rglob("*")):
        place = f"/usr/{path.relative_to(bundle).as_posix()}"
        if kind == "deb":
            place = place.replace("/zsh/site-functions/", "/zsh/vendor-completions/")
        if path.parent.name == "man1":
            yield _file(_compressed(path, work / f"{path.name}.gz"), f"{place}.gz", document=kind == "rpm")
        elif path.is_file():
            yield _file(path, place)


def _documents(release: Release, bundle: Path, kind: str, work: Path) -> Iterator[dict[str, object]]:
    licence = _file(bundle / "LICENSE", f"{LICENCES}/LICENSE")
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
Comment: The package contains Python and libraries, which have licences of
 their own: {PLACE}/licences and {PLACE}/sbom.cdx.json.

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


def _file(source: Path, place: str, *, document: bool = False) -> dict[str, object]:
    mode = 0o755 if source.stat().st_mode & 0o100 else 0o644
    kind = {"type": "doc"} if document else {}
    return {"src": str(source), "dst": place, "file_info": {"mode": mode}, **kind}


def _compressed(source: Path, path: Path) -> Path:
    return _write(path, gzip.compress(source.read_bytes(), mtime=0))


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
