"""The provider is down, its metadata is cached, and a person would have to sign in: said at once, before the browser."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.hostile import Hostile
from tests.hostile_provider import HostileProvider

from .laptop import cache
from .on_terminal import OnTerminal
from .said import topics
from .visitor import VisitedLaptop

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.plugin import Running

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here


@pytest.fixture
def down(tmp_path: Path, start_plugin: Callable[..., Running]) -> VisitedLaptop:
    """Have a laptop on which the provider's metadata is cached, no session is, and the provider refuses connections."""
    with Hostile() as server:
        laptop = VisitedLaptop(HostileProvider(server), tmp_path, start_plugin)
        assert laptop.run().status == 0
        words = [
            word for word in laptop.words(command="purge") if not word.startswith(("--browser", "--listen"))
        ]
        assert laptop.run_words(words).status == 0
    assert list((cache() / "metadata").iterdir())
    return laptop


def test_no_browser_opens_on_a_dead_page(down: VisitedLaptop) -> None:
    """The error is the network's, within seconds, and it is no failed sign-in: nobody was asked."""
    began = time.monotonic()
    outcome = down.run()
    assert time.monotonic() - began < 15
    assert (outcome.status, outcome.stdout, down.opened) == (1, "", 1)
    assert topics(outcome.stderr) == ["provider-unreachable"]
    assert [json.loads(one.read_bytes())["count"] for one in (cache() / "failed").iterdir()] == [0]


@pytest.mark.parametrize(
    "flags", [["--skip-open-browser"], ["--grant-type=authcode-keyboard"], ["--grant-type=password"]]
)
def test_nobody_is_asked_for_anything(down: VisitedLaptop, flags: list[str]) -> None:
    """Neither an address to open nor a code nor a password."""
    without = ("-v", "9") if "--skip-open-browser" in flags else ("-v", "9", "--browser", "--listen")
    words = [word for word in down.words(*flags) if not word.startswith(without)]
    with OnTerminal(*words) as terminal:
        ended = terminal.ended()
    assert ended.status == 1
    assert topics(ended.stderr) == ["provider-unreachable"]
    assert "/auth?" not in ended.stderr
    assert "assword" not in ended.stderr
