"""Which values a settings file may give to a flag."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kubectl_oidc.cli.options.click_options import parsed
from kubectl_oidc.cli.options.flags import FLAGS
from kubectl_oidc.cli.options.kinds import COMMAS, EACH, SECRET, SWITCH
from kubectl_oidc.cli.settings.default_values import flags_of_commands, read_layers
from kubectl_oidc.errors import SettingsError
from kubectl_oidc.system.toml_file import read_toml
from tests.sessions import posix_only
from tests.settings_files import own_settings
from tests.topics import about

if TYPE_CHECKING:
    from kubectl_oidc.cli.settings.default_values import Layer

pytestmark = posix_only  # the paths in the examples

ISSUER = "https://issuer.example.com"


def layers(text: str) -> dict[str, Layer]:
    path = own_settings(text)
    found = read_toml(str(path), {path.stat().st_uid}, machine=False)
    assert found is not None
    return read_layers(found)


def default(line: str) -> dict[str, Any]:
    return layers(f"[defaults]\n{line}\n")[""].values


def refused(text: str, line: int, *names: str) -> None:
    path = Path.home() / ".config" / "kubectl-oidc" / "config.toml"
    with pytest.raises(SettingsError, check=about("settings", f"{path}:{line}", *names)):
        layers(text)


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("skip-open-browser = true", "--skip-open-browser"),
        ("skip-open-browser = false", "--skip-open-browser=false"),
        ('browser-command = "firefox -P work"', "--browser-command=firefox -P work"),
        ('grant-type = "device-code"', "--grant-type=device-code"),
        ('oidc-extra-scope = ["email", "groups"]', "--oidc-extra-scope=email,groups"),
        ('oidc-extra-scope = "email"', "--oidc-extra-scope=email"),
        ("authentication-timeout-sec = 60", "--authentication-timeout-sec=60"),
        ('max-age = "8h"', "--max-age=8h"),
        ("refresh-ahead = 0.5", "--refresh-ahead=0.5"),
        ('refresh-ahead = "off"', "--refresh-ahead=off"),
        ('certificate-authority = ["/corp/ca.pem"]', "--certificate-authority=/corp/ca.pem"),
        ('token-cache-dir = "~/tokens"', "--token-cache-dir=~/tokens"),
        ('expect-claim = ["email=*@corp.example"]', "--expect-claim=email=*@corp.example"),
        ('listen-address = ["127.0.0.1:1,127.0.0.1:2"]', "--listen-address=127.0.0.1:1,127.0.0.1:2"),
    ],
)
def test_a_value_means_what_the_flag_means(line: str, word: str) -> None:
    """Switches are true or false, numbers are numbers, and what is repeatable is a list."""
    ((key, value),) = default(line).items()
    flag = next(flag for flag in FLAGS if flag.key == key)
    assert flag.understood(value) == flag.understood(parsed([word]).params[key])


def test_every_flag_of_a_sign_in_can_have_a_default_but_secrets() -> None:
    """A loop over the table, so that a flag that is added has one; what is sent to the issuer, for one issuer only."""
    examples = {
        "--oidc-issuer-url": f'"{ISSUER}"',
        "--oidc-redirect-url": '"http://localhost:1"',
        "--open-url-after-authentication": '"https://corp.example"',
        "--authentication-timeout-sec": "9",
        "--refresh-ahead": '"off"',
        "--max-age": '"1h"',
        "--min-ttl": '"1h"',
        "--prompt": '"login"',
        "--certificate-authority-data": '"czNjcmV0"',
        "--claims": """'{"id_token": {"acr": null}}'""",
    }
    for flag in FLAGS:
        value = examples.get(flag.name, '"/x=y"')
        if flag.kind is SWITCH:
            value = "true"
        elif flag.kind.choices:
            value = f'"{flag.kind.choices[0]}"'
        line = f"{flag.name.removeprefix('--')} = {value}"
        if flag.kind is SECRET:
            refused(f'[issuer."{ISSUER}"]\n{line}', 2, flag.name.removeprefix("--"))
            continue
        if flag.name in {
            "--oidc-client-secret-file",
            "--oidc-client-assertion-file",
            "--oidc-client-assertion-github-audience",
            "--oidc-request-header",
        }:
            refused(f"[defaults]\n{line}", 2, flag.name.removeprefix("--"), "[issuer.")
            found = layers(f'[issuer."{ISSUER}"]\n{line}')[ISSUER].values
        else:
            found = default(line)
        assert found.keys() == {flag.key}
        assert isinstance(found[flag.key], tuple) == (flag.kind.uses in {EACH, COMMAS})


@pytest.mark.parametrize(
    "line",
    [
        'skip-open-browser = "true"',
        "skip-open-browser = 1",
        "browser-command = true",
        "browser-command = ['firefox']",
        'browser-command = ""',
        'grant-type = "magic"',
        "oidc-extra-scope = [1]",
        "oidc-extra-scope = []",
        "oidc-extra-scope = {email = true}",
        'authentication-timeout-sec = "60"',
        "authentication-timeout-sec = true",
        "authentication-timeout-sec = 0",
        "authentication-timeout-sec = 1e3",
        "max-age = 8",
        'max-age = "8 hours"',
        "max-age = 1979-05-27",
        "refresh-ahead = 2",
        'refresh-ahead = "never"',
        'certificate-authority = ["ca.pem"]',
        'token-cache-dir = "tokens"',
        'oidc-issuer-url = "issuer.example.com"',
        'oidc-auth-request-extra-params = ["no-value"]',
        'prompt = "please"',
        'oidc-redirect-url = "ftp://x"',
        "listen-address = 8000",
        "oidc-client-id = inf",
    ],
)
def test_a_wrong_value_is_an_error_with_file_line_and_key(line: str) -> None:
    """A wrong type, what the flag refuses, and a path that would depend on the working directory."""
    refused(f"[defaults]\n# a comment\n{line}\n", 3, line.partition(" ")[0])


def test_a_key_that_is_unknown_is_an_error_with_the_closest_one() -> None:
    """Of a flag that is mistyped, written with underscores or dashes, or may have no default."""
    refused('[defaults]\nbrowser-comand = "x"', 2, "browser-comand", "browser-command")
    refused('[defaults]\nbrowser_command = "x"', 2, "browser_command", "browser-command")
    refused('[defaults]\n--browser-command = "x"', 2, "--browser-command", " browser-command")
    refused("[defaults]\nforce-refresh = true", 2, "force-refresh")


def test_an_issuer_has_defaults_of_its_own() -> None:
    """By its URL; they cannot name another issuer, and `setup`'s flags are not about one."""
    found = layers(f'[defaults]\nprompt = "login"\n[issuer."{ISSUER}"]\nprompt = "consent"\n')
    assert {issuer: layer.values for issuer, layer in found.items()} == {
        "": {"prompt": "login"},
        ISSUER: {"prompt": "consent"},
    }
    refused(f'[issuer."{ISSUER}"]\noidc-issuer-url = "{ISSUER}"', 2, "oidc-issuer-url")
    refused(f'[issuer."{ISSUER}"]\ninstall-hint = "x"', 2, "install-hint")
    refused('[issuer."x"]\n', 1, "x")
    refused("[issuer]\nx = 1\n", 2, "x")


def test_a_table_must_be_one() -> None:
    """A value or a list of tables in its place is an error."""
    refused("defaults = 1\n", 1, "defaults")
    refused("[[defaults]]\nprompt = 'login'\n", 1, "defaults")
    refused("issuer = 'x'\n", 1, "issuer")


def test_flags_of_single_commands_have_defaults() -> None:
    """Of the log, of the browser at sign-out, and what `setup` says of the cluster and of the program, but not what a command acts on, does or writes."""
    names = {flag.name for flag in flags_of_commands()}
    assert {"--install-hint", "--cluster-type", "--absolute-path", "--oidc-groups-claim"} <= names
    assert {"--v", "--log-format", "--keep-provider-session"} <= names
    assert not names & {"--kubeconfig", "--user", "--yes", "--write-kubeconfig", "--output", "--output-dir"}
    for name in ("yes", "output", "context", "all"):
        refused(f"[defaults]\n{name} = true", 2, name)
    assert default("v = 4") == {"v": 4}
    refused('[defaults]\nv = "4"', 2, "v")
    refused('[defaults]\nlog-format = "xml"', 2, "log-format")
    assert default('install-hint = "Ask IT"') == {"install_hint": "Ask IT"}
    refused('[defaults]\ncluster-type = "mainframe"', 2, "cluster-type")
    refused("[defaults]\nabsolute-path = 1", 2, "absolute-path")
