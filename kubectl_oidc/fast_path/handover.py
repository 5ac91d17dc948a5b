"""What the launcher hands over to this process, as an argument: docs/formats.md.

The launcher answers what it can from what is stored, and starts this program for the rest.
"""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from .known_command import KnownCommand

VERSION = "1"


def accept(handover: str, command: "KnownCommand | None") -> bool:
    """Accept what the launcher has done for this command, and return whether to refresh ahead, in the background.

    A handover of another version is not used. Descriptors of lock files are closed if no command needs them.

    Args:
        handover: ``1``, ``1 ahead``, ``1 handouts COUNT`` or ``1 locks DESCRIPTOR:DIGEST…``.
        command: The known command.
    """
    version, _, rest = handover.partition(" ")
    kind, _, values = rest.partition(" ")
    if version != VERSION:
        return False
    if kind == "handouts" and command is not None:
        command.handouts = int(values)
    elif kind == "locks":
        pairs = [value.partition(":") for value in values.split()]
        files = tuple((int(number), digest) for number, _, digest in pairs)
        if command is not None and len(files) == len(command.locks):
            command.lock_files = files
        else:
            for number, _ in files:
                if number:  # 0 on Windows, where the launcher itself holds the lock
                    os.close(number)
    return kind == "ahead"
