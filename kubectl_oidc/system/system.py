"""The clock, environment, terminal and log of this process, as one value that is passed in."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from kubectl_oidc.named_tuple import NamedTuple

from .log import QUIET, Log
from .terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class System(NamedTuple):
    """What the program uses of this computer. Tests replace single parts.

    Attributes:
        clock: Returns the time in epoch seconds.
    """

    clock: Callable[[], float] = time.time
    environ: Mapping[str, str] = os.environ
    terminal: Terminal = Terminal()
    log: Log = QUIET
    sleep: Callable[[float], None] = time.sleep
