"""Questions at a terminal: answers, proposals, and when nobody can be asked."""

from __future__ import annotations

import io
import re
import sys

import click
import pytest

from kubectl_oidc.cli.prompts import Questions, can_ask
from kubectl_oidc.system.signals import Interrupted
from kubectl_oidc.system.terminal import Terminal


class Screen(Terminal):
    """A terminal that collects its output."""

    def __init__(self, *, interactive: bool = True) -> None:
        super().__init__()
        self.text = ""
        self._interactive = interactive

    @property
    def interactive(self) -> bool:
        return self._interactive

    def prompt(self, words: str) -> None:
        self.text += words

    def need(self, line: str) -> None:
        self.text += f"{line}\n"


@pytest.fixture
def screen() -> Screen:
    """Return a terminal."""
    return Screen()


def typed(monkeypatch: pytest.MonkeyPatch, keys: bytes) -> None:
    """Put these bytes on standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(keys)))


def test_white_space_around_an_answer_is_removed(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pasted text often has some."""
    typed(monkeypatch, b" \t https://a.example.com \r\n")
    assert Questions(screen).ask("Issuer URL") == "https://a.example.com"
    assert screen.text == "Issuer URL: "


def test_enter_accepts_the_proposal_and_asks_again_without_one(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer is never empty."""
    typed(monkeypatch, b"\n\n  \nx\n")
    questions = Questions(screen)
    assert questions.ask("Name", "oidc") == "oidc"
    assert questions.ask("Name") == "x"
    (advice, again) = re.fullmatch(r"Name \[oidc\]: Name: (.+\n)Name: (.+\n)Name: ", screen.text).groups()  # type: ignore[union-attr]
    assert advice == again
    assert "Ctrl-C" in advice


@pytest.mark.parametrize("proposal", ["https://a.example.com\x1b[2K\rhttps://b", "a\u202eb", "x" * 2000])
def test_invisible_text_is_not_proposed(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, proposal: str
) -> None:
    """Text from a kubeconfig does not control the terminal, and Enter does not accept hidden text."""
    typed(monkeypatch, b"\nmine\n")
    assert Questions(screen).ask("Issuer URL", proposal) == "mine"
    assert re.fullmatch(r"Issuer URL: [\x20-\x7e]+\nIssuer URL: ", screen.text)
    assert "https:" not in screen.text


@pytest.mark.parametrize(
    ("keys", "proposal", "said"),
    [(b"\n", True, True), (b"\n", False, False), (b"Yes\n", False, True), (b"N\n", True, False), (b"si\ny\n", False, True)],
)  # fmt: skip
def test_only_yes_and_no_are_accepted(
    screen: Screen,
    monkeypatch: pytest.MonkeyPatch,
    keys: bytes,
    proposal: bool,  # noqa: FBT001 - a parameter
    said: bool,  # noqa: FBT001 - a parameter
) -> None:
    """Enter is the answer in capitals."""
    typed(monkeypatch, keys)
    assert Questions(screen).confirm("Run it?", proposal=proposal) is said
    assert screen.text.startswith(f"Run it? [{'Y/n' if proposal else 'y/N'}]: ")


def test_the_end_of_the_input_aborts_on_a_new_line(screen: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not accept the proposal, and the shell's prompt is not on the question's line."""
    typed(monkeypatch, b"")
    for ask in (
        lambda: Questions(screen).ask("Name", "x"),
        lambda: Questions(screen).confirm("?", proposal=True),
    ):
        with pytest.raises(click.Abort):
            ask()
    assert screen.text == "Name [x]: \n? [Y/n]: \n"


@pytest.mark.parametrize("ends", [KeyboardInterrupt(), Interrupted(2)])
def test_ctrl_c_ends_the_line_of_the_question(
    screen: Screen, monkeypatch: pytest.MonkeyPatch, ends: BaseException
) -> None:
    """The terminal shows ^C after the question. The error message starts on a new line."""

    class Keys(io.BytesIO):
        def readline(self, size: int | None = -1, /) -> bytes:  # noqa: ARG002 - the method's signature
            raise ends

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(Keys()))
    with pytest.raises(type(ends)):
        Questions(screen).ask("Client ID")
    assert screen.text == "Client ID: \n"


def test_an_answer_that_is_not_utf_8_is_asked_for_again(
    screen: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No traceback for a terminal in Latin 1."""
    typed(monkeypatch, b"caf\xe9\ncafe\n")
    assert Questions(screen).ask("Name") == "cafe"
    assert "UTF-8" in screen.text


def test_nobody_is_asked_without_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pipe on standard input, standard error elsewhere, or no standard input at all."""
    assert not can_ask(Screen(interactive=False))
    typed(monkeypatch, b"y\n")
    assert not can_ask(Screen())
    monkeypatch.setattr(sys, "stdin", None)
    assert not can_ask(Screen())
