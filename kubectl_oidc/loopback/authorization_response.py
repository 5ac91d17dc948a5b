"""Decide whether a request is the authorization response (RFC 6749 §4.1.2, RFC 9207). Nothing here has side effects.

Any web page and any program on this machine can send requests to the callback server. So nothing in a request is trusted,
shown or acted on before its ``state`` is checked. Any other request changes nothing, and the server waits on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from kubectl_oidc.digests import compare_digest
from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MOST_PARAMETERS = 50


class AuthorizationResponse(NamedTuple):
    """The provider's answer: a code, or an error (RFC 6749 §4.1.2.1). Pass texts through ``text.sanitize`` before showing them.

    Attributes:
        code: The authorization code; None if the provider refused.
    """

    code: Secret | None
    error: str | None = None
    error_description: str | None = None
    error_uri: str | None = None


class Request(NamedTuple):
    """The head of an HTTP request.

    Attributes:
        target: The request target: path and query.
        host: The Host header; None if it is missing or repeated.
        uid: Returns the user id of the process that sent it; None if the system does not tell.
    """

    method: str
    target: str
    host: str | None
    uid: Callable[[], int | None] = lambda: None


class RejectedRequest(NamedTuple):
    """A request that is not the authorization response.

    Attributes:
        status: The HTTP status, 4xx.
        reason: A short text for the log and the page. It quotes nothing of the request.
        is_outdated: Whether it looks like the answer to an earlier sign-in.
    """

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...] = ()
    is_outdated: bool = False


class StartRequest:
    """The request for the start URL: the browser is redirected to the provider."""


class FinalPageRequest:
    """The request for the page that shows how the sign-in ended. Its URL has neither code nor state."""


class ExpectedResponse(NamedTuple):
    """The properties of the authorization response that the server waits for.

    Attributes:
        hosts: The allowed values of the Host header, in lower case. A web page that has pointed its own name to
            127.0.0.1 (DNS rebinding) sends another one.
        path: The path of the redirect URI.
        start_path: The path of the start URL. It cannot be guessed, because it redirects to the provider with our state.
        state: The state of the authorization request (RFC 6749 §10.12).
        issuer: The expected ``iss`` (RFC 9207 §2.4).
        iss_required: Whether the provider's metadata promises ``iss``.
        end_query: The query of the final page at ``path``; None for no such page. It cannot be guessed, because the page
            names the user.
    """

    hosts: frozenset[str]
    path: str
    start_path: Secret
    state: Secret
    issuer: str
    iss_required: bool
    end_query: Secret | None = None

    def check(
        self, request: Request
    ) -> AuthorizationResponse | StartRequest | FinalPageRequest | RejectedRequest:
        """Return the authorization response in ``request``, or what else the request is."""
        path, _, query = request.target.partition("?")
        if (refused := self._check_head(request)) is not None:
            return refused
        if _same(path, self.start_path.reveal()):
            return StartRequest()
        if unquote(path) != unquote(self.path):
            return RejectedRequest(404, "nothing is at this address")
        if self.end_query is not None and _same(query, self.end_query.reveal()):
            return FinalPageRequest()
        if not query:
            return RejectedRequest(400, "this is where a sign-in ends")
        parameters = _parameters(query)
        return parameters if isinstance(parameters, RejectedRequest) else self._check_parameters(parameters)

    def _check_head(self, request: Request) -> RejectedRequest | None:
        if (request.host or "").lower() not in self.hosts:
            return RejectedRequest(403, "the request names another host")
        if request.method != "GET":
            # HEAD too: a link preview must not consume the answer.
            return RejectedRequest(405, "only GET is understood here", (("allow", "GET"),))
        if not request.target.startswith("/"):
            return RejectedRequest(400, "the request target is not a path")
        return None

    def _check_parameters(self, parameters: Mapping[str, str]) -> AuthorizationResponse | RejectedRequest:
        """Check state, then issuer, then code and error. The order keeps texts of other senders out."""
        if not _same(parameters.get("state", ""), self.state.reveal()):
            return RejectedRequest(
                403,
                "this tab belongs to an earlier sign-in",
                is_outdated="state" in parameters,
            )
        iss = parameters.get("iss")
        if iss is None and self.iss_required:
            return RejectedRequest(403, "the answer does not say which provider it is from")
        if iss is not None and iss != self.issuer:
            return RejectedRequest(403, "the answer is from another provider")
        code, error = parameters.get("code"), parameters.get("error")
        if bool(code) == bool(error):
            return RejectedRequest(
                400, "the answer has no code" if not code else "the answer has a code and an error"
            )
        if code:
            return AuthorizationResponse(Secret(code))
        return AuthorizationResponse(
            None, error, parameters.get("error_description"), parameters.get("error_uri")
        )


def _parameters(query: str) -> dict[str, str] | RejectedRequest:
    """Return the parameters in a query. A repeated one is refused (RFC 6749 §3.1)."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        return RejectedRequest(400, "the answer cannot be read")
    parameters = dict(pairs)
    return parameters if len(parameters) == len(pairs) else RejectedRequest(400, "a parameter is repeated")


def _same(given: str, ours: str) -> bool:
    """Compare in constant time; ``given`` may contain any characters."""
    return compare_digest(given.encode(errors="surrogatepass"), ours.encode())
