"""A token of the platform: read within bounds and checked before it is sent, or refused without a word of what it holds."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from kubectl_oidc.errors import OidcLoginError, UsageError
from kubectl_oidc.oidc.github_actions import token_service
from kubectl_oidc.oidc.platform_token import PlatformToken, claims_in_words
from kubectl_oidc.secret import Secret
from kubectl_oidc.system.deadline import Deadline
from kubectl_oidc.system.log import QUIET
from tests.arbitrary import is_one_plain_line
from tests.tokens import NOW, id_token
from tests.topics import about

if TYPE_CHECKING:
    from pathlib import Path


GITHUB = "https://run-1.actions.githubusercontent.com"
URL, SERVER = "ACTIONS_ID_TOKEN_REQUEST_URL", "GITHUB_SERVER_URL"


def read(path: Path) -> str:
    source = PlatformToken(path=path)
    source.check(NOW)
    return source.read(NOW, Deadline.after(1), QUIET).reveal()


def token(**claims: object) -> str:
    return id_token(claims={"iss": "https://platform.example", "sub": "a", "aud": "b", **claims}).reveal()


@pytest.mark.parametrize("end", ["", "\n", "\r\n", " \n"])
def test_a_line_end_is_no_part_of_it(tmp_path: Path, end: str) -> None:
    """Editors and `echo` write one."""
    (tmp_path / "token").write_bytes(f"{token()}{end}".encode())
    assert read(tmp_path / "token") == token()


@pytest.mark.parametrize(
    ("expiry", "sent"), [(NOW + 1, True), (NOW - 59, True), (NOW - 60, False), (None, True), ("soon", True)]
)
def test_an_expired_one_is_not_sent(tmp_path: Path, expiry: object, *, sent: bool) -> None:
    """With a minute for clocks that differ; what has no expiry is for the provider to refuse."""
    (tmp_path / "token").write_text(token(exp=expiry))
    if sent:
        assert read(tmp_path / "token")
        return
    with pytest.raises(OidcLoginError, check=about("client-assertion-file", "--oidc-client-assertion-file")):
        read(tmp_path / "token")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_anything_else_is_refused_in_words_that_a_terminal_may_show(tmp_path: Path, content: bytes) -> None:
    """By its name; nothing of the content is repeated."""
    (tmp_path / "token").write_bytes(content)
    with pytest.raises(
        UsageError, check=about("client-assertion-file", "--oidc-client-assertion-file")
    ) as caught:
        read(tmp_path / "token")
    assert is_one_plain_line(caught.value.message)


def test_a_session_is_known_by_whom_the_token_is_issued_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by the token, nor by its file; by nothing if there is none. A job of GitHub Actions is known by its address."""
    source = PlatformToken(path=tmp_path / "token")
    assert source.holder() == ""
    (tmp_path / "token").write_text(token(jti="1"))
    first = source.holder()
    (tmp_path / "token").write_text(token(jti="2") + "\n")
    assert first == source.holder() == "https://platform.example a"
    monkeypatch.delenv(URL, raising=False)
    job = PlatformToken(github_audience="a")
    assert job.holder() == ""
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "t")
    holders = []
    for url in (f"{GITHUB}/1", f"{GITHUB}/2"):
        monkeypatch.setenv(URL, url)
        holders.append(job.holder())
    assert len(set(holders)) == 2
    assert "actions" not in "".join(holders)


@pytest.mark.parametrize(
    "audience",
    [
        "https://platform.example",
        ["b", "https://platform.example"],
        "sts.amazonaws.com",
        ["sts.amazonaws.com"],
        "https://kubernetes.default.svc",
        "https://kubernetes.default.svc.cluster.local",
    ],
)
def test_a_token_for_the_api_server_or_aws_is_not_sent(tmp_path: Path, audience: object) -> None:
    """The provider could use it there."""
    (tmp_path / "token").write_text(token(aud=audience))
    with pytest.raises(
        UsageError, check=about("client-assertion-file", "--oidc-client-assertion-file", "aud")
    ):
        read(tmp_path / "token")


@pytest.mark.parametrize("audience", ["b", ["b", "c"], None, [], {"https://platform.example": 1}, [["b"]], 7])
def test_every_other_audience_is_for_the_provider_to_check(tmp_path: Path, audience: object) -> None:
    """Also none, and one that is malformed."""
    (tmp_path / "token").write_text(token(aud=audience))
    assert read(tmp_path / "token")


@pytest.mark.parametrize(
    ("url", "server", "sent"),
    [
        (f"{GITHUB}/1?a=b", "https://github.com", True),
        (f"{GITHUB}/1", "", True),
        (f"{GITHUB.upper()}/1", "", True),
        ("https://ghe.corp.example/_services/1", "https://ghe.corp.example", True),
        ("https://pipelines.ghe.corp.example/1", "https://ghe.corp.example", True),
        ("http://localhost:1/1", "", True),
        ("https://127.0.0.1/1", "", True),
        ("https://evil.example/1", "https://github.com", False),
        ("https://evil.example/1", "", False),
        ("https://evil.example/1", "https://[", False),
        ("https://evil.example/1", "evil.example", False),
        ("https://evilactions.githubusercontent.com/1", "", False),
        ("https://actions.githubusercontent.com.evil.example/1", "", False),
        ("https://evil.example/.actions.githubusercontent.com", "", False),
        ("https://run-1.actions.githubusercontent.com@evil.example/", "", False),
        ("https://notghe.corp.example/1", "https://ghe.corp.example", False),
        ("http://run-1.actions.githubusercontent.com/1", "", False),
        ("http://ghe.corp.example/1", "http://ghe.corp.example", False),
    ],
)
def test_the_jobs_bearer_token_goes_to_github_only(
    monkeypatch: pytest.MonkeyPatch, url: str, server: str, *, sent: bool
) -> None:
    """Or to the domain of GitHub Enterprise, by https; a kubeconfig can set the variable."""
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "MARKED")
    monkeypatch.setenv(URL, url)
    monkeypatch.setenv(SERVER, server)
    if sent:
        assert token_service().url == url
        return
    with pytest.raises(UsageError, check=about("client-assertion-file", URL)) as caught:
        token_service()
    assert "MARKED" not in caught.value.message + caught.value.hint


@pytest.mark.parametrize("job_has_it", [True, False])
def test_an_exec_section_cannot_choose_who_gets_the_jobs_bearer_token(
    monkeypatch: pytest.MonkeyPatch, *, job_has_it: bool
) -> None:
    """Kubectl adds its variables to the plugin's environment, and not to its own."""
    if job_has_it and sys.platform != "linux":
        pytest.skip("only Linux shows the environment of another process")
    server = "https://ghe.corp.example"
    of_kubectl = {**os.environ, **({SERVER: server} if job_has_it else {})}
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "MARKED")
    monkeypatch.setenv(URL, f"{server}/1")
    monkeypatch.setenv(SERVER, server)
    monkeypatch.setenv("KUBERNETES_EXEC_INFO", "{}")
    with subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, env=of_kubectl
    ) as kubectl:
        monkeypatch.setattr(os, "getppid", lambda: kubectl.pid)
        if job_has_it:
            assert token_service().url == f"{server}/1"
        else:
            with pytest.raises(UsageError, check=about("client-assertion-file", URL, SERVER)):
                token_service()
        kubectl.communicate(b"\n")


def test_what_a_provider_compares_is_shown_without_control_characters() -> None:
    """A claim may hold anything."""
    words = claims_in_words(Secret(token(sub="a\x1b[31m", aud=["b", "c"])))
    assert all(claim in words for claim in ("https://platform.example", '"b"', '"c"'))
    assert is_one_plain_line(words)
