"""What a bundle says about its parts: the bill of materials and the licences."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from packaging.metadata import Metadata
from packaging.utils import canonicalize_name

from tools import lock_files, sbom

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from tools.bundle_python import Library

LICENCES = lock_files.ROOT / "packaging" / "licences"
"""The licences of what is inside CPython."""


def packages(site: Path) -> dict[str, Metadata]:
    """Return what each installed package says of itself, by canonical name."""
    found = [
        Metadata.from_email(path.read_bytes(), validate=False) for path in site.glob("*.dist-info/METADATA")
    ]
    return {canonicalize_name(each.name): each for each in found}


def write(
    path: Path, site: Path, python: str, libraries: Iterable[Library], modules: Mapping[str, str]
) -> None:
    """Write the bill of materials of a bundle: the wheel's, with what else is in the bundle and without what isn't.

    Args:
        path: Where it goes.
        site: The directory of the bundle's packages.
        python: The version of CPython.
        libraries: The libraries inside CPython.
        modules: The version of Go's library and of each module in the launcher, by name.
    """
    bill = json.loads(sbom.PATH.read_text(encoding="utf-8"))
    del bill["serialNumber"]
    installed = packages(site)
    pins = {pin.name: pin for pin in lock_files.read(lock_files.PROGRAM)}
    known = {part["name"]: part for part in bill["components"]}
    parts = [
        _part(name, installed[name], known, pins) for name in sorted(installed.keys() - {"kubectl-oidc"})
    ]
    program = bill["metadata"]["component"]["bom-ref"]
    interpreter = _other("generic", "cpython", python, "Python-2.0.1")
    inside = [_other("generic", each.name, each.version, each.licence) for each in libraries]
    launcher = [_other("golang", name, version) for name, version in sorted(modules.items())]
    parts += [interpreter, *inside, *launcher]
    references = {part["bom-ref"] for part in parts} | {program}
    bill["components"] = parts
    needs = {
        each["ref"]: [needed for needed in each.get("dependsOn", ()) if needed in references]
        for each in bill["dependencies"]
        if each["ref"] in references
    }
    needs[program] += [part["bom-ref"] for part in (interpreter, *launcher)]
    needs[interpreter["bom-ref"]] = [part["bom-ref"] for part in inside]
    bill["dependencies"] = [{"ref": each, "dependsOn": sorted(needs[each])} for each in sorted(needs)]
    bill["serialNumber"] = uuid5(NAMESPACE_URL, json.dumps(bill, sort_keys=True)).urn
    path.write_text(json.dumps(bill, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def _part(
    name: str, metadata: Metadata, known: Mapping[str, Any], pins: Mapping[str, lock_files.Pin]
) -> dict[str, Any]:
    version = str(metadata.version)
    if name in known and known[name]["version"] == version:
        return dict(known[name])
    reference = f"pkg:pypi/{name}@{version}"
    part: dict[str, Any] = {"type": "library", "name": name, "version": version}
    part |= {"purl": reference, "bom-ref": reference}
    part["licenses"] = [_licence(name, metadata)]
    if pins[name].version == version:
        part["hashes"] = [{"alg": "SHA-256", "content": digest} for digest in pins[name].hashes]
    return part


def _other(kind: str, name: str, version: str, licence: str = "") -> dict[str, Any]:
    """Return a component that is no Python package: ``kind`` is its type in a package URL."""
    reference = f"pkg:{kind}/{name}" + (f"@{version}" if version else "")
    part: dict[str, Any] = {"type": "library", "name": name, "purl": reference, "bom-ref": reference}
    if version:
        part["version"] = version
    if licence:
        part["licenses"] = [{"expression": licence}]
    return part


def _licence(name: str, metadata: Metadata) -> dict[str, Any]:
    """Return the licence as CycloneDX has it: an SPDX expression, else the words of the package."""
    try:
        return {"expression": sbom.licence(name, metadata)}
    except sbom.NotKnown:
        words = [each for each in metadata.classifiers or [] if each.startswith("License ::")]
        return {
            "license": {"name": words[0].rpartition(" :: ")[2] if words else "see the package's dist-info"}
        }


def write_licences(
    directory: Path, python: Path, libraries: Iterable[Library], others: Mapping[str, Path]
) -> None:
    """Write the licences of what is no Python package. Each Python package has its own below its ``.dist-info``.

    Args:
        directory: Where they go; it must not exist.
        python: The licence of Python.
        libraries: The libraries inside CPython. One whose licence has no SPDX name has no text here.
        others: More files, by what each is about.
    """
    directory.mkdir()
    names = [each.name for each in libraries if not each.licence.startswith("LicenseRef-")]
    inside = {name: LICENCES / f"{name}.txt" for name in ("cpython-incorporated", *names)}
    for name, file in {"cpython": python, **inside, **others}.items():
        place = directory / f"{name.replace('/', '-')}.txt"
        shutil.copyfile(file, place)
        place.chmod(0o644)
