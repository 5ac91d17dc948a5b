"""The credential of a session that is only in the Keychain of macOS or the Credential Manager of Windows.

A session is in entries of limited length, as docs/formats.md describes. It is read only if the ``keyring`` library, which wrote it,
would read the same entries. Nobody is asked for a password here. The parser of the module json is used without that module, which
imports three times as much as the rest of the fast path.
"""

import os
import sys
import time

from .credential import Credential, hexdigest, read_private

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any


SERVICE = "kubectl-oidc"
"""How the service name of an entry begins."""

ACCOUNT = "session"
"""The user name of an entry."""

SLOTS = ("a", "b")
FORMAT = "kubectl-oidc-slot-1"
MOST_PARTS = 512

_INDEX = "sessions"
_INDEX_LIMIT = 4 << 20  # bytes
_VERSION = 1
_DIGEST = ',"digest":"'


class _Options:
    """The parser's options: the defaults of the module json."""

    strict = True
    object_hook = object_pairs_hook = array_hook = None
    parse_float = parse_constant = float
    parse_int = int


try:
    from _json import encode_basestring_ascii, make_scanner

    _scan: "Callable[[str, int], tuple[Any, int]]" = make_scanner(_Options)  # type: ignore[arg-type]
except ImportError:  # pragma: no cover - an interpreter without it
    from json.decoder import JSONDecoder
    from json.encoder import encode_basestring_ascii

    _scan = JSONDecoder().raw_decode


def read_session(session_id: str, directory: str) -> Credential | None:
    """Return the session's credential, which may have expired.

    Args:
        session_id: The session.
        directory: The cache directory, whose index confirms the session.

    Returns:
        The credential; None if there is none that can be used, or if the keyring is locked, configured or damaged.
    """
    try:
        entry = _parse(
            (read_private(f"{directory}/{_INDEX}", f"{session_id}.json", _INDEX_LIMIT) or b"").decode()
        )
        if (
            entry["version"] != _VERSION
            or entry["session_id"] != session_id
            or entry["storage"] != "keyring"
            or entry["former"]
            or entry["expiry"] <= time.time()
            or configured(os.environ)
        ):
            return None
        session = _parse(_read_record(_reader(), f"{SERVICE}/{session_id}"))
        if session["version"] != _VERSION or session["session"] != session_id:
            return None
        if session["generation"] < entry["generation"]:
            return None
        return _credential(session, entry["refreshed_at"])
    except Exception:  # noqa: BLE001 - whatever it is, the slow path reports it
        return None


def configured(environ: "Mapping[str, str]", *, platform: str = "") -> bool:
    """Return whether the ``keyring`` library may be configured. Then only the library itself knows which keyring it reads.

    ``platform`` is a value of `sys.platform`, by default this system's.
    """
    if any(name == "PYTHON_KEYRING_BACKEND" or name.startswith("KEYRING_PROPERTY_") for name in environ):
        return True
    if (platform or sys.platform) == "win32":
        place = f"{environ.get('LOCALAPPDATA', environ.get('PROGRAMDATA', '.'))}/Python Keyring"
    else:
        root = environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")  # noqa: PTH111 - pathlib is slow to import
        place = f"{root}/python_keyring"
    return os.path.lexists(f"{place}/keyringrc.cfg")


def _reader() -> "Callable[[str, str], str | None]":
    """Return the function that reads the secret of an entry, by its service name and user name."""
    if sys.platform == "win32":
        from .credential_manager import read_entry
    else:
        from .keychain import read_entry
    return read_entry


def _parse(text: str) -> "dict[str, Any]":
    """Return the object in a JSON text. Raise an error if it is anything else."""
    values, end = _scan(text, 0)
    if end != len(text) or type(values) is not dict:
        raise ValueError
    return values


def _read_record(read_entry: "Callable[[str, str], str | None]", service: str) -> str:
    """Return the newest whole record, without its digest; empty if there is none."""
    heads = []
    for slot in SLOTS:
        line, _, inline = (read_entry(f"{service}/{slot}", ACCOUNT) or "").partition("\n")
        words = line.split(" ")
        if len(words) != 4 or words[0] != FORMAT or not (words[1].isdigit() and words[2].isdigit()):  # noqa: PLR2004 - its fields
            continue
        if int(words[2]) <= MOST_PARTS:
            heads.append((int(words[1]), slot, int(words[2]), inline))
    for _, slot, count, inline in sorted(heads, reverse=True):
        parts = [read_entry(f"{service}/{slot}/{number + 1}", ACCOUNT) or "" for number in range(count)]
        body, _, digest = (inline + "".join(parts)).partition(_DIGEST)
        whole = body + "}"
        if digest == f'{hexdigest(whole.encode("ascii"))}"}}':
            return whole
    return ""


def _credential(session: "dict[str, Any]", issued: int) -> Credential:
    """Return the credential of a session that was issued at this time, epoch seconds. Raise TypeError if a member has another type."""
    token, expiry = session["access_token"] or session["id_token"], session["expiry"]
    if type(token) is not str or type(expiry) is not int or type(issued) is not int:
        raise TypeError
    timestamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(expiry))
    return Credential(expiry, timestamp.encode(), encode_basestring_ascii(token).encode(), issued)
