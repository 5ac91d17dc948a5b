"""The kernel keyring as its owner sees it with keyctl(1)."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

from tests import parts

from .laptop import cache

PREFIX = "kubectl-oidc:"

# The persistent keyring, else the user keyring, in a session keyring that ends with the shell; then $2 for the key $1.
_SCRIPT = """
home=$(keyctl get_persistent @s 2>/dev/null) || { keyctl link @u @s && home=@u; }
key=$(keyctl search "$home" big_key "$1" 2>/dev/null) || key=$(keyctl search "$home" user "$1" 2>/dev/null) || exit 3
case $2 in
unlink) keyctl unlink "$key" "$home" ;;
*) keyctl "$2" "$key" ;;
esac
"""


class KernelKeys:
    """The program's keys of this test's sessions; other tests' stand beside them in the same keyring."""

    def __init__(self) -> None:
        self._sessions: set[str] = set()

    def session_ids(self) -> set[str]:
        """Return the ids of the sessions that this test's home knows or has known."""
        self._sessions |= {entry.name.partition(".")[0] for entry in (cache() / "sessions").glob("*.json")}
        return set(self._sessions)

    def session_id(self) -> str:
        """Return the id of the one session of this test."""
        (only,) = self.session_ids()
        return only

    def sessions(self) -> dict[str, bytes]:
        """Return the records of the sessions that rest here."""
        return self._payloads("session")

    def credentials(self) -> dict[str, bytes]:
        """Return the current credentials that rest here."""
        return self._payloads("credential")

    def permissions(self, kind: str) -> str:
        """Return a key's permissions: two hexadecimal digits each for possessor, owner, group and others.

        Args:
            kind: ``session`` or ``credential``.
        """
        status, described = _keyctl(f"{PREFIX}{kind}:{self.session_id()}", "rdescribe")
        assert status == 0
        return described.decode().split(";")[3]

    def lifetime(self, kind: str) -> str:
        """Return how long the kernel keeps a key, as /proc/keys writes it: ``59m``, or ``perm`` without an end."""
        name = f"{PREFIX}{kind}:{self.session_id()}"
        for line in Path("/proc/keys").read_text().splitlines():
            if re.search(rf" {name}(?::|$)", line):
                return line.split()[3]
        return ""

    def remove(self) -> None:
        """Remove the keys of this test."""
        for session_id in self.session_ids():
            for kind in ("session", "credential"):
                _keyctl(f"{PREFIX}{kind}:{session_id}", "unlink")

    def _payloads(self, kind: str) -> dict[str, bytes]:
        found = {name: _keyctl(f"{PREFIX}{kind}:{name}", "pipe") for name in self.session_ids()}
        return {name: payload for name, (status, payload) in found.items() if status == 0}


def _keyctl(description: str, what: str) -> tuple[int, bytes]:
    done = subprocess.run(
        [parts.program("keyctl"), "session", "-", "sh", "-c", _SCRIPT, "sh", description, what],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=20,
        check=False,
    )
    assert done.returncode in {0, 3}, done.stderr
    return done.returncode, done.stdout


def usable() -> bool:
    """Tell whether this process may use the kernel keyring at all."""
    done = subprocess.run(
        [parts.program("keyctl"), "session", "-", "keyctl", "link", "@u", "@s"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=20,
        check=False,
    )
    return done.returncode == 0
