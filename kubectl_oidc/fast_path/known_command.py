"""Remembered commands: from a command line to the session that answers it, without parsing a flag.

The name of a small file is the digest of everything that the answer depends on. The file contains the session, the ``apiVersion``,
and where the session's current credential is stored. It contains no secret. The slow path writes it when it has answered the
command for the first time. It never writes it for a command that must not be answered from the cache.

The answer also depends on the settings files, which only the slow path parses. If there is one, what stat(2) says of both is part
of the digest: after a change, the command is another one.
"""

import os
import sys

from .credential import hexdigest, read_private, with_digest, without_digest

FORMAT = b"kubectl-oidc words 2"
KEYRING = "keyring"
"""The place of a session that is only in the OS keyring. The fast path reads that on macOS and Windows, elsewhere `keyring_answer`."""

VARIABLE_PREFIX = "KUBECTL_OIDC_"
"""The prefix of this program's own environment variables."""

SETTINGS = "kubectl-oidc/config.toml"
_MACHINE = {"linux": "/etc", "darwin": "/Library/Application Support"}
_SHELL_FOLDERS = r"SOFTWARE\Microsoft\Windows\CurrentVersion\Explorer\Shell Folders"

# Variables that name directories or authorities. With another value, the same command may have another answer.
PLACES = ("HOME", "KUBECACHEDIR", "XDG_RUNTIME_DIR", "USERPROFILE", "SSL_CERT_FILE", "SSL_CERT_DIR")


class KnownCommand:
    """What the fast path knows of a command.

    Args:
        session_id: The session that answers it (32 hexadecimal digits).
        api_version: The ``apiVersion`` of the ExecCredential.
        place: Where the current credential is stored: ``kernel``, ``disk`` or ``keyring``.
        directory: The absolute cache directory.
        margin: How many seconds before its expiry a credential is no longer used.
        locks: The session's lock files, in the order of locking.
        ahead: After how many thousandths of its useful life a credential is refreshed ahead; 0 means never.
        when: Where that is done: ``auto`` or ``always``.

    Attributes:
        due: Whether the credential should be refreshed ahead; known after it was used.
        handouts: How often the same kubectl received the credential; known after it was read.
        lock_files: The session's lock if the launcher holds it, file by file. Each has the descriptor, and the digest of the failure next to
            the file when the wait for it began, or ``-`` without a wait.
    """

    __slots__ = (
        "ahead",
        "api_version",
        "directory",
        "due",
        "handouts",
        "lock_files",
        "locks",
        "margin",
        "place",
        "session_id",
        "when",
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
        self.due = False
        self.handouts = 0
        self.lock_files: tuple[tuple[int, str], ...] = ()

    def record(self) -> bytes:
        """Return the file's content; empty if a path contains a line break."""
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
        """Return the command in ``record``, or None if the record is damaged or has another version."""
        body = without_digest(FORMAT, record)
        if body is None:
            return None
        lines = [os.fsdecode(line) for line in body.split(b"\n")]
        if len(lines) < 7 or not (lines[4].isdigit() and lines[5].isdigit()):  # noqa: PLR2004 - its fields
            return None
        session_id, api_version, place, directory, margin, ahead, when, *locks = lines
        return cls(session_id, api_version, place, directory, int(margin), tuple(locks), int(ahead), when)


DIRECTORY = "words"
"""Where commands are remembered, below `cache_root`."""


def cache_root() -> str:
    """Return the absolute default cache directory; empty if there is none.

    It is ``oidc-login`` in KUBECACHEDIR, otherwise ``~/.kube/cache/oidc-login``, as in kubelogin. A relative path is ignored,
    because it depends on the working directory.
    """
    base = os.environ.get("KUBECACHEDIR")
    if not base:
        home = os.environ.get("USERPROFILE" if sys.platform == "win32" else "HOME")
        if not home:
            return ""
        base = os.path.join(home, ".kube", "cache")  # noqa: PTH118 - pathlib costs more than the whole fast path
    absolute = os.path.isabs(base)  # noqa: PTH117 - as above
    if sys.platform == "win32":
        # A path that begins with a backslash depends on the current drive.
        absolute = absolute and os.path.splitdrive(base)[0] != ""
    return os.path.join(base, "oidc-login") if absolute else ""  # noqa: PTH118 - as above


def remembers_none() -> bool:
    """Return whether no command is remembered, as before the first sign-in."""
    try:
        return not os.listdir(os.path.join(cache_root(), DIRECTORY))  # noqa: PTH118, PTH208 - as above
    except OSError:
        return True


def settings_files() -> tuple[str, str]:
    """Return the path of the user's own settings file, empty without a home directory, and the path of the machine's.

    The first one is in XDG_CONFIG_HOME, otherwise in ``~/.config``; on Windows in APPDATA. No variable moves the second one,
    because an exec section can set variables.
    """
    environ = os.environ
    if sys.platform == "win32":
        import winreg  # which the interpreter itself has imported

        try:
            with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, _SHELL_FOLDERS) as folders:
                machine = winreg.QueryValueEx(folders, "Common AppData")[0]
        except OSError:
            machine = r"C:\ProgramData"
        own = environ.get("APPDATA", "")
    else:
        machine = _MACHINE.get(sys.platform, "/etc")
        own, home = environ.get("XDG_CONFIG_HOME", ""), environ.get("HOME", "")
        if own[:1] != "/":  # the XDG specification: a relative path is ignored
            own = f"{home}/.config" if home[:1] == "/" else ""
    return (f"{own}/{SETTINGS}" if own else ""), f"{machine}/{SETTINGS}"


def settings_state() -> str:
    """Return what stat(2) says of both settings files; empty if there is neither."""
    states = [_state(path) for path in settings_files()]
    return "" if states == ["-", "-"] else f"settings {states[0]} {states[1]}"


def _state(path: str) -> str:
    if not path:
        return "-"
    try:
        found = os.stat(path)  # noqa: PTH116 - pathlib costs more than the whole fast path
    except (FileNotFoundError, NotADirectoryError):
        return "-"
    except (OSError, ValueError):
        return "!"  # the slow path says why
    if sys.platform == "win32":
        return f"{found.st_size},{found.st_mtime_ns}"
    return f"{found.st_ino},{found.st_size},{found.st_mtime_ns},{found.st_ctime_ns}"


AUTHORITY = "--certificate-authority"


def working_directory(arguments: list[str]) -> str:
    """Return the working directory if --certificate-authority has a relative path; otherwise, or if it is gone, ''.

    Args:
        arguments: The command line after the program's name.
    """
    for index, argument in enumerate(arguments):
        if argument.startswith(AUTHORITY):
            name, equals, path = argument.partition("=")
            path = path if equals else "".join(arguments[index + 1 : index + 2])
            if name == AUTHORITY and path and path[0] != "~" and not os.path.isabs(path):  # noqa: PTH117 - as above
                try:
                    return os.getcwd()  # noqa: PTH109 - as above
                except OSError:
                    return ""
    return ""


def command_digest(arguments: list[str], settings: str) -> str:
    """Return the digest (32 hexadecimal digits) of what the answer depends on: arguments, variables and settings files.

    Args:
        arguments: The command line after the program's name.
        settings: The state of the settings files (`settings_state`).
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
    parts.extend(sorted(f"{name}={environ[name]}" for name in environ if name.startswith(VARIABLE_PREFIX)))
    if settings:
        parts.append(settings)
    return hexdigest(b"\0".join([os.fsencode(part) for part in parts]))


def find_known_command(arguments: list[str]) -> KnownCommand | None:
    """Return the remembered command, or None.

    Args:
        arguments: The command line after the program's name.
    """
    root = cache_root()
    if not root:
        return None
    content = read_private(os.path.join(root, DIRECTORY), command_digest(arguments, settings_state()), 16384)  # noqa: PTH118
    try:
        return None if content is None else KnownCommand.parse(content)
    except ValueError:
        return None  # the owner has forged a number
