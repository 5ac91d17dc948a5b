"""The order: flag, variable, user's file, machine's file, default; and a rule before all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from click.core import ParameterSource

from kubectl_oidc.cli.options import conflicts
from kubectl_oidc.cli.options.click_options import parsed, source
from kubectl_oidc.cli.options.flags import FLAGS
from kubectl_oidc.cli.options.variables import DEFAULT, OF_VARIABLE, TYPED
from kubectl_oidc.cli.settings import load as loading
from kubectl_oidc.cli.settings.effective import Effective, apply_to, effective
from kubectl_oidc.errors import PolicyError, UsageError
from tests.settings_files import own_settings

if TYPE_CHECKING:
    from pathlib import Path

    from kubectl_oidc.authentication.request import SignInRequest
    from tests.settings_files import Machine

ISSUER, OTHER = "https://issuer.example.com", "https://other.example.com"
WHO = (f"--oidc-issuer-url={ISSUER}", "--oidc-client-id=kubernetes")


def given(*words: str, in_exec_section: bool = True) -> Effective:
    context = parsed([*words])
    return effective(
        context.params,
        {name: source(context, name) for name in context.params},
        in_exec_section=in_exec_section,
    )


def request(*words: str) -> SignInRequest:
    return given(*WHO, *words).request()


def test_without_files_nothing_changes(machine: Machine) -> None:
    """The very values and the very session."""
    context = parsed([*WHO])
    assert effective(context.params, {}).values is context.params
    assert not machine.path.exists()
    plain = request().key()
    machine.has("")
    own_settings("")
    assert request().key() == plain


def test_the_order(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step is overruled by the next one, and the source is said."""
    key = "browser_command"
    plain = given(*WHO)
    assert (plain.values[key], plain.sources[key]) == (None, DEFAULT)
    machine.has('[defaults]\nbrowser-command = "machine"\n')
    assert given(*WHO).values[key] == "machine"
    assert str(given(*WHO).sources[key]) == f"{machine.path}:2"
    machine.has(f'[defaults]\nbrowser-command = "machine"\n[issuer."{ISSUER}"]\nbrowser-command = "issuer"\n')
    assert given(*WHO).values[key] == "issuer"
    own = own_settings('[defaults]\nbrowser-command = "own"\n')
    assert given(*WHO).values[key] == "own"
    assert str(given(*WHO).sources[key]) == f"{own}:2"
    monkeypatch.setenv("KUBECTL_OIDC_BROWSER_COMMAND", "variable")
    assert (given(*WHO).values[key], given(*WHO).sources[key]) == ("variable", OF_VARIABLE)
    typed = given(*WHO, "--browser-command=typed")
    assert (typed.values[key], typed.sources[key]) == ("typed", TYPED)


def test_the_same_values_are_the_same_session(machine: Machine) -> None:
    """Whether they are typed or come from a file."""
    words = ("--oidc-extra-scope=email", "--login-hint=ada", "--oidc-use-access-token")
    typed = request(*words)
    machine.has('[defaults]\noidc-extra-scope = ["email"]\nlogin-hint = "ada"\n')
    own_settings("[defaults]\noidc-use-access-token = true\n")
    assert request().key().id() == typed.key().id()
    assert request().flags == typed.flags
    machine.has(f'[defaults]\noidc-issuer-url = "{ISSUER}"\noidc-client-id = "kubernetes"\n')
    assert given("--oidc-extra-scope=email", "--login-hint=ada").request().key().id() == typed.key().id()


def test_the_defaults_of_an_issuer_are_those_of_the_issuer_in_use(machine: Machine) -> None:
    """Typed, from a variable, or itself a default."""
    machine.has(
        f'[defaults]\noidc-issuer-url = "{ISSUER}"\n[issuer."{ISSUER}"]\noidc-client-id = "a"\n'
        f'[issuer."{OTHER}"]\noidc-client-id = "b"\n'
    )
    assert given().request().client_id == "a"
    assert given(f"--oidc-issuer-url={OTHER}").request().client_id == "b"
    with pytest.raises(UsageError):
        given("--oidc-issuer-url=https://third.example.com").request()


def test_a_secret_that_is_given_overrules_a_file_that_holds_one(machine: Machine, tmp_path: Path) -> None:
    """Both say the same, and only together in one command line they are a conflict."""
    (tmp_path / "secret").write_text("s3cret")
    machine.has(f'[issuer."{ISSUER}"]\noidc-client-secret-file = "{tmp_path / "secret"}"\n')
    assert request().client_authentication.secret
    found = given(*WHO, "--oidc-client-secret=typed")
    assert found.values["oidc_client_secret_file"] is None
    conflicts.check(conflicts.SIGN_IN, found.values, sources=found.sources)


def test_defaults_that_a_grant_has_no_use_for_are_left_out(machine: Machine) -> None:
    """A machine's own account has no person to check, and a device code no parameters; typed ones are refused as before."""
    machine.has('[defaults]\nexpect-claim = ["email=*@corp.example"]\nprompt = "login"\nlogin-hint = "ada"\n')
    robot = given(*WHO, "--grant-type=client-credentials", "--oidc-client-secret=x")
    conflicts.check(conflicts.SIGN_IN, robot.values, sources=robot.sources)
    assert robot.request().account.expect_claims == ()
    device = given(*WHO, "--grant-type=device-code")
    conflicts.check(conflicts.SIGN_IN, device.values, sources=device.sources)
    assert device.request().account.expect_claims
    assert not device.request().account.prompt
    assert request().account.prompt == "login"
    typed = given(*WHO, "--grant-type=device-code", "--prompt=login")
    with pytest.raises(UsageError):
        conflicts.check(conflicts.SIGN_IN, typed.values, sources=typed.sources)


def test_a_conflict_with_a_file_names_its_line(machine: Machine) -> None:
    """Where two values do not go together, and none of them can be left out."""
    machine.has('[defaults]\noidc-token-exchange-audience = "b"\n')
    found = given(*WHO, "--oidc-use-access-token")
    with pytest.raises(UsageError) as caught:
        conflicts.check(conflicts.SIGN_IN, found.values, sources=found.sources)
    (line,) = [part for part in caught.value.message.split("; ") if f"{machine.path}:2" in part]
    assert "--oidc-token-exchange-audience" in line


def test_a_value_of_a_file_that_cannot_be_used_names_its_line(machine: Machine) -> None:
    """Where only the request shows that."""
    machine.has('[defaults]\nlisten-address = ["127.0.0.1:99999"]\n')
    with pytest.raises(UsageError) as caught:
        request()
    (line,) = [part for part in caught.value.message.split("; ") if f"{machine.path}:2" in part]
    assert "--listen-address" in line


def test_a_default_of_a_file_gives_way_to_a_storage_that_is_given(machine: Machine) -> None:
    """As a variable does."""
    machine.has('[defaults]\nrefresh-ahead = 0.5\ntoken-cache-storage = "disk"\n')
    found = given(*WHO, "--token-cache-storage=none")
    conflicts.check(conflicts.SIGN_IN, found.values, sources=found.sources)


# Rules


def refusal(*words: str, in_exec_section: bool = True) -> PolicyError:
    found = given(*words, in_exec_section=in_exec_section)
    assert found.refusal is not None
    assert found.request().refusal is found.refusal
    return found.refusal


def test_only_allowed_issuers_are_allowed(machine: Machine) -> None:
    """The exact text counts; the error names the rule's line and the issuer."""
    machine.has(f'[rules]\nallowed-issuers = ["{ISSUER}"]\n')
    assert given(*WHO).refusal is None
    for issuer in (OTHER, f"{ISSUER}/", f"{ISSUER}.evil.example", ISSUER.upper()):
        error = refusal(f"--oidc-issuer-url={issuer}", WHO[1])
        assert error.topic == "policy"
        assert f"{machine.path}:2" in error.message
        assert issuer in error.message
    refusal(f"--oidc-issuer-url={OTHER}", WHO[1], in_exec_section=False)


FORBIDDEN = """[rules]
forbidden-in-exec-section = ["browser-command", "insecure-skip-tls-verify", "open-url-after-authentication"]
"""


@pytest.mark.parametrize(
    "word",
    [
        "--browser-command=evil",
        "--insecure-skip-tls-verify",
        "--open-url-after-authentication=https://evil.example",
    ],
)
def test_flags_that_an_exec_section_may_not_set(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    """By an argument or a variable; a person may type them in other commands."""
    machine.has(FORBIDDEN)
    name, _, value = word.partition("=")
    assert given(*WHO).refusal is None
    assert given(*WHO, f"{name}={'false' if not value else ''}").refusal is None
    assert name in refusal(*WHO, word).message
    flag = next(flag for flag in FLAGS if flag.name == name)
    assert not given(*WHO, word).values[flag.key], "so that no command uses it, such as logout"
    assert given(*WHO, word, in_exec_section=False).refusal is None
    variable = f"KUBECTL_OIDC_{name.removeprefix('--').replace('-', '_').upper()}"
    monkeypatch.setenv(variable, value or "true")
    assert variable in refusal(*WHO).message


def test_every_command_of_an_exec_section_is_held_to_it(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may start `login` or `logout` in the place of `get-token`; kubectl tells that to its plugins."""
    machine.has(FORBIDDEN)
    monkeypatch.setenv("KUBERNETES_EXEC_INFO", "{}")
    refusal(*WHO, "--browser-command=evil", in_exec_section=False)


def test_what_an_exec_section_sets_does_not_hide_a_default(machine: Machine) -> None:
    """An empty value cannot take the machine's away."""
    machine.has(f'[defaults]\nbrowser-command = "firefox"\n{FORBIDDEN}')
    found = given(*WHO, "--browser-command=")
    assert (found.refusal, found.values["browser_command"]) == (None, "firefox")


def test_files_may_set_what_exec_sections_may_not(
    machine: Machine, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    """But not a file to which a variable leads, because an exec section can set the variable."""
    line = '[defaults]\nbrowser-command = "firefox"\n'
    machine.has(f"{line}{FORBIDDEN}")
    assert given(*WHO).refusal is None
    machine.has(FORBIDDEN)
    monkeypatch.setattr(loading, "account_home", lambda: home)
    own_settings(line)
    assert given(*WHO).refusal is None
    evil = home / "evil"
    (evil / "kubectl-oidc").mkdir(parents=True)
    (evil / "kubectl-oidc" / "config.toml").write_text(line)
    (evil / "kubectl-oidc" / "config.toml").chmod(0o600)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(evil))
    assert str(evil) in refusal(*WHO).message
    for words in ((), ("--insecure-skip-tls-verify",)):
        refusal(*WHO, *words)
        assert given(*WHO, *words).values["browser_command"] is None


def test_the_storage_of_a_rule_is_used_whatever_is_said(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a flag, a variable or a file; it is the same session."""
    plain = request().key()
    machine.has('[defaults]\ntoken-cache-storage = "disk"\n[rules]\ntoken-cache-storage = "kernel"\n')
    own_settings('[defaults]\ntoken-cache-storage = "none"\n')
    monkeypatch.setenv("KUBECTL_OIDC_TOKEN_CACHE_STORAGE", "auto")
    for words in ((), ("--token-cache-storage=disk",)):
        assert request(*words).storage.choice == "kernel"
        assert str(given(*WHO, *words).sources["token_cache_storage"]) == f"{machine.path}:4"
    assert request().key() == plain


# Commands other than get-token


def test_the_parameters_of_a_command_line_get_the_values(machine: Machine) -> None:
    """Once the issuer is known, so that its own defaults count; what is given stays."""
    machine.has(f'[defaults]\nprompt = "login"\n[issuer."{ISSUER}"]\nprompt = "consent"\n')
    context = parsed(["--oidc-client-id=kubernetes"])
    with context:
        apply_to(context)
        assert context.params["prompt"] is None
        context.params["oidc_issuer_url"] = ISSUER
        context.set_parameter_source("oidc_issuer_url", ParameterSource.PROMPT)
        assert apply_to(context).values["prompt"] == "consent"
        assert context.params["prompt"] == "consent"


def test_every_flag_of_the_table_takes_part(machine: Machine) -> None:
    """A command that lacks a flag is given none."""
    machine.has('[defaults]\nprompt = "login"\n')
    values: dict[str, Any] = {"oidc_issuer_url": ISSUER}
    assert effective(values, {"oidc_issuer_url": TYPED}).values == values
    assert {flag.key for flag in FLAGS} <= given(*WHO).values.keys()


# Secrets of files under an exec section's own trust


@pytest.fixture
def with_secrets(machine: Machine, tmp_path: Path) -> Machine:
    """Have a machine's file that gives a client secret and a header to the issuer."""
    (tmp_path / "secret").write_text("s3cret")
    machine.has(
        f'[issuer."{ISSUER}"]\noidc-client-secret-file = "{tmp_path / "secret"}"\noidc-request-header = ["X-Key=s3cret"]\n'
    )
    return machine


TRUSTS = ["--insecure-skip-tls-verify", "--certificate-authority=/ca", "--certificate-authority-data=eA=="]


@pytest.mark.parametrize("word", TRUSTS)
def test_an_exec_section_that_chooses_whom_to_trust_gets_no_secret_of_a_file(
    with_secrets: Machine, monkeypatch: pytest.MonkeyPatch, word: str
) -> None:
    """By an argument or a variable; the error names both flags and the line. No rule is needed for that."""
    name, _, value = word.partition("=")
    assert request().client_authentication.secret
    error = refusal(*WHO, word)
    for part in (f"{with_secrets.path}:3", "--oidc-request-header", name):
        assert part in error.message
    kept = given(*WHO, word).values
    assert (kept["oidc_client_secret_file"], kept["oidc_request_header"]) == (None, ())
    variable = f"KUBECTL_OIDC_{name.removeprefix('--').replace('-', '_').upper()}"
    monkeypatch.setenv(variable, value or "true")
    assert variable in refusal(*WHO).message


def test_what_a_person_or_a_file_trusts_gets_the_secret(with_secrets: Machine) -> None:
    """Outside an exec section, typed in place of its values, or by the machine's file."""
    assert given(*WHO, TRUSTS[0], in_exec_section=False).request().client_authentication.secret
    assert request("--insecure-skip-tls-verify=false").client_authentication.secret
    context = parsed([*WHO])
    sources = {name: source(context, name) for name in context.params}
    typed = effective(
        context.params, sources, in_exec_section=True, instead={"insecure_skip_tls_verify": True}
    )
    assert typed.refusal is None
    assert typed.request().client_authentication.secret
    with_secrets.has(f"{with_secrets.path.read_text()}insecure-skip-tls-verify = true\n")
    assert request().tls.insecure
    assert request().client_authentication.secret
    assert given(*WHO).refusal is None


def test_authorities_of_the_environment_get_no_secret_of_a_file(
    with_secrets: Machine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An exec section can set the variable."""
    (tmp_path / "ca.pem").write_text("x")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    error = refusal(*WHO)
    assert "SSL_CERT_FILE" in error.message
    assert "--oidc-request-header" in error.message
    assert given(*WHO, in_exec_section=False).refusal is None
    with_secrets.has("")
    assert given(*WHO).refusal is None


def test_a_file_to_which_a_variable_leads_does_not_choose_whom_a_secret_is_sent_to(
    with_secrets: Machine, monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    """The machine's secret is not sent under the trust of a file that an exec section can have named."""
    assert with_secrets.path.exists()
    monkeypatch.setattr(loading, "account_home", lambda: home)
    own = own_settings("[defaults]\ninsecure-skip-tls-verify = true\n")
    assert request().client_authentication.secret
    monkeypatch.setattr(loading, "account_home", lambda: home / "another")
    assert str(own) in refusal(*WHO).message


def test_the_page_of_a_failed_sign_in_gets_the_support_link(machine: Machine) -> None:
    """From the machine's file alone; the session stays the same one."""
    plain = request()
    own_settings("")
    assert request().support_link == plain.support_link == ""
    machine.has('[rules]\nsupport-link = "https://help.example.com"\n')
    assert request().support_link == "https://help.example.com"
    assert request().key() == plain.key()
