"""The port that the browser is redirected to."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.authentication.request import RedirectOptions
from kubectl_oidc.diagnosis.redirect_port import check_redirect
from kubectl_oidc.errors import NoFreeListenAddress
from kubectl_oidc.loopback.listen_address import ListenAddress
from tests.unit.diagnosis.doctor_run import doctor_run, result_of

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def taken() -> Iterator[int]:
    """Hold a port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def free() -> ListenAddress:
    return ListenAddress("127.0.0.1", 0)


def test_the_check_frees_the_port(taken: int) -> None:
    """The port is only tried."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    addresses = (ListenAddress("127.0.0.1", port),)
    assert port != taken
    for _ in range(2):
        assert (
            result_of(check_redirect(doctor_run(redirect=RedirectOptions(listen_addresses=addresses)))).status
            == "ok"
        )


def test_a_taken_first_port_is_a_warning_and_no_free_port_an_error(taken: int) -> None:
    """The second port must be registered as well."""
    addresses = (ListenAddress("127.0.0.1", taken), free())
    found = result_of(check_redirect(doctor_run(redirect=RedirectOptions(listen_addresses=addresses))))
    assert (found.status, found.topic) == ("warning", "port-in-use")
    assert f"127.0.0.1:{taken}" in found.message
    assert "http://localhost:" in found.hint
    with pytest.raises(NoFreeListenAddress):
        check_redirect(doctor_run(redirect=RedirectOptions(listen_addresses=addresses[:1])))


@pytest.mark.parametrize(
    ("grant", "url"),
    [("device-code", None), ("password", None), ("auto", "https://oidc.example.com/callback")],
)
def test_without_a_redirect_to_this_computer_no_port_is_tried(
    taken: int, grant: str, url: str | None
) -> None:
    addresses = (ListenAddress("127.0.0.1", taken),)
    redirect = RedirectOptions(listen_addresses=addresses, url=url)
    assert result_of(check_redirect(doctor_run(redirect=redirect, grant=grant)))[0] == "skipped"
