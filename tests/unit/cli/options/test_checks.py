"""``--install-hint`` is plain text, because kubectl shows it to everybody who uses the kubeconfig."""

from __future__ import annotations

import pytest

from kubectl_oidc.cli.options.checks import install_hint
from kubectl_oidc.errors import UsageError


@pytest.mark.parametrize("text", ["", "Get it from the portal.", "first line\nsecond line", "für alle"])
def test_plain_text_stays_as_it_is(text: str) -> None:
    """Line breaks and letters of other languages are plain."""
    assert install_hint(text) == text


@pytest.mark.parametrize("text", ["\x1b[31mred", "tab\there", "right-to-left \u202e", "bell\x07", "line\r"])
def test_what_a_terminal_takes_as_an_order_is_refused(text: str) -> None:
    """The error names the flag."""
    with pytest.raises(UsageError, match="--install-hint"):
        install_hint(text)
