"""What is known of one request on its way."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.http.progress import GivenUp, RequestProgress


def test_a_new_request_was_not_sent() -> None:
    """At first there is no peer, and nothing was sent."""
    progress = RequestProgress()
    assert (progress.peer, progress.proxied, progress.tls_host, progress.sent) == (None, False, "", False)


def test_a_request_that_goes_on_was_not_sent_yet() -> None:
    """Each step before it, such as connecting or what is said to a proxy, may go on."""
    progress = RequestProgress()
    progress.go_on()
    assert not progress.sent
    progress.send()
    assert progress.sent


def test_a_request_that_was_given_up_does_not_leave() -> None:
    """After giving up, no step goes on, the one that would send it fails, and ``sent`` stays as it was."""
    progress = RequestProgress()
    progress.give_up()
    for step in (progress.go_on, progress.send):
        with pytest.raises(GivenUp):
            step()
    assert not progress.sent


def test_giving_up_does_not_unsend() -> None:
    """What has left has left: the refresh token may have been used."""
    progress = RequestProgress()
    progress.send()
    progress.give_up()
    assert progress.sent


@given(st.lists(st.sampled_from(["go_on", "send", "give_up"]), max_size=12))
def test_a_request_that_was_given_up_never_leaves_afterwards(steps: list[str]) -> None:
    """In whatever order its steps come: what was sent stays sent, and what was not is not sent later."""
    progress = RequestProgress()
    for number, step in enumerate(steps):
        before = progress.sent
        with contextlib.suppress(GivenUp):
            getattr(progress, step)()
        assert progress.sent >= before
        assert "give_up" not in steps[:number] or progress.sent == before
