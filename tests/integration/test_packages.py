"""The packages for Linux distributions (`make packages`): built by nfpm from a stand-in for a bundle, linted, installed and removed."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import zlib
from io import BytesIO
from pathlib import Path

import pytest

from tests import parts
from tests.releases import filled_in_release, stand_in
from tools import packages, release as releases

pytestmark = [
    pytest.mark.together("packages"),  # they are built once
    pytest.mark.skipif(sys.platform != "linux", reason="the lock has nfpm for Linux alone"),
]

MACHINE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), "amd64")

LINTIAN_SAYS = {
    "initial-upload-closes-no-bugs": "is about an upload to Debian",
    "no-manual-page": "kubectl_complete-oidc_login is started by kubectl and shells only",
}
RPMLINT_SAYS = {
    "no-signature": "a release is attested as a whole",
    "no-group-tag": "Fedora has none any more",
    "no-manual-page-for-binary": "it looks for a page that ends in .bz2",
    "manpage-not-compressed": "the same",
    "invalid-license": "Debian's rpmlint has no list of licences",
}


def run(*command: str | Path, **more: str) -> str:
    """Return what a program prints; it must end well."""
    environment = {**os.environ, "LC_ALL": "C.UTF-8", "PATH": f"{os.environ['PATH']}:/usr/sbin:/sbin", **more}
    done = subprocess.run(
        [str(word) for word in command], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command[0]}: {done.stdout}{done.stderr}"
    return done.stdout


def bundle_of(directory: Path, version: str) -> Path:
    """Write a stand-in for a bundle with one real binary in it."""
    bundle = stand_in(directory, version)
    shutil.copy(parts.program("true"), bundle / "python" / "bin" / "binary")
    return bundle


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> releases.Release:
    """Have a release without placeholders."""
    return filled_in_release(tmp_path_factory.mktemp("release"))


@pytest.fixture(scope="module")
def made(release: releases.Release, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Have the packages for this machine, by their format."""
    place = tmp_path_factory.mktemp("packages")
    bundle = bundle_of(place / "unpacked", release.version)
    return dict(zip(packages.FORMATS, packages.build(release, bundle, MACHINE, place), strict=True))


def test_they_are_the_same_bytes_from_an_archive_at_another_time(
    made: dict[str, Path], release: releases.Release, tmp_path: Path
) -> None:
    """Other place, other times of files, another umask; the archive for the other processor gives packages for it."""
    bundle = bundle_of(tmp_path / "unpacked", release.version)
    for path in bundle.rglob("*"):
        os.utime(path, (1, 1), follow_symlinks=False)
    for machine in packages.MACHINES:
        with tarfile.open(tmp_path / release.bundle("linux", machine), "w:gz") as archive:
            archive.add(bundle, bundle.name)
    before = os.umask(0o077)
    try:
        again = packages.build_from_archives(release, tmp_path, tmp_path)
    finally:
        os.umask(before)
    assert {path.name for path in again} == {
        f"kubectl-oidc_{release.version}-1_amd64.deb",
        f"kubectl-oidc_{release.version}-1_arm64.deb",
        f"kubectl-oidc-{release.version}-1.x86_64.rpm",
        f"kubectl-oidc-{release.version}-1.aarch64.rpm",
        f"kubectl-oidc_{release.version}-r1_x86_64.apk",
        f"kubectl-oidc_{release.version}-r1_aarch64.apk",
    }
    for first in made.values():
        assert (tmp_path / first.name).read_bytes() == first.read_bytes(), first.name


def test_lintian_finds_nothing_wrong(made: dict[str, Path]) -> None:
    """Neither an error nor a warning."""
    suppressed = f"--suppress-tags={','.join(LINTIAN_SAYS)}"
    assert run(parts.program("lintian"), "--allow-root", suppressed, made["deb"]) == ""


def test_rpm_reads_it_and_rpmlint_finds_nothing_wrong(
    made: dict[str, Path], release: releases.Release, tmp_path: Path
) -> None:
    """The digests fit, nothing runs at installation, and every file belongs to root."""
    rpm = parts.program("rpm")
    shown = run(rpm, "-qip", made["rpm"])
    assert f"Version     : {release.version}" in shown
    assert "Apache-2.0" in shown
    assert "digests OK" in run(rpm, "-K", "--nosignature", made["rpm"])
    assert run(rpm, "-qp", "--scripts", "--triggers", "--configfiles", made["rpm"]) == ""
    owners = run(rpm, "-qp", "--queryformat", "[%{FILEUSERNAME}:%{FILEGROUPNAME}\n]", made["rpm"])
    assert set(owners.split()) == {"root:root"}
    settings = tmp_path / "rpmlint.toml"
    settings.write_text(f"Filters = {list(RPMLINT_SAYS)}\n")
    assert "0 errors, 0 warnings" in run(parts.program("rpmlint"), "-c", settings, made["rpm"])


def test_the_deb_has_no_maintainer_script(made: dict[str, Path]) -> None:
    """Its control archive is the description and the digests of the files."""
    packed = subprocess.run(
        [parts.program("dpkg-deb"), "--ctrl-tarfile", made["deb"]], capture_output=True, check=True
    )
    with tarfile.open(fileobj=BytesIO(packed.stdout)) as control:
        assert {Path(name).name for name in control.getnames()} == {"control", "md5sums"}


def root_with(directory: Path, glibc: str) -> Path:
    """Make a file system's root for dpkg, which has a C library and a user with a session."""
    database = directory / "var" / "lib" / "dpkg"
    for name in ("info", "updates", "triggers"):
        (database / name).mkdir(parents=True)
    (database / "status").write_text(
        "Package: libc6\nStatus: install ok installed\nPriority: optional\nSection: libs\nMaintainer: Example "
        f"<packages@example.com>\nArchitecture: {MACHINE}\nVersion: {glibc}\nDescription: C library\n"
    )
    for home in ("root", "home/ada"):
        cache = directory / home / ".kube" / "cache" / "oidc-login"
        cache.mkdir(parents=True, mode=0o700)
        (cache / "session").write_text("a session")
        (cache / "session").chmod(0o600)
    return directory


def dpkg(root: Path, *arguments: str | Path) -> str:
    """Run dpkg in a root of its own, as root or as if."""
    as_root = [] if os.geteuid() == 0 else [parts.program("fakeroot")]
    return run(*as_root, parts.program("dpkg"), f"--root={root}", f"--log={root}/var/log", *arguments)


def files_below(root: Path) -> dict[str, tuple[int, float, bytes]]:
    """Return mode, time and content of everything below a root but dpkg's own database."""
    found = {}
    for path in root.rglob("*"):
        name = str(path.relative_to(root))
        if not name.startswith("var"):
            status = path.lstat()
            linked = path.is_symlink() or path.is_dir()
            found[name] = (
                status.st_mode,
                0 if path.is_dir() else status.st_mtime,
                b"" if linked else path.read_bytes(),
            )
    return found


def test_the_deb_installs_upgrades_and_removes(
    made: dict[str, Path], release: releases.Release, tmp_path: Path
) -> None:
    """The upgrade replaces what the old version had and touches no session; after the removal there is only what was there before."""
    root = root_with(tmp_path / "root", "2.99")
    before = files_below(root)
    dpkg(root, "--install", made["deb"])
    program = root / "usr" / "bin" / "kubectl-oidc_login"
    assert run(program, "version") == f"{release.version} kubectl-oidc_login version\n"
    newer = dataclasses.replace(release, version="9.9.9")
    (newer_deb, *_) = packages.build(newer, bundle_of(tmp_path / "unpacked", "9.9.9"), MACHINE, tmp_path)
    dpkg(root, "--install", newer_deb)
    assert run(program, "version") == "9.9.9 kubectl-oidc_login version\n"
    modules = root / "usr" / "lib" / "kubectl-oidc" / "python" / "modules"
    assert [path.name for path in modules.iterdir()] == ["of_9.9.9.py"]
    dpkg(root, "--verify", "kubectl-oidc")
    after = files_below(root)
    assert {name: after[name] for name in before} == before
    assert {name.partition("/")[0] for name in after.keys() - before.keys()} == {"usr"}
    dpkg(root, "--purge", "kubectl-oidc")
    assert files_below(root) == before


def test_the_deb_is_refused_where_the_c_library_is_too_old(made: dict[str, Path], tmp_path: Path) -> None:
    """What its binaries need is what it asks for."""
    root = root_with(tmp_path / "root", "2.3")
    with pytest.raises(AssertionError, match="libc6"):
        dpkg(root, "--install", made["deb"])


def test_the_rpm_installs_and_removes(
    made: dict[str, Path], release: releases.Release, tmp_path: Path
) -> None:
    """Directories included: each belongs to the package."""
    rpm = parts.program("rpm")
    if os.geteuid() != 0:
        parts.missing("rpm changes its root, which only root can")
    root = tmp_path / "root"
    shared = [root / "usr" / name for name in ("bin", "lib", "share/doc", "share/licenses", "share/man/man1")]
    shared += [
        root / "usr" / "share" / name for name in ("bash-completion/completions", "fish/vendor_completions.d")
    ]
    shared += [root / "usr" / "share" / "zsh" / "site-functions"]
    for path in shared:
        path.mkdir(parents=True)
    before = files_below(root)
    own = (f"--root={root}", "--dbpath=/var/lib/rpm")
    run(rpm, *own, "--nodeps", "--nosignature", "--install", made["rpm"])
    completer = root / "usr" / "bin" / "kubectl_complete-oidc_login"
    assert run(completer, "g") == f"{release.version} kubectl_complete-oidc_login g\n"
    run(rpm, *own, "--erase", "kubectl-oidc")
    assert files_below(root) == before


def streams_of(apk: bytes) -> list[tuple[bytes, bytes]]:
    """Return the gzip streams of an apk, each compressed and not."""
    found = []
    while apk:
        unpacker = zlib.decompressobj(wbits=31)
        content = unpacker.decompress(apk) + unpacker.flush()
        found.append((apk[: len(apk) - len(unpacker.unused_data)], content))
        apk = unpacker.unused_data
    return found


def test_the_apk_is_what_apk_tools_read(made: dict[str, Path], release: releases.Release) -> None:
    """An unsigned package: the control stream with no end and no script, then the data with its digest. apk itself was never run here."""
    control, data = streams_of(made["apk"].read_bytes())
    with tarfile.open(fileobj=BytesIO(control[1] + bytes(1024))) as archive:
        assert archive.getnames() == [".PKGINFO"]
        member = archive.extractfile(".PKGINFO")
        assert member
        lines = [
            line.split(" = ", 1) for line in member.read().decode().splitlines() if not line.startswith("#")
        ]
    assert all(len(line) == 2 for line in lines)
    described = dict(line for line in lines)
    assert described["pkgname"] == "kubectl-oidc"
    assert described["pkgver"] == f"{release.version}-r1"
    assert described["depend"] == "so:libc.so.6"
    assert described["datahash"] == hashlib.sha256(data[0]).hexdigest()
    with tarfile.open(fileobj=BytesIO(data[1])) as archive:
        members = {member.name: member for member in archive}
    assert all(name.rstrip("/").split("/")[0] == "usr" for name in members)
    assert all((member.uid, member.gid) == (0, 0) for member in members.values())
    link = members["usr/bin/kubectl-oidc_login"]
    assert (link.issym(), link.linkname) == (True, "../lib/kubectl-oidc/bin/kubectl-oidc_login")
    unchecked = [name for name, each in members.items() if "APK-TOOLS.checksum.SHA1" not in each.pax_headers]
    assert all(members[name].isdir() for name in unchecked)


def test_make_packages_says_what_is_missing(tmp_path: Path) -> None:
    """An unpacked bundle needs the processor that it is for; without a bundle the target ends with an error."""
    command = [sys.executable, "-m", "tools.packages", f"--output={tmp_path}"]
    for more, status, words in (
        ([f"--artifacts={tmp_path}"], 1, "make bundle"),
        ([f"--bundle={tmp_path}"], 2, "--machine"),
    ):
        done = subprocess.run(
            [*command, *more], cwd=parts.REPOSITORY, capture_output=True, text=True, check=False
        )
        assert (done.returncode, words in done.stderr) == (status, True), done.stderr
