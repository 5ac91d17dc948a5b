"""A workload signs in without a secret (RFC 7523): the installed program, a real provider, and what the platform issues."""

from __future__ import annotations

import os
import re
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kubectl_oidc.times import utc
from tests.client_keys import public_jwk
from tests.hostile import Hostile, html_reply, json_reply, reply
from tests.topics import told_apart
from tests.workload import ACCOUNT, github_actions, issued, projected

from .laptop import Laptop, claims_of, token_of
from .said import complaint, failure, files_with
from .test_token_exchange import EXCHANGE, FOR_B

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.plugin import Ended, Running

    from .realm import OpenIdProvider
    from .scripted_browser import ScriptedBrowser

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

FILE = "--oidc-client-assertion-file"
TOKEN = f"{FILE}=~/token"
GITHUB = "--oidc-client-assertion-github-audience"
ROBOT = ("--grant-type=client-credentials", "--oidc-use-access-token")
BEARER = "--grant-type=jwt-bearer"
JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


@pytest.fixture
def new_laptop(
    openid_provider: OpenIdProvider, scripted_browser: ScriptedBrowser, start_plugin: Callable[..., Running]
) -> Callable[..., Laptop]:
    """Have machines whose provider trusts the platform of `tests.workload`."""

    def new(client: str) -> Laptop:
        keys = [public_jwk("rsa", "RS256", kid="rsa key")]
        realm = openid_provider.new_realm(more_grants=True, client_keys=keys, token_exchange=True)
        return Laptop(realm, scripted_browser, start_plugin, client=client)

    return new


@pytest.fixture
def robot(new_laptop: Callable[..., Laptop]) -> Laptop:
    """Have one that signs in as a client."""
    return new_laptop("signing-robot")


@pytest.fixture
def workload(new_laptop: Callable[..., Laptop]) -> Laptop:
    """Have one that signs in as whom its token stands for."""
    return new_laptop("workloads")


@pytest.fixture
def github() -> Iterator[Hostile]:
    """Have a server for the token service of GitHub Actions."""
    with Hostile() as server:
        yield server


def renewed(laptop: Laptop, subject: str = "", **claims: Any) -> str:
    """Have the platform replace the token in ~/token; return the new one."""
    token = issued(laptop.realm.issuer, subject=subject or laptop.client, **claims)
    projected(Path.home() / "token", token)
    return token


def as_robot(laptop: Laptop, *more: str, env: dict[str, str] | None = None) -> Ended:
    """Sign in as the client itself, without any flag of people's."""
    words = ["get-token", f"--oidc-issuer-url={laptop.realm.issuer}", f"--oidc-client-id={laptop.client}"]
    return laptop.run(*words, *ROBOT, "--token-cache-storage=disk", *more, env=env)


def test_a_machine_signs_in_with_the_platform_s_token(robot: Laptop) -> None:
    """The token goes as it is; each request has the one that is in the file then."""
    first = renewed(robot)
    ended = as_robot(robot, TOKEN)
    assert ended.status == 0, ended.stderr
    assert token_of(ended.stdout)
    second = renewed(robot)
    again = as_robot(robot, TOKEN, "--force-refresh")
    assert again.status == 0, again.stderr
    seen = robot.realm.seen()
    assert seen.token_requests == ["client_credentials", "client_credentials"]
    assert seen.client_methods == ["private_key_jwt", "private_key_jwt"]
    assert [said["jti"] for said in seen.client_assertions] == [
        claims_of(token)["jti"] for token in (first, second)
    ]


def test_a_stored_token_needs_no_file(robot: Laptop) -> None:
    """It is the client's, whatever proves who that is."""
    renewed(robot)
    token = token_of(as_robot(robot, TOKEN).stdout)
    (Path.home() / "token").unlink()
    robot.realm.forget()
    assert token_of(as_robot(robot, TOKEN, "-v", "1").stdout) == token
    assert robot.realm.seen().total == 0


def test_sign_in_refresh_and_exchange_are_authenticated_with_it(new_laptop: Callable[..., Laptop]) -> None:
    """Of one sign-in in a browser. The platform replaces the file between two requests, and that is seen."""
    laptop = new_laptop("signing")
    laptop.realm.id_tokens_live(5)  # seconds; not handed out again
    renewed(laptop)
    for grant in ("authorization_code", "refresh_token"):
        laptop.realm.forget()
        renewed(laptop)
        assert claims_of(laptop.signed_in(TOKEN))["sub"] == "alice"
        assert laptop.realm.seen().token_requests == [grant]
        assert laptop.realm.seen().client_methods == ["private_key_jwt"]


def test_a_token_exchange_is_authenticated_with_it(
    new_laptop: Callable[..., Laptop], github: Hostile
) -> None:
    """GitHub Actions issues a token for each request, so that a provider that takes each once is content."""
    laptop = new_laptop("signing")
    env = github_actions(github, subject="signing")
    token = laptop.signed_in(f"{GITHUB}={laptop.realm.issuer}", FOR_B, env=env)
    assert (claims_of(token)["aud"], claims_of(token)["sub"]) == ("cluster-b", "alice")
    seen = laptop.realm.seen()
    assert seen.token_requests == ["authorization_code", EXCHANGE]
    assert seen.client_methods == ["private_key_jwt", "private_key_jwt"]
    assert len({said["jti"] for said in seen.client_assertions}) == len(github.asked) == 2


def test_a_token_that_the_provider_does_not_trust_is_named_by_its_claims(robot: Laptop) -> None:
    """It is sent once; the hint has what to compare with the client's settings, and no token."""
    token = renewed(robot, aud="https://elsewhere.example")
    ended = as_robot(robot, TOKEN)
    said = failure(ended, "provider-refused", "invalid_client", "https://elsewhere.example", robot.client)
    assert token not in said
    assert len(robot.realm.seen().token_requests) == 1


def test_a_token_that_was_used_up_is_sent_once(robot: Laptop) -> None:
    """This provider takes each once: the error is the provider's, and nothing is repeated."""
    renewed(robot)
    assert as_robot(robot, TOKEN).status == 0
    failure(as_robot(robot, TOKEN, "--force-refresh"), "provider-refused", "invalid_client")
    assert len(robot.realm.seen().token_requests) == 2


# Windows has no pipes among its files.
SPECIAL = ("directory",) if sys.platform == "win32" else ("directory", "pipe")
HOSTILE: dict[str, tuple[str, tuple[bytes | str | None, ...]]] = {
    "missing": ("No such file or directory", (None,)),
    "not a regular file": ("", SPECIAL),
    "too large": ("65536", (b"a" * (10 << 20),)),
    "empty": ("JWT", (b"\n",)),
    "no JWT": (
        "JWT",
        (
            b"MARKED-no-jwt",
            b"eyJh.eyJi.c\0",
            b"MARKED.MARKED.MARKED",
            b"\xff\xfe\0",
            b"eyJh.e30.c\neyJh.e30.c",
        ),
    ),
}
"""What is wrong with a file of a token, with a name that the error must have, and files that are so."""


def holds(path: Path, content: bytes | str | None) -> None:
    """Have a path hold these bytes, be a directory or a pipe, or be nothing at all."""
    if path.is_dir():
        path.rmdir()
    path.unlink(missing_ok=True)
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content == "directory":
        path.mkdir()
    elif content == "pipe":
        os.mkfifo(path)


@pytest.mark.parametrize("grant", [ROBOT, (BEARER,)], ids=["client", "grant"])
def test_a_file_that_holds_no_token_is_refused(
    new_laptop: Callable[..., Laptop], grant: tuple[str, ...]
) -> None:
    """Exit 2 before the token endpoint is asked, with the flag, the file and what is wrong; what the file holds is not shown."""
    laptop = new_laptop("signing-robot")
    path = Path.home() / "token"
    said: dict[str, list[str]] = {}
    for kind, (name, contents) in HOSTILE.items():
        for content in contents:
            holds(path, content)
            ended = laptop.run(*laptop.words(TOKEN, *grant))
            error = failure(ended, "client-assertion-file", FILE, str(path), name, status=2)
            assert "MARKED" not in error
            said.setdefault(kind, []).append(error)
    told_apart(said)
    assert laptop.realm.seen().token_requests == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_may_not_be_read_is_refused(robot: Laptop) -> None:
    """With what the system says."""
    renewed(robot)
    (Path.home() / "token").chmod(0)
    failure(as_robot(robot, TOKEN), "client-assertion-file", FILE, "Permission denied", status=2)


@pytest.mark.parametrize("grant", [ROBOT, (BEARER,)], ids=["client", "grant"])
def test_an_expired_token_is_not_sent(new_laptop: Callable[..., Laptop], grant: tuple[str, ...]) -> None:
    """The error says when it expired."""
    laptop = new_laptop("signing-robot")
    expired = int(time.time()) - 3600
    token = renewed(laptop, exp=expired)
    ended = laptop.run(*laptop.words(TOKEN, *grant))
    said = failure(ended, "client-assertion-file", str(Path.home() / "token"), utc(expired))
    assert token not in said
    assert laptop.realm.seen().token_requests == []


def test_the_grant_is_the_platform_s_token(workload: Laptop) -> None:
    """The ID token is of whom it stands for, and a stored one serves until it ends."""
    renewed(workload, ACCOUNT)
    token = workload.signed_in(TOKEN, BEARER)
    assert (claims_of(token)["sub"], claims_of(token)["aud"]) == (ACCOUNT, "workloads")
    assert workload.signed_in(TOKEN, BEARER) == token
    seen = workload.realm.seen()
    assert (seen.token_requests, seen.client_methods) == ([JWT_BEARER], ["none"])
    assert workload.browser.opened() == []


def test_who_has_another_token_has_another_session(workload: Laptop) -> None:
    """Although the command line is the same, and the file has the same name."""
    renewed(workload, ACCOUNT)
    assert claims_of(workload.signed_in(TOKEN, BEARER))["sub"] == ACCOUNT
    renewed(workload, "system:serviceaccount:ci:reader")
    assert claims_of(workload.signed_in(TOKEN, BEARER))["sub"] == "system:serviceaccount:ci:reader"


def test_a_refresh_token_of_that_grant_is_used(workload: Laptop) -> None:
    """And when it is refused, the platform's token signs in again; nobody is asked."""
    workload.realm.id_tokens_live(5)  # seconds; not handed out again
    words = (TOKEN, BEARER, "--oidc-extra-scope=offline_access")
    renewed(workload, ACCOUNT)
    for _ in range(2):
        assert claims_of(workload.signed_in(*words))["sub"] == ACCOUNT
    assert workload.realm.seen().token_requests == [JWT_BEARER, "refresh_token"]


def test_the_access_token_of_that_grant_is_handed_out(workload: Laptop) -> None:
    """With --oidc-use-access-token."""
    renewed(workload, ACCOUNT)
    assert workload.signed_in(TOKEN, BEARER, "--oidc-use-access-token").count(".") == 0


def test_a_grant_that_is_refused_says_what_to_compare(workload: Laptop) -> None:
    """The token's issuer, subject and audience; never the token."""
    token = renewed(workload, ACCOUNT, aud="https://elsewhere.example")
    ended = workload.get_token(TOKEN, BEARER)
    assert token not in failure(ended, "invalid-grant", "https://elsewhere.example", ACCOUNT)


def test_github_actions_issues_the_grant(workload: Laptop, github: Hostile) -> None:
    """For the audience that the flag names, with the job's bearer token in a header, and none of the provider's headers."""
    env = github_actions(github, subject="repo:corp/app:ref:refs/heads/main")
    audience = f"{GITHUB}={workload.realm.issuer}"
    ended = workload.get_token(audience, BEARER, "--oidc-request-header=X-Tenant=blue", "-v", "9", env=env)
    assert ended.status == 0, ended.stderr
    assert claims_of(token_of(ended.stdout))["sub"] == "repo:corp/app:ref:refs/heads/main"
    (asked,) = github.asked
    assert "x-tenant" not in asked.headers
    assert "MARKED-bearer" not in ended.stderr
    assert not re.search(r"eyJ[\w-]+\.eyJ", ended.stderr)
    assert files_with("MARKED-bearer") == []


@pytest.mark.parametrize(
    "answer",
    [
        reply(403, b'{"message":"MARKED"}'),
        html_reply(),
        json_reply({"value": 1}),
        json_reply([]),
        reply(302, headers={"Location": "http://localhost:1/"}),
    ],
    ids=["forbidden", "a page", "no text", "no object", "a redirect"],
)
def test_what_github_actions_does_not_issue_is_an_error(
    workload: Laptop, github: Hostile, answer: Callable[..., None]
) -> None:
    """It names the job's permission, and nothing of the answer."""
    env = github_actions(github, subject=ACCOUNT)
    github.on("/idtoken", answer)
    ended = workload.get_token(f"{GITHUB}=a", BEARER, env=env)
    assert "MARKED" not in failure(ended, "client-assertion-file", "GitHub Actions", "id-token: write")
    assert workload.realm.seen().token_requests == []


@pytest.mark.parametrize(
    ("env", "named"),
    [
        ({}, "ACTIONS_ID_TOKEN_REQUEST_URL"),
        ({"ACTIONS_ID_TOKEN_REQUEST_URL": "https://localhost/"}, "ACTIONS_ID_TOKEN_REQUEST_TOKEN"),
        (
            {
                "ACTIONS_ID_TOKEN_REQUEST_URL": "http://actions.example/",
                "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "MARKED",
            },
            "https",
        ),
    ],
)
def test_outside_of_a_job_nothing_is_asked(robot: Laptop, env: dict[str, str], named: str) -> None:
    """Exit 2; the bearer token goes to no plain address."""
    error, hint = complaint(as_robot(robot, f"{GITHUB}=a", env=env), 2)
    assert named in error
    assert "MARKED" not in error + hint


def test_the_log_at_its_loudest_shows_no_token(robot: Laptop) -> None:
    """And no file but the platform's own holds it."""
    token = renewed(robot)
    ended = as_robot(robot, TOKEN, "-v", "9")
    assert ended.status == 0, ended.stderr
    assert token not in ended.stderr
    assert files_with(token) == [Path.home() / "token"]
