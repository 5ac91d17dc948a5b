"""Which request is the answer to ours (RFC 6749 §4.1.2, RFC 9207), decided without touching anything.

Any web page and any program on this machine can send requests here. So nothing in a request is believed, shown or
acted on before its ``state`` is ours, and a request that is not the answer changes nothing: the wait goes on.
"""

from __future__ import annotations

from dataclasses import dataclass
from hmac import compare_digest
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote

from kubectl_oidc.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_MOST_PARAMETERS = 50


@dataclass(frozen=True, slots=True)
class AuthorizationResponse:
    """What the provider answered; its words are not yet safe to show (``text.plain``).

    Attributes:
        code: The authorization code, or None when the provider refused.
        error: The error code (RFC 6749 §4.1.2.1).
        error_description: The provider's words about it.
        error_uri: The provider's page about it.
    """

    code: Secret | None
    error: str | None = None
    error_description: str | None = None
    error_uri: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """The head of an HTTP request.

    Attributes:
        method: The method, as sent.
        target: The request target: path and query.
        host: The Host header, None when there is none.
        uid: Finds out whose process sent it: a user id, or None where the system does not tell.
    """

    method: str
    target: str
    host: str | None
    uid: Callable[[], int | None] = lambda: None


@dataclass(frozen=True, slots=True)
class RejectedRequest:
    """A request that is not the answer.

    Attributes:
        status: The HTTP status, 4xx.
        why: A few words for the log and the page; nothing of the request is in them.
        headers: Headers that this status asks for.
        over: Whether it looks like the answer to a sign-in that has ended.
    """

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...] = ()
    over: bool = False


class Start:
    """The request for the start URL: the browser goes on to the provider."""


class End:
    """The request for the address that shows how the sign-in ended: it has neither code nor state."""


@dataclass(frozen=True, slots=True)
class ExpectedResponse:
    """What the answer must look like.

    Attributes:
        hosts: The values that the Host header may have, in lower case. A page that has bound its own name to
            127.0.0.1 (DNS rebinding) sends another one.
        path: The path of the redirect URI.
        start_path: The path of the start URL, unguessable: whoever knows it may be sent to the provider.
        state: The state of the authorization request (RFC 6749 §10.12).
        issuer: Who must have answered (RFC 9207 §2.4).
        iss_required: Whether the provider promised to say who it is.
        end_query: The query of the address at ``path`` that shows how the sign-in ended, unguessable because the page names the
            person; None if there is no such page.
    """

    hosts: frozenset[str]
    path: str
    start_path: Secret
    state: Secret
    issuer: str
    iss_required: bool
    end_query: Secret | None = None

    def check(self, request: Request) -> AuthorizationResponse | Start | End | RejectedRequest:
        """Return the answer that ``request`` carries, or what else it is.

        Args:
            request: The head of a request.
        """
        path, _, query = request.target.partition("?")
        if (refused := self._judge_head(request)) is not None:
            return refused
        if _same(path, self.start_path.reveal()):
            return Start()
        if unquote(path) != unquote(self.path):
            return RejectedRequest(404, "nothing is at this address")
        if self.end_query is not None and _same(query, self.end_query.reveal()):
            return End()
        if not query:
            return RejectedRequest(400, "this is where a sign-in ends")
        parameters = _parameters(query)
        return parameters if isinstance(parameters, RejectedRequest) else self._judge_parameters(parameters)

    def _judge_head(self, request: Request) -> RejectedRequest | None:
        if (request.host or "").lower() not in self.hosts:
            return RejectedRequest(403, "the request names another host")
        if request.method != "GET":
            # HEAD too: what looks ahead at links must not use the answer up.
            return RejectedRequest(405, "only GET is understood here", (("allow", "GET"),))
        if not request.target.startswith("/"):
            return RejectedRequest(400, "the request target is no path")
        return None

    def _judge_parameters(self, parameters: Mapping[str, str]) -> AuthorizationResponse | RejectedRequest:
        """Check state, then issuer, then what was answered; the order is what keeps strangers' words out."""
        if not _same(parameters.get("state", ""), self.state.reveal()):
            return RejectedRequest(
                403,
                "this answers another sign-in than the one that waits here, perhaps an earlier one",
                over="state" in parameters,
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
    """Return the parameters of an answer, each of which may stand in it once (RFC 6749 §3.1)."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=_MOST_PARAMETERS)
    except ValueError:
        return RejectedRequest(400, "the answer cannot be read")
    parameters = dict(pairs)
    return parameters if len(parameters) == len(pairs) else RejectedRequest(400, "a parameter is repeated")


def _same(given: str, ours: str) -> bool:
    """Compare in constant time, whatever characters were sent."""
    return compare_digest(given.encode(errors="surrogatepass"), ours.encode())
