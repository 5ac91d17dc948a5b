"""The certificate authorities that `setup` gives to the cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from kubectl_oidc.cli.options.click_options import options
from kubectl_oidc.cli.options.flags import FLAGS
from kubectl_oidc.cli.options.to_request import token_request
from kubectl_oidc.cli.setup.token import authorities
from tests.tokens import CLIENT_ID, ISSUER

if TYPE_CHECKING:
    from pathlib import Path

    from kubectl_oidc.authentication.request import SignInRequest

ONE = "-----BEGIN CERTIFICATE-----\nMIIB\nAAAA\n-----END CERTIFICATE-----\n"
TWO = "-----BEGIN TRUSTED CERTIFICATE-----\nMIIC\n-----END TRUSTED CERTIFICATE-----\n"
KEY = "-----BEGIN PRIVATE KEY-----\nUNDERWRAPS\n-----END PRIVATE KEY-----\n"


@click.command()
@options(*FLAGS)
def everything(**values: Any) -> dict[str, Any]:
    """Return the parameters."""
    return values


def request(*arguments: str) -> SignInRequest:
    """Return the request of these arguments."""
    words = [f"--oidc-issuer-url={ISSUER}", f"--oidc-client-id={CLIENT_ID}", *arguments]
    values: dict[str, Any] = everything.main(words, standalone_mode=False)
    return token_request(values)


def test_only_certificates_go_to_the_cluster(tmp_path: Path) -> None:
    """A private key in the same file, comments and white space do not."""
    file = tmp_path / "both.pem"
    file.write_text(f"subject=x\n{KEY}\n  {ONE}\r\n{TWO}")
    text = authorities(request(f"--certificate-authority={file}"))
    assert text == ONE + TWO


def test_without_an_authority_there_is_none(tmp_path: Path) -> None:
    """Nor if the file has no certificate."""
    file = tmp_path / "key.pem"
    file.write_text(KEY)
    assert authorities(request()) is None
    assert authorities(request(f"--certificate-authority={file}")) is None
