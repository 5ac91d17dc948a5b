"""How the client proves who it is: the installed program at a real provider, by each method and grant."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.client_keys import private_pem, public_jwk, written
from tests.hostile import json_reply

from .laptop import Laptop, claims_of, token_of
from .said import complaint, failure, files_with
from .test_setup import exec_of, setup

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.hostile import Talk
    from tests.plugin import Running

    from .realm import OpenIdProvider
    from .scripted_browser import ScriptedBrowser
    from .visitor import VisitedLaptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

KEY, KEY_ID = "--oidc-client-assertion-key=~/client.pem", "--oidc-client-assertion-key-id"
METHOD = "--oidc-client-authentication"
DEVICE = "--grant-type=device-code"
KINDS = {"rsa": "RS256", "P-256": "ES256", "Ed25519": "EdDSA"}


@pytest.fixture
def new_laptop(
    openid_provider: OpenIdProvider, scripted_browser: ScriptedBrowser, start_plugin: Callable[..., Running]
) -> Callable[..., Laptop]:
    """Have laptops whose provider knows three keys of the client, and whose home has one of them."""

    def new(kind: str = "rsa", *, audience: str = "", client: str = "signing") -> Laptop:
        written(Path.home() / "client.pem", kind).chmod(0o600)
        keys = [public_jwk(one, algorithm, kid=f"{one} key") for one, algorithm in KINDS.items()]
        realm = openid_provider.new_realm(more_grants=True, client_keys=keys, audience=audience)
        return Laptop(realm, scripted_browser, start_plugin, client=client)

    return new


@pytest.fixture
def laptop(new_laptop: Callable[..., Laptop]) -> Laptop:
    """Have one of them."""
    return new_laptop()


@pytest.mark.parametrize("kind", KINDS)
def test_a_key_signs_in_and_refreshes(new_laptop: Callable[..., Laptop], kind: str) -> None:
    """Each request has an assertion of its own, for the address that is asked; the key's kind says the algorithm."""
    laptop = new_laptop(kind)
    laptop.realm.id_tokens_live(5)  # seconds; not handed out again
    flags = (KEY, f"{KEY_ID}={kind} key")
    assert claims_of(laptop.signed_in(*flags))["sub"] == "alice"
    assert claims_of(laptop.signed_in(*flags))["sub"] == "alice"
    seen = laptop.realm.seen()
    assert seen.token_requests == ["authorization_code", "refresh_token"]
    assert len({said["jti"] for said in seen.client_assertions}) == 2
    for said in seen.client_assertions:
        assert (said["alg"], said["typ"], said["kid"]) == (KINDS[kind], "JWT", f"{kind} key")
        assert (said["iss"], said["sub"]) == ("signing", "signing")
        assert said["aud"] == f"{laptop.realm.issuer}/token"
        assert said["exp"] - said["iat"] <= 60


@pytest.mark.parametrize("audience", ["issuer", "endpoint"])
def test_providers_that_know_themselves_by_one_name_are_served(
    new_laptop: Callable[..., Laptop], audience: str
) -> None:
    """The address that is asked, else the issuer: at the token endpoint and at the device authorization endpoint."""
    laptop = new_laptop(audience=audience)
    assert claims_of(laptop.signed_in(KEY, DEVICE))["sub"] == "alice"
    issuer = laptop.realm.issuer
    names = [said["aud"] for said in laptop.realm.seen().client_assertions]
    if audience == "endpoint":
        assert set(names) == {f"{issuer}/device/auth", f"{issuer}/token"}
        assert names.count(f"{issuer}/device/auth") == 1
    else:
        assert names[:2] == [f"{issuer}/device/auth", issuer]
        assert names[-2:] == [f"{issuer}/token", issuer]


def test_a_device_code_is_asked_for_with_the_key(laptop: Laptop) -> None:
    """And polled for, and refreshed."""
    laptop.realm.id_tokens_live(5)  # seconds; not handed out again
    assert claims_of(laptop.signed_in(KEY, DEVICE))["sub"] == "alice"
    assert claims_of(laptop.signed_in(KEY, DEVICE))["sub"] == "alice"
    seen = laptop.realm.seen()
    assert len(seen.device_requests) == 1
    assert seen.token_requests[-1] == "refresh_token"
    assert len(seen.client_assertions) == 1 + len(seen.token_requests)


def test_a_machine_signs_in_with_its_key(new_laptop: Callable[..., Laptop]) -> None:
    """Client credentials: no secret anywhere."""
    robot = new_laptop(client="signing-robot")
    words = ["get-token", f"--oidc-issuer-url={robot.realm.issuer}", "--oidc-client-id=signing-robot"]
    ended = robot.run(
        *words,
        KEY,
        "--grant-type=client-credentials",
        "--oidc-use-access-token",
        "--token-cache-storage=none",
    )
    assert ended.status == 0, ended.stderr
    assert token_of(ended.stdout)
    assert robot.realm.seen().token_requests[-1] == "client_credentials"


def test_a_new_key_is_used_from_the_next_request_on(laptop: Laptop) -> None:
    """The session stays; one that the provider does not know is refused with what to look at, and the session kept."""
    token = laptop.signed_in(KEY)
    file = written(Path.home() / "client.pem", "P-384")
    assert laptop.signed_in(KEY) == token
    ended = laptop.get_token(KEY, "--force-refresh")
    failure(ended, "provider-refused", "invalid_client", "--oidc-client-assertion-key")
    written(file, "Ed25519")
    assert claims_of(laptop.signed_in(KEY, "--force-refresh"))["sub"] == "alice"
    assert laptop.browser.opened() != []
    assert len(laptop.realm.seen().authorization_requests) == 1


@pytest.mark.parametrize("command", ["get-token", "setup"])
def test_a_key_that_cannot_be_used_is_refused_before_a_browser_opens(laptop: Laptop, command: str) -> None:
    """Exit 2, the flag and the file named; nobody at the provider hears of it."""
    (Path.home() / "client.pem").write_bytes(private_pem("rsa", password=b"password"))
    ended = laptop.run(*laptop.words(KEY, command=command))
    names = ("--oidc-client-assertion-key", "client.pem", "openssl pkey")
    failure(ended, "client-assertion-key", *names, status=2)
    assert laptop.browser.opened() == []
    assert laptop.realm.seen().token_requests == []


def test_a_stored_token_needs_no_key(laptop: Laptop) -> None:
    """Nor a look at its file."""
    token = laptop.signed_in(KEY)
    (Path.home() / "client.pem").unlink()
    laptop.realm.forget()
    assert laptop.signed_in(KEY, "-v", "1") == token
    assert laptop.realm.seen().total == 0


def test_the_log_at_its_loudest_shows_neither_key_nor_assertion(laptop: Laptop) -> None:
    """And no file beside the key's own holds them."""
    ended = [laptop.get_token(KEY, "-v", "9"), laptop.get_token(KEY, "-v", "9", "--force-refresh")]
    assert [one.status for one in ended] == [0, 0], ended[-1].stderr
    said = "".join(one.stderr for one in ended)
    assert "private_key_jwt" in said
    assert not re.search(r"eyJ[\w-]+\.eyJ", said)
    lines = private_pem("rsa").decode().splitlines()[1:-1]
    assert not any(line in said for line in lines)
    assert files_with(lines[5]) == [Path.home() / "client.pem"]


def test_setup_writes_the_file_and_not_the_key(laptop: Laptop) -> None:
    """The stanza has the flags, and answers."""
    kubeconfig = Path.home() / ".kube" / "config"
    setup(laptop, KEY, f"{KEY_ID}=rsa key", f"{METHOD}=private_key_jwt", "--write-kubeconfig")
    args = exec_of(kubeconfig)["args"]
    assert {KEY, f"{KEY_ID}=rsa key", f"{METHOD}=private_key_jwt"} <= set(args)
    laptop.realm.forget()
    ended = laptop.run(*args)
    assert claims_of(token_of(ended.stdout))["sub"] == "alice"
    assert laptop.realm.seen().total == 0


BY_FLAG = {
    "confidential": ("client_secret_basic", 'a secret, that: needs "quoting" & more'),
    "posting": ("client_secret_post", "secret to be posted"),
    "kubernetes": ("none", ""),
}


@pytest.mark.parametrize("client", BY_FLAG)
def test_a_method_is_chosen_by_the_flag(laptop: Laptop, client: str) -> None:
    """At a provider that offers several, for the sign-in and for the refresh."""
    method, secret = BY_FLAG[client]
    laptop.client = client
    flags = [f"{METHOD}={method}", *([f"--oidc-client-secret={secret}"] if secret else [])]
    assert claims_of(laptop.signed_in(*flags))["sub"] == "alice"
    assert claims_of(laptop.signed_in(*flags, "--force-refresh"))["sub"] == "alice"
    assert laptop.realm.seen().client_methods == [method, method]


@pytest.mark.parametrize("required", ["client_secret_post", "client_secret_basic"])
def test_a_provider_that_requires_one_way_is_served(visited: VisitedLaptop, required: str) -> None:
    """What it does not accept is tried the other way. The code is still good, and later requests begin with what worked."""
    used: list[str] = []

    def token(talk: Talk) -> None:
        """Authenticate the client before the code is looked at (RFC 6749 §3.2.1)."""
        used.append("client_secret_basic" if "authorization" in talk.asked.headers else "client_secret_post")
        if used[-1] == required:
            visited.provider._token(talk)(talk)
        else:
            json_reply({"error": "invalid_client"}, 401)(talk)

    offered = ["client_secret_post"] if required == "client_secret_basic" else []
    visited.provider.metadata["token_endpoint_auth_methods_supported"] = offered
    visited.provider.on_token = token
    first = {"client_secret_post": "client_secret_basic", "client_secret_basic": "client_secret_post"}[
        required
    ]
    outcome = visited.run()
    assert outcome.status == 0, outcome.stderr
    assert used == [first, required]
    for _ in range(2):
        assert visited.run("--force-refresh").status == 0
    assert used == [first, required, required, required]
    assert visited.opened == 1
    assert visited.places_with_secrets(outcome) == []


def test_an_explicit_method_is_the_only_one(visited: VisitedLaptop) -> None:
    """A method that somebody chose is not exchanged for another."""
    visited.provider.on_token = json_reply({"error": "invalid_client"}, 401)
    outcome = visited.run(f"{METHOD}=client_secret_basic")
    assert outcome.status == 1
    assert len(visited.provider.seen.forms) == 1


def test_a_wrong_secret_is_refused_after_both_ways(laptop: Laptop) -> None:
    """The error is one; its hint names the flag, and the secret is nowhere."""
    laptop.client = "posting"
    ended = laptop.get_token("--oidc-client-secret=MARKED-secret")
    error, hint = complaint(ended)
    assert "invalid_client" in error
    assert METHOD in hint
    assert "MARKED" not in ended.stderr
    assert laptop.realm.seen().client_methods == ["client_secret_basic", "client_secret_post"]


def test_a_wrong_choice_is_named_with_what_there_is(laptop: Laptop) -> None:
    """invalid_client: the hint has the flag and the metadata's methods."""
    secret = "--oidc-client-secret=MARKED-secret"
    ended = laptop.get_token(secret, f"{METHOD}=client_secret_post")
    error, hint = complaint(ended)
    assert "invalid_client" in error
    assert f"{METHOD}=client_secret_post" in hint
    assert "private_key_jwt" in hint
    assert "MARKED" not in ended.stderr


def test_stand_alone_mode_takes_the_key(laptop: Laptop) -> None:
    """The kubeconfig's user has no secret; sign-in and refresh are signed."""
    kubeconfig = Path.home() / ".kube" / "config"
    kubeconfig.parent.mkdir()
    config = {"idp-issuer-url": laptop.realm.issuer, "client-id": "signing", "extra-scopes": "offline_access"}
    user = {"name": "alice", "user": {"auth-provider": {"name": "oidc", "config": config}}}
    kubeconfig.write_text(json.dumps({"apiVersion": "v1", "kind": "Config", "users": [user]}))
    words = ["--user=alice", KEY, laptop.browser.flag, "--listen-address=127.0.0.1:0"]
    laptop.realm.id_tokens_live(5)  # seconds; not handed out again
    for _ in range(2):
        ended = laptop.run(*words)
        assert ended.status == 0, ended.stderr
    assert laptop.realm.seen().token_requests == ["authorization_code", "refresh_token"]
    assert laptop.realm.seen().client_methods == ["private_key_jwt", "private_key_jwt"]
