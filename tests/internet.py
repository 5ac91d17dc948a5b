"""Hosts of the internet on this machine: one HTTPS server that answers for many names, and the proxy that leads to it.

with Internet(tmp_path, "login.example.com") as internet:
    internet.documents["https://login.example.com/.well-known/openid-configuration"] = {...}
    run_plugin("get-token", *internet.flags, env=internet.env)
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Self

import trustme

from .hostile import Hostile, certificate, discovery, json_reply, reply, tunnel

if TYPE_CHECKING:
    from pathlib import Path

    from .hostile import Talk

WELL_KNOWN = "/.well-known/openid-configuration"


class Internet:
    """The hosts; ``documents`` holds what they answer a GET with, by URL, and every other URL is 404.

    Args:
        directory: Where the authority's certificate is written.
        names: The hosts' names.
    """

    def __init__(self, directory: Path, *names: str) -> None:
        authority = trustme.CA()
        self.ca_file = directory / "internet.pem"
        authority.cert_pem.write_to_path(str(self.ca_file))
        self.documents: dict[str, object] = {}
        self._server = Hostile(certificate(authority, *names))
        self._proxy = Hostile()
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._stack.enter_context(self._server)
        self._stack.enter_context(self._proxy)
        self._server.on("*", self._answer)
        self._proxy.on("*", tunnel(self._server.port))
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def issuer(self, url: str, **changes: object) -> None:
        """Have a good issuer at a URL; changes are to its document, and one to ``...`` removes a member."""
        members = {**discovery(url), **changes}
        document = {name: value for name, value in members.items() if value is not ...}
        self.documents[url.removesuffix("/") + WELL_KNOWN] = document

    @property
    def proxy(self) -> str:
        """The proxy's URL."""
        return f"http://127.0.0.1:{self._proxy.port}"

    @property
    def env(self) -> dict[str, str]:
        """The environment of a machine that reaches the hosts."""
        return {"HTTPS_PROXY": self.proxy}

    @property
    def flags(self) -> list[str]:
        """The flags that trust the hosts."""
        return [f"--certificate-authority={self.ca_file}"]

    def asked(self) -> list[str]:
        """Return the URLs that were asked for, in order."""
        return [f"https://{one.headers['host']}{one.path}" for one in self._server.asked]

    def headers(self) -> list[str]:
        """Return the names and values of every header that arrived."""
        return [f"{name}: {value}" for one in self._server.asked for name, value in one.headers.items()]

    def _answer(self, talk: Talk) -> None:
        url = f"https://{talk.asked.headers['host']}{talk.asked.path}"
        found = self.documents.get(url)
        (json_reply(found) if found is not None else reply(404))(talk)
