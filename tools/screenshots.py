"""Take pictures of the pages at the end of a sign-in, in a real browser, for the documentation.

`make screenshots` writes them to docs/pages/: each page on a phone and on a desktop, in the light and the dark theme.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tests.browser_pages import PAGES, served
from tests.integration.person import chromium

if TYPE_CHECKING:
    from typing import Literal

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "pages"
WIDTHS = {"phone": (360, 560), "desktop": (960, 560)}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def main() -> int:
    """Write every picture; those of pages that are no more are removed."""
    os.environ["TZ"] = "UTC"  # the pages show local times
    time.tzset()
    PICTURES.mkdir(exist_ok=True)
    for old in PICTURES.glob("*.png"):
        old.unlink()
    with tempfile.TemporaryDirectory() as profile, served() as origin:
        for browser in chromium(Path(profile)):
            for width, (wide, high) in WIDTHS.items():
                for theme in THEMES:
                    context = browser.new_context(
                        viewport={"width": wide, "height": high}, color_scheme=theme
                    )
                    page = context.new_page()
                    for name in PAGES:
                        page.goto(f"{origin}/{name}")
                        page.screenshot(path=PICTURES / f"{name}-{width}-{theme}.png", full_page=True)
                    context.close()
    print(f"wrote {len(list(PICTURES.glob('*.png')))} pictures to {PICTURES.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
