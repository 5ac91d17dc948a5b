"""The lock of a session, held from the second read until it is stored: one process refreshes or signs in, the others wait."""

from __future__ import annotations

from kubectl_oidc.sessions import shared_failure
from kubectl_oidc.system.file_lock import FileLock

TYPE_CHECKING = False  # a plugin that only waits does not import the module typing
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kubectl_oidc.system.deadline import Deadline


class SessionLock(FileLock):
    """The lock of one session. A process that waits for it can read why the holder failed."""

    def __init__(self, paths: Sequence[str], *, needed: int | None = None) -> None:
        super().__init__(paths, needed=needed)
        self._before: tuple[str, ...] | None = None  # the digests of the failures when the wait began

    def acquire(self, deadline: Deadline, meanwhile: Callable[[], bool], *, lenient: bool = False) -> bool:
        """Wait for the lock, as `FileLock` does.

        Raises:
            OSError: As there.
        """
        before = shared_failure.failure_digests(self.paths)

        def waits() -> bool:
            self._before = before
            return meanwhile()

        return super().acquire(deadline, waits, lenient=lenient)

    def take_over(self, files: Sequence[tuple[int, str]]) -> bool:
        """Take over the lock from the launcher, as `KnownCommand.lock_files` describes it. Return whether this process holds it now."""
        if "-" not in (digests := tuple(digest for _, digest in files)):
            self._before = digests
        return self.adopt([descriptor for descriptor, _ in files])

    def failure_of_holder(self) -> shared_failure.SharedFailure | None:
        """Return why the holder failed that this process waited for, or None."""
        return shared_failure.failure_since(self._before, self.paths) if self._before else None
