"""One rule for all commands: which session --session, a context, a user, flags or nothing select."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING

import pytest

from .kubeconfigs import write_kubeconfig
from .laptop import cache
from .said import choices, complaint, failure

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.plugin import Ended

    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

ADMIN = ("--session=admin", "--expect-claim=email=alice@*", "--prompt=select_account")
DAILY = ("--session=daily", "--expect-claim=email=bob@*", "--prompt=select_account")
ALICE, BOB = "alice@example.com", "bob@example.com"


def ids(laptop: Laptop) -> dict[str, str]:
    """Return the IDs of the sessions that are kept, by their names."""
    document = json.loads(laptop.run("status", "-o", "json").stdout)
    return {one["name"]: one["id"] for one in document["sessions"]}


@pytest.fixture
def accounts(laptop: Laptop) -> Laptop:
    """Have the two accounts of docs/how-to-accounts.md; the current context is the daily one's."""
    laptop.signed_in(*ADMIN)
    laptop.scripted.signs_in_as("bob")
    laptop.signed_in(*DAILY)
    words = laptop.words()[1:]
    write_kubeconfig(
        {"admin": [*words, *ADMIN], "daily": [*words, *DAILY]},
        {"production": "admin", "staging": "daily"},
        current="staging",
    )
    return laptop


def logged_out(laptop: Laptop, *more: str) -> str:
    """Return who is signed out by `logout`."""
    return _removed(laptop.run("logout", "--keep-provider-session", *more))


def purged(laptop: Laptop, *more: str) -> str:
    """Return whose session `purge` removes."""
    return _removed(laptop.run("purge", *more))


def _removed(ended: Ended) -> str:
    assert ended.status == 0, ended.stderr
    (person,) = re.findall(r"\S+@\S+", ended.stderr)
    return str(person)


def shown(laptop: Laptop, *more: str) -> str:
    """Return who it is for `whoami`."""
    ended = laptop.run("whoami", "-o", "json", *more)
    assert ended.status == 0, ended.stderr
    return str(json.loads(ended.stdout)["person"])


def signed_in(laptop: Laptop, *more: str) -> str:
    """Return whose session `login` replaces: the browser belongs to bob, so the one that wants alice refuses him."""
    ended = laptop.run("login", *more)
    if ended.status == 0:
        assert BOB in ended.stderr
        return BOB
    assert "email=alice@*" in ended.stderr
    return ALICE


def listed(laptop: Laptop, *more: str) -> str:
    """Return whose session `status` shows; all of them without a choice."""
    (session,) = json.loads(laptop.run("status", "-o", "json", *more).stdout)["sessions"]
    return str(session["person"])


def examined(laptop: Laptop, *more: str) -> str:
    """Return whose session `doctor` looks at."""
    checks = json.loads(laptop.run("doctor", "-o", "json", *more).stdout)["checks"]
    (session,) = [check["message"] for check in checks if check["name"] == "session"]
    return ALICE if ALICE in session else BOB if BOB in session else session


COMMANDS = (logged_out, purged, shown, signed_in, listed, examined)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.__name__)
@pytest.mark.parametrize("way", ["name", "ID", "start of the ID", "user", "context"])
def test_every_command_finds_the_session_by_the_same_words(
    accounts: Laptop, command: Callable[..., str], way: str
) -> None:
    """Neither the current context nor --expect-claim, which is part of a session's identity, is in the way."""
    admin = ids(accounts)["admin"]
    words = {
        "name": "--session=admin",
        "ID": f"--session={admin}",
        "start of the ID": f"--session={admin[:8].upper()}",
        "user": "--user=admin",
        "context": "--context=production",
    }
    assert command(accounts, words[way]) == ALICE


@pytest.mark.parametrize(
    "command", [each for each in COMMANDS if each is not listed], ids=lambda each: each.__name__
)
def test_without_words_the_current_context_has_its_way(accounts: Laptop, command: Callable[..., str]) -> None:
    """Also for `purge`, though two sessions are kept."""
    assert command(accounts) == BOB
    assert ALICE in accounts.run("status").stdout


@pytest.mark.parametrize("command", ["logout", "purge", "whoami"])
def test_a_current_context_that_is_not_signed_in_means_no_other_session(
    accounts: Laptop, command: str
) -> None:
    """One session is left, and it is another user's: nothing is done to it."""
    assert purged(accounts) == BOB
    before = accounts.stored()
    assert ALICE not in accounts.run(command, "-o=json" if command == "whoami" else "-v=0").stdout
    assert accounts.stored() == before


@pytest.mark.parametrize("command", ["logout", "purge", "whoami", "login", "doctor"])
def test_several_sessions_are_listed_each_with_the_command_that_selects_it(
    accounts: Laptop, command: str
) -> None:
    """A name that two sessions have: nothing is done, and each command that is listed means one of them."""
    extra = "--oidc-extra-scope=groups"
    words = accounts.words()[1:]
    accounts.scripted.signs_in_as("alice")
    accounts.signed_in(extra, *ADMIN)
    write_kubeconfig({"admin": [*words, *ADMIN], "second": [*words, extra, *ADMIN]}, {"production": "admin"})
    before = accounts.stored()
    found = choices(accounts.run(command, "--session=admin"))
    assert accounts.stored() == before
    assert len(found) == 2
    assert all(ALICE in words for words in found.values())
    (groups,) = [line for line, said in found.items() if "groups" in said]
    kubectl, name, *chosen = shlex.split(groups)
    assert (kubectl, name, chosen[0]) == ("kubectl", "oidc-login", command)
    wanted = next(
        one["id"]
        for one in json.loads(accounts.run("status", "-o", "json").stdout)["sessions"]
        if "groups" in one["scopes"]
    )
    assert chosen[1:] == [f"--session={wanted[:8]}"]
    assert purged(accounts, *chosen[1:]) == ALICE
    assert wanted not in ids(accounts).values()
    assert len(ids(accounts)) == 2


def test_the_file_that_was_named_is_in_the_commands_that_are_listed(
    accounts: Laptop,
) -> None:
    """What selects among the sessions of another kubeconfig does so with that kubeconfig."""
    elsewhere = write_kubeconfig({}, {}, path=cache().parent.parent / "other config")
    found = choices(accounts.run("purge", f"--kubeconfig={elsewhere}"))
    assert {shlex.split(line)[3] for line in found} == {f"--kubeconfig={elsewhere}"}


@pytest.mark.parametrize("command", [logged_out, purged, shown], ids=lambda each: each.__name__)
def test_without_a_user_of_ours_the_only_session_is_meant(
    signed_in: Laptop, command: Callable[..., str]
) -> None:
    """No kubeconfig, or one without a current context."""
    write_kubeconfig({"oidc": signed_in.words()[1:]}, {"production": "oidc"})
    assert command(signed_in) == ALICE


@pytest.mark.parametrize("command", ["whoami", "login", "doctor", "token"])
@pytest.mark.parametrize("current", ["misspelt", "without-user", "gone"])
def test_a_current_context_without_its_user_means_no_session(
    signed_in: Laptop, command: str, current: str
) -> None:
    """Without credentials for kubectl nothing else counts that is stored: the context and the missing name are named."""
    contexts = {"misspelt": "oidcc", "without-user": ""}
    write_kubeconfig({"oidc": signed_in.words()[1:]}, contexts, current=current)
    failure(signed_in.run(command), "stanza", current, contexts.get(current, ""))
    assert re.search(rf"^warning: .*\b{current}\b", signed_in.run("config").stderr, re.MULTILINE)
    assert logged_out(signed_in) == ALICE


def test_a_context_of_another_program_means_the_only_session_to_who_ends_it(signed_in: Laptop) -> None:
    """`whoami` shows nobody for a user that signs in otherwise; `purge` and `logout` take the only session."""
    write_kubeconfig({"robot": {"token": "x"}}, {"machines": "robot"}, current="machines")
    complaint(signed_in.run("whoami"))
    complaint(signed_in.run("login"))
    complaint(signed_in.run("logout", "--user=robot"))
    assert logged_out(signed_in) == ALICE


def test_a_session_that_no_user_asks_for_any_more_can_be_used_and_ended(accounts: Laptop) -> None:
    """Its user is gone from the kubeconfig; the index knows its flags."""
    write_kubeconfig({}, {})
    assert shown(accounts, "--session=admin") == ALICE
    before = ids(accounts)
    accounts.scripted.signs_in_as("alice")
    how = (accounts.browser.flag, "--listen-address=127.0.0.1:0")
    assert accounts.run("login", "--session=admin", *how).status == 0
    assert ids(accounts) == before
    accounts.realm.forget()
    ended = accounts.run("logout", "--session=admin", "--keep-provider-session")
    assert _removed(ended) == ALICE
    assert accounts.realm.seen().requests["POST /token/revocation"] == 1
    assert list(ids(accounts)) == ["daily"]


def test_a_session_with_a_secret_flag_cannot_be_signed_in_to_by_its_name(signed_in: Laptop) -> None:
    """The index has no secret, so the flags are not all known; the session can be ended."""
    flags = ["--oidc-request-header=X-Key=hush", "--session=odd"]
    assert signed_in.run(*signed_in.words(*flags, command="login")).status == 0
    failure(signed_in.run("login", "--session=odd"), "usage", " odd ", "--user", status=2)
    assert logged_out(signed_in, "--session=odd") == ALICE


def test_flags_that_leave_something_out_mean_the_only_session_that_agrees(signed_in: Laptop) -> None:
    """Issuer and client are enough for `whoami` and `logout`, as they are for `purge`; what is given must agree."""
    realm = [f"--oidc-issuer-url={signed_in.realm.issuer}", f"--oidc-client-id={signed_in.client}"]
    assert shown(signed_in, *realm) == ALICE
    complaint(signed_in.run("whoami", *realm, "--oidc-extra-scope=groups"))
    assert logged_out(signed_in, *realm) == ALICE


def test_a_word_that_selects_nothing_is_named(accounts: Laptop) -> None:
    """Less than eight digits select no ID; a name that is mistyped is said with the nearest one."""
    admin = ids(accounts)["admin"]
    write_kubeconfig({}, {})
    before = accounts.stored()
    for word in (admin[:7], "amdin"):
        for command in ("logout", "purge", "whoami", "login", "doctor", "status", "token"):
            ended = accounts.run(command, f"--session={word}")
            failure(ended, "sign-in-needed", f" {word} ", "--session=admin ", "alice@example.com")
    assert accounts.stored() == before


def test_a_new_name_is_a_new_session_of_the_current_context(accounts: Laptop) -> None:
    """`login --session` with a name that there is not yet keeps the user's other flags; the next time it means that session."""
    for _ in range(2):
        ended = accounts.run("login", "--context=staging", "--session=second")
        assert ended.status == 0, ended.stderr
    assert sorted(ids(accounts)) == ["admin", "daily", "second"]
    assert logged_out(accounts, "--session=second") == BOB


@pytest.mark.parametrize("whole", [False, True], ids=["by name", "all flags"])
@pytest.mark.parametrize("command", ["token", "exec"])
def test_a_program_that_needs_a_token_gets_none_under_a_new_name(
    accounts: Laptop, command: str, *, whole: bool
) -> None:
    """The name may be mistyped: nobody signs in, and `login` makes a session of a new name."""
    before, opened = accounts.stored(), len(accounts.browser.opened())
    words = accounts.words("--session=dayly", command=command) if whole else [command, "--session=dayly"]
    ended = accounts.run(*words, *(["--", "true"] if command == "exec" else []))
    said = failure(ended, "sign-in-needed", "dayly", "--session=daily ", "bob@example.com", "login")
    assert "--session=dayly" in said.rpartition("\n")[2], "the hint makes that session"
    assert (accounts.stored(), len(accounts.browser.opened())) == (before, opened)


def test_a_name_that_the_kubeconfig_asks_for_is_signed_in_to(accounts: Laptop) -> None:
    """Also if nobody is signed in to it yet."""
    assert purged(accounts, "--session=daily") == BOB
    assert accounts.run("token", "--session=daily", "--claim=email").stdout == f"{BOB}\n"


@pytest.mark.parametrize("command", ["logout", "whoami", "purge"])
def test_issuer_or_client_is_enough_if_one_session_has_it(accounts: Laptop, command: str) -> None:
    """With several they are listed, and with none the nearest are."""
    issuer = f"--oidc-issuer-url={accounts.realm.issuer}"
    assert len(choices(accounts.run(command, issuer))) == 2
    assert purged(accounts, "--session=admin") == ALICE
    ended = accounts.run(command, "--oidc-issuer-url=https://other.example")
    if command == "purge":
        assert ended.status == 0
    else:
        failure(ended, "sign-in-needed", "https://other.example", "--session=daily ", "bob@example.com")
    ended = accounts.run(command, issuer)
    assert ended.status == 0, ended.stderr
    assert BOB in ended.stdout + ended.stderr


def test_purge_with_all_flags_of_a_kubeconfig_is_done_if_there_is_nothing(accounts: Laptop) -> None:
    """As with version 1.0.0, whose scripts may rely on it; a name only must be one that is stored."""
    for _ in range(2):
        assert accounts.purge(*ADMIN).status == 0
    failure(accounts.run("purge", "--session=admin"), "sign-in-needed", "--session=daily ", "bob@example.com")


def test_a_variable_chooses_no_other_session_for_status(accounts: Laptop) -> None:
    """What a shell's profile says for the plugin hides nothing in the list."""
    ended = accounts.run(
        "status", "-o", "json", env={"KUBECTL_OIDC_SESSION": "admin", "KUBECTL_OIDC_CONTEXT": "production"}
    )
    assert len(json.loads(ended.stdout)["sessions"]) == 2


def test_sessions_that_the_index_has_lost_are_listed_too(accounts: Laptop) -> None:
    """None of them is removed by chance: each has its command."""
    known = ids(accounts)
    write_kubeconfig({}, {})
    for entry in (cache() / "sessions").iterdir():
        entry.unlink()
    before = accounts.stored()
    found = choices(accounts.run("purge"))
    assert accounts.stored() == before
    assert set(found) == {f"kubectl oidc-login purge --session={one[:8]}" for one in known.values()}
    ended = accounts.run(*shlex.split(next(iter(found)))[2:])
    assert ended.status == 0
    assert "@example.com" in ended.stderr
    assert len(list((cache() / "tokens").iterdir())) == 1
    assert "@example.com" in accounts.run("purge").stderr
    assert list((cache() / "tokens").iterdir()) == []


@pytest.mark.parametrize("command", ["whoami", "doctor"])
def test_a_kubeconfig_that_does_not_exist_is_named(
    signed_in: Laptop, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """KUBECONFIG may be mistyped; the only session is shown all the same."""
    monkeypatch.setenv("KUBECONFIG", "/nowhere/config")
    ended = signed_in.run(command)
    assert ALICE in ended.stdout
    assert [line for line in ended.stderr.splitlines() if line.startswith("warning: KUBECONFIG")]
    assert "/nowhere/config" in ended.stderr
