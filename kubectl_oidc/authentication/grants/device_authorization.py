"""The device authorization response (RFC 8628 §3.2): parsed, checked and safe to show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kubectl_oidc.errors import InvalidProviderResponse
from kubectl_oidc.oidc.token_response import parse_seconds
from kubectl_oidc.secret import Secret
from kubectl_oidc.text import sanitize
from kubectl_oidc.urls import url_fault

if TYPE_CHECKING:
    from collections.abc import Mapping

INTERVAL = 5.0
"""Seconds between two polls if the provider does not say (RFC 8628 §3.2)."""

_SHORTEST = 1.0
_LONGEST_CODE = 60


@dataclass(frozen=True, slots=True)
class DeviceAuthorization:
    """The codes for one sign-in.

    Attributes:
        device_code: Sent with each poll; never shown.
        user_code: The code that the user enters.
        verification_uri: The page where the user enters it.
        verification_uri_complete: The same page with the code filled in; None if the provider does not send it.
        expires_in: Seconds until both codes expire; None if the provider does not say.
        interval: The least number of seconds between two polls.
    """

    device_code: Secret
    user_code: str
    verification_uri: str
    verification_uri_complete: str | None
    expires_in: int | None
    interval: float

    @classmethod
    def parse(cls, document: Mapping[str, object], *, local: bool) -> DeviceAuthorization:
        """Parse the response.

        Args:
            local: Whether plain http is allowed, because the provider runs on this machine.

        Raises:
            InvalidProviderResponse: A code or the address is missing or not valid.
        """
        user_code = _text(document, "user_code")
        if sanitize(user_code, limit=_LONGEST_CODE) != user_code:
            raise _invalid_response("has a user_code that cannot be shown")
        # Google, and sometimes Entra ID, still use the name of an early draft.
        name = "verification_uri" if "verification_uri" in document else "verification_url"
        uri = _text(document, name)
        problem = _url_problem(uri, local=local)
        if problem:
            raise _invalid_response(f"has a {name} that {problem}")
        complete = document.get("verification_uri_complete")
        if not isinstance(complete, str) or _url_problem(complete, local=local):
            complete = None
        device_code = _text(document, "device_code")
        if not device_code.isprintable():
            raise _invalid_response("has a device_code that cannot be sent")
        interval = parse_seconds(document.get("interval"))
        return cls(
            device_code=Secret(device_code),
            user_code=user_code,
            verification_uri=uri,
            verification_uri_complete=complete,
            expires_in=parse_seconds(document.get("expires_in")) or None,
            interval=INTERVAL if interval is None else max(float(interval), _SHORTEST),
        )


def _url_problem(url: str, *, local: bool) -> str | None:
    """Return what is wrong with an address, or None. A fragment is allowed."""
    return url_fault(url.replace("#", "/"), http_allowed=local)


def _text(document: Mapping[str, object], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not value:
        raise _invalid_response(f"has no {name}")
    return value


def _invalid_response(problem: str) -> InvalidProviderResponse:
    return InvalidProviderResponse(
        f"the provider's device authorization response {problem}",
        "look into the provider's log, or use another --grant-type",
        topic="device-code",
    )
