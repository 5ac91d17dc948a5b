"""Write ``sbom.cdx.json``, the bill of materials that the wheel carries (CycloneDX 1.6, PEP 770).

It lists what the program needs at run time, as ``constraints.txt`` has it: name, version, package URL, the hashes of every
artifact, licence, and who needs whom. What each package says of itself is read from the very artifact that the lock
names. The same lock gives the same bytes: no time of day, no random number. ``make lock`` runs this.
"""

from __future__ import annotations

import itertools
import json
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, cast
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.metadata import Metadata
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tools import lock_files

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

PATH = lock_files.ROOT / "sbom.cdx.json"

# Older packages name their licence by a classifier alone; the rest of these names are ambiguous (PEP 639).
_CLASSIFIERS = {"License :: OSI Approved :: MIT License": "MIT"}
_READ = {"segno": "BSD-3-Clause"}
"""Packages that name their licence ambiguously, and the licence that their file LICENSE has."""

_PYTHONS = ("3.11", "3.12", "3.13", "3.14")
_PLATFORMS = (("linux", "posix", "Linux"), ("darwin", "posix", "Darwin"), ("win32", "nt", "Windows"))


class NotKnown(Exception):
    """A package says less than the bill of materials has to."""


def main() -> int:
    """Fetch what the lock names, write the file, and return the exit status."""
    project = tomllib.loads((lock_files.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    pins = lock_files.read(lock_files.PROGRAM)
    with tempfile.TemporaryDirectory(prefix="sbom-") as name:
        packages = fetch(pins, Path(name))
    PATH.write_text(document(project, pins, packages), encoding="utf-8")
    return 0


def fetch(pins: Iterable[lock_files.Pin], directory: Path) -> dict[str, Metadata]:
    """Download one wheel of each package, held to its hashes, and read what it says of itself.

    Args:
        pins: The packages, those for other platforms included.
        directory: Where the wheels go.

    Returns:
        The packages' metadata, by canonical name.
    """
    lines = directory / "everything.txt"
    lines.write_text("".join(f"{pin.anywhere()}\n" for pin in pins), encoding="utf-8")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "download"]
    held = ["--require-hashes", "--no-deps", "--only-binary=:all:", "--ignore-requires-python"]
    subprocess.run([*pip, *held, f"--requirement={lines}", f"--dest={directory}"], check=True)
    found = [_metadata(wheel) for wheel in directory.glob("*.whl")]
    return {canonicalize_name(metadata.name): metadata for metadata in found}


def _metadata(wheel: Path) -> Metadata:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        return Metadata.from_email(archive.read(name), validate=False)


def document(
    project: Mapping[str, object], pins: Iterable[lock_files.Pin], packages: Mapping[str, Metadata]
) -> str:
    """Write the bill of materials.

    Args:
        project: The table of this name in ``pyproject.toml``.
        pins: The packages of the lock.
        packages: What each says of itself, by canonical name.

    Returns:
        CycloneDX 1.6 in JSON.

    Raises:
        NotKnown: A package's licence is not to be told.
    """
    name = str(project["name"])
    needs = closure(name, cast("list[str]", project["dependencies"]), packages)
    bom = Bom()
    program = _component(name, str(project["version"]), str(project["license"]), ComponentType.APPLICATION)
    parts = {name: program} | {pin.name: _part(pin, packages) for pin in pins if pin.name in needs}
    bom.metadata.component = program
    bom.components.update(part for part in parts.values() if part is not program)
    for needing, needed in needs.items():
        bom.register_dependency(parts[needing], [parts[each] for each in sorted(needed)])
    written = json.loads(JsonV1Dot6(bom).output_as_string())
    # Both are of the moment; the number is made of the content instead.
    del written["metadata"]["timestamp"], written["serialNumber"]
    text = json.dumps(written, sort_keys=True)
    written["serialNumber"] = uuid5(NAMESPACE_URL, text).urn
    return json.dumps(written, indent=2, sort_keys=True) + "\n"


def closure(name: str, dependencies: Iterable[str], packages: Mapping[str, Metadata]) -> dict[str, set[str]]:
    """Find what is needed at run time, on any platform and with any Python that the program runs on.

    Args:
        name: The program's.
        dependencies: What it asks for itself.
        packages: What each package says of itself, by canonical name.

    Returns:
        The canonical names of what each package needs, the program's included.
    """
    needs: dict[str, set[str]] = {name: set()}
    waiting = [(name, Requirement(text), "") for text in dependencies]
    seen = set()
    while waiting:
        needing, requirement, extra = waiting.pop()
        if (needing, str(requirement), extra) in seen or not _applies(requirement, extra):
            continue
        seen.add((needing, str(requirement), extra))
        needed = canonicalize_name(requirement.name)
        needs[needing].add(needed)
        needs.setdefault(needed, set())
        further = packages[needed].requires_dist or []
        waiting += [(needed, each, extra) for each in further for extra in ("", *requirement.extras)]
    return needs


def _applies(requirement: Requirement, extra: str) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({**each, "extra": extra}) for each in _environments())


def _environments() -> Iterator[dict[str, str]]:
    for python, (platform, os_name, system) in itertools.product(_PYTHONS, _PLATFORMS):
        yield {
            "implementation_name": "cpython",
            "implementation_version": f"{python}.0",
            "os_name": os_name,
            "platform_machine": "x86_64",
            "platform_python_implementation": "CPython",
            "platform_release": "",
            "platform_system": system,
            "platform_version": "",
            "python_full_version": f"{python}.0",
            "python_version": python,
            "sys_platform": platform,
        }


def _part(pin: lock_files.Pin, packages: Mapping[str, Metadata]) -> Component:
    part = _component(pin.name, pin.version, licence(pin.name, packages[pin.name]), ComponentType.LIBRARY)
    part.hashes.update(HashType(alg=HashAlgorithm.SHA_256, content=digest) for digest in pin.hashes)
    if pin.marker is not None:
        part.properties.add(Property(name="kubectl-oidc:environment-marker", value=str(pin.marker)))
    return part


def _component(name: str, version: str, licence: str, kind: ComponentType) -> Component:
    url = PackageURL("pypi", name=name, version=version)
    licences = [LicenseFactory().make_from_string(licence)]
    return Component(
        type=kind, name=name, version=version, purl=url, bom_ref=url.to_string(), licenses=licences
    )


def licence(name: str, metadata: Metadata) -> str:
    """Return the licence as an SPDX expression.

    Raises:
        NotKnown: The package does not say it in a way that has one meaning.
    """
    for words in (metadata.license_expression, metadata.license, _READ.get(name)):
        try:
            return canonicalize_license_expression(words or "")
        except InvalidLicenseExpression:
            continue
    for classifier in metadata.classifiers or []:
        if classifier in _CLASSIFIERS:
            return _CLASSIFIERS[classifier]
    raise NotKnown(f"the licence of {name} is not told: find it out, and say it in tools/sbom.py")


if __name__ == "__main__":
    sys.exit(main())
