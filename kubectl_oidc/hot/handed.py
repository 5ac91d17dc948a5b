"""Who was given what: a kubectl that asks again for what it was just given was refused with it by the API server.

client-go runs the plugin once a process and keeps what it says until that expires; only an answer of 401 makes it ask
again. So the same process, running the same program, that asks for the same credential within minutes has been refused.
Programs that make several clients (k9s, Helm, Terraform) ask more than once for other reasons, and so does a kubectl that
becomes another by exec, such as Google's dispatcher: only programs called kubectl are looked at, and the program's path
belongs to who asks.

One small file a session in the cache directory, of slots that are overwritten in place: no secret, no lock, one write.
Known where the system tells about processes in /proc.
"""

import os
import sys
import time

from .record import hexdigest

DIRECTORY = "handed"
RENEW, SAY = 2, 3
"""How often the same kubectl has asked for the same credential when something is done about it: by ``refused``."""

MINUTES = 300
"""Seconds after which the same process begins anew."""

_SLOTS, _SIZE = 32, 64
_FLAGS = os.O_RDWR | (
    getattr(os, "O_CREAT", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
)
_REGULAR, _TYPE = 0o100000, 0o170000


def kubectl() -> str | None:
    """Return what identifies the kubectl that started this process, or None when it was something else."""
    if sys.platform != "linux":
        return None
    parent = os.getppid()
    try:
        program = os.readlink(f"/proc/{parent}/exe")  # noqa: PTH115 - pathlib costs more than the whole hot half
        if not program.rpartition("/")[2].startswith("kubectl"):
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


def note(directory: str, session_id: str, credential: str, *, times: int = 0) -> int:
    """Note that the kubectl that started this process is given a credential now.

    Args:
        directory: The cache directory.
        session_id: The session.
        credential: The credential's mark.
        times: What to note in the place of one time more, as for a credential that was renewed.

    Returns:
        How often it was given this one within minutes, this time included; 0 when it is no kubectl, or nothing can be noted.
    """
    who = kubectl()
    if who is None:
        return 0
    mark = hexdigest(os.fsencode(who))[:24].encode()
    offset = int(mark[:4], 16) % _SLOTS * _SIZE
    try:
        descriptor = os.open(f"{directory}/{DIRECTORY}/{session_id}", _FLAGS, 0o600)
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
    """Return how often a slot says that this credential was given to this process within minutes."""
    if len(slot) != 4 or slot[0] != mark or slot[1] != credential.encode():  # noqa: PLR2004 - its fields
        return 0
    if not (slot[2].isdigit() and slot[3].isdigit()) or not 0 <= now - int(slot[2]) < MINUTES:
        return 0
    return min(int(slot[3]), 9)
