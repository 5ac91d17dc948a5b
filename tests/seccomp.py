"""Have the kernel refuse system calls: keyrings in containers, flock on file systems that have none.

Run as a program it becomes another one: ``python -I seccomp.py flock ENOLCK COMMAND …``, or ``keyring EPERM``.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys

from kubectl_oidc.fast_path.kernel_keyring import _CALLS

_FLOCK = {"x86_64": 73, "aarch64": 32, "riscv64": 32, "ppc64le": 143, "s390x": 143}


class _Filter(ctypes.Structure):
    _fields_ = [
        ("code", ctypes.c_ushort),
        ("yes", ctypes.c_ubyte),
        ("no", ctypes.c_ubyte),
        ("k", ctypes.c_uint32),
    ]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filters", ctypes.POINTER(_Filter))]


def refuse(calls: tuple[int, ...], error: int) -> None:
    """Have the kernel refuse calls from here on, in this process and every program that it becomes.

    Args:
        calls: The calls' numbers.
        error: What they fail with, such as ``errno.EPERM``.
    """
    steps = [(0x20, 0, 0, 0)]  # load the call's number
    steps += [(0x15, len(calls) - place, 0, call) for place, call in enumerate(calls)]
    steps += [
        (0x06, 0, 0, 0x7FFF0000),
        (0x06, 0, 0, 0x00050000 | error),
    ]  # SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO
    filters = (_Filter * len(steps))(*(_Filter(*step) for step in steps))
    program = _Program(len(steps), filters)
    libc = ctypes.CDLL(None, use_errno=True)
    for arguments in ((38, 1, 0, 0, 0), (22, 2, ctypes.byref(program), 0, 0)):  # NO_NEW_PRIVS, SECCOMP
        assert libc.prctl(*arguments) == 0, os.strerror(ctypes.get_errno())


def without_flock(error: str) -> list[str]:
    """Return the command that runs another one to which every file system refuses flock(2).

    Args:
        error: What it says: ``ENOLCK`` as NFS without its lock daemon, ``EOPNOTSUPP``, ``ENOSYS``.
    """
    return [sys.executable, "-I", __file__, "flock", error]


def without_kernel_keyring(error: str) -> list[str]:
    """Return the command that runs another one to which the kernel refuses add_key(2) and keyctl(2).

    Args:
        error: What it says: ``EPERM`` as in containers, ``ENOSYS`` as a kernel without keyrings.
    """
    return [sys.executable, "-I", __file__, "keyring", error]


def knows_this_machine() -> bool:
    """Tell whether the number of flock(2) is known here."""
    return sys.platform == "linux" and os.uname().machine in _FLOCK


if __name__ == "__main__":
    machine = os.uname().machine
    refuse(
        {"flock": (_FLOCK.get(machine, 0),), "keyring": _CALLS[machine]}[sys.argv[1]],
        getattr(errno, sys.argv[2]),
    )
    os.execvp(sys.argv[3], sys.argv[3:])  # noqa: S606 - a program and its words, no shell
