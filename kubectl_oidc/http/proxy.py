"""The proxy of a request: HTTPS_PROXY or HTTP_PROXY by the URL's scheme, else ALL_PROXY, unless NO_PROXY names the host.

Only the variables that concern the request are read. NO_PROXY is read like Go's ``httpproxy`` and kubectl read it. Errors
never show a value that cannot be used: what looks like its host may be part of the password.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from kubectl_oidc.errors import UsageError
from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.urls import is_loopback_url, port_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_SCHEMES = ("http", "https", "socks5", "socks5h")
# RFC 3986 §3.2.1, and @ because Go and curl accept it.
_ENCODED = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*"
ENCODE = (
    "percent-encode the user name and password: @ as %40, : as %3A, / as %2F, # as %23, ? as %3F, % as %25"
)
_FORM = "write http://HOST:PORT or socks5://HOST:PORT, with a login http://USER:PASSWORD@HOST:PORT"


class RefusedByProxy(Exception):
    """The proxy does not connect to the provider. Its words are the message; they never contain its password."""


class Proxy(NamedTuple):
    """A proxy that can be used.

    Attributes:
        variable: The environment variable that names it.
        url: Its URL; it may contain a password.
        login: The user name and password in it, percent-encoded, with a colon between them.
    """

    variable: str
    url: str
    scheme: str
    login: str
    host: str
    port: int

    def __repr__(self) -> str:
        return f"Proxy({self.variable}, {self.host}, {self.port})"

    def user_and_password(self) -> tuple[str, str]:
        """Return the login, decoded."""
        user, _, password = self.login.partition(":")
        return unquote(user), unquote(password)

    def headers(self) -> dict[str, str]:
        """Return the header field with the login for an HTTP proxy (RFC 7617); none without a login."""
        from base64 import b64encode

        login = ":".join(self.user_and_password()).encode()
        return {"Proxy-Authorization": f"Basic {b64encode(login).decode()}"} if self.login else {}

    def forwards(self, scheme: str) -> bool:
        """Return whether it forwards requests to URLs of this scheme, and does not connect to their hosts."""
        return scheme == "http" and self.scheme in {"http", "https"}


def proxy_for(url: str, environ: Mapping[str, str] = os.environ) -> Proxy | None:
    """Return the proxy for a request to ``url``, or None for a direct connection, as to this machine's own addresses.

    Raises:
        UsageError: The variable that concerns the request contains a URL that cannot be used.
    """
    parts = urlsplit(url)
    for name in (f"{parts.scheme}_proxy", "all_proxy"):
        variable = _variable(name, environ)
        if variable:
            direct = is_loopback_url(url) or _bypassed(parts.hostname or "", port_of(parts), environ)
            return None if direct else parse_proxy(variable, environ[variable])
    return None


def parse_proxy(variable: str, value: str) -> Proxy:
    """Return the proxy that an environment variable names.

    Args:
        value: Its value; a URL without a scheme means http.

    Raises:
        UsageError: It cannot be used.
    """
    whole = value.strip() if "://" in value else f"http://{value.strip()}"
    scheme, _, rest = whole.partition("://")
    login, at, place = rest.rpartition("@")
    scheme = scheme.lower()
    if scheme not in _SCHEMES:
        hint = "write socks5://HOST:PORT" if scheme.startswith("socks") else _FORM
        raise _unusable(variable, "its URL does not begin with http://, https:// or socks5://", hint)
    if not re.fullmatch(_ENCODED, login):
        raise _unusable(
            variable, "its user name or password has a character that must be percent-encoded", ENCODE
        )
    try:
        parts = urlsplit(f"{scheme}://{place}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port = "", None
    if not host or port == 0 or not place.isprintable() or " " in place:
        raise _unusable(variable, "its URL has no host, or a port that is not between 1 and 65535", _FORM)
    default = {"https": 443, "socks5": 1080, "socks5h": 1080}.get(scheme, 80)
    login = login.replace("@", "%40")
    return Proxy(variable, f"{scheme}://{login}{at}{parts.netloc}", scheme, login, host, port or default)


def _unusable(variable: str, why: str, hint: str) -> UsageError:
    return UsageError(
        f"{variable} cannot be used: {why} (its value is not shown)", f"in {variable}, {hint}", topic="proxy"
    )


def _variable(name: str, environ: Mapping[str, str]) -> str:
    """Return the name of the variable that is set: lower case first, then any case. Empty if none is set, or if it is blank."""
    if name in tuple(environ):  # on Windows, `environ` itself finds a name in any case
        return name if environ[name].strip() else ""
    others = (one for one, value in environ.items() if one.lower() == name and value.strip())
    return next(others, "")


def _bypassed(host: str, port: int, environ: Mapping[str, str]) -> bool:
    """Return whether NO_PROXY names a host: its name, its domain, its address or network, or ``*``."""
    variable = _variable("no_proxy", environ)
    entries = [entry.strip().lower() for entry in environ[variable].split(",")] if variable else []
    return any(_names(entry, host.lower().rstrip("."), port) for entry in entries if entry)


def _names(entry: str, host: str, port: int) -> bool:
    from ipaddress import ip_address, ip_network

    if entry == "*":
        return True
    entry = entry.rpartition("://")[2]
    try:
        return ip_address(host) in ip_network(entry.strip("[]"), strict=False)
    except ValueError:
        pass  # a name, or an address with a port
    name, colon, wanted = entry.rpartition(":")
    if colon and wanted.isdigit():
        if int(wanted) != port:
            return False
        entry = name
    entry = entry.strip("[]").removeprefix("*")
    return host.endswith(entry) if entry.startswith(".") else host == entry or host.endswith(f".{entry}")
