"""A session of version 1.0.0 is used after the upgrade, by whoever it is known to belong to, and by nobody else."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import trustme

from tests import version_1_0

from .laptop import V1, cache, claims_of, exec_info

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from .kernel_keys import KernelKeys
    from .laptop import Laptop

ENDED = 5  # seconds; a token that ends so soon is not handed out a second time
SCOPES = ("openid", "email", "offline_access", "profile")

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="version 1.0.0's files are written as on Linux"),
    pytest.mark.usefixtures("fork_server"),  # how the program starts does not matter here
]

UNCHANGED: dict[str, tuple[list[str], dict[str, str]]] = {
    "the system's authorities": ([], {}),
    "an authority": (["--certificate-authority={home}/ca.pem"], {}),
    "no check": (["--insecure-skip-tls-verify"], {}),
    "KUBECACHEDIR": ([], {"KUBECACHEDIR": "{home}/kubecache"}),
    "KUBECACHEDIR and an authority": (
        ["--certificate-authority={home}/ca.pem"],
        {"KUBECACHEDIR": "{home}/kubecache"},
    ),
    "a cache directory": (["--token-cache-dir={home}/elsewhere"], {}),
    "a cache directory and no check": (
        ["--token-cache-dir={home}/elsewhere", "--insecure-skip-tls-verify"],
        {},
    ),
}


@pytest.fixture
def left(laptop: Laptop, home: Path) -> Callable[..., str]:
    """Have a session of version 1.0.0, made and remembered for a command line; its token has ended. Returns its id."""
    trustme.CA().cert_pem.write_to_path(str(home / "ca.pem"))

    def leave(
        flags: Sequence[str] = (), env: Mapping[str, str] | None = None, *, remembered: bool = True
    ) -> str:
        env = {**exec_info(), **(env or {})}
        laptop.realm.id_tokens_live(ENDED)
        laptop.signed_in(*flags, env=env)
        given = next((flag.partition("=")[2] for flag in flags if flag.startswith("--token-cache-dir")), "")
        session = version_1_0.session_id(laptop.realm.issuer, laptop.client, SCOPES, given)
        root = _root(env)
        version_1_0.leave(Path(given) if given else root, session)
        for path in (root / "words").glob("*"):
            path.unlink()
        if remembered:
            version_1_0.remember(root, session, laptop.words(*flags), {**os.environ, **env})
        laptop.realm.id_tokens_live(3600)
        laptop.realm.forget()
        return session

    return leave


def _root(env: Mapping[str, str]) -> Path:
    return Path(env["KUBECACHEDIR"], "oidc-login") if "KUBECACHEDIR" in env else cache()


def here(word: str) -> str:
    return word.replace("{home}", str(Path.home()))


def entries(directory: Path) -> dict[str, object]:
    """Return the trust of each session that is known in a cache directory."""
    return {
        path.stem: json.loads(path.read_text()).get("trust") for path in (directory / "sessions").iterdir()
    }


@pytest.mark.parametrize("case", UNCHANGED)
def test_nobody_signs_in_again_who_changed_nothing(
    laptop: Laptop, left: Callable[..., str], case: str
) -> None:
    """The refresh token of 1.0.0 is used once; the session has its new id then, and nothing is left under the old one."""
    flags = [here(flag) for flag in UNCHANGED[case][0]]
    env = {name: here(value) for name, value in UNCHANGED[case][1].items()}
    session = left(flags, env)
    laptop.scripted.is_left_alone()
    token = laptop.signed_in(*flags, env={**exec_info(), **env})
    assert claims_of(token)["sub"] == "alice"
    assert laptop.realm.seen().token_requests == ["refresh_token"]
    assert laptop.signed_in(*flags, env={**exec_info(), **env}) == token
    assert len(laptop.browser.opened()) == 1

    given = [Path(flag.partition("=")[2]) for flag in flags if flag.startswith("--token-cache-dir")]
    directory = given[0] if given else _root(env)
    ((present, trust),) = entries(directory).items()
    assert trust is not None
    assert ((directory / "tokens").iterdir()).__next__().name == present
    assert (present == session) == (case == "a cache directory")


def test_a_terminal_makes_no_difference(laptop: Laptop, left: Callable[..., str]) -> None:
    """A command that was remembered without a terminal is known at one, too."""
    flag = "--insecure-skip-tls-verify"
    left([flag])
    laptop.scripted.is_left_alone()
    at_a_terminal = {"KUBERNETES_EXEC_INFO": exec_info()["KUBERNETES_EXEC_INFO"].replace("false", "true")}
    assert claims_of(laptop.signed_in(flag, env=at_a_terminal))["sub"] == "alice"
    assert V1 in at_a_terminal["KUBERNETES_EXEC_INFO"]


OTHERS: dict[str, tuple[list[str], dict[str, str]]] = {
    "no check": (["--insecure-skip-tls-verify"], {}),
    "an authority": (["--certificate-authority={home}/ca.pem"], {}),
    "a variable": ([], {"SSL_CERT_FILE": "{home}/ca.pem"}),
    "another HOME": ([], {"HOME": "{home}/other"}),
    "another KUBECACHEDIR": ([], {"KUBECACHEDIR": "{home}/other"}),
}


@pytest.mark.parametrize("case", OTHERS)
def test_nobody_else_gets_it(laptop: Laptop, left: Callable[..., str], case: str) -> None:
    """Who trusts others, or has another HOME, signs in; whose it is still has it afterwards."""
    flags = [here(flag) for flag in OTHERS[case][0]]
    env = {name: here(value) for name, value in OTHERS[case][1].items()}
    left()
    laptop.scripted.signs_in_as("bob")
    assert claims_of(laptop.signed_in(*flags, env={**exec_info(), **env}))["sub"] == "bob"
    assert laptop.realm.seen().token_requests == ["authorization_code"]
    assert claims_of(laptop.signed_in(env=exec_info()))["sub"] == "alice"
    assert laptop.realm.seen().token_requests == ["authorization_code", "refresh_token"]


@pytest.mark.parametrize("case", ["not remembered", "a variable", "a relative path"])
def test_a_trust_that_is_not_certain_signs_in_once(
    laptop: Laptop, left: Callable[..., str], home: Path, case: str
) -> None:
    """Nothing says under whose authorities 1.0.0 obtained it, so its refresh token is not sent."""
    Path("ca.pem").write_bytes((home / "ca.pem").read_bytes() if (home / "ca.pem").exists() else b"")
    flag = "--certificate-authority=ca.pem" if case == "a relative path" else "--insecure-skip-tls-verify"
    env = {}
    if case == "a variable":
        flag, env = f"--certificate-authority={home}/ca.pem", {"SSL_CERT_FILE": f"{home}/other.pem"}
        trustme.CA().cert_pem.write_to_path(env["SSL_CERT_FILE"])
    left([flag], env, remembered=case != "not remembered")
    laptop.scripted.signs_in_as("bob")
    assert claims_of(laptop.signed_in(flag, env={**exec_info(), **env}))["sub"] == "bob"
    assert laptop.realm.seen().token_requests == ["authorization_code"]


@pytest.mark.parametrize("flag", ["", "--insecure-skip-tls-verify"])
def test_purge_removes_both(laptop: Laptop, left: Callable[..., str], flag: str) -> None:
    """The session of 1.0.0 that the same flags had is removed with that of today, by whatever id."""
    flags = [flag] if flag else []
    left(flags, remembered=False)
    assert "alice@example.com" in laptop.purge(*flags).stderr
    assert entries(cache()) == {}
    assert list((cache() / "tokens").iterdir()) == []


def test_logout_sends_nothing_of_a_session_whose_trust_is_not_known(
    laptop: Laptop, left: Callable[..., str]
) -> None:
    """It is removed here, and the error says that it was not revoked; one of the system's authorities is revoked."""
    for flags, status in ((["--insecure-skip-tls-verify"], 1), ([], 0)):
        left(flags, remembered=False)
        done = laptop.run(*laptop.words(*flags, "--skip-open-browser", command="logout"))
        assert done.status == status, done.stderr
        assert laptop.realm.seen().revoked_grants == 1 - status
        assert entries(cache()) == {}


def test_a_record_of_another_home_in_the_kernel_is_not_taken(
    laptop: Laptop, left: Callable[..., str], kernel_keys: KernelKeys
) -> None:
    """Version 1.0.0 kept one record for every HOME: who is in the index decides whose it may be."""
    from kubectl_oidc.sessions.stores.kernel import KernelStore

    session = left()
    tokens, index = cache() / "tokens" / session, cache() / "sessions" / f"{session}.json"
    known = json.loads(index.read_text())
    index.write_text(
        json.dumps({**known, "storage": "kernel", "credential": "kernel", "person": "bob@example.com"})
    )
    KernelStore().save(session, tokens.read_bytes())
    tokens.unlink()
    assert session in kernel_keys.session_ids()
    laptop.storage = "kernel"
    laptop.scripted.signs_in_as("bob")
    assert claims_of(laptop.signed_in(env=exec_info()))["sub"] == "bob"
    assert laptop.realm.seen().token_requests == ["authorization_code"]
    assert session in kernel_keys.sessions(), "the other HOME may still need it"
    kernel_keys.remove()
