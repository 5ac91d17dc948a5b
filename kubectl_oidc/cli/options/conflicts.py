"""Flags that do not go together, or need another: one table a command, held against it before anything is done.

Refused is only what cannot come out as it was asked for. What kubelogin takes and makes no use of (a listen address with a
password grant, a user name with a device code) is taken here too, because kubeconfigs that were written for it go on working.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import click
from click.core import ParameterSource

from kubectl_oidc import csv_text
from kubectl_oidc.authentication.account import AGE_FLAG, EXPECT_FLAG, HINT_FLAG, OF_THE_REQUEST
from kubectl_oidc.cli.options import name_value
from kubectl_oidc.errors import UsageError
from kubectl_oidc.loopback.redirect_uri import port_of
from kubectl_oidc.oidc.client import AUTO, BASIC, NONE, POST, PRIVATE_KEY_JWT
from kubectl_oidc.oidc.token_exchange import AUDIENCE_FLAG, SCOPE_FLAG, TYPE_FLAG
from kubectl_oidc.urls import is_loopback_url

from .authorization import LISTEN
from .variables import variable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping


class FlagValues:
    """The options' values, and where they come from.

    Args:
        values: The values by the options' names; the click context of now knows where they come from.
    """

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values
        self._context = click.get_current_context(silent=True)

    def value(self, flag: str) -> Any:
        """Return a flag's value, or None."""
        return self._values.get(_name(flag))

    def has(self, flag: str) -> bool:
        """Tell whether a flag says something beside its default; empty and off are nothing."""
        return bool(self.value(flag)) and self._source(flag) is not ParameterSource.DEFAULT

    def of_environment(self, flag: str) -> bool:
        """Tell whether a flag's variable says it."""
        return self._source(flag) is ParameterSource.ENVIRONMENT

    def typed(self, flag: str) -> bool:
        """Tell whether a flag stands on the command line itself."""
        return bool(self.value(flag)) and self._source(flag) is ParameterSource.COMMANDLINE

    def overruled(self, flag: str, by: str) -> bool:
        """Tell whether a flag is a variable's, and another is typed that leaves it nothing to say."""
        return self.of_environment(flag) and self._source(by) is ParameterSource.COMMANDLINE

    def listens(self) -> bool:
        """Tell whether the browser is to come back to an address of ours."""
        grant = self.value("--grant-type") or "auto"
        return grant == "authcode" or (grant == "auto" and not self.value("--username"))

    def authorizes(self) -> bool:
        """Tell whether there is to be an authorization request, as far as that is known by now."""
        return self.listens() or self.value("--grant-type") == "authcode-keyboard"

    def ports(self) -> set[str]:
        """Return the ports that the browser may come back to, as text; none where the redirect URL says it."""
        given, redirect = (
            csv_text.read("--listen-address", self.value("--listen-address") or ()),
            self.value("--oidc-redirect-url"),
        )
        addresses = given or ([] if redirect and is_loopback_url(redirect) else LISTEN)
        return {address.rpartition(":")[2] for address in addresses}

    def _source(self, flag: str) -> ParameterSource | None:
        return self._context.get_parameter_source(_name(flag)) if self._context else None


class Conflict(NamedTuple):
    """A row: two flags that cannot both have their way, or one that needs the other.

    Attributes:
        flags: Both, as they are named.
        when: Whether a command line has this fault.
        says: The error; ``{0}`` and ``{1}`` are the flags.
        hint: What to do.
    """

    flags: tuple[str, str]
    when: Callable[[FlagValues], bool]
    says: str
    hint: str


def check(table: Iterable[Conflict], values: Mapping[str, Any]) -> None:
    """Refuse a command line whose flags do not go together, before anybody is asked anything.

    Args:
        table: The command's rows.
        values: The options' values by their names.

    Raises:
        UsageError: The first row that fits; it names both flags, and the variables that they come from.
    """
    given = FlagValues(values)
    for row in table:
        if row.when(given):
            of_environment = [flag for flag in row.flags if given.of_environment(flag)]
            whence = "".join(f"; {variable(flag)} gives {flag}" for flag in of_environment)
            raise UsageError(row.says.format(*row.flags) + whence, row.hint)


def _name(flag: str) -> str:
    return flag.removeprefix("--").replace("-", "_")


def _alone(flag: str, needed: str, hint: str = "give both, or neither") -> Conflict:
    """Return the row of a flag that is of no use without another."""
    return Conflict(
        (flag, needed),
        lambda given: given.has(flag) and not given.has(needed),
        "{0} is given without {1}",
        hint,
    )


_ALL = "--all"


def _narrower(flag: str) -> Conflict:
    """Return the row of a flag that names one session where all are to be removed."""
    return Conflict(
        (_ALL, flag),
        lambda given: given.has(_ALL) and given.has(flag) and not given.overruled(flag, _ALL),
        "{0} removes every session, and {1} names one",
        f"leave out {_ALL} to remove the one, or the other flag to remove all",
    )


# A client that signs in as itself proves who it is by one of these (RFC 6749 §4.4, RFC 8705 §2).
_SECRETS = ("--oidc-client-secret", "--oidc-client-secret-file")
_KEY, _METHOD = "--oidc-client-assertion-key", "--oidc-client-authentication"
_OF_THE_CLIENT = (*_SECRETS, _KEY, "--oidc-client-certificate")


def _proves(given: FlagValues, *methods: str) -> bool:
    """Tell whether the client is to authenticate by one of these methods."""
    return (given.value(_METHOD) or AUTO) in methods


def _has_secret(given: FlagValues) -> bool:
    return any(map(given.has, _SECRETS))


def _said(given: FlagValues, flag: str) -> bool:
    """Tell whether a flag says something; no seconds at all are something to --max-age."""
    return given.has(flag) or (flag == AGE_FLAG and given.value(flag) is not None)


def _without_request(flag: str) -> Conflict:
    """Return the row of a flag that is part of the authorization request, where there is none."""
    return Conflict(
        (flag, "--grant-type"),
        lambda given: _said(given, flag) and not given.authorizes(),
        "{0} is part of the authorization request, and {1}=device-code, password or client-credentials makes none",
        f"leave out {flag}, or sign in through the browser (a user name given as --username chooses the password)",
    )


_EXTRA = "--oidc-auth-request-extra-params"


def _twice(flag: str, name: str) -> Conflict:
    """Return the row of a flag whose parameter is among the extra ones as well."""
    return Conflict(
        (flag, _EXTRA),
        lambda given: (
            _said(given, flag)
            and name in dict(name_value.parse_name_values(_EXTRA, given.value(_EXTRA) or ()))
        ),
        f"{{0}} and {{1}}={name}=… both say {name}",
        f"give {flag} alone",
    )


SIGN_IN: tuple[Conflict, ...] = (
    Conflict(
        ("--oidc-client-secret", "--oidc-client-secret-file"),
        lambda given: given.has("--oidc-client-secret") and given.has("--oidc-client-secret-file"),
        "{0} and {1} are both given",
        "give one of them",
    ),
    Conflict(
        ("--oidc-client-secret", _KEY),
        lambda given: _proves(given, AUTO) and _has_secret(given) and given.has(_KEY),
        "{0} and {1} are both given",
        f"give one of them, or say with {_METHOD} which is used",
    ),
    Conflict(
        (_METHOD, "--oidc-client-secret"),
        lambda given: _proves(given, NONE) and _has_secret(given),
        "{0}=none and {1} are both given",
        "give one of them",
    ),
    Conflict(
        (_METHOD, _KEY),
        lambda given: _proves(given, NONE) and given.has(_KEY),
        "{0}=none and {1} are both given",
        "give one of them",
    ),
    Conflict(
        (_METHOD, "--oidc-client-secret"),
        lambda given: _proves(given, BASIC, POST) and not _has_secret(given),
        "{0} names a method that needs {1}",
        "give the client's secret, its file, or KUBECTL_OIDC_CLIENT_SECRET",
    ),
    Conflict(
        (_METHOD, _KEY),
        lambda given: _proves(given, PRIVATE_KEY_JWT) and not given.has(_KEY),
        "{0}=private_key_jwt needs {1}",
        "name the file with the client's private key",
    ),
    _alone("--oidc-client-assertion-key-id", _KEY),
    _alone("--local-server-cert", "--local-server-key"),
    _alone("--local-server-key", "--local-server-cert"),
    _alone("--oidc-client-certificate", "--oidc-client-key"),
    _alone("--oidc-client-key", "--oidc-client-certificate"),
    Conflict(
        ("--local-server-cert", "--oidc-redirect-url"),
        lambda given: (
            given.has("--local-server-cert")
            and given.listens()
            and _scheme(given, "--oidc-redirect-url") == "http"
        ),
        "{0} makes the address that the browser comes back to https, and {1} is http",
        "register an https redirect URI at the provider and give that, or leave the certificate out",
    ),
    Conflict(
        ("--oidc-redirect-url", "--local-server-cert"),
        lambda given: given.listens() and _is_https_without_certificate(given),
        "{0} is https at an address where this program listens, and {1} is not given",
        "give --local-server-cert and --local-server-key, or an http redirect URL; behind a TLS proxy of your own, give the "
        "port that it leads to as --listen-address",
    ),
    Conflict(
        ("--oidc-redirect-url", "--grant-type"),
        lambda given: given.listens() and _scheme(given, "--oidc-redirect-url") == "urn",
        "{0} is no address that a browser can come back to, which {1}=authcode-keyboard alone can do without",
        "give --grant-type=authcode-keyboard, or a redirect URL such as http://localhost:8000",
    ),
    Conflict(
        ("--grant-type", "--oidc-client-secret"),
        lambda given: (
            given.value("--grant-type") == "client-credentials" and not any(map(given.has, _OF_THE_CLIENT))
        ),
        "{0}=client-credentials needs {1}",
        "give the secret of the client that signs in as itself, its file, private key or certificate; without a command it stands in "
        "the kubeconfig as client-secret",
    ),
    Conflict(
        ("--oidc-client-certificate", "--oidc-issuer-url"),
        lambda given: (
            given.has("--oidc-client-certificate") and _scheme(given, "--oidc-issuer-url") == "http"
        ),
        "{0} is presented over TLS, and {1} is http",
        "leave the certificate out: a provider on this machine over http sees none",
    ),
    _alone(TYPE_FLAG, AUDIENCE_FLAG),
    _alone(SCOPE_FLAG, AUDIENCE_FLAG),
    Conflict(
        (AUDIENCE_FLAG, "--oidc-use-access-token"),
        lambda given: given.has(AUDIENCE_FLAG) and given.has("--oidc-use-access-token"),
        "{0} and {1} name two tokens to hand out",
        f"for an access token of that audience give {TYPE_FLAG}=access_token",
    ),
    Conflict(
        (AUDIENCE_FLAG, "--grant-type"),
        lambda given: given.has(AUDIENCE_FLAG) and given.value("--grant-type") == "client-credentials",
        "{0} exchanges a person's token, and with {1}=client-credentials there is none",
        "ask for the audience at once: --oidc-auth-request-extra-params=audience=AUDIENCE",
    ),
    Conflict(
        (EXPECT_FLAG, "--grant-type"),
        lambda given: given.has(EXPECT_FLAG) and given.value("--grant-type") == "client-credentials",
        "{0} is about a person's account, and with {1}=client-credentials the client signs in as itself",
        "leave out one of them",
    ),
    *(_without_request(flag) for flag in OF_THE_REQUEST),
    *(_twice(flag, name) for flag, name in OF_THE_REQUEST.items()),
    Conflict(
        ("--refresh-ahead", "--token-cache-storage"),
        lambda given: (
            given.has("--refresh-ahead")
            and given.value("--token-cache-storage") == "none"
            and not given.overruled("--refresh-ahead", "--token-cache-storage")
        ),
        "{0} refreshes a session in the background, and {1}=none keeps none",
        "give --refresh-ahead=off, or another storage",
    ),
)
"""What a sign-in cannot do, in `get-token`, `setup` and without a command."""

_EXPLAIN = "give both, or neither to read what is needed first"
SETUP: tuple[Conflict, ...] = (
    _alone("--oidc-issuer-url", "--oidc-client-id", _EXPLAIN),
    _alone("--oidc-client-id", "--oidc-issuer-url", _EXPLAIN),
    *(
        _alone(flag, "--oidc-issuer-url", "give --oidc-issuer-url and --oidc-client-id too")
        for flag in ("--write-kubeconfig", "--output", "--output-dir")
    ),
    *SIGN_IN,
)

SUBJECT: tuple[Conflict, ...] = (
    *(
        Conflict(
            (flag, needed),
            lambda given, flag=flag, needed=needed: given.typed(flag) and not given.has(needed),  # type: ignore[misc]
            "{0} is given without {1}",
            "give both to name a session, or neither: the user of the kubeconfig names it",
        )
        for flag, needed in (
            ("--oidc-issuer-url", "--oidc-client-id"),
            ("--oidc-client-id", "--oidc-issuer-url"),
        )
    ),
    Conflict(
        ("--user", "--oidc-issuer-url"),
        lambda given: given.typed("--user") and given.typed("--oidc-issuer-url"),
        "{0} names a user of the kubeconfig, and {1} names a session by itself",
        "give one of them",
    ),
)
"""How a session is named, in commands about one."""

LOGIN: tuple[Conflict, ...] = (*SUBJECT, *SIGN_IN)

CONVERT: tuple[Conflict, ...] = (
    Conflict(
        ("--dry-run", "--yes"),
        lambda given: given.has("--dry-run") and given.has("--yes"),
        "{0} writes nothing, and {1} writes without asking",
        "give one of them",
    ),
)

PURGE: tuple[Conflict, ...] = tuple(
    _narrower(flag)
    for flag in (
        *("--context", "--user"),
        *("--oidc-issuer-url", "--oidc-client-id", "--oidc-extra-scope", "--oidc-use-access-token"),
        *(AUDIENCE_FLAG, TYPE_FLAG, SCOPE_FLAG),
        *(
            "--oidc-request-header",
            "--oidc-auth-request-extra-params",
            "--grant-type",
            "--username",
            "--session",
        ),
        *(EXPECT_FLAG, HINT_FLAG),
    )
)


LOGOUT: tuple[Conflict, ...] = (
    *SUBJECT,
    *(_narrower(flag) for flag in ("--context", "--user", "--oidc-issuer-url", "--session")),
)


def _scheme(given: FlagValues, flag: str) -> str:
    return (given.value(flag) or "").partition(":")[0].lower()


def _is_https_without_certificate(given: FlagValues) -> bool:
    """Tell whether the browser would speak TLS to an address where we do not."""
    redirect = given.value("--oidc-redirect-url") or ""
    if given.has("--local-server-cert") or _scheme(given, "--oidc-redirect-url") != "https":
        return False
    if not is_loopback_url(redirect):
        return False  # a proxy that ends TLS leads to this machine
    try:
        port = port_of(urlsplit(redirect))
    except ValueError:
        return False  # which is said of the redirect URL itself
    return not given.ports() or str(port) in given.ports()
