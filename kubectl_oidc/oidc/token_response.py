"""What the token endpoint says: tokens (RFC 6749 §5.1, OpenID Connect Core 3.1.3.3) or an error (RFC 6749 §5.2)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from kubectl_oidc.errors import InvalidGrant, InvalidProviderResponse, OAuthErrorResponse
from kubectl_oidc.secret import Secret
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .error_hints import Sent

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
"""The grant type of RFC 8628 §3.4."""

INVALID_CLIENT = "invalid_client"
"""The error code of a client that the provider does not believe (RFC 6749 §5.2)."""

_TOKEN = re.compile(r"[\x20-\x7e]+")  # RFC 6749 Appendix A.12, A.17: VSCHAR
LONGEST_LIFE = 10 * 365 * 24 * 3600
"""Seconds; beyond it no number is meant as a time."""

CLIENT_FAULTS = frozenset({INVALID_CLIENT, "unauthorized_client"})
"""The codes of a client that is not believed, or not allowed this grant (RFC 6749 §5.2). They say nothing of a token."""

_SHOWN, _SHOWN_OF_A_CLIENT_FAULT = 200, 500
"""Characters of a provider's description that are shown. Ory Hydra names the client authentication method that it requires
only after 200."""

_FEWEST_HIDDEN = 4
"""Secrets of fewer characters are not looked for in the provider's words: they would hide half of them."""


@dataclass(frozen=True, slots=True)
class TokenResponse:
    """A successful answer (RFC 6749 §5.1, OpenID Connect Core 3.1.3.3), not validated beyond its shape.

    Attributes:
        id_token: The ID token.
        access_token: The access token.
        refresh_token: The refresh token, where one came.
        expires_in: The access token's life in seconds, where the provider says.
        scope: The scope granted, where it says.
        token_type: ``Bearer`` as the provider writes it, where it says; ``N_A`` for an exchanged token that is no access token.
        issued_token_type: What an exchanged token is (RFC 8693 §2.2.1).
    """

    id_token: Secret | None = None
    access_token: Secret | None = None
    refresh_token: Secret | None = None
    expires_in: int | None = None
    scope: str | None = None
    token_type: str | None = None
    issued_token_type: str | None = None


def token_response(document: Mapping[str, object], what: str) -> TokenResponse:
    """Return what a successful answer holds.

    Args:
        document: The parsed JSON.
        what: What it is, for errors.

    Raises:
        InvalidProviderResponse: A token is no string, there is none, or it is not for a bearer.
    """
    id_token, access_token, refresh_token = (
        _token(document, name, what) for name in ("id_token", "access_token", "refresh_token")
    )
    if id_token is None and access_token is None:
        raise _broken(f"{what} holds no token")
    token_type = document.get("token_type")
    issued = document.get("issued_token_type")
    issued_token_type = issued if isinstance(issued, str) else None
    good = {"bearer", "n_a"} if issued_token_type else {"bearer"}
    if token_type is not None and (not isinstance(token_type, str) or token_type.lower() not in good):
        raise _broken(f"{what} holds a token that is not for a bearer")
    scope = document.get("scope")
    return TokenResponse(
        id_token=id_token,
        access_token=access_token,
        refresh_token=refresh_token,
        expires_in=seconds(document.get("expires_in")),
        scope=scope if isinstance(scope, str) else None,
        token_type=token_type,
        issued_token_type=issued_token_type,
    )


def _token(document: Mapping[str, object], name: str, what: str) -> Secret | None:
    value = document.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise _broken(
            f"{what} holds an {name} that is no token"
            if name[0] in "ai"
            else f"{what} holds a {name} that is no token"
        )
    return Secret(value)


def seconds(value: object) -> int | None:
    """Return a number of seconds; some providers write it as a string. What is no number counts as not said.

    Args:
        value: The member's value.
    """
    try:
        number = (
            float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else -1.0
        )
    except (ValueError, OverflowError):
        return None
    return int(number) if 0 <= number <= LONGEST_LIFE else None


def _broken(message: str) -> InvalidProviderResponse:
    return InvalidProviderResponse(
        message, "look into the provider's log; the client's settings there may be incomplete"
    )


DENIED = (
    "if you cancelled the sign-in, run the command again. Otherwise the provider did not allow it: is this person assigned to "
    "the application, and does a policy of the authorization server allow this client and these scopes?"
)
"""What ``access_denied`` may mean: most providers say no more when somebody presses Cancel."""

# RFC 6749 §5.2, and what each means here.
_HINTS = {
    "access_denied": DENIED,
    "unsupported_grant_type": "the provider, or this client's settings there, must allow this grant",
}
_GRANT_HINTS = {
    "refresh_token": "sign in again; the session ended, or was revoked, at the provider",
    DEVICE_CODE: "start again, and enter the new code",
}
_GRANTS = {
    "authorization_code": "Authorization Code",
    "refresh_token": "Refresh Token",
    "password": "Resource Owner Password",
    "client_credentials": "Client Credentials",
    "urn:ietf:params:oauth:grant-type:token-exchange": "Token Exchange",
    DEVICE_CODE: "Device Authorization",
}
_THINGS = {
    "authorization_code": "authorization code",
    "refresh_token": "refresh token",
    DEVICE_CODE: "device code",
}


def refusal(
    document: Mapping[str, object],
    grant_type: str,
    secrets: list[str],
    *,
    endpoint: str,
    invalid_client: str,
    sent: Sent,
) -> OAuthErrorResponse:
    """Return the error for an OAuth error answer (RFC 6749 §5.2).

    Args:
        document: The parsed JSON, with an ``error`` member.
        grant_type: What the token endpoint was asked for; empty at other endpoints.
        secrets: What was sent, which the provider's words must not show again.
        endpoint: Which endpoint answered, in words.
        invalid_client: The hint where the provider does not believe who the client is.
        sent: What it answers, for the hint.
    """
    from .error_hints import hint as hint_for, invalid_request

    code, description = provider_words(document, secrets)
    said = f"{code}: {description}" if description else code
    words = sanitize(_hidden(document.get("error_description"), secrets), limit=2000)
    if code == "invalid_grant":
        thing = _THINGS.get(grant_type, "user name or the password")
        hints = {"authorization_code": _code_hint(sent), **_GRANT_HINTS}
        otherwise = hints.get(grant_type, "check the user name and the password")
        hint = hint_for(code, words, sent, otherwise)
        return InvalidGrant(f"the {thing} was refused: {said}", hint, code=code)
    meanings = {
        INVALID_CLIENT: invalid_client,
        "invalid_request": invalid_request(sent),
        "unauthorized_client": f"allow the grant {_grant(grant_type, endpoint)} in the client's settings at the provider",
        **_HINTS,
    }
    otherwise = meanings.get(code, "the provider's log may say more")
    hint = hint_for(code, words, sent, otherwise)
    asked = endpoint.removesuffix(" endpoint").removesuffix(" request")
    return OAuthErrorResponse(f"the provider refuses the {asked} request ({said})", hint, code=code)


def provider_words(document: Mapping[str, object], secrets: list[str]) -> tuple[str, str]:
    """Return the code and the description of an OAuth error answer (RFC 6749 §5.2), safe to show.

    Args:
        document: The parsed JSON, with an ``error`` member.
        secrets: What was sent, which the words must not show again.
    """
    code = sanitize(_hidden(document.get("error"), secrets), limit=60) or "an error without a code"
    limit = _SHOWN_OF_A_CLIENT_FAULT if code in CLIENT_FAULTS else _SHOWN
    return code, sanitize(_hidden(document.get("error_description"), secrets), limit=limit)


def _grant(grant_type: str, endpoint: str) -> str:
    """Return a grant by the name that providers' settings have for it."""
    first = {"device authorization endpoint": DEVICE_CODE}.get(endpoint, "authorization_code")
    return _GRANTS.get(grant_type or first, grant_type)


def _code_hint(sent: Sent) -> str:
    exactly = f"register exactly {sent.redirect_uri} at the provider and " if sent.redirect_uri else ""
    return f"sign in again; if it happens each time, {exactly}check this machine's clock"


def _hidden(words: object, secrets: list[str]) -> str:
    """Return the provider's words without anything secret that was sent to it."""
    text = words if isinstance(words, str) else ""
    for secret in secrets:
        if len(secret) >= _FEWEST_HIDDEN:
            for form in (secret, quote_plus(secret, errors="replace")):
                text = text.replace(form, "[hidden]")
    return text
