"""Who owns a file on Windows: only administrators and the system itself may decide for all users of a machine."""

from __future__ import annotations

import ctypes
import sys

_ADMINISTRATORS = (
    "S-1-5-32-544",
    "S-1-5-18",
    "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464",
)
"""The group of the administrators, the system, and Windows' own installer (well-known security identifiers)."""

_FILE, _OWNER = 1, 1  # SE_FILE_OBJECT, OWNER_SECURITY_INFORMATION


def is_of_administrators(path: str) -> bool:
    """Return whether a file's owner is an administrator or the system. If nobody can tell, it is not."""
    if sys.platform == "win32":
        security, local = ctypes.WinDLL("advapi32"), ctypes.WinDLL("kernel32")
        owner, descriptor, text = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_wchar_p()
        out = (ctypes.byref(owner), None, None, None, ctypes.byref(descriptor))
        if security.GetNamedSecurityInfoW(ctypes.c_wchar_p(path), _FILE, _OWNER, *out):
            return False
        try:
            if security.ConvertSidToStringSidW(owner, ctypes.byref(text)):
                found = text.value in _ADMINISTRATORS
                local.LocalFree(text)
                return found
        finally:
            local.LocalFree(descriptor)
    return False
