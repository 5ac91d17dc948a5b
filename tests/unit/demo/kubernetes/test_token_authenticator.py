"""Who the demo's Kubernetes API believes: ID tokens over real TLS, the forged ones included."""

from __future__ import annotations

import json
import secrets
import threading
import time
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from kubectl_oidc.demo.authority import Authority
from kubectl_oidc.demo.kubernetes import token_authenticator
from kubectl_oidc.demo.kubernetes.token_authenticator import TokenAuthenticator
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.system.log import QUIET
from tests.demo_cluster import ALICE, Issuer, serving
from tests.plugin import wait_until
from tests.tokens import ABSENT, CLIENT_ID, SigningKey, base64url, jwks, signing_key

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.demo_cluster import Cluster

REVIEW = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
PODS = "/api/v1/pods"
UNAUTHORIZED = {
    "kind": "Status",
    "apiVersion": "v1",
    "metadata": {},
    "status": "Failure",
    "message": "Unauthorized",
    "reason": "Unauthorized",
    "code": 401,
}


def shown(value: object) -> str:
    """Return the value as a test's name has it, the same in every process."""
    return json.dumps(value, default=lambda _: "absent")


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def cluster(authority: Authority) -> Iterator[Cluster]:
    """An API that no test changes."""
    with serving(authority) as running:
        yield running


@pytest.fixture
def own_cluster(authority: Authority) -> Iterator[Cluster]:
    """An API whose issuer the test may change."""
    with serving(authority) as running:
        yield running


def who(cluster: Cluster, token: str) -> tuple[str, list[str]]:
    """Return the user name and groups of a token."""
    answer = cluster.post(REVIEW, {}, token=token)
    assert answer.status == 201, answer.document
    info = answer.document["status"]["userInfo"]
    return info["username"], info["groups"]


def assert_unauthorized(cluster: Cluster, **request: str) -> None:
    """Assert that the request is answered as by kube-apiserver, and that the same without the fault is not."""
    answer = cluster.ask(PODS, **request)  # type: ignore[arg-type]
    assert (answer.status, answer.document) == (401, UNAUTHORIZED)


@pytest.mark.parametrize(
    ("claims", "groups"),
    [
        ({}, ["eks-admins"]),
        ({"aud": ["other", CLIENT_ID]}, ["eks-admins"]),
        ({"groups": "eks-admins"}, ["eks-admins"]),
        ({"groups": []}, []),
        ({"groups": None}, []),
        ({"groups": ABSENT}, []),
        ({"groups": ["b", "a"]}, ["b", "a"]),
        ({"email_verified": True}, ["eks-admins"]),
        ({"nbf": 0}, ["eks-admins"]),
    ],
    ids=shown,
)
def test_a_good_token_names_its_user(cluster: Cluster, claims: dict[str, object], groups: list[str]) -> None:
    """The email claim is the user; the groups claim and system:authenticated are the groups."""
    assert who(cluster, cluster.issuer.token(claims)) == (ALICE, [*groups, "system:authenticated"])


@pytest.mark.parametrize("algorithm", ["RS256", "RS512", "PS256", "ES256", "ES384"])
def test_every_asymmetric_algorithm_is_accepted(own_cluster: Cluster, algorithm: str) -> None:
    """Those of kube-apiserver's --oidc-signing-algs."""
    key = signing_key(algorithm)
    own_cluster.issuer.keys = jwks(key)
    assert who(own_cluster, own_cluster.issuer.token(key=key))[0] == ALICE


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_is_bearer_in_any_case(cluster: Cluster, scheme: str) -> None:
    """RFC 9110 §11.1: case does not matter."""
    assert cluster.ask(PODS, Authorization=f"{scheme} {cluster.issuer.token()}").status == 200


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", [PODS, "/version"])
def test_there_are_no_anonymous_requests(cluster: Cluster, method: str, path: str) -> None:
    """401 for any path."""
    answer = cluster.ask(path, method, Authorization="")
    assert answer.status == 401
    assert method == "HEAD" or answer.document == UNAUTHORIZED


@pytest.mark.parametrize(
    "authorization",
    [
        "Basic YWxpY2U6c2VjcmV0",
        "Token {token}",
        "{token}",
        "Bearer",
        "Bearer ",
        "Bearer x",
        "Bearer a.b.c",
        "Bearer ...",
        "Bearer {token}.",
        "Bearer {token} {token}",
        "Bearer Bearer {token}",
        "Bearer e30.e30.",
        "Bearer \xff\xfe",
    ],
)
def test_anything_but_a_bearer_token_is_unauthorized(cluster: Cluster, authorization: str) -> None:
    """Another scheme, no token, or no JWT."""
    assert_unauthorized(cluster, Authorization=authorization.format(token=cluster.issuer.token()))


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "other"},
        {"aud": []},
        {"aud": ABSENT},
        {"iss": "https://other.example.com"},
        {"iss": ABSENT},
        {"exp": ABSENT},
        {"exp": "never"},
        {"exp": 1},
        {"nbf": 9_999_999_999},
        {"sub": ABSENT},
        {"email": ABSENT},
        {"email": ""},
        {"email": ["alice@example.com"]},
        {"email_verified": False},
        {"email_verified": "false"},
        {"email_verified": None},
        {"groups": {"eks-admins": True}},
        {"groups": [["eks-admins"]]},
        {"groups": ["eks-admins", 1]},
        {"groups": True},
        {"groups": 0},
    ],
    ids=shown,
)
def test_invalid_claims_are_unauthorized(cluster: Cluster, claims: dict[str, object]) -> None:
    """The signature is valid, but the token is for another client, from another issuer, expired, or without a user."""
    assert_unauthorized(cluster, token=cluster.issuer.token(claims))


def test_a_token_is_valid_until_it_expires(cluster: Cluster) -> None:
    """One that ended a second ago is unauthorized; one that ends in a minute is not."""
    now = int(time.time())
    assert_unauthorized(cluster, token=cluster.issuer.token({"exp": now - 1}))
    assert cluster.ask(PODS, token=cluster.issuer.token({"exp": now + 60})).status == 200


def test_an_issuer_with_another_slash_is_another_issuer(cluster: Cluster) -> None:
    """OpenID Connect Core 3.1.3.7: the issuer is compared as it is written."""
    assert_unauthorized(cluster, token=cluster.issuer.token({"iss": f"{cluster.issuer.url}/"}))


@pytest.mark.parametrize("name", ["none", "None", "NONE"])
@pytest.mark.parametrize("kid", ["key-1", None])
def test_a_token_without_a_signature_is_unauthorized(cluster: Cluster, name: str, kid: str | None) -> None:
    """RFC 8725 §3.2: the algorithm "none" is never accepted."""
    unsigned = SigningKey(None, "none", kid)
    assert_unauthorized(cluster, token=cluster.issuer.token(key=unsigned, header={"alg": name}))


@pytest.mark.parametrize("form", ["PEM", "DER", "JWK"])
def test_the_public_key_is_not_a_shared_secret(cluster: Cluster, form: str) -> None:
    """RFC 8725 §2.1: HMAC with the provider's public key as the secret."""
    key = signing_key()
    public = key.private.public_key()
    secret = {
        "PEM": public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "DER": public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        "JWK": json.dumps(key.jwk()).encode(),
    }[form]
    assert_unauthorized(cluster, token=cluster.issuer.token(key=SigningKey(secret, "HS256", "key-1")))


@pytest.mark.parametrize("kid", ["key-1", "key-2", None])
def test_a_key_that_is_not_published_is_unauthorized(cluster: Cluster, kid: str | None) -> None:
    """With any key ID."""
    private = signing_key(kid="forger's").private
    assert_unauthorized(cluster, token=cluster.issuer.token(key=SigningKey(private, "RS256", kid)))


def test_a_key_in_the_token_is_not_used(cluster: Cluster) -> None:
    """RFC 7515 §10.3: a forger writes ``jwk`` and ``jku``."""
    forger = SigningKey(signing_key(kid="forger's").private, "RS256", "key-1")
    header = {"jwk": forger.jwk(), "jku": "https://forger.example.com/keys"}
    assert_unauthorized(cluster, token=cluster.issuer.token(key=forger, header=header))


def test_changed_claims_are_unauthorized(cluster: Cluster) -> None:
    """The signature is for the original claims."""
    header, _, signature = cluster.issuer.token({"groups": []}).split(".")
    claims = base64url(json.dumps(cluster.issuer.claims({})).encode())
    assert_unauthorized(cluster, token=f"{header}.{claims}.{signature}")
    assert_unauthorized(cluster, token=f"{header}.{claims}.")


@pytest.mark.parametrize("algorithm", ["PS256", "RS512"])
def test_a_key_is_only_used_with_its_own_algorithm(cluster: Cluster, algorithm: str) -> None:
    """RFC 8725 §3.1."""
    key = SigningKey(signing_key().private, algorithm, "key-1")
    assert_unauthorized(cluster, token=cluster.issuer.token(key=key))


def test_a_symmetric_key_in_the_key_set_is_not_used(own_cluster: Cluster) -> None:
    """A provider may publish one by mistake."""
    secret = secrets.token_bytes(32)
    published = {"kty": "oct", "kid": "shared", "alg": "HS256", "k": base64url(secret)}
    own_cluster.issuer.keys = jwks(signing_key(), published)
    assert own_cluster.ask(PODS).status == 200
    shared = SigningKey(secret, "HS256", "shared")
    assert_unauthorized(own_cluster, token=own_cluster.issuer.token(key=shared))


@pytest.mark.parametrize(
    "header",
    [
        b"[" * 30_000,
        b'{"kid":' + b"[" * 30_000,
        b'{"alg":"RS256","kid":["key-1"]}',
        b'{"alg":"RS256","kid":1}',
        b'{"alg":["RS256"],"kid":"key-1"}',
        b'{"kid":"key-1"}',
        b'"key-1"',
        b"\xff",
        b"",
    ],
    ids=lambda header: header[:24].decode("latin-1"),
)
def test_an_invalid_header_is_unauthorized(
    cluster: Cluster, header: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    """It is not a server error, and nothing is logged."""
    assert_unauthorized(cluster, token=cluster.issuer.token(header=header))
    assert capfd.readouterr() == ("", "")


def test_a_new_key_is_fetched(own_cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tokens of the new key are accepted within seconds, those of the old one no longer."""
    monkeypatch.setattr(token_authenticator, "_FETCH_PAUSE", 0.2)
    assert own_cluster.ask(PODS).status == 200
    new = signing_key(kid="new")
    own_cluster.issuer.keys = jwks(new)
    old_token, new_token = own_cluster.issuer.token(), own_cluster.issuer.token(key=new)
    wait_until(lambda: own_cluster.ask(PODS, token=new_token).status == 200, "the new key is known")
    assert own_cluster.issuer.asked.count("/keys") == 2
    assert_unauthorized(own_cluster, token=old_token)


def test_unknown_keys_cause_at_most_one_request_a_second(own_cluster: Cluster) -> None:
    began = time.monotonic()
    forger = signing_key(kid="forger's").private
    tokens = [
        own_cluster.issuer.token(key=SigningKey(forger, "RS256", f"key {number}")) for number in range(12)
    ]
    threads = [
        threading.Thread(target=assert_unauthorized, args=(own_cluster,), kwargs={"token": token})
        for token in tokens
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert 1 <= own_cluster.issuer.asked.count("/keys") <= 1 + time.monotonic() - began


def test_without_a_key_set_tokens_are_unauthorized(own_cluster: Cluster) -> None:
    """When the provider is back, they are accepted."""
    published, own_cluster.issuer.keys = own_cluster.issuer.keys, None
    assert_unauthorized(own_cluster)
    own_cluster.issuer.keys = published
    assert own_cluster.ask(PODS).status == 200


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://other.example.com", "jwks_uri": "{url}/keys"},
        {"jwks_uri": "{url}/keys"},
        {"issuer": "{url}"},
        {"issuer": "{url}", "jwks_uri": None},
        {"issuer": "{url}", "jwks_uri": ["{url}/keys"]},
        ["issuer"],
        "metadata",
    ],
    ids=shown,
)
def test_with_invalid_metadata_tokens_are_unauthorized(
    own_cluster: Cluster, metadata: object, capfd: pytest.CaptureFixture[str]
) -> None:
    """OpenID Connect Discovery 4.3: metadata of another issuer, or without keys."""
    own_cluster.issuer.metadata = json.loads(json.dumps(metadata).replace("{url}", own_cluster.issuer.url))
    assert_unauthorized(own_cluster)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "keys", [[], {}, {"keys": {}}, {"keys": []}, {"keys": ["key-1", None]}, {"keys": [{}]}], ids=shown
)
def test_with_an_invalid_key_set_tokens_are_unauthorized(
    own_cluster: Cluster, keys: object, capfd: pytest.CaptureFixture[str]
) -> None:
    own_cluster.issuer.keys = keys
    assert_unauthorized(own_cluster)
    assert capfd.readouterr() == ("", "")


def test_unknown_kinds_of_keys_are_ignored(own_cluster: Cluster) -> None:
    """RFC 7517 §5."""
    own_cluster.issuer.keys = jwks({"kty": "new", "kid": "a"}, signing_key(kid=None), signing_key())
    assert own_cluster.ask(PODS).status == 200


def test_the_slash_of_an_issuer_is_removed_before_well_known(authority: Authority) -> None:
    """OpenID Connect Discovery 4.1."""
    http = HttpClient(tls=TlsOptions(ca_data=(authority.pem,)), log=QUIET, pauses=())
    with Issuer(authority) as issuer:
        url = f"{issuer.url}/"
        issuer.metadata = {"issuer": url, "jwks_uri": f"{url}keys"}
        user = TokenAuthenticator(url, CLIENT_ID, http).authenticate(f"Bearer {issuer.token({'iss': url})}")
    http.close()
    assert user is not None
    assert user.name == ALICE
    assert issuer.asked[0] == "/.well-known/openid-configuration"


def test_keys_are_not_fetched_with_an_untrusted_certificate(authority: Authority) -> None:
    http = HttpClient(tls=TlsOptions(ca_data=(Authority().pem,)), log=QUIET, pauses=())
    with Issuer(authority) as issuer:
        user = TokenAuthenticator(issuer.url, CLIENT_ID, http).authenticate(f"Bearer {issuer.token()}")
    http.close()
    assert user is None
    assert issuer.asked == []
