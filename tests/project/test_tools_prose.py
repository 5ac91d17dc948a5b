"""The prose linter: each rule finds what it is for and nothing else, the list of pages that are not clean can only shrink."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests import parts
from tools import prose, prose_docstrings
from tools.test_parts import VALE

if TYPE_CHECKING:
    from pathlib import Path

REASON = "<!-- because: it is quoted -->\n"
SWITCH = "<!-- vale Plain.Idioms = NO -->\n"

RULES = {
    ("Idioms", "docs/a.md"): (
        "The token rests in the keyring.",
        "The program wants a token.",
        "Files are used in the place of a keyring.",
        "It shall work.",
        "It takes a list.",
        "Each flag of kubelogin's, in short.",
        "This is no list.",
        "Whoever signs in gets one.",
        "The file stands in the directory.",
        "They are for this machine alone.",
        "| a table | what lies there |\n|---|---|\n| a cell | told anew |",
    ),
    ("Where", "docs/a.md"): (
        "Where there is no keyring, files are used.",
        "Tokens are in files where there is no keyring.",
        "It starts. Where the browser fails, it says so.",
    ),
    ("Length", "docs/a.md"): (
        "Add " + "one more word " * 10 + "now.",
        "- Add " + "one more word " * 10 + "now.",
    ),
    ("Glossary", "docs/a.md"): (
        "The stanza has it.",
        "Log in again.",
        "Your IdP knows.",
        "Write a kube config.",
    ),
    ("Length", "kubectl_oidc/a.py"): ("Add " + "one more word " * 10 + "now.",),
    ("Hints", "docs/messages.md"): (
        "| says | and |\n|---|---|\n| it failed | the flag must be given |\n",
        "| says | and |\n|---|---|\n| error: it failed hint: nothing was changed |  |\n",
    ),
}
"""Sentences that each rule must find, by the rule and the page."""

GOOD = {
    "kubectl_oidc/a.py": "Return it.\n\n- lock: Where the lock is.\n",
    "docs/a.md": "Where to go: the rest of the page. `kubectl oidc-login login` takes 4 s, takes the place of nothing, and is no longer slow.\n\n"
    "There is no keyring. You are let alone. Log in to a server. The one that is named.\n\n"
    "```text\nerror: it wants a stanza\n```\n\n| a | the flag is given |\n|---|---|\n| b | the flag is given |\n",
    "docs/messages.md": "| says | and |\n|---|---|\n| the flag is missing | choose the flag that is given in the kubeconfig |\n",
}


@pytest.fixture
def vale() -> None:
    """Need Vale."""
    if not VALE.exists():
        parts.missing(
            "Vale is not installed (tools/install-test-parts builds it if there are Go and a C compiler)"
        )


@pytest.mark.usefixtures("vale")
def test_each_rule_finds_its_sentences_and_leaves_good_ones() -> None:
    """In paragraphs, lists and tables, but not in code."""
    cases = [(rule, page, bad) for (rule, page), texts in RULES.items() for bad in texts]
    for rule, page, bad in cases:
        assert [(found.page, found.rule) for found in prose.lint({page: bad})] in (
            [(page, rule)],
            [(page, rule)] * 2,
        ), bad
    assert prose.lint(GOOD) == []


@pytest.mark.usefixtures("vale")
def test_the_pages_and_docstrings_are_plain_english() -> None:
    """All of them; each exception has its reason."""
    texts = prose.pages()
    assert len(texts) > 350
    assert prose.faults(texts, prose.lint(texts)) == []


@pytest.mark.usefixtures("vale")
def test_a_comment_switches_a_rule_off_for_a_sentence() -> None:
    """Only between its two comments."""
    page = f"It rests.\n\n{REASON}{SWITCH}\nIt rests.\n\n{SWITCH.replace('NO', 'YES')}\nIt rests.\n"
    assert [found.line for found in prose.lint({"docs/a.md": page})] == [1, 10]


def finding(page: str) -> prose.Finding:
    return prose.Finding(page, 3, "Idioms", "Write 'needs' instead of 'wants'.", "wants")


@pytest.mark.parametrize(
    ("text", "found", "wrong"),
    [
        ("", [], []),
        ("", [finding("a.md")], ["a.md:3: Idioms"]),
        (REASON + SWITCH, [], []),
        (SWITCH, [], ["a.md:1: a rule is off"]),
        ("one\n\n<!-- vale off -->\n", [], ["a.md:3: a rule is off"]),
    ],
)
def test_what_must_be_changed_is_named(text: str, found: list[prose.Finding], wrong: list[str]) -> None:
    """A finding, an exception without a reason."""
    said = prose.faults({"a.md": text}, found)
    assert len(said) == len(wrong)
    assert all(line.startswith(begin) for line, begin in zip(said, wrong, strict=True))


def test_only_what_is_unreleased_is_read_of_the_changelog() -> None:
    """With its lines where they are in the file."""
    assert prose.unreleased("# Changes\n\n## Unreleased\n\n- new\n\n## 1.0\n\n- old\n") == "\n\n\n\n- new\n\n"
    assert prose.unreleased("# Changes\n\n## 1.0\n") == ""


def test_only_docstrings_of_public_things_are_read() -> None:
    """With their lines where they are in the module; what is below a section's heading is a list."""
    source = '''"""A module."""
class Public:
    """A class.

    Attributes:
        path: Where
            it is.
    """
    def call(self): # a comment
        """Return it."""
def _private():
    """Not this."""
'''
    read = prose_docstrings.docstrings(source).splitlines()
    assert {number: line for number, line in enumerate(read, 1) if line} == {
        1: "A module.",
        3: "A class.",
        6: "- path: Where",
        7: "        it is.",
        10: "Return it.",
    }


def test_the_report_counts_by_page_and_rule() -> None:
    """Words in code do not count."""
    table = prose.report({"a.md": "one two\n\n```sh\nthree\n```\n"}, [finding("a.md")]).splitlines()
    assert [line.split() for line in table][1:] == [
        ["a.md", "2", "1", "1", "500.0"],
        ["all", "pages", "2", "1", "1", "500.0"],
    ]


def test_without_vale_a_laptop_skips_and_ci_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """In one line that says how to get it."""
    monkeypatch.setattr(prose, "VALE", tmp_path / "vale")
    monkeypatch.delenv("CI", raising=False)
    assert prose.main([]) == 0
    monkeypatch.setenv("CI", "true")
    assert prose.main([]) == 1
    assert [line.split(":")[1] for line in capsys.readouterr().out.splitlines()] == [" skipped", " missing"]
