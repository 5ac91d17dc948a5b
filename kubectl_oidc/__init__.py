"""kubectl oidc-login: OpenID Connect sign-in for kubectl."""

import os
import sys


def main() -> None:
    """Run the program and exit: on the fast path if a good credential is stored, otherwise on the slow one.

    It exits by ``os._exit``: everything of value is written by then, and the interpreter's own exit takes as long as the rest
    of the fast path.
    """
    try:
        # First of all, because it removes from the module search path what PYTHONPATH should not lead to.
        from kubectl_oidc.fast_path import AHEAD, answer_from_cache, this_command

        words = this_command()
        ahead = sys.platform == "darwin" and AHEAD in os.environ
        status = None if words is None or ahead else answer_from_cache(words)
        if ahead:
            del os.environ[AHEAD]
        elif words is not None and words.due:
            from kubectl_oidc.fast_path.refresh_ahead import start

            ahead = start(words.directory, words.session_id, words.when)
        if status is None or ahead:
            try:
                from kubectl_oidc.slow_path import run
            except ImportError as error:
                status = _broken(error)
            else:
                status = run(words, ahead=ahead)
    except KeyboardInterrupt:
        status = 130  # Ctrl-C before the signal handlers stood
    os._exit(status)


def _broken(error: ImportError) -> int:
    """Say that not even what reports errors can be imported; at -v 9 Python shows where."""
    arguments = " ".join(sys.argv[1:])
    if "-v 9" in arguments or "-v9" in arguments or "-v=9" in arguments:
        raise error
    words = f"error: Python cannot import {error.name}\nhint: "
    if "PYTHONPATH" in os.environ or "PYTHONHOME" in os.environ:
        words += "PYTHONPATH or PYTHONHOME may lead to the modules of another Python: unset them"
    else:
        words += "the installation is damaged: install the program again"
    os.write(2, f"{words} (troubleshooting: python-modules)\n".encode("utf-8", "replace"))
    return 1
