"""``--token-cache-storage=kernel``: the session rests in the Linux kernel's memory, and in no file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from .laptop import token_of
from .said import files_with

if TYPE_CHECKING:
    from .kernel_keys import KernelKeys
    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

ENDED = 5  # seconds; a token that ends so soon is not handed out a second time
READ = 0x02  # keyctl_setperm(3)


@pytest.fixture
def server(laptop: Laptop, kernel_keys: KernelKeys) -> Laptop:
    """Have a machine whose sessions rest in the kernel keyring."""
    assert kernel_keys.sessions() == {}
    laptop.storage = "kernel"
    return laptop


def test_a_session_in_the_kernel_answers_without_a_request(server: Laptop, kernel_keys: KernelKeys) -> None:
    """One sign-in serves the later calls; session and credential are keys for their owner's eyes, and in no file."""
    token = server.signed_in()
    server.realm.forget()
    again = [server.get_token() for _ in range(2)]
    assert [token_of(one.stdout) for one in again] == [token] * 2
    assert [one.stderr for one in again] == [""] * 2
    assert server.realm.seen().total == 0

    record = json.loads(kernel_keys.sessions()[kernel_keys.session_id()])
    assert token.encode() in kernel_keys.credentials()[kernel_keys.session_id()]
    assert files_with(token, record["id_token"], record["refresh_token"]) == []
    for kind in ("session", "credential"):
        possessor, owner, *others = bytes.fromhex(kernel_keys.permissions(kind))
        assert possessor & READ, kind
        assert not owner & READ, f"{kind}: a process that does not possess the key cannot read it"
        assert others == [0, 0], f"{kind}: nobody else so much as sees it"


def test_the_kernel_drops_a_credential_when_it_ends(server: Laptop, kernel_keys: KernelKeys) -> None:
    """The credential's key ends with the token, after a refresh too; the session's key has no end of its own."""
    server.signed_in()
    assert kernel_keys.lifetime("credential") in {"59m", "60m", "1h"}
    assert kernel_keys.lifetime("session") == "perm"
    server.realm.id_tokens_live(7200)
    server.signed_in("--force-refresh")
    assert kernel_keys.lifetime("credential") in {"1h", "2h", "119m", "120m"}
    assert kernel_keys.lifetime("session") == "perm"


def test_a_refresh_replaces_both_keys(server: Laptop, kernel_keys: KernelKeys) -> None:
    """An ended token is refreshed in one request; the refresh token and the token that it replaces are gone."""
    server.realm.id_tokens_live(ENDED)
    old = server.signed_in()
    before = json.loads(kernel_keys.sessions()[kernel_keys.session_id()])
    server.realm.id_tokens_live(3600)
    server.realm.forget()
    new = server.signed_in()
    assert server.realm.seen().requests == {"POST /token": 1}
    assert server.signed_in() == new != old
    assert server.realm.seen().total == 1, "and the new token is kept"

    (record,) = kernel_keys.sessions().values()
    (credential,) = kernel_keys.credentials().values()
    assert before["refresh_token"].encode() not in record
    assert old.encode() not in record + credential
    assert new.encode() in credential
    assert len(server.browser.opened()) == 1


def test_a_long_token_fits(server: Laptop, kernel_keys: KernelKeys) -> None:
    """A token of more than 12,000 bytes, for a person of many groups, is kept and handed out like any other."""
    server.realm.set_groups(alice=[f"team-{number:04}-of-a-large-company" for number in range(400)])
    token = server.signed_in()
    assert len(token) > 12_000
    server.realm.forget()
    assert server.signed_in() == token
    assert server.realm.seen().total == 0
    assert len(kernel_keys.sessions()) == 1


def test_purge_removes_the_keys_of_the_session_that_is_named(server: Laptop, kernel_keys: KernelKeys) -> None:
    """Purge removes session and credential from the kernel, says so, and leaves another session's keys in place."""
    server.signed_in()
    gone = kernel_keys.session_id()
    server.signed_in("--session=other")
    (kept,) = kernel_keys.session_ids() - {gone}

    words = ["purge", *server.realm.flags("--session=other")]
    for session_id, flags in ((kept, words), (gone, server.words(command="purge"))):
        ended = server.run(*flags)
        assert (ended.status, ended.stdout) == (0, "")
        assert "kernel keyring" in ended.stderr
        assert "alice@example.com" in ended.stderr
        left = {gone} if session_id == kept else set()
        assert set(kernel_keys.sessions()) == set(kernel_keys.credentials()) == left


def test_a_session_that_moves_leaves_no_file_behind(signed_in: Laptop, kernel_keys: KernelKeys) -> None:
    """Asked for another store, the program takes the session along: no new sign-in, and nothing of it on disk."""
    signed_in.realm.forget()
    token = signed_in.signed_in()
    assert files_with(token) != []
    signed_in.storage = "kernel"
    moved = signed_in.signed_in("--force-refresh")
    assert signed_in.browser.opened() == []
    assert len(kernel_keys.sessions()) == 1
    assert files_with(moved) == []
