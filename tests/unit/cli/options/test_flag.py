"""The flags of the commands that a person is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.cli.options.shared import parsed
from kubectl_oidc.cli.options.to_request import token_request

if TYPE_CHECKING:
    from pathlib import Path

WHO = ("--oidc-issuer-url=https://issuer.example.com", "--oidc-client-id=kubernetes")


def shown(*words: str) -> tuple[str, ...]:
    """Return the flags that are shown for these, without issuer and client."""
    flags = token_request(parsed([*WHO, *words]).params).flags
    assert flags[:2] == WHO
    return flags[2:]


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("--oidc-extra-scope=email", "--oidc-extra-scope=groups"),
        ("--grant-type=device-code",),
        ("--oidc-use-access-token", "--oidc-redirect-url=http://localhost:8000"),
        (
            "--oidc-token-exchange-audience=b",
            "--oidc-token-exchange-type=jwt",
            "--oidc-token-exchange-scope=x",
        ),
        ("--oidc-auth-request-extra-params=audience=b", "--expect-claim=a=b", "--login-hint=ada"),
        ("--prompt=login consent", "--max-age=0s", "--min-ttl=9s"),
        ("--session=work", "--token-cache-storage=disk", "--insecure-skip-tls-verify"),
        ("--oidc-client-authentication=none",),
    ],
)
def test_what_makes_the_sign_in_is_shown(words: tuple[str, ...]) -> None:
    """The flags are those that were given, in the order of the table; what has its default is left out."""
    assert shown(*words) == words


def test_files_are_named_by_their_path(tmp_path: Path) -> None:
    """The client secret's file, its key, and certificates."""
    secret = tmp_path / "secret"
    secret.write_text("s3cret")
    words = (
        f"--token-cache-dir={tmp_path / 'cache'}",
        f"--oidc-client-secret-file={secret}",
        f"--oidc-client-assertion-key={tmp_path / 'key.pem'}",
        "--oidc-client-assertion-key-id=1",
        f"--certificate-authority={tmp_path / 'ca.pem'}",
        f"--oidc-client-certificate={tmp_path / 'client.crt'}",
        f"--oidc-client-key={tmp_path / 'client.key'}",
        f"--local-server-cert={tmp_path / 'local.crt'}",
        f"--local-server-key={tmp_path / 'local.key'}",
    )
    assert shown(*words) == words


def test_no_secret_is_shown() -> None:
    """Placeholders stand for the client secret, for header values and for certificates; a password is left out."""
    words = shown(
        "--oidc-client-secret=s3cret",
        "--oidc-request-header=X-Key=s3cret",
        "--certificate-authority-data=czNjcmV0",
        "--username=ada",
        "--password=s3cret",
    )
    assert words == (
        "--oidc-request-header=X-Key=VALUE",
        "--grant-type=password",
        "--username=ada",
        "--oidc-client-secret=CLIENT_SECRET",
        "--certificate-authority-data=BASE64",
    )


@pytest.mark.parametrize(
    "words", [("--listen-address=127.0.0.1:8001",), ("--skip-open-browser",), ("--refresh-ahead=off",)]
)
def test_how_this_computer_takes_part_is_not_shown(words: tuple[str, ...]) -> None:
    """Where it listens, how it opens a browser, and when it refreshes make no other sign-in."""
    assert shown(*words) == ()
