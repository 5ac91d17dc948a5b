"""What is written down holds: links, headings that errors point to, flags that examples use, no foreign places."""

from __future__ import annotations

import ast
import os
import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from kubectl_oidc.cli.command_list import COMMANDS
from tests import parts
from tests.pages import PAGES, Line, lines
from tests.parts import REPOSITORY
from tests.plugin import run_plugin
from tools import reference, transcript

if TYPE_CHECKING:
    from collections.abc import Iterator

TROUBLESHOOTING = REPOSITORY / "docs" / "troubleshooting.md"

# Flags of other programs that the pages speak of in a sentence. In an example the program that takes the flag is known.
OTHERS_FLAGS = frozenset(
    {
        # make bench
        "--programs",
        "--runs",
        # kubectl
        "--all-namespaces",
        "--exec-api-version",
        "--exec-arg",
        "--exec-command",
        "--exec-env",
        "--exec-interactive-mode",
        "--user",
        # Docker
        "--network",
        # Helm
        "--kube-context",
        # Keycloak
        "--hostname",
        "--proxy-headers",
        # kube-apiserver
        "--authentication-config",
        "--oidc-ca-file",
        "--oidc-groups-claim",
        "--oidc-groups-prefix",
        "--oidc-required-claim",
        "--oidc-signing-algs",
        "--oidc-username-claim",
        "--oidc-username-prefix",
        # kubelogin
        "--tls-renegotiation",
        # pip
        "--find-links",
        "--no-index",
        "--require-hashes",
        # pip-audit
        "--ignore-vuln",
    }
)


def anchors(page: Path) -> set[str]:
    """Return what a link into a page may name.

    GitHub and the documentation's own builder make anchors by slightly different rules; only what both agree on counts.
    """
    found, seen = set(), set()
    for line in lines(page):
        if line.fence is not None:
            continue
        found.update(re.findall(r'<a id="([^"]+)"></a>', line.text))
        if heading := re.match(r"#{1,6} +(.*?) *#*$", line.text):
            words = (
                re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading[1]).replace("`", "").replace("*", "").lower()
            )
            github = re.sub(r"[^\w\s-]", "", words).replace(" ", "-")
            built = re.sub(
                r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", words.encode("ascii", "ignore").decode())
            ).strip("-")
            if github == built and github not in seen:
                found.add(github)
            seen.add(github)
    return found


def links(page: Path) -> Iterator[tuple[Line, str]]:
    """Find the targets of a page's links and pictures, code left out."""
    for line in lines(page):
        if line.fence is None:
            text = re.sub(r"`[^`]*`", "", line.text)
            for target in re.findall(r"\]\(<?([^)\s>]+)", text) + re.findall(
                r"^\[[^]]+\]: +<?([^\s>]+)", text
            ):
                yield line, target


def code_files() -> list[Path]:
    return sorted((REPOSITORY / "kubectl_oidc").rglob("*.py"))


@cache
def topics() -> dict[str, str]:
    """Return every topic that an error or a finding names, and one place that does."""
    found: dict[str, str] = {}
    for path in code_files():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.keyword(arg="topic", value=ast.Constant(value=str(topic))):
                    pass
                case ast.Assign(
                    targets=[ast.Name(id="default_topic" | "_TOPIC")], value=ast.Constant(value=str(topic))
                ):
                    pass
                case ast.Constant(value=str(text)) if named := re.search(
                    r"\(troubleshooting: ([a-z-]+)\)", text
                ):
                    topic = named[1]
                case ast.Call(
                    func=ast.Name(id="Finding" | "problem" | "warning"),
                    args=[*_, ast.Constant(value=str(topic))],
                ):
                    pass
                case ast.Call(func=ast.Name(id="Finding" | "problem" | "warning")):
                    raise AssertionError(
                        f"{path.relative_to(REPOSITORY)}:{node.lineno}: a finding's topic is its last argument, as text"
                    )
                case _:
                    continue
            if topic:
                found[topic] = f"{path.relative_to(REPOSITORY)}:{node.lineno}"
    return found


@pytest.fixture
def commands(fork_server: None) -> dict[str, set[str]]:  # noqa: ARG001 - it comes first
    """Return the flags that each command's --help-all names."""
    return {name: set(FLAG.findall(help_of(*name.split()))) for name in ("", *COMMANDS)}


def help_of(*command: str) -> str:
    ended = run_plugin(*command, "--help-all")
    assert ended.returncode == 0, f"{' '.join(command)} --help-all: {ended.stderr}"
    return ended.stdout


FLAG = re.compile(r"(?<![\w-])--[a-z][a-z0-9-]*[a-z0-9]")


def test_every_link_leads_to_a_file_and_a_heading_that_exist() -> None:
    """A relative link names a file of this repository and, after #, a heading that GitHub and the built pages both have."""
    broken = []
    for page in PAGES:
        for line, target in links(page):
            name, _, fragment = unquote(target).partition("#")
            if re.match(r"[a-z][a-z0-9+.-]*:", name):
                continue
            goal = (page.parent / name).resolve() if name else page
            if not goal.exists() or not goal.is_relative_to(REPOSITORY):
                broken.append(f"{line}: {target}: no such file")
            elif fragment and fragment not in anchors(goal):
                broken.append(f"{line}: {target}: no such heading")
    assert not broken, "\n".join(broken)


def test_links_to_other_places_are_https() -> None:
    """A link that leaves the repository is https, so that nobody on the way changes what a reader gets."""
    wrong = [
        f"{line}: {target}"
        for page in PAGES
        for line, target in links(page)
        if re.match(r"[a-z][a-z0-9+.-]*:", target) and not target.startswith("https://")
    ]
    assert not wrong, "\n".join(wrong)


def test_every_topic_of_an_error_has_its_heading() -> None:
    """Every topic in the code is an anchor of docs/troubleshooting.md, so that no hint points into the void."""
    assert {"claims-groups", "kubeconfig", "tls"} <= topics().keys(), (
        "findings, defaults and keywords are seen"
    )
    there = anchors(TROUBLESHOOTING)
    missing = [f"{where}: {topic}" for topic, where in sorted(topics().items()) if topic not in there]
    assert not missing, "\n".join(missing)


def test_every_explained_topic_is_one_that_an_error_names() -> None:
    """Each anchor in docs/troubleshooting.md is a topic of the code, and below its heading is the text that the hint ends with."""
    text = TROUBLESHOOTING.read_text(encoding="utf-8")
    set_by_hand = re.findall(r'<a id="([^"]+)"></a>', text)
    assert sorted(set_by_hand) == sorted(topics())
    searched_for = re.findall(
        r'^<a id="([^"]+)"></a>\n\n### .+\n\n`troubleshooting: ([^`]+)`$', text, re.MULTILINE
    )
    assert searched_for == [(topic, topic) for topic in set_by_hand]


def test_flags_in_sentences_exist(commands: dict[str, set[str]]) -> None:
    """A flag that a sentence names in code type is one of ours, or known to be another program's."""
    known = OTHERS_FLAGS.union(*commands.values())
    unknown = [
        f"{line}: {flag}"
        for page in PAGES
        for line in lines(page)
        if line.fence is None
        for code in re.findall(r"`(--[^`]*)`", line.text)
        for flag in FLAG.findall(code)
        if flag not in known
    ]
    assert not unknown, "\n".join(unknown)


def test_the_reference_is_what_the_program_says() -> None:
    """docs/reference.md is what `make pages` writes: every flag with its own words, no backslash in a table's code."""
    assert "\\|" not in reference.page()
    assert reference.PAGE.read_text(encoding="utf-8") == reference.page(), "make pages writes it"


WHERE_TOKENS_REST = REPOSITORY / "docs" / "where-tokens-rest.md"
MARK = r"[A-Z][0-9]+"


def test_every_test_that_a_page_names_exists() -> None:
    """What is said to be shown is shown: `tests/FILE.py::NAME` is a test of this repository."""
    named = {
        (str(line), file, name)
        for page in PAGES
        for line in lines(page)
        for file, name in re.findall(r"`(tests/[^`:]+\.py)::(\w+)[^`]*`", line.text)
    }
    assert named
    missing = [
        f"{where}: {file}::{name}" for where, file, name in sorted(named) if name not in names_of_tests(file)
    ]
    assert not missing, "\n".join(missing)


@cache
def names_of_tests(file: str) -> set[str]:
    """Return the names of the tests in a file of this repository; none where there is no such file."""
    path = REPOSITORY / file
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    return set(re.findall(r"^def (test_\w+)\(", text, re.MULTILINE))


def test_each_line_on_where_tokens_rest_says_what_shows_it() -> None:
    """Every statement has a mark and its row, every row its statement and a test, or the words that no test here shows it.

    The marks are comments, so that readers do not see them. None begins a line, where it would end the paragraph.
    """
    text, _, table = WHERE_TOKENS_REST.read_text(encoding="utf-8").partition("## What proves this")
    rows = re.findall(rf"^\| <!-- ({MARK}) --> ([^|]+) \| ([^|]+) \|$", table, re.MULTILINE)
    assert len(rows) == len(dict.fromkeys(mark for mark, _, _ in rows)) == table.count("\n| ") - 1
    assert {mark for mark, _, _ in rows} == set(re.findall(rf"(?<=\S )<!-- ({MARK}) -->", text))
    assert len(re.findall("<!--", text)) == len(re.findall(rf"(?<=\S )<!-- {MARK} -->", text))
    bare = [
        mark for mark, _, shown in rows if "::test_" not in shown and not shown.startswith("no test here")
    ]
    assert not bare


DESKTOPS = REPOSITORY / "docs" / "how-to-desktops.md"


def test_each_line_of_what_was_never_run_says_what_holds_it_here() -> None:
    """MacOS and Windows: every subject has what is written, tests of this repository (or the page with them), and what is left."""
    _, _, text = DESKTOPS.read_text(encoding="utf-8").partition("## Not tested on real macOS and Windows")
    table = text.partition("| subject |")[2].split("\n\n")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()[2:]]
    assert {
        "paths",
        "browser",
        "keyring",
        "signals",
        "terminal",
        "locks",
        "detached processes",
        "packages",
    } <= {row[0] for row in rows}
    assert not [row for row in rows if len(row) != 4 or not all(row)]
    assert not [row for row in rows if "::test_" not in row[2] and "(packages.md)" not in row[2]]
    assert all((REPOSITORY / name).is_file() for name in re.findall(r"`(tests/\w+\.py)`", text))
    for page in ("packages.md", "comparison.md"):
        linked = (REPOSITORY / "docs" / page).read_text(encoding="utf-8")
        assert "how-to-desktops.md#not-tested-on-real-macos-and-windows" in linked


SECURITY = REPOSITORY / "SECURITY.md"


def test_each_line_of_the_threat_model_says_what_shows_it() -> None:
    """Every means against every attacker has a test, or the words that no test here shows it; what is left has its why."""
    text = SECURITY.read_text(encoding="utf-8")
    _, _, rest = text.partition("## What is protected, and from whom")
    protected, _, left = rest.partition("## What is not protected")
    for part in (protected, left):
        lines_of_tables = [line for line in part.splitlines() if line.startswith("|")]
        rows = [line.strip("| ").split(" | ") for line in lines_of_tables if not line.startswith("|---")]
        assert len(rows) > 10
        assert not [row for row in rows if len(row) != 3 or not all(row)]
    heads = protected.count("\n|---")
    shown = re.findall(
        r"^\|.*\| ((?:`tests/[^`:]+\.py::test_\w+`|no test here: )[^|]*) \|$", protected, re.MULTILINE
    )
    assert heads == protected.count("\n### ") > 5
    assert len(shown) == protected.count("\n| ") - heads, "each row but the heads"


def test_the_built_page_has_the_links_of_the_policy() -> None:
    """SECURITY.md is read where it is, and as docs/security.md among the built pages: each says where its links lead."""
    named, built = (
        SECURITY.read_text(encoding="utf-8"),
        (REPOSITORY / "docs" / "security.md").read_text(encoding="utf-8"),
    )
    places = [dict(re.findall(r"^\[(\w+)\]: (\S+)$", text, re.MULTILINE)) for text in (named, built)]
    assert places[0].keys() == places[1].keys() == set(re.findall(r"\]\[(\w+)\]", named))
    assert all(places[0][label] == f"docs/{places[1][label]}" for label in places[0])


def test_the_reference_has_each_variable_that_the_program_reads() -> None:
    """Each name that is looked for in the environment stands in its table; the demo's are for what it starts."""
    table = reference.page().partition("## Environment")[2].partition("## Files")[0]
    read: set[tuple[str, str]] = set()
    for path in (REPOSITORY / "kubectl_oidc").rglob("*.py"):
        if "demo" not in path.parts:
            text = path.read_text(encoding="utf-8")
            read |= set(
                re.findall(r"environ(?:\.get\(|\[)\"(\w+)\"|\"(\w+)\" (?:not )?in (?:os\.)?environ", text)
            )
    names = {name for pair in read for name in pair if name}
    assert len(names) > 20
    assert not {name for name in names if f"`{name}`" not in table}


def test_each_flow_names_the_test_that_shows_it() -> None:
    """Every row of the table of flows has one test under "tested here", and a word for each provider."""
    text = (REPOSITORY / "docs" / "flows-and-providers.md").read_text(encoding="utf-8")
    header, _, *rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    assert rows
    for row in rows:
        assert len(row) == len(header), row
        assert re.fullmatch(r"`(tests/[^`:]+\.py)::(\w+)`", row[1]), row
        assert all(row), row


COMPARISON = REPOSITORY / "docs" / "comparison.md"


def test_each_claim_about_another_program_says_where_it_is_from() -> None:
    """Every cell about another program has a mark, or says that nothing was found; every mark has its source, and every source its mark.

    The marks are comments, so that readers do not see them.
    """
    text, _, sources = COMPARISON.read_text(encoding="utf-8").partition("## Sources")
    features = text.partition("## Feature by feature")[2].partition("## Speed, as measured")[0]
    rows = [line.strip("| ").split(" | ") for line in features.splitlines() if re.match(r"\| [^|]", line)]
    assert len(rows) > 25
    for row in rows:
        assert len(row) == 7, row
        bare = [cell for cell in row[2:] if "<!-- " not in cell and cell not in {"not found", "not measured"}]
        assert not bare, row
    marked = {mark for marks in re.findall(r"(?<=\S )<!-- ([^<]+) -->", text) for mark in marks.split()}
    assert text.count("<!--") == len(re.findall(rf"(?<=\S )<!-- {MARK}(?: {MARK})* -->", text))
    named = re.findall(rf"^\| <!-- ({MARK}) --> [^|]+ \| [^|]+ \|$", sources, re.MULTILINE)
    assert sorted(marked) == sorted(named)


def test_the_comparison_has_no_figures_but_the_bench_s() -> None:
    """Each time and each amount of memory on the page stands on the page that `make bench` writes."""
    performance = (REPOSITORY / "docs" / "performance.md").read_text(encoding="utf-8")
    figures = set(re.findall(r"\d[\d.]* (?:ms|MB)\b", COMPARISON.read_text(encoding="utf-8")))
    assert len(figures) > 20
    assert not {figure for figure in figures if not re.search(rf"(?<![\d.]){re.escape(figure)}", performance)}


@pytest.mark.together("port8000")
@pytest.mark.usefixtures("port_8000")
def test_the_transcript_is_what_the_demo_says() -> None:
    """The tutorial's transcript is the demo's real output, but for ports, times and the directory's name."""
    parts.program("kubectl")
    page = transcript.PAGE.read_text(encoding="utf-8")
    assert page == transcript.written(page, transcript.run()), "make pages writes it"


def repository_files() -> Iterator[Path]:
    """Find every file that is not made by a tool."""
    made = {"node_modules", "__pycache__", "site", "dist"}
    for directory, below, names in os.walk(REPOSITORY):
        below[:] = [
            name for name in below if name not in made and (name == ".ci" or not name.startswith("."))
        ]
        yield from (Path(directory, name) for name in names if not name.endswith(".pyc"))


def test_no_file_names_a_registry_or_a_place_on_this_machine() -> None:
    """Whoever clones this decides where packages come from, and no path of whoever wrote it is left behind."""
    pwd = pytest.importorskip("pwd", reason="looks up the home directory as POSIX systems keep it")
    # Put together here, so that this file does not name them.
    registries = [
        f"{name}.{end}"
        for name, end in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"), ("npmjs", "com"))
    ]
    own_home = str(pwd.getpwuid(os.getuid()).pw_dir)
    places = [place for place in (str(REPOSITORY), own_home) if place.count("/") > 1 or place == "/root"]
    foreign = re.compile(
        "|".join(
            [
                *(rf"\b{re.escape(host)}\b" for host in registries),
                *(rf"(?<![\w.]){re.escape(place)}/" for place in places),
            ]
        )
    )
    found = []
    for path in repository_files():
        text = path.read_text(encoding="utf-8", errors="replace")
        if any(words in text for words in (*registries, *places)):  # far quicker than the expression
            found += [f"{path.relative_to(REPOSITORY)}: {match[0]}" for match in foreign.finditer(text)]
    assert not found, "\n".join(found)


PLACE = re.compile(r"`((?:kubectl_oidc|tests|docs|tools|bench|fuzz|packaging|\.github)/[\w./-]*|[A-Z]+\.md)`")


def test_what_a_contributor_is_led_to_exists() -> None:
    """Each file and directory of this repository that CONTRIBUTING.md and the decisions name is there."""
    pages = [REPOSITORY / "CONTRIBUTING.md", *(REPOSITORY / "docs" / "decisions").glob("*.md")]
    named = [(line, place) for page in pages for line in lines(page) for place in PLACE.findall(line.text)]
    assert len(named) > 40
    missing = [f"{line}: {place}" for line, place in named if not (REPOSITORY / place).exists()]
    assert not missing, "\n".join(missing)


def test_each_decision_has_its_four_parts_and_is_found() -> None:
    """Context, decision, consequences, alternatives; numbered without a gap; in the list and in the navigation."""
    records = sorted((REPOSITORY / "docs" / "decisions").glob("[0-9]*.md"))
    index = (REPOSITORY / "docs" / "decisions" / "index.md").read_text(encoding="utf-8")
    navigation = (REPOSITORY / "mkdocs.yml").read_text(encoding="utf-8")
    assert len(records) >= 12
    for number, record in enumerate(records, 1):
        text = record.read_text(encoding="utf-8")
        title = re.match(rf"# {number}\. (.+)\n", text)
        assert record.name.startswith(f"{number:04}-"), record.name
        assert title, record.name
        parts_of_it = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert parts_of_it == ["Context", "Decision", "Consequences", "Alternatives"], record.name
        assert f"| {number} | [{title[1]}]({record.name}) |" in index
        assert f"decisions/{record.name}\n" in navigation


def test_the_pages_say_that_the_plugin_allowlist_does_not_limit_our_flags() -> None:
    """Kubectl's list is about which plugin starts; `--browser-command` in a kubeconfig runs any program all the same."""
    fleet = (REPOSITORY / "docs" / "how-to-fleet.md").read_text(encoding="utf-8")
    (section,) = [part for part in fleet.split("\n## ") if "credentialPluginAllowlist" in part]
    security = (REPOSITORY / "SECURITY.md").read_text(encoding="utf-8")
    (row,) = [line for line in security.splitlines() if "credentialPluginAllowlist" in line]
    for text in (section, row):
        assert re.search(r"\*\*not\*\* (limit )?what (that program's|our) flags do", text)
        assert "`--browser-command`" in text
