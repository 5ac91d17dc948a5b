"""What a failed refresh means: one table of HTTP status and OAuth error code."""

from __future__ import annotations

import pytest

from kubectl_oidc.authentication.refresh_answer import Decision, decide
from kubectl_oidc.errors import ProviderUnreachable, SignInPaused
from kubectl_oidc.sessions.failed_sign_ins import FailedSignIns
from kubectl_oidc.system.system import System
from tests.sessions import cache, no_room

SIGN_IN, KEEP, IF_REPEATED = Decision.SIGN_IN, Decision.KEEP, Decision.SIGN_IN_IF_REPEATED

TABLE = [
    # status, code (empty: the body is no OAuth error), decision
    (400, "invalid_grant", SIGN_IN),  # RFC 6749 §5.2
    (400, "invalid_request", SIGN_IN),  # Dex
    (400, "access_denied", SIGN_IN),  # Rancher
    (400, "server_error", SIGN_IN),  # Rancher
    (400, "interaction_required", SIGN_IN),  # Entra ID
    (401, "token_inactive", SIGN_IN),  # Ory Hydra 1.x
    (403, "access_denied", SIGN_IN),
    (400, "unsupported_grant_type", SIGN_IN),
    (400, "x_odd", SIGN_IN),
    (400, "", SIGN_IN),
    (401, "", SIGN_IN),
    (404, "", SIGN_IN),
    (499, "", SIGN_IN),
    (200, "invalid_request", SIGN_IN),  # an error under a good status
    (400, "invalid_client", KEEP),
    (401, "invalid_client", KEEP),
    (400, "unauthorized_client", KEEP),
    (500, "invalid_client", KEEP),
    *((status, code, KEEP) for status in (408, 425, 429) for code in ("", "invalid_grant", "x_odd")),
    (500, "invalid_request", IF_REPEATED),  # Dex
    (500, "server_error", IF_REPEATED),
    (503, "temporarily_unavailable", IF_REPEATED),
    (500, "", KEEP),
    (502, "", KEEP),
    (599, "", KEEP),
    (200, "", KEEP),
    (302, "", KEEP),
    (0, "", KEEP),  # no answer
]


@pytest.mark.parametrize(("status", "code", "decision"), TABLE)
def test_what_follows_from_a_refresh_that_failed(status: int, code: str, decision: Decision) -> None:
    """A 4xx means that the refresh token is no longer valid, unless it is about load or the client. A 5xx does not, unless repeated."""
    assert decide(status, code) is decision


def test_a_failed_refresh_is_remembered_per_session() -> None:
    """Until it is removed, and for this session only."""
    first, second = (FailedSignIns(cache(), letter * 32, System()) for letter in "ab")
    assert not first.last_refresh_failed()
    first.note_refresh(failed=True)
    assert (first.last_refresh_failed(), second.last_refresh_failed()) == (True, False)
    FailedSignIns(cache(), "a" * 32, System()).note_refresh(failed=False)
    assert not first.last_refresh_failed()
    first.note_refresh(failed=True)
    first.forget()
    assert not first.last_refresh_failed()


def test_a_failed_refresh_is_remembered_beside_a_failed_sign_in() -> None:
    """Neither replaces what is known of the other."""
    failures = FailedSignIns(cache(), "a" * 32, System())
    failures.note_refresh(failed=True)
    refusal = ProviderUnreachable("down", "wait")
    failures.refused(refusal)
    with pytest.raises(ProviderUnreachable), failures.counted():
        raise refusal
    assert failures.last_refresh_failed()
    failures.note_refresh(failed=False)
    last, refused = failures.last()
    assert last is not None
    assert refused is not None
    with pytest.raises(SignInPaused):
        failures.check("login")


def test_where_nothing_can_be_written_it_is_not_remembered() -> None:
    """A full disk causes no further error."""
    failures = FailedSignIns(cache(), "a" * 32, System())
    with no_room():
        failures.note_refresh(failed=True)
    assert not failures.last_refresh_failed()
