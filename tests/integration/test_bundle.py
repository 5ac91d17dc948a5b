"""The bundle (`make bundle`) on a Linux that has no Python: a root directory with the C library, kubectl and the bundle."""

from __future__ import annotations

import json
import platform
import re
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from kubectl_oidc.version import __version__
from tests import parts
from tools import bundle, bundle_packages, go

from .laptop import token_of
from .mounts import mounting
from .test_demo import assert_the_story

if TYPE_CHECKING:
    from .laptop import Laptop

pytestmark = [
    pytest.mark.together("port8000"),  # the demo's redirect URI; and it is built once
    pytest.mark.timeout(
        900
    ),  # Python, the libraries and Go's own are fetched and built where they were not before
]

OPT = "/opt/kubectl-oidc"
PROGRAM = f"{OPT}/bin/kubectl-oidc_login"
LINK = "/usr/local/bin/kubectl-oidc_login"

INSIDE = """
set -e
root=$1; shift
mount --rbind /proc "$root/proc"
mount --bind "$root/opt" "$root/opt"
mount -o remount,bind,ro "$root/opt"
for device in null urandom; do mount --bind "/dev/$device" "$root/dev/$device"; done
exec chroot "$root" "$@"
"""

IMPORT_ALL = """
import importlib, pkgutil, sys, kubectl_oidc
for module in pkgutil.walk_packages(kubectl_oidc.__path__, "kubectl_oidc."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
for name in ("keyring.backends.SecretService", "rich.status", "rich.markup", "ruamel.yaml", "jwt"):
    importlib.import_module(name)
print(len(sys.modules))
"""


VERSIONS = """
import _curses, _decimal, _sqlite3, _zstd, platform, pyexpat, ssl, zlib
print("cpython", platform.python_version())
print("openssl", ssl.OPENSSL_VERSION.split()[1])
print("zlib", zlib.ZLIB_RUNTIME_VERSION)
print("expat", pyexpat.EXPAT_VERSION.removeprefix("expat_"))
print("mpdecimal", _decimal.__libmpdec_version__)
print("sqlite", _sqlite3.sqlite_version)
print("zstd", _zstd.zstd_version)
print("ncurses", "%d.%d" % _curses.ncurses_version[:2])
"""


class Built(NamedTuple):
    """The archive, and how many links each file of its packages had before the bundle changed them."""

    archive: Path
    links: dict[Path, int]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """Have the bundle of Linux on x86-64 built."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        parts.missing("bundles are built on Linux on x86-64")
    try:
        go.program()
    except go.NoGo as why:
        parts.missing(str(why))
    parts.program("cc")
    links: dict[Path, int] = {}
    install = bundle_packages.install

    def install_and_look(site: Path, *arguments: Any) -> None:
        install(site, *arguments)
        links.update({path: path.stat().st_nlink for path in site.rglob("*") if path.is_file()})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bundle_packages, "install", install_and_look)
        (made,) = bundle.build(tmp_path_factory.mktemp("bundle"), (bundle.HERE,))
    return Built(made, links)


@pytest.fixture(scope="module")
def archive(built: Built) -> Path:
    """Have the archive."""
    return built.archive


@pytest.fixture(scope="module")
def unpacked(archive: Path) -> Path:
    """Have it unpacked."""
    with tarfile.open(archive) as packed:
        packed.extractall(archive.parent, filter="data")
    return archive.parent / bundle.NAME


@pytest.fixture(scope="module")
def root(unpacked: Path) -> Path:
    """Make a root directory without any Python: the C library, ``localhost``, kubectl, and the bundle with a link to it."""
    root = unpacked.parent / "root"
    for place in ("dev", "etc", "opt", "proc", "tmp", "usr/local/bin"):
        (root / place).mkdir(parents=True)
    shutil.copytree(unpacked, root / OPT.lstrip("/"))
    kubectl = root / "usr/local/bin/kubectl"
    shutil.copy(Path(parts.program("kubectl")).resolve(), kubectl)
    files = [*unpacked.rglob("*.so*"), unpacked / "python/bin/python3", kubectl]
    for library in sorted(
        {each for file in files for each in needed(file) if not each.is_relative_to(unpacked)}
    ):
        copy = root / str(library).lstrip("/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, copy)
        hosts = library.with_name(
            "libnss_files.so.2"
        )  # resolves localhost; in the C library itself since glibc 2.34
        if hosts.exists():
            shutil.copy(hosts, copy.parent)
    (root / "etc/hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")
    for device in ("null", "urandom"):
        (root / "dev" / device).touch()
    (root / LINK.lstrip("/")).symlink_to(PROGRAM)
    return root


def needed(file: Path) -> set[Path]:
    """Return the libraries that the dynamic loader would load for a file."""
    said = subprocess.run([parts.program("ldd"), file], capture_output=True, text=True, check=False).stdout
    return {Path(found) for found in re.findall(r"(?:=> |^\t)(/\S+)", said, re.MULTILINE)}


def run(root: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a program in the root directory, with no variables but PATH and these. The bundle cannot be written there."""
    path = "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    command = [*mounting(), "sh", "-c", INSIDE, "sh", str(root), *words]
    return subprocess.run(
        command,
        env={"PATH": path, **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_the_archive_is_small_and_whole(archive: Path) -> None:
    """20 MB at most, one directory, no source of Python, no link, licences and the bill of materials."""
    assert archive.stat().st_size <= 20_000_000
    with tarfile.open(archive) as packed:
        members = packed.getmembers()
    names = {member.name.partition("/")[2] for member in members}
    assert {member.name.partition("/")[0] for member in members} == {bundle.NAME}
    assert all(member.isfile() or member.isdir() for member in members)
    assert {
        "LICENSE",
        "sbom.cdx.json",
        "licences/cpython.txt",
        "licences/openssl.txt",
        "share/man/man1/kubectl-oidc_login.1",
    } <= names
    assert not [
        name for name in names if name.endswith((".py", ".a", ".h")) or "tkinter" in name or "/pip" in name
    ]


def test_no_file_of_it_is_shared_with_uv_s_cache(built: Built) -> None:
    """Libraries are stripped in place: by a hard link that would change the cache, and end a program that has one mapped."""
    assert [path for path in built.links if path.name == "_rust.abi3.so"]
    assert [path for path, links in built.links.items() if links != 1] == []


PROMISED = (
    "bin/kubectl-oidc_login",
    "bin/kubectl_complete-oidc_login",
    "share/man/man1/kubectl-oidc_login.1",
    "LICENSE",
    "licences/",
    "sbom.cdx.json",
)


@pytest.mark.parametrize("path", PROMISED)
def test_what_is_promised_of_a_bundle_is_there(unpacked: Path, path: str) -> None:
    """The page of what stays names it."""
    assert f"`{path}`" in (parts.REPOSITORY / "docs" / "stability.md").read_text()
    assert (unpacked / path).exists()


@pytest.mark.parametrize("program", [PROGRAM, LINK])
@pytest.mark.parametrize(
    "variables",
    [{}, {"PYTHONHOME": "/nowhere", "PYTHONPATH": ":/nowhere", "HOME": "/nowhere"}],
    ids=["bare", "nonsense"],
)
def test_it_runs_without_any_python(root: Path, program: str, variables: dict[str, str]) -> None:
    """By its path and through a link, without HOME, and whatever Python's variables say."""
    assert not list(root.glob("usr/**/python*"))
    said = [run(root, program, word, **variables) for word in ("version", "--help")]
    assert [each.returncode for each in said] == [0, 0], [each.stderr for each in said]
    assert said[0].stdout.startswith(f"kubectl-oidc {__version__} (Python 3.")
    assert "get-token" in said[1].stdout


@pytest.mark.usefixtures("port_8000")
def test_the_story_is_told_to_its_end(root: Path) -> None:
    """With a real kubectl: setup, pods, no second browser, Forbidden, pods."""
    done = run(root, LINK, "demo")
    assert done.returncode == 0, done.stdout + done.stderr
    assert_the_story(done.stdout)
    assert "the demo makes the same requests" not in done.stdout


def test_the_bill_has_the_versions_that_python_reports(root: Path, unpacked: Path) -> None:
    """Of its libraries that can tell theirs. The same bill is beside the archive, which is attested with it."""
    text = (unpacked / bundle.SBOM).read_text()
    assert (unpacked.parent / bundle.bill_name(bundle.HERE)).read_text() == text
    listed = {part["name"]: part.get("version", "") for part in json.loads(text)["components"]}
    done = run(root, f"{OPT}/python/bin/python3", "-I", "-c", VERSIONS)
    assert done.returncode == 0, done.stderr
    reported = dict(line.split(" ") for line in done.stdout.splitlines())
    assert len(reported) == 8
    for name, version in reported.items():
        assert listed[name] == version, name
    assert {"libffi", "bzip2", "xz", "stdlib", "golang.org/x/sys"} <= listed.keys()


def test_nothing_that_the_program_imports_is_left_out(root: Path) -> None:
    """Each module of it, and what it loads by name."""
    done = run(root, f"{OPT}/python/bin/python3", "-I", "-c", IMPORT_ALL)
    assert done.returncode == 0, done.stderr


def test_it_signs_in_and_then_answers_from_its_cache(laptop: Laptop, unpacked: Path) -> None:
    """One sign-in; the second command has the same token without a request."""
    command = [str(unpacked / "bin" / "kubectl-oidc_login")]
    first = laptop.begin(*laptop.words(), command=command).ended(120)
    assert first.status == 0, first.stderr
    laptop.realm.forget()
    second = laptop.begin(*laptop.words(), command=command).ended(120)
    assert (second.status, second.stderr) == (0, "")
    assert token_of(second.stdout) == token_of(first.stdout)
    assert laptop.realm.seen().total == 0


def test_kubectl_completes(unpacked: Path, tmp_path: Path) -> None:
    """With the script beside the program, through a link to it."""
    link = tmp_path / "kubectl_complete-oidc_login"
    link.symlink_to(unpacked / "bin" / link.name)
    done = subprocess.run([link, "ver"], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.split()[0]) == (0, "version"), done.stderr
