"""The Linux kernel keyring (keyrings(7), persistent-keyring(7), keyctl(2)), through system calls.

It uses the user's persistent keyring, or the user keyring if the kernel has no persistent ones. The keyring is linked into the
process keyring, because a process can read only keys that it possesses. The session keyring and all permissions are unchanged.
"""

import ctypes
import os
import sys

PROCESS, USER = -2, -4  # KEY_SPEC_PROCESS_KEYRING, KEY_SPEC_USER_KEYRING
GET_KEYRING_ID, UNLINK, LINK, SEARCH, READ, SET_TIMEOUT, GET_PERSISTENT = 0, 9, 8, 10, 11, 15, 22
TYPES = (b"big_key", b"user")  # big_key escapes the user's quota of 20,000 bytes

# add_key and keyctl by machine: the numbers of the kernel's system call tables.
_CALLS = {
    "x86_64": (248, 250),
    "aarch64": (217, 219),
    "riscv64": (217, 219),
    "loongarch64": (217, 219),
    "ppc64le": (269, 271),
    "s390x": (278, 280),
    "armv7l": (309, 311),
    "i686": (286, 288),
}

CREDENTIAL = "kubectl-oidc:credential:"
"""How the description of a credential's key begins; the session's id follows."""


class KeyringCall:
    """The system calls add_key(2) and keyctl(2), through the C library.

    Raises:
        OSError: This machine has no kernel keyring, or its system call numbers are unknown.
    """

    __slots__ = ("_add_key", "_keyctl", "_syscall")

    def __init__(self) -> None:
        machine = ""
        if sys.platform == "linux":
            machine = os.uname().machine
        if machine not in _CALLS or (machine == "x86_64" and sys.maxsize < 1 << 32):
            raise OSError(38, "no kernel keyring here")
        self._add_key, self._keyctl = _CALLS[machine]
        self._syscall = ctypes.CDLL(None, use_errno=True).syscall
        self._syscall.restype = ctypes.c_long

    def keyctl(self, operation: int, *arguments: "int | bytes | ctypes.Array[ctypes.c_char]") -> int:
        """Call keyctl(2) and return its result.

        Raises:
            OSError: With the kernel's errno.
        """
        return self._call(self._keyctl, operation, *arguments)

    def add_key(self, kind: bytes, description: bytes, payload: bytes, keyring: int) -> int:
        """Add or replace a key and return its serial number: add_key(2).

        Raises:
            OSError: With the kernel's errno: EDQUOT over quota, ENODEV for an unknown type.
        """
        return self._call(self._add_key, kind, description, payload, len(payload), keyring)

    def _call(self, number: int, *arguments: "int | bytes | ctypes.Array[ctypes.c_char]") -> int:
        native = [ctypes.c_long(a) if isinstance(a, int) else a for a in arguments]
        result: int = self._syscall(ctypes.c_long(number), *native)
        if result < 0:
            code = ctypes.get_errno()
            raise OSError(code, os.strerror(code))
        return result

    def home(self) -> int:
        """Return the keyring that outlives this process, and link it into the process keyring.

        Raises:
            OSError: The kernel or a seccomp filter forbids it.
        """
        try:
            return self.keyctl(GET_PERSISTENT, -1, PROCESS)
        except OSError as error:
            # ENOSYS, EOPNOTSUPP, EINVAL: a kernel without persistent keyrings.
            if error.errno not in (38, 95, 22):
                raise
        self.keyctl(LINK, USER, PROCESS)
        return self.keyctl(GET_KEYRING_ID, USER, 0)

    def find(self, keyring: int, description: bytes) -> int | None:
        """Return the key's serial number, or None."""
        for kind in TYPES:
            try:
                return self.keyctl(SEARCH, keyring, kind, description, 0)
            except OSError as error:
                # ENOKEY, ENODEV (unknown type), EKEYEXPIRED, EKEYREVOKED.
                if error.errno not in (126, 19, 127, 128):
                    raise
        return None

    def payload(self, key: int) -> bytes:
        """Return the key's payload.

        Raises:
            OSError: The key cannot be read.
        """
        size = 16384
        while True:
            buffer = ctypes.create_string_buffer(size)
            length = self.keyctl(READ, key, buffer, size)
            if length <= size:
                return buffer.raw[:length]
            size = length

    def read(self, description: str) -> bytes | None:
        """Return the payload of the key with this description, or None if there is none."""
        key = self.find(self.home(), description.encode())
        return None if key is None else self.payload(key)


def read_key(description: str) -> bytes | None:
    """Return the payload of the key with this description, or None if it cannot be read."""
    try:
        return KeyringCall().read(description)
    except (OSError, AttributeError):
        return None
