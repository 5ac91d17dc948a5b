"""Wine, which runs programs of Windows: installed where that is allowed, in a prefix of its own, with what it lacks."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tools import lock_files, test_parts, windows_dll

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

PACKAGES = ("wine", "wine64")
"""Debian's packages with Wine for 64-bit programs."""

DIRECTORY = Path("/usr/lib/wine")


class NoWine(Exception):
    """There is none, and it cannot be installed; the message says why."""


class Wine:
    """A Wine prefix with a server that stays until the block ends.

    Args:
        prefix: The directory of the prefix. It is made if it is missing.
    """

    def __init__(self, prefix: Path) -> None:
        self._prefix = prefix
        outside = (
            "BROWSER",
            "CI",
            "DISPLAY",
            "WAYLAND_DISPLAY",
            "SSL_CERT_FILE",
            "SSL_CERT_DIR",
            "PYTHONPATH",
            "PYTHONDONTWRITEBYTECODE",
        )
        self._environ = {name: value for name, value in os.environ.items() if name not in outside}
        self._environ |= {
            "WINEPREFIX": str(prefix),
            "WINEDEBUG": "-all",
            "WINEDLLOVERRIDES": "mscoree=;mshtml=;winedbg.exe=d",  # no debugger, which would wait
        }

    def __enter__(self) -> Self:
        self._prefix.mkdir(parents=True, exist_ok=True)
        self._quietly("wineserver", "-p")
        self._quietly(
            "wine64", "wineboot", "-i"
        )  # starts the services too, which would hold the pipe of a later program
        system = self._prefix / "drive_c" / "windows" / "system32"
        (system / windows_dll.NAME).write_bytes(windows_dll.forwarding_dll())
        return self

    def __exit__(self, *_: object) -> None:
        self._quietly("wineserver", "-k")

    def run(self, *command: str, variables: Mapping[str, str] | None = None) -> int:
        """Run a program of Windows, show its output, and return its exit status.

        Its streams are pipes or the null device: to Wine's programs a regular file of Linux is no standard stream.
        """
        process = subprocess.Popen(
            [str(DIRECTORY / "wine64"), *command],
            cwd=lock_files.ROOT,
            env={**self._environ, **(variables or {})},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        for line in process.stdout or ():
            print(line.rstrip("\r\n"), flush=True)
        return process.wait()

    def _quietly(self, program: str, *arguments: str) -> None:
        """Run a program of Wine that starts others, which stay and would hold a pipe open."""
        command = [str(DIRECTORY / program), *arguments]
        null = subprocess.DEVNULL
        subprocess.run(command, env=self._environ, stdin=null, stdout=null, stderr=null, check=False)


def windows_path(path: Path) -> str:
    """Return the path under Wine's drive for the whole of Linux."""
    return "Z:" + str(path).replace("/", "\\")


def install() -> None:
    """Install Wine with apt-get if it is missing and that is allowed.

    Raises:
        NoWine: There is none.
    """
    if not (DIRECTORY / "wine64").exists() and shutil.which("apt-get") and os.geteuid() == 0:
        print(f"installing {' '.join(PACKAGES)} with apt-get (once)", flush=True)
        try:
            test_parts.run("apt-get", "update", "-qq")
            test_parts.run("apt-get", "install", "-qq", "--no-install-recommends", *PACKAGES)
        except test_parts.Missing as why:
            raise NoWine(str(why)) from why
    if not (DIRECTORY / "wine64").exists():
        raise NoWine(f"Wine is not installed (Debian: apt-get install {' '.join(PACKAGES)})")


def leave_to_others(python: Path, site: Path) -> None:
    """Remove what Wine 8 cannot run: OpenSSL verifies certificates instead of truststore, and `platform` does without WMI.

    Wine's crypt32 has neither chain engines with roots of their own nor IP addresses in certificates; its propsys ends the process.
    """
    (python / "DLLs" / "_wmi.pyd").unlink()
    shutil.rmtree(site / "truststore")
    words = '"""OpenSSL verifies in its place, under Wine."""\nfrom ssl import SSLContext as SSLContext\n'
    (site / "truststore.py").write_text(words, encoding="utf-8")
