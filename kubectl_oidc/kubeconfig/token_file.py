"""Write tokens into the kubeconfig of an ``auth-provider`` user: locked and tested before the refresh token is used up."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from kubectl_oidc.secret import Secret
from kubectl_oidc.system.signals import Interrupted

from .auth_provider_user import TOKENS, with_tokens
from .file_checks import cannot_write, check_writable, readable_by_others, regular_file_status
from .kubectl_lock import LOCK_SECONDS, free_lock, take_lock
from .read import read_text
from .replace_file import KubeconfigChanged, Replacement

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from .auth_provider_user import AuthProviderUser

_ROOM = 1 << 16  # bytes, more than the tokens of any provider
_ATTEMPTS = 5


class TokenFile:
    """Hold kubectl's lock on a user's kubeconfig, and set the user's tokens in it.

    Entering it acquires the lock and checks that the file can be written. The file must not be read-only, its text must be editable,
    and the disk must have room for the new file.
    """

    def __init__(self, user: AuthProviderUser) -> None:
        self._user = user
        self._target = Path(os.path.realpath(user.path))
        self._lock: Path | None = None
        self._new: Replacement | None = None

    def __enter__(self) -> Self:
        """Take the lock, and check that tokens can be written.

        Raises:
            KubeconfigError: They cannot be written, or another program holds the lock.
        """
        try:
            self._lock = take_lock(self._user.path, LOCK_SECONDS)
            self._check_can_be_written()
        except OSError as error:
            self.release()
            raise cannot_write(self._user.path, error) from error
        except BaseException:
            self.release()
            raise
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, Interrupted) and error.refresh == "goes on":
            return  # the process that goes on has the lock, and writes the file
        self.release()

    def release(self) -> None:
        """Free the lock, and remove the unused new file."""
        new, self._new = self._new, None
        lock, self._lock = self._lock, None
        if new is not None:
            new.close()
        if lock is not None:
            free_lock(lock)

    def write(self, tokens: Mapping[str, Secret]) -> None:
        """Set the user's tokens. Changes that an editor made meanwhile without the lock are kept.

        Raises:
            KubeconfigError: Nothing was written.
        """
        for attempt in range(_ATTEMPTS):
            try:
                self._write(tokens)
            except KubeconfigChanged:
                if attempt == _ATTEMPTS - 1:
                    raise
            except OSError as error:
                raise cannot_write(self._user.path, error) from error
            else:
                return

    def warning(self) -> tuple[str, str] | None:
        """Return a warning if others can read the file, and the command that changes it; else None."""
        status = regular_file_status(self._target)
        return readable_by_others(self._target, status, "tokens") if status else None

    def _check_can_be_written(self) -> None:
        before = regular_file_status(self._target)
        text = read_text(self._target) or ""
        with_tokens(text, self._user, dict.fromkeys(TOKENS, Secret("-")))
        if before is not None:
            check_writable(self._target, before)
            os.close(os.open(self._target, os.O_WRONLY | getattr(os, "O_CLOEXEC", 0)))
        self._new = Replacement(self._target, len(text.encode()) + _ROOM)

    def _write(self, tokens: Mapping[str, Secret]) -> None:
        before = regular_file_status(self._target)
        if before is not None:
            check_writable(self._target, before)
        content = with_tokens(read_text(self._target) or "", self._user, tokens).encode()
        new, self._new = self._new or Replacement(self._target), None
        with new:
            new.put(content, before)
