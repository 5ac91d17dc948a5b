"""Sessions without a provider, child processes, and an ordinary user for tests that run as root."""

from __future__ import annotations

import contextlib
import errno
import os
import pickle
import shutil
import sys
import tempfile
import time
import traceback
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from kubectl_oidc.exec_credential import V1BETA1, credential
from kubectl_oidc.fast_path import known_command
from kubectl_oidc.fast_path.kernel_keyring import KeyringCall
from kubectl_oidc.secret import Secret
from kubectl_oidc.sessions.repository import SessionRepository
from kubectl_oidc.sessions.session import Session
from kubectl_oidc.sessions.session_key import SessionKey
from kubectl_oidc.sessions.stores.kernel import KernelStore
from kubectl_oidc.system import account_home, private_files
from kubectl_oidc.system.log import QUIET

from . import parts, seccomp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from kubectl_oidc.fast_path.credential import Credential

T = TypeVar("T")

ISSUER = "https://issuer.example.com"
CLIENT = "kubernetes"
SECRETS = ("id-token-of-the-test", "refresh-token-of-the-test")


def key(**changes: Any) -> SessionKey:
    """Return the key of a session in the test's home, with changes. `words_of` is its command line."""
    here = account_home.cache_dir_identity(cache())
    return SessionKey(issuer=ISSUER, client_id=CLIENT, scopes=("openid",), cache_dir=here)._replace(**changes)


def session(session_key: SessionKey, **changes: Any) -> Session:
    """Return a valid session with all its secrets, with changes."""
    now = int(time.time())
    whole = Session(
        session_id=session_key.id(),
        generation=1,
        issuer=session_key.issuer,
        subject="alice",
        audience=(session_key.client_id,),
        person="alice@example.com",
        id_token=Secret(SECRETS[0]),
        access_token=None,
        refresh_token=Secret(SECRETS[1]),
        expiry=now + 3600,
        signed_in_at=now,
    )
    return whole._replace(**changes)


def cache() -> Path:
    """Return the default cache directory of the test's home."""
    return Path(known_command.cache_root())


def repository(
    session_key: SessionKey, storage: str = "disk", environ: Mapping[str, str] | None = None
) -> SessionRepository:
    """Return the session's repository in the default cache directory."""
    return SessionRepository(
        session_key, storage=storage, cache_dir=cache(), environ=environ or {}, log=QUIET
    )


def words_of(session_key: SessionKey, *more: str) -> list[str]:
    """Return the arguments of the command that uses this session."""
    name = [f"--session={session_key.name}"] if session_key.name else []
    return ["get-token", f"--oidc-issuer-url={ISSUER}", f"--oidc-client-id={CLIENT}", *name, *more]


def kept(one: SessionRepository, whole: Session) -> Session:
    """Store a session and publish its credential, as a sign-in does."""
    assert one.save(whole, int(time.time()))
    one.publish(whole, int(time.time()))
    return whole


def remembered(one: SessionRepository, arguments: list[str], place: str) -> Path:
    """Remember that the session answers the command, as `remember_command` does, and return the file."""
    record = known_command.KnownCommand(
        one.session_id, V1BETA1, place, str(one.cache_dir), 10, one.lock_paths()
    ).record()
    directory = private_files.ensure_directory(cache(), "words")
    private_files.write_private_file(directory, known_command.command_digest(arguments, ""), record)
    return directory / known_command.command_digest(arguments, "")


def credential_of(whole: Session) -> Credential:
    """Return the session's current credential."""
    return credential(whole.token(), whole.expiry)


def need_the_kernel_keyring() -> None:
    """Skip the test, or fail in CI, if this process cannot use the kernel keyring."""
    if not KernelStore().usable():
        parts.missing("this machine has no kernel keyring that this process may use")


@contextlib.contextmanager
def no_room() -> Iterator[None]:
    """Prevent this process from writing to any file, as on a full disk. Windows has no such limit: the test is skipped."""
    resource = pytest.importorskip("resource", reason="RLIMIT_FSIZE is POSIX")

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def begin(work: Callable[[], object]) -> int:
    """Start ``work`` in a child process and return its process id. The test is skipped on Windows."""
    if not hasattr(os, "fork"):
        pytest.skip("needs fork(2)")
    with warnings.catch_warnings():
        # The child does its work and exits. It does not wait for threads, which were not forked.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return child


def forked(work: Callable[[], T]) -> T:
    """Do ``work`` in a child process, because a process cannot undo it, and return its result, which must be picklable."""
    reader, writer = os.pipe()

    def answer() -> None:
        os.close(reader)
        done: tuple[bool, object]
        try:
            done = (True, work())
        except BaseException:  # noqa: BLE001 - the parent fails with it
            done = (False, traceback.format_exc())
        with os.fdopen(writer, "wb") as pipe:
            pickle.dump(done, pipe)

    child = begin(answer)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        content = pipe.read()
    os.waitpid(child, 0)
    assert content, "the child died"
    worked, result = pickle.loads(content)  # noqa: S301 - from our own child
    assert worked, result
    return result  # type: ignore[no-any-return]


def as_an_ordinary_user(work: Callable[[Path], T]) -> T:
    """Do ``work`` as a new user, with a home directory that is passed to it, and return its result.

    Only root may be able to read Python's files, so ``work`` must not import anything.
    """
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        pytest.skip("needs root, to become another user")
    user = 60_000 + os.getpid() % 5_000
    home = Path(tempfile.mkdtemp(prefix="oidc-user-"))
    os.chown(home, user, user)

    def become() -> T:
        os.setgroups([])
        os.setgid(user)
        os.setuid(user)
        os.environ.update(HOME=str(home), XDG_RUNTIME_DIR=str(home))
        os.chdir(home)
        return work(home)

    try:
        return forked(become)
    finally:
        shutil.rmtree(home)


def forbid_the_kernel_keyring() -> None:
    """Make the kernel refuse add_key(2) and keyctl(2) from now on, as containers do. Call it in a forked child."""
    call = KeyringCall()
    seccomp.refuse((call._add_key, call._keyctl), errno.EPERM)


linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has this")


def not_on_windows(reason: str) -> pytest.MarkDecorator:
    """Return the mark of a test that Windows skips, for this reason."""
    return pytest.mark.skipif(sys.platform == "win32", reason=reason)


posix_only = not_on_windows("Windows has no modes, links or FIFOs of this kind")
