"""authcode-keyboard where nobody can be asked; the rest is in tests/integration/test_no_browser.py."""

from __future__ import annotations

import pytest

from kubectl_oidc.errors import SignInError
from kubectl_oidc.grants import authorization_code_keyboard

from .hostile import Hostile
from .sign_ins import Desk


def test_without_a_terminal_nobody_is_sent_anywhere() -> None:
    """One error with another way; nothing is said, sent or remembered."""
    with Hostile() as server, Desk(server, settings={"grant": "authcode-keyboard"}) as desk:
        with pytest.raises(SignInError, match="no terminal") as caught:
            authorization_code_keyboard.sign_in(
                desk.request, desk.world, desk.provider, "first use", desk.failures
            )
        assert "device-code" in caught.value.hint
        assert caught.value.topic == "no-terminal"
        assert desk.terminal.said == []
        desk.failures.check("setup")
