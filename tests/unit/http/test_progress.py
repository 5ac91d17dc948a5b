"""What is known of one request on its way."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.http.progress import GivenUp, RequestProgress


@dataclass
class Asked:
    """The HTTP library's request, as far as a progress looks at it."""

    method: bytes


@dataclass
class Connection:
    """The HTTP library's connection, as far as a progress looks at it."""

    closed: list[bool] = field(default_factory=list)

    def close(self) -> None:
        self.closed.append(True)


def send(progress: RequestProgress, method: bytes = b"POST") -> None:
    progress.trace("http11.send_request_headers.started", {"request": Asked(method)})


def test_a_new_request_was_not_sent() -> None:
    """At first there is no peer, and nothing was sent."""
    progress = RequestProgress()
    assert (progress.peer, progress.tls_host, progress.sent) == (None, "", False)


def test_the_steps_are_noted() -> None:
    """The peer, the host of the TLS handshake, and that it was sent."""
    progress = RequestProgress()
    progress.trace("connection.connect_tcp.started", {"host": "idp.example.com", "port": 443})
    progress.trace("connection.start_tls.started", {"server_hostname": "idp.example.com"})
    assert not progress.sent
    send(progress)
    assert progress.peer == ("idp.example.com", 443)
    assert progress.tls_host == "idp.example.com"
    assert progress.sent


def test_words_to_a_proxy_are_not_the_request() -> None:
    """CONNECT carries nothing of ours; the request after it does."""
    progress = RequestProgress()
    send(progress, b"CONNECT")
    assert not progress.sent
    send(progress, b"POST")
    assert progress.sent


def test_a_request_that_was_given_up_does_not_leave() -> None:
    """After giving up, the step that would send it fails, and ``sent`` stays as it was."""
    progress = RequestProgress()
    progress.give_up()
    with pytest.raises(GivenUp):
        send(progress)
    assert not progress.sent


def test_a_connection_that_comes_too_late_is_closed() -> None:
    """A connection that is there after giving up is closed, not left open."""
    progress, connection = RequestProgress(), Connection()
    progress.give_up()
    with pytest.raises(GivenUp):
        progress.trace("connection.connect_tcp.complete", {"return_value": connection})
    assert connection.closed == [True]


def test_a_connection_in_time_is_left_alone() -> None:
    """Nothing is closed unless the request was given up."""
    progress, connection = RequestProgress(), Connection()
    progress.trace("connection.connect_tcp.complete", {"return_value": connection})
    assert connection.closed == []


def test_giving_up_does_not_unsend() -> None:
    """What has left has left: the refresh token may have been used."""
    progress = RequestProgress()
    send(progress)
    progress.give_up()
    assert progress.sent


def test_other_steps_do_not_matter() -> None:
    """The HTTP library tells many more steps, with whatever information."""
    progress = RequestProgress()
    progress.trace("http11.receive_response_body.complete", {})
    progress.trace("connection.connect_tcp.failed", {"exception": OSError()})
    assert (progress.peer, progress.sent) == (None, False)


STEPS = [
    f"{what}.{how}"
    for what in (
        "connection.connect_tcp",
        "connection.start_tls",
        "http11.send_request_headers",
        "http11.send_request_body",
        "http11.receive_response_headers",
    )
    for how in ("started", "complete", "failed")
]


@given(
    st.lists(st.tuples(st.sampled_from(STEPS), st.sampled_from([b"POST", b"CONNECT"])), max_size=12),
    st.integers(0, 12),
)
def test_a_request_that_was_given_up_never_leaves_afterwards(
    steps: list[tuple[str, bytes]], given_up_at: int
) -> None:
    """In whatever order its steps come: what was sent stays sent, and what was not is not sent later."""
    progress = RequestProgress()
    for number, (step, method) in enumerate(steps):
        if number == given_up_at:
            progress.give_up()
        before = progress.sent
        info: dict[str, object] = {
            "host": "h",
            "port": 1,
            "request": Asked(method),
            "return_value": Connection(),
        }
        with contextlib.suppress(GivenUp):
            progress.trace(step, info)
        assert progress.sent >= before
        assert number < given_up_at or progress.sent == before
