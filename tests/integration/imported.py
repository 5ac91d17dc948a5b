"""What the installed program imports, written down by the interpreter itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

from tests import parts

from .laptop import token_of

if TYPE_CHECKING:
    from .laptop import Laptop


def imported(laptop: Laptop, *more: str) -> tuple[set[str], str]:
    """Run get-token; return the modules that it imports, and its token."""
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, "-X", "importtime", str(parts.plugin()), *laptop.words(*more)],
        env=quiet,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    # Words of the program's own may be before the interpreter's, on one line. With threads, a time may be negative.
    names = re.findall(r"import time:\s+-?\d+ \|\s+-?\d+ \|\s+(\S+)$", done.stderr, re.MULTILINE)
    return set(names), token_of(done.stdout)
