"""The steps of `authenticate`, with a provider of the test: what is requested, what is stored, what is not sent."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast
from urllib.parse import parse_qs

import pytest

from kubectl_oidc.authentication.account import AccountOptions
from kubectl_oidc.authentication.authenticate import authenticate
from kubectl_oidc.authentication.refresh import refresh_ahead
from kubectl_oidc.authentication.request import MARGIN, RenewalOptions, SignInRequest, TimeoutOptions
from kubectl_oidc.errors import IdTokenError, NoFreeListenAddress, ProviderUnreachable, SignInNeeded
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.http.tls import SYSTEM_TRUST
from kubectl_oidc.secret import Secret
from kubectl_oidc.sessions.stores import SessionStorage, index
from kubectl_oidc.system.log import QUIET
from kubectl_oidc.system.system import System
from kubectl_oidc.system.terminal import Terminal
from tests.hostile import Hostile, hang_up, html_reply, json_reply, reply
from tests.sessions import cache, linux_only, need_the_kernel_keyring, no_room, repository, session
from tests.tokens import ABSENT, CLIENT_ID, NOW, good_claims, id_token, jwks, signing_key
from tests.topics import about, told_apart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kubectl_oidc.authentication.outcome import Outcome
    from kubectl_oidc.sessions.session import Session
    from kubectl_oidc.sessions.session_key import SessionKey
    from tests.hostile import Script, Talk

OLD, NEW = Secret("old-refresh-token"), Secret("new-refresh-token")
# There is no listen address at this desk, so whatever would open a browser ends so.
NEEDS_A_PERSON = NoFreeListenAddress
WELL_KNOWN = "/.well-known/openid-configuration"


class Silent(Terminal):
    """No terminal; it records what would be shown."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []

    interactive = False

    def need(self, line: str) -> None:
        self.said.append(line)

    def warn(self, message: str, hint: str) -> None:
        self.said.append(f"{message} ({hint})")


@dataclass
class Desk:
    """A user with a session on disk, and their provider.

    Attributes:
        server: The provider.
        now: The time, in epoch seconds.
        terminal: What was said.
    """

    server: Hostile
    now: float = NOW
    terminal: Silent = field(default_factory=Silent)

    def __post_init__(self) -> None:
        url = self.server.url
        self.server.on(
            WELL_KNOWN,
            json_reply(
                {
                    "issuer": url,
                    "authorization_endpoint": f"{url}/authorize",
                    "token_endpoint": f"{url}/token",
                    "jwks_uri": f"{url}/keys",
                    "response_types_supported": ["code"],
                    "subject_types_supported": ["public"],
                    "id_token_signing_alg_values_supported": ["RS256"],
                }
            ),
        )
        self.server.on("/keys", json_reply(jwks(signing_key())))
        self.server.on("/token", self.tokens())
        self.request = SignInRequest(
            issuer=url,
            client_id=CLIENT_ID,
            tls=SYSTEM_TRUST,
            storage=SessionStorage(choice="disk", cache_dir=cache()),
            timeout=TimeoutOptions(seconds=5.0),
        )

    @property
    def key(self) -> SessionKey:
        return self.request.key()

    def token(self, **claims: object) -> Secret:
        """Return an ID token of this provider that expires in an hour."""
        times = {"exp": int(self.now) + 3600, "iat": int(self.now)}
        return id_token(claims=good_claims(iss=self.server.url, **{**times, **claims}))

    def tokens(self, refresh_token: object = "new-refresh-token", **claims: object) -> Script:
        """Return the response to a refresh."""
        members = {
            "id_token": self.token(**claims).reveal(),
            "token_type": "Bearer",
            "refresh_token": refresh_token,
        }
        return json_reply({name: value for name, value in members.items() if value is not ABSENT})

    def signed_in(self, *, left: float = MARGIN - 1, **changes: object) -> Session:
        """Store a session whose token expires in ``left`` seconds."""
        whole = session(
            self.key,
            subject="00u1",
            audience=(CLIENT_ID,),
            expiry=int(self.now + left),
            id_token=self.token(exp=int(self.now + left), iat=int(self.now) - 3600, nonce="of the sign-in"),
            refresh_token=OLD,
        )
        whole = whole._replace(**changes)  # type: ignore[arg-type]
        assert repository(self.key).save(whole, int(self.now))
        return whole

    def stored(self) -> Session | None:
        return repository(self.key).load()

    def go(self, **changes: object) -> Outcome:
        request = self.request._replace(**changes)  # type: ignore[arg-type]
        return authenticate(
            request, System(clock=lambda: self.now, environ={}, terminal=self.terminal, log=QUIET)
        )

    def sent(self) -> list[str]:
        """Return the refresh tokens that were sent, in order."""
        return [
            parse_qs(asked.body.decode())["refresh_token"][0]
            for asked in self.server.asked
            if asked.path == "/token"
        ]


@pytest.fixture
def desk() -> Iterator[Desk]:
    """Return a desk whose provider answers correctly."""
    with Hostile() as server:
        yield Desk(server)


def test_a_good_session_asks_nobody(desk: Desk) -> None:
    """A stored token that is valid for longer than the margin is used."""
    whole = desk.signed_in(left=MARGIN + 1)
    outcome = desk.go()
    assert outcome.token == whole.id_token
    assert desk.server.asked == []
    assert desk.terminal.said == []


def test_a_session_that_ends_within_the_margin_is_refreshed(desk: Desk) -> None:
    """The refresh token is sent once. The new tokens are stored with the next generation, and used."""
    before = desk.signed_in(left=MARGIN)
    outcome = desk.go()
    after = desk.stored()
    assert desk.sent() == [OLD.reveal()]
    assert after is not None
    assert (after.generation, after.refresh_token) == (before.generation + 1, NEW)
    assert outcome.token == after.id_token != before.id_token
    assert outcome.expiry == NOW + 3600


def test_without_a_new_refresh_token_the_old_one_stays(desk: Desk) -> None:
    """Some providers do not rotate (RFC 6749 §6)."""
    desk.server.on("/token", desk.tokens(ABSENT))
    desk.signed_in()
    desk.go()
    after = desk.stored()
    assert after is not None
    assert after.refresh_token == OLD


@pytest.mark.parametrize("trouble", ["no key set", "a key that nobody knows", "cut off"])
def test_a_rotated_refresh_token_is_kept_before_anything_can_fail(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    """The ID token of the response cannot be validated. The next call still has the new refresh token."""
    monkeypatch.setitem(cast("dict[str, object]", HttpClient.__init__.__kwdefaults__), "pauses", (0.01, 0.01))
    desk.signed_in()
    if trouble == "a key that nobody knows":
        desk.server.on("/keys", json_reply(jwks(signing_key(kid="another"))))
        with pytest.raises(NEEDS_A_PERSON):
            desk.go()
    else:
        desk.server.on("/keys", reply(503) if trouble == "no key set" else hang_up)
        with pytest.raises(ProviderUnreachable):
            desk.go()
    after = desk.stored()
    assert after is not None
    assert after.refresh_token == NEW

    desk.server.on("/keys", json_reply(jwks(signing_key())))
    assert desk.go().session.refresh_token == NEW
    assert desk.sent() == [OLD.reveal(), NEW.reveal()]


@pytest.mark.parametrize("answer", [reply(503), html_reply(), hang_up], ids=["503", "a web page", "cut off"])
def test_a_provider_that_is_down_costs_no_session(desk: Desk, answer: Script) -> None:
    """The session is unchanged, and the user is not asked to sign in."""
    before = desk.signed_in()
    desk.server.on("/token", answer)
    with pytest.raises(ProviderUnreachable):
        desk.go()
    assert desk.stored() == before
    assert desk.sent() == [OLD.reveal()], "a token request is not repeated"


def test_another_plugins_session_is_used_when_the_token_is_refused(desk: Desk) -> None:
    """invalid_grant, because a process without this lock was faster: its session is used, without a sign-in."""
    before = desk.signed_in()
    theirs = before._replace(
        generation=before.generation + 1, refresh_token=NEW, id_token=desk.token(), expiry=NOW + 3600
    )

    def refused(talk: Talk) -> None:
        assert repository(desk.key).save(theirs, NOW)
        json_reply({"error": "invalid_grant"}, 400)(talk)

    desk.server.on("/token", refused)
    assert desk.go().token == theirs.id_token
    assert desk.sent() == [OLD.reveal()]


@pytest.mark.parametrize(
    "answer",
    [{"sub": "00u2"}, {"aud": ["kubernetes", "other"], "azp": "kubernetes"}, {"nonce": "another"}],
    ids=["another person", "another audience", "another nonce"],
)
def test_a_refresh_that_changes_who_it_is_needs_a_person(desk: Desk, answer: dict[str, object]) -> None:
    """Core 12.2: such a token is not used, and the user must sign in again."""
    before = desk.signed_in()
    desk.server.on("/token", desk.tokens(**answer))
    with pytest.raises(NEEDS_A_PERSON):
        desk.go()
    after = desk.stored()
    assert after is not None
    assert after.id_token == before.id_token


def test_a_clock_that_is_wrong_is_said_and_needs_no_person(desk: Desk) -> None:
    """A sign-in would fail for the same reason."""
    desk.signed_in()
    desk.server.on("/token", desk.tokens(iat=NOW + 600))
    with pytest.raises(IdTokenError, check=about("clock")):
        desk.go()


def test_a_forced_refresh_replaces_a_good_token(desk: Desk) -> None:
    """--force-refresh refreshes a token that is still valid."""
    desk.signed_in(left=3000)
    assert desk.go(renewal=RenewalOptions(force_refresh=True)).session.refresh_token == NEW
    assert desk.sent() == [OLD.reveal()]


def test_a_refresh_token_is_not_sent_if_a_new_one_could_not_be_stored(desk: Desk) -> None:
    """If nothing can be written, a new refresh token would be lost, and the old one sent again (RFC 9700 §4.14.2)."""
    before = desk.signed_in()
    with no_room(), pytest.raises(NEEDS_A_PERSON):
        desk.go()
    assert desk.sent() == []
    assert desk.stored() == before
    desk.go()
    assert desk.sent() == [OLD.reveal()], "with room again it goes on"


def test_a_lost_index_is_written_again(desk: Desk) -> None:
    """The next call that uses the session adds it to the index, so that it can be listed and purged."""
    desk.signed_in(left=3000)
    index.remove_entries(cache(), desk.key.id())
    desk.go()
    entry = index.read_entry(cache(), desk.key.id())
    assert entry is not None
    assert (entry.storage, entry.person) == ("disk", "alice@example.com")


@linux_only
def test_a_session_moves_at_once_to_the_store_that_is_asked_for(desk: Desk) -> None:
    """A valid session moves from files to the kernel keyring, and leaves no file."""
    need_the_kernel_keyring()
    desk.request = desk.request._replace(session_name=f"moves-{os.getpid()}")
    whole = desk.signed_in(left=3000)
    moved = repository(desk.key, "kernel")
    try:
        assert desk.go(storage=SessionStorage(choice="kernel", cache_dir=cache())).token == whole.id_token
        assert list((cache() / "tokens").iterdir()) == []
        assert moved.load() == whole
        assert desk.server.asked == []
    finally:
        moved.store.delete(desk.key.id())
        moved.credential.withdraw()


@pytest.mark.parametrize(("code", "status"), [("invalid_request", 400), ("token_inactive", 401)])
def test_a_refused_refresh_token_needs_a_sign_in(desk: Desk, code: str, status: int) -> None:
    """If the user may not be asked, the error has the provider's description. The session is unchanged."""
    before = desk.signed_in()
    desk.server.on("/token", json_reply({"error": code, "error_description": "it is gone"}, status))
    assert f"{code}: it is gone" in needed(desk)
    assert desk.stored() == before


# What is asked for


def needed(desk: Desk, *, sign_in: bool = False, force_refresh: bool = False, **changes: object) -> str:
    """Return why a sign-in is needed."""
    renewal = RenewalOptions(may_prompt=False, sign_in=sign_in, force_refresh=force_refresh)
    with pytest.raises(SignInNeeded) as caught:
        desk.go(renewal=renewal, **changes)
    assert desk.terminal.said == []
    return caught.value.message.partition(" (")[2].removesuffix(")")


def test_a_token_is_renewed_if_it_expires_within_min_ttl(desk: Desk) -> None:
    """Its lifetime is an hour, and --min-ttl is 30 minutes. After 30 minutes it is renewed; one second earlier it is not."""
    desk.request = desk.request._replace(account=AccountOptions(min_ttl=1800))
    whole = desk.signed_in(left=3600)
    desk.now += 1799
    assert desk.go().token == whole.id_token
    desk.now += 1
    desk.server.on("/token", desk.tokens())
    outcome = desk.go()
    assert desk.sent() == [OLD.reveal()]
    assert outcome.expiry == desk.now + 3600
    assert outcome.margin == 1800


def test_min_ttl_counts_up_to_half_of_the_lifetime(desk: Desk) -> None:
    """Also if the provider returns the same token again."""
    desk.request = desk.request._replace(account=AccountOptions(min_ttl=86400))
    whole = desk.signed_in(left=400)
    assert desk.go().margin == 200
    desk.now += 200
    desk.server.on("/token", json_reply({"id_token": whole.id_token.reveal(), "token_type": "Bearer"}))
    assert desk.go().margin == 100
    for _ in range(3):
        assert desk.go().token == whole.id_token
    assert desk.sent() == [OLD.reveal()]


def test_a_refresh_ahead_counts_from_min_ttl(desk: Desk) -> None:
    """Half of the hour is useful, so 70 % of it is 21 minutes. Before that it is not refreshed."""
    desk.request = desk.request._replace(
        account=AccountOptions(min_ttl=1800), renewal=RenewalOptions(ahead=700)
    )
    whole = desk.signed_in(left=3600, id_token=desk.token())
    system = System(clock=lambda: desk.now, environ={}, terminal=desk.terminal, log=QUIET)
    desk.now += 1259
    assert refresh_ahead(desk.request, system)
    assert desk.sent() == []
    desk.now += 1
    assert refresh_ahead(desk.request, system)
    assert desk.sent() == [OLD.reveal()]
    assert desk.stored() != whole


def test_a_session_older_than_max_age_is_not_refreshed(desk: Desk) -> None:
    """Neither now nor ahead. The auth_time of the provider counts, but a refresh cannot make it later."""
    session_ = desk.signed_in(signed_in_at=int(NOW) - 3000)
    desk.request = desk.request._replace(renewal=RenewalOptions(ahead=700))
    system = System(clock=lambda: desk.now, environ={}, terminal=desk.terminal, log=QUIET)
    at = time.strftime("%H:%M", time.localtime(session_.signed_in_at))
    said = needed(desk, account=AccountOptions(max_age=2999))
    assert f" {at}" in said
    assert "--max-age=49m59s" in said
    assert not refresh_ahead(desk.request._replace(account=AccountOptions(max_age=2999)), system)
    moved = desk.token(exp=NOW, auth_time=NOW)
    desk.signed_in(signed_in_at=int(NOW) - 3000, generation=2, id_token=moved)
    assert needed(desk, account=AccountOptions(max_age=2999)) == said
    earlier = desk.token(exp=NOW, auth_time=NOW - 4000)
    desk.signed_in(signed_in_at=int(NOW) - 3000, generation=3, id_token=earlier)
    assert "--max-age=1h6m39s" in needed(desk, account=AccountOptions(max_age=3999))
    assert desk.sent() == []
    desk.go(account=AccountOptions(max_age=4000))
    assert desk.sent() == [OLD.reveal()]


def test_a_refresh_that_brings_another_account_is_not_handed_out(desk: Desk) -> None:
    """The reason names the claim. The stored session is not replaced."""
    desk.request = desk.request._replace(account=AccountOptions(expect_claims=(("email", "*@corp.example"),)))
    before = desk.signed_in()
    desk.server.on("/token", desk.tokens(email="ada@other.example"))
    said = needed(desk)
    names = ('email "ada@other.example"', "--expect-claim", "email=*@corp.example")
    assert [name for name in names if name not in said] == []
    after = desk.stored()
    assert after is not None
    assert after.id_token == before.id_token


# Why a sign-in is needed


def test_each_reason(desk: Desk) -> None:
    """One line, with the local time. The user was not asked for anything yet."""
    said = {
        "never": [needed(desk)],
        "not stored": [needed(desk, storage=SessionStorage(choice="none", cache_dir=cache()))],
    }
    assert needed(desk, sign_in=True) == ""
    whole = desk.signed_in(left=-60, refresh_token=None)
    at = time.strftime("%H:%M", time.localtime(whole.expiry))
    assert needed(desk).endswith(f" {at}")
    assert needed(desk, sign_in=True).endswith(f" {whole.person}")
    desk.signed_in(left=900, refresh_token=None, generation=2)
    assert "--force-refresh, " in needed(desk, force_refresh=True)
    desk.now += 600
    assert needed(desk, account=AccountOptions(min_ttl=450)).find("--min-ttl=7m30s") > 0
    desk.server.on("/token", json_reply({"error": "invalid_grant", "error_description": "revoked"}, 400))
    desk.signed_in(generation=3)
    assert needed(desk).endswith("invalid_grant: revoked")
    (cache() / "tokens" / desk.key.id()).write_bytes(b"damaged")
    told_apart(said | {"damaged": [needed(desk)]})
