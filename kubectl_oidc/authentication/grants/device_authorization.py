"""The device authorization response (RFC 8628 §3.2): read, checked, and safe to show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from kubectl_oidc.errors import InvalidProviderResponse
from kubectl_oidc.oidc.token_response import DEVICE_CODE, seconds
from kubectl_oidc.secret import Secret
from kubectl_oidc.text import sanitize
from kubectl_oidc.urls import fault

if TYPE_CHECKING:
    from collections.abc import Mapping

INTERVAL = 5.0
"""Seconds between two polls where the provider does not say (RFC 8628 §3.2)."""

_SHORTEST = 1.0
_LONGEST_CODE = 60


@dataclass(frozen=True, slots=True)
class DeviceAuthorization:
    """What the provider gave.

    Attributes:
        device_code: What is polled with; it never shows.
        user_code: What the person enters.
        verification_uri: Where.
        verification_uri_complete: The same with the code in it, where the provider has such a thing.
        expires_in: Seconds until the codes end; None where it does not say.
        interval: Seconds between two polls, at least.
    """

    GRANT_TYPE: ClassVar[str] = DEVICE_CODE

    device_code: Secret
    user_code: str
    verification_uri: str
    verification_uri_complete: str | None
    expires_in: int | None
    interval: float

    @classmethod
    def parse(cls, document: Mapping[str, object], *, local: bool) -> DeviceAuthorization:
        """Return what an answer says.

        Args:
            document: The parsed JSON.
            local: Whether the provider is on this machine, where plain http is allowed.

        Raises:
            InvalidProviderResponse: A code or the address is missing, or is none.
        """
        user_code = _text(document, "user_code")
        if sanitize(user_code, limit=_LONGEST_CODE) != user_code:
            raise _broken("has a user_code that cannot be shown")
        # Google, and Entra at times, still write the name of an early draft.
        name = "verification_uri" if "verification_uri" in document else "verification_url"
        uri = _text(document, name)
        why = _fault(uri, local=local)
        if why:
            raise _broken(f"has a {name} that {why}")
        complete = document.get("verification_uri_complete")
        if not isinstance(complete, str) or _fault(complete, local=local):
            complete = None
        device_code = _text(document, "device_code")
        if not device_code.isprintable():
            raise _broken("has a device_code that cannot be sent")
        interval = seconds(document.get("interval"))
        return cls(
            device_code=Secret(device_code),
            user_code=user_code,
            verification_uri=uri,
            verification_uri_complete=complete,
            expires_in=seconds(document.get("expires_in")) or None,
            interval=INTERVAL if interval is None else max(float(interval), _SHORTEST),
        )


def _fault(url: str, *, local: bool) -> str | None:
    """Return what is wrong with an address; it may have a fragment, of characters that a URL has."""
    return fault(url.replace("#", "/"), http_allowed=local)


def _text(document: Mapping[str, object], name: str) -> str:
    value = document.get(name)
    if not isinstance(value, str) or not value:
        raise _broken(f"has no {name}")
    return value


def _broken(why: str) -> InvalidProviderResponse:
    return InvalidProviderResponse(
        f"the provider's device authorization response {why}",
        "look into the provider's log, or use another --grant-type",
        topic="device-code",
    )
