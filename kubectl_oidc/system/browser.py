"""Open the user's browser: without a shell, with nothing inherited, and without waiting for it.

If no browser can be opened (SSH, a container, no display), `Browser.available` returns the reason. The caller then prints
the URL.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubectl_oidc.fast_path.known_command import VARIABLE_PREFIX
from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.text import json_quoted
from kubectl_oidc.urls import is_loopback

from .browser_command import parse_command, parse_variable, with_url
from .containers import in_container
from .programs import find_program

if TYPE_CHECKING:
    from collections.abc import Mapping

STARTED_SECONDS = 0.3
"""A command that still runs after this time counts as started."""

_DESKTOP = (("xdg-open",), ("gio", "open"), ("x-www-browser",))
_WINDOWS_FROM_LINUX = (("wslview",), ("explorer.exe",))
_MACOS = (("open",),)

# No URL needs these unencoded (RFC 3986 §2), and some programs interpret them.
_UNSAFE = frozenset("\"'\\<>^`{|}")


class Browser(NamedTuple):
    """The commands that open a URL, in the order in which they are tried.

    Attributes:
        commands: Argument lists. The URL replaces ``%s``, or is added at the end.
        reason: Why no browser can be opened here, for "there is no browser: …"; None if one can.
        environ: The environment of the commands.
        patience: Seconds to wait for a command to fail.
    """

    commands: tuple[tuple[str, ...], ...]
    reason: str | None = None
    environ: Mapping[str, str] = MappingProxyType({})
    patience: float = STARTED_SECONDS

    def __repr__(self) -> str:
        return f"Browser(commands={self.commands!r}, reason={self.reason!r})"  # the environment may hold a secret

    @classmethod
    def from_environment(
        cls, *, command: str | None, environ: Mapping[str, str], platform: str, container: bool | None = None
    ) -> Browser:
        """Return the browser of --browser-command or the variable ``BROWSER``, else the desktop's.

        Args:
            command: The value of --browser-command, if given. It is used even if no display is found.
            environ: ``BROWSER`` in it is used even if no display is found.

        Raises:
            UsageError: The command has an unclosed quote, or no word.
        """
        if command:
            return cls((parse_command(command, environ, platform),), None, environ)
        chosen = parse_variable(environ.get("BROWSER", ""), environ, platform)
        if chosen:
            return cls(chosen, None, environ)
        if platform == "win32":
            return cls((), no_browser(environ, platform, container=container), environ)
        candidates = _MACOS if platform == "darwin" else _DESKTOP
        if _is_wsl(environ):
            candidates = (*_WINDOWS_FROM_LINUX, *candidates)
        found = tuple(words for words in candidates if find_program(words[0], environ))
        reason = no_browser(environ, platform, container=container)
        if reason is None and not found:
            names = ", ".join(words[0] for words in candidates)
            reason = f"no program that opens a browser is installed ({names})"
        return cls(found, reason, environ)

    def available(self) -> str | None:
        """Return None if a browser can be opened, else the reason for a message."""
        return self.reason

    def open(self, url: str) -> bool:
        """Start to open an https URL, or an http URL of this machine. No other URL is opened.

        Returns:
            Whether a command was started and did not fail at once.
        """
        if not may_be_opened(url):
            return False
        if not self.commands:
            return _start_file(url)
        return any(_start(words, url, self.environ, self.patience) for words in self.commands)

    def failure(self) -> str:
        """Return a message for commands that could not be started, or failed at once."""
        names = [json_quoted(words[0]) for words in self.commands]
        if not names:
            return "the browser could not be started"
        missing = all(_program(words[0], self.environ) is None for words in self.commands)
        return f"{' and '.join(names)} {'was not found' if missing else 'could not be started, or failed at once'}"


def no_browser(environ: Mapping[str, str], platform: str, *, container: bool | None = None) -> str | None:
    """Return why the user would not see a browser that is opened here, or None if they would. ``container`` None detects one."""
    desktop = platform in {"win32", "darwin"}  # their browsers do not use DISPLAY
    if not desktop and (environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY")):
        return None
    if in_container(environ) if container is None else container:
        return "this is a container without a display"
    if environ.get("SSH_CONNECTION") or environ.get("SSH_TTY"):
        return "this is an SSH session"
    if desktop or _is_wsl(environ):
        return None
    return "there is no display: neither DISPLAY nor WAYLAND_DISPLAY is set"


def may_be_opened(url: str) -> bool:
    """Return whether ``url``, perhaps from a provider's metadata, is safe as a program's argument: https, or http here."""
    if not url.isascii() or any(char <= " " or char == "\x7f" or char in _UNSAFE for char in url):
        return False
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        return False
    if not host or host.startswith("-") or "@" in parts.netloc:
        return False
    return url.startswith("https://") or (url.startswith("http://") and is_loopback(host))


def _is_wsl(environ: Mapping[str, str]) -> bool:
    return bool(environ.get("WSL_DISTRO_NAME") or environ.get("WSL_INTEROP"))


def _program(name: str, environ: Mapping[str, str]) -> str | None:
    return find_program(name, environ) if name else None


def _without_our_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without this program's own variables, which may contain a client secret or a password."""
    return {
        name: value
        for name, value in environ.items()
        if not name.startswith(VARIABLE_PREFIX) and name != "KUBERNETES_EXEC_INFO"
    }


if sys.platform == "win32":

    def _start_file(url: str) -> bool:
        try:
            os.startfile(url)  # noqa: S606 - the URL was checked; this is how Windows opens one
        except OSError:
            return False
        return True

else:

    def _start_file(_url: str) -> bool:
        return False


def _start(words: tuple[str, ...], url: str, environ: Mapping[str, str], patience: float) -> bool:
    """Start a program without terminal, in its own session. kubectl would wait for a program that inherits its pipes."""
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
    program = _program(words[0], environ)
    if program is None:
        return False
    # Windows runs batch files with cmd.exe, which interprets these characters even in quotes.
    if program.lower().endswith((".bat", ".cmd")) and any(char in url for char in "&%"):
        return False
    arguments = [program, *with_url(words, url)[1:]]
    try:
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            creationflags=flags,
            env=_without_our_variables(environ),
        )
    except (OSError, ValueError):
        return False
    try:
        status = process.wait(patience)
    except subprocess.TimeoutExpired:
        # A thread collects the exit status. Otherwise the program stays a zombie until this process ends.
        threading.Thread(target=process.wait, daemon=True, name="browser").start()
        return True
    # explorer.exe exits with status 1 on success.
    return status == 0 or Path(program).name.lower() == "explorer.exe"
