"""How the program was installed is read from the files of the installed distribution."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.system.installation import BUNDLE, CHECKOUT, LAUNCHER, PURE, installation

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("installer", "wheel", "how"),
    [
        ("pip\n", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n", PURE),
        ("uv", "Root-Is-Purelib: false\nTag: py3-none-win_amd64\n", LAUNCHER),
        ("bundle\n", "Root-Is-Purelib: true\nTag: py3-none-any\n", BUNDLE),
        ("bundle\n", "", BUNDLE),
    ],
)
def test_the_installer_and_the_wheel_say_it(tmp_path: Path, installer: str, wheel: str, how: str) -> None:
    """The bundle names itself as the installer; a wheel says whether it is pure."""
    record = tmp_path / "kubectl_oidc-1.0.0.dist-info"
    record.mkdir()
    (record / "INSTALLER").write_text(installer)
    (record / "WHEEL").write_text(wheel)
    assert installation(tmp_path / "kubectl_oidc") == how


def test_without_them_it_is_a_checkout(tmp_path: Path) -> None:
    """Another distribution's files do not count."""
    (tmp_path / "click-8.2.dist-info").mkdir()
    assert installation(tmp_path / "kubectl_oidc") == CHECKOUT
