"""The check never starts a sign-in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.diagnosis.session import check_session
from kubectl_oidc.errors import SignInNeeded, SignInTimeout
from kubectl_oidc.sessions.failed_sign_ins import FailedSignIns
from tests.unit.diagnosis.doctor_run import doctor_run, result_of

if TYPE_CHECKING:
    from pathlib import Path


def test_without_a_session_doctor_does_not_sign_in(tmp_path: Path) -> None:
    """The problem names the command that signs in."""
    found = result_of(check_session(doctor_run(cache_dir=tmp_path, storage="disk")))
    assert (found.status, found.topic) == ("problem", SignInNeeded("", "").topic)
    assert "`kubectl oidc-login login`" in found.hint


@pytest.mark.parametrize(
    ("hint", "commands"),
    [
        ("", ["kubectl oidc-login login"]),
        (
            "use exactly `--oidc-issuer-url=https://b`",
            ["--oidc-issuer-url=https://b", "kubectl oidc-login login"],
        ),
        (
            "first run `kubectl oidc-login login --session=a` in a terminal",
            ["kubectl oidc-login login --session=a"],
        ),
    ],
    ids=["no hint", "another hint", "a hint with a sign-in"],
)
def test_after_a_failed_sign_in_one_sign_in_is_named(tmp_path: Path, hint: str, commands: list[str]) -> None:
    """The failure's hint comes first. It is not followed by a second sign-in."""
    run = doctor_run(cache_dir=tmp_path, storage="disk")
    with (
        pytest.raises(SignInTimeout),
        FailedSignIns(tmp_path, run.request.key().id(), run.system).remembered(),
    ):
        raise SignInTimeout("nobody came", hint)
    found = result_of(check_session(run))
    assert found.topic == SignInTimeout("").topic
    assert found.hint.split("`")[1::2] == commands
