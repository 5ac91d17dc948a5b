"""The fast path: answer a remembered command with a credential that is still valid, in one write.

It imports only ``sys``, ``os``, ``time``, ``ctypes``, a built-in hash and its own modules; a test checks that. Code that every
call runs is in this file, because each further module costs 1 % of the interpreter's start.

The fast path also counts how often kubectl asks for the same credential. client-go runs the plugin once per process and caches
its answer until that expires. It asks again only if the API server answered 401. So if one process asks for the same credential
several times in a row, each time within seconds, the API server rejects that credential. A process that asks again after a longer
time has used it: for example a `kubectl proxy` whose API server restarts.

Only kubectl itself is counted. Other programs (k9s, Helm, Terraform, plugins called kubectl-NAME) create several clients, which
each ask. Google's dispatcher becomes another kubectl by exec, so the path of the program is part of the caller's identity.

The counts are in one small file per session in the cache directory. Its slots are overwritten in place, in one write, without a
lock. They contain no secrets. They exist only on systems that describe processes in /proc.
"""

import os
import sys
import time

if "PYTHONPATH" in os.environ and not sys.flags.ignore_environment:
    from .python_path import remove_unsafe_entries  # before anything else is imported

    remove_unsafe_entries()

from .credential import KEYRING_SYSTEMS, Credential, hexdigest, is_due, read_credential
from .known_command import KEYRING, KnownCommand, find_known_command

HANDOUTS_DIRECTORY = "handed"
"""The directory of the counts, in the cache directory."""

AHEAD = "_KUBECTL_OIDC_AHEAD"
"""Set in the environment of a process that was started only to refresh ahead (macOS)."""

RENEW, WARN = 3, 4
"""At which count a credential is renewed, and at which the user is warned; see ``rejected_token``."""

SECONDS = 10
"""If a process asks for the same credential later than this, the API server has accepted it."""

_ACCEPTED = 8
"""The count of such a process; larger than the others."""

_SLOTS, _SIZE = 32, 64
_FLAGS = os.O_RDWR | (
    getattr(os, "O_CREAT", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
)
_REGULAR, _TYPE = 0o100000, 0o170000


def is_valid(credential: Credential | None, margin: int) -> bool:
    """Return whether a credential is valid for at least ``margin`` more seconds."""
    return credential is not None and credential.expiry - margin > time.time()


def write(document: bytes) -> int:
    """Write the ExecCredential to standard output.

    Returns:
        The exit status: 0, or 1 if standard output is closed or full, which is reported on standard error.
    """
    try:
        while document:
            document = document[os.write(1, document) :]
    except OSError as error:
        return report_unwritable_output(error)
    return 0


def report_unwritable_output(error: OSError) -> int:
    """Report why standard output cannot be written, and return the exit status, 1."""
    words = (
        f"error: standard output cannot be written: {error.strerror}\n"
        "hint: free some space, or keep open what reads it, and run the command again (troubleshooting: standard-output)\n"
    )
    try:
        os.write(2, words.encode())
    except OSError:
        return 1  # standard error is closed too
    return 1


def answer_from_cache(command: KnownCommand) -> int | None:
    """Answer with the session's current credential, if it is valid.

    Returns:
        The exit status after an answer, otherwise None. ``command.handouts`` is then how often this kubectl asked for the
        credential, and ``command.due`` whether it should be refreshed ahead.
    """
    try:
        if command.place == KEYRING and sys.platform in KEYRING_SYSTEMS:
            from .keyring_session import read_session

            credential = read_session(command.session_id, command.directory)
        else:
            credential = read_credential(command.session_id, command.place, command.directory)
    except (ValueError, OSError):
        return None
    return answer_with(command, credential)


def answer_with(command: KnownCommand, credential: Credential | None) -> int | None:
    """Answer with a credential, if it is valid and the API server has not rejected it. Returns as `answer_from_cache`."""
    if credential is None or not is_valid(credential, command.margin):
        return None
    command.handouts = count_handout(command.directory, command.session_id, credential.fingerprint())
    if command.handouts in (RENEW, WARN):
        return None  # the API server seems to reject it: the slow path renews it once, then warns
    command.due = is_due(credential.issued, credential.expiry, command.margin, command.ahead, time.time())
    return write(credential.exec_credential(command.api_version))


def this_command() -> KnownCommand | None:
    """Return this process's command if it is remembered, or None."""
    if len(sys.argv) > 1 and sys.argv[1] == "get-token":
        return find_known_command(sys.argv[1:])
    return None


def calling_kubectl() -> str | None:
    """Return the identity of the kubectl that started this process, or None if another program did."""
    if sys.platform != "linux":
        return None
    parent = os.getppid()
    try:
        program = os.readlink(f"/proc/{parent}/exe")  # noqa: PTH115 - pathlib costs more than the whole fast path
        if not _is_kubectl(program.rpartition("/")[2]):
            return None
        descriptor = os.open(f"/proc/{parent}/stat", os.O_RDONLY | os.O_CLOEXEC)
        try:
            # proc_pid_stat(5): field 3 follows the name in brackets; field 22 is the start time.
            started = os.read(descriptor, 1024).rpartition(b")")[2].split()[19]
        finally:
            os.close(descriptor)
    except (OSError, IndexError):
        return None
    return f"{parent} {started.decode()} {program}"


def _is_kubectl(name: str) -> bool:
    """Return whether a program is kubectl: kubectl, kubectl.exe, or kubectl.1.NN of Google's dispatcher."""
    return name in ("kubectl", "kubectl.exe") or (name.startswith("kubectl.1.") and name[10:].isdigit())


def count_handout(directory: str, session_id: str, credential: str, *, times: int = 0) -> int:
    """Count that the kubectl that started this process receives a credential now.

    Args:
        directory: The cache directory.
        session_id: The session.
        credential: The credential's fingerprint.
        times: The count to store; 0 adds one to the stored count.

    Returns:
        How often in a row this kubectl received this credential. More than `WARN` if it used the credential meanwhile. 0 if the
        caller is not kubectl, or the count cannot be stored.
    """
    caller = calling_kubectl()
    if caller is None or sys.platform == "win32":
        return 0
    caller_id = hexdigest(os.fsencode(caller))[:24].encode()
    offset = int(caller_id[:4], 16) % _SLOTS * _SIZE
    try:
        descriptor = os.open(f"{directory}/{HANDOUTS_DIRECTORY}/{session_id}", _FLAGS, 0o600)
    except (OSError, ValueError):
        return 0
    try:
        status = os.fstat(descriptor)
        if status.st_mode & _TYPE != _REGULAR or status.st_uid != os.geteuid() or status.st_nlink != 1:
            return 0
        now = int(time.time())
        if not times:
            times = 1 + _times(os.pread(descriptor, _SIZE, offset).split(), caller_id, credential, now)
        line = b"%s %s %d %d" % (caller_id, credential.encode(), now, times)
        os.pwrite(descriptor, line.ljust(_SIZE - 1) + b"\n", offset)
    except OSError:
        return 0
    finally:
        os.close(descriptor)
    return times


def _times(slot: list[bytes], caller_id: bytes, credential: str, now: int) -> int:
    """Return the count that a slot has for this caller and credential; 0 if it has another's."""
    if len(slot) != 4 or slot[0] != caller_id or slot[1] != credential.encode():  # noqa: PLR2004 - its fields
        return 0
    if not (slot[2].isdigit() and slot[3].isdigit()):
        return 0
    if not 0 <= now - int(slot[2]) < SECONDS:
        return _ACCEPTED
    return min(int(slot[3]), 9)
