"""Accept a token response: validate its ID token, always, and return the tokens of the request."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import IdTokenError
from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.oidc.at_hash import at_hash_matches
from kubectl_oidc.oidc.id_token import Expected, IdToken
from kubectl_oidc.oidc.jws import claims_if_readable
from kubectl_oidc.oidc.tokens import Tokens, access_token, expiry_of_access_token, validated_id_token
from kubectl_oidc.secret import Secret
from kubectl_oidc.text import json_quoted, sanitize

if TYPE_CHECKING:
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
    return _Acceptance(response, provider, request, deadline, now, nonce, before).tokens()


class _Acceptance(NamedTuple):
    """The arguments of `accept`, and its steps."""

    response: TokenResponse
    provider: Provider
    request: SignInRequest
    deadline: Deadline
    now: float
    nonce: Secret | None
    before: Session | None

    def tokens(self) -> Tokens:
        response, request, before = self.response, self.request, self.before
        if (raw := response.id_token) is None:
            self._check_id_token_not_needed()
            raw, id_token = self._substitute()
        else:
            expected = self._expected()
            id_token = validated_id_token(raw, self.provider, expected, deadline=self.deadline, now=self.now)
            request.account.check(id_token.claims, refreshed=before is not None)
            if before is None:
                self._note_other_acr(id_token)
            if expected.access_token is None:
                self._note_wrong_at_hash(id_token)
        tokens = Tokens(
            raw_id_token=raw,
            id_token=id_token,
            access_token=access_token(response) if request.use_access_token else None,
            refresh_token=response.refresh_token,
            expiry=expiry_of_access_token(response, self.now)
            if request.use_access_token
            else id_token.expiry,
        )
        subject = before.subject if before else id_token.subject if raw else ""
        return self._exchanged(tokens, subject)

    def _note_wrong_at_hash(self, id_token: IdToken) -> None:
        """Log that at_hash does not match an access token that is not used."""
        token = self.response.access_token
        if token and not at_hash_matches(id_token.claims, id_token.algorithm, token):
            self.provider.log_oddity(
                "the ID token's at_hash does not match the access token, which is not used here"
            )

    def _note_other_acr(self, id_token: IdToken) -> None:
        """Log that the provider signed in by another class of authentication than --acr-values asks for, which it may."""
        asked, came = self.request.account.acr_values, id_token.claims.get("acr")
        if asked and came not in asked.split():
            self.provider.log_oddity(
                f"the provider used acr {json_quoted(came)}, and --acr-values asks for {sanitize(asked)}"
            )

    def _exchanged(self, tokens: Tokens, subject: str) -> Tokens:
        """Exchange the token for one with another audience, if the request names one (RFC 8693)."""
        if self.request.exchange is None:
            return tokens
        from kubectl_oidc.oidc.token_exchange import exchange_token

        new = exchange_token(
            self.response,
            self.provider,
            self.request.exchange,
            issuer=self.request.issuer,
            client_id=self.request.client_id,
            subject=subject,
            deadline=self.deadline,
            now=self.now,
        )
        if not tokens.raw_id_token and new.id_token:
            tokens = tokens._replace(id_token=new.id_token)  # no other token says who the user is
        return tokens._replace(access_token=new.token, expiry=new.expiry)

    def _expected(self) -> Expected:
        """Return the claims that the ID token must have."""
        request, before = self.request, self.before
        # A session may have started without an ID token.
        known = before if before and before.id_token else None
        uses_access_token = request.use_access_token or request.exchange is not None
        return Expected(
            issuer=request.issuer,
            client_id=request.client_id,
            algorithms=self.provider.metadata(self.deadline, stale=before is not None).id_token_algorithms,
            nonce=self.nonce or (_former_nonce(before) if before else None),
            access_token=self.response.access_token if uses_access_token else None,
            subject=known.subject if known else None,
            audience=known.audience if known else None,
            refreshed=before is not None,
            max_age=request.account.max_age if before is None else None,
        )

    def _check_id_token_not_needed(self) -> None:
        """Check that this request can do without an ID token.

        The access token must be the one that is used or exchanged. At a sign-in, no flag may depend on a claim of the ID token.
        In addition, PKCE must bind the response to the request, as the nonce otherwise does (RFC 9700 §2.1.1).

        Raises:
            IdTokenError: The ID token is needed.
        """
        request, account = self.request, self.request.account
        needed = (
            bool(account.expect_claims or account.requires_claims())
            or account.max_age is not None
            or (self.nonce and not request.pkce)
        )
        if (request.use_access_token or request.exchange) and (self.before is not None or not needed):
            return
        raise IdTokenError(
            "the provider's token response has no ID token",
            "at the provider, make the client an OpenID Connect client and allow it the scope openid",
            topic="no-id-token",
        )

    def _substitute(self) -> tuple[Secret, IdToken]:
        """Return the session's ID token, or an empty one with what the access token says of the user."""
        request, before, now = self.request, self.before, int(self.now)
        if before is not None:
            claims = claims_if_readable(before.id_token)
            return before.id_token, IdToken(
                before.issuer, before.subject, before.audience, before.expiry, now, "", claims
            )
        sub = (
            claims_if_readable(self.response.access_token).get("sub") if self.response.access_token else None
        )
        subject = sub if isinstance(sub, str) else request.username
        return Secret(""), IdToken(request.issuer, subject, (request.client_id,), now, now, "", {})


def _former_nonce(before: Session) -> Secret | None:
    """Return the nonce of the session's ID token. A refreshed ID token may omit it but not change it (Core 12.2)."""
    nonce = claims_if_readable(before.id_token).get("nonce")
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
