"""Whether anybody still waits for the answer: the parent process, and the reader of standard output."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is neither poll(2) nor a new parent")

GONE = """
import os, socket, sys
from kubectl_oidc.system.caller import has_gone
which = sys.argv[1]
if which == "socket":
    ours, theirs = socket.socketpair()
    os.dup2(ours.fileno(), 1)
    ours.close()
else:
    reader, writer = os.pipe()
    os.dup2(writer, 1)
    os.close(writer)
before = has_gone(os.getppid())
if which == "socket":
    theirs.close()
else:
    os.close(reader)
print(before, has_gone(os.getppid()), file=sys.stderr)
"""


@pytest.mark.parametrize("which", ["pipe", "socket"])
def test_a_reader_that_closes_is_noticed(which: str) -> None:
    """A pipe as of Go and Java, or a socket pair as of Node.js."""
    done = subprocess.run(
        [sys.executable, "-c", GONE, which], capture_output=True, text=True, timeout=20, check=True
    )
    assert done.stderr.split() == ["False", "True"]


@pytest.mark.parametrize("place", [os.devnull, "file"])
def test_a_file_has_no_reader_that_could_go(place: str, tmp_path: os.PathLike[str]) -> None:
    """The process is not ended if standard output is a file or the null device."""
    script = "import os, sys; from kubectl_oidc.system.caller import has_gone; sys.exit(3 if has_gone(os.getppid()) else 0)"
    path = os.path.join(tmp_path, "out") if place == "file" else place  # noqa: PTH118
    with open(path, "wb") as out:  # noqa: PTH123
        assert (
            subprocess.run([sys.executable, "-c", script], stdout=out, timeout=20, check=False).returncode
            == 0
        )


WATCHED = """
import os, sys, time
from kubectl_oidc.system import signals
from kubectl_oidc.system.caller import watched
from kubectl_oidc.errors import OidcLoginError
signals.listen()
try:
    with watched():
        print("ready", file=sys.stderr, flush=True)
        time.sleep(30)
except OidcLoginError as error:
    print(error.topic, error.__cause__.signum, file=sys.stderr)
"""


def test_what_waits_is_ended_as_by_sigterm() -> None:
    """A wait of any kind, such as a sleep; within a second or so. That standard output has no reader is an error with words."""
    process = subprocess.Popen(
        [sys.executable, "-c", WATCHED], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    assert process.stderr.readline() == "ready\n"
    began = time.monotonic()
    process.stdout.close()
    assert process.stderr.read().split() == ["standard-output", "15"]
    assert time.monotonic() - began < 5
    process.stderr.close()
    assert process.wait(5) == 0
