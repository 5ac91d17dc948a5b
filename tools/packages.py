"""``make packages``: .deb, .rpm and .apk from the bundles for Linux, by nfpm.

The bundle goes to /usr/lib/kubectl-oidc, its program is linked from /usr/bin. No package has a maintainer script, so
nothing outside of the package's own files is touched. The same bundle gives the same bytes: every file has the time of
SOURCE_DATE_EPOCH, or of the version in CHANGELOG.md.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tarfile
import tempfile
import textwrap
from pathlib import Path

from tools import lock_files, package_files, release as releases, wheel
from tools.release import ABOUT, NAME, PLATFORMS, REVISION, Release

FORMATS = ("deb", "rpm", "apk")
MACHINES = tuple(machine for system, machine in PLATFORMS if system == "linux")
DIST = lock_files.ROOT / "dist"

_GLIBC = re.compile(rb"GLIBC_2\.(\d+)")


class NoBundleError(Exception):
    """There is no bundle to make packages from."""


def main() -> int:
    """Build the packages, print their paths, and return the exit status."""
    parser = argparse.ArgumentParser(prog="make packages", description=__doc__)
    releases.add_options(parser)
    parser.add_argument("--artifacts", type=Path, default=DIST, help="directory with the bundles' archives")
    parser.add_argument("--bundle", type=Path, help="an unpacked bundle, instead of the archives")
    parser.add_argument("--machine", choices=MACHINES, help="what the unpacked bundle is for")
    parser.add_argument("--output", type=Path, default=DIST)
    given = parser.parse_args()
    if bool(given.bundle) != bool(given.machine):
        parser.error("--bundle and --machine belong together")
    given.output.mkdir(parents=True, exist_ok=True)
    release = releases.of_options(given)
    try:
        if given.bundle:
            made = build(release, given.bundle, given.machine, given.output)
        else:
            made = build_from_archives(release, given.artifacts, given.output)
    except (NoBundleError, subprocess.CalledProcessError) as error:
        print(f"packages: failed: {error}", file=sys.stderr)
        return 1
    for path in made:
        print(f"{path} ({path.stat().st_size / 1e6:.1f} MB)")
    return 0


def build_from_archives(release: Release, artifacts: Path, output: Path) -> list[Path]:
    """Build the packages from each archive of a bundle for Linux.

    Args:
        release: What the packages say about themselves.
        artifacts: The directory with the archives.
        output: Where the packages go.

    Returns:
        The packages' paths.

    Raises:
        NoBundleError: There is no archive of this version for Linux.
        CalledProcessError: nfpm failed.
    """
    archives = {machine: artifacts / release.bundle("linux", machine) for machine in MACHINES}
    made: list[Path] = []
    for machine, archive in archives.items():
        if archive.exists():
            with tempfile.TemporaryDirectory(prefix="bundle-") as name, tarfile.open(archive) as packed:
                packed.extractall(name, filter="tar")
                made += build(release, Path(name) / release.directory, machine, output)
    if not made:
        raise NoBundleError(f"{' and '.join(map(str, archives.values()))} are missing: run make bundle")
    return made


def build(release: Release, bundle: Path, machine: str, output: Path) -> list[Path]:
    """Build one package of each format from an unpacked bundle.

    Args:
        release: What the packages say about themselves.
        bundle: The directory that contains ``bin`` and ``python``.
        machine: What the bundle is for, one of ``MACHINES``.
        output: Where the packages go.

    Returns:
        The packages' paths.

    Raises:
        NoBundleError: The directory is not a bundle.
        CalledProcessError: nfpm failed.
    """
    if not (bundle / "bin" / wheel.PROGRAM).is_file():
        raise NoBundleError(f"{bundle} is not a bundle: it has no bin/{wheel.PROGRAM}")
    return [_build(release, bundle, machine, kind, output) for kind in FORMATS]


def _build(release: Release, bundle: Path, machine: str, kind: str, output: Path) -> Path:
    with tempfile.TemporaryDirectory(prefix="packages-") as name:
        work = Path(name)
        settings = work / "nfpm.json"
        settings.write_text(json.dumps(configuration(release, bundle, machine, kind, work)), encoding="utf-8")
        return _run_nfpm(settings, kind, output)


def configuration(release: Release, bundle: Path, machine: str, kind: str, work: Path) -> dict[str, object]:
    """Return nfpm's configuration, and write the files that it names and that the bundle does not have.

    Args:
        release: What the package says about itself.
        bundle: The directory that contains ``bin`` and ``python``.
        machine: What the bundle is for, one of ``MACHINES``.
        kind: One of ``FORMATS``.
        work: An empty directory for the files.
    """
    about = textwrap.fill(ABOUT, 76)
    return {
        "name": NAME,
        "version": release.version,
        "release": REVISION,
        "arch": machine,
        "platform": "linux",
        "section": "admin",
        "priority": "optional",
        "maintainer": release.maintainer,
        "vendor": release.publisher,
        # The first line is the summary. apk has nothing else, and its format knows no second line.
        "description": release.description if kind == "apk" else f"{release.description}\n{about}",
        "homepage": release.homepage,
        "license": release.licence,
        "mtime": release.time.isoformat(),
        "disable_globbing": True,
        "contents": package_files.contents(release, bundle, kind, work),
        "depends": _depends(kind, glibc(bundle)),
        "recommends": ["ca-certificates"],
        "deb": {"compression": "xz"},
        "rpm": {"compression": "xz", "buildhost": "localhost", "summary": release.description},
        **({"changelog": str(_changes(release, work))} if kind == "rpm" else {}),
    }


def glibc(bundle: Path) -> int | None:
    """Return the minor version of the oldest glibc that runs everything in a bundle; None if nothing needs glibc."""
    files = (path for path in bundle.rglob("*") if path.is_file() and not path.is_symlink())
    binaries = (content for path in files if (content := path.read_bytes()).startswith(b"\x7fELF"))
    return max((int(found[1]) for content in binaries for found in _GLIBC.finditer(content)), default=None)


def _depends(kind: str, glibc_minor: int | None) -> list[str]:
    if glibc_minor is None:
        return []
    return {
        "deb": [f"libc6 (>= 2.{glibc_minor})"],
        "rpm": [f"glibc >= 2.{glibc_minor}"],
        "apk": ["so:libc.so.6"],  # musl does not provide it: what cannot run is not installed
    }[kind]


def _changes(release: Release, work: Path) -> Path:
    entry = {
        "semver": f"{release.version}-{REVISION}",
        "date": release.time.isoformat(),
        "packager": release.maintainer,
        "changes": [{"note": f"{release.homepage} has what changed."}],
    }
    path = work / "changes.json"
    path.write_text(json.dumps([entry]), encoding="utf-8")
    return path


def _run_nfpm(settings: Path, kind: str, output: Path) -> Path:
    nfpm = str(Path(sys.executable).with_name("nfpm"))
    command = [nfpm, "package", f"--config={settings}", f"--packager={kind}", f"--target={output}/"]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        print(done.stdout, file=sys.stderr)
        done.check_returncode()
    return output / Path(done.stdout.rpartition("created package: ")[2].strip()).name


if __name__ == "__main__":
    sys.exit(main())
