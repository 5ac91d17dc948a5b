"""Variables that stand for flags, and those that only look like it."""

from __future__ import annotations

import pytest

from kubectl_oidc.diagnosis.environment_variables import check_variables
from tests.unit.diagnosis.doctor_run import chosen, doctor_run, result_of

KNOWN = frozenset({"KUBECTL_OIDC_GRANT_TYPE", "KUBECTL_OIDC_ISSUER_URL"})


def test_those_that_flags_have_are_named_without_their_values() -> None:
    """One may be a secret. What begins otherwise is not this program's."""
    run = doctor_run(
        environ={"KUBECTL_OIDC_ISSUER_URL": "secret", "KUBECTL_KUBERC": "true"},
        what=chosen({"exec": {"env": [{"name": "KUBECTL_OIDC_GRANT_TYPE", "value": "auto"}]}}),
    )
    run.variables = KNOWN
    assert result_of(check_variables(run)) == (
        "ok",
        "KUBECTL_OIDC_GRANT_TYPE, KUBECTL_OIDC_ISSUER_URL",
        "",
    )
    assert result_of(check_variables(doctor_run(environ={"HOME": "/"}))) == ("ok", "none is set", "")


@pytest.mark.parametrize("in_stanza", [False, True])
def test_one_that_is_mistyped_is_told_with_the_one_that_was_meant(*, in_stanza: bool) -> None:
    """Wherever it stands."""
    entry = {"name": "KUBECTL_OIDC_GRANT_TYP", "value": "device-code"}
    run = doctor_run(
        environ={} if in_stanza else {entry["name"]: entry["value"]},
        what=chosen({"exec": {"env": [entry, "no entry"] if in_stanza else None}}),
    )
    run.variables = KNOWN
    kind, message, hint = result_of(check_variables(run))
    assert kind == "warning"
    assert message.startswith("KUBECTL_OIDC_GRANT_TYP is the variable of no flag")
    assert hint.startswith("did you mean KUBECTL_OIDC_GRANT_TYPE? ")
    assert "device-code" not in message + hint


def test_one_that_is_like_none_is_told_as_well() -> None:
    run = doctor_run(environ={"KUBECTL_OIDC_XYZZY": ""})
    run.variables = KNOWN
    _, message, hint = result_of(check_variables(run))
    assert message.startswith("KUBECTL_OIDC_XYZZY ")
    assert "did you mean" not in hint
