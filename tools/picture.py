"""Draw docs/demo.svg, the sign-in as a terminal shows it, from the transcript of the demo in docs/tutorial-demo.md.

`python -m tools.picture` writes it. The window is dark on every page, and has a border for dark ones.
"""

from __future__ import annotations

import re
import textwrap
from typing import NamedTuple
from xml.sax.saxutils import escape

from tools import transcript

PICTURE = transcript.PAGE.with_name("demo.svg")

COLUMNS = 80
_ROWS_OF_PODS = 4
_CHARACTER, _LINE = 8.43, 20  # px, at 14 px
_LEFT, _TOP = 20, 62  # px, to the first line's base

_STYLE = """
text { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; fill: #c9d1d9; white-space: pre; }
.window { fill: #0d1117; stroke: #6e7781; }
.heading { fill: #a5b4c4; }
.command { fill: #ffffff; font-weight: 600; }
.prompt { fill: #7ee787; }
"""


class Line(NamedTuple):
    """A line of the picture: its text, and ``heading``, ``command`` or ``output`` for its colour."""

    text: str
    kind: str


def drawn(told: str) -> str:
    """Return the picture of a transcript as SVG.

    Args:
        told: What the demo prints. Its steps begin with a number, its commands with ``$``.
    """
    shown = lines(told)
    width = round(COLUMNS * _CHARACTER) + 2 * _LEFT
    height = _TOP + len(shown) * _LINE
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-labelledby="title">',
            '<title id="title">A terminal: setup signs in and stores the session, and kubectl lists the pods</title>',
            f"<style>{_STYLE}</style>",
            f'<rect class="window" x="0.5" y="0.5" width="{width - 1}" height="{height - 1}" rx="8"/>',
            *(
                f'<circle cx="{24 + 20 * at}" cy="22" r="6" fill="{colour}"/>'
                for at, colour in enumerate(("#ff7b72", "#d29922", "#7ee787"))
            ),
            *(_row(line, _TOP + at * _LINE) for at, line in enumerate(shown) if line.text),
            "</svg>\n",
        ]
    )


def lines(told: str) -> list[Line]:
    """Return what the picture shows: the sign-in of step 2, and the first pods of step 3."""
    steps = {step[0]: step.strip() for step in re.split(r"^(?=\d\. )", told, flags=re.MULTILINE) if step}
    signs_in = re.sub(r"\n.*?(?=\n\$ )", "", steps["2"].partition("\n\n")[0], count=1, flags=re.DOTALL)
    pods = steps["3"].splitlines()[: 3 + _ROWS_OF_PODS]
    return [*_of_step(signs_in.splitlines()), Line("", "output"), *_of_step(pods), Line("…", "output")]


def _of_step(step: list[str]) -> list[Line]:
    """Return a step's heading as a comment, its commands in as few lines as they need, and what they print."""
    rows = [Line(f"# {step[0][3:]}", "heading")]
    for line in re.sub(r" \\\n +", " ", "\n".join(step[1:])).splitlines():
        if line.startswith("$ "):
            *before, last = textwrap.wrap(
                line, COLUMNS - 2, subsequent_indent="    ", break_on_hyphens=False, break_long_words=False
            )
            rows += [*(Line(f"{part} \\", "command") for part in before), Line(last, "command")]
        else:
            rows.append(Line(line.removeprefix("  "), "output"))
    return rows


def _row(line: Line, base: int) -> str:
    text = escape(line.text)
    if text.startswith("$ "):
        text = f'<tspan class="prompt">$</tspan>{text[1:]}'
    of_kind = "" if line.kind == "output" else f' class="{line.kind}"'
    return f'<text x="{_LEFT}" y="{base}"{of_kind}>{text}</text>'


if __name__ == "__main__":
    PICTURE.write_text(
        drawn(transcript.of_page(transcript.PAGE.read_text(encoding="utf-8"))), encoding="utf-8"
    )
