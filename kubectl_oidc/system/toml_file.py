"""Read a TOML file that only certain users can have written, and find the line of a key in it (TOML 1.0)."""

from __future__ import annotations

import os
import re
import stat
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kubectl_oidc.errors import SettingsError
from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

LIMIT = 65536
"""The most bytes that a file may have."""

_TRIES = 200
"""How often a part of the file is parsed to find a key's line."""

_FLAGS = os.O_RDONLY | (
    getattr(os, "O_BINARY", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
)
_AT_LINE = re.compile(r" \(at line (\d+), column \d+\)")


class TomlFile(NamedTuple):
    """A file that was read.

    Attributes:
        path: Its path.
        text: Its content.
        data: What the content says.
    """

    path: str
    text: str
    data: dict[str, Any]

    def where(self, keys: Sequence[str] = ()) -> str:
        """Return the file, and the line of a key as far as it can be found: ``PATH:LINE``."""
        line = line_of(self.text, keys) if keys else 0
        return f"{sanitize(self.path)}:{line}" if line else sanitize(self.path)

    def error(self, keys: Sequence[str], says: str, hint: str) -> SettingsError:
        """Return the error of a key, given with the tables that it is in."""
        return SettingsError(f"{self.where(keys)}: {sanitize(keys[-1])} {says}", hint)


class Place(NamedTuple):
    """A key of a file. Its text is the file with the line, which is looked up only then."""

    file: TomlFile
    keys: tuple[str, ...]

    def __str__(self) -> str:
        return self.file.where(self.keys)


def read_toml(path: str, owners: Collection[int], *, machine: bool) -> TomlFile | None:
    """Return the file; None if there is none.

    Args:
        path: Its path. A symbolic link is followed; what it leads to counts.
        owners: The user ids that may own it, on systems that have such.
        machine: Whether it speaks for all users: then nobody but its owner may be able to replace it, either. On Windows,
            administrators must own it and its directory.

    Raises:
        SettingsError: It is not a regular file, belongs to another user, is writable by others, is longer than `LIMIT`, or is not TOML.
    """
    try:
        content = _content(path, owners, machine=machine)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise _refused(path, f"cannot be read: {getattr(error, 'strerror', '') or error}") from None
    if len(content) > LIMIT:
        raise _refused(path, f"is longer than {LIMIT} bytes")
    try:
        text = content.decode("utf-8-sig")  # with the mark that editors on Windows put at the beginning
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise SettingsError(
            f"{sanitize(path)}:{line}: it is not UTF-8 text", "save the file as UTF-8"
        ) from None
    text = text.replace("\r\n", "\n")
    return TomlFile(path, text, _parsed(path, text))


def _content(path: str, owners: Collection[int], *, machine: bool) -> bytes:
    descriptor = os.open(path, _FLAGS)  # a FIFO is opened at once, and refused
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise _refused(path, "is not a regular file")
        if sys.platform == "win32":
            if machine:
                _check_owner_on_windows(path)
        else:
            _check(path, status, owners)
            if machine:
                real = Path(path).resolve().parent
                _check(str(real), real.stat(), owners)
        content = b""
        while len(content) <= LIMIT and (part := os.read(descriptor, LIMIT + 1)):
            content += part
        return content
    finally:
        os.close(descriptor)


def _check(path: str, status: os.stat_result, owners: Collection[int]) -> None:
    """Raise an error if somebody else could have written a file, or replaced what is in a directory."""
    if status.st_uid not in owners:
        raise _refused(path, f"belongs to the user {status.st_uid}, who is neither you nor an administrator")
    # In a sticky directory, others cannot replace what is not theirs.
    sticky = stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not sticky:
        raise SettingsError(
            f"{sanitize(path)} can be written by other users, so it is not used",
            f"run `chmod go-w {sanitize(path)}`",
        )


def _check_owner_on_windows(path: str) -> None:
    from .windows_owner import is_of_administrators

    if not is_of_administrators(path):
        raise _refused(path, "does not belong to an administrator")
    # Every user can make a directory in %ProgramData%, and its owner can replace what administrators put into it.
    directory = str(Path(path).resolve().parent)
    if not is_of_administrators(directory):
        raise SettingsError(
            f"the settings file {sanitize(path)} is in the directory {sanitize(directory)}, which does not belong to an administrator, so it is not used",
            f"as an administrator, remove {sanitize(directory)}, create it again, and copy the file into it",
        )


def _refused(path: str, why: str) -> SettingsError:
    return SettingsError(
        f"the settings file {sanitize(path)} {why}, so it is not used",
        "correct or remove it, then run `kubectl oidc-login config` to check it",
    )


def _parsed(path: str, text: str) -> dict[str, Any]:
    hint = "correct the TOML, for example put strings in quotes"
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise SettingsError(f"{sanitize(path)}: its values are nested too deeply", hint) from None
    except ValueError as error:
        at = _AT_LINE.search(str(error))
        line = at[1] if at else str(text.count("\n") + 1)
        says = sanitize(_AT_LINE.sub("", str(error)), limit=200)
        raise SettingsError(f"{sanitize(path)}:{line}: {says}", hint) from None


def line_of(text: str, keys: Sequence[str]) -> int:
    """Return the line, from 1, in which a key or a table is given; 0 if it is not found.

    Args:
        text: TOML.
        keys: The key's name, with the tables that it is in before it.
    """
    lines, tries = text.split("\n"), 0
    for start in (number for number, line in enumerate(lines) if keys[-1] in line):
        for end in range(start + 1, len(lines) + 1):
            tries += 1
            if tries > _TRIES:
                return 0
            try:
                found: Any = tomllib.loads("\n".join(lines[:end]))
            except ValueError:
                continue  # the value goes on in the next line
            if _has(found, keys):
                return start + 1
            break
    return 0


def _has(found: Any, keys: Sequence[str]) -> bool:
    for key in keys:
        if not isinstance(found, dict) or key not in found:
            return False
        found = found[key]
    return True
