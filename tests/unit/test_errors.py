"""The drawing at the top of ``errors`` is the hierarchy."""

from __future__ import annotations

import ast
import inspect
import re
from functools import cache

import pytest

from kubectl_oidc import errors
from kubectl_oidc.diagnosis import Finding
from kubectl_oidc.errors import (
    OAuthErrorResponse,
    OidcLoginError,
    ProviderUnreachable,
    UsageError,
)
from kubectl_oidc.system.signals import Interrupted
from tests.parts import REPOSITORY
from tools.messages import rows_of

CLASSES = {
    name: value
    for name, value in vars(errors).items()
    if inspect.isclass(value) and value.__module__ == errors.__name__
}


def tree(parent: type, stem: str = "") -> list[str]:
    """Return the classes below one, in the order of the file, as a directory tree is drawn."""
    children = [kind for kind in CLASSES.values() if kind.__bases__[0] is parent]
    lines = []
    for child in children:
        last = child is children[-1]
        lines.append(f"{stem}{'└── ' if last else '├── '}{child.__name__}")
        lines += tree(child, stem + ("    " if last else "│   "))
    return lines


def test_the_drawing_is_the_class_tree() -> None:
    """Every line of the drawing is the class that the file has at this place; no line is missing, added or repeated."""
    _, drawing, _ = (inspect.getdoc(errors) or "").split("\n\n")
    lines = [re.fullmatch(r" {4}(.*?\w) {2,}\S.*", line) for line in drawing.splitlines()]
    assert [line and line[1] for line in lines] == ["OidcLoginError", *tree(OidcLoginError)]
    roots = {name for name, kind in CLASSES.items() if kind.__bases__[0] not in CLASSES.values()}
    assert roots == {"OidcLoginError"}


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_every_error_says_in_a_sentence_what_happened(name: str) -> None:
    """Each class has a docstring of its own, and its own topic where it is more than its parent's."""
    kind = CLASSES[name]
    assert kind.__doc__
    if issubclass(kind, OidcLoginError):
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", kind.default_topic)


def test_an_error_is_its_message_and_its_hint() -> None:
    """``str`` is the message; the topic is the class's unless another is given."""
    error = OidcLoginError("it failed", "try again")
    assert (str(error), error.message, error.hint, error.topic) == (
        "it failed",
        "it failed",
        "try again",
        "unexpected",
    )
    assert OidcLoginError("it failed", topic="clock").topic == "clock"
    assert UsageError("wrong").topic == "usage"


def test_exit_statuses() -> None:
    """2 is for usage and 1 for every other failure."""
    statuses = {name: kind.exit_status for name, kind in CLASSES.items() if issubclass(kind, OidcLoginError)}
    assert (statuses.pop("UsageError"), statuses.pop("SeveralSessions")) == (2, 2)
    assert set(statuses.values()) == {1}


def test_an_unreachable_provider_may_have_been_reached() -> None:
    """Unless the caller knows better, a request counts as sent: its refresh token may be used up."""
    assert ProviderUnreachable("no answer").sent
    assert not ProviderUnreachable("no name", sent=False).sent


def test_a_refusal_carries_its_code() -> None:
    """The error carries the code of RFC 6749."""
    assert OAuthErrorResponse("no", code="invalid_client").code == "invalid_client"
    assert OAuthErrorResponse("no").code == ""


def test_a_signal_is_no_error_that_a_handler_of_errors_takes() -> None:
    """``except Exception`` lets it pass, so everything unwinds."""
    assert not issubclass(Interrupted, Exception)
    assert Interrupted(15).signum == 15


def first_words(node: ast.expr) -> str:
    """Return how a text in the code begins; nothing where that is known at run time only."""
    match node:
        case ast.Constant(value=str(text)) | ast.JoinedStr(values=[ast.Constant(value=str(text)), *_]):
            return text
        case ast.BinOp(left=left):
            return first_words(left)
    return ""


def test_a_hint_goes_on_after_its_colon_with_a_small_letter() -> None:
    """In the whole program, so that errors read alike; names of providers and variables keep theirs."""
    hint_is_argument = {**dict.fromkeys(CLASSES, 1), Finding.__name__: 2}
    hints = {}
    for path in (REPOSITORY / "kubectl_oidc").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                place = hint_is_argument.get(node.func.id, len(node.args))
                for argument in node.args[place : place + 1]:
                    hints[f"{path.name}:{node.lineno}"] = first_words(argument)
    assert len(hints) > 50
    assert {where: hint for where, hint in hints.items() if re.match(r"[A-Z][a-z]* ", hint)} == {}


@cache
def sentences() -> list[tuple[str, str]]:
    """Return each sentence that the program can say, after the file that says it."""
    package = REPOSITORY / "kubectl_oidc"
    return [
        (path.relative_to(package).as_posix(), sentence)
        for path in sorted(package.rglob("*.py"))
        for row in rows_of(path.read_text(encoding="utf-8"))
        for sentence in row.sentences
    ]


def test_a_line_with_a_hint_ends_with_the_topic() -> None:
    """The troubleshooting page has the text that people search for."""
    hints = [(where, sentence) for where, sentence in sentences() if re.search(r"\bhint: \S", sentence)]
    assert len(hints) > 5
    assert [one for one in hints if "(troubleshooting: " not in one[1]] == []


PASTED = re.compile(
    r"--[a-z-]+=[^\s`]*[.,;](?:\s|$)"
    r"|{(?:command_line|login|pipx|uv)}"
    r"|\b(?:kubectl oidc-login|openssl|pipx|uv tool|uv pip|chmod) [a-z-]+"
)
"""What somebody copies from a message: a command, or a flag's value with the full stop or comma of the sentence."""

ON_A_LINE_OF_THEIR_OWN = {"kubeconfig/exec_stanza.py", "demo/story.py"}
"""Files with text that kubectl prints, and with lines that end with the command."""

PUT_INTO_BACKQUOTES = {"kubeconfig/file_checks.py"}
"""Files with a command in a constant."""


def test_a_command_in_a_sentence_is_in_backquotes() -> None:
    """Otherwise the full stop or comma after it is copied too, and the end of the command is not seen."""
    assert PASTED.search("use --grant-type=password, or nothing")
    assert PASTED.search("first run kubectl oidc-login login")
    found = [
        (where, sentence)
        for where, sentence in sentences()
        if (copied := PASTED.search(re.sub("`[^`]*`", "``", sentence))) and copied.start() > 0
    ]
    assert [one for one in found if one[0] not in {*ON_A_LINE_OF_THEIR_OWN, *PUT_INTO_BACKQUOTES}] == []
