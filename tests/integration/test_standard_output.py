"""Standard output that takes nothing, and one that is no console: with the installed program."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests import parts

from .mounts import without_a_home
from .said import topics

if TYPE_CHECKING:
    from .laptop import Laptop

PLACES = {"full": "exec >/dev/full", "closed": "exec >&-", "unread": "exec > >(exec true); sleep 0.3"}


def run_into(place: str, *words: str, env: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the program with standard output led elsewhere by bash."""
    script = f'{place}; exec "$@"'
    return subprocess.run(
        [parts.program("bash"), "-c", script, "bash", str(parts.plugin()), *words],
        env={**os.environ, **(env or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        timeout=40,
        check=False,
    )


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("command", ["cached", "refreshed", "status", "whoami"])
def test_standard_output_that_takes_nothing_is_said(signed_in: Laptop, place: str, command: str) -> None:
    """One line with the reason, one with what to do, exit 1: of a cached answer too.

    A person's command whose reader has gone ends as other programs do: quietly, with the status of SIGPIPE.
    """
    signed_in.signed_in()  # known from here on
    words = {
        "cached": signed_in.words(),
        "refreshed": signed_in.words("--force-refresh"),
        "status": ["status"],
        "whoami": ["whoami", *signed_in.realm.flags("--token-cache-storage=disk"), "-o", "yaml"],
    }[command]
    ended = run_into(PLACES[place], *words)
    if place == "unread" and command in {"status", "whoami"}:
        assert (ended.returncode, ended.stderr) == (141, "")
        return
    assert ended.returncode == 1
    lines = [line for line in ended.stderr.splitlines() if not line.startswith("Signing in")]
    assert [line.partition(":")[0] for line in lines] == ["error", "hint"], ended.stderr
    assert topics(lines[1]) == ["standard-output"]


@pytest.mark.parametrize("encoding", ["cp1252:surrogateescape", "cp1252", "ascii:strict"])
def test_a_pipe_gets_utf_8_whatever_the_console_has(laptop: Laptop, encoding: str) -> None:
    """As Windows gives a pipe the console's code page; the group's name has letters that it lacks."""
    name = "Łódź-админы"
    laptop.realm.set_groups(alice=[name])
    laptop.signed_in("--oidc-extra-scope=groups")
    flags = laptop.realm.flags("--token-cache-storage=disk", "--oidc-extra-scope=groups")
    env = {"PYTHONIOENCODING": encoding}
    for words in (["whoami", *flags], ["whoami", *flags, "-o", "yaml"], ["status", "-o", "wide"]):
        ended = laptop.run(*words, env=env)
        assert ended.status == 0, ended.stderr
        assert name in ended.stdout, words


@pytest.mark.parametrize("words", [["status"], ["purge", "--all"], ["logout", "--all"]])
@pytest.mark.parametrize("empty", [True, False], ids=["empty", "unset"])
def test_a_missing_home_is_called_so(words: list[str], *, empty: bool) -> None:
    """And no place is made up."""
    command = ["env", "HOME="] if empty else without_a_home()
    ended = subprocess.run(
        [*command, str(parts.plugin()), *words],
        capture_output=True,
        encoding="utf-8",
        timeout=40,
        check=False,
    )
    assert "HOME" in ended.stderr
    assert "/dev/null" not in ended.stdout + ended.stderr


@pytest.mark.parametrize("storage", ["disk", "auto", "keyring"])
def test_a_store_without_a_home_is_not_blamed(laptop: Laptop, storage: str) -> None:
    """The keyring is not locked, and the file system is not wrong: HOME is missing."""
    laptop.storage = storage
    running = laptop.begin(*laptop.words(), command=[*without_a_home(), str(parts.plugin())])
    ended = running.ended(40)
    assert ended.status == 0
    assert "unlock" not in ended.stderr
    assert "/dev/null" not in ended.stderr
    assert storage == "keyring" or "HOME" in ended.stderr
