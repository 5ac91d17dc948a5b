"""The check never starts a sign-in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.diagnosis.session import check_session
from kubectl_oidc.errors import SignInNeeded
from tests.unit.diagnosis.doctor_run import doctor_run, result_of

if TYPE_CHECKING:
    from pathlib import Path


def test_without_a_session_doctor_does_not_sign_in(tmp_path: Path) -> None:
    """The problem names the command that signs in."""
    found = result_of(check_session(doctor_run(cache_dir=tmp_path, storage="disk")))
    assert (found.status, found.topic) == ("problem", SignInNeeded("", "").topic)
    assert "`kubectl oidc-login login`" in found.hint
