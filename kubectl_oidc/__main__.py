"""The way in: hot if a good credential is at hand, cold otherwise."""

import os

from .hot.answer import known, look, start_ahead


def main() -> None:
    """Run the program and leave with its exit status.

    Leaving is by ``os._exit``: everything of value is written by then, and tearing the interpreter down costs as much
    as the rest of the hot way.
    """
    try:
        words = known()
        status = None if words is None else look(words)
        ahead = words is not None and words.due and start_ahead(words)
        if status is None or ahead:
            # The one import from the hot half to the cold half.
            from .cold import run

            status = run(words, ahead=ahead)
    except KeyboardInterrupt:
        status = 130  # Ctrl-C before the signal handlers stood
    os._exit(status)


if __name__ == "__main__":
    main()
