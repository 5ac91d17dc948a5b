"""--local-server-cert and --local-server-key: the browser comes back over https."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme

from .laptop import claims_of, token_of
from .said import failure

if TYPE_CHECKING:
    from .laptop import Laptop


@pytest.fixture
def flags() -> list[str]:
    """Write a certificate for localhost, as a company's authority issues it, and return the flags that name it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(Path.home() / "ca.pem")
    issued = authority.issue_cert("localhost")
    certificate, key = Path.home() / "cert.pem", Path.home() / "key.pem"
    certificate.write_bytes(issued.cert_chain_pems[0].bytes())
    key.write_bytes(issued.private_key_pem.bytes())
    return ["--local-server-cert=~/cert.pem", "--local-server-key=~/key.pem"]


@pytest.mark.together("port8000")
@pytest.mark.usefixtures("port_8000")
def test_the_redirect_uri_is_https(laptop: Laptop, flags: list[str]) -> None:
    """A person signs in at a provider that takes nothing else, and the code comes back over TLS."""
    laptop.client = "https-redirect"
    words = [word for word in laptop.words() if not word.startswith("--listen-address")]
    laptop.scripted.trusts(Path.home() / "ca.pem")
    ended = laptop.run(*words, *flags)
    assert ended.status == 0, ended.stderr
    assert claims_of(token_of(ended.stdout))["sub"] == "alice"
    (seen,) = laptop.realm.seen().authorization_requests
    assert seen["redirect_uri"] == "https://localhost:8000"
    assert laptop.scripted.landed().startswith("https://localhost:8000/")


def test_a_certificate_that_cannot_be_used_bothers_nobody(laptop: Laptop, flags: list[str]) -> None:
    """Exit 2 before a browser opens."""
    (Path.home() / "key.pem").write_text("no key")
    failure(laptop.get_token(*flags), "key-pair", "--local-server-cert", "--local-server-key", status=2)
    assert laptop.scripted.opened() == []
