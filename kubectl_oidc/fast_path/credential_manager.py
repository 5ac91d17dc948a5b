"""Read entries of the Windows Credential Manager, as the ``keyring`` library writes them: CredReadW (wincred.h)."""

import ctypes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_GENERIC = 1  # CRED_TYPE_GENERIC
_SYSTEM_DIRECTORY = 0x800  # LOAD_LIBRARY_SEARCH_SYSTEM32


class CredentialW(ctypes.Structure):
    """CREDENTIALW."""

    _fields_ = (
        ("flags", ctypes.c_uint32),
        ("kind", ctypes.c_uint32),
        ("target_name", ctypes.c_wchar_p),
        ("comment", ctypes.c_wchar_p),
        ("last_written", ctypes.c_uint32 * 2),
        ("size", ctypes.c_uint32),
        ("blob", ctypes.c_void_p),
        ("persist", ctypes.c_uint32),
        ("attribute_count", ctypes.c_uint32),
        ("attributes", ctypes.c_void_p),
        ("target_alias", ctypes.c_wchar_p),
        ("user_name", ctypes.c_wchar_p),
    )


def read_entry(service: str, account: str) -> str | None:
    """Return the secret of the entry with this service name and user name, or None if there is none.

    Raises:
        AttributeError: This is not Windows.
        UnicodeDecodeError: The secret is not text.
    """
    secret = _read(service, account)
    # The library moves an entry to this name when another user name is stored for the same service.
    return _read(f"{account}@{service}", account) if secret is None else secret


def _read(target: str, account: str) -> str | None:
    load: Any = getattr(ctypes, "WinDLL")  # noqa: B009 - for the type checker, which knows it only on Windows
    library = load("advapi32", winmode=_SYSTEM_DIRECTORY)
    found = ctypes.POINTER(CredentialW)()
    if not library.CredReadW(target, _GENERIC, 0, ctypes.byref(found)):
        return None
    try:
        entry = found.contents
        if entry.user_name != account:
            return None
        return ctypes.string_at(entry.blob, entry.size).decode(
            "utf-16"
        )  # little-endian here; Python needs no module for it
    finally:
        library.CredFree(found)
