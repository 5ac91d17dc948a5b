"""`doctor` with the installed program: everything in order, and one fault after another, each with its right name."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import time
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from kubectl_oidc.demo.authority import Authority
from kubectl_oidc.demo.kubernetes.api import KubernetesApi
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.loopback.sockets import _IN_USE
from kubectl_oidc.system.log import QUIET
from tests.hostile import Hostile, html_reply, json_reply, reply, silence
from tests.hostile_provider import WELL_KNOWN, HostileProvider
from tests.plugin import run_plugin
from tests.reasons import NOT_SIGNED_IN
from tests.tokens import ABSENT, CLIENT_ID
from tests.topics import told_apart

from .clinic import Clinic
from .said import topics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.hostile import Script, Talk
    from tests.plugin import Running

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def provider(authority: Authority) -> Iterator[HostileProvider]:
    with Hostile(authority.server_context()) as server:
        yield HostileProvider(server)


@pytest.fixture(scope="module")
def api(authority: Authority, provider: HostileProvider) -> Iterator[str]:
    """Run the demo's API, which believes the provider; return its URL."""
    http = HttpClient(tls=TlsOptions(ca_data=(authority.pem,)), log=QUIET, pauses=())
    with KubernetesApi(authority, issuer=provider.issuer, client_id=CLIENT_ID, http=http) as running:
        yield running.url
    http.close()


@pytest.fixture
def clinic(
    provider: HostileProvider,
    api: str,
    authority: Authority,
    tmp_path: Path,
    start_plugin: Callable[..., Running],
) -> Iterator[Clinic]:
    """Have everything in order, and nobody signed in."""
    provider.be_honest()
    place = tmp_path / "clinic"
    place.mkdir()
    made = Clinic(provider, authority.write(place / "ca.crt"), api, place, start_plugin)
    yield made
    for held in made.held:
        held.close()


NAMES = [
    *(
        "api-version",
        "interactive-mode",
        "command",
        "other-credentials",
        "kubeconfig-lock",
        "plugin",
        "plugin-policy",
        "variables",
        "settings",
    ),
    *(
        "proxy",
        "dns",
        "connection",
        "tls",
        "discovery",
        "grant",
        "scopes",
        "pkce",
        "algorithms",
        "keys",
        "clock",
    ),
    "client",
    *("redirect", "storage", "session", "cluster", "api-server", "claims", "access", "bindings"),
]


def test_everything_in_order(clinic: Clinic) -> None:
    """Every check is there, in its order, under its name; exit status 0."""
    dated = {"Date": format_datetime(datetime.now(UTC), usegmt=True)}
    clinic.provider.on_metadata = json_reply(clinic.provider.metadata, headers=dated)
    clinic.signed_in()
    diagnosis = clinic.doctor()
    assert (diagnosis.status, diagnosis.stderr) == (0, "")
    assert diagnosis.named("ok") == NAMES
    assert diagnosis.document["healthy"] is True
    assert {name: diagnosis.document[name] for name in ("context", "user", "issuer", "clientID")} == {
        "context": "demo",
        "user": "oidc",
        "issuer": clinic.provider.issuer,
        "clientID": CLIENT_ID,
    }
    assert {tuple(check) for check in diagnosis.document["checks"]} == {
        ("name", "status", "message", "hint", "topic")
    }


def closed_port() -> int:
    """Return a port that nobody listens at."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


class Fault(NamedTuple):
    """One thing that is wrong, and what it must be called.

    Attributes:
        seed: Breaks it, before anybody signs in.
        name: The check that finds it.
        status: How that check ends.
        words: What its message has.
        hint: What its hint has.
        env: Variables that doctor alone has.
        signs_in: Whether somebody signs in after the thing is broken.
        later: Breaks it once somebody has signed in.
    """

    seed: Callable[[Clinic], object]
    name: str
    status: str
    words: str
    hint: str = ""
    env: Mapping[str, str] = {}
    signs_in: bool = False
    later: Callable[[Clinic], object] | None = None


def nothing(_: Clinic) -> None:
    """Break nothing yet."""


def exec_is(**changes: object) -> Callable[[Clinic], object]:
    return lambda clinic: clinic.exec.update(changes)


def args_are(*more: str) -> Callable[[Clinic], object]:
    return lambda clinic: clinic.args.extend(more)


def issuer_is(url: str) -> Callable[[Clinic], object]:
    return lambda clinic: clinic.args.append(f"--oidc-issuer-url={url}")


def metadata_is(**changes: object) -> Callable[[Clinic], object]:
    return lambda clinic: clinic.provider.metadata.update(changes)


def metadata_answers(script: Callable[[Clinic], Script]) -> Callable[[Clinic], object]:
    return lambda clinic: setattr(clinic.provider, "on_metadata", script(clinic))


def claims_are(**changes: object) -> Callable[[Clinic], object]:
    return lambda clinic: clinic.provider.claims.update(changes)


def cluster_is(**changes: object) -> Callable[[Clinic], object]:
    return lambda clinic: clinic.cluster.update({n.replace("_", "-"): v for n, v in changes.items()})


def kuberc_says(**members: object) -> Callable[[Clinic], object]:
    """Write kubectl's preferences, which lie where KUBERC says."""
    return lambda clinic: (clinic.directory / "kuberc").write_text(json.dumps(members))


def by_way_of_kubectl(clinic: Clinic) -> None:
    """Have the stanza of kubelogin's own page."""
    clinic.exec.update(command="kubectl", args=["oidc-login", "get-token", *clinic.args])
    kubectl = clinic.programs / "kubectl"
    kubectl.write_text("#!/bin/sh\n")
    kubectl.chmod(0o700)


def no_device_code(clinic: Clinic) -> None:
    clinic.args.append("--grant-type=device-code")
    del clinic.provider.metadata["device_authorization_endpoint"]


def an_unknown_scope(clinic: Clinic) -> None:
    clinic.args.append("--oidc-extra-scope=groups")
    clinic.provider.metadata["scopes_supported"] = ["openid", "email"]


def another_program(clinic: Clinic) -> None:
    """Have kubelogin where kubectl looks for this program."""
    other = clinic.directory / "kubectl-oidc_login"
    other.write_text("#!/bin/sh\necho kubectl-oidc_login version v1.36.3\n")
    other.chmod(0o700)
    clinic.exec["command"] = str(other)


def takes_the_port(clinic: Clinic) -> None:
    """Listen at the only port that the browser may come back to, as long as the test runs."""
    taken = socket.create_server(("127.0.0.1", 0))
    clinic.held.append(taken)
    clinic.args[-2] = f"--listen-address=127.0.0.1:{taken.getsockname()[1]}"


def refuses_the_refresh(clinic: Clinic) -> None:
    clinic.provider.on_token = json_reply({"error": "invalid_grant"}, 400)


def yesterday() -> str:
    return format_datetime(datetime.now(UTC) - timedelta(minutes=10), usegmt=True)


def ends_soon(clinic: Clinic) -> None:
    """Have tokens that must be refreshed at once."""
    clinic.provider.claims["exp"] = int(time.time()) + 8


OTHER_ISSUER = "https://idp.example.com"
FAULTS = {
    # The kubeconfig user
    "an old apiVersion": Fault(
        exec_is(apiVersion="client.authentication.k8s.io/v1alpha1"),
        "api-version",
        "problem",
        "v1alpha1",
        "convert",
    ),
    "no interactiveMode": Fault(
        exec_is(apiVersion="client.authentication.k8s.io/v1", interactiveMode=None),
        "interactive-mode",
        "problem",
        "interactiveMode",
        "--exec-interactive-mode",
    ),
    "a terminal demanded": Fault(exec_is(interactiveMode="Always"), "interactive-mode", "warning", "Always"),
    "a second kubectl": Fault(
        by_way_of_kubectl,
        "command",
        "warning",
        "command: kubectl",
        "convert",
    ),
    "a token beside exec": Fault(
        lambda clinic: clinic.user.update(token="SECRET-token"),
        "other-credentials",
        "problem",
        "token",
        "users.oidc.token",
    ),
    "a program that is not there": Fault(
        exec_is(command="/nowhere/kubectl-oidc_login"),
        "plugin",
        "problem",
        "/nowhere/kubectl-oidc_login",
        "doctor --fix",
    ),
    "a program not on PATH": Fault(
        exec_is(command="kubectl-oidc_login"), "plugin", "problem", "PATH", env={"PATH": "/nowhere"}
    ),
    "another program of that name": Fault(another_program, "plugin", "warning", "v1.36.3", "`command`"),
    "a variable that is mistyped": Fault(
        lambda _: None,
        "variables",
        "warning",
        "KUBECTL_OIDC_GRANT_TYP ",
        "KUBECTL_OIDC_GRANT_TYPE",
        env={"KUBECTL_OIDC_GRANT_TYP": "device-code"},
    ),
    "plugins forbidden": Fault(
        kuberc_says(credentialPluginPolicy="DenyAll"), "plugin-policy", "problem", "DenyAll", "Allowlist"
    ),
    "a plugin that is not listed": Fault(
        kuberc_says(credentialPluginPolicy="Allowlist", credentialPluginAllowlist=[{"command": "other"}]),
        "plugin-policy",
        "problem",
        "kubectl-oidc_login",
        "credentialPluginAllowlist",
    ),
    "a list without its policy": Fault(
        kuberc_says(credentialPluginAllowlist=[{"name": "kubectl-oidc_login"}]),
        "plugin-policy",
        "problem",
        "kuberc",
    ),
    # The way to the provider
    "a name that does not resolve": Fault(
        issuer_is("https://idp.invalid"), "dns", "problem", "idp.invalid", "VPN"
    ),
    "a proxy that is away": Fault(
        issuer_is("https://idp.invalid"),
        "proxy",
        "problem",
        "127.0.0.1:",
        "NO_PROXY",
        {"HTTPS_PROXY": f"http://me:SECRETPASS@127.0.0.1:{closed_port()}"},
    ),
    "nobody listens": Fault(
        issuer_is(f"https://localhost:{closed_port()}"), "connection", "problem", "localhost"
    ),
    "an unknown authority": Fault(
        lambda clinic: clinic.args.remove(f"--certificate-authority={clinic.authority}"),
        "tls",
        "problem",
        "localhost",
        "--certificate-authority FILE",
    ),
    "certificates unchecked": Fault(
        args_are("--insecure-skip-tls-verify"), "tls", "warning", "--insecure-skip-tls-verify"
    ),
    # What the provider says
    "metadata that is called a web page": Fault(
        metadata_answers(
            lambda clinic: reply(
                200, json.dumps(clinic.provider.metadata).encode(), kind="text/html; charset=utf-8"
            )
        ),
        "discovery",
        "warning",
        "text/html",
        "Discovery 1.0",
    ),
    "an empty text for an endpoint": Fault(
        metadata_is(revocation_endpoint=""), "discovery", "warning", "revocation_endpoint"
    ),
    "a text where a hint should be a list": Fault(
        metadata_is(grant_types_supported="authorization_code"),
        "discovery",
        "warning",
        "grant_types_supported",
    ),
    "keys that are called plain text": Fault(
        lambda clinic: setattr(
            clinic.provider,
            "on_keys",
            reply(200, json.dumps(clinic.provider.key_set).encode(), kind="text/plain"),
        ),
        "keys",
        "warning",
        "text/plain",
    ),
    "another issuer": Fault(metadata_is(issuer=OTHER_ISSUER), "discovery", "problem", f'"{OTHER_ISSUER}"'),
    "a captive portal": Fault(
        metadata_answers(lambda _: html_reply()), "discovery", "problem", "text/html", "--oidc-issuer-url"
    ),
    "no provider there": Fault(
        metadata_answers(lambda _: reply(404)), "discovery", "problem", "404", "https://"
    ),
    "a provider that fails": Fault(metadata_answers(lambda _: reply(503)), "discovery", "problem", "503"),
    "an endpoint without https": Fault(
        metadata_is(token_endpoint="http://idp.example.com/token"),
        "discovery",
        "problem",
        "token_endpoint",
    ),
    "no device code": Fault(
        no_device_code,
        "grant",
        "problem",
        "device_authorization_endpoint",
    ),
    "a grant that is not offered": Fault(
        metadata_is(grant_types_supported=["implicit"]), "grant", "warning", "authorization_code"
    ),
    "a scope that is not known": Fault(
        an_unknown_scope,
        "scopes",
        "warning",
        "groups",
        "--oidc-extra-scope",
    ),
    "PKCE without S256": Fault(
        metadata_is(code_challenge_methods_supported=["plain"]), "pkce", "warning", "plain"
    ),
    "PKCE left out": Fault(args_are("--oidc-pkce-method=no"), "pkce", "warning", "--oidc-pkce-method=no"),
    "no algorithm of Kubernetes": Fault(
        metadata_is(id_token_signing_alg_values_supported=["EdDSA"]),
        "algorithms",
        "problem",
        "EdDSA",
        "RS256",
    ),
    "no RS256": Fault(
        metadata_is(id_token_signing_alg_values_supported=["ES256"]),
        "algorithms",
        "warning",
        "RS256",
        "--oidc-signing-algs=ES256",
    ),
    "a key set without keys": Fault(
        lambda clinic: setattr(clinic.provider, "key_set", {"keys": []}), "keys", "problem", "", "RS256"
    ),
    "a wrong clock": Fault(
        metadata_answers(lambda clinic: json_reply(clinic.provider.metadata, headers={"Date": yesterday()})),
        "clock",
        "problem",
        "ahead",
        "timedatectl",
    ),
    # This machine
    "a port that is taken": Fault(takes_the_port, "redirect", "problem", _IN_USE, "--listen-address"),
    "a cache that cannot be written": Fault(
        lambda clinic: clinic.args.append(f"--token-cache-dir={clinic.authority}/cache"),
        "storage",
        "problem",
        "ca.crt",
    ),
    "nothing kept": Fault(
        args_are("--token-cache-storage=none"), "storage", "warning", "--token-cache-storage=none"
    ),
    # The session and its token
    "nobody signed in": Fault(nothing, "session", "problem", NOT_SIGNED_IN, "oidc-login login"),
    "a session that ended": Fault(
        ends_soon,
        "session",
        "problem",
        "invalid_grant",
        "oidc-login login",
        signs_in=True,
        later=refuses_the_refresh,
    ),
    "a provider that does not refresh": Fault(
        ends_soon,
        "session",
        "problem",
        "500",
        signs_in=True,
        later=lambda clinic: setattr(clinic.provider, "on_token", reply(500)),
    ),
    "an access token that is no JWT": Fault(
        args_are("--oidc-use-access-token"),
        "claims",
        "problem",
        "JWT",
        "--oidc-use-access-token",
        signs_in=True,
    ),
    "no user name": Fault(claims_are(email=ABSENT), "claims", "problem", " email", signs_in=True),
    "an address that is not verified": Fault(
        claims_are(email_verified=False),
        "claims",
        "problem",
        "email_verified",
        "--oidc-username-claim",
        signs_in=True,
    ),
    "groups of another shape": Fault(
        claims_are(groups={"eks-admins": True}), "claims", "problem", "groups", signs_in=True
    ),
    "no groups": Fault(claims_are(groups=ABSENT), "claims", "warning", " groups", signs_in=True),
    # The cluster
    "a context without its cluster": Fault(
        lambda clinic: clinic.context.update(cluster="gone"),
        "cluster",
        "problem",
        "gone",
        "get-clusters",
    ),
    "a cluster without a server": Fault(cluster_is(server=""), "cluster", "problem", "server", "set-cluster"),
    "an authority's file that is not there": Fault(
        cluster_is(certificate_authority="gone.crt"), "cluster", "problem", "gone.crt"
    ),
    "a cluster unchecked": Fault(
        cluster_is(certificate_authority=None, insecure_skip_tls_verify=True),
        "cluster",
        "warning",
        "insecure-skip-tls-verify",
    ),
    "a cluster that is away": Fault(
        cluster_is(server=f"https://127.0.0.1:{closed_port()}"),
        "api-server",
        "problem",
        "127.0.0.1:",
        "demo",
        signs_in=True,
    ),
    "a cluster of another authority": Fault(
        cluster_is(certificate_authority=None),
        "api-server",
        "problem",
        "127.0.0.1",
        "certificate-authority-data",
        signs_in=True,
    ),
    "a token that the cluster does not take": Fault(
        claims_are(email_verified=False),
        "api-server",
        "problem",
        "email_verified",
        "--oidc-username-claim",
        signs_in=True,
    ),
    "a group that no role is bound to": Fault(
        claims_are(groups=["eks-readers"]),
        "access",
        "problem",
        "Forbidden",
        "eks-readers",
        signs_in=True,
    ),
    "no group, so no role": Fault(
        claims_are(groups=ABSENT), "access", "problem", "Forbidden", "groups", signs_in=True
    ),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_has_its_right_name(clinic: Clinic, fault: Fault) -> None:
    """One thing is broken; the check that is about it says so with a hint and a topic, and no check before it fails."""
    fault.seed(clinic)
    if fault.signs_in:
        clinic.signed_in()
    if fault.later:
        fault.later(clinic)
    diagnosis = clinic.doctor(env={"KUBERC": str(clinic.directory / "kuberc"), **fault.env})
    found = [check for check in diagnosis.checks(fault.name) if check["status"] == fault.status]
    assert len(found) == 1, diagnosis.document
    (check,) = found
    assert fault.words in check["message"]
    assert fault.hint in check["hint"]
    assert check["hint"]
    assert check["topic"]
    problems = diagnosis.named("problem")
    assert diagnosis.status == (1 if problems else 0)
    assert (fault.status == "problem") == (fault.name in problems)
    # Nobody is signed in where the fault lies elsewhere, and a token that will not do is not taken: these follow.
    follow = {"claims", "api-server", "access"} if fault.signs_in else {"session"}
    assert set(problems) - {fault.name} <= follow
    assert "SECRET" not in json.dumps(diagnosis.document) + diagnosis.stderr


LOCATION = "Location"
INVALID_GRANT = json_reply({"error": "invalid_grant"}, 400)


def page(status: int, text: str) -> Script:
    """Answer with an error page that has a form, a script and an address beside its words."""
    body = (
        "<html><script>var client_id = 'redirect_uri scope'</script><body>"
        f"<a href='/?redirect_uri=x&client_id=y'>{text}</a></body></html>"
    )
    return reply(status, body.encode(), kind="text/html")


def comes_back(**answer: str) -> Script:
    """Send the browser back to its redirect URI with this answer."""

    def script(talk: Talk) -> None:
        asked = dict(parse_qsl(urlsplit(talk.asked.path).query))
        assert asked["prompt"] == "none"
        reply(302, headers={LOCATION: f"{asked['redirect_uri']}?{urlencode(answer)}"})(talk)

    return script


def goes_to(address: str) -> Script:
    """Send the browser to a page of the provider's own."""
    return reply(302, headers={LOCATION: address})


NOBODY = comes_back(error="login_required", error_description="The client specified not to prompt")
# What well-known providers answer to an authorization request, and to a made-up code.
TRIED = {
    "Okta, unknown client": (
        page(400, "Identity Provider: Unknown Error Code: invalid_client Description: Invalid value for 'client_id' parameter."),
        json_reply({"error": "invalid_client", "error_description": "Invalid value for 'client_id' parameter."}, 401),
        ("problem", "client", "--oidc-issuer-url"),
    ),
    "Okta, redirect URI": (
        page(400, "Description: The 'redirect_uri' parameter must be a Login redirect URI in the client app settings"),
        INVALID_GRANT,
        ("problem", "redirect-uri", "http://localhost:"),
    ),
    "Okta, grant off": (
        comes_back(error="unauthorized_client", error_description="The client is not authorized to use the provided grant type."),
        json_reply({"error": "unauthorized_client", "error_description": "not allowed to use the 'authorization_code' grant type"}, 400),
        ("problem", "provider-refused", "authorization_code"),
    ),
    "Okta, wrong secret": (
        NOBODY,
        json_reply({"error": "invalid_client", "error_description": "The client secret supplied is invalid."}, 401),
        ("problem", "client", "--oidc-client-secret"),
    ),
    "Okta, scope": (
        comes_back(error="invalid_scope", error_description="One or more scopes are not configured for the authorization server"),
        INVALID_GRANT,
        ("problem", "scopes", "openid email"),
    ),
    "Keycloak, unknown client": (
        page(400, "We are sorry... Client not found."),
        json_reply({"error": "invalid_client", "error_description": "Invalid client or Invalid client credentials"}, 401),
        ("problem", "client", "--oidc-issuer-url"),
    ),
    "Keycloak, redirect URI": (
        page(400, "We are sorry... Invalid parameter: redirect_uri"),
        json_reply({"error": "invalid_grant", "error_description": "Code not valid"}, 400),
        ("problem", "redirect-uri", "http://localhost:"),
    ),
    "Keycloak, standard flow off": (
        comes_back(error="unauthorized_client", error_description="Standard flow is disabled for the client."),
        json_reply({"error": "invalid_grant", "error_description": "Code not valid"}, 400),
        ("problem", "provider-refused", "Standard flow"),
    ),
    "Keycloak of old, wrong secret": (
        NOBODY,
        json_reply({"error": "unauthorized_client", "error_description": "Invalid client secret"}, 400),
        ("problem", "client", "Invalid client secret"),
    ),
    "Keycloak, PKCE": (
        comes_back(error="invalid_request", error_description="Missing parameter: code_challenge_method"),
        INVALID_GRANT,
        ("problem", "pkce", "PKCE"),
    ),
    "Dex, unknown client": (
        page(404, "Bad Request Invalid client_id (kubernetes)."),
        json_reply({"error": "invalid_client", "error_description": "Invalid client credentials."}, 401),
        ("problem", "client", "--oidc-issuer-url"),
    ),
    "Dex, redirect URI": (
        page(400, "Bad Request Unregistered redirect_uri (http://localhost:1)."),
        json_reply({"error": "invalid_request", "error_description": "Invalid or expired code parameter."}, 400),
        ("problem", "redirect-uri", "http://localhost:"),
    ),
    "Dex, in order": (
        goes_to("/auth/ldap?back=&state=x"),
        json_reply({"error": "invalid_request", "error_description": "Invalid or expired code parameter."}, 400),
        ("ok", "", ""),
    ),
    "Cognito, redirect URI": (
        goes_to("/error?error=redirect_mismatch&client_id=kubernetes"),
        INVALID_GRANT,
        ("problem", "redirect-uri", "http://localhost:"),
    ),
    "Google, redirect URI": (
        goes_to("/signin/oauth/error?authError=" + b64encode(b"\n\x15redirect_uri_mismatch\x12").decode()),
        json_reply({"error": "invalid_grant", "error_description": "Malformed auth code."}, 400),
        ("problem", "redirect-uri", "http://localhost:"),
    ),
    "Google, missing secret": (
        NOBODY,
        json_reply({"error": "invalid_request", "error_description": "client_secret is missing."}, 400),
        ("problem", "client", "client_secret is missing"),
    ),
    "Entra, redirect URI": (
        page(200, "Sorry, but we are having trouble signing you in. AADSTS50011: The redirect URI is not registered"),
        INVALID_GRANT,
        ("problem", "redirect-uri", "http://localhost:"),
    ),
    "Auth0, wrong secret": (
        NOBODY,
        json_reply({"error": "access_denied", "error_description": "Unauthorized"}, 401),
        ("problem", "client", "Unauthorized"),
    ),
    "an error page without words": (
        page(400, "Etwas ist schiefgelaufen"),
        INVALID_GRANT,
        ("warning", "redirect-uri", "http://localhost:"),
    ),
    # Nothing of this is a fault of the client's.
    "a sign-in page": (page(200, "Sign in. Forgot your client_id or scope?"), INVALID_GRANT, ("ok", "", "")),
    "prompt=none is not known": (
        comes_back(error="invalid_request", error_description="unsupported value of prompt"),
        INVALID_GRANT,
        ("ok", "", ""),
    ),
    "a location that is no URL": (goes_to("http://[::1/?error=invalid_client"), reply(500), ("skipped", "", "")),
    "a page without an end": (page(400, "<" * 500_000), reply(500), ("warning", "redirect-uri", "http://localhost:")),
    "scripts without an end": (page(400, "<script>client_id" * 50_000), reply(500), ("warning", "redirect-uri", " 400")),
    "a firewall": (page(403, "Are you a robot?"), page(403, "Are you a robot?"), ("skipped", "", "")),
    "too many requests": (reply(429), reply(429), ("skipped", "", "")),
    "a provider that fails": (reply(500), reply(503), ("skipped", "", "")),
    "a provider that hangs": (silence, silence, ("skipped", "", "")),
    "an error that nobody knows": (
        comes_back(error="strange_error", error_description="the moon is full"),
        json_reply({"error": "invalid_request", "error_description": "the moon is full"}, 400),
        ("skipped", "", ""),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("authorize", "token", "said"), TRIED.values(), ids=TRIED.keys())
def test_what_providers_say_about_a_client_is_understood(
    clinic: Clinic, authorize: Script, token: Script, said: tuple[str, str, str]
) -> None:
    """No person, no redirect that is followed; what says nothing about the client is no problem of the client's."""
    clinic.provider.on_authorize, clinic.provider.on_token = authorize, token
    diagnosis = clinic.doctor()
    (check,) = diagnosis.checks("client")
    assert (check["status"], check["topic"]) == said[:2]
    assert said[2] in check["message"] + check["hint"]
    assert clinic.provider.seen.requests.count("/authorize") == 1
    assert set(clinic.provider.seen.requests) <= {WELL_KNOWN, "/keys", "/authorize", "/token"}


def test_a_client_of_device_codes_alone_is_right_where_no_browser_can_be_opened(clinic: Clinic) -> None:
    """The same client is wrong where the browser would be used."""
    off = json_reply({"error": "unauthorized_client", "error_description": "grant type not allowed"}, 400)
    clinic.provider.on_authorize, clinic.provider.on_token = comes_back(error="unauthorized_client"), off
    assert clinic.doctor().checks("client")[0]["topic"] == "provider-refused"
    clinic.args = [flag for flag in clinic.args if not flag.startswith("--browser-command")]
    no_browser = {"DISPLAY": "", "WAYLAND_DISPLAY": "", "BROWSER": ""}
    (check,) = clinic.doctor(env=no_browser).checks("client")
    assert check["status"] == "skipped"


def test_what_is_wrong_is_mended_until_all_is_in_order(clinic: Clinic) -> None:
    """`--fix --yes`: the exit status is that of what is left, which is nothing."""
    clinic.signed_in()
    clinic.exec.update(apiVersion="client.authentication.k8s.io/v1alpha1", interactiveMode="Always")
    assert clinic.doctor().status == 1
    mended = clinic.doctor("--fix", "--yes")
    assert mended.status == 0, mended.document
    assert mended.named("problem") == []
    assert [mended.checks(name)[0]["status"] for name in ("api-version", "interactive-mode")] == ["ok", "ok"]


def test_what_depends_on_a_failed_check_is_not_looked_at(clinic: Clinic) -> None:
    """A name that does not resolve is one problem, not ten; what can be looked at still is."""
    issuer_is("https://idp.invalid")(clinic)
    diagnosis = clinic.doctor()
    assert diagnosis.named("problem") == ["dns", "session"]
    after_dns = NAMES[NAMES.index("connection") : NAMES.index("redirect")]  # "client" among them
    assert diagnosis.named("skipped") == [*after_dns, "api-server", "claims", "access", "bindings"]
    assert " dns" in diagnosis.checks("connection")[0]["message"]
    assert " session" in diagnosis.checks("claims")[0]["message"]
    assert {"redirect", "storage", "cluster"} <= set(diagnosis.named("ok"))


def test_a_token_that_has_ended_is_refreshed_as_kubectl_would_have_it(clinic: Clinic) -> None:
    """And the session is as good as before."""
    ends_soon(clinic)
    clinic.signed_in()
    clinic.provider.claims.clear()
    diagnosis = clinic.doctor()
    assert clinic.provider.seen.grants()[-1] == "refresh_token"
    first, second = (
        re.sub(r"\d+", "", one.checks("session")[0]["message"]) for one in (diagnosis, clinic.doctor())
    )
    told_apart({"refreshed": [first], "stored": [second]})
    assert clinic.provider.seen.grants().count("refresh_token") == 1


def test_a_refresh_does_not_fail_once_more_for_what_discovery_said(clinic: Clinic) -> None:
    """Where the provider is away, that it is away is the one problem; the token cannot be refreshed before it is back."""
    ends_soon(clinic)
    clinic.args.append(f"--token-cache-dir={clinic.directory}/cache")
    clinic.signed_in()
    shutil.rmtree(clinic.directory / "cache" / "metadata")
    clinic.provider.on_metadata = clinic.provider.on_token = reply(503)
    diagnosis = clinic.doctor()
    assert diagnosis.named("problem") == ["discovery"]
    assert "discovery" in diagnosis.checks("session")[0]["message"]
    assert "api-server" in diagnosis.named("skipped")


def test_a_cluster_of_another_client_is_told_by_what_the_token_says(
    clinic: Clinic, authority: Authority
) -> None:
    """Nothing speaks against the token: then the cluster expects another issuer or client, and both are named."""
    http = HttpClient(tls=TlsOptions(ca_data=(authority.pem,)), log=QUIET, pauses=())
    with KubernetesApi(authority, issuer=clinic.provider.issuer, client_id="another", http=http) as api:
        clinic.cluster["server"] = api.url
        clinic.signed_in()
        (check,) = clinic.doctor().checks("api-server")
        assert check["status"] == "problem"
        assert f'iss "{clinic.provider.issuer}", aud "{CLIENT_ID}"' in check["message"]
        assert "--oidc-client-id" in check["hint"]
        neighbour = {
            "name": "other",
            "user": {
                "exec": {
                    "command": "kubectl-oidc_login",
                    "args": ["get-token", *clinic.args, "--oidc-client-id=another"],
                }
            },
        }
        clinic.more = {
            "users": [neighbour],
            "contexts": [{"name": "works", "context": {"cluster": "demo", "user": "other"}}],
        }
        (check,) = clinic.doctor().checks("api-server")
        assert re.search(r"\bworks\b", check["message"])
    http.close()


class Api:
    """A Kubernetes API that answers as it is told.

    Args:
        server: The server that it is.
    """

    def __init__(self, server: Hostile) -> None:
        self.url = server.url
        self._server = server

    def knows(self, username: str, *groups: str) -> None:
        """Say who asks, and that they may do nothing."""
        user = {"username": username, "groups": [*groups, "system:authenticated"]}
        self.answers("authentication.k8s.io/v1/selfsubjectreviews", {"status": {"userInfo": user}})
        self.answers("authorization.k8s.io/v1/selfsubjectaccessreviews", {"status": {"allowed": False}})
        self.answers("authorization.k8s.io/v1/selfsubjectrulesreviews", {"status": {"resourceRules": []}})

    def says(self, path: str, document: object, **headers: str) -> None:
        """Answer with header fields."""
        self._server.on(f"/apis/{path}", json_reply(document, headers=headers))

    def answers(self, path: str, document: object, status: int = 200) -> None:
        self._server.on(f"/apis/{path}", json_reply(document, status))

    def binds(self, *groups: str, namespaced: bool = False) -> None:
        """Have a role bound to each of these groups."""
        items = [
            {
                "metadata": {"name": f"binding-{group}"},
                "roleRef": {"name": "view"},
                "subjects": [{"kind": "Group", "name": group}],
            }
            for group in groups
        ]
        path = "namespaces/web/rolebindings" if namespaced else "clusterrolebindings"
        self.answers(f"rbac.authorization.k8s.io/v1/{path}", {"items": items})


@pytest.fixture
def told(clinic: Clinic, authority: Authority) -> Iterator[Api]:
    """Run one, and have the clinic's kubeconfig lead to it."""
    with Hostile(authority.server_context()) as server:
        api = Api(server)
        clinic.cluster["server"] = api.url
        clinic.context["namespace"] = "web"
        yield api


@pytest.mark.parametrize(
    ("own", "bound"),
    [("/eks-admins", "eks-admins"), ("oidc:eks-admins", "eks-admins"), ("eks-admins", "EKS-Admins")],
)
def test_a_group_that_is_almost_bound_is_shown_beside_the_one_that_is(
    clinic: Clinic, told: Api, own: str, bound: str
) -> None:
    """A path, a prefix, another case: to RBAC they are two groups."""
    told.knows("ada@example.com", own)
    told.binds("operators", bound)
    clinic.signed_in()
    diagnosis = clinic.doctor()
    (check,) = diagnosis.checks("bindings")
    assert check["status"] == "warning"
    assert f" {own}, " in check["message"]
    assert re.match(rf"{re.escape(own)} .*\b{re.escape(bound)} ", check["hint"])
    assert own in diagnosis.checks("access")[0]["hint"]


def test_a_role_of_one_namespace_counts(clinic: Clinic, told: Api) -> None:
    """A RoleBinding of the context's namespace, where ClusterRoleBindings may not be read."""
    told.knows("ada@example.com", "eks-admins")
    told.answers(
        "rbac.authorization.k8s.io/v1/clusterrolebindings",
        {"kind": "Status", "message": "no", "code": 403},
        403,
    )
    told.binds("eks-admins", namespaced=True)
    told.answers(
        "authorization.k8s.io/v1/selfsubjectrulesreviews",
        {"status": {"resourceRules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["configmaps"]}]}},
    )
    clinic.signed_in()
    diagnosis = clinic.doctor()
    assert re.match(
        r"binding-eks-admins\b.*\bview\b.*\beks-admins\b", diagnosis.checks("bindings")[0]["message"]
    )
    (access,) = diagnosis.checks("access")
    assert access["status"] == "problem"
    for named in ("ada@example.com", "list pods", " web"):
        assert named in access["message"]
    assert access["message"].endswith(" get configmaps")
    assert (diagnosis.status, diagnosis.document["healthy"]) == (1, False)


def forbidden(api: Api, *paths: str) -> None:
    """Let nobody read these."""
    for path in paths:
        api.answers(
            f"rbac.authorization.k8s.io/v1/{path}", {"kind": "Status", "message": "no", "code": 403}, 403
        )


ALL = ("clusterrolebindings", "rolebindings", "namespaces/web/rolebindings")


def bound(
    name: str, subject: str, *, kind: str = "Group", role: str = "view", **metadata: str
) -> dict[str, object]:
    return {
        "metadata": {"name": name, **metadata},
        "roleRef": {"kind": "ClusterRole", "name": role},
        "subjects": [{"kind": kind, "name": subject}],
    }


def test_a_binding_in_another_namespace_is_named(clinic: Clinic, told: Api) -> None:
    """The context's namespace is web, and the role is bound in team-a; doctor does not end well."""
    told.knows("ada@example.com", "eks-admins")
    told.answers("rbac.authorization.k8s.io/v1/clusterrolebindings", {"items": []})
    told.answers(
        "rbac.authorization.k8s.io/v1/rolebindings",
        {"items": [bound("devs", "eks-admins", namespace="team-a")]},
    )
    clinic.signed_in()
    diagnosis = clinic.doctor()
    (check,) = diagnosis.checks("bindings")
    assert re.search(r"\bdevs\b.*\bview\b.*\beks-admins\b", check["message"])
    assert " team-a " in check["message"]
    assert "--namespace=team-a" in check["hint"]
    assert diagnosis.named("problem") == ["access"]
    assert diagnosis.status == 1


def test_a_user_is_bound_without_the_clusters_prefix(clinic: Clinic, told: Api) -> None:
    """The prefix is named where the cluster is asked who one is, and the binding beside the name."""
    told.knows("oidc:ada@example.com", "oidc:eks-admins")
    told.answers(
        "rbac.authorization.k8s.io/v1/clusterrolebindings",
        {"items": [bound("adas", "ada@example.com", kind="User")]},
    )
    told.answers("rbac.authorization.k8s.io/v1/rolebindings", {"items": []})
    clinic.signed_in()
    diagnosis = clinic.doctor()
    (check,) = diagnosis.checks("bindings")
    assert re.match(r"oidc:ada@example\.com .* ada@example\.com ", check["hint"])
    (server,) = diagnosis.checks("api-server")
    assert server["status"] == "warning"
    assert server["message"].count("oidc: ") == 2
    assert "ada@example.com" in server["message"]
    assert "eks-admins" in server["message"]


@pytest.mark.parametrize(
    ("role", "words"),
    [
        ({"rules": [{"verbs": ["get"], "apiGroups": [""], "resources": ["pods"]}]}, " get pods"),
        (None, " ClusterRole"),
    ],
)
def test_a_role_that_lacks_the_verb_is_named(
    clinic: Clinic, told: Api, role: dict[str, object] | None, words: str
) -> None:
    """The binding is right; the role is not enough, or is not there."""
    told.knows("ada@example.com", "eks-admins")
    told.answers(
        "rbac.authorization.k8s.io/v1/clusterrolebindings", {"items": [bound("b", "eks-admins", role="pods")]}
    )
    told.answers("rbac.authorization.k8s.io/v1/rolebindings", {"items": []})
    missing = {"kind": "Status", "message": "not found", "code": 404}
    told.answers("rbac.authorization.k8s.io/v1/clusterroles/pods", role or missing, 200 if role else 404)
    clinic.signed_in()
    diagnosis = clinic.doctor()
    (check,) = diagnosis.checks("bindings")
    assert (check["status"], words in check["message"]) == ("warning", True)
    assert re.search(r"\bb\b.*\bpods\b.*\beks-admins\b", check["message"])
    assert diagnosis.named("problem") == ["access"]


def test_groups_that_the_cluster_does_not_read_are_no_two_ticks(clinic: Clinic, told: Api) -> None:
    """The cluster sees no groups and the token has some: both are said side by side, with the setting."""
    told.knows("ada@example.com")
    forbidden(told, *ALL)
    clinic.signed_in()
    diagnosis = clinic.doctor()
    (server,) = diagnosis.checks("api-server")
    assert server["status"] == "warning"
    assert server["message"].count("eks-admins") == 1, "as a group of the token only"
    assert re.search(r"\bgroups\b.*\beks-admins\b", server["message"])
    assert "--oidc-groups-claim=groups" in server["hint"]


def test_another_user_name_claim_is_named(clinic: Clinic, told: Api) -> None:
    """With its prefix, beside the claim that was expected."""
    told.knows(f"{clinic.provider.issuer}#00u1", "eks-admins")
    forbidden(told, *ALL)
    clinic.signed_in()
    (server,) = clinic.doctor().checks("api-server")
    assert server["status"] == "warning"
    assert " sub " in server["message"]
    assert "email (ada@example.com)" in server["message"]


@pytest.mark.parametrize(("hours", "words"), [(3, " h"), (-3, "3 h")])
def test_the_api_servers_clock_is_read_from_its_answer(
    clinic: Clinic, authority: Authority, hours: int, words: str
) -> None:
    """A token that it refuses for its clock is not blamed on the issuer."""
    date = format_datetime(datetime.now(UTC) + timedelta(hours=hours), usegmt=True)
    refusal = {"kind": "Status", "message": "Unauthorized", "code": 401}
    with Hostile(authority.server_context()) as server:
        server.on("*", json_reply(refusal, 401, headers={"Date": date}))
        clinic.cluster["server"] = server.url
        clinic.signed_in()
        (check,) = clinic.doctor().checks("api-server")
    assert check["status"] == "problem"
    assert words in check["message"]
    assert "issuer" not in check["message"]
    assert "timedatectl" in check["hint"]


def test_an_api_server_with_a_wrong_clock_that_accepts_the_token_is_warned_about(
    clinic: Clinic, told: Api
) -> None:
    """It works now, and tokens end at other times there."""
    date = format_datetime(datetime.now(UTC) + timedelta(minutes=20), usegmt=True)
    user = {"username": "ada@example.com", "groups": ["eks-admins", "system:authenticated"]}
    told.answers("authorization.k8s.io/v1/selfsubjectaccessreviews", {"status": {"allowed": True}})
    told.says("authentication.k8s.io/v1/selfsubjectreviews", {"status": {"userInfo": user}}, Date=date)
    forbidden(told, *ALL)
    clinic.signed_in()
    diagnosis = clinic.doctor()
    assert [check["status"] for check in diagnosis.checks("api-server")] == ["ok", "warning"]
    assert re.search(r"\b(19|20) min\b", diagnosis.checks("api-server")[1]["message"])
    assert diagnosis.status == 0


def test_the_wrong_account_is_named_with_how_to_change_it(clinic: Clinic, told: Api) -> None:
    """Another account of the person's, signed in here under another session, has the group."""
    told.knows("ada@example.com", "guests")
    forbidden(told, *ALL)
    clinic.args.append("--session=admin")
    clinic.provider.claims.update(email="ada.admin@example.com", sub="00u2")
    clinic.signed_in()
    clinic.args.remove("--session=admin")
    clinic.provider.claims.clear()
    (clinic.directory / "opened").unlink()
    clinic.signed_in()
    (check,) = clinic.doctor().checks("access")
    assert " ada@example.com" in check["message"]
    assert " ada.admin@example.com (--session=admin)" in check["hint"]
    assert "`kubectl oidc-login login --prompt=select_account`" in check["hint"]


def test_a_namespace_of_another_context_in_which_it_works_is_named(
    clinic: Clinic, authority: Authority
) -> None:
    """No binding may be read; the kubeconfig knows the namespace, and the API server is asked about it."""
    with Hostile(authority.server_context()) as server:
        api = Api(server)
        clinic.cluster["server"] = api.url
        api.knows("ada@example.com", "devs")
        forbidden(api, *ALL)
        server.on("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", only_in("team-a"))
        clinic.more = {
            "contexts": [
                {"name": "a", "context": {"cluster": "demo", "user": "oidc", "namespace": "team-a"}},
                {"name": "elsewhere", "context": {"cluster": "x", "user": "oidc", "namespace": "team-b"}},
            ]
        }
        clinic.signed_in()
        (check,) = clinic.doctor().checks("access")
        assert " --namespace=team-a`" in check["hint"]
        assert not any(b"team-b" in asked.body for asked in server.asked)


def only_in(namespace: str) -> Script:
    """Allow what is asked in one namespace."""

    def script(talk: Talk) -> None:
        asked = json.loads(talk.asked.body)["spec"]["resourceAttributes"].get("namespace")
        json_reply({"status": {"allowed": asked == namespace}}, 201)(talk)

    return script


# Worlds in which nothing is wrong


def no_right_to_read_bindings(api: Api, clinic: Clinic) -> None:
    """A developer of one namespace, at a cluster with prefixes, with a provider that says little of itself."""
    api.knows("oidc:ada@example.com", "oidc:eks-admins")
    forbidden(api, *ALL)
    for name in ("scopes_supported", "code_challenge_methods_supported", "grant_types_supported"):
        clinic.provider.metadata.pop(name, None)


def access_entries(api: Api, clinic: Clinic) -> None:
    """Somebody whom another authorizer allows: no binding names them, and all may be read."""
    clinic.provider.claims.update(groups=ABSENT)
    api.knows("ada@example.com")
    api.answers("rbac.authorization.k8s.io/v1/clusterrolebindings", {"items": [bound("b", "operators")]})
    api.answers("rbac.authorization.k8s.io/v1/rolebindings", {"items": []})


def another_claim(api: Api, clinic: Clinic) -> None:
    """A cluster that takes ``sub`` with the issuer before it, and no groups; the role is bound to the user."""
    name = f"{clinic.provider.issuer}#00u1"
    api.knows(name)
    api.answers(
        "rbac.authorization.k8s.io/v1/clusterrolebindings", {"items": [bound("b", name, kind="User")]}
    )
    api.answers("rbac.authorization.k8s.io/v1/rolebindings", {"items": []})


@pytest.mark.parametrize("world", [no_right_to_read_bindings, access_entries, another_claim])
def test_healthy_worlds_are_left_alone(
    clinic: Clinic, told: Api, world: Callable[[Api, Clinic], None]
) -> None:
    """No problem; no warning but that a token without groups has none."""
    world(told, clinic)
    told.answers("authorization.k8s.io/v1/selfsubjectaccessreviews", {"status": {"allowed": True}})
    clinic.signed_in()
    diagnosis = clinic.doctor()
    assert diagnosis.named("problem") == []
    assert diagnosis.named("warning") == (["claims"] if world is access_entries else [])
    assert diagnosis.status == 0


def test_what_the_api_server_reads_is_what_counts(clinic: Clinic, told: Api) -> None:
    """A cluster that takes another claim as the user name, with a prefix, and takes the token: nothing is wrong with it."""
    clinic.provider.claims.update(email=ABSENT, groups=ABSENT, roles=["ops"], preferred_username="ada")
    told.knows("oidc:ada", "oidc:ops")
    clinic.signed_in()
    (check,) = clinic.doctor().checks("claims")
    assert (check["status"], check["message"]) == ("ok", "preferred_username ada; roles: ops")


PROBLEMS = {
    "an address that is not verified": {"email_verified": False},
    "no user name": {"email": ABSENT},
    "groups that are no list of strings": {"groups": [{"name": "ops"}]},
}


@pytest.mark.parametrize("claims", PROBLEMS.values(), ids=PROBLEMS)
def test_doctor_and_whoami_find_the_same(clinic: Clinic, claims: dict[str, object]) -> None:
    """Nobody has asked an API server yet: what is a problem to one is a problem to the other, in the same words."""
    clinic.provider.claims.update(claims)
    clinic.cluster["server"] = "https://127.0.0.1:1"
    clinic.signed_in()
    problems = json.loads(run_plugin("whoami", "-o", "json", env=clinic.env()).stdout)["problems"]
    found = [check["message"] for check in clinic.doctor().checks("claims") if check["status"] == "problem"]
    assert problems
    assert found == problems


def test_what_the_api_server_accepts_is_a_problem_to_neither(clinic: Clinic, told: Api) -> None:
    """Doctor names what whoami warned of; `whoami --cluster` reports nothing, and whoami alone says that it did not ask."""
    clinic.provider.claims.update(email_verified=False)
    told.knows("ada@corp.example")
    clinic.signed_in()
    alone = run_plugin("whoami", env=clinic.env())
    assert alone.stderr.startswith("problem: ")
    assert " email_verified " in alone.stderr
    assert "(troubleshooting: claims-email-verified)" in alone.stderr
    assert "`kubectl oidc-login whoami --cluster`" in alone.stderr
    (check,) = clinic.doctor().checks("claims")
    assert check["status"] == "ok"
    assert "email_verified" in check["message"]
    asked = run_plugin("whoami", "--cluster", "-o", "json", env=clinic.env())
    assert json.loads(asked.stdout)["problems"] == []
    assert asked.stderr == ""


def test_an_opaque_access_token_is_the_same_problem_to_whoami(clinic: Clinic) -> None:
    """Neither reads claims from what has none."""
    clinic.args.append("--oidc-use-access-token")
    clinic.cluster["server"] = "https://127.0.0.1:1"
    clinic.signed_in()
    (problem,) = json.loads(run_plugin("whoami", "-o", "json", env=clinic.env()).stdout)["problems"]
    assert "JWT" in problem
    assert clinic.doctor().checks("claims")[0]["message"] == problem


def test_an_older_kubernetes_is_asked_what_it_knows(clinic: Clinic, told: Api) -> None:
    """Without SelfSubjectReview it is not said who one is, and RBAC is asked all the same."""
    told.answers("authorization.k8s.io/v1/selfsubjectaccessreviews", {"status": {"allowed": True}})
    missing = {"kind": "Status", "message": "not found", "code": 404}
    for version in ("v1", "v1beta1"):
        told.answers(f"authentication.k8s.io/{version}/selfsubjectreviews", missing, 404)
    clinic.signed_in()
    diagnosis = clinic.doctor()
    assert diagnosis.status == 0
    assert diagnosis.checks("api-server")[0]["status"] == "skipped"
    (access,) = diagnosis.checks("access")
    assert access["status"] == "ok"
    assert " web" in access["message"]


def test_it_ends_within_seconds_where_nobody_answers(clinic: Clinic, authority: Authority) -> None:
    """Provider and API server take every request and say nothing."""
    ends_soon(clinic)
    clinic.signed_in()
    clinic.provider.on_metadata = clinic.provider.on_keys = clinic.provider.on_token = silence
    with Hostile(authority.server_context()) as api:
        api.on("*", silence)
        clinic.cluster["server"] = api.url
        began = time.monotonic()
        diagnosis = clinic.doctor()
        took = time.monotonic() - began
    assert diagnosis.status == 1
    assert " s" in diagnosis.checks("discovery")[0]["message"]
    assert took < 25


def test_it_opens_no_browser_and_writes_nothing(clinic: Clinic) -> None:
    """Without a session nobody is asked anything; the kubeconfig is as it was."""
    issued = list(clinic.provider.issued)
    diagnosis = clinic.doctor()
    before = clinic.kubeconfig.read_bytes()
    assert diagnosis.named("problem") == ["session"]
    assert not (clinic.directory / "opened").exists()
    # The client is tried with a code that nobody was given, and no session comes of it.
    (form,) = clinic.provider.seen.forms
    assert (form["grant_type"], form["code"] in clinic.provider.seen.secrets.values()) == (
        "authorization_code",
        False,
    )
    assert clinic.provider.issued == issued
    assert clinic.kubeconfig.read_bytes() == before


@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_it_is_a_line_a_check_for_people(clinic: Clinic, encoding: str) -> None:
    """A mark, the check's name, what was seen, and under it what to do; UTF-8 in a pipe, whatever the console's encoding is."""
    exec_is(interactiveMode="Always")(clinic)
    clinic.write_kubeconfig()
    done = run_plugin("doctor", env={**clinic.env(), "PYTHONIOENCODING": encoding, "COLUMNS": "60"})
    assert (done.returncode, done.stderr) == (1, "")
    lines = done.stdout.splitlines()
    good, problem, warning, skipped = tuple("✓✗!-")
    assert f"{good} api-version        client.authentication.k8s.io/v1beta1" in lines
    assert any(line.startswith(f"{warning} interactive-mode ") for line in lines)
    assert any(line.startswith(f"{problem} session ") for line in lines)
    assert any(line.startswith(f"{skipped} claims ") for line in lines)
    assert any(line.strip().startswith("hint: ") and "`kubectl oidc-login login`" in line for line in lines)
    (counted,) = [line for line in lines if re.match(r"1 \w", line)]
    assert "1 warning" in counted
    assert "--fix" in " ".join(lines[lines.index(counted) :])
    # A path or a command is not broken.
    assert (
        max(len(line) for line in lines if " " in line.strip() and "/" not in line and "`" not in line) <= 60
    )
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize(
    ("words", "topic", "error", "hint"),
    [
        (["--context=dem"], "kubeconfig", " dem", "demo?"),
        (["--user=oidcc"], "kubeconfig", " oidcc", "oidc?"),
        (["--oidc-client-id=a"], "usage", "--oidc-issuer-url", ""),
    ],
)
def test_what_is_not_there_is_said_with_the_nearest(
    clinic: Clinic, words: list[str], topic: str, error: str, hint: str
) -> None:
    """An error and a hint on standard error, and nothing on standard output."""
    diagnosis = clinic.doctor(*words)
    assert diagnosis.status in {1, 2}
    assert diagnosis.document == {"checks": []}
    assert topics(diagnosis.stderr) == [topic]
    said = diagnosis.stderr.splitlines()
    assert said[0].startswith("error: ")
    assert error in said[0]
    assert hint in said[1]


def test_a_kubeconfig_that_cannot_be_parsed_is_named(clinic: Clinic) -> None:
    """With its line."""
    clinic.write_kubeconfig()
    clinic.kubeconfig.write_text("users: [\n  {name: a")
    done = run_plugin("doctor", env=clinic.env())
    assert (done.returncode, done.stdout) == (1, "")
    assert topics(done.stderr) == ["kubeconfig"]
    assert f" {clinic.kubeconfig} " in done.stderr
    assert re.search(r"\b2\b", done.stderr)


def test_a_user_of_another_program_is_named(clinic: Clinic) -> None:
    """With what to do."""
    exec_is(command="aws", args=["eks", "get-token"])(clinic)
    diagnosis = clinic.doctor()
    assert diagnosis.status == 1
    assert topics(diagnosis.stderr) == ["stanza"]
    assert re.search(rf"\boidc\b.*{clinic.kubeconfig}", diagnosis.stderr)


def test_flags_name_a_session_without_a_kubeconfig(clinic: Clinic) -> None:
    """Then there is no stanza to look at, and no API server to ask."""
    clinic.signed_in()
    done = run_plugin(
        "doctor",
        "-o",
        "json",
        *clinic.args,
        env={**clinic.env(), "KUBECONFIG": str(clinic.directory / "none")},
    )
    document = json.loads(done.stdout)
    status = {check["name"]: check["status"] for check in document["checks"]}
    assert (done.returncode, document["user"], document["context"]) == (0, None, None)
    assert {status[name] for name in ("api-version", "command", "plugin-policy", "api-server", "access")} == {
        "skipped"
    }
    assert (status["session"], status["claims"], status["cluster"]) == ("ok", "ok", "warning")


def test_a_user_with_kubectls_own_plug_in_is_named_with_both_ways_out(clinic: Clinic) -> None:
    """Stand-alone mode, and a user of ours for the same client; no secret of the entry is shown."""
    config = {
        "idp-issuer-url": clinic.provider.issuer,
        "client-id": CLIENT_ID,
        "client-secret": "SECRET-of-the-client",
        "id-token": "SECRET-token",
    }
    clinic.more = {
        "users": [{"name": "old", "user": {"auth-provider": {"name": "oidc", "config": config}}}],
        "contexts": [{"name": "older", "context": {"cluster": "demo", "user": "old"}}],
    }
    diagnosis = clinic.doctor("--context=older")
    assert diagnosis.status == 1
    assert re.search(r"\bold\b", diagnosis.stderr)
    assert "auth-provider: oidc" in diagnosis.stderr
    assert "`kubectl oidc-login --user=old`" in diagnosis.stderr
    assert (
        f"setup --oidc-issuer-url={clinic.provider.issuer} --oidc-client-id={CLIENT_ID}" in diagnosis.stderr
    )
    assert "--write-kubeconfig --user=old-exec" in diagnosis.stderr
    assert "SECRET" not in diagnosis.stderr


def test_the_way_out_to_an_exec_section_works(clinic: Clinic) -> None:
    """`setup` writes the user that the hint names, and the context can use it."""
    config = {"idp-issuer-url": clinic.provider.issuer, "client-id": CLIENT_ID}
    clinic.more = {"users": [{"name": "old", "user": {"auth-provider": {"name": "oidc", "config": config}}}]}
    error = clinic.doctor("--user=old").stderr
    words = shlex.split(error.partition("`kubectl oidc-login setup ")[2].partition("`")[0])
    clinic.signs_in_by("setup", *words, *clinic.args[2:])
    done = run_plugin("doctor", "--user=old-exec", env=clinic.env())
    assert (done.returncode, done.stderr) == (0, "")
    assert re.search(r"\bdefault\b", done.stdout)


@pytest.mark.parametrize("others", [False, True])
def test_a_kubeconfig_that_is_named_and_not_there_is_named_again(clinic: Clinic, *, others: bool) -> None:
    """KUBECONFIG is one file or a list; a context that is not found may be in the one that is missing."""
    clinic.write_kubeconfig()
    gone = clinic.directory / "gone" / "config"
    value = os.pathsep.join([str(clinic.kubeconfig)] * others + [str(gone)])
    words = ["--context=other"] if others else []
    done = run_plugin("doctor", *words, env={**clinic.env(), "KUBECONFIG": value})
    assert done.returncode == 1
    assert str(gone) in done.stderr
    if others:  # and while nothing is missing, nobody is told
        fine = run_plugin("doctor", env={**clinic.env(), "KUBECONFIG": value})
        assert "gone" not in fine.stdout + fine.stderr
