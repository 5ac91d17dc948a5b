"""The bill of materials: valid, held to the lock file, always the same bytes, and in the wheel."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from contextlib import suppress
from importlib import metadata as installed
from typing import TYPE_CHECKING, Any

import pytest
from packaging.metadata import Metadata

from tests.parts import REPOSITORY
from tools import lock_files, sbom, wheel

if TYPE_CHECKING:
    from pathlib import Path

PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]


VALIDATE = """
import pathlib, sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
print(JsonStrictValidator(SchemaVersion.V1_6).validate_str(pathlib.Path(sys.argv[1]).read_text()))
"""


@pytest.fixture
def bill() -> dict[str, Any]:
    """Return the bill of materials of this checkout."""
    read: dict[str, Any] = json.loads(sbom.PATH.read_text())
    return read


def test_it_is_what_the_standard_says() -> None:
    """CycloneDX 1.6 by its own strict schema; in a process of its own, because the validator takes seconds to load."""
    done = subprocess.run(
        [sys.executable, "-c", VALIDATE, sbom.PATH], capture_output=True, text=True, check=True
    )
    assert done.stdout == "None\n"


def test_it_is_of_this_version(bill: dict[str, Any]) -> None:
    """Name, version and licence are those of pyproject.toml."""
    program = bill["metadata"]["component"]
    assert program["purl"] == f"pkg:pypi/{PROJECT['name']}@{PROJECT['version']}"
    assert program["licenses"] == [{"license": {"id": PROJECT["license"]}}]


def faults(bill: dict[str, Any], pins: list[lock_files.Pin]) -> list[str]:
    """Tell what a bill of materials says that the lock does not, by name, version and hashes."""
    locked = {pin.name: pin for pin in pins}
    found = []
    for part in bill["components"]:
        pin = locked.get(part["name"])
        if pin is None:
            found.append(f"{part['name']} is not locked")
        elif part["version"] != pin.version or part["purl"] != f"pkg:pypi/{pin.name}@{pin.version}":
            found.append(f"{pin.name} is locked at {pin.version}")
        elif {each["content"] for each in part["hashes"]} != set(pin.hashes):
            found.append(f"{pin.name} has other hashes")
    return found


def test_it_follows_the_lock_file(bill: dict[str, Any]) -> None:
    """Every part has the version and the hashes of constraints.txt; `make lock` writes both."""
    assert not faults(bill, lock_files.read(lock_files.PROGRAM)), "make lock writes it"


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        (r"^click==\S+", "click==99", "click is locked at 99"),
        (r"^h11==", "h12==", "h11 is not locked"),
        (r"--hash=sha256:.", "--hash=sha256:0", "has other hashes"),
    ],
)
def test_a_lock_file_that_was_changed_alone_is_found(
    old: str, new: str, fault: str, bill: dict[str, Any], tmp_path: Path
) -> None:
    """A dependency that was bumped, replaced or rebuilt without the bill of materials is told by name."""
    lock = tmp_path / "lock.txt"
    text, changes = re.subn(old, new, lock_files.PROGRAM.read_text(), flags=re.MULTILINE)
    assert changes
    lock.write_text(text)
    assert fault in "\n".join(faults(bill, lock_files.read(lock)))


def test_it_has_all_that_the_program_needs_and_nothing_else(bill: dict[str, Any]) -> None:
    """What is installed here says whom it needs: the same edges, none forgotten and none from somewhere else.

    What other platforms need is not installed here; every part is reached from the program all the same.
    """
    edges = {each["ref"]: set(each.get("dependsOn", [])) for each in bill["dependencies"]}
    names = {part["bom-ref"]: part["name"] for part in [*bill["components"], bill["metadata"]["component"]]}
    assert edges.keys() == names.keys()
    reached, waiting = set[str](), [bill["metadata"]["component"]["bom-ref"]]
    while waiting:
        ref = waiting.pop()
        if ref not in reached:
            reached.add(ref)
            waiting += edges[ref]
    assert reached == names.keys()
    here = installed_packages(set(names.values()))
    # Nothing stands for what only other systems and Pythons have.
    empty = {
        name: Metadata.from_raw({"name": name, "version": "0"}, validate=False) for name in names.values()
    }
    found = sbom.closure(PROJECT["name"], PROJECT["dependencies"], empty | here)
    written = {names[ref]: {names[each] for each in needed} for ref, needed in edges.items()}
    assert len(here) > 20
    for name in (PROJECT["name"], *here):
        assert written[name] == found[name], name


def installed_packages(names: set[str]) -> dict[str, Metadata]:
    """Return what those of these packages that are installed say of themselves."""
    found = {}
    for name in names - {PROJECT["name"]}:
        with suppress(installed.PackageNotFoundError):
            text = installed.distribution(name).read_text("METADATA")
            found[name] = Metadata.from_email(text or "", validate=False)
    return found


def test_every_part_says_its_licence(bill: dict[str, Any]) -> None:
    """By an identifier or an expression of SPDX; a name alone would have to be looked up by whoever reads it."""
    for part in bill["components"]:
        (licence,) = part["licenses"]
        assert licence.get("expression") or licence["license"].get("id"), part["name"]


def test_a_licence_that_is_not_told_is_asked_for() -> None:
    """`make lock` ends with what to do, and writes nothing that is not known."""
    nameless = Metadata.from_raw({"name": "somebody", "version": "1", "license": "see file"}, validate=False)
    pins = [lock_files.Pin("somebody", "1", None, ("0" * 64,))]
    with pytest.raises(sbom.NotKnown, match=r"somebody.*tools/sbom\.py"):
        sbom.document({**PROJECT, "dependencies": ["somebody"]}, pins, {"somebody": nameless})


EXAMPLE = """
from packaging.metadata import Metadata
from tools import lock_files, sbom
names = ["anna", "ben", "carl"]
pins = [lock_files.Pin(name, "1", None, ("1" * 64, "0" * 64, "f" * 64)) for name in names]
raw = {"version": "1", "license_expression": "MIT OR Apache-2.0"}
packages = {name: Metadata.from_raw({**raw, "name": name}, validate=False) for name in names}
project = {"name": "example", "version": "1", "license": "MIT", "dependencies": names}
print(sbom.document(project, pins, packages), end="")
"""


def test_it_is_the_same_each_time() -> None:
    """In any process, at any time: no clock, no random number, no order of a set."""
    seeds = ("1", "2", "3")
    documents = {
        subprocess.run(
            [sys.executable, "-c", EXAMPLE],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=REPOSITORY,
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in seeds
    }
    (document,) = documents
    assert "timestamp" not in document
    assert [part["name"] for part in json.loads(document)["components"]] == ["anna", "ben", "carl"]


def test_the_wheel_carries_it(tmp_path: Path) -> None:
    """Where PEP 770 says, byte for byte; also in a wheel that is made of the source archive."""
    inside = f"kubectl_oidc-{PROJECT['version']}.dist-info/sboms/sbom.cdx.json"
    with zipfile.ZipFile(wheel.build(tmp_path)) as built:
        assert built.read(inside) == sbom.PATH.read_bytes()
    hatchling = [sys.executable, "-m", "hatchling", "build", "--directory", str(tmp_path)]
    subprocess.run([*hatchling, "--target", "sdist"], cwd=REPOSITORY, check=True, capture_output=True)
    with tarfile.open(tmp_path / f"kubectl_oidc-{PROJECT['version']}.tar.gz") as archive:
        archive.extractall(tmp_path, filter="data")
    source = tmp_path / f"kubectl_oidc-{PROJECT['version']}"
    again = [sys.executable, "-m", "hatchling", "build", "--directory", str(tmp_path / "again")]
    subprocess.run([*again, "--target", "wheel"], cwd=source, check=True, capture_output=True)
    (made,) = (tmp_path / "again").iterdir()
    with zipfile.ZipFile(made) as built:
        assert built.read(inside) == sbom.PATH.read_bytes()
