"""Read and remove entries of the macOS Keychain, as the ``keyring`` library writes them (Security framework).

SecKeychainFindGenericPassword is deprecated, but does all in one. If a later macOS lacks it, the slow path reads the entries.
"""

import ctypes

_SECURITY = "/System/Library/Frameworks/Security.framework/Security"
_CORE_FOUNDATION = "/System/Library/Frameworks/CoreFoundation.framework/CoreFoundation"


def read_entry(service: str, account: str) -> str | None:
    """Return the secret of the entry with this service name and user name.

    None if there is none, or if macOS would ask the user: the Keychain is locked, or belongs to another Python.

    Raises:
        OSError: There is no such library.
        AttributeError: It lacks a function.
        UnicodeDecodeError: The secret is not text.
    """
    library = ctypes.CDLL(_SECURITY)
    name, user = service.encode(), account.encode()
    length, secret = ctypes.c_uint32(), ctypes.c_void_p()
    if library.SecKeychainSetUserInteractionAllowed(0):
        return None
    try:
        status = library.SecKeychainFindGenericPassword(
            None, len(name), name, len(user), user, ctypes.byref(length), ctypes.byref(secret), None
        )
    finally:
        library.SecKeychainSetUserInteractionAllowed(1)  # the slow path may ask
    if status:
        return None
    try:
        return ctypes.string_at(secret, length.value).decode()
    finally:
        library.SecKeychainItemFreeContent(None, secret)


def remove_entry(service: str, account: str) -> bool:
    """Remove the entry with this service name and user name, and return whether there was one.

    SecItemDelete, which the ``keyring`` library uses, refuses an entry that a program of another name has made
    (errSecInvalidOwnerEdit), such as ``python3.12`` before an update. SecKeychainItemDelete removes it without a question.

    Raises:
        OSError: There is no such library.
        AttributeError: It lacks a function.
    """
    library, foundation = ctypes.CDLL(_SECURITY), ctypes.CDLL(_CORE_FOUNDATION)
    name, user = service.encode(), account.encode()
    entry = ctypes.c_void_p()
    if library.SecKeychainFindGenericPassword(
        None, len(name), name, len(user), user, None, None, ctypes.byref(entry)
    ):
        return False
    try:
        return not library.SecKeychainItemDelete(entry)
    finally:
        foundation.CFRelease(entry)
