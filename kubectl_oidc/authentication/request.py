"""The sign-in request: what the flags ask for, and the value that `authenticate` begins with."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubectl_oidc.http import trust
from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.oidc.client import Client, ClientAuthentication
from kubectl_oidc.sessions.session_key import SessionKey
from kubectl_oidc.system import account_home
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.text import sanitize

from .account import AccountOptions

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kubectl_oidc.errors import OidcLoginError
    from kubectl_oidc.http.key_pair import KeyPair
    from kubectl_oidc.http.tls import TlsOptions
    from kubectl_oidc.loopback.listen_address import ListenAddress
    from kubectl_oidc.oidc.token_exchange import TokenExchange
    from kubectl_oidc.secret import Secret
    from kubectl_oidc.sessions.stores import SessionStorage
    from kubectl_oidc.system.browser import Browser

OUR_PARAMETERS = frozenset(
    {
        *("response_type", "client_id", "redirect_uri", "scope", "state", "nonce"),
        *("code_challenge", "code_challenge_method"),
    }
)
"""The parameters of the authorization request that belong to the sign-in itself; no flag sets them."""

MARGIN = 10
"""Seconds that a token must still be good for, so that it does not expire on its way to the API server."""

JWT_BEARER = "jwt-bearer"
UNATTENDED = frozenset({"client-credentials", JWT_BEARER})
"""The grants by which a workload signs in, without a person."""

OTHER_GRANTS = UNATTENDED | {"password", "device-code"}
"""The grants that have sessions of their own; all others share those of the authorization code."""


class RedirectOptions(NamedTuple):
    """Where the browser comes back to.

    Attributes:
        url: The redirect URI of ``--oidc-redirect-url``.
        listen_addresses: The loopback addresses to try, in order.
        local_server: The certificate of the address that the browser comes back to; None for http.
    """

    url: str | None = None
    listen_addresses: tuple[ListenAddress, ...] = ()
    local_server: KeyPair | None = None


class BrowserOptions(NamedTuple):
    """Whether and how a browser is opened.

    Attributes:
        open: Whether a browser may be opened.
        command: The command that opens it, else the desktop's.
        open_url_after: The page that the browser shows after a sign-in.
        qr_code: Whether an address for another device is shown as a QR code too.
    """

    open: bool = True
    command: str | None = None
    open_url_after: str | None = None
    qr_code: bool = True

    def find(self, environ: Mapping[str, str]) -> Browser:
        """Return the browser of this computer, or the one that the command opens."""
        from kubectl_oidc.system.browser import Browser

        return Browser.from_environment(command=self.command, environ=environ, platform=sys.platform)


class TimeoutOptions(NamedTuple):
    """How long a sign-in may take.

    Attributes:
        seconds: Seconds until an unanswered sign-in ends.
        given: Whether the person chose that. If not, a device code is waited for until it expires.
        in_background: Whether the person may see this program's messages only after it has ended.
    """

    seconds: float = 180.0
    given: bool = True
    in_background: bool = False

    def deadline(self, at_most: float = math.inf) -> Deadline:
        """Return the deadline for a step that begins now and may take at most ``at_most`` seconds."""
        return Deadline.after(min(self.seconds, at_most))


class RenewalOptions(NamedTuple):
    """When the token of a session is refreshed, and when a person signs in.

    Attributes:
        force_refresh: Whether a token that is still good is replaced.
        ahead: After how many thousandths of its useful life a token is refreshed in the background; 0 is never.
        ahead_when: Where that is done: ``auto`` or ``always``.
        sign_in: Whether a person signs in even if the session could be used or refreshed, as in `setup`.
        reason: Why that is, for the person, if the caller knows it better.
        may_prompt: Whether a sign-in may begin at all; if not, an error says that one is needed.
    """

    force_refresh: bool = False
    ahead: int = 0
    ahead_when: str = "auto"
    sign_in: bool = False
    reason: str = ""
    may_prompt: bool = True


class SignInRequest(NamedTuple):
    """What is asked for: the values of the flags, understood and checked. The types of the groups say what they hold.

    Attributes:
        issuer: The issuer URL, byte for byte.
        scopes: The scopes, ``openid`` first, each once.
        pkce: Whether S256 is used; False only if the person said ``no``.
        pushed_authorization: Whether the authorization request is pushed (RFC 9126): ``auto``, ``no`` or ``required``.
        use_access_token: Whether kubectl gets the access token, not the ID token.
        exchange: The other audience that the token is exchanged for, if there is one.
        grant: ``--grant-type``; ``password`` if it is auto and a user name is given.
        username, password: ``--username`` and ``--password``, for the password grant.
        notes: What a person who signs in is told of flags without effect.
        identity: What else makes another session, by the names of the fields.
        flags: The flags that make the same request, for a command to show; placeholders stand for secrets.
        refusal: The error that is raised instead of a sign-in or a token, because a rule of the machine's settings forbids it.
        support_link: What the browser's page of a failed sign-in links to.
    """

    issuer: str
    client_id: str
    tls: TlsOptions
    storage: SessionStorage
    client_authentication: ClientAuthentication = ClientAuthentication()
    scopes: tuple[str, ...] = ("openid",)
    redirect: RedirectOptions = RedirectOptions()
    pkce: bool = True
    pushed_authorization: str = "auto"
    use_access_token: bool = False
    exchange: TokenExchange | None = None
    account: AccountOptions = AccountOptions()
    request_headers: tuple[tuple[str, str], ...] = ()
    extra_params: tuple[tuple[str, str], ...] = ()
    browser: BrowserOptions = BrowserOptions()
    timeout: TimeoutOptions = TimeoutOptions()
    session_name: str = ""
    grant: str = "auto"
    username: str = ""
    password: Secret | None = None
    renewal: RenewalOptions = RenewalOptions()
    notes: tuple[str, ...] = ()
    identity: tuple[tuple[str, object], ...] = ()
    flags: tuple[str, ...] = ()
    refusal: OidcLoginError | None = None
    support_link: str = ""

    def __repr__(self) -> str:
        return f"SignInRequest(issuer={self.issuer!r}, client_id={self.client_id!r})"  # headers may hold a secret

    @property
    def extra_scopes(self) -> tuple[str, ...]:
        """The scopes in addition to ``openid``."""
        return tuple(scope for scope in self.scopes if scope != "openid")

    @property
    def password_username(self) -> str:
        """The user name, if the grant is ``password``; no other grant has a use for it."""
        return self.username if self.grant == "password" else ""

    def key(self) -> SessionKey:
        """Return what identifies the session that answers this request."""
        return SessionKey(
            issuer=self.issuer,
            client_id=self.client_id,
            scopes=self.scopes,
            # The ways in which a code comes back share one session; auto may use the device code if it must.
            grant=self.grant if self.grant in OTHER_GRANTS else "authcode",
            username=self.password_username or self._token_holder(),
            extra_params=self.extra_params,
            request_headers=self.request_headers,
            cache_dir=account_home.cache_dir_identity(self.storage.cache_dir),
            name=self.session_name,
            use_access_token=self.use_access_token,
            exchange=self.exchange.identity() if self.exchange else (),
            more_identity=self.identity,
            trust=trust.trust_identity(self.tls),
        )

    def _token_holder(self) -> str:
        """Return whom the platform's token is issued to, if that decides who signs in; the client ID does not."""
        token = self.client_authentication.token
        return token.holder() if token and self.grant == JWT_BEARER else ""

    def asks_a_person(self) -> bool:
        """Return whether a sign-in needs a person; a workload, or a password that is given, needs none."""
        given = self.grant == "password" and self.username and self.password
        return self.grant not in UNATTENDED and not given

    def client(self) -> Client:
        """Return the client; its private key is read from its file now.

        Raises:
            UsageError: The private key cannot be used.
        """
        given = self.client_authentication
        return Client(
            client_id=self.client_id,
            client_secret=given.secret,
            assertion_key=given.key.load() if given.key else None,
            platform_token=None if self.grant == JWT_BEARER else given.token,
            authentication=given.method,
            request_headers=self.request_headers,
        )

    def signing_in(self, reason: str = "") -> SignInRequest:
        """Return the request for a sign-in, even if the session could be used or refreshed. The person reads ``reason``."""
        return self._replace(renewal=self.renewal._replace(sign_in=True, reason=reason))

    def without_prompt(self) -> SignInRequest:
        """Return the request that raises an error if a sign-in is needed."""
        return self._replace(renewal=self.renewal._replace(may_prompt=False))

    def audience(self) -> str:
        """Return the audience of the token that kubectl gets: the client, or another."""
        return self.exchange.audience if self.exchange else self.client_id

    @property
    def host(self) -> str:
        """The provider's host, for a person."""
        return sanitize(urlsplit(self.issuer).hostname or self.issuer)

    def command_line(self, command: str) -> str:
        """Return a command line of this program for this session, with all flags that it needs; placeholders replace secrets."""
        from kubectl_oidc.system.shell import one_line

        return one_line(["kubectl", "oidc-login", command, *self.flags])
