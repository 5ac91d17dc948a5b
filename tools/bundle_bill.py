"""What a bundle says about its parts: the bill of materials and the licences."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING, Any
from uuid import NAMESPACE_URL, uuid5

from packaging.metadata import Metadata
from packaging.utils import canonicalize_name

from tools import lock_files, sbom

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_OPENSSL = re.compile(rb"OpenSSL (\d+\.\d+\.\d+) \d+ \w+ \d{4}")


def packages(site: Path) -> dict[str, Metadata]:
    """Return what each installed package says of itself, by canonical name."""
    found = [
        Metadata.from_email(path.read_bytes(), validate=False) for path in site.glob("*.dist-info/METADATA")
    ]
    return {canonicalize_name(each.name): each for each in found}


def write(path: Path, site: Path, versions: Mapping[str, str]) -> None:
    """Write the bill of materials of a bundle: the wheel's, with what else is in the bundle and without what isn't.

    Args:
        path: Where it goes.
        site: The directory of the bundle's packages.
        versions: Name and version of what is no Python package: cpython, openssl, the launcher's modules.
    """
    bill = json.loads(sbom.PATH.read_text(encoding="utf-8"))
    del bill["serialNumber"]
    installed = packages(site)
    pins = {pin.name: pin for pin in lock_files.read(lock_files.PROGRAM)}
    known = {part["name"]: part for part in bill["components"]}
    parts = [
        _part(name, installed[name], known, pins) for name in sorted(installed.keys() - {"kubectl-oidc"})
    ]
    parts += [
        {"type": "library", "name": name, "version": version, "bom-ref": f"{name}@{version}"}
        for name, version in sorted(versions.items())
    ]
    references = {part["bom-ref"] for part in parts} | {bill["metadata"]["component"]["bom-ref"]}
    bill["components"] = parts
    bill["dependencies"] = [
        {**each, "dependsOn": [needed for needed in each.get("dependsOn", ()) if needed in references]}
        for each in bill["dependencies"]
        if each["ref"] in references
    ]
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


def _licence(name: str, metadata: Metadata) -> dict[str, Any]:
    """Return the licence as CycloneDX has it: an SPDX expression, else the words of the package."""
    try:
        return {"expression": sbom.licence(name, metadata)}
    except sbom.NotKnown:
        words = [each for each in metadata.classifiers or [] if each.startswith("License ::")]
        return {
            "license": {"name": words[0].rpartition(" :: ")[2] if words else "see the package's dist-info"}
        }


def openssl(python: Path) -> dict[str, str]:
    """Return the version of OpenSSL that a Python contains, by its name; nothing if no file says one.

    Args:
        python: The directory of Python, for any platform.
    """
    for pattern in ("bin/python3*", "lib/libpython*", "DLLs/libcrypto*"):
        for file in sorted(python.glob(pattern)):
            if found := _OPENSSL.search(file.read_bytes()):
                return {"openssl": found[1].decode()}
    return {}


def write_licences(directory: Path, python: Path, others: Mapping[str, Path]) -> None:
    """Write the licences of what is no Python package. Each Python package has its own below its ``.dist-info``.

    Args:
        directory: Where they go; it must not exist.
        python: The licence of Python.
        others: More files, by what each is about.
    """
    directory.mkdir()
    for name, file in {"cpython": python, **others}.items():
        place = directory / f"{name.replace('/', '-')}.txt"
        shutil.copyfile(file, place)
        place.chmod(0o644)
