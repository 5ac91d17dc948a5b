"""The options that commands share: kubelogin's words, understood, or refused by the flag's name."""

from __future__ import annotations

import base64
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.authentication.request import OUR_PARAMETERS
from kubectl_oidc.cli.options.click_options import options
from kubectl_oidc.cli.options.flags import FLAGS, FORCE, VERBOSE, log_at
from kubectl_oidc.cli.options.to_request import cache_directory, token_request
from kubectl_oidc.cli.program import main
from kubectl_oidc.errors import UsageError
from kubectl_oidc.loopback.listen_address import ListenAddress
from kubectl_oidc.secret import Secret
from kubectl_oidc.system.log import VERBOSITY
from tests.tokens import CLIENT_ID, ISSUER

if TYPE_CHECKING:
    from collections.abc import Callable

    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.cli.options.flag import Flag

BOTH = (f"--oidc-issuer-url={ISSUER}", f"--oidc-client-id={CLIENT_ID}")


@click.command()
@options(*FLAGS, FORCE, VERBOSE)
def everything(**values: Any) -> dict[str, Any]:
    """Return what was typed."""
    return values


def values(*arguments: str) -> dict[str, Any]:
    typed: dict[str, Any] = everything.main([*BOTH, *arguments], standalone_mode=False)
    return typed


def request(*arguments: str) -> SignInRequest:
    return token_request(values(*arguments))


def refused(*arguments: str) -> UsageError:
    """Return the error that get-token ends with, which comes before anything is done."""
    with pytest.raises(UsageError) as caught:
        main(["get-token", *BOTH, *arguments])
    assert caught.value.exit_status == 2
    assert caught.value.hint
    return caught.value


def test_the_two_needed_flags_are_enough(home: Path) -> None:
    """Everything else has kubelogin's default."""
    asked = request()
    assert (asked.issuer, asked.client_id, asked.client_authentication.secret) == (ISSUER, CLIENT_ID, None)
    assert asked.scopes == ("openid",)
    assert asked.pkce
    assert asked.redirect.listen_addresses == (
        ListenAddress("127.0.0.1", 8000),
        ListenAddress("127.0.0.1", 18000),
    )
    assert (asked.redirect.url, asked.browser.open, asked.timeout.seconds) == (None, True, 180.0)
    assert (asked.use_access_token, asked.renewal.force_refresh, asked.tls.insecure) == (False, False, False)
    assert (asked.storage.choice, asked.session_name) == ("auto", "")
    assert (asked.storage.cache_dir, asked.storage.default_cache_dir) == (
        home / ".kube" / "cache" / "oidc-login",
        True,
    )


@pytest.mark.parametrize("missing", ["--oidc-issuer-url", "--oidc-client-id"])
@pytest.mark.parametrize("empty", [True, False])
def test_a_missing_flag_is_named(missing: str, empty: bool) -> None:  # noqa: FBT001
    """Missing and empty are the same."""
    given_ = [flag for flag in BOTH if not flag.startswith(missing)] + ([f"{missing}="] if empty else [])
    with pytest.raises(UsageError, match=f"{missing} "):
        main(["get-token", *given_])


# Scopes


@pytest.mark.parametrize(
    ("arguments", "scopes"),
    [
        (["--oidc-extra-scope=email,profile"], ("openid", "email", "profile")),
        (["--oidc-extra-scope=email", "--oidc-extra-scope=profile"], ("openid", "email", "profile")),
        (
            ["--oidc-extra-scope", "email,profile", "--oidc-extra-scope=groups"],
            ("openid", "email", "profile", "groups"),
        ),
        (["--oidc-extra-scope=openid"], ("openid",)),
        (["--oidc-extra-scope=email,openid,email"], ("openid", "email")),
        (["--oidc-extra-scope=email profile"], ("openid", "email", "profile")),
        (["--oidc-extra-scope= email , profile ,"], ("openid", "email", "profile")),
        (["--oidc-extra-scope="], ("openid",)),
        (["--oidc-extra-scope=api://x/.default"], ("openid", "api://x/.default")),
    ],
)
def test_scopes_are_comma_separated_or_repeated_and_sent_once(
    arguments: list[str], scopes: tuple[str, ...]
) -> None:
    """``openid`` comes first, each scope once, in the order given."""
    assert request(*arguments).scopes == scopes


# Switches


SWITCHES: dict[str, Callable[[SignInRequest], bool]] = {
    "--oidc-use-access-token": lambda asked: asked.use_access_token,
    "--skip-open-browser": lambda asked: not asked.browser.open,
    "--no-qr": lambda asked: not asked.browser.qr_code,
    "--insecure-skip-tls-verify": lambda asked: asked.tls.insecure,
    "--force-refresh": lambda asked: asked.renewal.force_refresh,
}


@pytest.mark.parametrize("switch", SWITCHES)
@pytest.mark.parametrize(
    ("said", "on"),
    [
        ("", True),
        ("=true", True),
        ("=True", True),
        ("=1", True),
        ("=t", True),
        ("=false", False),
        ("=F", False),
        ("=0", False),
    ],
)
def test_switches_take_true_and_false(switch: str, said: str, on: bool) -> None:  # noqa: FBT001
    """As in kubelogin, with and without a value; another flag after it is not its value."""
    assert SWITCHES[switch](request(f"{switch}{said}")) is on
    assert SWITCHES[switch](request(f"{switch}{said}", "--listen-address=:0")) is on


@pytest.mark.parametrize("switch", SWITCHES)
def test_a_switch_that_is_neither_is_refused_by_name(switch: str) -> None:
    """A typing error does not turn a protection off."""
    assert switch in refused(f"{switch}=maybe").message


@pytest.mark.parametrize(
    ("arguments", "pkce"),
    [
        ([], True),
        (["--oidc-pkce-method=auto"], True),
        (["--oidc-pkce-method=S256"], True),
        (["--oidc-pkce-method=no"], False),
        (["--oidc-use-pkce"], True),
        (["--oidc-use-pkce=false"], True),
        (["--oidc-use-pkce", "--oidc-pkce-method=no"], True),
        (["--oidc-use-pkce=false", "--oidc-pkce-method=no"], False),
    ],
)
def test_pkce_is_used_unless_no_is_said(arguments: list[str], pkce: bool) -> None:  # noqa: FBT001
    """The old switch asks for it, and cannot turn it off."""
    assert request(*arguments).pkce is pkce


# Levels


@pytest.mark.parametrize(
    ("arguments", "level"),
    [
        (["-v", "1"], 1),
        (["-v=1"], 1),
        (["-v1"], 1),
        (["--v", "4"], 4),
        (["--v=9"], 9),
        ([], 0),
        (["-v=1", "-v=4"], 4),
    ],
)
def test_levels_are_written_in_every_way_klog_takes(arguments: list[str], level: int) -> None:
    """-v 1, -v=1, -v1, --v 1, --v=1."""
    assert values(*arguments)["v"] == level


@pytest.mark.parametrize("level", ["x", "-1", "1.5", "", "²", "1\x1b[31m"])
def test_a_level_that_is_no_number_is_refused(level: str) -> None:
    """The flag is named, and what was typed is shown in plain characters."""
    error = refused(f"--v={level}")
    assert "--v" in error.message
    assert "\x1b" not in error.message


def test_the_level_is_the_processes_own() -> None:
    """The error boundary reads it."""
    try:
        assert log_at(4) is VERBOSITY
        assert VERBOSITY.level == 4
    finally:
        log_at(0)


# Paths


def test_a_tilde_is_the_home_directory(home: Path) -> None:
    """In --certificate-authority and --token-cache-dir, as kubelogin expands it."""
    asked = request(
        "--certificate-authority=~/ca.pem", "--certificate-authority=/etc/ca.pem", "--token-cache-dir=~/x"
    )
    assert asked.tls.ca_files == (home / "ca.pem", Path("/etc/ca.pem"))
    assert (asked.storage.cache_dir, asked.storage.default_cache_dir) == (home / "x", False)


@pytest.mark.parametrize("flag", ["--certificate-authority", "--token-cache-dir"])
def test_the_home_of_nobody_is_refused_by_name(flag: str) -> None:
    """``~name`` of a user that there is not is a matter of usage, not a crash."""
    error = refused(f"{flag}=~nobody-of-this-name/x")
    assert flag in error.message
    assert "~nobody-of-this-name" in error.message


def test_the_default_directory_written_out_is_the_default(home: Path) -> None:
    """Whoever spells it out has the same session as whoever does not."""
    default = home / ".kube" / "cache" / "oidc-login"
    for spelt in ("~/.kube/cache/oidc-login", "~/.kube/cache/oidc-login/", str(default), ""):
        assert cache_directory(spelt) == (default, True)
    assert request("--token-cache-dir=~/.kube/cache/oidc-login").key().id() == request().key().id()
    assert request("--token-cache-dir=~/other").key().id() != request().key().id()


def test_kubecachedir_moves_the_default(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """KUBECACHEDIR names kubectl's cache; ours is in it, and is the default there."""
    monkeypatch.setenv("KUBECACHEDIR", str(tmp_path / "kube"))
    assert cache_directory(None) == (tmp_path / "kube" / "oidc-login", True)
    assert cache_directory("~/.kube/cache/oidc-login") == (home / ".kube" / "cache" / "oidc-login", False)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows asks USERPROFILE")
def test_without_a_home_there_is_a_directory_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user database knows the home, or the path is one that cannot be written."""
    monkeypatch.delenv("HOME")
    directory, is_default = cache_directory(None)
    assert directory.is_absolute()
    assert is_default
    monkeypatch.setenv("HOME", "")
    assert cache_directory(None) == (Path(os.devnull) / "kubectl-oidc", True)


# Names and values


def test_headers_and_parameters_are_pairs() -> None:
    """Repeatable, comma-separated, and whole where a value has a comma."""
    asked = request(
        "--oidc-request-header=X-A=1,X-B=2",
        "--oidc-request-header=Accept=a,b",
        "--oidc-auth-request-extra-params=acr_values=x,y",
        "--oidc-auth-request-extra-params=prompt=login",
    )
    assert asked.request_headers == (("X-A", "1"), ("X-B", "2"), ("Accept", "a,b"))
    assert asked.extra_params == (("acr_values", "x,y"), ("prompt", "login"))
    assert "X-A" not in repr(asked)


@given(st.permutations(["a=1", "b=2", "c=3", "b-b=2"]), st.permutations(["X-A=1", "x-b=2"]))
def test_the_order_of_parameters_makes_no_other_session(params: list[str], headers: list[str]) -> None:
    """The cache key of kubelogin changed with the order of a map; ours is the same however they are written."""
    one = request(
        *(f"--oidc-auth-request-extra-params={pair}" for pair in params),
        f"--oidc-request-header={','.join(headers)}",
    )
    other = request(
        "--oidc-auth-request-extra-params=a=1,b=2,c=3,b-b=2",
        "--oidc-request-header=X-A=1",
        "--oidc-request-header=x-b=2",
    )
    assert one.key().id() == other.key().id()
    assert one.key().id() != request().key().id()


@pytest.mark.parametrize("flag", ["--oidc-request-header", "--oidc-auth-request-extra-params"])
@pytest.mark.parametrize("value", ["SECRET", "=SECRET", "a=1,SECRET,b=2"])
def test_a_malformed_pair_is_refused_by_the_flags_name(flag: str, value: str) -> None:
    """The value is not repeated, because it may be a credential."""
    error = refused(f"{flag}={value}")
    assert flag in error.message
    assert "SECRET" not in error.message + error.hint


@pytest.mark.parametrize("name", sorted(OUR_PARAMETERS))
def test_an_extra_parameter_that_is_the_sign_ins_own_is_refused(name: str) -> None:
    """State, nonce, PKCE and the like cannot be set from outside; the error says which."""
    error = refused(f"--oidc-auth-request-extra-params=prompt=login,{name}=x")
    assert "--oidc-auth-request-extra-params" in error.message
    assert name in error.message


# Other values


@pytest.mark.parametrize(
    ("arguments", "addresses"),
    [
        (["--listen-address=127.0.0.1:1,127.0.0.1:2"], [("127.0.0.1", 1), ("127.0.0.1", 2)]),
        (["--listen-address=:0", "--listen-address=[::1]:3"], [("", 0), ("::1", 3)]),
        (["--listen-address="], [("127.0.0.1", 8000), ("127.0.0.1", 18000)]),
    ],
)
def test_listen_addresses_are_tried_in_order(arguments: list[str], addresses: list[tuple[str, int]]) -> None:
    """Repeatable and comma-separated; an empty one is the default."""
    assert request(*arguments).redirect.listen_addresses == tuple(ListenAddress(*pair) for pair in addresses)


PEM = b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"


def test_a_certificate_authority_comes_as_base64_too() -> None:
    """With or without line breaks, as ``base64`` writes them; empty ones count as not given."""
    text = base64.b64encode(PEM).decode()
    wrapped = "\n".join(text[at : at + 20] for at in range(0, len(text), 20)) + "\n"
    asked = request(
        f"--certificate-authority-data={text}",
        f"--certificate-authority-data={wrapped}",
        "--certificate-authority-data=",
        "--certificate-authority=",
    )
    assert asked.tls.ca_data == (PEM, PEM)
    assert asked.tls.ca_files == ()


MALFORMED = [
    ("--certificate-authority-data", "no*base64"),
    ("--certificate-authority-data", "YQ=a"),
    ("--certificate-authority-data", "ü"),
    ("--oidc-redirect-url", "localhost:8000"),
    ("--oidc-redirect-url", "ftp://localhost"),
    ("--oidc-redirect-url", "http://"),
    ("--oidc-redirect-url", "http://localhost:8000#a"),
    ("--oidc-redirect-url", "http://[::1"),
    ("--oidc-redirect-url", "http://localhost:99999"),
    ("--oidc-redirect-url", "http://localhost:port"),
    ("--open-url-after-authentication", "example.com"),
    ("--open-url-after-authentication", "javascript:alert(1)"),
    ("--open-url-after-authentication", "file:///etc/passwd"),
    ("--listen-address", "127.0.0.1"),
    ("--listen-address", "127.0.0.1:99999"),
    ("--authentication-timeout-sec", "0"),
    ("--authentication-timeout-sec", "soon"),
    ("--authentication-timeout-sec", "1e9"),
    ("--oidc-pkce-method", "plain"),
    ("--token-cache-storage", "cloud"),
]


@pytest.mark.parametrize(("flag", "value"), MALFORMED)
def test_a_malformed_value_is_refused_by_the_flags_name(flag: str, value: str) -> None:
    """Usage, exit status 2, one line that names the flag."""
    error = refused(f"{flag}={value}")
    assert flag in error.message
    assert "\n" not in error.message


@pytest.mark.parametrize(
    "url",
    [
        "http://idp.example.com",
        "idp.example.com",
        "https://a b",
        "https://idp.example.com?x",
        "https://idp\udcff",
    ],
)
def test_an_issuer_that_cannot_be_one_is_refused(url: str) -> None:
    """The topic leads to the page about issuer URLs."""
    assert refused(f"--oidc-issuer-url={url}").topic == "issuer-url"


@pytest.mark.parametrize(
    "argument",
    [
        "--oidc-client-id=a{}",
        "--oidc-client-secret=a{}",
        "--oidc-extra-scope=a{}",
        "--oidc-auth-request-extra-params=a=b{}",
        "--oidc-redirect-url=http://localhost:8000/{}",
        "--open-url-after-authentication=https://a.example/{}",
    ],
)
def test_an_argument_that_is_not_utf_8_is_refused_by_the_flags_name(argument: str) -> None:
    """What is sent as text must be text; the value is not repeated."""
    error = refused(argument.format("\udcff"))
    assert all(name in error.message for name in (argument.partition("=")[0], "UTF-8"))
    assert "\udcff" not in error.message + error.hint


def test_a_file_name_need_not_be_utf_8() -> None:
    """It is the file system's bytes."""
    name = os.fsdecode(b"/etc/\xff.pem") if sys.platform != "win32" else "C:\\x.pem"
    assert request(f"--certificate-authority={name}").tls.ca_files == (Path(name),)


@pytest.mark.parametrize(
    "url", ["http://localhost:8000", "https://login.example.com/callback?a=b", "http://[::1]:8000/"]
)
def test_a_redirect_url_is_taken_as_it_is(url: str) -> None:
    """It must be what is registered at the provider, byte for byte."""
    assert request(f"--oidc-redirect-url={url}").redirect.url == url


@pytest.mark.parametrize(
    "flag", ["--oidc-redirect-url", "--open-url-after-authentication", "--oidc-client-secret"]
)
def test_an_empty_value_counts_as_not_given(flag: str) -> None:
    """Templates of kubeconfigs leave some empty."""
    assert request(f"{flag}=") == request()


def test_a_client_secret_is_hidden() -> None:
    """Nothing that shows the request shows it."""
    asked = request("--oidc-client-secret=the-SECRET")
    assert asked.client_authentication.secret == Secret("the-SECRET")
    assert "SECRET" not in repr(asked)


@pytest.mark.parametrize("word", ["--no-such-flag", "--oidc-extra-scope", "surplus", "-x"])
def test_unknown_words_are_usage_errors(word: str) -> None:
    """With where to read on."""
    assert "--help" in refused(word).hint


@pytest.mark.parametrize("flag", [*FLAGS, FORCE, VERBOSE], ids=lambda flag: flag.name)
def test_every_option_says_what_it_is_for(flag: Flag) -> None:
    """One sentence in --help, that ends with a full stop."""
    assert flag.help.endswith(".")


def test_a_relative_cache_directory_is_the_working_directorys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From two working directories a relative directory means two sessions, and each is its absolute path's."""
    ids = set()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        monkeypatch.chdir(tmp_path / name)
        ids.add(request("--token-cache-dir=cache").key().id())
        assert request(f"--token-cache-dir={tmp_path / name / 'cache'}").key().id() in ids
    assert len(ids) == 2


@pytest.mark.parametrize("seconds", ["0", "-1", "86401", "1.5", "a", "²"])
def test_a_wait_has_bounds(seconds: str) -> None:
    """A sign-in waits from one second to a day; the error says so."""
    error = refused(f"--authentication-timeout-sec={seconds}")
    assert "--authentication-timeout-sec" in error.message
    assert re.search(r"\b1\b.*\b86400\b", error.message)


@pytest.mark.parametrize(
    ("redirect", "listens"),
    [
        ("http://localhost:9999", [("127.0.0.1", 9999)]),
        ("http://127.0.0.1:9999/back", [("127.0.0.1", 9999)]),
        ("http://[::1]:9999", [("127.0.0.1", 9999)]),
        ("http://localhost", [("127.0.0.1", 80)]),
        ("https://sso.example.com/back", [("127.0.0.1", 8000), ("127.0.0.1", 18000)]),
    ],
)
def test_a_redirect_url_on_this_machine_says_where_to_listen(
    redirect: str, listens: list[tuple[str, int]]
) -> None:
    """Unless --listen-address does: at any other port the answer would go to a stranger."""
    asked = request(f"--oidc-redirect-url={redirect}").redirect.listen_addresses
    assert [(address.host, address.port) for address in asked] == listens
    explicit = request(
        f"--oidc-redirect-url={redirect}", "--listen-address=127.0.0.1:7"
    ).redirect.listen_addresses
    assert [(address.host, address.port) for address in explicit] == [("127.0.0.1", 7)]


@pytest.mark.parametrize("command", ["get-token", "setup", "purge", "clean"])
def test_kubelogins_logging_flags_are_taken(command: str) -> None:
    """So that nothing breaks that was written for it; they do nothing here."""
    flags = [
        "--logtostderr", "--alsologtostderr=false", "--stderrthreshold=2", "--vmodule=a=1", "--log_file", "x",
        "--log_dir=y", "--log_file_max_size=9", "--log_backtrace_at=a:1", "--skip_headers", "--skip_log_headers=true",
        "--one_output", "--add_dir_header",
    ]  # fmt: skip
    assert main([command, *flags, "--help"]) == 0
    with pytest.raises(UsageError, match="--log_what"):
        main([command, *flags, "--log_what"])


# Grants


@pytest.mark.parametrize(
    ("arguments", "grant", "session"),
    [
        ([], "auto", "authcode"),
        (["--grant-type=auto"], "auto", "authcode"),
        (["--grant-type=authcode"], "authcode", "authcode"),
        (["--grant-type=authcode-keyboard"], "authcode-keyboard", "authcode"),
        (["--grant-type=device-code"], "device-code", "device-code"),
        (["--grant-type=password"], "password", "password"),
        (["--grant-type=client-credentials"], "client-credentials", "client-credentials"),
        (["--username=ada"], "password", "password"),
        (["--username="], "auto", "authcode"),
        (["--username=ada", "--grant-type=authcode"], "authcode", "authcode"),
        (["--password=x"], "auto", "authcode"),
    ],
)
def test_the_grants_are_kubelogins(arguments: list[str], grant: str, session: str) -> None:
    """A user name makes auto a password grant; however a person's code comes back, the session is the same."""
    asked = request(*arguments)
    assert (asked.grant, asked.key().grant) == (grant, session)


def test_the_user_name_names_a_session_of_the_password_grant_alone() -> None:
    """Two people's passwords are two sessions; elsewhere the flag changes nothing."""
    ids = {
        request(f"--username={name}", *more).key().id()
        for name in ("ada", "bob")
        for more in ([], ["--password=x"])
    }
    assert len(ids) == 2
    assert request("--username=ada", "--grant-type=authcode").key() == request().key()


def test_a_password_does_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the flag or the environment; the flag decides, and neither is seen in the request."""
    monkeypatch.setenv("KUBECTL_OIDC_PASSWORD", "SECRET-of-the-environment")
    asked = request("--username=ada")
    assert asked.password == Secret("SECRET-of-the-environment")
    assert request("--password=SECRET-flag").password == Secret("SECRET-flag")
    assert "SECRET" not in repr(asked)


def test_client_credentials_without_a_secret_are_refused() -> None:
    """RFC 6749 §4.4: for confidential clients only; the error names both flags."""
    error = refused("--grant-type=client-credentials")
    assert "--grant-type=client-credentials" in error.message
    assert "--oidc-client-secret" in error.message


def test_an_unknown_grant_is_refused_by_name() -> None:
    """Whoever mistypes it hears which there are."""
    assert "device-code" in refused("--grant-type=devicecode").message


def test_a_redirect_uri_that_is_no_url_is_for_authcode_keyboard() -> None:
    """There the provider shows the code itself (kubelogin's urn:ietf:wg:oauth:2.0:oob)."""
    urn = "--oidc-redirect-url=urn:ietf:wg:oauth:2.0:oob"
    assert request(urn, "--grant-type=authcode-keyboard").redirect.url == "urn:ietf:wg:oauth:2.0:oob"
    assert "--oidc-redirect-url" in refused(urn).message


def test_the_command_that_signs_in_names_the_grant_and_not_the_password() -> None:
    """What a background program tells a person to run leads to the same session."""
    command = request("--username=ada", "--password=SECRET").command_line("setup")
    assert "--grant-type=password --username=ada" in command
    assert "SECRET" not in command
    assert "--grant-type=device-code" in request("--grant-type=device-code").command_line("setup")


def test_the_command_that_signs_in_exchanges_the_token_for_the_same_audience() -> None:
    """The command that is shown to a person at a terminal has the same session."""
    audience = "--oidc-token-exchange-audience=b"
    for flags in (
        [audience],
        [audience, "--oidc-token-exchange-type=jwt", *(f"--oidc-token-exchange-scope={one}" for one in "xy")],
    ):
        words = request(*flags).command_line("setup").split()
        assert [word for word in words if "token-exchange" in word] == flags


@pytest.mark.parametrize("flag", ["--tls-renegotiation-once", "--tls-renegotiation-freely"])
def test_what_kubelogin_shows_of_tls_is_shown_here(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The flags have no effect, and the help says so."""
    main(["get-token", "--help-all"])
    help_ = " ".join(capsys.readouterr().out.split())
    assert flag in help_
    assert "without effect" in help_[help_.index(flag) :][:150]
