"""The bench's plots are pictures that every browser shows, in a light and in a dark theme."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest

from bench.plot import Bar, Line, bars, lines

SVG = "{http://www.w3.org/2000/svg}"

BARS = bars("Times <in> ms & more", [Bar("ours", 8, 7, 9, "ours"), Bar("the peer's", 12, 10, 20, "peer")])
LINES = lines(
    "A refresh",
    [
        Line("ours", [(0, 180), (200, 700)], "ours"),
        Line("pure", [(0, 200), (200, 700)], "pure"),
        Line("peer", [(0, 20), (200, 700)], "peer"),
    ],
    "ms",
    "ms",
)


@pytest.mark.parametrize("svg", [BARS, LINES], ids=["bars", "lines"])
def test_a_plot_is_well_formed_and_has_both_themes(svg: str) -> None:
    """It is XML with a title for who does not see it, a paper of its own, and colours for the dark."""
    root = ET.fromstring(svg)  # noqa: S314 - our own
    assert root.tag == f"{SVG}svg"
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title")
    style = root.findtext(f"{SVG}style") or ""
    assert "prefers-color-scheme: dark" in style
    light, dark = style.split("@media")
    for kind in ("text", ".paper", ".grid", ".ours", ".pure", ".peer"):
        assert kind in light
        assert kind in dark
    (paper,) = [one for one in root.iter(f"{SVG}rect") if one.get("class") == "paper"]
    assert [paper.get("width"), paper.get("height")] == (root.get("viewBox") or "").split()[2:]


def words(svg: str) -> list[str]:
    """Return all words in a picture."""
    return [one.text or "" for one in ET.fromstring(svg).iter(f"{SVG}text")]  # noqa: S314 - our own


def test_bars_have_their_names_and_values() -> None:
    """Each bar is named and has its value beside it; what is special in XML is written as it is."""
    assert {"Times <in> ms & more", "ours", "8.0", "the peer's", "12.0"} <= set(words(BARS))


def test_lines_are_named_apart_from_each_other() -> None:
    """Lines that end in the same place have names that do not lie on each other."""
    root = ET.fromstring(LINES)  # noqa: S314 - our own
    names = sorted(
        float(one.get("y", 0)) for one in root.iter(f"{SVG}text") if one.text in {"ours", "pure", "peer"}
    )
    assert len(names) == 3
    assert min(names[1] - names[0], names[2] - names[1]) > 12


def test_the_axis_has_round_numbers() -> None:
    """The vertical axis begins at nothing and goes in round steps beyond the highest point."""
    assert {"0", "200", "400", "600", "800"} <= set(words(LINES))
