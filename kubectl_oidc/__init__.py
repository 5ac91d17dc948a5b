"""kubectl oidc-login: OpenID Connect sign-in for kubectl."""

import os
import sys


def main(handover: str = "") -> None:
    """Run the program and exit: on the fast path if a valid credential is stored, otherwise on the slow path.

    It exits with ``os._exit``. Everything is written by then, and the interpreter's normal exit takes as long as the rest of
    the fast path.

    Args:
        handover: What the launcher has done before it started this process (docs/formats.md); empty without a launcher.
    """
    try:
        # This import must be the first: it removes unsafe entries of PYTHONPATH from the module search path.
        from kubectl_oidc.fast_path import AHEAD, answer_from_cache, this_command

        command = this_command()
        ahead = sys.platform == "darwin" and os.environ.pop(AHEAD, None) is not None
        if " " in handover:  # more than its version
            from kubectl_oidc.fast_path.handover import accept

            ahead = accept(handover, command) or ahead
        status = None
        if command is not None and not (ahead or command.handouts or command.lock_files):
            status = answer_from_cache(command)
            if command.due:
                from kubectl_oidc.fast_path.refresh_ahead import start_refresh

                ahead = start_refresh(command.directory, command.session_id, command.when)
        if status is None or ahead:
            import gc

            gc.disable()  # a search for reference cycles frees nothing in so short a life; `demo` turns it on again
            try:
                from kubectl_oidc.slow_path import run
            except ImportError as error:
                status = _report_import_error(error)
            else:
                status = run(command, ahead=ahead)
    except KeyboardInterrupt:
        status = 130  # Ctrl-C before the signal handlers were installed
    os._exit(status)


def _report_import_error(error: ImportError) -> int:
    """Report that the slow path cannot be imported. At -v 9, Python shows the traceback."""
    arguments = " ".join(sys.argv[1:])
    if "-v 9" in arguments or "-v9" in arguments or "-v=9" in arguments:
        raise error
    words = f"error: Python cannot import {error.name}\nhint: "
    if "PYTHONPATH" in os.environ or "PYTHONHOME" in os.environ:
        words += "unset PYTHONPATH and PYTHONHOME, which may lead to the modules of another Python"
    else:
        words += "install the program again: the installation is damaged"
    os.write(2, f"{words} (troubleshooting: python-modules)\n".encode("utf-8", "replace"))
    return 1
