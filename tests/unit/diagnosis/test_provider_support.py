"""Scopes that the provider lists."""

from __future__ import annotations

import pytest

from kubectl_oidc.diagnosis.provider_support import check_scopes
from kubectl_oidc.oidc.metadata import Metadata
from tests.tokens import ISSUER
from tests.unit.diagnosis.doctor_run import doctor_run, result_of


@pytest.mark.parametrize(
    ("asked", "named", "kind"),
    [
        (("openid", "email"), ("openid", "email", "profile"), "ok"),
        (("openid", "groups"), ("openid",), "warning"),
        (("openid", "groups"), (), "ok"),
        (("openid", "api://kube/access"), ("openid",), "ok"),
    ],
)
def test_requested_scopes_are_compared_with_the_listed_ones(
    asked: tuple[str, ...], named: tuple[str, ...], kind: str
) -> None:
    """The scope of an API is listed nowhere."""
    run = doctor_run(scopes=asked)
    run.metadata = Metadata(ISSUER, "https://a", "https://t", "https://k", scopes_supported=named)
    assert result_of(check_scopes(run))[0] == kind


def test_metadata_before_the_discovery_check_is_a_bug() -> None:
    """A check that is asked out of its turn is a fault of ours."""
    with pytest.raises(LookupError):
        check_scopes(doctor_run())
