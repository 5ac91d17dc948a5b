"""The pages at the end of a sign-in, held against the rules of axe-core in a real browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import pytest

from tests import parts
from tests.browser_pages import PAGES, served

from .realm import DIRECTORY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

AXE = DIRECTORY / "node_modules" / "axe-core" / "axe.min.js"
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


def violations(
    browser: Browser, url: str, axe: str, width: str, theme: Literal["light", "dark"], then: str = ""
) -> list[Any]:
    """Return what the linter finds on a page, each with the elements that it is about."""
    wide, high = WIDTHS[width]
    context = browser.new_context(viewport={"width": wide, "height": high}, color_scheme=theme)
    try:
        page = context.new_page()
        page.goto(url)
        if then:
            page.evaluate(then)
        page.evaluate(axe)
        found = page.evaluate("async () => (await axe.run()).violations")
        assert page.evaluate("document.documentElement.scrollWidth") <= wide, "nothing sticks out"
        return [(one["id"], [node["html"] for node in one["nodes"]]) for one in found]
    finally:
        context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", PAGES)
def test_everybody_can_read_it(
    browser: Browser, origin: str, axe: str, name: str, width: str, theme: Literal["light", "dark"]
) -> None:
    """Contrast, structure, names, language: no rule is broken, and nothing sticks out of a phone's screen."""
    assert violations(browser, f"{origin}/{name}", axe, width, theme) == []


def test_the_linter_finds_what_is_wrong(browser: Browser, origin: str, axe: str) -> None:
    """Words that can hardly be seen, and a picture without a name."""
    spoil = "document.querySelector('h1').style.color = '#eee'; document.querySelector('svg').removeAttribute('aria-label')"
    found = violations(browser, f"{origin}/signed-in", axe, "desktop", "light", spoil)
    assert {"color-contrast", "svg-img-alt"} <= {name for name, _ in found}
