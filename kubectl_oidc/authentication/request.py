"""What is asked for: the value that `authenticate` begins with."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubectl_oidc.http import trust
from kubectl_oidc.oidc.client import AUTO, Client
from kubectl_oidc.sessions.session import SessionKey
from kubectl_oidc.system import account_home, shell
from kubectl_oidc.text import sanitize

from .account import NONE, AccountOptions

if TYPE_CHECKING:
    from pathlib import Path

    from kubectl_oidc.http.key_pair import KeyPair
    from kubectl_oidc.http.tls import TlsOptions
    from kubectl_oidc.loopback.listen_address import ListenAddress
    from kubectl_oidc.oidc.client_assertion import AssertionKeyFile
    from kubectl_oidc.oidc.token_exchange import TokenExchange
    from kubectl_oidc.secret import Secret


OUR_PARAMETERS = frozenset(
    {
        *("response_type", "client_id", "redirect_uri", "scope", "state", "nonce"),
        *("code_challenge", "code_challenge_method"),
    }
)
"""The parameters of the authorization request that nobody else sets: the sign-in is bound by them."""


MARGIN = 10
"""Seconds that a token must still be good for, so that it does not end on its way to the API server."""

OTHER_GRANTS = frozenset({"password", "device-code", "client-credentials"})
"""The grants whose sessions are others than those of an authorization code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignInRequest:
    """What is asked for: the flags, understood and checked.

    Attributes:
        issuer: The issuer URL, byte for byte.
        client_id: The client.
        client_secret: The client's secret, where it has one.
        client_secret_file: The file that it was read from, if it was.
        client_assertion_key: Where the client's private key is, where it has one.
        client_authentication: The client authentication method that somebody chose, else ``auto``.
        scopes: The scopes, ``openid`` first, each once.
        redirect_url: ``--oidc-redirect-url``.
        pkce: Whether S256 is used; False only where the person said ``no``.
        pushed_authorization: Whether the authorization request is pushed (RFC 9126): ``auto``, ``no`` or ``required``.
        use_access_token: Whether the access token is handed out, not the ID token.
        exchange: The other audience that the token is exchanged for, where there is one.
        account: Which account, how the provider asks, and how long a token must last.
        request_headers: Headers for requests to the provider.
        extra_params: Extra parameters of the authorization request.
        listen_addresses: The loopback addresses to try, in order.
        open_browser: Whether a browser may be opened.
        browser_command: The command that opens it, else the desktop's.
        open_url_after: Where the browser goes after a sign-in.
        timeout: Seconds until an unanswered sign-in ends.
        timeout_given: Whether the person chose that: else a device code is waited for as long as it lives.
        unseen: Whether the person may see no word of ours before we end.
        tls: Certificate authorities.
        local_server: The certificate of the address that the browser comes back to; None where that is http.
        storage: The value of --token-cache-storage.
        cache_dir: The cache directory.
        default_cache_dir: Whether that is the default one.
        session_name: ``--session``, else empty.
        grant: ``--grant-type``; ``password`` where it is auto and a user name is given.
        username: ``--username``, for the password grant.
        password: ``--password``, likewise.
        force_refresh: Whether a token that is still good is replaced.
        refresh_ahead: After how many thousandths of its useful life a token is refreshed in the background; 0 is never.
        refresh_ahead_when: Where that is done: ``auto`` or ``always``.
        sign_in: Whether a person signs in even where the session could be used or refreshed, as `setup` wants.
        why: Why that is, for the person, where whoever asks knows better than that it was asked for.
        ask: Whether a sign-in may be begun at all; else it is an error that one is needed.
        notes: What a person who signs in is told of flags without effect.
        identity: What else makes another session, by the names of the fields.
        flags: The flags that ask for the same, for a command to show; placeholders stand for secrets.
    """

    issuer: str
    client_id: str
    client_secret: Secret | None = None
    client_secret_file: Path | None = None
    client_assertion_key: AssertionKeyFile | None = None
    client_authentication: str = AUTO
    scopes: tuple[str, ...] = ("openid",)
    redirect_url: str | None = None
    pkce: bool = True
    pushed_authorization: str = "auto"
    use_access_token: bool = False
    exchange: TokenExchange | None = None
    account: AccountOptions = NONE
    request_headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    extra_params: tuple[tuple[str, str], ...] = ()
    listen_addresses: tuple[ListenAddress, ...] = ()
    open_browser: bool = True
    browser_command: str | None = None
    open_url_after: str | None = None
    timeout: float = 180.0
    timeout_given: bool = True
    in_background: bool = False
    tls: TlsOptions
    local_server: KeyPair | None = None
    storage: str = "auto"
    cache_dir: Path
    default_cache_dir: bool = True
    session_name: str = ""
    grant: str = "auto"
    username: str = ""
    password: Secret | None = None
    force_refresh: bool = False
    refresh_ahead: int = 0
    refresh_ahead_when: str = "auto"
    sign_in: bool = False
    reason: str = ""
    may_prompt: bool = True
    notes: tuple[str, ...] = ()
    identity: tuple[tuple[str, object], ...] = ()
    flags: tuple[str, ...] = field(default=(), repr=False)

    @property
    def extra_scopes(self) -> tuple[str, ...]:
        """The scopes in addition to ``openid``."""
        return tuple(scope for scope in self.scopes if scope != "openid")

    @property
    def typed_secret(self) -> Secret | None:
        """The client's secret, if it is in no file."""
        return None if self.client_secret_file else self.client_secret

    @property
    def password_username(self) -> str:
        """The user name, if the grant is ``password``; no other grant has a use for it."""
        return self.username if self.grant == "password" else ""

    @property
    def own_cache_dir(self) -> Path | None:
        """The cache directory, if it is not the default one."""
        return None if self.default_cache_dir else self.cache_dir

    def key(self) -> SessionKey:
        """Return what identifies the session that answers this request."""
        return SessionKey(
            issuer=self.issuer,
            client_id=self.client_id,
            scopes=self.scopes,
            # However a person's code comes back, it is the same grant; auto may turn to the device code where it must.
            grant=self.grant if self.grant in OTHER_GRANTS else "authcode",
            username=self.password_username,
            extra_params=self.extra_params,
            request_headers=self.request_headers,
            cache_dir=account_home.identity(self.cache_dir),
            name=self.session_name,
            use_access_token=self.use_access_token,
            exchange=self.exchange.identity() if self.exchange else (),
            wishes=self.identity,
            trust=trust.identity(self.tls),
        )

    def asks_a_person(self) -> bool:
        """Tell whether a sign-in needs a person; a client or a password that is given needs none."""
        given = self.grant == "password" and self.username and self.password
        return self.grant != "client-credentials" and not given

    def client(self) -> Client:
        """Return the client as the provider meets it; its private key is read from its file now.

        Raises:
            UsageError: The private key cannot be used.
        """
        key = self.client_assertion_key
        return Client(
            client_id=self.client_id,
            client_secret=self.client_secret,
            assertion_key=key.load() if key else None,
            authentication=self.client_authentication,
            request_headers=self.request_headers,
        )

    def audience(self) -> str:
        """Return whom the token that is handed out is for: the client, or another audience."""
        return self.exchange.audience if self.exchange else self.client_id

    @property
    def host(self) -> str:
        """The provider's host, for a person."""
        return sanitize(urlsplit(self.issuer).hostname or self.issuer)

    def command_line(self, command: str) -> str:
        """Return a command of ours about this session, with all flags that it takes; secrets are left to the person.

        Args:
            command: Its name, such as ``login``.
        """
        return shell.one_line(["kubectl", "oidc-login", command, *self.flags])
