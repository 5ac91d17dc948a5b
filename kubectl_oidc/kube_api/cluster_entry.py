"""Parse the cluster entry of a kubeconfig as client-go does: the API server's URL, certificate authority and proxy."""

from __future__ import annotations

import base64
import binascii
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kubectl_oidc.errors import KubeconfigError, UsageError
from kubectl_oidc.http.proxy import parse_proxy
from kubectl_oidc.http.tls import BUNDLE_LIMIT, TlsOptions
from kubectl_oidc.text import sanitize
from kubectl_oidc.urls import PLAIN_HTTP, shown_url, url_fault

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kubectl_oidc.kubeconfig import Entry

_PROXY_SCHEMES = frozenset({"http", "https", "socks5"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterEntry:
    """An API server, and how to connect to it.

    Attributes:
        server: The https URL without a slash at the end.
        tls: If the entry has a certificate authority, only that one is trusted, as in kubectl.
        proxy: The entry's own proxy. It overrides the environment's, and may contain a password.
    """

    name: str
    path: Path
    server: str
    tls: TlsOptions
    proxy: str | None = field(default=None, repr=False)

    def where(self) -> str:
        """Return the entry's name and file, for messages."""
        return _where(self.name, self.path)


def parse_cluster_entry(entry: Entry) -> ClusterEntry:
    """Return the parsed cluster entry. Relative paths in it start at its file's directory.

    Raises:
        KubeconfigError: The server is missing or not allowed, or the authority cannot be read.
    """
    where = _where(entry.name, entry.path)
    insecure = entry.value.get("insecure-skip-tls-verify") is True
    authority = _authority(entry, where)
    if insecure and authority:
        raise invalid_entry(
            where, "has certificate-authority and insecure-skip-tls-verify, which exclude each other"
        )
    return ClusterEntry(
        name=entry.name,
        path=entry.path,
        server=_server(entry.value, where),
        tls=TlsOptions(
            ca_data=(authority,) if authority else (),
            system=not authority,
            insecure=insecure,
            server_name=str(entry.value.get("tls-server-name") or ""),
        ),
        proxy=_proxy(entry.value, where),
    )


def _where(name: str, path: Path) -> str:
    return f"the cluster {sanitize(name)} in {sanitize(path)}"


def _server(value: Mapping[str, object], where: str) -> str:
    server = str(value.get("server") or "")
    if not server:
        raise invalid_entry(where, "has no server")
    if "://" not in server:
        server = f"https://{server}"
    why = url_fault(server, http_allowed=False)
    if why == PLAIN_HTTP:
        why += ", and kubectl sends tokens only over https"
    if why:
        named = "its server" if "@" in server else f"its server {shown_url(server)}"
        raise invalid_entry(where, f"cannot be used: {named} {why}")
    return server.rstrip("/")


def _authority(entry: Entry, where: str) -> bytes:
    """Return the entry's certificate authority. Data override a file, as in client-go."""
    data, name = entry.value.get("certificate-authority-data"), entry.value.get("certificate-authority")
    if data:
        try:
            return base64.b64decode("".join(str(data).split()), validate=True)
        except (binascii.Error, ValueError):
            raise invalid_entry(where, "has a certificate-authority-data that is not base64") from None
    if not name:
        return b""
    path = entry.path.absolute().parent / str(name)
    why = "it is not a regular file"  # reading a pipe may never end
    try:
        if stat.S_ISREG(path.stat().st_mode):
            with path.open("rb") as file:
                return file.read(BUNDLE_LIMIT)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "it is not a file name"
    raise invalid_entry(where, f"has a certificate-authority that cannot be read, {sanitize(path)}: {why}")


def _proxy(value: Mapping[str, object], where: str) -> str | None:
    proxy = str(value.get("proxy-url") or "")
    if not proxy:
        return None
    if proxy.partition("://")[0] not in _PROXY_SCHEMES:  # it may hold a password: not repeated
        raise invalid_entry(where, "has a proxy-url that is not an http, https or socks5 URL")
    try:
        return parse_proxy("proxy-url", proxy).url
    except UsageError as error:
        raise KubeconfigError(f"{where}: {error.message}", error.hint, topic="cluster-entry") from None


def invalid_entry(where: str, what: str) -> KubeconfigError:
    """Return the error for a cluster entry that cannot be used."""
    return KubeconfigError(
        f"{where} {what}",
        "correct the entry with `kubectl config set-cluster`, or ask the cluster's administrator for a new kubeconfig",
        topic="cluster-entry",
    )
