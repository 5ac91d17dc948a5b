"""HTTP to the provider, with limits: a size, one deadline a request, and repetition only where it is safe.

The proxy is the one that the environment names for the URL (see ``proxy``); this machine's own addresses are never
proxied. The HTTP library is imported by the first request, not with this module.
"""

from __future__ import annotations

import time
from threading import Lock, Thread
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urljoin, urlsplit

from kubectl_oidc.errors import InvalidProviderResponse, ProviderUnreachable
from kubectl_oidc.fast_path.credential import hexdigest
from kubectl_oidc.system.deadline import Deadline, bounded
from kubectl_oidc.urls import fault, shown

from .exchange import Request, Response, exchange, new_client, new_proxied_client
from .progress import RequestProgress, carrier
from .proxy import proxy_for
from .tls import SYSTEM_TRUST, TlsOptions
from .trust import identity

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Mapping, Sequence

    import httpx2

    from kubectl_oidc.system.log import Log

    from .early_connection import EarlyConnection
    from .reachability import Reachability

_REDIRECTS = 3


class HttpClient:
    """Ask the provider, and nobody else.

    Args:
        tls: Whom to trust.
        log: Where -v 4 shows the requests.
        request_timeout: The longest time for one request, in seconds, from name look-up to the last byte.
        pauses: Seconds before a GET is tried a second and a third time.
        proxy: The proxy for every request, whatever the environment says; it may hold a password.
    """

    def __init__(
        self,
        *,
        tls: TlsOptions = SYSTEM_TRUST,
        log: Log,
        request_timeout: float = 15.0,
        pauses: tuple[float, ...] = (0.25, 1.0),
        proxy: str | None = None,
    ) -> None:
        self._tls = tls
        self._log = log
        self._request_timeout = request_timeout
        self._pauses = pauses
        self._proxy = proxy
        self._context: ssl.SSLContext | None = None
        self._context_lock = Lock()
        self._clients: dict[str | None, httpx2.Client] = {}
        self._early: EarlyConnection | None = None

    def way_to(self, url: str) -> tuple[object, ...]:
        """Return what decides who answers for ``url``, as a value that can be compared and holds no secret.

        Args:
            url: Where a request would go.
        """
        proxy = self._proxy_of(url)
        return identity(self._tls), hexdigest(proxy.encode(errors="surrogateescape")) if proxy else ""

    def connect_early(self, url: str, *, deadline: Deadline) -> None:
        """Begin to connect to where a request will go, while what the request needs is still to be imported.

        It is done for the first request alone, and for hosts that are reached without a proxy. What comes of it, the request
        says.

        Args:
            url: An https URL, or http on this machine.
            deadline: When the request must be over.
        """
        seconds = self._end(deadline).left()
        if self._early or self._clients or self._proxy_of(url) or seconds <= 0 or self._tls.server_name:
            return
        scheme, host, port = _origin(url)
        if host is None or not host.isascii():
            return
        from .early_connection import EarlyConnection

        self._early = EarlyConnection(host, port, self._trust if scheme == "https" else None, seconds)

    def reachability(self, url: str) -> Reachability:
        """Begin to find out whether ``url`` can be reached, and return what is found out.

        Args:
            url: An https URL, or http on this machine. It is asked for only if its host cannot be connected to directly.
        """
        from .reachability import ASK_SECONDS, Reachability

        def ask() -> None:
            client = HttpClient(tls=self._tls, log=self._log, pauses=(), proxy=self._proxy)
            try:
                client.get(url, deadline=Deadline.after(ASK_SECONDS))
            finally:
                client.close()

        _, host, port = _origin(url)
        return Reachability((host, port) if host and not self._proxy_of(url) else None, ask)

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        deadline: Deadline,
        follow: bool = True,
        once: bool = False,
    ) -> Response:
        """Get a public document, trying again on 429, 5xx and cut connections.

        A few redirects are followed, to https (RFC 9110 §15.4); the headers given stay with the first origin.

        Args:
            url: An https URL, or http on this machine.
            headers: Further header fields.
            deadline: When all of it must be over; the request's own time-out may be sooner.
            follow: Whether redirects are followed; else one is an answer.
            once: Whether it is not tried again.

        Returns:
            The answer, whatever its status.

        Raises:
            ProviderUnreachable: No whole answer came in time.
            InvalidProviderResponse: The answer is too large, not HTTP, or redirects in a way that is not followed.
            UsageError: A header, a proxy or an authority cannot be used.
        """
        end = self._end(deadline)
        given = headers or {}
        for _ in range(_REDIRECTS + 1):
            response = self._get_patiently(Request(method="GET", url=url, headers=given), end, once=once)
            target = _redirection(url, response) if follow else None
            if target is None:
                return response
            if _origin(target) != _origin(url):
                given = {}
            url = target
        raise InvalidProviderResponse(
            f"{shown(url)} redirects again and again", "copy the issuer URL from the provider's settings"
        )

    def post_form(
        self,
        url: str,
        fields: Sequence[tuple[str, str]],
        *,
        headers: Mapping[str, str] | None = None,
        deadline: Deadline,
        meanwhile: Callable[[], object] | None = None,
    ) -> Response:
        """Post a form once: it is not repeated, and no redirect is followed.

        Args:
            url: An https URL, or http on this machine.
            fields: The form's fields, in order.
            headers: Further header fields.
            deadline: When it must be over; the request's own time-out may be sooner.
            meanwhile: What can be got ready while the form travels; what it returns or raises does not matter.

        Returns:
            The answer, whatever its status but a redirect.

        Raises:
            ProviderUnreachable: No whole answer came in time; ``sent`` tells whether the form may have left.
            InvalidProviderResponse: The answer is too large, not HTTP, or a redirect.
            UsageError: A header, a proxy or an authority cannot be used.
        """
        request = _post(url, headers, "application/x-www-form-urlencoded", urlencode(fields).encode("ascii"))
        response = self._once(request, self._end(deadline), meanwhile)
        if 300 <= response.status < 400:  # noqa: PLR2004 - RFC 9110 §15.4
            raise InvalidProviderResponse(
                f"{shown(url)} answers a token request with a redirect ({response.status})",
                "secrets are not sent elsewhere; check the token_endpoint in the provider's metadata",
            )
        return response

    def post_json(
        self, url: str, document: bytes, *, headers: Mapping[str, str] | None = None, deadline: Deadline
    ) -> Response:
        """Post a JSON document once: it is not repeated, and no redirect is followed.

        Args:
            url: An https URL, or http on this machine.
            document: The document.
            headers: Further header fields.
            deadline: When it must be over; the request's own time-out may be sooner.

        Returns:
            The answer, whatever its status.

        Raises:
            ProviderUnreachable: No whole answer came in time.
            InvalidProviderResponse: The answer is too large or not HTTP.
            UsageError: A header, a proxy or an authority cannot be used.
        """
        return self._once(_post(url, headers, "application/json", document), self._end(deadline))

    def check_trust(self) -> None:
        """Read the authorities and the certificate that were given, if any: what cannot be used is known before a request.

        Raises:
            UsageError: An authority or a certificate cannot be used.
        """
        if self._tls.ca_files or self._tls.ca_data or self._tls.key_pair:
            self._trust()

    def load_trust(self) -> None:
        """Read the authorities and the certificate now, the system's too; no file is read for a request any more.

        Raises:
            UsageError: One cannot be used.
        """
        self._trust()

    def prepare(self, url: str) -> None:
        """Load the HTTP library and whom it trusts ahead of the first request to ``url``, which then takes less time.

        Raises:
            UsageError: A proxy or an authority cannot be used.
        """
        self._client_for(url)

    def close(self) -> None:
        """Close the connections."""
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            client.close()
        if self._early is not None:
            self._early.close()

    def _end(self, deadline: Deadline) -> Deadline:
        return Deadline.after(min(self._request_timeout, deadline.left()))

    def _get_patiently(self, request: Request, end: Deadline, *, once: bool) -> Response:
        """Try again after each pause, as long as the time that the provider asks for is left."""
        for pause in () if once else self._pauses:
            wait, dropped, response = pause, None, None
            try:
                response = self._once(request, end)
            except ProviderUnreachable as error:
                from .failures import was_cut

                if not was_cut(error) or wait >= end.left():
                    raise
                dropped = error.message
            if response is not None:
                wait = max(pause, retry_after(response) or 0.0)
                if not _worth_repeating(response) or wait >= end.left():
                    return response
            why = dropped or f"{shown(request.url)} answered {response.status if response else 0}"
            self._log.info(1, f"{why}; trying again in {wait:.2g} s")
            time.sleep(wait)
        return self._once(request, end)

    def _once(
        self, request: Request, end: Deadline, meanwhile: Callable[[], object] | None = None
    ) -> Response:
        """Make one request within the time that is left, whatever the peer does."""
        part = carrier()
        flight = RequestProgress(part.between_reads if part else None)
        seconds, began = end.left(), time.monotonic()
        if part and request.method == "POST" and (known := part.answer()):
            return known
        busy = _when_under_way(flight, meanwhile, seconds) if meanwhile is not None else None

        def late() -> Exception:
            from .failures import too_late

            flight.give_up()
            return too_late(request.url, flight, seconds)

        def attempt() -> Response:
            import httpx2

            from .failures import explain

            def send() -> Response:
                client = self._client_for(request.url)
                return exchange(client, request, flight.trace, seconds, self._tls.server_name)

            try:
                return part.carry(flight, send, busy) if part and request.method == "POST" else send()
            except (httpx2.HTTPError, httpx2.InvalidURL, UnicodeError) as error:
                raise explain(
                    error, url=request.url, flight=flight, seconds=seconds, options=self._tls
                ) from error

        if seconds <= 0:
            raise late()
        self.connect_early(request.url, deadline=end)
        try:
            response = bounded(attempt, seconds, late)
        except BaseException:
            flight.give_up()  # Ctrl-C too: what has not left by now must not leave any more
            self._log.info(4, f"{request.method} {shown(request.url)} failed")
            raise
        self._log.info(
            4,
            f"{request.method} {shown(request.url)}: {response.status}, {len(response.body)} bytes, "
            f"{time.monotonic() - began:.2f} s",
        )
        return response

    def _client_for(self, url: str) -> httpx2.Client:
        """Return the client for ``url``: one for each proxy, and one that knows of none."""
        proxy = self._proxy_of(url)
        if proxy not in self._clients:
            context = self._trust()
            if self._tls.insecure:
                self._log.info(1, "certificates are not checked (--insecure-skip-tls-verify)")
            if proxy is None:
                from .transport import DirectTransport

                self._clients[proxy] = new_client(DirectTransport(context, self._early))
            else:
                self._clients[proxy] = new_proxied_client(context, proxy, given=self._proxy is not None)
        return self._clients[proxy]

    def _proxy_of(self, url: str) -> str | None:
        """Return the URL of the proxy between us and ``url``: the given one, else the environment's.

        Raises:
            UsageError: The environment names it by a URL that cannot be used.
        """
        if self._proxy is not None:
            return self._proxy
        proxy = proxy_for(url)
        return proxy.url if proxy else None

    def _trust(self) -> ssl.SSLContext:
        """Return whom to trust; the early connection and the request ask at the same time."""
        with self._context_lock:
            if self._context is None:
                from .tls import context

                self._context = context(self._tls)
                self._context.set_alpn_protocols(["http/1.1"])
            return self._context


def _post(url: str, headers: Mapping[str, str] | None, kind: str, content: bytes) -> Request:
    return Request(method="POST", url=url, headers={**(headers or {}), "Content-Type": kind}, content=content)


def _when_under_way(flight: RequestProgress, work: Callable[[], object], seconds: float) -> Thread:
    """Do something else in the time in which an answer is waited for, and not before: both need the interpreter."""
    from contextlib import suppress

    def run() -> None:
        with suppress(Exception):
            if flight.under_way.wait(seconds):
                work()

    thread = Thread(target=run, daemon=True, name="meanwhile")
    thread.start()
    return thread


def retry_after(response: Response) -> float | None:
    """Return the seconds that an answer asks to wait (RFC 9110 §10.2.3), or None when it does not say."""
    from datetime import UTC, datetime
    from email.utils import parsedate_to_datetime

    words = response.headers.get("retry-after", "").strip()
    if words.isascii() and words.isdigit():
        return float(words[:9])
    try:
        return max(0.0, (parsedate_to_datetime(words) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError, OverflowError):
        return None


def _worth_repeating(response: Response) -> bool:
    return response.status == 429 or response.status >= 500  # noqa: PLR2004 - RFC 6585 §4, RFC 9110 §15.6


def _origin(url: str) -> tuple[str, str | None, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


def _redirection(url: str, response: Response) -> str | None:
    """Return where a redirect leads, or None when the answer is none.

    Raises:
        InvalidProviderResponse: It leads nowhere, or to plain http.
    """
    if response.status not in {301, 302, 303, 307, 308}:
        return None
    location = response.headers.get("location", "")
    try:
        target = urljoin(url, location)
    except ValueError:
        target = location
    # http is for this machine, and only from this machine.
    why = fault(target, http_allowed=url.startswith("http:")) if location else "leads nowhere"
    if why:
        raise InvalidProviderResponse(
            f"{shown(url)} redirects to an address that {why}",
            "copy the issuer URL from the provider's settings; it begins with https://",
        )
    return target
