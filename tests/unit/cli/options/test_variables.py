"""Variables for flags: the flag decides, else its variable, else the default."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest

from kubectl_oidc.cli.command_list import COMMANDS
from kubectl_oidc.cli.options.click_options import options
from kubectl_oidc.cli.options.flags import FLAGS, FORCE, VERBOSE
from kubectl_oidc.cli.options.kinds import SWITCH
from kubectl_oidc.cli.options.to_request import token_request
from kubectl_oidc.cli.options.variables import variable
from kubectl_oidc.cli.program import main, program
from kubectl_oidc.errors import UsageError
from kubectl_oidc.loopback.listen_address import ListenAddress
from tests.tokens import CLIENT_ID, ISSUER
from tests.topics import told_apart

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_oidc.authentication.request import SignInRequest


@click.command()
@options(*FLAGS, FORCE, VERBOSE)
def everything(**values: Any) -> dict[str, Any]:
    """Return what was typed."""
    return values


def request(*arguments: str) -> SignInRequest:
    values: dict[str, Any] = everything.main(list(arguments), standalone_mode=False)
    return token_request(values)


@pytest.fixture(autouse=True)
def client(monkeypatch: pytest.MonkeyPatch) -> None:
    """Name issuer and client in the environment, as a company's image may."""
    monkeypatch.setenv("KUBECTL_OIDC_ISSUER_URL", ISSUER)
    monkeypatch.setenv("KUBECTL_OIDC_CLIENT_ID", CLIENT_ID)


WITHOUT = {
    *(("setup", flag) for flag in ("--output", "--write-kubeconfig", "--yes")),
    *(("setup", flag) for flag in ("--context", "--from-context", "--server", "--cluster-ca")),
    *(("status", flag) for flag in ("--context", "--user", "--session")),
    *(("logout", "--all"), ("purge", "--all"), ("convert", "--yes")),
    *(("status", "--orphans"), ("purge", "--orphans"), ("purge", "--yes")),
    *(("doctor", flag) for flag in ("--fix", "--yes")),
    *(("token", flag) for flag in ("--claim", "--header", "--show")),
    ("version", "--output"),
}
"""The flags that have no variable; those of status choose what is listed, and a shell's profile must hide nothing."""


def test_every_flag_that_is_shown_has_its_variable() -> None:
    """The name in capitals, ``oidc`` once. What destroys, writes or skips a question has none."""
    context = click.Context(program)
    for name in COMMANDS:
        command = program.get_command(context, name)
        assert command is not None
        for option in command.params:
            if not isinstance(option, click.Option) or not option.expose_value:
                continue
            long = next(flag for flag in option.opts if flag.startswith("--"))
            if (name, long) in WITHOUT:
                assert option.envvar is None
                continue
            assert option.envvar == variable(long)


@pytest.mark.parametrize(
    ("preferred", "taken"), [("json", "json"), ("wide", None), ("", None), ("YAML", None), ("xml", None)]
)
def test_a_format_that_a_command_does_not_have_is_nothing_to_it(
    monkeypatch: pytest.MonkeyPatch, preferred: str, taken: str | None
) -> None:
    """`KUBECTL_OIDC_OUTPUT=wide` is for status; whoami prints as it does without. What no command has is a wrong value."""
    monkeypatch.setenv("KUBECTL_OIDC_OUTPUT", preferred)
    whoami = program.get_command(click.Context(program), "whoami")
    assert whoami is not None
    if preferred in {"xml", "YAML"}:
        with pytest.raises(click.BadParameter, match="not one of"):
            whoami.make_context("whoami", [])
    else:
        assert whoami.make_context("whoami", []).params["output"] == taken


@pytest.mark.parametrize(
    ("flag", "name"),
    [
        ("--oidc-issuer-url", "KUBECTL_OIDC_ISSUER_URL"),
        ("--oidc-client-secret", "KUBECTL_OIDC_CLIENT_SECRET"),
        ("--token-cache-dir", "KUBECTL_OIDC_TOKEN_CACHE_DIR"),
        ("--v", "KUBECTL_OIDC_V"),
    ],
)
def test_names_are_the_flags(flag: str, name: str) -> None:
    """Nobody has to write OIDC twice."""
    assert variable(flag) == name


READ: list[tuple[str, str, Callable[[SignInRequest], object], object]] = [
    ("EXTRA_SCOPE", "email,groups", lambda asked: asked.scopes, ("openid", "email", "groups")),
    (
        "LISTEN_ADDRESS",
        "127.0.0.1:1,127.0.0.1:2",
        lambda asked: asked.redirect.listen_addresses,
        (ListenAddress("127.0.0.1", 1), ListenAddress("127.0.0.1", 2)),
    ),
    ("REQUEST_HEADER", "A=1,B=2", lambda asked: asked.request_headers, (("A", "1"), ("B", "2"))),
    ("REQUEST_HEADER", "A=1,2", lambda asked: asked.request_headers, (("A", "1,2"),)),
    ("AUTH_REQUEST_EXTRA_PARAMS", "prompt=login", lambda asked: asked.extra_params, (("prompt", "login"),)),
    (
        "CERTIFICATE_AUTHORITY",
        "/a b.pem, /c.pem",
        lambda asked: asked.tls.ca_files,
        (Path("/a b.pem"), Path("/c.pem")),
    ),
    (
        "CERTIFICATE_AUTHORITY_DATA",
        ",".join(base64.b64encode(text).decode() for text in (b"one", b"two")),
        lambda asked: asked.tls.ca_data,
        (b"one", b"two"),
    ),
    ("SKIP_OPEN_BROWSER", "true", lambda asked: asked.browser.open, False),
    ("SKIP_OPEN_BROWSER", "false", lambda asked: asked.browser.open, True),
    ("AUTHENTICATION_TIMEOUT_SEC", "7", lambda asked: asked.timeout.seconds, 7.0),
    ("TOKEN_CACHE_STORAGE", "disk", lambda asked: asked.storage.choice, "disk"),
    ("TOKEN_CACHE_STORAGE", "", lambda asked: asked.storage.choice, "auto"),
    ("SESSION", "work", lambda asked: asked.session_name, "work"),
    ("PKCE_METHOD", "no", lambda asked: asked.pkce, False),
]


@pytest.mark.parametrize(("name", "text", "read", "expected"), READ)
def test_a_variable_is_read_as_its_flag_is(
    name: str,
    text: str,
    read: Callable[[SignInRequest], object],
    expected: object,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Where a flag is repeatable, commas stand between the values; an empty variable is none."""
    monkeypatch.setenv(f"KUBECTL_OIDC_{name}", text)
    assert read(request()) == expected


def test_the_flag_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    """Flag over variable, the values of a repeatable one not mixed."""
    monkeypatch.setenv("KUBECTL_OIDC_EXTRA_SCOPE", "groups")
    monkeypatch.setenv("KUBECTL_OIDC_SKIP_OPEN_BROWSER", "true")
    asked = request(
        "--oidc-extra-scope=email", "--skip-open-browser=false", "--oidc-client-id=of-the-command-line"
    )
    assert (asked.scopes, asked.browser.open) == (("openid", "email"), True)
    assert (asked.issuer, asked.client_id) == (ISSUER, "of-the-command-line")


def test_a_wrong_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A person who typed no such flag must learn where it comes from."""
    monkeypatch.setenv("KUBECTL_OIDC_TOKEN_CACHE_STORAGE", "floppy")
    with pytest.raises(UsageError, match=r"--token-cache-storage.*KUBECTL_OIDC_TOKEN_CACHE_STORAGE"):
        main(["get-token"])


CHECKED = [
    flag.name
    for flag in (*FLAGS, FORCE, VERBOSE)
    if flag.kind.type or flag.kind.choices or flag.kind is SWITCH
]
"""The flags whose values click checks."""


@pytest.mark.parametrize("flag", CHECKED)
def test_a_wrong_flag_is_named_without_its_variable(flag: str) -> None:
    """The value does not come from a variable, so nobody should look for one."""
    with pytest.raises(click.BadParameter) as caught:
        request(f"{flag}=floppy")
    assert flag in caught.value.format_message()
    assert variable(flag) not in caught.value.format_message()


@pytest.mark.parametrize(
    ("words", "variable_"),
    [
        (["version"], "V"),
        (["version"], "INSECURE_SKIP_TLS_VERIFY"),
        (["help"], "GRANT_TYPE"),
        (["help", "get-token"], "REFRESH_AHEAD"),
        (["completion", "bash"], "GRANT_TYPE"),
        (["clean"], "AUTHENTICATION_TIMEOUT_SEC"),
        (["purge"], "AUTHENTICATION_TIMEOUT_SEC"),
        (["purge"], "TOKEN_CACHE_STORAGE"),
        (["--help"], "GRANT_TYPE"),
    ],
)
def test_a_wrong_variable_is_nothing_to_a_command_that_does_not_use_it(
    words: list[str], variable_: str, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who asks for the version or for help gets it."""
    assert home.is_dir()
    monkeypatch.setenv(f"KUBECTL_OIDC_{variable_}", "floppy")
    assert main(words) == 0


def test_a_wrong_variable_of_stand_alone_mode_is_named_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a command its options are used."""
    monkeypatch.setenv("KUBECTL_OIDC_GRANT_TYPE", "floppy")
    with pytest.raises(UsageError, match="KUBECTL_OIDC_GRANT_TYPE"):
        main([])


# The client secret


@pytest.fixture
def secret_file(home: Path) -> Path:
    path = home / "secret"
    path.write_text("of the file\n")
    return path


@pytest.mark.parametrize(
    ("content", "secret"),
    [
        (b"plain", "plain"),
        (b"with newline\n", "with newline"),
        (b"of Windows\r\n", "of Windows"),
        (b" its own spaces \n\n", " its own spaces \n"),
    ],
)
def test_a_secret_file_holds_the_secret_and_at_most_a_newline(
    content: bytes, secret: str, secret_file: Path
) -> None:
    """Editors end a file with one; ``~`` is the home directory."""
    secret_file.write_bytes(content)
    asked = request("--oidc-client-secret-file=~/secret")
    assert asked.client_authentication.secret is not None
    assert asked.client_authentication.secret.reveal() == secret
    assert f"--oidc-client-secret-file={secret_file}" in asked.command_line("setup")


@pytest.mark.parametrize(
    ("flag", "environment", "secret"),
    [
        ("", {"CLIENT_SECRET": "of the variable"}, "of the variable"),
        ("", {"CLIENT_SECRET_FILE": "~/secret"}, "of the file"),
        ("--oidc-client-secret-file=~/secret", {"CLIENT_SECRET": "of the variable"}, "of the file"),
        ("--oidc-client-secret=of the flag", {"CLIENT_SECRET_FILE": "~/secret"}, "of the flag"),
        ("--oidc-client-secret=of the flag", {"CLIENT_SECRET": "of the variable"}, "of the flag"),
    ],
)
@pytest.mark.usefixtures("secret_file")
def test_a_secret_on_the_command_line_overrules_the_environment(
    flag: str, environment: dict[str, str], secret: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever of the two flags it is."""
    for name, value in environment.items():
        monkeypatch.setenv(f"KUBECTL_OIDC_{name}", value)
    asked = request(*([flag] if flag else []))
    assert asked.client_authentication.secret is not None
    assert asked.client_authentication.secret.reveal() == secret


def refused(*arguments: str) -> str:
    with pytest.raises(UsageError) as caught:
        main(["get-token", *arguments])
    return caught.value.message


@pytest.mark.parametrize("content", [None, b"", b"\n", b"\xff\xfe"])
def test_a_file_without_a_secret_is_an_error(content: bytes | None, secret_file: Path) -> None:
    """Missing, empty, not text: the flag and the file are named, what is in it is not shown."""
    secret_file.unlink()
    if content is not None:
        secret_file.write_bytes(content)
    message = refused(f"--oidc-client-secret-file={secret_file}")
    assert message.startswith(f"--oidc-client-secret-file: {secret_file} ")


def test_a_directory_is_no_secret_file(home: Path) -> None:
    """A pipe would hang kubectl; only a file is read."""
    directory, missing = home / "directory", home / "missing"
    directory.mkdir()
    said = {
        path.name: refused(f"--oidc-client-secret-file={path}").removeprefix(
            f"--oidc-client-secret-file: {path} "
        )
        for path in (directory, missing)
    }
    assert str(home) not in "".join(said.values()), "both begin with the flag and the file"
    told_apart({what: [text] for what, text in said.items()})


def test_the_secret_is_no_part_of_the_session(secret_file: Path) -> None:
    """It says who the client is, and the client ID names that: a new secret ends nobody's session."""
    asked = request(f"--oidc-client-secret-file={secret_file}")
    assert asked.key() == request("--oidc-client-secret=another").key() == request().key()


@pytest.mark.parametrize(
    "variable_", ["KUBECTL_OIDC_ALL", "KUBECTL_OIDC_YES", "KUBECTL_OIDC_WRITE_KUBECONFIG"]
)
def test_no_variable_destroys_or_skips_a_question(variable_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every command, whatever its flags are called; doctor says of such a variable that no flag has it."""
    monkeypatch.setenv(variable_, "true")
    context = click.Context(program)
    for name in COMMANDS:
        command = program.get_command(context, name)
        assert command is not None
        params = command.make_context(name, [], resilient_parsing=True).params
        assert not any(params.get(flag) for flag in ("all", "yes", "write_kubeconfig"))
        assert variable_ not in {param.envvar for param in command.params}
