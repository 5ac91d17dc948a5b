"""Refuse flags that cannot be used together, or that need another flag, before the program asks anything.

Flags that have no effect, for example a listen address with a password grant, are accepted, because kubelogin accepts them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from kubectl_oidc.authentication.request import JWT_BEARER
from kubectl_oidc.oidc.client import AUTO, BASIC, NONE, POST, PRIVATE_KEY_JWT
from kubectl_oidc.oidc.flags import (
    ASSERTION_KEY as KEY,
    EXCHANGE_AUDIENCE,
    EXCHANGE_TYPE,
    GITHUB_AUDIENCE as GITHUB,
    PLATFORM_TOKEN_FILE as TOKEN_FILE,
)
from kubectl_oidc.urls import is_loopback_url, port_of

from .client import METHOD_FLAG as METHOD, SECRET_FILE_FLAG as SECRET_FILE, SECRET_FLAG as SECRET
from .flag_values import GRANT, REDIRECT, FlagValues
from .flags import FLAGS
from .row_conflicts import all_or_one, excludes, needs, not_both, parameters, persons, requires

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .flag import Flag
    from .variables import Source

    Rule = Callable[[FlagValues], None]

ISSUER, CLIENT_ID, STORAGE = "--oidc-issuer-url", "--oidc-client-id", "--token-cache-storage"
CLIENT_CERTIFICATE, LOCAL_CERTIFICATE = "--oidc-client-certificate", "--local-server-cert"


def check(
    rules: Iterable[Rule],
    values: Mapping[str, Any],
    flags: Sequence[Flag] = FLAGS,
    sources: Mapping[str, Source] | None = None,
) -> None:
    """Refuse a command line whose flags do not go together.

    Args:
        sources: Where the values come from; by default the current click context knows it.

    Raises:
        UsageError: The error of the first rule that does not allow it; it names both flags.
    """
    given = FlagValues(values, flags, sources)
    for rule in rules:
        rule(given)


def _client(given: FlagValues) -> None:
    method = given.value(METHOD) or AUTO
    secret, key = given.has(SECRET) or given.has(SECRET_FILE), given.has(KEY)
    token = given.token() if given.grant() != JWT_BEARER else ""  # there it is the grant
    proofs = [flag for flag, there in ((SECRET, secret), (KEY, key), (token, token)) if there]
    if len(proofs) > 1 and (method == AUTO or (method == PRIVATE_KEY_JWT and key and token)):
        hint = f"give one of them, or choose with {METHOD}" if secret else "give one of them"
        raise given.conflict((proofs[-2], proofs[-1]), "{0} and {1} are both given", hint)
    if method == NONE and proofs:
        raise given.conflict((METHOD, proofs[0]), "{0}=none and {1} are both given", "give one of them")
    if method in {BASIC, POST} and not secret:
        raise given.conflict(
            (METHOD, SECRET),
            "{0} names a method that needs {1}",
            "give the client's secret, its file, or KUBECTL_OIDC_CLIENT_SECRET",
        )
    if method == PRIVATE_KEY_JWT and not (key or token):
        raise given.conflict(
            (METHOD, KEY),
            "{0}=private_key_jwt needs {1}",
            f"give the file with the client's private key, or with the platform's token ({TOKEN_FILE})",
        )


def _redirect(given: FlagValues) -> None:
    if not given.listens():
        return
    if given.has(LOCAL_CERTIFICATE) and given.scheme(REDIRECT) == "http":
        raise given.conflict(
            (LOCAL_CERTIFICATE, REDIRECT),
            "{0} makes the redirect URI https, but {1} is http",
            "register an https redirect URI at the provider and give it here, or leave out the certificate",
        )
    if _is_https_without_certificate(given):
        raise given.conflict(
            (REDIRECT, LOCAL_CERTIFICATE),
            "{0} is https on this machine, but {1} is missing",
            "give --local-server-cert and --local-server-key, or an http redirect URL. Behind your own TLS proxy, give its target port with --listen-address",
        )
    if given.scheme(REDIRECT) == "urn":
        raise given.conflict(
            (REDIRECT, GRANT),
            "{0} is not an address on the network, which only {1}=authcode-keyboard allows",
            "use `--grant-type=authcode-keyboard`, or a redirect URL such as http://localhost:8000",
        )


def _is_https_without_certificate(given: FlagValues) -> bool:
    """Return whether the browser would speak TLS to an address where we do not."""
    redirect = given.value(REDIRECT) or ""
    if given.has(LOCAL_CERTIFICATE) or given.scheme(REDIRECT) != "https":
        return False
    if not is_loopback_url(redirect):
        return False  # a proxy that ends TLS leads to this machine
    try:
        port = port_of(urlsplit(redirect))
    except ValueError:
        return False  # which is said of the redirect URL itself
    return not given.ports() or str(port) in given.ports()


def _workload(given: FlagValues) -> None:
    # A client that signs in as itself proves who it is by one of these (RFC 6749 §4.4, RFC 8705 §2).
    proofs = (SECRET, SECRET_FILE, KEY, CLIENT_CERTIFICATE, TOKEN_FILE, GITHUB)
    if given.grant() == "client-credentials" and not any(map(given.has, proofs)):
        raise given.conflict(
            (GRANT, SECRET),
            "{0}=client-credentials needs {1}",
            "give the client's secret, private key, certificate or platform token. Without a command, write client-secret into the kubeconfig",
        )
    if given.grant() == JWT_BEARER and not given.token():
        raise given.conflict(
            (GRANT, TOKEN_FILE),
            "{0}=jwt-bearer needs {1}",
            f"give the file with the platform's token for this workload, or {GITHUB}",
        )


def _client_certificate(given: FlagValues) -> None:
    if given.has(CLIENT_CERTIFICATE) and given.scheme(ISSUER) == "http":
        raise given.conflict(
            (CLIENT_CERTIFICATE, ISSUER),
            "{0} needs TLS, but {1} is http",
            "leave out the certificate, or use an https issuer URL",
        )


def _exchange(given: FlagValues) -> None:
    if given.has(EXCHANGE_AUDIENCE, "--oidc-use-access-token"):
        raise given.conflict(
            (EXCHANGE_AUDIENCE, "--oidc-use-access-token"),
            "{0} and {1} ask for two different tokens",
            f"for an access token of that audience, use {EXCHANGE_TYPE}=access_token",
        )
    if given.has(EXCHANGE_AUDIENCE) and given.grant() == "client-credentials":
        raise given.conflict(
            (EXCHANGE_AUDIENCE, GRANT),
            "{0} exchanges a person's token, but {1}=client-credentials has none",
            "use --oidc-auth-request-extra-params=audience=AUDIENCE instead",
        )


def _refresh(given: FlagValues) -> None:
    ahead = "--refresh-ahead"
    if given.has(ahead) and given.value(STORAGE) == "none" and not given.overruled(ahead, STORAGE):
        raise given.conflict(
            (ahead, STORAGE),
            "{0} needs a stored session, but {1}=none stores none",
            "use `--refresh-ahead=off`, or another storage",
        )


def _setup(given: FlagValues) -> None:
    for flag, needed in ((ISSUER, CLIENT_ID), (CLIENT_ID, ISSUER)):
        needs(given, flag, needed, "give both, or neither for an introduction")
    for flag in ("--write-kubeconfig", "--output", "--output-dir"):
        needs(given, flag, ISSUER, "add --oidc-issuer-url and --oidc-client-id")
    needs(given, "--context", "--write-kubeconfig", "give both: --write-kubeconfig writes the context")
    needs(given, "--server", "--context", "add --context=NAME for the context and the cluster")
    needs(given, "--from-context", "--context", "add --context=NAME for the context to write")
    if given.has("--server", "--from-context"):
        raise given.conflict(
            ("--server", "--from-context"), "{0} and {1} name different clusters", "give one of them"
        )
    needs(given, "--cluster-ca", "--server", "add --server; an existing cluster keeps its own authority")


def _whole_client(given: FlagValues) -> None:
    for flag, needed in ((ISSUER, CLIENT_ID), (CLIENT_ID, ISSUER)):
        if given.typed(flag) and not given.has(needed):
            raise given.conflict(
                (flag, needed),
                "{0} is given without {1}",
                "give both to select a session, or neither to use the kubeconfig's user",
            )


def _subject(given: FlagValues) -> None:
    if given.typed("--user", ISSUER):
        raise given.conflict(
            ("--user", ISSUER),
            "{0} and {1} both select the session",
            "give one of them",
        )


def _purge(given: FlagValues) -> None:
    all_or_one(given, ("--context", "--user", *(flag.name for flag in given.flags if flag.identity)))


def _orphans(given: FlagValues) -> None:
    needs(given, "--yes", "--orphans", "add --orphans, or leave out --yes")
    identity = (flag.name for flag in given.flags if flag.identity)
    for flag in ("--all", "--context", "--user", *identity):
        if given.typed("--orphans", flag):
            raise given.conflict(
                ("--orphans", flag),
                "{0} selects the sessions itself and cannot be combined with {1}",
                "give one of them",
            )


def _logout(given: FlagValues) -> None:
    all_or_one(given, ("--context", "--user", ISSUER, CLIENT_ID, "--session"))


def _token(given: FlagValues) -> None:
    not_both(given, "--claim", "--header", "{0} prints one claim, but {1} prints the token")


def _doctor(given: FlagValues) -> None:
    needs(given, "--yes", "--fix", "add --fix, or leave out --yes")


def _convert(given: FlagValues) -> None:
    not_both(given, "--dry-run", "--yes", "{0} writes nothing, but {1} writes without asking")


SIGN_IN = (
    *(excludes, _client, requires, _redirect, _workload, _client_certificate, _exchange),
    *(persons, parameters, _refresh),
)
"""The rules of a sign-in, in `get-token`, `setup` and without a command."""
SETUP = (_setup, *SIGN_IN)
WHOAMI = (_subject, *SIGN_IN)
LOGIN = (_whole_client, *WHOAMI)
DOCTOR = (*LOGIN, _doctor)
TOKEN = (*LOGIN, _token)
CONVERT = (_convert,)
PURGE = (_purge, _orphans)
LOGOUT = (_subject, _logout)
