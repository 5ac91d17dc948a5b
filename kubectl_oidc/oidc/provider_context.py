"""What every request to a provider needs: the issuer, the client, HTTP, the clock and the log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_oidc.http.client import HttpClient
    from kubectl_oidc.system.log import Log

    from .client import Client


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderContext:
    """One issuer as one client sees it.

    Attributes:
        issuer: The issuer URL, byte for byte as configured.
        clock: Returns the time in epoch seconds.
    """

    issuer: str
    client: Client
    http: HttpClient
    clock: Callable[[], float]
    log: Log
