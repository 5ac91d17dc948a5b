"""What a row of the table makes: each loop over the rows finds a flag that is added, and shows its values again."""

from __future__ import annotations

from collections import namedtuple
from typing import TYPE_CHECKING, Any

import click
import pytest

from kubectl_oidc.authentication.request import SignInRequest
from kubectl_oidc.cli.command import command as documented
from kubectl_oidc.cli.options import conflicts
from kubectl_oidc.cli.options.click_options import parsed
from kubectl_oidc.cli.options.flag import Flag
from kubectl_oidc.cli.options.flags import FLAGS
from kubectl_oidc.cli.options.kinds import HEADERS, SECRET, TEXT
from kubectl_oidc.cli.options.to_request import token_request
from kubectl_oidc.cli.users.to_stanza import stanza_args
from kubectl_oidc.errors import UsageError
from kubectl_oidc.kubeconfig import stanza_secrets

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
        ("--acr-values=phr mfa", '--claims={"id_token":{"acr":null}}'),
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
        f"--oidc-client-assertion-file={tmp_path / 'token'}",
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


def test_each_field_is_a_place_in_the_request() -> None:
    """A row that names another would fail only when somebody gives its flag."""
    request = token_request(
        parsed(
            [
                *(*WHO, "--oidc-token-exchange-audience=b", "--oidc-client-assertion-key=/key.pem"),
                *("--oidc-client-certificate=/c.pem", "--oidc-client-key=/k.pem"),
                *("--local-server-cert=/c.pem", "--local-server-key=/k.pem"),
            ]
        ).params
    )
    given = {flag.name for flag in FLAGS if flag.field and flag.value_in(request) is not None}
    assert given >= {"--oidc-issuer-url", "--local-server-key", "--oidc-client-assertion-key"}


def test_what_a_kubeconfig_hides_are_the_secrets_of_the_table() -> None:
    """A stanza that somebody else wrote is shown without them."""
    assert {flag.name for flag in FLAGS if flag.kind is SECRET} == set(stanza_secrets._SECRET_FLAGS)
    assert [flag.name for flag in FLAGS if flag.kind is HEADERS] == [stanza_secrets.HEADER_FLAG]


# A flag that is added to the table


def wider() -> Any:
    """Return the type of a request with one field more, which is empty by default."""
    fields = namedtuple(  # type: ignore[misc]  # noqa: PYI024 - the fields are those of another type
        "fields", (*SignInRequest._fields, "made_up"), defaults=(*SignInRequest._field_defaults.values(), "")
    )
    methods = {name: value for name, value in vars(SignInRequest).items() if name not in dir(fields)}
    return type("Wider", (fields,), methods)


MADE_UP = Flag(
    "--oidc-made-up",
    TEXT,
    help="What nobody has thought of.",
    metavar="WORD",
    field="made_up",
    identity=True,
    parameter="made_up",
    person=True,
    requires="--session",
    excludes="--username",
)
WITH_IT = (*FLAGS, MADE_UP)


@documented("get-token", *WITH_IT, examples=())
@click.option("--all", is_flag=True)
def command(**_values: Any) -> None:
    """Stand in for a command that has the flag."""


def given(*words: str) -> click.Context:
    return command.make_context("get-token", [*WHO, *words])


def asked(*words: str) -> SignInRequest:
    return token_request(given(*words).params, WITH_IT, wider())


def refused(*words: str, rules: Any = conflicts.SIGN_IN) -> str:
    with command.make_context("get-token", [*words]) as context, pytest.raises(UsageError) as caught:
        conflicts.check(rules, context.params, WITH_IT)
    assert "--oidc-made-up" in caught.value.message
    return caught.value.message


def test_a_flag_that_is_added_is_in_the_request() -> None:
    """Without it the request has its default."""
    assert getattr(asked("--oidc-made-up=x"), "made_up") == "x"  # noqa: B009 - the type is not that of the table
    assert getattr(asked(), "made_up") == ""  # noqa: B009


def test_a_flag_that_is_added_makes_another_session() -> None:
    """Each of its values does; without it the session is what it was."""
    ids = {asked(*words).key().id() for words in ((), ("--oidc-made-up=x",), ("--oidc-made-up=y",))}
    assert len(ids) == 3
    assert asked().key() == token_request(parsed([*WHO]).params).key()


def test_a_flag_that_is_added_is_written_into_a_kubeconfig_and_into_commands() -> None:
    """With its value."""
    word = "--oidc-made-up=x"
    assert word in [arg.with_secret() for arg in stanza_args(given(word), WITH_IT)]
    assert word in asked(word).command_line("login").split()


def test_a_flag_that_is_added_has_a_variable_and_help(monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is read, and stays a variable in a kubeconfig."""
    assert "--oidc-made-up WORD" in command.get_help(given())
    monkeypatch.setenv("KUBECTL_OIDC_MADE_UP", "x")
    assert "--oidc-made-up=x" in asked().flags
    assert len(list(stanza_args(given(), WITH_IT))) == len(WHO)


@pytest.mark.parametrize(
    ("other", "named"),
    [
        ((), "--session"),
        (("--session=a", "--username=ada"), "--username"),
        (("--session=a", "--grant-type=client-credentials", "--oidc-client-secret=x"), "--grant-type"),
        (("--session=a", "--grant-type=device-code"), "--grant-type"),
        (
            ("--session=a", "--oidc-auth-request-extra-params=made_up=1"),
            "--oidc-auth-request-extra-params",
        ),
    ],
)
def test_a_flag_that_is_added_has_its_conflicts(other: tuple[str, ...], named: str) -> None:
    """What it needs, what says the same, and what it cannot go with."""
    assert named in refused(*WHO, "--oidc-made-up=x", *other)


def test_a_flag_that_is_added_is_not_for_all_sessions() -> None:
    """It names one."""
    assert "--all" in refused("--oidc-made-up=x", "--all", rules=conflicts.PURGE)
