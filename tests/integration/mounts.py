"""Places that only mounts can make: a machine that is no container, a full disk, a user without a home, settings in /etc.

Each is a command that runs another one with mounts of its own (unshare(1)); nothing outside sees them.
"""

from __future__ import annotations

import functools
import os
import subprocess
from typing import TYPE_CHECKING

from tests import parts

from .laptop import Laptop

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.plugin import Ended, Running

CONTAINER_MARKS = ("/.dockerenv", "/run/.containerenv")

# Everything of / (and of /run) in a new place, but for what marks a container.
_BARE = """
set -e
new=$1; shift
graft() {
    for entry in "$1"/* "$1"/.[!.]*; do
        to=$new/${entry#/}
        case $entry in //.dockerenv | /run/.containerenv) continue ;; esac
        if [ -L "$entry" ]; then cp -P "$entry" "$to"
        elif [ "$entry" = //run ]; then mkdir "$to"; graft /run
        elif [ -d "$entry" ]; then mkdir "$to"; mount --rbind "$entry" "$to"
        elif [ -e "$entry" ]; then : > "$to"; mount --bind "$entry" "$to"
        fi
    done
}
mount -t tmpfs none "$new"
graft /
cd "$new$PWD"
exec chroot "$new" "$@"
"""


@functools.cache
def mounting() -> tuple[str, ...]:
    """Return the command that gives another one mounts of its own, or see ``parts.missing``."""
    unshare = parts.program("unshare")
    words = (unshare, "--mount") if os.geteuid() == 0 else (unshare, "--user", "--map-root-user", "--mount")
    done = subprocess.run([*words, "true"], capture_output=True, timeout=20, check=False)
    if done.returncode:
        parts.missing("this test needs mounts of its own (unshare --mount), and they are forbidden here")
    return words


def outside_a_container(directory: Path) -> list[str]:
    """Return the command that runs another one as on a machine that is no container.

    Args:
        directory: An empty directory to make use of.
    """
    if not any(os.path.lexists(mark) for mark in CONTAINER_MARKS):
        return []
    if os.geteuid() != 0:
        parts.missing("in a container this test needs root, which can hide the container's mark")
    return [*mounting(), "sh", "-c", _BARE, "sh", str(directory)]


def on_a_full_disk(directory: Path) -> list[str]:
    """Return the command that runs another one with a disk at ``directory`` on which nothing more fits."""
    script = 'mount -t tmpfs -o size=64k,mode=700 none "$1" && mkdir -m 700 "$1/dir" && '
    script += 'dd if=/dev/zero of="$1/all" 2>/dev/null; shift; exec "$@"'
    return [*mounting(), "sh", "-c", script, "sh", str(directory)]


def without_a_home() -> list[str]:
    """Return the command that runs another one without HOME, as a user whom no database knows."""
    script = "for database in passwd nsswitch.conf; do"
    script += ' [ ! -e /etc/$database ] || mount --bind /dev/null /etc/$database || exit; done; exec env -u HOME "$@"'
    return [*mounting(), "sh", "-c", script, "sh"]


def with_machine_settings(directory: Path, text: str, *, owner: int = 0, mode: int = 0o644) -> list[str]:
    """Return the command that runs another one on a machine that has a settings file.

    Args:
        directory: A directory to make use of.
        text: What is in the file.
        owner: The user that owns it, for which a test must be root if it is not 0.
        mode: Its permissions.
    """
    if owner and os.geteuid() != 0:
        parts.missing("only root can give a file to another user")
    place = directory / "etc"
    place.mkdir(exist_ok=True)
    (directory / "policy.toml").write_text(text, encoding="utf-8")
    script = """set -e
new=$1 policy=$2 owner=$3 mode=$4; shift 4
mount -t tmpfs -o mode=755 none "$new"
cp -a /etc/. "$new" 2>/dev/null || true # without root not every file can be read
rm -rf "$new/kubectl-oidc"
mkdir -m 755 "$new/kubectl-oidc"
cp "$policy" "$new/kubectl-oidc/config.toml"
chmod "$mode" "$new/kubectl-oidc/config.toml"
[ "$owner" = 0 ] || chown "$owner" "$new/kubectl-oidc/config.toml"
mount --bind "$new" /etc
exec "$@"
"""
    words = (str(place), str(directory / "policy.toml"), str(owner), f"{mode:o}")
    return [*mounting(), "sh", "-c", script, "sh", *words]


class LaptopWithin(Laptop):
    """A laptop whose program is run by another command; see the functions above."""

    within: tuple[str, ...] = ()

    def start(self, *more: str, command: str = "get-token", env: Mapping[str, str] | None = None) -> Running:
        """Start ``get-token``, or another command, and do not wait for it."""
        words = self.words(*more, command=command)
        return self.begin(*words, env=env, command=[*self.within, str(parts.plugin())])

    def get_token(self, *more: str, env: Mapping[str, str] | None = None, timeout: float = 40.0) -> Ended:
        """Run ``get-token`` to its end."""
        return self.start(*more, env=env).ended(timeout)
