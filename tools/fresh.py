"""``make fresh``: what a user gets. The wheel, an empty environment, an empty HOME, and the demo to its end.

The demo sees nothing of this machine but PATH: no variable, no configuration, no cache. It must end by itself, well,
in bounded time, leave no process behind, and leave HOME as it found it.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

from tools import wheel

SYSTEM_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


class NotFresh(Exception):
    """Something that a user would trip over."""


def main() -> int:
    """Build, install and run; say how long each took.

    Returns:
        The exit status: 0 only if all of it worked.
    """
    parser = argparse.ArgumentParser(prog="make fresh", description=__doc__)
    parser.add_argument(
        "--seconds", type=float, default=120, help="the longest that the demo may take (default: 120)"
    )
    options = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="fresh-") as name:
        work = Path(name)
        try:
            built = wheel.build(work / "dist")
            _check_contents(built)
            programs = wheel.install(built, work / "environment", extra="demo")
            ready = time.monotonic()
            _run_demo(programs / wheel.PROGRAM, work, options.seconds)
        except (NotFresh, subprocess.CalledProcessError) as error:
            print(f"fresh: failed: {error}", file=sys.stderr)
            return 1
    print(
        f"fresh: good (wheel and environment {ready - started:.1f} s, demo {time.monotonic() - ready:.1f} s)"
    )
    return 0


def _check_contents(built: Path) -> None:
    """Refuse a wheel that installs more than the package, or less."""
    with zipfile.ZipFile(built) as archive:
        names = archive.namelist()
    stray = [name for name in names if not name.startswith(("kubectl_oidc/", "kubectl_oidc-"))]
    if stray:
        raise NotFresh(f"the wheel holds files outside the package: {', '.join(stray[:5])}")
    inside = {
        str(path.relative_to(wheel.ROOT))
        for path in (wheel.ROOT / "kubectl_oidc").rglob("*")
        if path.is_file()
    }
    missing = sorted(name for name in inside - set(names) if "__pycache__" not in name)
    if missing:
        raise NotFresh(f"the wheel lacks {', '.join(missing[:5])}")
    for part in ("/licenses/LICENSE", "/sboms/sbom.cdx.json"):
        if not any(name.endswith(part) for name in names):
            raise NotFresh(f"the wheel lacks {part}")


def _run_demo(program: Path, work: Path, seconds: float) -> None:
    home = work / "home"
    home.mkdir()
    path = f"{program.parent}:{SYSTEM_PATH}"
    demo = subprocess.Popen(
        [str(program), "demo"],
        env={"HOME": str(home), "PATH": path},
        cwd=home,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        status = demo.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        raise NotFresh(f"the demo did not end within {seconds:.0f} seconds") from None
    finally:
        left_running = _end_group(demo)
    if status != 0:
        raise NotFresh(f"the demo ended with status {status}")
    if left_running:
        raise NotFresh("the demo left a process running")
    left = sorted(str(found.relative_to(home)) for found in home.rglob("*") if not found.is_dir())
    if left:
        raise NotFresh(f"the demo left files in HOME: {', '.join(left[:5])}")


def _end_group(leader: subprocess.Popen[bytes]) -> bool:
    """Kill what is left of the demo's process group; return whether there was something."""
    try:
        os.killpg(leader.pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    finally:
        leader.wait()
    return True


if __name__ == "__main__":
    sys.exit(main())
