"""The arguments in the kubeconfig have the same meaning as the command line."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.cli.commands.get_token import get_token
from kubectl_oidc.cli.options.click_options import options
from kubectl_oidc.cli.options.flags import FLAGS, FORCE, VERBOSE
from kubectl_oidc.cli.options.to_request import token_request
from kubectl_oidc.cli.users.to_stanza import stanza_args, variables_not_written
from kubectl_oidc.errors import UsageError
from kubectl_oidc.kubeconfig import Arg, Stanza
from tests.tokens import CLIENT_ID, ISSUER

BOTH = (f"--oidc-issuer-url={ISSUER}", f"--oidc-client-id={CLIENT_ID}")


@click.command()
@options(*FLAGS, FORCE, VERBOSE)
@click.option("--user")
def setup(**_: Any) -> None:
    """Stand in for `setup`, with an option of its own."""


def typed(*arguments: str) -> tuple[Arg, ...]:
    """Return the exec section's arguments for a command line."""
    context = setup.make_context("setup", [*BOTH, *arguments])
    return tuple(stanza_args(context))


def words(*arguments: str) -> list[str]:
    """Return the arguments in the kubeconfig without issuer and client, which are always there."""
    whole = [arg.with_secret() for arg in typed(*arguments)]
    assert whole[:2] == list(BOTH)
    return whole[2:]


def test_only_what_was_typed_is_written() -> None:
    """get-token has the same defaults."""
    assert words() == []


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CLIENT_SECRET", "x"),
        ("REQUEST_HEADER", "Authorization=Bearer x"),
        ("REQUEST_HEADER", "X-Tenant=blue"),
        ("SESSION", "work"),
        ("BROWSER_COMMAND", "firefox"),
        ("EXTRA_SCOPE", "email,groups"),
        ("LISTEN_ADDRESS", "127.0.0.1:1"),
        ("ISSUER_URL", "https://elsewhere.example.com"),
    ],
)
def test_a_variable_stays_a_variable(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """get-token reads the variable again. A flag in the kubeconfig would override a variable that changes."""
    monkeypatch.setenv(f"KUBECTL_OIDC_{name}", value)
    assert words() == []


@pytest.mark.parametrize(
    ("arguments", "written"),
    [
        (["--user=me", "-v=4", "--force-refresh"], []),
        (
            ["--oidc-extra-scope=email,profile", "--oidc-extra-scope=openid,email"],
            ["--oidc-extra-scope=email", "--oidc-extra-scope=profile"],
        ),
        (
            ['--oidc-extra-scope="email"', '--oidc-extra-scope="a,b",c'],
            ["--oidc-extra-scope=email", '--oidc-extra-scope="a,b"', "--oidc-extra-scope=c"],
        ),
        (["--skip-open-browser"], ["--skip-open-browser"]),
        (["--skip-open-browser=true"], ["--skip-open-browser"]),
        (["--skip-open-browser=false"], ["--skip-open-browser=false"]),
        (
            ["--listen-address=:1,:2", "--listen-address=:3"],
            ["--listen-address=:1,:2", "--listen-address=:3"],
        ),
        (["--authentication-timeout-sec=60"], ["--authentication-timeout-sec=60"]),
        (["--refresh-ahead=off"], ["--refresh-ahead=off"]),
        (["--refresh-ahead=0.5"], ["--refresh-ahead=0.5"]),
        (
            ["--oidc-auth-request-extra-params=a=1,b=2"],
            ["--oidc-auth-request-extra-params=a=1", "--oidc-auth-request-extra-params=b=2"],
        ),
        (["--oidc-auth-request-extra-params=acr=x,y"], ["--oidc-auth-request-extra-params=acr=x,y"]),
        (['--oidc-auth-request-extra-params="a=1=2,3"'], ['--oidc-auth-request-extra-params="a=1=2,3"']),
        (["--oidc-request-header=X-Tenant=blue"], ["--oidc-request-header=X-Tenant=blue"]),
        (["--oidc-client-secret=", "--token-cache-dir=", "--certificate-authority=", "--session="], []),
        (["--browser-command=firefox -P work"], ["--browser-command=firefox -P work"]),
    ],
)
def test_each_option_is_written_as_get_token_reads_it(arguments: list[str], written: list[str]) -> None:
    """List items become one argument each, switches have no value, and empty values and setup's own flags are left out."""
    assert words(*arguments) == written


def test_the_order_is_that_of_the_table() -> None:
    """It does not depend on the order on the command line."""
    one = words("--skip-open-browser", "--oidc-extra-scope=email", "--session=a")
    assert one == words("--session=a", "--skip-open-browser", "--oidc-extra-scope=email")


def test_secrets_are_written_and_not_shown() -> None:
    """Client secrets and credentials in headers are only in the kubeconfig."""
    args = typed(
        "--oidc-client-secret=the-SECRET",
        "--oidc-request-header=Authorization=Basic SECRET=",
        "--oidc-request-header=X-A=1",
    )
    stanza = Stanza(args=args)
    assert "--oidc-client-secret=the-SECRET" in str(stanza.exec_mapping())
    assert "--oidc-request-header=Authorization=Basic SECRET=" in str(stanza.exec_mapping())
    shown = repr(args) + repr(stanza) + str(stanza.set_credentials("oidc"))
    assert "SECRET" not in shown.replace("CLIENT_SECRET", "")
    assert "--oidc-request-header=X-A=1" in shown


def test_a_path_does_not_depend_on_the_working_directory() -> None:
    """A relative path becomes absolute. get-token expands ``~``, perhaps on another machine."""
    here = Path.cwd()
    assert words(
        "--certificate-authority=ca.pem", "--certificate-authority=~/ca.pem", "--token-cache-dir=cache"
    ) == [
        f"--token-cache-dir={here / 'cache'}",
        f"--certificate-authority={here / 'ca.pem'}",
        "--certificate-authority=~/ca.pem",
    ]


@pytest.mark.parametrize(
    "flag",
    [
        *("--oidc-client-secret-file", "--oidc-client-assertion-key", "--oidc-client-certificate"),
        *("--oidc-client-key", "--local-server-cert", "--local-server-key"),
    ],
)
def test_a_path_of_a_secret_key_or_certificate_is_absolute(
    flag: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some of these flags come in pairs."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("secret")
    partner = {
        "--oidc-client-certificate": "--oidc-client-key=~/key",
        "--oidc-client-key": "--oidc-client-certificate=~/cert",
        "--local-server-cert": "--local-server-key=~/key",
        "--local-server-key": "--local-server-cert=~/cert",
    }.get(flag)
    written = words(f"{flag}=file", *([partner] if partner else []))
    assert f"{flag}={tmp_path / 'file'}" in written


@pytest.mark.skipif(sys.platform == "win32", reason="file names are Unicode there")
@pytest.mark.parametrize(
    "flag", ["--certificate-authority", "--token-cache-dir", "--session", "--browser-command"]
)
def test_a_value_that_is_not_utf_8_is_an_error_with_the_flags_name(flag: str) -> None:
    """A kubeconfig is UTF-8."""
    with pytest.raises(UsageError, match=f"{flag} .*UTF-8"):
        words(f"{flag}=" + os.fsdecode(b"/a\xff"))


TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=12)
NAME = st.text(
    st.characters(codec="ascii", exclude_characters='="', exclude_categories=["Cc", "Zs"]),
    min_size=1,
    max_size=8,
)
PAIR = st.tuples(NAME.map(lambda name: f"x-{name}"), TEXT)


@given(
    pairs=st.lists(PAIR, max_size=3),
    scopes=st.lists(
        st.sampled_from(["email", "profile", "groups", "offline_access", "api://x/.default"]), max_size=4
    ),
    switches=st.lists(
        st.sampled_from(
            ["--skip-open-browser", "--oidc-use-access-token=true", "--insecure-skip-tls-verify=false"]
        ),
        max_size=3,
        unique=True,
    ),
    session=TEXT,
)
def test_get_token_makes_the_same_request_from_the_written_arguments(
    pairs: list[tuple[str, str]], scopes: list[str], switches: list[str], session: str
) -> None:
    """And it asks for the same session."""
    context = setup.make_context(
        "setup",
        [
            *BOTH,
            *(
                f'--oidc-auth-request-extra-params="{name}={value.replace(chr(34), chr(34) * 2)}",y=2'
                for name, value in pairs
            ),
            *(f"--oidc-extra-scope={scope}" for scope in scopes),
            *switches,
            f"--session={session}",
        ],
    )
    asked = token_request(context.params)
    written = [arg.with_secret() for arg in stanza_args(context)]
    read = get_token.make_context("get-token", written).params
    assert token_request(read) == asked
    assert token_request(read).key().id() == asked.key().id()


def test_issuer_and_client_are_written_from_variables_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kubeconfig user needs them. `variables_not_written` has the other variables."""
    monkeypatch.setenv("KUBECTL_OIDC_ISSUER_URL", ISSUER)
    monkeypatch.setenv("KUBECTL_OIDC_CLIENT_ID", CLIENT_ID)
    monkeypatch.setenv("KUBECTL_OIDC_BROWSER_COMMAND", "firefox")
    context = setup.make_context("setup", ["--session=a"])
    args = [arg.with_secret() for arg in stanza_args(context)]
    assert args == [*BOTH, "--session=a"]
    assert list(variables_not_written(context)) == ["KUBECTL_OIDC_BROWSER_COMMAND"]
