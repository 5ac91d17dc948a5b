"""A lock between processes, on one or several files.

A lock file contains its holder and what the holder does, so that waiting processes can report it. This program never
removes a lock file, because a lock on a removed file guards nothing.
Imports nothing heavy, because a plugin that only waits for another process uses it.
"""

from __future__ import annotations

import sys
from time import sleep

from .locked_file import LockedFile, host_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Self

    from .deadline import Deadline

_PAUSES = (0.005, 0.01, 0.02, 0.05, 0.1)  # seconds between tries; the last one repeats


class FileLock:
    """A lock on one or several files. They are locked in order, and either all or none.

    Args:
        paths: The lock files, in private directories.
        needed: How many of the first files must be locked; by default all. Later ones are skipped if their file system
            has no locks.
        create: Whether a missing file is created.

    Attributes:
        failure: Why a needed file is not locked, after a lenient try.
        passed_over: Why a file that is not needed is not locked.
    """

    def __init__(self, paths: Sequence[str], *, needed: int | None = None, create: bool = True) -> None:
        self.paths = tuple(paths)
        self._needed = len(self.paths) if needed is None else needed
        self._create = create
        self._held: list[LockedFile] = []
        self._held_by_another = ""  # the file that another process held at the last try
        self.failure: OSError | None = None
        self.passed_over: OSError | None = None

    def try_acquire(self, *, lenient: bool = False) -> bool:
        """Take the lock if it is free, and return whether this process holds it now.

        Args:
            lenient: Skip files that cannot be locked, and set `failure`.

        Raises:
            OSError: A lock file cannot be opened, or is missing and not created, or its file system has no locks. The error names the file.
        """
        self.failure, self.passed_over, self._held_by_another = None, None, ""
        for number, path in enumerate(self.paths):
            lock = LockedFile(path, create=self._create)
            try:
                free = lock.try_acquire()
            except OSError as error:
                if number >= self._needed:
                    self.passed_over = error
                    continue
                if not lenient:
                    self.release()
                    raise
                self.failure = error
                continue
            if not free:
                self._held_by_another = path
                self.release()
                return False
            self._held.append(lock)
        return True

    def acquire(self, deadline: Deadline, meanwhile: Callable[[], bool], *, lenient: bool = False) -> bool:
        """Wait for the lock, and return whether this process holds it now.

        Args:
            meanwhile: Called between tries. It returns True to end the wait, because the lock is not needed any more.

        Raises:
            OSError: As in `try_acquire`.
        """
        pauses = iter(_PAUSES)
        pause = _PAUSES[-1]
        while not self.try_acquire(lenient=lenient):
            if meanwhile() or deadline.passed():
                return False
            pause = next(pauses, pause)
            sleep(min(pause, deadline.left()))
        return True

    def adopt(self, descriptors: Sequence[int]) -> bool:
        """Take over the open files that another program has locked for this process. Return whether this process holds the lock now."""
        self._held = [LockedFile(path) for path in self.paths]
        adopted = [lock.adopt(number) for lock, number in zip(self._held, descriptors, strict=True)]
        if not all(adopted):
            self._held = [lock for lock, held in zip(self._held, adopted, strict=True) if held]
            self.release()
        return self.held

    def describe(self, doing: str) -> None:
        """Write into the lock files what this process does, such as "signing in through the browser"."""
        for lock in self._held:
            lock.describe(doing)

    def holder(self) -> tuple[int, str]:
        """Return the holder's process id and what it does; (0, "") if nothing is known.

        For a process on another machine, or in a container, the id is 0 and the text says where it runs.
        """
        # Read the file that another process held. The others name the last process that tried, perhaps this one.
        for path in (self._held_by_another,) if self._held_by_another else self.paths:
            try:
                with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123 - pathlib is heavy
                    who, _, doing = file.read(300).partition(" ")
            except OSError:
                continue
            pid, _, host = who.partition("@")
            if not (pid.isascii() and pid.isdigit()):
                continue
            doing = doing.strip()
            # macOS names itself after the network that it is in. There, the first of several files is never shared with another machine.
            is_here = sys.platform == "darwin" and len(self.paths) > 1 and path == self.paths[0]
            if is_here or host.strip() == host_name():
                return int(pid), doing
            return 0, f"on {host.strip()}" + (f", {doing}" if doing else "")
        return 0, ""

    def release(self) -> None:
        """Release the lock."""
        while self._held:
            self._held.pop().release()

    @property
    def complete(self) -> bool:
        """Whether every file is locked, including those that are not needed."""
        return bool(self.paths) and len(self._held) == len(self.paths)

    @property
    def held(self) -> bool:
        """Whether this process holds the lock, and every needed file is locked."""
        return bool(self._held) and self.failure is None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
