"""The keyrings of macOS and Windows under the keyring library's own backends: the calls of the system are stood for.

What the Credential Locker (`CredWrite` and its neighbours) and the Keychain (`SecItemAdd` and its neighbours) do with entries, as
their documentation has it: limits, errors by number, what is not replaced but refused.
"""

from __future__ import annotations

import ctypes
import types
from typing import TYPE_CHECKING, Any

from keyring.backends import Windows, macOS

from kubectl_oidc.fast_path.credential_manager import CredentialW

from .keyring_files import Files

if TYPE_CHECKING:
    from pathlib import Path

    import pytest
    from keyring.backend import KeyringBackend

MOST_BYTES = 2_560
"""``CRED_MAX_CREDENTIAL_BLOB_SIZE``: 5 * 512."""

NOT_FOUND, BAD_STUB = 1168, 1783


class WindowsError(Exception):
    """``pywintypes.error``."""

    def __init__(self, winerror: int, funcname: str, strerror: str) -> None:
        super().__init__(winerror, funcname, strerror)
        self.winerror, self.funcname, self.strerror = winerror, funcname, strerror


error = WindowsError
"""As it is called in ``pywintypes``."""


class Locker:
    """The Credential Locker; its names tell no capital from a small letter."""

    CRED_TYPE_GENERIC = 1
    CRED_PERSIST_SESSION, CRED_PERSIST_LOCAL_MACHINE, CRED_PERSIST_ENTERPRISE = 1, 2, 3

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, Any]] = {}

    def CredRead(self, Type: int, TargetName: str) -> dict[str, Any]:  # noqa: N802, N803
        assert Type == self.CRED_TYPE_GENERIC
        if TargetName.lower() not in self.kept:
            raise WindowsError(NOT_FOUND, "CredRead", "Element not found.")
        return self.kept[TargetName.lower()]

    def CredWrite(self, credential: dict[str, Any], flags: int) -> None:  # noqa: N802
        assert flags == 0
        blob = credential["CredentialBlob"].encode("utf-16-le")
        if len(blob) > MOST_BYTES:
            raise WindowsError(BAD_STUB, "CredWrite", "The stub received bad data.")
        self.kept[credential["TargetName"].lower()] = {**credential, "CredentialBlob": blob}

    def CredDelete(self, Type: int, TargetName: str) -> None:  # noqa: N802, N803
        assert Type == self.CRED_TYPE_GENERIC
        if self.kept.pop(TargetName.lower(), None) is None:
            raise WindowsError(NOT_FOUND, "CredDelete", "Element not found.")


class FileLocker(Locker):
    """One that outlives the process, in a directory.

    Args:
        directory: Where the entries stand.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self._files = Files(directory)
        self.kept = {
            name: {"UserName": user, "CredentialBlob": blob.encode("utf-16-le")}
            for name, (user, blob) in self._files.items()
        }

    def CredWrite(self, credential: dict[str, Any], flags: int) -> None:  # noqa: N802
        super().CredWrite(credential, flags)
        self._files[credential["TargetName"].lower()] = (credential["UserName"], credential["CredentialBlob"])

    def CredDelete(self, Type: int, TargetName: str) -> None:  # noqa: N802, N803
        super().CredDelete(Type, TargetName)
        del self._files[TargetName.lower()]


class Advapi32:
    """``advapi32.dll`` over a locker, for ctypes: CredReadW and CredFree.

    Attributes:
        unfreed: How many entries were read and not freed.
    """

    def __init__(self, locker: Locker) -> None:
        self._locker = locker
        self._memory: list[Any] = []
        self.unfreed = 0

    def CredReadW(self, target: str, kind: int, flags: int, found: Any) -> int:  # noqa: N802
        assert (kind, flags) == (Locker.CRED_TYPE_GENERIC, 0)
        entry = self._locker.kept.get(target.lower())
        if entry is None:
            return 0
        blob = ctypes.create_string_buffer(entry["CredentialBlob"], len(entry["CredentialBlob"]))
        self._memory.append(blob)
        address = ctypes.cast(blob, ctypes.c_void_p)
        found._obj.contents = CredentialW(
            kind=kind, target_name=target, size=len(blob), blob=address, user_name=entry["UserName"]
        )
        self.unfreed += 1
        return 1

    def CredFree(self, found: Any) -> None:  # noqa: N802
        assert found.contents.size
        self.unfreed -= 1


def credential_locker(monkeypatch: pytest.MonkeyPatch) -> tuple[KeyringBackend, Locker]:
    """Return keyring's own backend for Windows, and what stands below it."""
    locker = Locker()
    monkeypatch.setattr(Windows, "win32cred", locker, raising=False)
    monkeypatch.setattr(Windows, "pywintypes", types.SimpleNamespace(error=WindowsError), raising=False)
    monkeypatch.setattr(ctypes, "WinDLL", lambda *_, **__: Advapi32(locker), raising=False)
    return Windows.WinVaultKeyring(), locker  # type: ignore[no-untyped-call]


DENIED, AUTH_FAILED, NO_INTERACTION, DUPLICATE, NO_ITEM = -128, -25293, -25308, -25299, -25300
INVALID_OWNER_EDIT = -25244
"""Of ``SecItemDelete``, for an entry whose access list has no program of the caller's name (SecItem.cpp of Apple's Security)."""


class Error(Exception):
    """``keyring.backends.macOS.api.Error``; the ones below have their names there."""

    def __init__(self, status: int) -> None:
        super().__init__(status, "Unknown Error" if type(self) is Error else type(self).__name__)


class NotFound(Error):
    """errSecItemNotFound."""


class KeychainDenied(Error):
    """userCanceledErr: somebody was asked, and said no."""


class SecAuthFailure(Error):
    """errSecAuthFailed."""


class Keychain:
    """The Keychain behind `keyring.backends.macOS.api`, which deletes an entry and adds it anew.

    Attributes:
        refuses: The status that every call ends with, such as ``errSecInteractionNotAllowed`` over SSH; 0 for none.
        killed: Whether the process ends between deleting and adding.
        program: The program that uses it now. An entry belongs to the program that added it.
        asked: How often the user was asked to let a program read the entry of another one, which they did.
    """

    Error, NotFound, KeychainDenied, SecAuthFailure = Error, NotFound, KeychainDenied, SecAuthFailure

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], str] = {}
        self.refuses = 0
        self.killed = False
        self.program, self.asked = "python3.12", 0
        self._owners: dict[tuple[str, str], str] = {}

    def is_anothers(self, service: str, username: str) -> bool:
        """Return whether another program has added an entry."""
        return self._owners.get((service, username), self.program) != self.program

    def _check(self, status: int) -> None:
        kinds = {NO_ITEM: NotFound, DENIED: KeychainDenied, AUTH_FAILED: SecAuthFailure}
        if status:
            raise kinds.get(status, Error)(status)

    def find_generic_password(self, _keychain: object, service: str, username: str) -> str:
        self._check(self.refuses or (0 if (service, username) in self.kept else NO_ITEM))
        self.asked += self.is_anothers(service, username)
        return self.kept[service, username]

    def set_generic_password(self, keychain: object, service: str, username: str, password: str) -> None:
        if (service, username) in self.kept:
            self.delete_generic_password(keychain, service, username)
        if self.killed:
            raise KeyboardInterrupt
        self._check(self.refuses or (DUPLICATE if (service, username) in self.kept else 0))
        self.kept[service, username] = password
        self._owners[service, username] = self.program

    def delete_generic_password(self, _keychain: object, service: str, username: str) -> None:
        self._check(self.refuses or (0 if (service, username) in self.kept else NO_ITEM))
        self._check(INVALID_OWNER_EDIT if self.is_anothers(service, username) else 0)
        del self.kept[service, username]


class Security:
    """The Security framework over a Keychain, for ctypes.

    Attributes:
        may_ask: Whether the user may be asked.
        unfreed: How many secrets and entries were found and not freed.
    """

    def __init__(self, keychain: Keychain) -> None:
        self._keychain = keychain
        self._memory: list[Any] = []
        self._entries: list[tuple[str, str]] = []
        self.may_ask, self.unfreed = 1, 0

    def SecKeychainSetUserInteractionAllowed(self, allowed: int) -> int:  # noqa: N802
        self.may_ask = allowed
        return 0

    def SecKeychainFindGenericPassword(self, keychain: None, *texts: Any) -> int:  # noqa: N802
        service_length, service, account_length, account, length, secret, item = texts
        assert keychain is None
        assert (service_length, account_length) == (len(service), len(account))
        name = service.decode(), account.decode()
        if secret is None:  # the entry, not its secret: nobody is asked
            if self._keychain.refuses or name not in self._keychain.kept:
                return self._keychain.refuses or NO_ITEM
            self._entries.append(name)
            item._obj.value = len(self._entries)
            self.unfreed += 1
            return 0
        assert item is None
        assert not self.may_ask, "nobody waits for an answer here"
        if self._keychain.is_anothers(*name):
            return NO_INTERACTION
        try:
            text = self._keychain.find_generic_password(None, service.decode(), account.decode()).encode()
        except Error as error:
            return int(error.args[0])
        self._memory.append(ctypes.create_string_buffer(text, len(text)))
        length._obj.value = len(text)
        secret._obj.value = ctypes.addressof(self._memory[-1])
        self.unfreed += 1
        return 0

    def SecKeychainItemFreeContent(self, attributes: None, secret: Any) -> int:  # noqa: N802
        assert attributes is None
        assert secret.value
        self.unfreed -= 1
        return 0

    def SecKeychainItemDelete(self, item: Any) -> int:  # noqa: N802
        if self._keychain.refuses:
            return self._keychain.refuses
        del self._keychain.kept[self._entries[item.value - 1]]
        return 0

    def CFRelease(self, item: Any) -> None:  # noqa: N802
        assert item.value
        self.unfreed -= 1


def mac_keychain(monkeypatch: pytest.MonkeyPatch) -> tuple[KeyringBackend, Keychain]:
    """Return keyring's own backend for macOS, and what stands below it."""
    keychain = Keychain()
    monkeypatch.setattr(macOS, "api", keychain, raising=False)
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: Security(keychain))
    return macOS.Keyring(), keychain  # type: ignore[no-untyped-call]


class FileKeychain(Keychain):
    """One that outlives the process, in a directory.

    Args:
        directory: Where the entries stand.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__()
        self._files = Files(directory)

    @property
    def kept(self) -> dict[tuple[str, str], str]:
        """What is in it now."""
        return _Kept(self._files)

    @kept.setter
    def kept(self, _: object) -> None:
        pass


class _Kept(dict[tuple[str, str], str]):
    def __init__(self, files: Files) -> None:
        super().__init__({(service, user): secret for service, (user, secret) in files.items()})
        self._files = files

    def __setitem__(self, name: tuple[str, str], secret: str) -> None:
        self._files[name[0]] = (name[1], secret)

    def __delitem__(self, name: tuple[str, str]) -> None:
        del self._files[name[0]]
