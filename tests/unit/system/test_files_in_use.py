"""Files that another plugin has open: on Windows (as `tests/windows.py` has it) they are waited for, elsewhere never."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.system import files_in_use
from tests import windows

if TYPE_CHECKING:
    from pathlib import Path

ID = "0123456789abcdef" * 2
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="the real thing is tested by the other tests")


READER = "import sys, time; f = open(sys.argv[1], 'rb'); print(1, flush=True); time.sleep(float(sys.argv[2]))"


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    """Have a directory with a record in it."""
    directory = tmp_path / "tokens"
    directory.mkdir(mode=0o700)
    (directory / ID).write_bytes(b"old")
    (directory / ID).chmod(0o600)
    return directory


def reading(path: Path, seconds: float) -> subprocess.Popen[bytes]:
    """Start a program that has a file open for a while, and return once it has."""
    reader = subprocess.Popen([sys.executable, "-c", READER, str(path), str(seconds)], stdout=subprocess.PIPE)
    assert reader.stdout is not None
    reader.stdout.readline()
    return reader


@pytest.mark.parametrize(
    "step",
    [
        "private_files.write_private_file(place, name, b'new')",
        "private_files.remove_private_file(place, name)",
    ],
)
@pytest.mark.parametrize("seconds", [0.5, 30.0])
@linux_only
def test_a_file_that_another_plugin_reads_is_replaced_and_removed_soon_after(
    tokens: Path, step: str, seconds: float
) -> None:
    """On Windows that fails while the file is open. If it stays open for longer, the wait ends, and the old file stays."""
    with reading(tokens / ID, seconds) as reader:
        said = windows.run(
            "import sys, time\n"
            "from pathlib import Path\n"
            "from kubectl_oidc.errors import StoreError\n"
            "from kubectl_oidc.system import private_files\n"
            "place, name = Path(sys.argv[1]), sys.argv[2]\n"
            "began = time.monotonic()\n"
            f"try:\n    {step}\n"
            "except StoreError as error:\n    print(error.message, error.hint)\n"
            "assert time.monotonic() - began < 8\n",
            str(tokens),
            ID,
        )
        reader.kill()
    if seconds > files_in_use.SECONDS:
        assert "Access is denied" in said
        assert "open" in said
        assert "space" not in said, "it is not full"
        assert (tokens / ID).read_bytes() == b"old"
    else:
        assert said == ""
        left = (tokens / ID).read_bytes() if (tokens / ID).exists() else None
        assert left == (b"new" if "write" in step else None)
    assert {path.name for path in tokens.iterdir()} <= {ID}


@linux_only
def test_a_session_that_is_being_replaced_is_no_session_that_is_missing(tokens: Path) -> None:
    """A reader that Windows turns away for a moment reads it then: a miss would be a new sign-in."""
    said = windows.run(
        "import os, sys\n"
        "from pathlib import Path\n"
        "from kubectl_oidc.system import private_files\n"
        "real, refused = os.open, []\n"
        "def refusing(path, *more, **other):\n"
        "    if len(refused) < 3:\n"
        "        refused.append(path)\n"
        "        raise PermissionError(13, 'The process cannot access the file', path)\n"
        "    return real(path, *more, **other)\n"
        "os.open = refusing\n"
        "print(private_files.read_private_file(Path(sys.argv[1]), sys.argv[2]))\n",
        str(tokens),
        ID,
    )
    assert said == "b'old'\n"


@pytest.mark.parametrize("kind", ["missing", "a directory"])
@linux_only
def test_what_is_no_record_is_a_miss_at_once(tokens: Path, kind: str) -> None:
    """Nothing is waited for that does not change."""
    if kind == "a directory":
        (tokens / "other").mkdir()
    said = windows.run(
        "import sys, time\n"
        "from pathlib import Path\n"
        "from kubectl_oidc.system import private_files\n"
        "began = time.monotonic()\n"
        "print(private_files.read_private_file(Path(sys.argv[1]), 'other'))\n"
        "assert time.monotonic() - began < 1\n",
        str(tokens),
    )
    assert said == "None\n"


@linux_only
def test_elsewhere_a_refusal_is_final() -> None:
    """Where an open file can be replaced, a second try would only take time."""
    tries: list[int] = []

    def refused() -> None:
        tries.append(1)
        raise PermissionError

    with pytest.raises(PermissionError):
        files_in_use.patiently(refused)
    assert tries == [1]
