"""A real OS keyring: gnome-keyring on a D-Bus session of the test's own, unlocked as after a login."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from tests import parts

if TYPE_CHECKING:
    from collections.abc import Iterator

_PASSWORD = "password of the keyring"

_START = f"printf %s '{_PASSWORD}' | gnome-keyring-daemon --unlock --components=secrets"

# The daemon says that it has begun before it serves. Who comes in between has a second one started, which has no keyring.
_UNTIL_IT_SERVES = """
until dbus-send --session --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.GetNameOwner \\
    string:org.freedesktop.secrets
do sleep 0.02
done
"""

# The session lives until its standard input ends.
_SESSION = """
echo "$DBUS_SESSION_BUS_ADDRESS"
exec cat
"""


class OsKeyring:
    """The keyring as its owner sees it with libsecret's own tool.

    Args:
        address: The D-Bus session's address.
    """

    def __init__(self, address: str) -> None:
        self._environ = {**os.environ, "DBUS_SESSION_BUS_ADDRESS": address}

    def entries(self) -> dict[str, str]:
        """Return the secrets of the program's entries by their service names."""
        found = self._tool("search", "--all", "application", "Python keyring library")
        names = re.findall(r"^attribute\.service = (kubectl-oidc/.*)$", found, re.MULTILINE)
        return {name: self._tool("lookup", "service", name) for name in names}

    def put(self, name: str, secret: str, username: str = "session") -> None:
        """Put an entry under its service name; with the user name ``session`` it is as the program's are."""
        attributes = ("service", name, "username", username)
        ours = ("application", "Python keyring library") if username == "session" else ()
        self._tool("store", "--label=restored", *attributes, *ours, secret=secret)

    def lookup(self, name: str) -> str:
        """Return the secret of the entry of a service name; empty where there is none."""
        return self._tool("lookup", "service", name)

    def remove(self, name: str) -> None:
        """Remove the entry of a service name."""
        self._tool("clear", "service", name)

    def lock(self) -> None:
        """Lock it, as a screen saver may."""
        import secretstorage

        with contextlib.closing(secretstorage.dbus_init()) as connection:
            secretstorage.get_default_collection(connection).lock()

    def unlock(self) -> None:
        """Unlock it, as its owner does when back."""
        import secretstorage
        from secretstorage.util import DBusAddressWrapper, format_secret, open_session

        # gnome-keyring's way for who knows the password and does not want to be asked for it in a window.
        interface = "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface"
        with contextlib.closing(secretstorage.dbus_init()) as connection:
            collection = secretstorage.get_default_collection(connection).collection_path
            service = DBusAddressWrapper("/org/freedesktop/secrets", interface, connection)
            secret = format_secret(open_session(connection), _PASSWORD.encode(), "text/plain")
            service.call("UnlockWithMasterPassword", "o(oayays)", collection, secret)

    @contextlib.contextmanager
    def hangs(self) -> Iterator[None]:
        """Let the daemon answer nothing inside the block."""
        daemons = list(_daemons())
        assert daemons
        for daemon in daemons:
            os.kill(daemon, signal.SIGSTOP)
        try:
            yield
        finally:
            for daemon in daemons:
                os.kill(daemon, signal.SIGCONT)

    def _tool(self, *words: str, secret: str = "") -> str:
        done = subprocess.run(
            [parts.program("secret-tool"), *words],
            env=self._environ,
            input=secret,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
        return done.stdout + done.stderr if words[0] == "search" else done.stdout


def _daemons() -> Iterator[int]:
    """Return the process ids of the test's own gnome-keyring daemons."""
    home = f"HOME={Path.home()}".encode()
    for process in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            named = process.name.isdigit() and (process / "comm").read_text() == "gnome-keyring-d\n"
            if named and home in (process / "environ").read_bytes().split(b"\0"):
                yield int(process.name)


def starts_when_it_is_asked(seconds: int) -> None:
    """Have D-Bus sessions from now on start the keyring when somebody asks for it, unlocked, after so many seconds."""
    place = Path(os.environ["XDG_RUNTIME_DIR"], "dbus-1", "services")
    place.mkdir(parents=True)
    script = place / "start"
    script.write_text(f"#!/bin/sh\nsleep {seconds}\n{_START} --foreground\n")
    script.chmod(0o700)
    service = f"[D-BUS Service]\nName=org.freedesktop.secrets\nExec={script}\n"
    (place / "org.freedesktop.secrets.service").write_text(service)


def serve(*, started: bool = True) -> Iterator[str]:
    """Run a D-Bus session with an unlocked keyring until the generator is closed; yield the session's address.

    Args:
        started: Whether the keyring serves already; else it starts when somebody asks for it.
    """
    for needed in ("gnome-keyring-daemon", "secret-tool", "dbus-send"):
        parts.program(needed)
    script = f"{{ {_START}\n{_UNTIL_IT_SERVES}\n}} >/dev/null 2>&1\n" if started else ""
    with subprocess.Popen(
        [parts.program("dbus-run-session"), "--", "sh", "-c", script + _SESSION],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as session:
        assert session.stdin is not None
        assert session.stdout is not None
        try:
            yield session.stdout.readline().strip()
        finally:
            session.stdin.close()
            for daemon in _daemons():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(daemon, signal.SIGKILL)
            session.wait(20)
