"""Why a sign-in is needed: one line for each reason, with its exact text."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from kubectl_oidc.authentication import reasons
from kubectl_oidc.authentication.account import AccountOptions
from kubectl_oidc.authentication.request import RenewalOptions
from kubectl_oidc.sessions.stores import index
from tests.sessions import key, session
from tests.tokens import CLIENT_ID, ISSUER
from tests.topics import told_apart

if TYPE_CHECKING:
    import pytest

    from kubectl_oidc.authentication.authentication import Authentication

NOW = int(time.mktime((2026, 7, 15, 14, 30, 0, 0, 0, -1)))
HALF_PAST_TWO, TWO = "14:30", "14:00"


def authentication(
    *,
    entry: object = None,
    store: str = "disk",
    unreadable: bool = False,
    locked: bool = True,
    too_old: bool = False,
    account: AccountOptions = AccountOptions(),
    **renewal: Any,
) -> Authentication:
    """Return the parts of an authentication that a reason depends on."""
    parts = {
        "repository": SimpleNamespace(
            index_entry=SimpleNamespace(read=lambda: entry), store=SimpleNamespace(name=store)
        ),
        "unreadable": unreadable,
        "now": lambda: NOW,
        "request": SimpleNamespace(
            account=account,
            renewal=RenewalOptions(**renewal),
            issuer=ISSUER,
            client_id=CLIENT_ID,
            storage=SimpleNamespace(cache_dir=Path("nowhere")),
        ),
        "lock": SimpleNamespace(held=locked),
        "is_too_old": lambda _: too_old,
    }
    return cast("Authentication", SimpleNamespace(**parts))


KNOWN: dict[str, dict[str, Any]] = {
    "never": {},
    "unreadable": {"unreadable": True},
    "not stored": {"store": "none"},
    "missing": {"entry": SimpleNamespace(storage="disk")},
    "removed": {"entry": SimpleNamespace(storage="")},
}


def test_why_there_is_no_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that cannot be read is not called missing. Another one of the client has other flags."""
    said = {why: [reasons.no_session(authentication(**known))] for why, known in KNOWN.items()}
    other = index.Entry("0" * 32, "host", issuer=ISSUER, client_id=CLIENT_ID, storage="disk")
    for kept in ([other], [other._replace(storage="")], [other._replace(client_id="else")]):
        monkeypatch.setattr(index, "read_entries", lambda _, kept=kept: kept)
        why = "other flags" if kept == [other] else "never"
        said.setdefault(why, []).append(reasons.no_session(authentication()))
    told_apart(said)
    for more in KNOWN.values():
        unreadable = authentication(**more | KNOWN["unreadable"])
        assert reasons.no_session(unreadable) == reasons.no_session(authentication(unreadable=True))


def test_a_command_that_always_signs_in() -> None:
    """`login`, `setup`, or a command with a reason of its own."""
    alice = session(key())
    assert reasons.asked(authentication(), None) == ""
    replaced = reasons.asked(authentication(), alice)
    assert alice.person in replaced
    assert reasons.asked(authentication(reason="another account"), None) == "another account"
    assert reasons.asked(authentication(reason="another account"), alice) == f"another account; {replaced}"


def test_why_a_session_is_not_refreshed() -> None:
    ended = session(key(), refresh_token=None, expiry=NOW - 1800)
    assert reasons.not_refreshed(authentication(), ended).endswith(f" {TWO}")
    good = ended._replace(expiry=NOW + 1800)
    early = reasons.not_refreshed(authentication(account=AccountOptions(min_ttl=3600)), good)
    assert [name for name in ("15:00", "--min-ttl=1h") if name not in early] == []
    forced = reasons.not_refreshed(authentication(force_refresh=True), ended)
    assert forced.startswith("--force-refresh, ")
    assert reasons.not_refreshed(authentication(), session(key())) == ""
    assert reasons.not_refreshed(authentication(locked=False), session(key())) == reasons.UNLOCKED
