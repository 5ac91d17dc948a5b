"""The pages at the end of a sign-in, held against the rules of axe-core in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pytest

from tests import parts
from tests.browser_pages import PAGES, served

from .realm import DIRECTORY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

AXE = DIRECTORY / "node_modules" / "axe-core" / "axe.min.js"
Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
WIDTHS = {"phone": (360, 740), "desktop": (1280, 800)}


@pytest.fixture(scope="module")
def axe() -> str:
    """Return the linter's source."""
    if not AXE.is_file():
        parts.missing(f"axe-core is not installed (npm ci in {DIRECTORY.relative_to(parts.REPOSITORY)})")
    return AXE.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    """Serve the pages."""
    with served() as origin:
        yield origin


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """Open a tab; another size or theme is another state of it, because a tab of its own takes seconds."""
    context = browser.new_context()
    yield context.new_page()
    context.close()


def violations(tab: Page, url: str, axe: str, width: str, theme: Theme, then: str = "") -> list[Any]:
    """Return what the linter finds on a page, each with the elements that it is about."""
    wide, high = WIDTHS[width]
    tab.set_viewport_size({"width": wide, "height": high})
    tab.emulate_media(color_scheme=theme)
    tab.goto(url)
    if then:
        tab.evaluate(then)
    tab.evaluate(axe)
    found = tab.evaluate("async () => (await axe.run()).violations")
    assert tab.evaluate("[innerWidth, matchMedia('(prefers-color-scheme: dark)').matches]") == [
        wide,
        theme == "dark",
    ]
    assert tab.evaluate("document.documentElement.scrollWidth") <= wide, "nothing sticks out"
    return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]


@pytest.mark.parametrize("name", PAGES)
def test_everybody_can_read_it(tab: Page, origin: str, axe: str, name: str) -> None:
    """Contrast, structure, names, language: no rule is broken, and nothing sticks out of a phone's screen."""
    found = {
        (width, theme): violations(tab, f"{origin}/{name}", axe, width, theme)
        for width in WIDTHS
        for theme in THEMES
    }
    assert {state: rules for state, rules in found.items() if rules} == {}


def test_the_linter_finds_what_is_wrong(tab: Page, origin: str, axe: str) -> None:
    """Words that can hardly be seen, and a picture without a name."""
    spoil = "document.querySelector('h1').style.color = '#eee'; document.querySelector('svg').removeAttribute('aria-label')"
    found = violations(tab, f"{origin}/signed-in", axe, "desktop", "light", spoil)
    assert {"color-contrast", "svg-img-alt"} <= {name for name, _ in found}
