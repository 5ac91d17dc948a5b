"""What ``make windows`` runs: a Windows Python with this checkout's program, a kubectl.exe, the bundle for Windows."""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
import zipfile
from pathlib import Path

from tools import bundle, bundle_packages, bundle_python, go, lock_files, wheel, wine

PLATFORM = "windows-amd64"

KUBECTL = lock_files.ROOT / "tests" / "windows-kubectl"
"""The Go module that kubectl.exe is built from."""

TEST_PACKAGES = frozenset(
    {
        *("colorama", "hypothesis", "iniconfig", "packaging", "pluggy", "pygments", "pytest"),
        *("pytest-timeout", "sortedcontainers", "trustme", "tzdata"),
    }
)
"""What the unit tests need besides what the program and its demo need."""

SCRIPT = "import sys\nfrom kubectl_oidc import main\nsys.exit(main())\n"


class NotDownloaded(Exception):
    """Python, a package or kubectl's source cannot be downloaded; the message says which and why."""


def set_up(directory: Path) -> Path:
    """Install Python, the packages and this checkout's program, laid out like a bundle.

    Returns:
        The directory that has ``bin`` and ``python``.

    Raises:
        NotDownloaded: Python or a package cannot be downloaded.
        NoGo: The launcher cannot be built.
        WrongPython: The Python is not the one of the lock.
        CalledProcessError: This checkout's wheel cannot be installed.
    """
    lock = bundle_python.read_lock()
    root = directory / f"python-{lock.python}"
    python = root / "python"
    site = python / "Lib" / "site-packages"
    wanted = requirements(lock)
    stamp = root / "packages.txt"
    if not stamp.exists() or stamp.read_text(encoding="utf-8") != wanted:
        shutil.rmtree(root, ignore_errors=True)
        try:
            bundle_python.unpack(bundle_python.fetch(lock), PLATFORM, lock, python)
            bundle_packages.install_locked(site, PLATFORM, lock, wanted)
        except go.NoGo as error:
            raise NotDownloaded(f"Python for Windows: {error}") from error
        except subprocess.CalledProcessError as error:
            raise NotDownloaded("the packages for Windows (uv says why, above)") from error
        wine.leave_to_others(python, site)
        stamp.write_text(wanted, encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="windows-") as name:
        built = wheel.build(Path(name))
        bundle_packages.install_with_uv(site, PLATFORM, lock, "--reinstall", str(built))
    _write_script(python)
    (root / "bin").mkdir(exist_ok=True)
    go.build_launcher(root / "bin" / f"{wheel.PROGRAM}.exe", *PLATFORM.split("-"))
    return root


def requirements(lock: bundle_python.Lock) -> str:
    """Return what program, demo and tests need, as lines of a requirements file with versions and hashes."""
    lines = bundle_packages.requirements(lock.packages.get(PLATFORM, {})).splitlines()
    for pin in (*lock_files.read(lock_files.PROGRAM), *lock_files.read(lock_files.DEVELOPMENT)):
        if pin.name in TEST_PACKAGES and pin.line() not in lines:
            lines.append(pin.line())
    return "".join(f"{line}\n" for line in lines)


def _write_script(python: Path) -> None:
    """Write the console script as pip does on Windows: its start program, the interpreter's path, an archive with the script."""
    import pip

    start = Path(pip.__file__).parent / "_vendor" / "distlib" / "t64.exe"
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("__main__.py", SCRIPT)
    scripts = python / "Scripts"
    scripts.mkdir(exist_ok=True)
    interpreter = f"#!{wine.windows_path(python / 'python.exe')}\r\n".encode()
    (scripts / f"{wheel.PROGRAM}.exe").write_bytes(start.read_bytes() + interpreter + archive.getvalue())


def windows_kubectl(directory: Path) -> Path:
    """Build kubectl.exe, and return its path. No package has one.

    Raises:
        NotDownloaded: Its modules cannot be downloaded.
        NoGo: It cannot be built.
    """
    path = directory / "kubectl" / "kubectl.exe"
    try:
        go.run("mod", "download", cwd=KUBECTL)
    except go.NoGo as error:
        raise NotDownloaded(f"kubectl: {error}") from error
    version = (
        go.run("list", "-m", "-f={{.Version}}", "k8s.io/kubectl", cwd=KUBECTL).strip().replace("v0.", "v1.")
    )
    flags = f"-X k8s.io/component-base/version.gitVersion={version} -X k8s.io/client-go/pkg/version.gitVersion={version}"
    go.build(KUBECTL, path, *PLATFORM.split("-"), linker=flags)
    return path


def unpacked_bundle(directory: Path) -> Path:
    """Build the bundle for Windows, unpack it, and return its directory.

    Raises:
        As `bundle.build`.
    """
    place = directory / "bundle"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    (archive,) = bundle.build(place, (PLATFORM,))
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(place)
    root = place / bundle.NAME
    python = root / "python"
    wine.leave_to_others(python, python / "Lib" / "site-packages")
    return root
