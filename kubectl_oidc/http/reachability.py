"""Whether the provider can be reached, found out in the background before a person is sent to it.

With cached metadata the first request of a sign-in comes after the browser. If nobody listens at the provider, the browser shows a
dead page, and nothing comes back. So the token endpoint's host is connected to meanwhile. Only if that fails, or if a proxy is in
between, is a request sent: its failure says what is wrong.
"""

from __future__ import annotations

import socket
from threading import Event, Thread
from typing import TYPE_CHECKING

from kubectl_oidc.errors import OidcLoginError, ProviderUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable

CONNECT_SECONDS = 5.0
"""The longest that connecting may take before a request is sent that says more."""

ASK_SECONDS = 10.0
"""The longest that this request may take."""

PATIENCE = 0.2
"""Seconds that a connection is waited for before a person is asked; it was begun earlier."""


class Reachability:
    """Find out in the background.

    Args:
        place: The host and port to connect to; None if a proxy is in between.
        ask: Sends a request within ``ASK_SECONDS``. It raises ProviderUnreachable if there is no answer.
    """

    def __init__(self, place: tuple[str, int] | None, ask: Callable[[], object]) -> None:
        self._place = place
        self._ask = ask
        self._suspected = False
        self._connected = Event()  # or not: what is known by then is in `_suspected`
        self._over = Event()
        self._failure: ProviderUnreachable | None = None
        Thread(target=self._run, daemon=True, name="reachability").start()

    def check(self, patience: float = 0.0) -> None:
        """Return unless it is known that the provider cannot be reached.

        Args:
            patience: Seconds to wait for a connection. If there is none, the reason is waited for, too.

        Raises:
            ProviderUnreachable: It cannot be reached.
        """
        self._connected.wait(patience)
        if self._suspected and patience:
            self._over.wait(ASK_SECONDS)
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        self._suspected = self._place is not None and not _connects(self._place)
        self._connected.set()
        if self._suspected or self._place is None:
            try:
                self._ask()
            except ProviderUnreachable as error:
                self._failure = error
            except OidcLoginError:
                pass  # an answer came; what is wrong with it, the sign-in's own requests say
        self._over.set()


def _connects(place: tuple[str, int]) -> bool:
    try:
        socket.create_connection(place, CONNECT_SECONDS).close()
    except (OSError, UnicodeError):
        return False
    return True
