"""The HTTP client: a size limit, one deadline for each request, retries only where they are safe, and a proxy (see `proxy`)."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urljoin, urlsplit

from kubectl_oidc.errors import InvalidProviderResponse, ProviderUnreachable
from kubectl_oidc.fast_path.credential import hexdigest
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.urls import port_of, shown_url, url_fault

from .connection_pool import ConnectionPool
from .exchange import Request, Response, is_worth_repeating, retry_after
from .tls import SYSTEM_TRUST, TlsOptions
from .trust import trust_identity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kubectl_oidc.system.log import Log

    from .early_connection import EarlySocket
    from .reachability import Reachability

_REDIRECTS = 3


class HttpClient:
    """Send requests to https URLs, or http on this machine, and read whole answers.

    Args:
        request_timeout: The longest time for one request, in seconds, from name look-up to the last byte.
        pauses: Seconds before the second and the third try of a GET.
        proxy: The proxy for every request, in place of the environment's; it may hold a password.
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
        self._pool = ConnectionPool(tls, log, proxy)

    def trust_and_proxy(self, url: str) -> tuple[object, ...]:
        """Return trust and proxy of a request to ``url``, as a value that can be compared and holds no secret."""
        proxy = self._pool.proxy_of(url)
        named = proxy.url.encode(errors="surrogateescape") if proxy else b""
        return trust_identity(self._tls), hexdigest(named) if named else ""

    def connect_early(self, url: str, *, deadline: Deadline, opened: EarlySocket | None = None) -> None:
        """Start to connect while the modules of the request are still being imported.

        Only for the first request, and only without a proxy. A failure is reported by the request itself.

        Args:
            opened: A TCP connection that may have been opened to this host before.
        """
        self._pool.connect_early(url, self._end(deadline).left(), opened)

    def reachability(self, url: str) -> Reachability:
        """Start to check in the background whether ``url`` can be reached. See `Reachability`."""
        from .reachability import ASK_SECONDS, Reachability

        def ask() -> None:
            client = HttpClient(tls=self._tls, log=self._log, pauses=(), proxy=self._proxy)
            try:
                client.get(url, deadline=Deadline.after(ASK_SECONDS))
            finally:
                client.close()

        _, host, port = _origin(url)
        return Reachability((host, port) if host and not self._pool.proxy_of(url) else None, ask)

    def get(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        deadline: Deadline,
        follow: bool = True,
        once: bool = False,
        meanwhile: Callable[[], object] | None = None,
    ) -> Response:
        """Return the answer to a GET, whatever its status. Repeat it after 429, 5xx and cut connections.

        At most three redirects are followed, to https only (RFC 9110 §15.4). Another origin does not get the headers.

        Args:
            deadline: For all tries together; the client's own time-out may end sooner.
            meanwhile: Runs in a thread while the first answer is awaited; its result and errors are ignored.

        Raises:
            ProviderUnreachable: No whole answer came in time.
            InvalidProviderResponse: The answer is too large, not HTTP, or a redirect that is not followed.
            UsageError: A header, a proxy or an authority cannot be used.
        """
        end = self._end(deadline)
        given = headers or {}
        for _ in range(_REDIRECTS + 1):
            request = Request(method="GET", url=url, headers=given)
            response, meanwhile = self._get_with_retries(request, end, meanwhile, once=once), None
            target = _redirect_target(url, response) if follow else None
            if target is None:
                return response
            if _origin(target) != _origin(url):
                given = {}
            url = target
        raise InvalidProviderResponse(
            f"{shown_url(url)} redirects too often", "copy the issuer URL from the provider's settings"
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
        """Post a form once, and return the answer, whatever its status. A redirect is an error.

        Args:
            meanwhile: Runs in a thread while the answer is awaited; its result and errors are ignored.

        Raises:
            ProviderUnreachable: No whole answer came in time; ``sent`` tells whether the form may have left.
            InvalidProviderResponse: The answer is too large, not HTTP, or a redirect.
            UsageError: A header, a proxy or an authority cannot be used.
        """
        request = _post(url, headers, "application/x-www-form-urlencoded", urlencode(fields).encode("ascii"))
        response = self._pool.send(request, self._end(deadline), meanwhile)
        if 300 <= response.status < 400:  # noqa: PLR2004 - RFC 9110 §15.4
            raise InvalidProviderResponse(
                f"{shown_url(url)} answers a token request with a redirect ({response.status})",
                "check the token_endpoint in the provider's metadata: this program does not send secrets elsewhere",
            )
        return response

    def post_json(
        self, url: str, document: bytes, *, headers: Mapping[str, str] | None = None, deadline: Deadline
    ) -> Response:
        """Post a JSON document once, and return the answer, whatever its status. No redirect is followed.

        Raises:
            ProviderUnreachable: No whole answer came in time.
            InvalidProviderResponse: The answer is too large or not HTTP.
            UsageError: A header, a proxy or an authority cannot be used.
        """
        return self._pool.send(_post(url, headers, "application/json", document), self._end(deadline))

    def check_trust(self) -> None:
        """Read the given authorities and certificate, if any, before a request needs them.

        Raises:
            UsageError: An authority or a certificate cannot be used.
        """
        if self._tls.ca_files or self._tls.ca_data or self._tls.key_pair:
            self._pool.tls_context()

    def load_trust(self) -> None:
        """Read the system's authorities too, so that no later request reads a file.

        Raises:
            UsageError: An authority or a certificate cannot be used.
        """
        self._pool.tls_context()

    def prepare(self, url: str) -> None:
        """Load what a request to ``url`` needs before the first one, which is then faster.

        Raises:
            UsageError: A proxy or an authority cannot be used.
        """
        self._pool.prepare(url)

    def close(self) -> None:
        """Close the connections."""
        self._pool.close()

    def _end(self, deadline: Deadline) -> Deadline:
        return Deadline.after(min(self._request_timeout, deadline.left()))

    def _get_with_retries(
        self, request: Request, end: Deadline, meanwhile: Callable[[], object] | None, *, once: bool
    ) -> Response:
        """Repeat a GET after each pause, or after the provider's Retry-After, while time is left."""
        for pause in () if once else self._pauses:
            try:
                response = self._pool.send(request, end, meanwhile)
            except ProviderUnreachable as error:
                from .failures import was_cut

                if not was_cut(error) or pause >= end.left():
                    raise
                wait, why = pause, error.message
            else:
                wait = max(pause, retry_after(response) or 0.0)
                if not is_worth_repeating(response) or wait >= end.left():
                    return response
                why = f"{shown_url(request.url)} answered {response.status}"
            self._log.info(1, "request-retried", f"{why}; trying again in {wait:.2g} s")
            time.sleep(wait)
            meanwhile = None
        return self._pool.send(request, end, meanwhile)


def _post(url: str, headers: Mapping[str, str] | None, kind: str, content: bytes) -> Request:
    return Request(method="POST", url=url, headers={**(headers or {}), "Content-Type": kind}, content=content)


def _origin(url: str) -> tuple[str, str | None, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, port_of(parts)


def _redirect_target(url: str, response: Response) -> str | None:
    """Return the URL that a redirect names, or None if the answer is not a redirect.

    Raises:
        InvalidProviderResponse: It names no URL, or one of plain http.
    """
    if response.status not in {301, 302, 303, 307, 308}:
        return None
    location = response.headers.get("location", "")
    try:
        target = urljoin(url, location)
    except ValueError:
        target = location
    # Plain http is only for this machine, and only for redirects from this machine.
    why = url_fault(target, http_allowed=url.startswith("http:")) if location else "leads nowhere"
    if why:
        raise InvalidProviderResponse(
            f"{shown_url(url)} redirects to an address that {why}",
            "copy the issuer URL, which begins with https://, from the provider's settings",
        )
    return target
