"""docs/demo.svg shows what the demo prints, and is a picture that every browser shows, on a light and on a dark page."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from tools import picture, transcript

SVG = "{http://www.w3.org/2000/svg}"

TOLD = transcript.of_page(transcript.PAGE.read_text(encoding="utf-8"))
DRAWN = picture.drawn(TOLD)


def rows(svg: str) -> list[str]:
    """Return the lines of text that a picture shows."""
    return ["".join(text.itertext()) for text in ET.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314 - our own


def test_the_picture_is_what_the_transcript_says() -> None:
    """`make pages` draws it. The transcript itself is compared with a run of the demo."""
    assert picture.PICTURE.read_text(encoding="utf-8") == DRAWN


def test_it_shows_the_sign_in_and_the_pods() -> None:
    """Each line of output is one of the transcript's; the commands are whole, with as few line breaks as they need."""
    shown = rows(DRAWN)
    commands = "\n".join(row for row in shown if row.startswith(("$ ", "    "))).replace(" \\\n   ", "")
    told = TOLD.replace(" \\\n ", "")
    assert [command for command in commands.splitlines() if command not in told] == []
    assert [command.split()[1:3] for command in commands.splitlines() if command.startswith("$ ")] == [
        ["kubectl", "oidc-login"],
        ["kubectl", "--user=oidc"],
    ]
    output = [row for row in shown if not row.startswith(("# ", "$ ", "    ", "…"))]
    assert len(output) > 8
    assert [row for row in output if f"  {row}\n" not in TOLD] == []
    assert sum("Running" in row for row in output) == 4


def test_each_line_fits_into_the_window() -> None:
    """80 columns, as at a terminal."""
    assert max(map(len, rows(DRAWN))) <= picture.COLUMNS


def test_what_is_printed_is_text_in_the_picture() -> None:
    """It is escaped, and the picture has a title for readers who do not see it."""
    drawn = picture.drawn(TOLD.replace("alice@example.com", "<b>&alice"))
    assert any("<b>&alice" in row for row in rows(drawn))
    root = ET.fromstring(drawn)  # noqa: S314 - our own
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title")
