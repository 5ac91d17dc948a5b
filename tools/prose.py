"""Check with Vale that the pages, and docstrings of public things, are plain English: `make prose`. The rules are in ``tools/vale/Plain``.

A rule is switched off for a sentence by Vale's own comment, below a line that says why::

    <!-- because: the heading of kubelogin's page -->
    <!-- vale Plain.Glossary = NO -->

A docstring has no such exceptions.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from tools.prose_docstrings import docstrings
from tools.test_parts import ROOT, VALE

if TYPE_CHECKING:
    from collections.abc import Iterable

SETTINGS = ROOT / "tools" / "vale" / "vale.ini"

NO_VALE = "Vale is not installed (tools/install-test-parts builds it if there are Go and a C compiler)"

_SUFFIXES = {".md": ".md", ".py": ".py.md"}
"""Vale reads all texts as Markdown."""

_SWITCH = re.compile(r"^ *<!-- vale .*(?:= NO|off) -->", re.MULTILINE)
_UNRELEASED = re.compile(r"(?<=^## Unreleased\n).*?(?=^## )", re.MULTILINE | re.DOTALL)


class Finding(NamedTuple):
    """What Vale found.

    Attributes:
        page: The page's path in the repository.
        line: The line, from 1.
        rule: The rule's name without its style, such as ``Length``.
        message: What to do.
        match: The words in question.
    """

    page: str
    line: int
    rule: str
    message: str
    match: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: {self.rule}: {self.message} ({self.match})"


def pages() -> dict[str, str]:
    """Return every text by its path: the pages of the root and of docs/, what the changelog has as unreleased, and docstrings."""
    paths = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
    modules = sorted((ROOT / "kubectl_oidc").rglob("*.py"))
    found = {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in (*paths, *modules)
    }
    for page, text in found.items():
        if page.endswith(".py"):
            found[page] = docstrings(text)
    return {**found, "CHANGELOG.md": unreleased(found["CHANGELOG.md"])}


def unreleased(changelog: str) -> str:
    """Return a changelog with the same lines, those outside its section *Unreleased* empty."""
    section = _UNRELEASED.search(changelog)
    if section is None:
        return ""
    return "\n" * changelog.count("\n", 0, section.start()) + section[0]


def lint(texts: dict[str, str]) -> list[Finding]:
    """Return what Vale finds in pages.

    Args:
        texts: Their texts, by path.

    Raises:
        OSError: Vale is not installed.
        SystemExit: Vale failed.
    """
    with tempfile.TemporaryDirectory() as name:
        for page, text in texts.items():
            path = Path(name, page).with_suffix(_SUFFIXES[Path(page).suffix])
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        command = [str(VALE), "--no-global", f"--config={SETTINGS}", "--no-exit", "--output=JSON", "."]
        done = subprocess.run(command, cwd=name, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        raise SystemExit(f"vale failed: {done.stderr or done.stdout}")
    return sorted(
        Finding(
            Path(page).as_posix().removeprefix("./").replace(".py.md", ".py"),
            alert["Line"],
            alert["Check"].partition(".")[2],
            alert["Message"],
            alert["Match"],
        )
        for page, alerts in json.loads(done.stdout).items()
        for alert in alerts
    )


def faults(texts: dict[str, str], findings: Iterable[Finding]) -> list[str]:
    """Return what must be changed, a line each.

    Args:
        texts: The pages, by path.
        findings: What Vale found in them.
    """
    wrong = [str(finding) for finding in findings]
    for page, text in texts.items():
        for switch in _SWITCH.finditer(text):
            above = text[: switch.start()].rstrip().rpartition("\n")[2]
            if not re.search(r"<!-- because: .+ -->", above):
                line = text.count("\n", 0, switch.start()) + 1
                wrong.append(f"{page}:{line}: a rule is off without a reason: put <!-- because: … --> above")
    return wrong


def report(texts: dict[str, str], findings: list[Finding]) -> str:
    """Return a table of what was found: for each page with findings its words, and how many of each rule and in 1,000 words."""
    rules = sorted({finding.rule for finding in findings})
    counts = Counter((finding.page, finding.rule) for finding in findings)
    rows = [("page", "words", *rules, "all", "in 1,000")]
    for page in [*sorted({finding.page for finding in findings}), "all pages"]:
        each = [
            sum(n for (where, rule), n in counts.items() if rule == one and page in {where, "all pages"})
            for one in rules
        ]
        number = words(texts[page]) if page in texts else sum(map(words, texts.values()))
        rows.append((page, *map(str, (number, *each, sum(each))), f"{1000 * sum(each) / max(number, 1):.1f}"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if at else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    )


def words(text: str) -> int:
    """Return the number of words of a page, code blocks and comments left out."""
    text = re.sub(r"^ *```.*?^ *```|<!--.*?-->", "", text, flags=re.MULTILINE | re.DOTALL)
    return len(re.findall(r"\w[\w'.-]*", text))


def main(arguments: list[str]) -> int:
    """Check the pages, or with ``--report`` count what is found, and return the exit status."""
    if not VALE.exists():
        must = bool(os.environ.get("CI"))
        print(f"prose: {'missing' if must else 'skipped'}: {NO_VALE}")
        return 1 if must else 0
    texts = pages()
    findings = lint(texts)
    if arguments == ["--report"]:
        print(report(texts, findings))
        return 0
    wrong = faults(texts, findings)
    print("\n".join(wrong) or f"prose: {len(texts)} pages and modules")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
