"""Variables that stand for flags, and those that only look like it."""

from __future__ import annotations

import pytest

from kubectl_oidc.diagnosis.variables import check_variables
from tests.patient import chosen, patient, seen

KNOWN = frozenset({"KUBECTL_OIDC_GRANT_TYPE", "KUBECTL_OIDC_ISSUER_URL"})


def test_those_that_flags_have_are_named_without_their_values() -> None:
    """One may be a secret. What begins otherwise is not this program's."""
    examination = patient(
        environ={"KUBECTL_OIDC_ISSUER_URL": "secret", "KUBECTL_KUBERC": "true"},
        what=chosen({"exec": {"env": [{"name": "KUBECTL_OIDC_GRANT_TYPE", "value": "auto"}]}}),
    )
    examination.variables = KNOWN
    assert seen(check_variables(examination)) == (
        "ok",
        "KUBECTL_OIDC_GRANT_TYPE, KUBECTL_OIDC_ISSUER_URL",
        "",
    )
    assert seen(check_variables(patient(environ={"HOME": "/"}))) == ("ok", "none is set", "")


@pytest.mark.parametrize("in_stanza", [False, True])
def test_one_that_is_mistyped_is_told_with_the_one_that_was_meant(*, in_stanza: bool) -> None:
    """Wherever it stands."""
    entry = {"name": "KUBECTL_OIDC_GRANT_TYP", "value": "device-code"}
    examination = patient(
        environ={} if in_stanza else {entry["name"]: entry["value"]},
        what=chosen({"exec": {"env": [entry, "no entry"] if in_stanza else None}}),
    )
    examination.variables = KNOWN
    kind, message, hint = seen(check_variables(examination))
    assert kind == "warning"
    assert message.startswith("KUBECTL_OIDC_GRANT_TYP is the variable of no flag")
    assert hint.startswith("did you mean KUBECTL_OIDC_GRANT_TYPE? ")
    assert "device-code" not in message + hint


def test_one_that_is_like_none_is_told_as_well() -> None:
    examination = patient(environ={"KUBECTL_OIDC_XYZZY": ""})
    examination.variables = KNOWN
    _, message, hint = seen(check_variables(examination))
    assert message.startswith("KUBECTL_OIDC_XYZZY ")
    assert "did you mean" not in hint
