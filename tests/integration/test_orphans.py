"""``status --orphans`` and ``purge --orphans``: sessions of issuers that the kubeconfig does not name; and the table of ``logout --all``."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.cli.prompts import NOTHING_CHANGED
from kubectl_oidc.cli.table import EMPTY
from tests.topics import told_apart

from .kubeconfigs import write_kubeconfig
from .laptop import cache
from .on_terminal import OnTerminal
from .said import failure

if TYPE_CHECKING:
    from .laptop import Laptop
    from .realm import OpenIdProvider

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here


@pytest.fixture
def two(laptop: Laptop, openid_provider: OpenIdProvider) -> tuple[Laptop, str]:
    """Have sessions at two issuers, of which the kubeconfig names the first; return the second one's issuer too."""
    named = laptop.realm
    laptop.realm = openid_provider.new_realm()
    orphan = laptop.realm.issuer
    laptop.signed_in()
    laptop.realm = named
    laptop.signed_in()
    write_kubeconfig({"oidc": laptop.words()[1:]}, {"production": "oidc"}, current="production")
    return laptop, orphan


def issuers(laptop: Laptop, *words: str) -> list[str]:
    ended = laptop.run("status", "-o", "json", *words)
    assert ended.status == 0, ended.stderr
    return sorted(one["issuer"] for one in json.loads(ended.stdout)["sessions"])


def cells(row: str) -> list[str]:
    """Return the cells of a row of a table."""
    return re.split(r" {3,}", row)


def test_orphans_are_listed_and_removed(two: tuple[Laptop, str]) -> None:
    """The sessions of a named issuer stay, whatever their scopes and names are."""
    laptop, orphan = two
    laptop.signed_in("--session=other")
    assert issuers(laptop, "--orphans") == [orphan]
    with OnTerminal("status") as terminal:
        assert "`kubectl oidc-login purge --orphans`" in terminal.ended().stderr
    ended = laptop.run("purge", "--orphans", "--yes")
    assert (ended.status, ended.stdout) == (0, "")
    assert orphan in ended.stderr
    assert issuers(laptop) == [laptop.realm.issuer] * 2
    for words in (["status", "--orphans"], ["purge", "--orphans"]):
        ended = laptop.run(*words)
        assert (ended.status, ended.stdout) == (0, "")
        assert len(ended.stderr.splitlines()) == 1


def test_purge_asks_before_it_removes(two: tuple[Laptop, str]) -> None:
    laptop, orphan = two
    ended = laptop.run("purge", "--orphans")
    failure(ended, "usage", "--yes", "status --orphans", status=2)
    with OnTerminal("purge", "--orphans") as terminal:
        terminal.shows("[y/N]")
        assert orphan in terminal.text()
        terminal.type(b"\r")
        ended = terminal.ended()
    assert ended.status == 1
    assert NOTHING_CHANGED in ended.stderr
    assert issuers(laptop, "--orphans") == [orphan]
    with OnTerminal("purge", "--orphans") as terminal:
        terminal.shows("[y/N]")
        terminal.type(b"y\r")
        assert terminal.ended().status == 0
    assert issuers(laptop, "--orphans") == []


@pytest.mark.parametrize(
    "user",
    [
        ["--oidc-issuer-url", "ISSUER", "--no-such-flag"],
        ["--oidc-issuer-url=ISSUER"],
        {"exec": {"command": "another", "args": ["--oidc-issuer-url=ISSUER"]}},
        {"exec": {"command": "x", "env": [{"name": "KUBECTL_OIDC_ISSUER_URL", "value": "ISSUER"}]}},
        {"auth-provider": {"name": "oidc", "config": {"idp-issuer-url": "ISSUER"}}},
    ],
)
def test_an_issuer_that_is_named_in_any_way_is_no_orphan(two: tuple[Laptop, str], user: object) -> None:
    """A stanza that cannot be parsed, another program's, or kubectl's own plug-in."""
    laptop, orphan = two
    own = json.loads(
        json.dumps(user).replace("ISSUER", orphan).replace("KUBECTL_OIDC_" + orphan, "KUBECTL_OIDC_ISSUER")
    )
    write_kubeconfig({"oidc": laptop.words()[1:], "own": own}, {})
    assert issuers(laptop, "--orphans") == []


def test_without_all_kubeconfigs_nothing_is_an_orphan(two: tuple[Laptop, str]) -> None:
    """A file that is missing or broken may name any issuer, so nothing is listed and nothing is removed."""
    laptop, _ = two
    config = Path.home() / ".kube" / "config"
    before = laptop.stored()
    for words in (["status", "--orphans"], ["purge", "--orphans", "--yes"]):
        more = {"KUBECONFIG": f"{config}:/nowhere/config"}
        failure(laptop.run(*words, env=more), "kubeconfig", "/nowhere/config", "KUBECONFIG")
    config.write_text("users: [")
    for words in (["status", "--orphans"], ["purge", "--orphans", "--yes"]):
        failure(laptop.run(*words), "kubeconfig", str(config))
    config.unlink()
    for words in (["status", "--orphans"], ["purge", "--orphans", "--yes"]):
        failure(laptop.run(*words), "kubeconfig", str(config))
    assert laptop.stored() == before


def test_orphans_are_chosen_by_nothing_else(two: tuple[Laptop, str]) -> None:
    laptop, _ = two
    for flag in ("--all", "--context=production", "--session=x"):
        ended = laptop.run("purge", "--orphans", flag)
        failure(ended, "usage", "--orphans", flag.partition("=")[0], status=2)
    failure(laptop.run("purge", "--yes"), "usage", "--yes", "--orphans", status=2)


def test_logout_all_asks_each_provider_and_reports_a_table(
    two: tuple[Laptop, str], openid_provider: OpenIdProvider
) -> None:
    """One provider fails, and the other is asked all the same; the exit status says that one failed."""
    laptop, orphan = two
    other = type(laptop.realm)(orphan)
    assert orphan.startswith(openid_provider.origin)
    other.fail_next("/token/revocation", times=20, status=500)
    ended = laptop.run("logout", "--all", "--keep-provider-session")
    assert ended.status == 1
    assert "(troubleshooting: provider" in ended.stderr
    titles, *rows = ended.stdout.splitlines()
    assert titles.split()[:2] == ["SESSION", "PERSON"]
    found = {row.split()[2]: row for row in rows}
    assert all(re.fullmatch("[0-9a-f]{8}", row.split()[0]) for row in rows)
    assert found.keys() == {orphan, laptop.realm.issuer}
    told_apart({"revoked": [cells(found[laptop.realm.issuer])[4]], "not revoked": [cells(found[orphan])[4]]})
    assert {cells(row)[5] for row in rows} == {EMPTY}, "the browser stays signed in"
    assert len({cells(row)[6] for row in rows} - {EMPTY}) == 1, "both are removed"
    assert laptop.realm.seen().requests["POST /token/revocation"] == 1
    assert not [*(cache() / "tokens").iterdir()]


def test_a_browser_is_sent_once_for_each_issuer(two: tuple[Laptop, str]) -> None:
    laptop, orphan = two
    laptop.signed_in("--session=other")
    before = len(laptop.browser.opened())
    ended = laptop.run(
        "logout", "--all", env={"KUBECTL_OIDC_BROWSER_COMMAND": laptop.browser.flag.partition("=")[2]}
    )
    assert ended.status == 0, ended.stderr
    assert len(laptop.browser.opened()) == before + 2
    rows = ended.stdout.splitlines()[1:]
    assert len(rows) == 3
    by_name = {cells(row)[0]: cells(row) for row in rows}
    (also,) = (row for row in by_name.values() if row[5].split()[-1] in by_name)
    first = by_name.pop(also[5].split()[-1])
    assert first[2] == also[2], "the row names the session of its issuer that the browser was sent for"
    assert first[0] == "other", "it was signed in last"
    assert len({row[5] for row in by_name.values() if row is not also} | {first[5]}) == 1
    assert orphan in ended.stdout
