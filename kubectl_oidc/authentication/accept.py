"""From a token response to the tokens of a request: the ID token is always validated."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kubectl_oidc.errors import IdTokenError
from kubectl_oidc.oidc.at_hash import belongs
from kubectl_oidc.oidc.id_token import Expected, IdToken
from kubectl_oidc.oidc.jws import unverified_claims
from kubectl_oidc.oidc.tokens import Tokens, access_token, believed, expiry_of_access_token
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
    """Return the tokens of a response, its ID token validated (OpenID Connect Core 3.1.3.7, 12.2).

    Args:
        response: What the token endpoint answered.
        provider: Where the key set comes from; it is fetched once more when the token names an unknown key.
        request: What was asked for.
        deadline: For fetching the key set.
        now: Epoch seconds.
        nonce: The nonce of the sign-in; None after a refresh.
        before: The session that was refreshed; None after a sign-in.

    Raises:
        IdTokenError: There is no ID token and one is needed, or it must not be believed.
        WrongAccount: It is of another account than is wished for.
        ProviderError: The key set cannot be had, or no token for another audience that is asked for.
    """
    raw = response.id_token
    if raw is None:
        _check_dispensable(request, nonce, before)
        raw, id_token = _in_its_place(response, request, before, now)
    else:
        expected = _expected(response, provider, request, deadline=deadline, nonce=nonce, before=before)
        id_token = believed(raw, provider, expected, deadline=deadline, now=now)
        request.account.check(id_token.claims)
        unused = response.access_token if expected.access_token is None else None
        if unused and not belongs(id_token.claims, id_token.algorithm, unused):
            provider.note(
                "at_hash of the ID token differs; the access token is not used, so nothing depends on it"
            )
    tokens = Tokens(
        raw_id_token=raw,
        id_token=id_token,
        access_token=access_token(response) if request.use_access_token else None,
        refresh_token=response.refresh_token,
        expiry=expiry_of_access_token(response, now) if request.use_access_token else id_token.expiry,
    )
    if request.exchange is None:
        return tokens
    from kubectl_oidc.oidc.token_exchange import exchanged

    new = exchanged(
        response,
        provider,
        request.exchange,
        issuer=request.issuer,
        client_id=request.client_id,
        subject=before.subject if before else id_token.subject if raw else "",
        deadline=deadline,
        now=now,
    )
    if not raw and new.id_token:
        tokens = replace(tokens, id_token=new.id_token)  # the only one that says who it is
    return replace(tokens, access_token=new.token, expiry=new.expiry, exchanged=new.id_token)


def _expected(
    response: TokenResponse,
    provider: Provider,
    request: SignInRequest,
    *,
    deadline: Deadline,
    nonce: Secret | None,
    before: Session | None,
) -> Expected:
    """Return what the ID token of a response must say."""
    known = before if before and before.id_token else None  # a session may have begun without an ID token
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


def _check_dispensable(request: SignInRequest, nonce: Secret | None, before: Session | None) -> None:
    """See that nothing needs the ID token that a response does not have.

    The access token is handed out or exchanged, and nothing that was asked for is said by an ID token alone. After a refresh it is
    known who it is. At a sign-in through the browser PKCE binds the answer to the request, as the nonce does (RFC 9700 §2.1.1).

    Raises:
        IdTokenError: It is needed.
    """
    wishes = request.account
    asked_for = bool(wishes.expect_claims) or wishes.max_age is not None or (nonce and not request.pkce)
    if (request.use_access_token or request.exchange) and (before is not None or not asked_for):
        return
    raise IdTokenError(
        "the provider's token response has no ID token",
        "the client must be an OpenID Connect client, and the scope openid allowed for it",
        topic="no-id-token",
    )


def _in_its_place(
    response: TokenResponse, request: SignInRequest, before: Session | None, now: float
) -> tuple[Secret, IdToken]:
    """Return the session's ID token, or an empty one that says as much as is known."""
    if before is not None:
        claims = _claims(before.id_token)
        return before.id_token, IdToken(
            before.issuer, before.subject, before.audience, before.expiry, int(now), "", claims
        )
    said = _claims(response.access_token).get("sub") if response.access_token else None
    who = said if isinstance(said, str) else request.username
    return Secret(""), IdToken(request.issuer, who, (request.client_id,), int(now), int(now), "", {})


def _claims(token: Secret) -> Mapping[str, object]:
    try:
        return unverified_claims(token)
    except IdTokenError:
        return {}


def _former_nonce(before: Session) -> Secret | None:
    """Return the nonce of the session's ID token, which a refresh may omit but not change (Core 12.2)."""
    nonce = _claims(before.id_token).get("nonce")
    return Secret(nonce) if isinstance(nonce, str) else None


def of_the_client(response: TokenResponse, request: SignInRequest, *, now: float) -> Tokens:
    """Return the tokens of a client that signed in as itself, without an ID token: the access token is what there is.

    Nothing in it is validated: it is opaque to us (RFC 6749 §1.4), and the API server reads it.

    Args:
        response: What the token endpoint answered.
        request: What was asked for.
        now: Epoch seconds.

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
