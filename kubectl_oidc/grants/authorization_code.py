"""The Authorization Code grant with PKCE through the browser (OpenID Connect Core 3.1, RFC 7636, RFC 8252)."""

from __future__ import annotations

import secrets
import shlex
import sys
from dataclasses import dataclass
from socket import gethostname
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubectl_oidc.browser import Browser
from kubectl_oidc.deadline import Deadline
from kubectl_oidc.errors import OidcLoginError, ProviderRefused, SignInRefused, SignInTimeout
from kubectl_oidc.issuer import is_loopback
from kubectl_oidc.loopback import CallbackServer, Failed, SignedIn
from kubectl_oidc.loopback.urls import port_of
from kubectl_oidc.secret import Secret
from kubectl_oidc.session import person
from kubectl_oidc.terminal import remaining
from kubectl_oidc.text import plain
from kubectl_oidc.token_request import OUR_PARAMETERS
from kubectl_oidc.tokens import accept

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_oidc.failed_sign_ins import FailedSignIns
    from kubectl_oidc.loopback import Answer
    from kubectl_oidc.provider import Metadata, Provider
    from kubectl_oidc.token_request import TokenRequest, World
    from kubectl_oidc.tokens import Tokens

EXCHANGE_SECONDS = 30.0
"""The longest that the provider's answers may take once the person is back."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """The secrets of one authorization request, each used once.

    Attributes:
        state: Binds the answer to this request (RFC 6749 §10.12).
        nonce: Binds the ID token to this request (OpenID Connect Core 3.1.2.1).
        code_verifier: Proves that who redeems the code asked for it (RFC 7636 §4.1); None only with `no`.
    """

    state: Secret
    nonce: Secret
    code_verifier: Secret | None

    @classmethod
    def generate(cls, *, pkce: bool) -> Attempt:
        """Return fresh values of 32 random bytes each."""

        def fresh() -> Secret:
            return Secret(secrets.token_urlsafe(32))

        return cls(fresh(), fresh(), fresh() if pkce else None)


def sign_in(
    request: TokenRequest, world: World, provider: Provider, why: str, failures: FailedSignIns
) -> Tokens:
    """Return the tokens of a person who signs in through the browser.

    Args:
        request: What is asked for.
        world: Clock, environment, terminal.
        provider: The OpenID provider.
        why: Why a sign-in is needed, for the person.
        failures: Where a sign-in that fails once the person was asked is remembered.

    Raises:
        PortsTaken: No listen address is free.
        SignInRefused: The provider sent the browser back with an error.
        SignInTimeout: Nobody answered in time.
        ProviderError: The provider failed.
        IdTokenError: Its ID token must not be believed.
    """
    deadline = Deadline.after(request.timeout)
    metadata = provider.metadata(deadline)
    attempt = Attempt.generate(pkce=request.pkce)
    server = CallbackServer(
        request.listen_addresses,
        redirect_url=request.redirect_url,
        state=attempt.state,
        issuer=request.issuer,
        iss_required=metadata.iss_parameter_supported,
        log=world.log,
    )
    with server:
        url = authorization_url(request, metadata, attempt, server.redirect_uri)
        server.expect(url)
        with failures.counted():
            _send_person(request, world, server, url, why)
            answer = _await_answer(request, world, server, deadline)
            try:
                tokens = _redeem(request, world, provider, server, attempt, answer)
            except OidcLoginError as error:
                server.finish(Failed(error.message, error.hint))
                raise
        server.finish(
            SignedIn(person(tokens.id_token), tokens.expiry, request.issuer, request.open_url_after)
        )
        return tokens


def authorization_url(request: TokenRequest, metadata: Metadata, attempt: Attempt, redirect_uri: str) -> str:
    """Return the authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3), each parameter once (§3.1).

    Args:
        request: What is asked for; its extra parameters replace none of ours.
        metadata: The provider's metadata.
        attempt: State, nonce and verifier.
        redirect_uri: Where the browser comes back to.
    """
    from authlib.common.urls import add_params_to_uri
    from authlib.oauth2.rfc6749.parameters import prepare_grant_uri
    from authlib.oauth2.rfc7636 import create_s256_code_challenge

    extra = [(name, value) for name, value in request.extra_params if name not in OUR_PARAMETERS]
    ours = {"nonce": attempt.nonce.reveal()}
    if attempt.code_verifier:
        ours["code_challenge"] = create_s256_code_challenge(attempt.code_verifier.reveal())
        ours["code_challenge_method"] = "S256"
    url: str = prepare_grant_uri(
        add_params_to_uri(metadata.authorization_endpoint, extra),
        request.client_id,
        "code",
        redirect_uri=redirect_uri,
        scope=" ".join(request.scopes),
        state=attempt.state.reveal(),
        **ours,
    )
    return url


def _send_person(request: TokenRequest, world: World, server: CallbackServer, url: str, why: str) -> None:
    """Open the browser, or tell the person what to open where no browser can be."""
    terminal = world.terminal
    host = urlsplit(request.issuer).hostname or request.issuer
    terminal.say(f"Signing in at {plain(host)}: {plain(why)}")
    world.log.info(1, f"signing in at {host}: {why}")
    if request.tls.insecure:
        terminal.say("warning: the provider's certificate is not checked (--insecure-skip-tls-verify)")
    if server.tried:
        terminal.say(
            f"{server.tried[0]} is {server.tried[0].reason}, so {server.redirect_uri} listens; if the provider refuses that redirect URI, "
            "register it there"
        )
    if server.exposed:
        terminal.need(f"warning: {server.exposed} can be reached from other machines while you sign in")
    if server.unserved:
        terminal.need(
            f"warning: the redirect URI leads to {server.unserved}, where this program does not listen; "
            "--listen-address and --oidc-redirect-url must lead to the same port"
        )
    browser = Browser.from_environment(
        command=request.browser_command, environ=world.environ, platform=sys.platform
    )
    reason = browser.available() if request.open_browser else "--skip-open-browser was given"
    if reason is None:
        if browser.open(server.start_url):
            terminal.say(f"The browser opens; if it does not, open {server.start_url}")
            return
        reason = browser.failure()
    terminal.need(f"Sign in needed ({reason}). Open this address in a browser:\n\n  {url}\n")
    port, target = urlsplit(server.start_url).port or 0, urlsplit(server.redirect_uri)
    if is_loopback(target.hostname or ""):
        terminal.need(
            f"The browser then goes to {server.redirect_uri}, which must reach this machine. From another machine:\n"
            f"  {ssh_forward(port_of(target), port, world.environ)}\n"
        )
    else:
        terminal.need(
            f"The browser then goes to {server.redirect_uri}, which must lead to port {port} of this machine.\n"
        )


def ssh_forward(near: int, far: int, environ: Mapping[str, str]) -> str:
    """Return the command that makes this machine's port reachable as localhost on the person's own.

    Args:
        near: The port of the redirect URI.
        far: The port that is listened on here.
        environ: The environment, which knows the user's name and, over SSH, the address that was connected to.
    """
    user = environ.get("USER") or environ.get("LOGNAME") or environ.get("USERNAME") or "USER"
    # client address, client port, server address, server port (ssh(1))
    connection = environ.get("SSH_CONNECTION", "").split()
    host = connection[2] if len(connection) == 4 else gethostname()  # noqa: PLR2004 - the four
    return f"ssh -L {near}:localhost:{far} {shlex.quote(plain(f'{user}@{host}'))}"


def _await_answer(request: TokenRequest, world: World, server: CallbackServer, deadline: Deadline) -> Answer:
    """Wait for the browser to come back, showing on a terminal for what and for how long."""

    def words() -> str:
        return f"Waiting for the sign-in in the browser, {remaining(deadline.left())} left (Ctrl-C ends it)"

    with world.terminal.waiting(words()):
        while not deadline.passed():
            answer = server.wait(min(1.0, deadline.left()))
            if answer is not None:
                return answer
            world.terminal.tick(words())
    raise SignInTimeout(
        f"nobody finished the sign-in within {request.timeout:.0f} s",
        f"try again; if the provider showed an error in the browser, check --oidc-client-id {plain(request.client_id, limit=100)} "
        f"and {_to_register(request, server)}; --authentication-timeout-sec sets the time",
    )


def _to_register(request: TokenRequest, server: CallbackServer) -> str:
    """Return what must be registered at the provider for the redirect URI to be taken, and why it is this one."""
    chosen = request.redirect_url is None and any(address.port == 0 for address in request.listen_addresses)
    if chosen and not any(
        server.redirect_uri.endswith(f":{address.port}") for address in request.listen_addresses
    ):
        return (
            f"the redirect URI {server.redirect_uri} there: choose a fixed port with --listen-address, unless the "
            "provider takes any port of localhost"
        )
    why = f" ({server.tried[0]} is {server.tried[0].reason})" if server.tried else ""
    return f"register the redirect URI {server.redirect_uri} there for it{why}"


def _redeem(
    request: TokenRequest,
    world: World,
    provider: Provider,
    server: CallbackServer,
    attempt: Attempt,
    answer: Answer,
) -> Tokens:
    """Exchange the code and validate what comes for it; the verifier goes nowhere else."""
    if answer.code is None:
        raise _refused(answer, server.redirect_uri)
    deadline = Deadline.after(EXCHANGE_SECONDS)
    try:
        response = provider.exchange_code(
            code=answer.code,
            redirect_uri=server.redirect_uri,
            code_verifier=attempt.code_verifier,
            deadline=deadline,
        )
    except ProviderRefused as error:
        if error.code == "invalid_grant":
            error.hint = (
                f"sign in again; if it happens each time, register exactly {server.redirect_uri} at the provider and "
                "check this machine's clock"
            )
        raise
    return accept(response, provider, request, deadline=deadline, now=world.clock(), nonce=attempt.nonce)


_HINTS = {
    "access_denied": "the provider did not allow it: is this person assigned to the application, and does a policy of "
    "the authorization server allow this client and these scopes?",
    "invalid_scope": "ask for scopes that the provider knows: --oidc-extra-scope; some refuse offline_access",
    "unauthorized_client": "allow the authorization code grant for this client at the provider",
    "invalid_request": "see the provider's log; the redirect URI and PKCE settings of the client are the usual causes",
    "login_required": "sign in at the provider first, or leave out prompt=none",
    "server_error": "the provider failed; try again, and see its log",
    "temporarily_unavailable": "the provider is overloaded or in maintenance; try again later",
}


def _refused(answer: Answer, redirect_uri: str) -> SignInRefused:
    code = plain(answer.error or "an unnamed error", limit=80)
    description = f": {plain(answer.error_description)}" if answer.error_description else ""
    hint = _HINTS.get(
        answer.error or "", f"see the provider's log; the client's redirect URI must be {redirect_uri}"
    )
    return SignInRefused(f"the provider refused the sign-in with {code}{description}", hint)
