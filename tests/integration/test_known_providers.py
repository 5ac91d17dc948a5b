"""What known providers do differently, with the installed program and their own host names, played on this machine."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import pytest

from tests.internet import Internet
from tests.plugin import run_plugin
from tests.tokens import good_claims, id_token, jwks, signing_key

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

GOOGLE, KEYCLOAK, OTHER = "accounts.google.com", "sso.example.com", "idp.example.com"
KEY = signing_key()


@pytest.fixture
def internet(tmp_path: Path) -> Iterator[Internet]:
    with Internet(tmp_path, GOOGLE, KEYCLOAK, OTHER) as internet:
        yield internet


def get_token(internet: Internet, issuer: str, *flags: str) -> subprocess.CompletedProcess[str]:
    words = [f"--oidc-issuer-url={issuer}", "--oidc-client-id=kubernetes", "--token-cache-storage=none"]
    return run_plugin("get-token", *words, *internet.flags, *flags, env=internet.env)


def issuer(internet: Internet, url: str) -> str:
    """Have an issuer with its own endpoints and key set, and return its URL."""
    internet.issuer(
        url,
        authorization_endpoint=f"{url}/auth",
        token_endpoint=f"{url}/token",
        jwks_uri=f"{url}/keys",
    )
    internet.documents[f"{url}/keys"] = jwks(KEY)
    return url


@pytest.mark.parametrize(
    ("host", "flags", "sent"),
    [
        (GOOGLE, (), "access_type=offline"),
        (GOOGLE, ("--oidc-auth-request-extra-params=access_type=online",), "access_type=online"),
        (OTHER, (), ""),
    ],
)
def test_google_is_asked_for_a_refresh_token(
    internet: Internet, host: str, flags: tuple[str, ...], sent: str
) -> None:
    """`access_type=offline`, which a client of the type Web application needs; what a person gives counts; others get nothing."""
    ended = get_token(
        internet,
        issuer(internet, f"https://{host}"),
        *("--skip-open-browser", "--authentication-timeout-sec=1", "--listen-address=127.0.0.1:0"),
        *flags,
    )
    assert ended.returncode == 1
    (address,) = [line.strip() for line in ended.stderr.splitlines() if f"https://{host}/auth?" in line]
    assert [pair for pair in address.partition("?")[2].split("&") if pair.startswith("access_type=")] == (
        [sent] if sent else []
    )


@pytest.mark.parametrize(
    ("host", "iss", "taken"),
    [
        (GOOGLE, f"https://{GOOGLE}", True),
        (GOOGLE, GOOGLE, True),
        (GOOGLE, f"http://{GOOGLE}", False),
        (OTHER, OTHER, False),
        (OTHER, GOOGLE, False),
    ],
)
def test_google_alone_may_leave_the_scheme_out_of_its_issuer(
    internet: Internet, host: str, iss: str, *, taken: bool
) -> None:
    """As kube-apiserver accepts it; no other issuer may, and nobody else may be called Google's."""
    url = issuer(internet, f"https://{host}")
    now = int(time.time())
    token = id_token(KEY, claims=good_claims(iss=iss, aud="kubernetes", iat=now, exp=now + 600)).reveal()
    internet.documents[f"{url}/token"] = {"id_token": token, "access_token": "a", "token_type": "Bearer"}
    ended = get_token(internet, url, "--grant-type=password", "--username=ada", "--password=MARKED")
    assert (ended.returncode == 0) is taken, ended.stderr
    if taken:
        assert json.loads(ended.stdout)["status"]["token"] == token
    else:
        assert ended.stdout == ""
        assert "issuer" in ended.stderr


def test_keycloak_names_the_scope_and_the_setting_of_offline_tokens(internet: Internet) -> None:
    """The role that somebody lacks, and where it is given."""
    url = issuer(internet, f"https://{KEYCLOAK}/realms/corp")
    words = "Offline tokens not allowed for the user or client"
    internet.documents[f"{url}/token"] = {"error": "not_allowed", "error_description": words}
    ended = get_token(internet, url, "--grant-type=password", "--username=ada", "--password=MARKED")
    assert (ended.returncode, ended.stdout) == (1, "")
    assert words in ended.stderr
    (hint,) = [line for line in ended.stderr.splitlines() if line.startswith("hint:")]
    assert "offline_access" in hint
    assert "Role mapping" in hint
