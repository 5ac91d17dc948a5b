"""Sessions that kubelogin left: taken over where they fit, so that nobody signs in again; and what must not be."""

from __future__ import annotations

import base64
import fcntl
import hashlib
import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.reasons import MISSING

from . import limits
from .laptop import cache, claims_of, token_of
from .said import failure, the_reason, topics

if TYPE_CHECKING:
    from pathlib import Path

    from .laptop import Laptop
    from .os_keyring import OsKeyring
    from .realm import OpenIdProvider

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

ENDED = 5  # seconds; a token that ends so soon is not handed out


def tokens_of_a_sign_in(laptop: Laptop, *more: str) -> dict[str, str]:
    """Sign in, take the session out of our store, and return its tokens as kubelogin's record has them."""
    laptop.signed_in(*more)
    (path,) = (cache() / "tokens").iterdir()
    record = json.loads(path.read_bytes())
    assert laptop.purge(*more).status == 0
    laptop.realm.forget()
    return {name: record[name] for name in ("id_token", "refresh_token")}


def leave(tokens: dict[str, str], name: str = "flags") -> Path:
    """Leave a session as kubelogin does: under a digest of its flags."""
    path = cache() / hashlib.sha256(name.encode()).hexdigest()
    path.write_text(json.dumps(tokens))
    path.chmod(0o600)
    return path


def browsers(laptop: Laptop) -> int:
    """Return how often a browser was opened."""
    return len(laptop.browser.opened())


def test_a_token_that_is_good_is_taken_over(laptop: Laptop) -> None:
    """Validated by the key set, handed out, stored as ours; kubelogin's copy is gone, and the session can be refreshed."""
    tokens = tokens_of_a_sign_in(laptop)
    path = leave(tokens)
    assert laptop.signed_in() == tokens["id_token"]
    assert browsers(laptop) == 1, "the one that made the tokens"
    assert laptop.realm.seen().token_requests == []
    assert not path.exists()
    new = laptop.signed_in("--force-refresh")
    assert new != tokens["id_token"]
    assert laptop.realm.seen().token_requests == ["refresh_token"]
    assert browsers(laptop) == 1


def test_a_token_that_has_ended_is_refreshed(laptop: Laptop) -> None:
    """One request, no browser; what it brings is stored as ours."""
    laptop.realm.id_tokens_live(ENDED)
    tokens = tokens_of_a_sign_in(laptop)
    laptop.realm.id_tokens_live(3600)
    path = leave(tokens)
    token = laptop.signed_in()
    assert token != tokens["id_token"]
    assert laptop.signed_in() == token
    assert laptop.realm.seen().token_requests == ["refresh_token"]
    assert browsers(laptop) == 1
    assert not path.exists()


def test_twenty_at_once_take_it_over_once(laptop: Laptop) -> None:
    """One refresh, one token for all, no browser."""
    laptop.realm.id_tokens_live(ENDED)
    tokens = tokens_of_a_sign_in(laptop)
    laptop.realm.id_tokens_live(3600)
    leave(tokens)
    running = [laptop.start() for _ in range(20)]
    assert len({token_of(one.ended(60).stdout) for one in running}) == 1
    assert laptop.realm.seen().token_requests == ["refresh_token"]
    assert browsers(laptop) == 1


def test_a_refresh_token_that_is_no_longer_good_leads_to_a_sign_in(laptop: Laptop) -> None:
    """As with a session of our own."""
    laptop.realm.id_tokens_live(ENDED)
    tokens = tokens_of_a_sign_in(laptop)
    laptop.realm.id_tokens_live(3600)
    leave(tokens | {"refresh_token": "made-up"})
    said = laptop.get_token("-v", "1").stderr
    why = the_reason(said)
    assert "kubelogin" in why
    assert "invalid_grant" in why
    assert MISSING not in said
    assert laptop.realm.seen().token_requests == ["refresh_token", "authorization_code"]
    assert browsers(laptop) == 2


def forged(tokens: dict[str, str]) -> dict[str, str]:
    head, claims, signature = tokens["id_token"].split(".")
    return tokens | {"id_token": f"{head}.{claims}.{signature[:-6]}AAAAAA"}


@pytest.mark.parametrize(
    "why",
    [
        *("a forged signature", "no JSON", "no token", "a stranger's member", "several people"),
        *("a symlink", "others may read it", "in use", "another name"),
    ],
)
def test_what_does_not_fit_is_not_taken_over(laptop: Laptop, why: str, tmp_path: Path) -> None:
    """A person signs in, and what is not understood stays where it is."""
    tokens = tokens_of_a_sign_in(laptop)
    path = leave(forged(tokens) if why == "a forged signature" else tokens)
    if why == "no JSON":
        path.write_text("{")
    elif why == "no token":
        path.write_text(json.dumps({"refresh_token": "x"}))
    elif why == "a stranger's member":
        path.write_text(json.dumps({**tokens, "access_token": "x"}))
    elif why == "several people":
        laptop.scripted.signs_in_as("bob")
        leave(tokens_of_a_sign_in(laptop, "--session=other"), "other")
        leave(tokens)
    elif why == "a symlink":
        path.rename(tmp_path / "elsewhere")
        path.symlink_to(tmp_path / "elsewhere")
    elif why == "others may read it":
        path.chmod(0o644)
    elif why == "another name":
        path.rename(path.with_name("notes"))
    before = browsers(laptop)
    lock = path.with_name(f"{path.name}.lock")
    lock.touch()
    with lock.open() as held:
        if why == "in use":
            fcntl.flock(held, fcntl.LOCK_EX)
        laptop.signed_in()
    assert browsers(laptop) == before + 1
    assert path.exists() or why == "another name"


@pytest.mark.parametrize(
    "flags",
    [
        ["--session=mine"],
        ["--oidc-use-access-token"],
        ["--oidc-auth-request-extra-params=ui_locales=de"],
        ["--insecure-skip-tls-verify"],
        ["--token-cache-storage=none"],
    ],
)
def test_flags_that_make_another_session_take_nothing_over(laptop: Laptop, flags: list[str]) -> None:
    """What kubelogin's token does not tell is not guessed."""
    path = leave(tokens_of_a_sign_in(laptop))
    laptop.signed_in(*flags)
    assert browsers(laptop) == 2
    assert path.exists()


def test_a_token_for_another_audience_is_not_taken_over(
    laptop: Laptop, openid_provider: OpenIdProvider
) -> None:
    """What kubelogin left is for the client: handing it out would give one cluster what others take."""
    laptop.realm, laptop.client = openid_provider.new_realm(token_exchange=True), "exchanger"
    path = leave(tokens_of_a_sign_in(laptop))
    token = laptop.signed_in("--oidc-token-exchange-audience=cluster-b")
    assert claims_of(token)["aud"] == "cluster-b"
    assert browsers(laptop) == 2
    assert path.exists()


@pytest.mark.parametrize("way", ["by its flags", "the only one", "--all", "clean"])
@pytest.mark.parametrize("at_work", [False, True], ids=["", "a kubelogin is at work on it"])
def test_a_purge_leaves_nothing_to_take_over(
    laptop: Laptop,
    way: str,
    at_work: bool,  # noqa: FBT001 - a test's parameter
) -> None:
    """The next call signs in; the extra checks of the story depend on it."""
    path = leave(tokens_of_a_sign_in(laptop))
    lock = path.with_name(f"{path.name}.lock")
    lock.touch()
    words = {
        "by its flags": ("purge", *laptop.realm.flags()),
        "the only one": ("purge",),
        "--all": ("purge", "--all"),
        "clean": ("clean",),
    }
    with lock.open() as held:
        if at_work:
            fcntl.flock(held, fcntl.LOCK_EX)
        ended = laptop.run(*words[way])
    assert ended.status == 0
    assert re.fullmatch(rf".*kubelogin.* {re.escape(str(path))}\n", ended.stderr)
    assert [one for one in cache().iterdir() if one.name.startswith(path.name)] == []
    laptop.signed_in()
    assert browsers(laptop) == 2


@pytest.mark.parametrize("command", ["purge", "logout"])
def test_a_purge_of_another_client_leaves_it(laptop: Laptop, command: str) -> None:
    """What is not meant stays, and is taken over later; a logout that finds no session means no other one."""
    path = leave(tokens_of_a_sign_in(laptop))
    other = [word for word in laptop.realm.flags() if not word.startswith("--oidc-client-id")]
    assert laptop.run(command, *other, "--oidc-client-id=another").status == 0
    assert path.exists()
    laptop.signed_in()
    assert browsers(laptop) == 1


def test_a_logout_of_its_client_removes_it(laptop: Laptop) -> None:
    path = leave(tokens_of_a_sign_in(laptop))
    ended = laptop.run("logout", *laptop.realm.flags())
    assert ended.status == 0
    assert re.fullmatch(rf".*kubelogin.* {re.escape(str(path))}\n", ended.stderr)
    assert not path.exists()


def test_it_is_said_in_the_log(laptop: Laptop) -> None:
    """Where nobody watches it says nothing; -v 1 tells."""
    path = leave(tokens_of_a_sign_in(laptop))
    ended = laptop.get_token("-v", "1")
    assert re.search(rf"\[v1\] .*kubelogin.*{re.escape(str(path))}", ended.stderr)
    assert claims_of(token_of(ended.stdout))["email"] == "alice@example.com"


def test_a_session_in_the_os_keyring_is_taken_over(laptop: Laptop, os_keyring: OsKeyring) -> None:
    """Its entries of the Secret Service, in the default collection; the entry is gone afterwards."""
    tokens = tokens_of_a_sign_in(laptop)
    name = "kubelogin/tokencache/" + hashlib.sha256(b"flags").hexdigest()
    os_keyring.put("kubelogin", json.dumps(tokens), username=name)
    laptop.storage = "auto"
    assert laptop.signed_in() == tokens["id_token"]
    assert browsers(laptop) == 1
    assert os_keyring.lookup("kubelogin") == ""
    assert len(os_keyring.entries()) == 1, "ours"


def test_a_purge_without_flags_does_not_choose_among_several_clients(laptop: Laptop) -> None:
    """They are named, and stay."""
    tokens = tokens_of_a_sign_in(laptop)
    paths = [leave(tokens), leave(of_another_client(tokens), "other")]
    ended = laptop.run("purge")
    flags = ("--oidc-issuer-url", "--oidc-client-id", "--all")
    error, _, _ = failure(ended, "purge", *flags, status=2).partition("\n")
    assert sorted(re.findall(r" (kubernetes|another)\b", error)) == ["another", "kubernetes"]
    assert error.count(laptop.realm.issuer) == 2
    assert all(path.exists() for path in paths)


def of_another_client(tokens: dict[str, str]) -> dict[str, str]:
    head, claims, signature = tokens["id_token"].split(".")
    said = json.loads(base64.urlsafe_b64decode(claims + "=="))
    other = base64.urlsafe_b64encode(json.dumps({**said, "aud": "another"}).encode()).decode().rstrip("=")
    return tokens | {"id_token": f"{head}.{other}.{signature}"}


def test_a_token_without_the_claims_that_are_asked_for_is_not_taken_over(laptop: Laptop) -> None:
    """It was asked for with fewer scopes: whoever got it would be Forbidden, and not know why."""
    fewer = [word for word in laptop.words() if word != "--oidc-extra-scope=email"]
    assert laptop.run(*fewer).status == 0
    (path,) = (cache() / "tokens").iterdir()
    record = json.loads(path.read_bytes())
    assert laptop.run("purge", "--all").status == 0
    leave({name: record[name] for name in ("id_token", "refresh_token")})
    before = browsers(laptop)
    assert "email" in claims_of(laptop.signed_in())
    assert browsers(laptop) == before + 1


@pytest.mark.parametrize("why", ["locked", "hangs"])
@pytest.mark.parametrize("way", ["--all", "by its flags"])
def test_a_purge_says_what_it_could_not_look_for(
    laptop: Laptop, os_keyring: OsKeyring, tmp_path: Path, why: str, way: str
) -> None:
    """Nobody believes that kubelogin's session is gone while the keyring that holds it cannot be read."""
    tokens = tokens_of_a_sign_in(laptop)
    name = "kubelogin/tokencache/" + hashlib.sha256(b"flags").hexdigest()
    os_keyring.put("kubelogin", json.dumps(tokens), username=name)
    words = ("purge", "--all") if way == "--all" else ("purge", *laptop.realm.flags())
    if why == "locked":
        os_keyring.lock()
        ended = laptop.run(*words)
    else:
        with os_keyring.hangs():
            ended = laptop.run(*words, env=limits.shorter(tmp_path, limits.KEYRING))
    assert ended.status == 1
    assert topics(ended.stderr) == ["os-keyring"]
    os_keyring.unlock()
    assert laptop.run(*words).status == 0
    assert os_keyring.lookup("kubelogin") == ""
