"""What kubectl reads: the ExecCredential on standard output, as KUBERNETES_EXEC_INFO asks for it."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import parts

from .laptop import V1, V1BETA1, cache, claims_of, exec_info, token_of
from .said import failure, topics

if TYPE_CHECKING:
    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

# What client-go sends with provideClusterInfo, a cluster extension included.
CLUSTER: dict[str, Any] = {
    "server": "https://cluster.example.com:6443",
    "certificate-authority-data": "LS0tLS1CRUdJTg==",
    "config": {"apiVersion": "example.com/v1", "kind": "Anything", "audience": ["a", {"b": None}]},
}

ASKED = {
    "nothing is asked": ({}, V1BETA1),
    "no version": ({"KUBERNETES_EXEC_INFO": "{}"}, V1BETA1),
    "v1": (exec_info(V1), V1),
    "v1beta1": (exec_info(V1BETA1), V1BETA1),
    "a cluster with an extension": (exec_info(V1, cluster=CLUSTER), V1),
    "no interactive member": (
        {"KUBERNETES_EXEC_INFO": f'{{"kind":"ExecCredential","apiVersion":"{V1}","spec":{{}}}}'},
        V1,
    ),
}

NOT_UNDERSTOOD = {
    "an unknown version": (exec_info("client.authentication.k8s.io/v7"), "client.authentication.k8s.io/v7"),
    "a foreign group": (exec_info("example.com/v1"), "example.com/v1"),
    "a number for a version": ({"KUBERNETES_EXEC_INFO": '{"apiVersion": 1}'}, "apiVersion"),
    "broken JSON": ({"KUBERNETES_EXEC_INFO": '{"apiVersion":'}, "JSON"),
    "not an object": ({"KUBERNETES_EXEC_INFO": "[]"}, "JSON"),
    "deep nesting": ({"KUBERNETES_EXEC_INFO": "[" * 100_000}, "JSON"),
}


def test_the_answer_is_of_the_version_that_was_asked_for(signed_in: Laptop) -> None:
    """v1 and v1beta1 as asked, v1beta1 when nothing is; answers of the slow and the fast path are the same bytes."""
    for case, (env, version) in ASKED.items():
        answers = [signed_in.get_token(env=env) for _ in range(3)]
        assert [answer.status for answer in answers] == [0, 0, 0], f"{case}: {answers[0].stderr}"
        document = json.loads(answers[0].stdout)
        assert document["apiVersion"] == version, case
        assert document["kind"] == "ExecCredential"
        assert set(document["status"]) == {"token", "expirationTimestamp"}
        assert {answer.stdout for answer in answers} == {answers[0].stdout}
        assert [answer.stderr for answer in answers] == ["", "", ""]


def test_token_and_time_stamp_are_what_the_api_server_takes(signed_in: Laptop) -> None:
    """The token has no white space around it; the time stamp is RFC 3339 and the token's own expiry."""
    status = json.loads(signed_in.get_token().stdout)["status"]
    assert status["token"] == status["token"].strip()
    assert status["token"].count(".") == 2
    stamp = datetime.fromisoformat(status["expirationTimestamp"])
    assert stamp.tzinfo is not None
    assert stamp.timestamp() == claims_of(status["token"])["exp"]


@pytest.mark.parametrize("case", NOT_UNDERSTOOD)
def test_what_cannot_be_understood_is_an_error(signed_in: Laptop, case: str) -> None:
    """An unknown version or broken JSON: exit 1, one error that names it, one hint, nothing on standard output."""
    env, named = NOT_UNDERSTOOD[case]
    before = signed_in.stored()
    ended = signed_in.get_token(env=env)
    assert (ended.status, ended.stdout) == (1, "")
    failure(ended, "exec-info", "KUBERNETES_EXEC_INFO", named)
    assert signed_in.stored() == before


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_standard_output_is_a_failure(signed_in: Laptop) -> None:
    """Where the answer cannot be written the status is not 0 and nothing else happens; the session is as good as before."""
    for words in (signed_in.words("--session=full"), signed_in.words(), signed_in.words()):
        with Path("/dev/full").open("w") as full:
            done = subprocess.run(
                [str(parts.plugin()), *words],
                stdin=subprocess.DEVNULL,
                stdout=full,
                stderr=subprocess.PIPE,
                text=True,
                timeout=30,
                check=False,
            )
        assert done.returncode not in {0, -13}
        assert "Traceback" not in done.stderr
    signed_in.realm.forget()
    assert token_of(signed_in.get_token("--session=full").stdout)
    assert signed_in.realm.seen().total == 0, "the sign-in was stored before the answer was written"


@pytest.mark.parametrize("where", [">/dev/full", ">&-"])
def test_a_refresh_is_stored_before_its_answer_is_written(laptop: Laptop, where: str) -> None:
    """Nobody takes the answer: not 0, the reason in one line, and the next call has the refreshed token without asking anybody."""
    if "full" in where and not Path("/dev/full").exists():
        # Only Linux and the BSDs have it; the closed output is tested everywhere.
        pytest.skip("this system has no /dev/full")
    laptop.realm.id_tokens_live(5)
    old = laptop.signed_in()
    laptop.realm.id_tokens_live(3600)
    laptop.realm.forget()
    words = shlex.join([str(parts.plugin()), *laptop.words()])
    done = subprocess.run(
        ["/bin/sh", "-c", f"exec {words} {where}"],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1
    assert topics(done.stderr) == ["standard-output"]
    assert laptop.realm.seen().token_requests == ["refresh_token"]
    laptop.realm.forget()
    assert laptop.signed_in() != old
    assert laptop.realm.seen().total == 0


def test_the_access_token_is_handed_out_when_asked_for(laptop: Laptop) -> None:
    """--oidc-use-access-token answers with another token than the ID token, from a session of its own."""
    access = laptop.signed_in("--oidc-use-access-token")
    assert access.count(".") == 0, "the access tokens of this provider are opaque"
    assert laptop.signed_in("--oidc-use-access-token") == access
    assert laptop.signed_in() != access


def test_directories_and_files_are_private(laptop: Laptop) -> None:
    """All that is kept on disk is for its owner's eyes only, whatever the umask."""
    before = os.umask(0)
    try:
        laptop.signed_in()
    finally:
        os.umask(before)
    places = [cache(), *cache().rglob("*")]
    assert any(place.is_file() for place in places)
    for place in places:
        assert place.stat().st_mode & 0o777 == (0o700 if place.is_dir() else 0o600), place


@pytest.mark.parametrize("closed", [">&-", "<&- >&-", "<&- >&- 2>&-"])
def test_with_standard_output_closed_no_file_gets_the_token(
    laptop: Laptop, tmp_path: Path, closed: str
) -> None:
    """A file that somebody opens later takes the free descriptor: the token is not written there, and the status is not 0."""
    backend = tmp_path / "site" / "keeps_a_file_open.py"
    backend.parent.mkdir()
    backend.write_text(
        "from keyring.backends.null import Keyring as Null\n"
        f"FILE = open({str(tmp_path / 'log')!r}, 'w')\n"
        "class Keyring(Null):\n"
        "    pass\n"
    )
    laptop.storage = "keyring"
    words = shlex.join([str(parts.plugin()), *laptop.words()])
    done = subprocess.run(
        ["/bin/sh", "-c", f"exec {words} {closed}"],
        env={
            **os.environ,
            "PYTHONPATH": str(backend.parent),
            "PYTHON_KEYRING_BACKEND": "keeps_a_file_open.Keyring",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    assert laptop.realm.seen().token_requests == ["authorization_code"], "it came as far as the answer"
    assert (tmp_path / "log").read_text() == ""
    assert "eyJ" not in done.stdout + done.stderr
