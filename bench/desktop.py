"""A desktop's keyring: gnome-keyring on a D-Bus session of the bench's own, unlocked as after a login."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from .timing import CouldNotMeasure

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

SECONDS = 15  # until the keyring must have answered

# A bus that starts nothing by itself: asking for a keyring that is not there yet would start a second, locked one.
_BUS = """\
<busconfig>
  <type>session</type>
  <listen>unix:dir={directory}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""

# Lives until its standard input ends, and ends the daemon that it started.
_SESSION = """
printf %s 'password of the keyring' |
    gnome-keyring-daemon --foreground --unlock --components=secrets >/dev/null 2>&1 &
daemon=$!
echo "$DBUS_SESSION_BUS_ADDRESS"
cat >/dev/null
kill "$daemon"
wait "$daemon"
"""

_THERE = """
import contextlib, secretstorage
with contextlib.closing(secretstorage.dbus_init()) as bus:
    raise SystemExit(not secretstorage.check_service_availability(bus))
"""


@contextlib.contextmanager
def desktop(directory: Path) -> Iterator[Mapping[str, str]]:
    """Run the keyring inside the block, and give the variables that lead to it.

    Args:
        directory: Where the keyring's own files go; it must not exist, and its path must be short.

    Raises:
        CouldNotMeasure: It cannot be had here.
    """
    bus = shutil.which("dbus-run-session")
    if not bus or not shutil.which("gnome-keyring-daemon"):
        raise CouldNotMeasure("no OS keyring (as root, tools/install-test-parts installs it)")
    directory.mkdir(mode=0o700)
    config = directory / "bus.conf"
    config.write_text(_BUS.format(directory=directory), encoding="utf-8")
    own = {
        "HOME": str(directory),
        "XDG_RUNTIME_DIR": str(directory),
        "PATH": "/usr/bin:/bin",
        "LANG": "C.UTF-8",
    }
    with subprocess.Popen(
        [bus, f"--config-file={config}", "--", "sh", "-c", _SESSION],
        env=own,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as session:
        try:
            address = session.stdout.readline().strip() if session.stdout else ""
            found = {"DBUS_SESSION_BUS_ADDRESS": address}
            _wait(own | found)
            yield found
        finally:
            if session.stdin:
                session.stdin.close()
            session.wait(SECONDS)


def _wait(environment: Mapping[str, str]) -> None:
    deadline = time.monotonic() + SECONDS
    while subprocess.run(
        [sys.executable, "-c", _THERE],
        env=environment,
        stderr=subprocess.DEVNULL,
        timeout=SECONDS,
        check=False,
    ).returncode:
        if time.monotonic() > deadline:
            raise CouldNotMeasure("no OS keyring (gnome-keyring does not come up)")
        time.sleep(0.1)
