"""The hot half: a command that is known, a credential that is good, a note of who was given it, one write.

It may import ``sys``, ``os``, ``time``, ``ctypes``, a built-in hash, and its own modules; a test holds it to that. What every
call runs stands here, in the package itself, because each module more costs a hundredth of what the bare interpreter takes.

The note, because a kubectl that asks again for what it was just given was refused with it by the API server.
client-go runs the plugin once a process and keeps what it says until that expires; only an answer of 401 makes it ask
again. So a process that asks for the same credential several times in a row, each time within seconds, has been refused. One
that worked with it for longer was not: a `kubectl proxy` whose API server restarts asks again later, and is answered.
Programs that make several clients (k9s, Helm, Terraform, plugins called kubectl-NAME) ask more than once for other reasons:
only kubectl itself is looked at. Google's dispatcher becomes another kubectl by exec: the program's path belongs to who asks.

One small file a session in the cache directory, of slots that are overwritten in place: no secret, no lock, one write.
Known where the system tells about processes in /proc.
"""

import os
import sys
import time

if "PYTHONPATH" in os.environ and not sys.flags.ignore_environment:
    from .python_path import tame  # before anything else is imported

    tame()

from .credential import Credential, hexdigest, is_due, read_credential
from .known_command import KnownCommand, find_known_command

HANDED = "handed"
"""The directory of these notes in the cache directory."""

AHEAD = "_KUBECTL_OIDC_AHEAD"
"""The variable of a process that refreshes ahead and was begun anew for it (macOS); it is for that process alone."""

RENEW, SAY = 3, 4
"""How often the same kubectl has asked for the same credential when something is done about it: by ``refused``."""

SECONDS = 10
"""A process that asks for the same credential later than this was not refused with it."""

_ACCEPTED = 8
"""The count of such a process, which is beyond the others."""

_SLOTS, _SIZE = 32, 64
_FLAGS = os.O_RDWR | (
    getattr(os, "O_CREAT", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
)
_REGULAR, _TYPE = 0o100000, 0o170000


def is_valid(credential: Credential | None, margin: int) -> bool:
    """Tell whether a credential will be good for ``margin`` more seconds."""
    return credential is not None and credential.expiry - margin > time.time()


def write(document: bytes) -> int:
    """Write the one document to standard output.

    Args:
        document: The ExecCredential.

    Returns:
        The exit status: 0, or 1 when standard output is closed or full, which is said on standard error.
    """
    try:
        while document:
            document = document[os.write(1, document) :]
    except OSError as error:
        return report_unwritable_output(error)
    return 0


def report_unwritable_output(error: OSError) -> int:
    """Say why standard output cannot be written, and return the exit status, 1.

    Args:
        error: What the write ended with.
    """
    words = (
        f"error: standard output cannot be written: {error.strerror}\n"
        "hint: free some space, or keep open what reads it, and run the command again (troubleshooting: standard-output)\n"
    )
    try:
        os.write(2, words.encode())
    except OSError:
        return 1  # nobody listens; the exit status still tells
    return 1


def answer_from_cache(words: KnownCommand) -> int | None:
    """Answer from the session's current credential, if it is good.

    Args:
        words: What is known of the command.

    Returns:
        The exit status after an answer, or None; ``words.handouts`` then says how often this kubectl asked for it, and
        ``words.due`` whether it nears its end.
    """
    try:
        credential = read_credential(words.session_id, words.place, words.directory)
    except (ValueError, OSError):
        return None
    return answer_with(words, credential)


def answer_with(words: KnownCommand, credential: Credential | None) -> int | None:
    """Answer with a credential, if it is good and has not been refused.

    Args:
        words: What is known of the command.
        credential: The session's, where there is one.

    Returns:
        As `look` does.
    """
    if credential is None or not is_valid(credential, words.margin):
        return None
    words.handouts = count_handout(words.directory, words.session_id, credential.fingerprint())
    if words.handouts in (RENEW, SAY):
        return None  # refused with it, it seems: the cold half renews it once, then says so
    words.due = is_due(credential.issued, credential.expiry, words.margin, words.ahead, time.time())
    return write(credential.exec_credential(words.api_version))


def this_command() -> KnownCommand | None:
    """Return what is known of this process's command line, or None."""
    if len(sys.argv) > 1 and sys.argv[1] == "get-token":
        return find_known_command(sys.argv[1:])
    return None


def calling_kubectl() -> str | None:
    """Return what identifies the kubectl that started this process, or None when it was something else."""
    if sys.platform != "linux":
        return None
    parent = os.getppid()
    try:
        program = os.readlink(f"/proc/{parent}/exe")  # noqa: PTH115 - pathlib costs more than the whole hot half
        if not _is_kubectl(program.rpartition("/")[2]):
            return None
        descriptor = os.open(f"/proc/{parent}/stat", os.O_RDONLY | os.O_CLOEXEC)
        try:
            # proc_pid_stat(5): what follows the name in brackets begins with field 3; field 22 is when it started.
            started = os.read(descriptor, 1024).rpartition(b")")[2].split()[19]
        finally:
            os.close(descriptor)
    except (OSError, IndexError):
        return None
    return f"{parent} {started.decode()} {program}"


def _is_kubectl(name: str) -> bool:
    """Tell whether a program is kubectl itself: kubectl, kubectl.exe, or kubectl.1.NN of Google's dispatcher."""
    return name in ("kubectl", "kubectl.exe") or (name.startswith("kubectl.1.") and name[10:].isdigit())


def count_handout(directory: str, session_id: str, credential: str, *, times: int = 0) -> int:
    """Note that the kubectl that started this process is given a credential now.

    Args:
        directory: The cache directory.
        session_id: The session.
        credential: The credential's mark.
        times: What to note in the place of one time more, as for a credential that was renewed.

    Returns:
        How often in a row it was given this one, this time included; more than `SAY` if it worked with it meanwhile; 0 when it is
        not kubectl, or nothing can be noted.
    """
    who = calling_kubectl()
    if who is None or sys.platform == "win32":
        return 0
    mark = hexdigest(os.fsencode(who))[:24].encode()
    offset = int(mark[:4], 16) % _SLOTS * _SIZE
    try:
        descriptor = os.open(f"{directory}/{HANDED}/{session_id}", _FLAGS, 0o600)
    except (OSError, ValueError):
        return 0
    try:
        status = os.fstat(descriptor)
        if status.st_mode & _TYPE != _REGULAR or status.st_uid != os.geteuid() or status.st_nlink != 1:
            return 0
        now = int(time.time())
        if not times:
            times = 1 + _times(os.pread(descriptor, _SIZE, offset).split(), mark, credential, now)
        line = b"%s %s %d %d" % (mark, credential.encode(), now, times)
        os.pwrite(descriptor, line.ljust(_SIZE - 1) + b"\n", offset)
    except OSError:
        return 0
    finally:
        os.close(descriptor)
    return times


def _times(slot: list[bytes], mark: bytes, credential: str, now: int) -> int:
    """Return how often in a row a slot says that this credential was given to this process."""
    if len(slot) != 4 or slot[0] != mark or slot[1] != credential.encode():  # noqa: PLR2004 - its fields
        return 0
    if not (slot[2].isdigit() and slot[3].isdigit()):
        return 0
    if not 0 <= now - int(slot[2]) < SECONDS:
        return _ACCEPTED
    return min(int(slot[3]), 9)
