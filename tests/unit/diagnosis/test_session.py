"""The check never starts a sign-in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.diagnosis.session import check_session
from tests.unit.diagnosis.doctor_run import doctor_run, result_of

if TYPE_CHECKING:
    from pathlib import Path


def test_nobody_is_asked_to_sign_in(tmp_path: Path) -> None:
    """Without a session it is a problem, with the command that signs in."""
    kind, message, hint = result_of(check_session(doctor_run(cache_dir=tmp_path, storage="disk")))
    assert (kind, message) == ("problem", "a sign-in is needed: first use of this session")
    assert hint == "`kubectl oidc-login login` signs in; then run doctor again"
