"""Accept a token response: validate its ID token, always, and return the tokens of the request."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kubectl_oidc.errors import IdTokenError
from kubectl_oidc.oidc.at_hash import at_hash_matches
from kubectl_oidc.oidc.id_token import Expected, IdToken
from kubectl_oidc.oidc.jws import unverified_claims
from kubectl_oidc.oidc.tokens import Tokens, access_token, expiry_of_access_token, validated_id_token
from kubectl_oidc.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_oidc.oidc.provider import Provider
    from kubectl_oidc.oidc.token_response import TokenResponse
    from kubectl_oidc.sessions.session import Session
    from kubectl_oidc.system.deadline import Deadline

    from .request import SignInRequest


def accept(
    response: TokenResponse,
    provider: Provider,
    request: SignInRequest,
    *,
    deadline: Deadline,
    now: float,
    nonce: Secret | None = None,
    before: Session | None = None,
) -> Tokens:
    """Return the tokens of a response, with its ID token validated (OpenID Connect Core 3.1.3.7, 12.2).

    Args:
        nonce: The nonce of the sign-in; None after a refresh.
        before: The session that was refreshed; None after a sign-in.

    Raises:
        IdTokenError: The ID token is not valid, or it is missing and needed.
        WrongAccount: The account does not have the claims of --expect-claim.
        ProviderError: The key set could not be fetched, or the token could not be exchanged.
    """
    if (raw := response.id_token) is None:
        _check_id_token_not_needed(request, nonce, before)
        raw, id_token = _substitute(response, request, before, now)
    else:
        expected = _expected(response, provider, request, deadline=deadline, nonce=nonce, before=before)
        id_token = validated_id_token(raw, provider, expected, deadline=deadline, now=now)
        request.account.check(id_token.claims)
        if expected.access_token is None:
            _note_wrong_at_hash(response, provider, id_token)
    tokens = Tokens(
        raw_id_token=raw,
        id_token=id_token,
        access_token=access_token(response) if request.use_access_token else None,
        refresh_token=response.refresh_token,
        expiry=expiry_of_access_token(response, now) if request.use_access_token else id_token.expiry,
    )
    subject = before.subject if before else id_token.subject if raw else ""
    return _exchange(tokens, response, provider, request, subject=subject, deadline=deadline, now=now)


def _note_wrong_at_hash(response: TokenResponse, provider: Provider, id_token: IdToken) -> None:
    """Log that at_hash does not match an access token that is not used."""
    token = response.access_token
    if token and not at_hash_matches(id_token.claims, id_token.algorithm, token):
        provider.log_oddity(
            "at_hash of the ID token differs; the access token is not used, so nothing depends on it"
        )


def _exchange(
    tokens: Tokens,
    response: TokenResponse,
    provider: Provider,
    request: SignInRequest,
    *,
    subject: str,
    deadline: Deadline,
    now: float,
) -> Tokens:
    """Exchange the token for one with another audience, if the request names one (RFC 8693)."""
    if request.exchange is None:
        return tokens
    from kubectl_oidc.oidc.token_exchange import exchange_token

    new = exchange_token(
        response,
        provider,
        request.exchange,
        issuer=request.issuer,
        client_id=request.client_id,
        subject=subject,
        deadline=deadline,
        now=now,
    )
    if not tokens.raw_id_token and new.id_token:
        tokens = replace(tokens, id_token=new.id_token)  # no other token says who the user is
    return replace(tokens, access_token=new.token, expiry=new.expiry)


def _expected(
    response: TokenResponse,
    provider: Provider,
    request: SignInRequest,
    *,
    deadline: Deadline,
    nonce: Secret | None,
    before: Session | None,
) -> Expected:
    """Return the claims that the ID token must have."""
    known = before if before and before.id_token else None  # a session may have started without an ID token
    uses_access_token = request.use_access_token or request.exchange is not None
    return Expected(
        issuer=request.issuer,
        client_id=request.client_id,
        algorithms=provider.metadata(deadline, stale=before is not None).id_token_algorithms,
        nonce=nonce or (_former_nonce(before) if before else None),
        access_token=response.access_token if uses_access_token else None,
        subject=known.subject if known else None,
        audience=known.audience if known else None,
        refreshed=before is not None,
        max_age=request.account.max_age if before is None else None,
    )


def _check_id_token_not_needed(request: SignInRequest, nonce: Secret | None, before: Session | None) -> None:
    """Check that this request can do without an ID token.

    The access token must be the one that is used or exchanged. At a sign-in, no flag may depend on a claim of the ID token.
    In addition, PKCE must bind the response to the request, as the nonce otherwise does (RFC 9700 §2.1.1).

    Raises:
        IdTokenError: The ID token is needed.
    """
    account = request.account
    needed = bool(account.expect_claims) or account.max_age is not None or (nonce and not request.pkce)
    if (request.use_access_token or request.exchange) and (before is not None or not needed):
        return
    raise IdTokenError(
        "the provider's token response has no ID token",
        "the client must be an OpenID Connect client, and the scope openid allowed for it",
        topic="no-id-token",
    )


def _substitute(
    response: TokenResponse, request: SignInRequest, before: Session | None, now: float
) -> tuple[Secret, IdToken]:
    """Return the session's ID token, or an empty one with what the access token says of the user."""
    if before is not None:
        claims = _claims(before.id_token)
        return before.id_token, IdToken(
            before.issuer, before.subject, before.audience, before.expiry, int(now), "", claims
        )
    sub = _claims(response.access_token).get("sub") if response.access_token else None
    subject = sub if isinstance(sub, str) else request.username
    return Secret(""), IdToken(request.issuer, subject, (request.client_id,), int(now), int(now), "", {})


def _claims(token: Secret) -> Mapping[str, object]:
    try:
        return unverified_claims(token)
    except IdTokenError:
        return {}


def _former_nonce(before: Session) -> Secret | None:
    """Return the nonce of the session's ID token. A refreshed ID token may omit it but not change it (Core 12.2)."""
    nonce = _claims(before.id_token).get("nonce")
    return Secret(nonce) if isinstance(nonce, str) else None


def client_tokens(response: TokenResponse, request: SignInRequest, *, now: float) -> Tokens:
    """Return the access token of a client that signed in as itself and received no ID token.

    The access token is not validated: it is opaque to a client (RFC 6749 §1.4), and the API server reads it.

    Raises:
        OidcLoginError: There is no access token.
    """
    expiry = expiry_of_access_token(response, now)
    itself = IdToken(request.issuer, request.client_id, (request.client_id,), expiry, int(now), "", {})
    return Tokens(
        raw_id_token=Secret(""),
        id_token=itself,
        access_token=access_token(response),
        refresh_token=None,
        expiry=expiry,
    )
