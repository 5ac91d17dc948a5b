"""Write the demo's real output into docs/tutorial-demo.md, so that the page shows what the program does.

`python -m tools.transcript` runs `kubectl-oidc_login demo` and writes what it says between the marks in that page. What
differs from run to run (ports, times, the directory's name, why no browser opens) is replaced by examples, so that a test
can hold the page against a run of its own.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parent.parent / "docs" / "tutorial-demo.md"
_BLOCK = re.compile(r"(<!-- transcript: make demo -->\n```text\n).*?(```\n<!-- /transcript -->)", re.DOTALL)

# Example values: the ports in the order in which they appear, and one moment for all times.
_PORTS = ("40001", "40002")
_MOMENT = {"exp": "1790003600", "iat": "1790000000"}
_VALUE = 11  # the column of the values in the table of the account
_TIMES = {"exp": "2026-09-21 17:13:20+02:00", "iat": "2026-09-21 16:13:20+02:00"}


def run() -> str:
    """Return what the demo says, made repeatable.

    Raises:
        SystemExit: The demo failed.
    """
    program = Path(sys.executable).with_name("kubectl-oidc_login")
    left_out = {"CI", "DISPLAY", "WAYLAND_DISPLAY", "BROWSER"}
    done = subprocess.run(
        [str(program), "demo"],
        env={name: value for name, value in os.environ.items() if name not in left_out},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode != 0:
        raise SystemExit(f"the demo failed: {done.stderr}")
    return repeatable(done.stdout)


def repeatable(text: str) -> str:
    """Return the demo's words with examples in the place of what differs from run to run."""
    for port, example in zip(
        dict.fromkeys(re.findall(r"127\.0\.0\.1:(\d{4,5})\b", text)), _PORTS, strict=False
    ):
        if port != "8000":
            text = text.replace(f"127.0.0.1:{port}", f"127.0.0.1:{example}")
    text = re.sub(r"No browser opens \([^)]*\)", "No browser opens (there is no display)", text)
    text = re.sub(r"\S*/kubectl-oidc-demo-\w+", "/tmp/kubectl-oidc-demo", text)  # noqa: S108 - an example
    # The directory's name may be too long for the line.
    text = re.sub(r"kept in\s+(\S+;)\s+the first", rf"kept in \1\n{' ' * _VALUE}the first", text)
    moment = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d\d:\d\d"
    text = re.sub(rf"(valid until ){moment} \([^)]*\)", rf"\g<1>{_TIMES['exp']} (59 min)", text)
    text = re.sub(
        rf"(exp +)\d+ \({moment}, in [^)]*\)", rf"\g<1>{_MOMENT['exp']} ({_TIMES['exp']}, in 59 min)", text
    )
    text = re.sub(
        rf"((?:iat|auth_time) +)\d+ \({moment}\)", rf"\g<1>{_MOMENT['iat']} ({_TIMES['iat']})", text
    )
    return text.strip("\n") + "\n"


def written(page: str, transcript: str) -> str:
    """Return the page with the transcript between its marks.

    Raises:
        SystemExit: The page has no marks.
    """
    page, count = _BLOCK.subn(lambda marks: f"{marks[1]}{transcript}{marks[2]}", page)
    if count != 1:
        raise SystemExit("docs/tutorial-demo.md has no place for the transcript")
    return page


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), run()), encoding="utf-8")
