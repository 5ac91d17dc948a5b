"""``kernel``: the Linux kernel key retention service (keyrings(7)), for servers and SSH without a desktop."""

from __future__ import annotations

import errno
import sys
from time import sleep
from typing import TYPE_CHECKING, TypeVar

from kubectl_oidc.errors import StoreError
from kubectl_oidc.fast_path.kernel_keyring import CREDENTIAL, SET_TIMEOUT, TYPES, UNLINK, KeyringCall
from kubectl_oidc.system.deadline import Deadline

if TYPE_CHECKING:
    from collections.abc import Callable

SESSION = "kubectl-oidc:session:"
KEYCTL_DESCRIBE = 6
ROOM_SECONDS = 0.5
"""How long to wait for the space of removed keys. The kernel frees it about 10 ms later."""

T = TypeVar("T")


def _reported(work: Callable[[], T]) -> T:
    """Return what ``work`` returns.

    Raises:
        StoreError: It failed with an OSError.
    """
    try:
        return work()
    except (OSError, AttributeError) as error:
        code = getattr(error, "errno", None)
        if code == errno.EDQUOT:
            raise StoreError(
                "the kernel keyring is full: this user's quota of keys is used up",
                "choose --token-cache-storage=keyring or disk, or see /proc/key-users",
                topic="kernel-keyring",
            ) from error
        raise StoreError(
            f"the kernel keyring cannot be used: {getattr(error, 'strerror', None) or error}",
            "choose --token-cache-storage=keyring or disk",
            topic="kernel-keyring",
        ) from error


class KernelStore:
    """Store each session in a key of the persistent keyring, else of the user keyring.

    The kernel replaces a key's payload in one step, so a record is never half written. If the keyring is forbidden, broken or full,
    every method but `usable` raises StoreError.
    """

    name = "kernel"

    def where(self) -> str:
        """Return the name of this place, for display."""
        return "the kernel keyring"

    def asks(self) -> bool:
        """Return False: reading keys asks nobody."""
        return False

    def load(self, session_id: str) -> bytes | None:
        """Return the session's record, or None."""
        return _reported(lambda: KeyringCall().read(SESSION + session_id))

    def damage(self, session_id: str) -> str:  # noqa: ARG002 - the protocol's signature
        """Return an empty string: `load` returns None only if there is no key."""
        return ""

    def save(self, session_id: str, record: bytes) -> None:
        """Store the record. If the quota is used up, all credentials are removed first, because they can be published again."""
        try:
            _reported(lambda: self._write(SESSION + session_id, record, seconds=0))
        except StoreError as error:
            full = getattr(error.__cause__, "errno", None) == errno.EDQUOT
            if not full or not _reported(self.drop_credentials):
                raise
            room = Deadline.after(ROOM_SECONDS)
            while not self._fits(session_id, record, last=room.passed()):
                sleep(0.005)

    def _fits(self, session_id: str, record: bytes, *, last: bool) -> bool:
        """Store the record and return whether it fitted. The last try raises."""
        try:
            _reported(lambda: self._write(SESSION + session_id, record, seconds=0))
        except StoreError:
            if last:
                raise
            return False
        return True

    def delete(self, session_id: str) -> bool:
        """Remove the record and return whether there was one."""
        return _reported(lambda: self._unlink(SESSION + session_id))

    def publish(self, session_id: str, record: bytes, seconds: int) -> None:
        """Store the session's current credential. The kernel removes it after ``seconds``, when it has expired."""
        _reported(lambda: self._write(CREDENTIAL + session_id, record, seconds=max(1, seconds)))

    def withdraw(self, session_id: str) -> bool:
        """Remove the session's current credential and return whether there was one."""
        return _reported(lambda: self._unlink(CREDENTIAL + session_id))

    def usable(self) -> bool:
        """Return whether this process may use the keyring."""
        try:
            KeyringCall().home()
        except (OSError, AttributeError):
            return False
        return True

    def session_ids(self) -> list[str]:
        """Return the ids of this user's sessions in the keyring, of all cache directories."""

        def listed() -> list[str]:
            call = KeyringCall()
            descriptions = [self._describe(call, key) for key in self._serials(call, call.home())]
            # keyctl(2), KEYCTL_DESCRIBE: type;uid;gid;perm;description
            names = [text.decode(errors="replace").split(";", 4)[-1] for text in descriptions]
            return sorted(name.removeprefix(SESSION) for name in names if name.startswith(SESSION))

        return _reported(listed)

    def drop_credentials(self) -> bool:
        """Remove all credentials of this program and return whether there was one."""
        call = KeyringCall()
        home = call.home()
        dropped = False
        for key in self._serials(call, home):
            kind_and_description = self._describe(call, key)
            if CREDENTIAL.encode() in kind_and_description:
                call.keyctl(UNLINK, key, home)
                dropped = True
        return dropped

    @staticmethod
    def _serials(call: KeyringCall, home: int) -> list[int]:
        raw = call.payload(home)  # the serial numbers of its keys, 32 bits each, in native byte order
        return [int.from_bytes(raw[i : i + 4], sys.byteorder) for i in range(0, len(raw) - 3, 4)]

    @staticmethod
    def _describe(call: KeyringCall, key: int) -> bytes:
        import ctypes

        buffer = ctypes.create_string_buffer(4096)
        try:
            call.keyctl(KEYCTL_DESCRIBE, key, buffer, len(buffer))
        except OSError:
            return b""  # it expired meanwhile
        return buffer.value

    @staticmethod
    def _write(description: str, payload: bytes, *, seconds: int) -> None:
        call = KeyringCall()
        home = call.home()
        big, user = TYPES
        try:
            key = call.add_key(big, description.encode(), payload, home)
        except OSError as error:
            if error.errno not in {errno.ENODEV, errno.ENOSYS, errno.EINVAL, errno.ENOENT}:
                raise
            key = call.add_key(user, description.encode(), payload, home)
        # An update clears the time-out, so it is set each time; 0 means none.
        call.keyctl(SET_TIMEOUT, key, seconds)

    @staticmethod
    def _unlink(description: str) -> bool:
        call = KeyringCall()
        home = call.home()
        found = False
        while (key := call.find(home, description.encode())) is not None:
            call.keyctl(UNLINK, key, home)
            found = True
        return found
