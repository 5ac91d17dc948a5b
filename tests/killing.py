"""Kill a writer at each of its steps and look at what is left; run as a program, one case a process.

    python -m tests.killing WRITING[,WRITING] STORE[,STORE BEFORE] LENGTH EVERY

Steps are the calls and returns of the program's own functions and of what these call, and of what that calls in C. For each step a child is forked
that does the whole writing and kills itself when it has come so far; what it leaves is looked at as the next process would.
EVERY is 1 for each step, N for every Nth, 0 for each one that finds anything else there than the one before: one child, which
is not killed, looks at every step and says which these are.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import json
import os
import shutil
import signal
import sys
import threading
import time
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from kubectl_oidc.authentication.outcome import Outcome
from kubectl_oidc.authentication.remember_command import remember_command
from kubectl_oidc.authentication.request import SignInRequest
from kubectl_oidc.exec_credential import V1
from kubectl_oidc.fast_path import credential, kernel_keyring, known_command
from kubectl_oidc.fast_path.kernel_keyring import CREDENTIAL
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.secret import Secret
from kubectl_oidc.sessions.purge import purge_session
from kubectl_oidc.sessions.repository import SessionRepository
from kubectl_oidc.sessions.session import GENERATION_STEP, Session
from kubectl_oidc.sessions.stores import SessionStorage
from kubectl_oidc.sessions.stores.kernel import SESSION, KernelStore
from kubectl_oidc.system.log import QUIET

from . import keyring_files, parts
from .sessions import CLIENT, ISSUER, begin, cache, forked, key, session, words_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

KEY = key(name=f"killed-{os.getpid()}")
NOW = int(time.time())
ENVIRON = {"CI": "true"}  # the kernel keyring is not used beside the OS keyring
LONG_AGO = 1_000_000_000
WATCHED = (
    str(parts.REPOSITORY / "kubectl_oidc"),
    keyring_files.__file__,
    str(Path(__file__).with_name("keyrings.py")),
)
# Here one thread waits for another, however often it has to look: nothing is written.
UNWATCHED = {
    str(parts.REPOSITORY / "kubectl_oidc" / "system" / name) for name in ("deadline.py", "signals.py")
}
WRITES_NOTHING = frozenset({"builtins", "_stat", "sys", "time", "re", "_hashlib", "_blake2"})
"""Modules whose functions in C, and types whose methods in C, change no file and no key."""


def secret(length: int, word: str) -> Secret:
    """Return a token of this length, no part of which looks like another."""
    return Secret("".join(f"{word}{number}." for number in range(length))[:length])


class Sessions:
    """The session before, and what replaces it.

    Args:
        length: The length of the ID tokens.
    """

    def __init__(self, length: int) -> None:
        self.old = session(KEY, id_token=secret(length, "old"), refresh_token=Secret("old-refresh-token"))
        self.rotated = self.old.renewed(Secret("rotated-refresh-token"), generation=2)
        self.refreshed = self.rotated._replace(id_token=secret(length, "new"), expiry=self.old.expiry + 60)
        self.another = session(
            KEY,
            generation=1 + GENERATION_STEP,
            subject="bob",
            person="bob@example.com",
            id_token=secret(length, "bob"),
            refresh_token=Secret("refresh-token-of-bob"),
        )
        self.later = session(
            KEY,
            id_token=Secret("later"),
            refresh_token=Secret("later-refresh-token"),
            signed_in_at=self.old.signed_in_at + 1,
        )


def repository(storage: str) -> SessionRepository:
    return SessionRepository(KEY, storage=storage, cache_dir=cache(), environ=ENVIRON, log=QUIET)


def keep(one: SessionRepository, whole: Session) -> None:
    """Store a session, publish its credential and remember the command, as `get-token` does."""
    assert one.save(whole, NOW)
    place = one.publish(whole, NOW)
    outcome = Outcome(
        renewed=False,
        session=whole,
        storage=one.store.where(),
        place=place,
        repository=one,
    )
    request = SignInRequest(
        issuer=ISSUER, client_id=CLIENT, tls=TlsOptions(), storage=SessionStorage(cache_dir=cache())
    )
    remember_command(request, outcome, api_version=V1, margin=10, settings="", log=QUIET)


def refresh(one: SessionRepository, whole: Sessions) -> None:
    """Store what a refresh brings in the order in which it comes."""
    assert one.index_entry.next_generation(whole.old) == whole.rotated.generation
    one.index_entry.mark_in_flight(NOW)
    assert one.save(whole.rotated, NOW)
    keep(one, whole.refreshed)


def purge(one: SessionRepository) -> None:
    """Remove the session; nothing is left of it."""
    assert purge_session(one.session_id, cache()).failures == ()


def settle(one: SessionRepository, whole: Session) -> None:
    """Move a session that is good to the store that is asked for."""
    one.move_or_index(whole, NOW)
    one.publish(whole, NOW)


class Writing:
    """What is written, and what may be there when it is cut short.

    Args:
        name: ``sign-in``, ``another`` (person signs in), ``refresh``, ``move`` (a refresh into another store), ``settle``
            (a session that is good moves as it is) or ``purge``.
        stores: Where the session rests, and where it rested before a move.
        length: The length of the ID tokens.
    """

    def __init__(self, name: str, stores: list[str], length: int) -> None:
        self.name = name
        self.store, self.before = stores[0], stores[-1]
        self.sessions = Sessions(length)

    def prepare(self) -> None:
        """Make what is there before."""
        if self.name != "sign-in":
            keep(repository(self.before), self.sessions.old)

    def work(self) -> Callable[[], None]:
        """Return what writes."""
        one, whole = repository(self.store), self.sessions
        one.load()
        if self.name == "sign-in":
            return lambda: keep(one, whole.old)
        if self.name == "another":
            return lambda: keep(one, whole.another)
        if self.name == "settle":
            return lambda: settle(one, whole.old)
        if self.name == "purge":
            return lambda: purge(one)
        return lambda: refresh(one, whole)

    def states(self) -> list[Session | None]:
        """Return the sessions that may be found, in the order in which they come."""
        whole = self.sessions
        if self.name == "sign-in":
            return [None, whole.old]
        if self.name == "another":
            return [whole.old, whole.another]
        if self.name == "settle":
            return [whole.old]
        if self.name == "purge":
            return [whole.old, None]
        return [whole.old, whole.rotated, whole.refreshed]


def kernel_keys() -> dict[str, bytes]:
    """Return the session's keys in the kernel keyring."""
    found = {name: kernel_keyring.read_key(name + KEY.id()) for name in (SESSION, CREDENTIAL)}
    return {name: payload for name, payload in found.items() if payload is not None}


def files() -> dict[str, bytes]:
    """Return every file that is ours but locks; what a killed writer left half-written has one name for all."""
    places = [cache(), Path(os.environ[keyring_files.DIRECTORY])]
    found = [
        path
        for place in places
        for path in place.rglob("*")
        if path.is_file() and path.parent.name != "locks"
    ]
    return {
        f"{path.parent.name}/{path.name.rpartition('.')[0] if path.name.startswith('.') else path.name}": path.read_bytes()
        for path in found
    }


class Place:
    """Everything that is written to, as it is now, and made so again.

    Args:
        name: What the copy is called.
    """

    def __init__(self, name: str) -> None:
        self._home, self._aside = Path.home(), Path.home().with_suffix(f".{name}")
        shutil.copytree(self._home, self._aside)
        self._keys = kernel_keys()

    @staticmethod
    def glance() -> tuple[object, ...]:
        """Return what changes whenever anything of it does; quicker than looking into every file."""
        places, found = [os.fspath(cache()), os.environ[keyring_files.DIRECTORY]], []
        for place in places:
            with contextlib.suppress(FileNotFoundError), os.scandir(place) as entries:
                for entry in entries:
                    status = entry.stat()
                    found.append((entry.path, status.st_ino, status.st_mtime_ns, status.st_size))
                    if place == places[0] and entry.is_dir():
                        places.append(entry.path)
        return *sorted(found), tuple(sorted(kernel_keys().items()))

    @staticmethod
    def state() -> tuple[object, ...]:
        """Return what is there, for comparison."""
        return tuple(sorted(files().items())), tuple(sorted(kernel_keys().items()))

    def restore(self) -> None:
        """Make it as it was before."""
        shutil.rmtree(self._home)
        shutil.copytree(self._aside, self._home)
        remove_keys()
        store = KernelStore()
        if SESSION in self._keys:
            store.save(KEY.id(), self._keys[SESSION])
        if CREDENTIAL in self._keys:
            store.publish(KEY.id(), self._keys[CREDENTIAL], 3600)

    def forget(self) -> None:
        """Remove the copy."""
        shutil.rmtree(self._aside)

    def leave(self) -> None:
        """Have nothing there, as in the beginning."""
        self.forget()
        shutil.rmtree(self._home)
        Path(os.environ[keyring_files.DIRECTORY]).mkdir(parents=True)
        remove_keys()


def remove_keys() -> None:
    """Leave no key in the kernel keyring."""
    store = KernelStore()
    if store.usable():
        store.delete(KEY.id())
        store.withdraw(KEY.id())


def may_write(frame: FrameType, event: str, argument: object) -> bool:
    """Tell whether a file or a key may have changed since the event before: only what is written in C can do it.

    A call by ctypes is no event, so the return of a function that makes one counts.
    """
    if event == "return":
        return frame.f_code.co_filename == kernel_keyring.__file__
    if event not in {"c_return", "c_exception"}:
        return False
    owner = getattr(argument, "__self__", None)
    module = owner.__name__ if isinstance(owner, ModuleType) else type(owner).__module__
    return module not in WRITES_NOTHING


@functools.cache
def is_watched(file: str) -> bool:
    """Tell whether what the functions of this file do, and what they call, are steps."""
    return file.startswith(WATCHED) and file not in UNWATCHED


def watch(
    at_step: Callable[[], None],
    work: Callable[[], None],
    at_event: Callable[[FrameType, str, object], None] | None = None,
) -> None:
    """Do the work, and call `at_step` at each of its steps, and `at_event` before at each event of all."""

    def look(frame: FrameType, event: str, argument: object) -> None:
        if at_event:
            at_event(frame, event, argument)
        back = frame.f_back
        if is_watched(frame.f_code.co_filename) or (back and is_watched(back.f_code.co_filename)):
            at_step()

    threading.setprofile(look)
    sys.setprofile(look)
    try:
        work()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def killed_at(step: int, work: Callable[[], None]) -> bool:
    """Do the work in a child that kills itself at this step; tell whether it came to that."""
    left = step

    def at_step() -> None:
        nonlocal left
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        left -= 1

    child = begin(lambda: watch(at_step, work))
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or os.waitstatus_to_exitcode(status) == 0
    return os.WIFSIGNALED(status)


def changes(work: Callable[[], None]) -> list[int]:
    """Return the steps that find anything else there than the step before, and the one after the last."""

    def find() -> list[int]:
        found, step, before, written = [0], 0, Place.glance(), False

        def at_event(frame: FrameType, event: str, argument: object) -> None:
            nonlocal written
            written = written or may_write(frame, event, argument)

        def at_step() -> None:
            nonlocal step, before, written
            if written:
                written = False
                errno = ctypes.get_errno()  # ours to look, and not to touch
                now = Place.glance()
                ctypes.set_errno(errno)
                if now != before:
                    found.append(step)
                    before = now
            step += 1

        watch(at_step, work, at_event)
        return [*found, step]

    return forked(find)


def age() -> None:
    """Make what killed writers left look old: what is written this very minute is left alone."""
    for path in cache().rglob(".*"):
        os.utime(path, (LONG_AGO, LONG_AGO))


class Look:
    """What the next process finds, held against what it may find.

    Args:
        writing: What was cut short.
    """

    def __init__(self, writing: Writing) -> None:
        self.writing = writing
        self.states = writing.states()
        self.newest = 0

    def look(self) -> None:
        """Look once; a newer session that was there before must still be there."""
        found = repository(self.writing.store).load()
        assert found in self.states, "a mixture"
        rank = self.states.index(found)
        assert rank >= self.newest, "an older refresh token would be used after a newer one was stored"
        self.newest = rank
        elsewhere = (
            repository(self.writing.before).load() if self.writing.name in {"move", "settle"} else found
        )
        assert elsewhere in {found, None} or self.states.index(elsewhere) >= rank, (
            "asked for in the former store"
        )
        self.look_at_the_credential(found)

    def look_after_a_purge(self) -> None:
        """Nothing is left, wherever it was."""
        age()
        purged = purge_session(KEY.id(), cache())
        assert purged.failures == ()
        assert files() == {}, "purge leaves nothing"
        assert kernel_keys() == {}

    def look_at_the_credential(self, found: Session | None) -> None:
        """What the fast path would hand out is of one of the sessions, and never of a person whose session is replaced."""
        known = known_command.find_known_command(words_of(KEY))
        for place in ("disk", "kernel"):
            handed = credential.read_credential(KEY.id(), place, str(cache()))
            if known is None or known.place != place or handed is None:
                continue
            tokens = [whole.token().reveal() for whole in self.states if whole]
            assert json.loads(handed.token) in tokens
            if self.writing.name == "another" and found == self.writing.sessions.another:
                assert json.loads(handed.token) == found.token().reveal()

    def look_after_a_save(self) -> None:
        """The next session is kept, and nothing that a killed writer left lies beside it."""
        age()
        one = repository(self.writing.store)
        generation = one.index_entry.next_generation(one.load(), by=GENERATION_STEP)
        later = self.writing.sessions.later._replace(generation=generation)
        keep(one, later)
        assert repository(self.writing.store).load() == later
        names = sorted(files())
        assert [name for name in names if "/." in name] == [], "no half-written file"
        on_disk = [name for name in names if name.startswith("tokens/")]
        assert len(on_disk) == (self.writing.store == "disk")
        assert len(keyring_files.kept()) == (self.writing.store == "keyring"), (
            "one short entry, and no stray part"
        )
        assert (SESSION in kernel_keys()) == (self.writing.store == "kernel")


def killed(writing: Writing, every: int) -> dict[str, int]:
    """Kill it at each step, or at every so many, and look each time that something else is left.

    Returns:
        How many were killed, and how many different things they left.
    """
    writing.prepare()
    place, look = Place("before"), Look(writing)
    seen, kills = set(), 0
    steps = count(0, every) if every else changes(writing.work())
    place.restore()
    for step in steps:
        was_killed = killed_at(step, writing.work())
        state = place.state()
        try:
            if state not in seen or not was_killed:
                left = Place("left")
                look.look()
                look.look_after_a_save()
                look.look_after_a_purge()
                left.restore()
                left.forget()
                look.look_after_a_purge()
        except AssertionError as error:
            error.add_note(f"{writing.name}, killed at step {step}")
            raise
        seen.add(state)
        place.restore()
        kills += was_killed
        if not was_killed:
            break
    assert not was_killed, "it came to its end once"
    assert look.newest == len(look.states) - 1, "and then the new session is there"
    place.leave()
    return {"kills": kills, "states": len(seen)}


def main(names: str, stores: str, length: str, every: str) -> None:
    """Kill the writings one after the other; print what was done."""
    sys.argv = ["kubectl-oidc_login", *words_of(KEY)]
    try:
        print(
            json.dumps(
                [
                    killed(Writing(name, stores.split(","), int(length)), int(every))
                    for name in names.split(",")
                ]
            )
        )
    finally:
        remove_keys()


if __name__ == "__main__":
    main(*sys.argv[1:])
