"""The kubeconfig that holds a user's tokens, ready to be written: locked, and proven, before a refresh token is used up."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from kubectl_oidc.errors import Interrupted
from kubectl_oidc.secret import Secret

from .auth_provider_user import TOKENS, with_tokens
from .read import read_text
from .replace_file import (
    KubeconfigChanged,
    Replacement,
    check_writable,
    free_lock,
    readable_by_others,
    regular,
    take_lock,
)
from .write_user import LOCK_SECONDS, cannot_write

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

    from .auth_provider_user import ProviderUser

_ROOM = 1 << 16  # bytes; more than the tokens of any provider
_ATTEMPTS = 5


class TokenFile:
    """Hold kubectl's lock on a user's kubeconfig, and set the user's tokens in it.

    Entering it takes the lock and proves that the file can be written: it is not read-only, its text can be edited, and
    its directory has room for the new file.

    Args:
        user: The user, as it was read.
    """

    def __init__(self, user: ProviderUser) -> None:
        self._user = user
        self._target = Path(os.path.realpath(user.path))
        self._lock: Path | None = None
        self._new: Replacement | None = None

    def __enter__(self) -> Self:
        """Take the lock and prove that tokens can be written.

        Raises:
            KubeconfigError: They cannot, or another program holds the lock.
        """
        try:
            self._lock = take_lock(self._user.path, LOCK_SECONDS)
            self._prove()
        except OSError as error:
            self.release()
            raise cannot_write(self._user.path, error) from error
        except BaseException:
            self.release()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Interrupted) and error.refresh == "goes on":
            return  # the process that goes on has the lock, and writes the file
        self.release()

    def release(self) -> None:
        """Free the lock, and leave nothing behind."""
        new, self._new = self._new, None
        lock, self._lock = self._lock, None
        if new is not None:
            new.close()
        if lock is not None:
            free_lock(lock)

    def write(self, tokens: Mapping[str, Secret]) -> None:
        """Set tokens of the user. What another program wrote meanwhile without the lock, as editors do, is kept.

        Args:
            tokens: ``id-token`` and ``refresh-token``, or one of them.

        Raises:
            KubeconfigError: It was not done, and the file is as it was.
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
        """Return what is wrong with who may read the file, and the command that changes it; None where nothing is."""
        status = regular(self._target)
        return readable_by_others(self._target, status, "tokens") if status else None

    def _prove(self) -> None:
        before = regular(self._target)
        text = read_text(self._target) or ""
        with_tokens(text, self._user, dict.fromkeys(TOKENS, Secret("-")))
        if before is not None:
            check_writable(self._target, before)
            os.close(os.open(self._target, os.O_WRONLY | getattr(os, "O_CLOEXEC", 0)))
        self._new = Replacement(self._target, len(text.encode()) + _ROOM)

    def _write(self, tokens: Mapping[str, Secret]) -> None:
        before = regular(self._target)
        if before is not None:
            check_writable(self._target, before)
        content = with_tokens(read_text(self._target) or "", self._user, tokens).encode()
        new, self._new = self._new or Replacement(self._target), None
        with new:
            new.put(content, before)
