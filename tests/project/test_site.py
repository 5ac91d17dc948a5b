"""The built pages, as mkdocs.yml and the home page arrange them: each page is found, the version is shown, code has its language."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ruamel.yaml import YAML

from kubectl_oidc.version import __version__
from tests.pages import PAGES, lines
from tests.parts import REPOSITORY

from .test_docs import links

if TYPE_CHECKING:
    from collections.abc import Iterator

SITE = YAML().load(REPOSITORY / "mkdocs.yml")


def test_every_page_stands_in_one_of_the_groups() -> None:
    """Who looks for a page finds it: the navigation names each once, what is for contributors in a group of its own."""
    front, *groups = SITE["nav"]
    assert front == "index.md"
    assert [name for group in groups for name in group] == [
        "Tutorial",
        "How to",
        "Reference",
        "Explanation",
        "Contribute",
    ]
    named = sorted([front, *leaves(groups)])
    assert named == sorted(
        page.relative_to(REPOSITORY / "docs").as_posix()
        for page in PAGES
        if page.is_relative_to(REPOSITORY / "docs")
    )


def test_the_home_page_leads_to_every_page() -> None:
    """In one step, or through the home page of its directory."""
    homes = sorted((REPOSITORY / "docs").rglob("index.md"))
    reached = {
        (home.parent / target.partition("#")[0]).resolve() for home in homes for _, target in links(home)
    }
    assert {page for page in PAGES if page.is_relative_to(REPOSITORY / "docs")} - reached == {
        REPOSITORY / "docs" / "index.md"
    }


def test_the_pages_show_the_version() -> None:
    """Next to the link to the repository."""
    assert SITE["extra"]["release"] == __version__


def test_every_block_of_code_says_its_language() -> None:
    """So that it is coloured, and `sh` blocks are typed."""
    bare = {
        str(line) for page in PAGES for line in lines(page) if line.fence is not None and not line.language
    }
    assert bare == set()


def leaves(tree: object) -> Iterator[str]:
    """Return the pages in a part of the navigation."""
    if isinstance(tree, str):
        yield tree
    for part in tree.values() if isinstance(tree, dict) else tree if isinstance(tree, list) else ():
        yield from leaves(part)


def test_lists_of_modules_are_not_found_by_the_search() -> None:
    """Who searches for a word of an error finds troubleshooting, not the module that says it."""
    for name in ("messages.md", "modules.md"):
        text = (REPOSITORY / "docs" / name).read_text(encoding="utf-8")
        assert text.startswith("---\nsearch:\n  exclude: true\n---\n"), name


def test_nothing_is_loaded_from_elsewhere() -> None:
    """The theme's own link to the repository would ask the repository's host for its stars."""
    link = (REPOSITORY / SITE["theme"]["custom_dir"] / "partials" / "source.html").read_text(encoding="utf-8")
    assert "config.repo_url" in link
    assert "data-md-component" not in link
    assert SITE["theme"]["font"] is False
