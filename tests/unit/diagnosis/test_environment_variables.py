"""Environment variables that set flags, and mistyped ones."""

from __future__ import annotations

import pytest

from kubectl_oidc.diagnosis.environment_variables import check_variables
from tests.unit.diagnosis.doctor_run import chosen, doctor_run, result_of

KNOWN = frozenset({"KUBECTL_OIDC_GRANT_TYPE", "KUBECTL_OIDC_ISSUER_URL"})


def test_variables_of_flags_are_named_without_their_values() -> None:
    """A value may be a secret. Variables with another prefix are ignored."""
    run = doctor_run(
        environ={"KUBECTL_OIDC_ISSUER_URL": "secret", "KUBECTL_KUBERC": "true"},
        what=chosen({"exec": {"env": [{"name": "KUBECTL_OIDC_GRANT_TYPE", "value": "auto"}]}}),
    )
    run.variables = KNOWN
    found = result_of(check_variables(run))
    assert found.status == "ok"
    assert set(found.message.split(", ")) == KNOWN
    assert result_of(check_variables(doctor_run(environ={"HOME": "/"}))).status == "ok"


@pytest.mark.parametrize("in_stanza", [False, True])
def test_a_mistyped_variable_is_a_warning_with_the_closest_name(*, in_stanza: bool) -> None:
    """In the environment and in the exec section."""
    entry = {"name": "KUBECTL_OIDC_GRANT_TYP", "value": "device-code"}
    run = doctor_run(
        environ={} if in_stanza else {entry["name"]: entry["value"]},
        what=chosen({"exec": {"env": [entry, "no entry"] if in_stanza else None}}),
    )
    run.variables = KNOWN
    found = result_of(check_variables(run))
    assert (found.status, found.topic) == ("warning", "variables")
    assert "KUBECTL_OIDC_GRANT_TYP " in found.message
    assert "KUBECTL_OIDC_GRANT_TYPE?" in found.hint
    assert "device-code" not in found.message + found.hint


def test_an_unknown_variable_without_a_similar_name_is_a_warning() -> None:
    run = doctor_run(environ={"KUBECTL_OIDC_XYZZY": ""})
    run.variables = KNOWN
    found = result_of(check_variables(run))
    assert found.message.startswith("KUBECTL_OIDC_XYZZY ")
    assert "KUBECTL_OIDC_" not in found.hint
