"""The answer of the token endpoint: tokens (RFC 6749 §5.1, OpenID Connect Core 3.1.3.3) or an error (RFC 6749 §5.2)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from kubectl_oidc.errors import InvalidGrant, InvalidProviderResponse, OAuthErrorResponse
from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.secret import Secret
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .error_hints import SentRequest

DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
"""The grant type of RFC 8628 §3.4."""

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
"""The grant type of RFC 7523 §2.1."""

INVALID_CLIENT = "invalid_client"
"""The error code for failed client authentication (RFC 6749 §5.2)."""

_TOKEN = re.compile(r"[\x20-\x7e]+")  # RFC 6749 Appendix A.12, A.17: VSCHAR
LONGEST_LIFE = 10 * 365 * 24 * 3600
"""Seconds. A greater number is not a lifetime."""

CLIENT_ERROR_CODES = frozenset({INVALID_CLIENT, "unauthorized_client"})
"""The codes for failed client authentication and for a grant that the client may not use (RFC 6749 §5.2). The token may be valid."""

_SHOWN, _SHOWN_OF_A_CLIENT_FAULT = 200, 500
"""How many characters of a provider's description are shown. Ory Hydra names the client authentication method that it
requires only after the first 200."""

_FEWEST_HIDDEN = 4
"""Shorter secrets are not hidden in the provider's words, because that would hide half of the words."""


class TokenResponse(NamedTuple):
    """A successful answer (RFC 6749 §5.1, OpenID Connect Core 3.1.3.3). The tokens are not validated yet.

    Attributes:
        expires_in: The access token's lifetime in seconds, if the answer has it.
        token_type: ``Bearer`` as the provider writes it; ``N_A`` for an exchanged token that is not an access token.
        issued_token_type: The type of an exchanged token (RFC 8693 §2.2.1).
    """

    id_token: Secret | None = None
    access_token: Secret | None = None
    refresh_token: Secret | None = None
    expires_in: int | None = None
    scope: str | None = None
    token_type: str | None = None
    issued_token_type: str | None = None


def token_response(document: Mapping[str, object], what: str) -> TokenResponse:
    """Return the tokens of a successful answer, which ``what`` names in errors.

    Raises:
        InvalidProviderResponse: There is no token, a token is not a string, or it is not a bearer token.
    """
    id_token, access_token, refresh_token = (
        _token(document, name, what) for name in ("id_token", "access_token", "refresh_token")
    )
    if id_token is None and access_token is None:
        raise _invalid(f"{what} holds no token")
    token_type = document.get("token_type")
    issued = document.get("issued_token_type")
    issued_token_type = issued if isinstance(issued, str) else None
    accepted = {"bearer", "n_a"} if issued_token_type else {"bearer"}
    if token_type is not None and (not isinstance(token_type, str) or token_type.lower() not in accepted):
        raise _invalid(f"{what} has a token that is not a bearer token")
    scope = document.get("scope")
    return TokenResponse(
        id_token=id_token,
        access_token=access_token,
        refresh_token=refresh_token,
        expires_in=parse_seconds(document.get("expires_in")),
        scope=scope if isinstance(scope, str) else None,
        token_type=token_type,
        issued_token_type=issued_token_type,
    )


def _token(document: Mapping[str, object], name: str, what: str) -> Secret | None:
    value = document.get(name)
    if value is None or value == "":
        return None
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise _invalid(
            f"{what} has an {name} that is not a token"
            if name[0] in "ai"
            else f"{what} has a {name} that is not a token"
        )
    return Secret(value)


def parse_seconds(value: object) -> int | None:
    """Return a number of seconds, or None. Some providers write it as a string."""
    try:
        number = (
            float(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else -1.0
        )
    except (ValueError, OverflowError):
        return None
    return int(number) if 0 <= number <= LONGEST_LIFE else None


def _invalid(message: str) -> InvalidProviderResponse:
    return InvalidProviderResponse(
        message, "look into the provider's log: the client's settings may be incomplete"
    )


ACCESS_DENIED_HINT = "if you cancelled the sign-in, sign in again. If not, check at the provider that this person is assigned to the application, and that policies allow this client and these scopes"
"""The hint for ``access_denied``. Most providers send the same error if somebody presses Cancel."""

# The error codes of RFC 6749 §5.2.
_HINTS = {
    "access_denied": ACCESS_DENIED_HINT,
    "unsupported_grant_type": "allow this grant at the provider and in the client's settings",
}
_GRANT_HINTS = {
    "refresh_token": "sign in again: the session ended at the provider, or was revoked",
    DEVICE_CODE: "start again, and enter the new code",
    JWT_BEARER: "at the provider, trust the platform's token (issuer, subject and audience) and say whom it represents",
}
_GRANTS = {
    "authorization_code": "Authorization Code",
    "refresh_token": "Refresh Token",
    "password": "Resource Owner Password",
    "client_credentials": "Client Credentials",
    "urn:ietf:params:oauth:grant-type:token-exchange": "Token Exchange",
    DEVICE_CODE: "Device Authorization",
    JWT_BEARER: "JWT Bearer",
}
_ABOUT_A_GRANT = re.compile(r"grant|device[_ ]code", re.IGNORECASE)
"""What descriptions of ``invalid_request`` say if the client may not use the grant: some providers send no ``unauthorized_client``."""
_CREDENTIALS = {
    "authorization_code": "authorization code",
    "refresh_token": "refresh token",
    DEVICE_CODE: "device code",
    JWT_BEARER: "platform's token",
}


def oauth_error(
    document: Mapping[str, object],
    grant_type: str,
    secrets: list[str],
    *,
    endpoint: str,
    invalid_client: str,
    sent: SentRequest,
) -> OAuthErrorResponse:
    """Return the error for an OAuth error answer (RFC 6749 §5.2).

    Args:
        grant_type: The grant that was requested; empty at other endpoints.
        secrets: The secrets of the request. They are hidden in the provider's words.
    """
    from .error_hints import error_hint as hint_for, invalid_request_hint

    code, description = provider_words(document, secrets)
    said = f"{code}: {description}" if description else code
    words = sanitize(_hidden(document.get("error_description"), secrets), limit=2000)
    if code == "invalid_grant":
        thing = _CREDENTIALS.get(grant_type, "user name or the password")
        hints = {"authorization_code": _code_hint(sent), **_GRANT_HINTS}
        otherwise = hints.get(grant_type, "check the user name and the password")
        hint = hint_for(code, words, sent, otherwise)
        return InvalidGrant(f"the {thing} was refused: {said}", hint, code=code)
    grant = f"allow the grant {_grant_name(grant_type, endpoint)} in the client's settings at the provider"
    meanings = {
        INVALID_CLIENT: invalid_client,
        "invalid_request": grant if _ABOUT_A_GRANT.search(words) else invalid_request_hint(sent),
        "unauthorized_client": grant,
        **_HINTS,
    }
    otherwise = meanings.get(code, "look into the provider's log for the reason")
    hint = hint_for(code, words, sent, otherwise)
    asked = endpoint.removesuffix(" endpoint").removesuffix(" request")
    return OAuthErrorResponse(f"the provider refuses the {asked} request ({said})", hint, code=code)


def provider_words(document: Mapping[str, object], secrets: list[str]) -> tuple[str, str]:
    """Return the code and the description of an OAuth error answer (RFC 6749 §5.2), safe to show, without the request's ``secrets``."""
    code = sanitize(_hidden(document.get("error"), secrets), limit=60) or "an error without a code"
    limit = _SHOWN_OF_A_CLIENT_FAULT if code in CLIENT_ERROR_CODES else _SHOWN
    return code, sanitize(_hidden(document.get("error_description"), secrets), limit=limit)


def _grant_name(grant_type: str, endpoint: str) -> str:
    """Return the name of a grant in the settings of most providers."""
    first = {"device authorization endpoint": DEVICE_CODE}.get(endpoint, "authorization_code")
    return _GRANTS.get(grant_type or first, grant_type)


def _code_hint(sent: SentRequest) -> str:
    exactly = f"register exactly {sent.redirect_uri} at the provider and " if sent.redirect_uri else ""
    return f"sign in again; if it fails each time, {exactly}check this machine's clock"


def _hidden(words: object, secrets: list[str]) -> str:
    """Return the provider's words with the secrets of the request replaced."""
    text = words if isinstance(words, str) else ""
    for secret in secrets:
        if len(secret) >= _FEWEST_HIDDEN:
            for form in (secret, quote_plus(secret, errors="replace")):
                text = text.replace(form, "[hidden]")
    return text
