"""The wheels with the native launcher: one for each platform, with that platform's program and tags."""

from __future__ import annotations

import struct
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest
from packaging.tags import mac_platforms, sys_tags
from packaging.utils import parse_wheel_filename

from tests import parts
from tools import dist, go, release, wheel_launcher

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [
    pytest.mark.together("wheels"),  # they are built once
    pytest.mark.timeout(900),  # Go compiles its library for each platform
]

ELF, MACH_O, PE = b"\x7fELF\x02\x01", b"\xcf\xfa\xed\xfe", b"MZ"

PROGRAMS = {
    ("linux", "amd64"): (ELF, 62),  # EM_X86_64
    ("linux", "arm64"): (ELF, 183),  # EM_AARCH64
    ("darwin", "amd64"): (MACH_O, 0x01000007),  # CPU_TYPE_X86_64
    ("darwin", "arm64"): (MACH_O, 0x0100000C),  # CPU_TYPE_ARM64
    ("windows", "amd64"): (PE, 0x8664),  # IMAGE_FILE_MACHINE_AMD64
}
"""What each platform's program begins with, and its number of the processor."""

Wheels = dict[tuple[str, str], "Path"]


@pytest.fixture(scope="module")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Wheels:
    """Have the wheels built and checked (twine, check-wheel-contents)."""
    parts.go()
    directory = tmp_path_factory.mktemp("wheels")
    built = dist.with_launcher(directory, parts.REPOSITORY)
    assert sorted(directory.iterdir()) == sorted(built)
    return dict(zip(release.PLATFORMS, built, strict=True))


@pytest.fixture(scope="module")
def launcher(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Have the launcher built for Windows as a bundle has it."""
    parts.go()
    program = tmp_path_factory.mktemp("launcher") / "program"
    go.build_launcher(program, "windows", "amd64")
    return program.read_bytes()


def program_of(wheel: Path, system: str) -> bytes:
    """Return the script of a wheel."""
    name = "kubectl-oidc_login" + (".exe" if system == "windows" else "")
    with zipfile.ZipFile(wheel) as packed:
        (script,) = (entry for entry in packed.infolist() if ".data/scripts/" in entry.filename)
        assert script.filename.endswith(f".data/scripts/{name}")
        assert script.external_attr >> 16 & 0o111 == 0o111
        return packed.read(script)


def processor(program: bytes) -> int:
    """Return the number of the processor that a program is for."""
    if program.startswith(ELF):
        form, offset = "<H", 18
    elif program.startswith(MACH_O):
        form, offset = "<I", 4
    else:
        form, offset = "<4xH", struct.unpack_from("<I", program, 0x3C)[0]
        assert program[offset : offset + 4] == b"PE\0\0"
    (number,) = struct.unpack_from(form, program, offset)
    return int(number)


def test_there_is_one_for_each_platform_of_a_release(wheels: Wheels) -> None:
    """No two have the same tag, and each has that of its platform."""
    assert wheels.keys() == wheel_launcher.TAGS.keys() == PROGRAMS.keys()
    tags = {target: parse_wheel_filename(wheel.name)[3] for target, wheel in wheels.items()}
    for target, found in tags.items():
        assert {(tag.interpreter, tag.abi) for tag in found} == {("py3", "none")}
        assert {tag.platform for tag in found} == set(wheel_launcher.TAGS[target].split("."))
    assert len(set().union(*tags.values())) == sum(map(len, tags.values()))
    for machine, name in (("amd64", "x86_64"), ("arm64", "arm64")):
        (tag,) = tags["darwin", machine]
        assert tag.platform in set(mac_platforms((12, 0), name))


@pytest.mark.skipif(sys.platform != "linux", reason="asks which wheel an installer on Linux takes")
def test_an_installer_takes_this_machine_s(wheels: Wheels) -> None:
    """One of them, and before the pure one."""
    supported = list(sys_tags())
    best = {
        target: min((supported.index(tag) for tag in found if tag in supported), default=None)
        for target, wheel in wheels.items()
        if (found := parse_wheel_filename(wheel.name)[3])
    }
    taken = [place for place in best.values() if place is not None]
    pure = next(number for number, tag in enumerate(supported) if str(tag) == "py3-none-any")
    assert len(taken) == 1
    assert taken[0] < pure


@pytest.mark.parametrize("target", PROGRAMS, ids="-".join)
def test_its_script_is_a_program_of_its_platform(wheels: Wheels, target: tuple[str, str]) -> None:
    """By the first bytes and the processor that its header names. No console script takes its place."""
    magic, number = PROGRAMS[target]
    program = program_of(wheels[target], target[0])
    assert program.startswith(magic)
    assert processor(program) == number
    with zipfile.ZipFile(wheels[target]) as packed:
        (entry_points,) = (name for name in packed.namelist() if name.endswith("/entry_points.txt"))
        scripts = packed.read(entry_points).decode()
    assert "kubectl_complete-oidc_login = " in scripts
    assert "kubectl-oidc_login = " not in scripts


def test_it_is_the_launcher_of_the_bundle(wheels: Wheels, launcher: bytes) -> None:
    """The same bytes, from another directory."""
    assert program_of(wheels["windows", "amd64"], "windows") == launcher


def test_it_has_the_licences_of_what_the_launcher_contains(wheels: Wheels) -> None:
    """Go's own, and those of its modules; D-Bus only on Linux."""
    for target, wheel in wheels.items():
        with zipfile.ZipFile(wheel) as packed:
            texts = {
                name.rpartition("/")[2].partition("@")[0]: packed.read(name)
                for name in packed.namelist()
                if ".dist-info/extra_metadata/licences/" in name
            }
        modules = {"golang.org-x-crypto", "golang.org-x-sys"}
        if target[0] == "linux":
            modules.add("github.com-godbus-dbus-v5")
        assert texts.keys() == {"go.txt", *modules}
        assert all(b"Copyright" in text for text in texts.values())
