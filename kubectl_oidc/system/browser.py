"""Opening the person's browser: no shell, nothing of ours inherited, and no wait for it.

Where none can be opened (SSH, a container, no display) the reason is told in words, so that the caller can print the
address instead.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubectl_oidc.errors import UsageError
from kubectl_oidc.fast_path.known_command import VARIABLES
from kubectl_oidc.text import json_quoted
from kubectl_oidc.urls import is_loopback

from .containers import in_container
from .programs import find

if TYPE_CHECKING:
    from collections.abc import Mapping

STARTED_SECONDS = 0.3
"""A command that still runs after this has not failed at once; nothing else is known of it."""

_URL = "%s"
_DESKTOP = (("xdg-open",), ("gio", "open"), ("x-www-browser",))
_WINDOWS_FROM_LINUX = (("wslview",), ("explorer.exe",))
_MACOS = (("open",),)

# A URL needs none of these unquoted (RFC 3986 §2), and one program or another gives each a meaning.
_UNSAFE = frozenset("\"'\\<>^`{|}")


@dataclass(frozen=True, slots=True)
class Browser:
    """What opens a URL, in the order in which it is tried.

    Attributes:
        commands: Argument lists; the URL takes the place of ``%s``, else it comes last.
        reason: Why no browser can be opened here, in words that fit "there is no browser: …"; None when one can.
        environ: The environment of the commands.
        patience: Seconds that a command is given to fail.
    """

    commands: tuple[tuple[str, ...], ...]
    reason: str | None = None
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    patience: float = STARTED_SECONDS

    @classmethod
    def from_environment(
        cls, *, command: str | None, environ: Mapping[str, str], platform: str, container: bool | None = None
    ) -> Browser:
        """Return the browser that the person chose, else the desktop's.

        Args:
            command: --browser-command: the path of a program, or words as a shell splits them; believed as it is.
            environ: The environment; ``BROWSER`` in it is believed too.
            platform: As ``sys.platform`` has it.
            container: Whether this is a container; None looks.

        Raises:
            UsageError: The command has an open quote, or no word in it.
        """
        if command:
            return cls((_words(command, environ, platform),), None, environ)
        chosen = _from_variable(environ.get("BROWSER", ""), environ, platform)
        if chosen:
            return cls(chosen, None, environ)
        if platform == "win32":
            return cls((), no_browser(environ, platform, container=container), environ)
        candidates = _MACOS if platform == "darwin" else _DESKTOP
        if _is_wsl(environ):
            candidates = (*_WINDOWS_FROM_LINUX, *candidates)
        found = tuple(words for words in candidates if _which(words[0], environ))
        reason = no_browser(environ, platform, container=container)
        if reason is None and not found:
            names = ", ".join(words[0] for words in candidates)
            reason = f"no program that opens a browser is installed ({names})"
        return cls(found, reason, environ)

    def available(self) -> str | None:
        """Return None when a browser can be opened, else the reason in words."""
        return self.reason

    def open(self, url: str) -> bool:
        """Open ``url``, and return before the browser has shown it.

        Args:
            url: An https URL, or http of this machine; nothing else is opened.

        Returns:
            Whether a command was started and did not fail at once.
        """
        if not may_be_opened(url):
            return False
        if not self.commands:
            return _start_file(url)
        return any(_start(words, url, self.environ, self.patience) for words in self.commands)

    def failure(self) -> str:
        """Say in words what became of the commands, when none of them could be started or each failed at once."""
        names = [json_quoted(words[0]) for words in self.commands]
        if not names:
            return "the browser could not be started"
        missing = all(_which(words[0], self.environ) is None for words in self.commands)
        return f"{' and '.join(names)} {'is not found' if missing else 'could not be started'}"


def no_browser(environ: Mapping[str, str], platform: str, *, container: bool | None = None) -> str | None:
    """Return why a browser that is opened here would be seen by nobody, or None.

    Args:
        environ: The environment.
        platform: As ``sys.platform`` has it.
        container: Whether this is a container; None looks.
    """
    desktop = platform in {"win32", "darwin"}  # a DISPLAY there is another one than the browser's
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
    """Tell whether ``url`` may be handed to a program: https, or http of this machine, and no surprise in it.

    Args:
        url: A URL, perhaps from a provider's metadata.
    """
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


def _words(command: str, environ: Mapping[str, str], platform: str) -> tuple[str, ...]:
    # A path with spaces is given as it is, as kubelogin takes it.
    if _which(command, environ):
        return (command,)
    try:
        words = _split(command, platform)
    except ValueError:
        words = []
    if not words:
        raise UsageError(
            f"--browser-command {json_quoted(command)} cannot be split into words",
            "close its quotes; the address comes as the last argument",
        )
    return tuple(words)


def _split(command: str, platform: str) -> list[str]:
    if platform != "win32":
        return shlex.split(command)
    # Backslashes separate directories there; only quotes keep words together.
    lexer = shlex.shlex(command, posix=True, punctuation_chars=False)
    lexer.whitespace_split, lexer.escape, lexer.commenters, lexer.quotes = True, "", "", '"'
    return list(lexer)


def _from_variable(value: str, environ: Mapping[str, str], platform: str) -> tuple[tuple[str, ...], ...]:
    """Return the commands of ``BROWSER``: a list with the system's path separator, ``%s`` where the URL belongs."""
    commands = []
    for entry in value.split(";" if platform == "win32" else ":"):
        words: list[str] = [entry] if _which(entry, environ) else []
        with contextlib.suppress(ValueError):
            words = words or _split(entry.strip().removesuffix("&"), platform)
        if words and _is_plain(words):
            commands.append(tuple(words))
    return tuple(commands)


def _is_plain(words: list[str]) -> bool:
    """Tell whether the URL stays an argument; inside ``sh -c 'firefox %s'`` a shell would read it."""
    return _URL not in words[0] and all(_is_place(word) for word in words[1:] if _URL in word)


def _is_place(word: str) -> bool:
    """Tell whether ``word`` is ``%s``, or an option's value as in ``--url=%s``."""
    return word == _URL or (word.startswith("-") and word.find(f"={_URL}") == len(word) - len(_URL) - 1)


def _with_url(words: tuple[str, ...], url: str) -> list[str]:
    placed = [word.replace(_URL, url) if _is_place(word) else word for word in words]
    return placed if placed != list(words) else [*placed, url]


def _is_wsl(environ: Mapping[str, str]) -> bool:
    return bool(environ.get("WSL_DISTRO_NAME") or environ.get("WSL_INTEROP"))


def _which(name: str, environ: Mapping[str, str]) -> str | None:
    return find(name, environ) if name else None


def _without_ours(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without what is meant for us alone: a client secret or a password may be in it."""
    return {
        name: value
        for name, value in environ.items()
        if not name.startswith(VARIABLES) and name != "KUBERNETES_EXEC_INFO"
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
    """Start a program on its own: no terminal, no stream of ours, its own session; kubectl waits for every holder."""
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP
    program = _which(words[0], environ)
    if program is None:
        return False
    # Windows hands batch files to cmd.exe, which reads these whatever stands around them.
    if program.lower().endswith((".bat", ".cmd")) and any(char in url for char in "&%"):
        return False
    arguments = [program, *_with_url(words, url)[1:]]
    try:
        process = subprocess.Popen(
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            creationflags=flags,
            env=_without_ours(environ),
        )
    except (OSError, ValueError):
        return False
    try:
        status = process.wait(patience)
    except subprocess.TimeoutExpired:
        # Somebody must take its exit status in the end, or it stays a zombie as long as we live.
        threading.Thread(target=process.wait, daemon=True, name="browser").start()
        return True
    # Explorer says 1 when all went well.
    return status == 0 or Path(program).name.lower() == "explorer.exe"
