"""Known words: from what was typed to the session that answers it, without parsing a flag.

A digest of everything that the answer depends on names a small file. The file says which session answers, in which
``apiVersion``, and where that session's current credential rests. It holds no secret. The cold half writes it after it
has answered such a command once; a command that must not be answered from memory is never written.
"""

import os
import sys

from .credential import hexdigest, read_private, with_digest, without_digest

FORMAT = b"kubectl-oidc words 2"
KEYRING = "keyring"
"""The place of a session that rests in the OS keyring alone; the hot half cannot read it, `light` can."""

VARIABLES = "KUBECTL_OIDC_"
"""What the names of the program's own variables begin with."""

# Variables that name directories or authorities: each may lead the same words to another session or another file.
PLACES = ("HOME", "KUBECACHEDIR", "XDG_RUNTIME_DIR", "USERPROFILE", "SSL_CERT_FILE", "SSL_CERT_DIR")


class KnownCommand:
    """What is known of one command.

    Args:
        session_id: The session that answers it (32 hexadecimal digits).
        api_version: The ExecCredential ``apiVersion`` to answer in.
        place: Where the current credential rests: ``kernel``, ``disk`` or ``keyring``.
        directory: The absolute directory of the credential file, for ``disk``.
        margin: Seconds that a credential must still be good for.
        locks: The session's lock files, in the order in which they are taken.
        ahead: After how many thousandths of its useful life a credential is refreshed in the background; 0 is never.
        when: Where that is done: ``auto`` or ``always``.
    """

    __slots__ = (
        *(
            "ahead",
            "api_version",
            "directory",
            "due",
            "locks",
            "margin",
            "place",
            "session_id",
            "handouts",
            "when",
        ),
    )

    def __init__(
        self,
        session_id: str,
        api_version: str,
        place: str,
        directory: str,
        margin: int,
        locks: tuple[str, ...],
        ahead: int = 0,
        when: str = "auto",
    ) -> None:
        self.session_id = session_id
        self.api_version = api_version
        self.place = place
        self.directory = directory
        self.margin = margin
        self.locks = locks
        self.ahead = ahead
        self.when = when
        self.due = False  # whether the credential nears its end, once it has been handed out
        self.handouts = 0  # how often the same kubectl was given this credential, once it has been looked at

    def record(self) -> bytes:
        """Return the file's content, or nothing when a path in it has a line break."""
        fields = (
            self.session_id,
            self.api_version,
            self.place,
            self.directory,
            str(self.margin),
            str(self.ahead),
            self.when,
            *self.locks,
        )
        if any("\n" in field for field in fields):
            return b""
        body = b"\n".join([os.fsencode(field) for field in fields])
        return with_digest(FORMAT, body)

    @classmethod
    def parse(cls, record: bytes) -> "KnownCommand | None":
        """Return the words in ``record``, or None when the record is not whole or not of this version."""
        body = without_digest(FORMAT, record)
        if body is None:
            return None
        lines = [os.fsdecode(line) for line in body.split(b"\n")]
        if len(lines) < 7 or not (lines[4].isdigit() and lines[5].isdigit()):  # noqa: PLR2004 - its fields
            return None
        session_id, api_version, place, directory, margin, ahead, when, *locks = lines
        return cls(session_id, api_version, place, directory, int(margin), tuple(locks), int(ahead), when)


def cache_root() -> str:
    """Return the default cache directory, absolute, or an empty string where there is none.

    It is ``oidc-login`` under KUBECACHEDIR, else ``~/.kube/cache/oidc-login``, as kubelogin has it. A relative one
    gives nothing, because its meaning moves with the working directory.
    """
    base = os.environ.get("KUBECACHEDIR")
    if not base:
        home = os.environ.get("USERPROFILE" if sys.platform == "win32" else "HOME")
        if not home:
            return ""
        base = os.path.join(home, ".kube", "cache")  # noqa: PTH118 - pathlib costs more than the whole hot half
    absolute = os.path.isabs(base)  # noqa: PTH117 - as above
    if sys.platform == "win32":
        absolute = (
            absolute and os.path.splitdrive(base)[0] != ""
        )  # what begins with a backslash moves with the drive
    return os.path.join(base, "oidc-login") if absolute else ""  # noqa: PTH118 - as above


AUTHORITY = "--certificate-authority"


def working_directory(arguments: list[str]) -> str:
    """Return the working directory if an authority is named relative to it; elsewhere the same words trust another.

    Args:
        arguments: The command line after the program's name, as given.

    Returns:
        An empty string if no authority is named so, or if there is no such directory any more.
    """
    for place, argument in enumerate(arguments):
        if argument.startswith(AUTHORITY):
            name, equals, path = argument.partition("=")
            path = path if equals else "".join(arguments[place + 1 : place + 2])
            if name == AUTHORITY and path and path[0] != "~" and not os.path.isabs(path):  # noqa: PTH117 - as above
                try:
                    return os.getcwd()  # noqa: PTH109 - as above
                except OSError:
                    return ""
    return ""


def digest(arguments: list[str]) -> str:
    """Return the digest of the arguments and of the environment that the answer depends on.

    Args:
        arguments: The command line after the program's name, as given.

    Returns:
        32 hexadecimal digits.
    """
    environ = os.environ
    parts = [str(len(arguments)), *arguments]
    parts.append(environ.get("KUBERNETES_EXEC_INFO", "-"))
    if sys.platform == "win32":
        parts.append("")
    else:
        parts.append(str(os.geteuid()))
    parts.append(working_directory(arguments))
    parts.extend(f"{name}={environ.get(name, '-')}" for name in PLACES)
    parts.extend(sorted(f"{name}={environ[name]}" for name in environ if name.startswith(VARIABLES)))
    return hexdigest(b"\0".join([os.fsencode(part) for part in parts]))


def find_known_command(arguments: list[str]) -> KnownCommand | None:
    """Return what is known of this command, or None.

    Args:
        arguments: The command line after the program's name, as given.
    """
    root = cache_root()
    if not root:
        return None
    content = read_private(os.path.join(root, "words"), digest(arguments), 16384)  # noqa: PTH118
    try:
        return None if content is None else KnownCommand.parse(content)
    except ValueError:
        return None  # its owner has forged a number that is none
