"""The hot way: a command that is known, a credential that is good, one write."""

import os
import sys
import time

from .credential import Credential, current, due
from .handed import RENEW, SAY, note
from .words import Words, find


def good(credential: Credential | None, margin: int) -> bool:
    """Tell whether a credential will be good for ``margin`` more seconds."""
    return credential is not None and credential.expiry - margin > time.time()


def write(document: bytes) -> int:
    """Write the one document to standard output.

    Args:
        document: The ExecCredential.

    Returns:
        The exit status: 0, or 1 when standard output is closed or full.
    """
    try:
        while document:
            document = document[os.write(1, document) :]
    except OSError:
        return 1
    return 0


def look(words: Words) -> int | None:
    """Answer from the session's current credential, if it is good.

    Args:
        words: What is known of the command.

    Returns:
        The exit status after an answer, or None; ``words.times`` then says how often this kubectl asked for it, and
        ``words.due`` whether it nears its end.
    """
    try:
        credential = current(words.session_id, words.place, words.directory)
    except (ValueError, OSError):
        return None
    return hand_out(words, credential)


def hand_out(words: Words, credential: Credential | None) -> int | None:
    """Answer with a credential, if it is good and has not been refused.

    Args:
        words: What is known of the command.
        credential: The session's, where there is one.

    Returns:
        As `look` does.
    """
    if credential is None or not good(credential, words.margin):
        return None
    words.times = note(words.directory, words.session_id, credential.mark())
    if words.times in (RENEW, SAY):
        return None  # refused with it, it seems: the cold half renews it once, then says so
    words.due = due(credential.issued, credential.expiry, words.margin, words.ahead, time.time())
    return write(credential.answer(words.api_version))


def known() -> Words | None:
    """Return what is known of this process's command line, or None."""
    if len(sys.argv) > 1 and sys.argv[1] == "get-token":
        return find(sys.argv[1:])
    return None


def start_ahead(words: Words) -> bool:
    """Begin the process that refreshes a credential that nears its end, if nobody has done so.

    Args:
        words: What is known of the command that was answered with it.

    Returns:
        True in the new process, False in the old one.
    """
    from .ahead import start  # rarely needed, so not loaded with the rest

    return start(words.directory, words.session_id, words.when)
