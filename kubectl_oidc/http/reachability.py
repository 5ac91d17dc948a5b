"""Check in the background whether the provider can be reached, before the browser opens its page.

With cached metadata, a sign-in sends its first request after the browser opened. If the provider is down, the browser
shows an error page, and the program waits in vain. So it connects to the token endpoint's host first. If that fails,
or if there is a proxy, it sends a request, whose error says what is wrong.
"""

from __future__ import annotations

from threading import Event, Thread
from typing import TYPE_CHECKING

from kubectl_oidc.errors import OidcLoginError, ProviderUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable

CONNECT_SECONDS = 5.0
"""The longest time to connect. After it, a request is sent that explains the failure."""

ASK_SECONDS = 10.0
"""The longest time for this request."""

PATIENCE = 0.2
"""Seconds to wait for the connection before the sign-in begins; it was started earlier."""


class Reachability:
    """A check that runs in a thread.

    Args:
        place: The host and port to connect to; None if there is a proxy.
        ask: Sends a request within ``ASK_SECONDS``. It raises ProviderUnreachable if there is no answer.
    """

    def __init__(self, place: tuple[str, int] | None, ask: Callable[[], object]) -> None:
        self._place = place
        self._ask = ask
        self._suspected = False
        self._connected = Event()  # or failed to connect: then `_suspected` is set
        self._over = Event()
        self._failure: ProviderUnreachable | None = None
        Thread(target=self._run, daemon=True, name="reachability").start()

    def check(self, patience: float = 0.0) -> None:
        """Raise the error if the provider is known to be unreachable.

        Args:
            patience: Seconds to wait for the connection. If it fails, the check also waits for the reason.

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
                pass  # an answer came; if it is wrong, the sign-in's own requests report it
        self._over.set()


def _connects(place: tuple[str, int]) -> bool:
    from .exchange import ascii_host
    from .stream import connect_tcp

    host, port = place
    try:
        connect_tcp(ascii_host(host), port, CONNECT_SECONDS).close()
    except (OSError, UnicodeError):
        return False
    return True
