"""The cluster entry, and the API server that it names."""

from __future__ import annotations

from kubectl_oidc.diagnosis.api_server import check_api_server, check_cluster
from tests.unit.diagnosis.doctor_run import chosen, doctor_run, result_of


def test_without_a_context_no_api_server_is_asked() -> None:
    """A warning, where flags name the session; an error where the context's cluster is not there."""
    assert result_of(check_cluster(doctor_run()))[0] == "warning"
    assert result_of(check_api_server(doctor_run()))[0] == "skipped"
    kind, message, _ = result_of(check_cluster(doctor_run(what=chosen({}, context={"cluster": "gone"}))))
    assert (kind, message) == (
        "problem",
        "the context demo names the cluster gone, which is not in the kubeconfig",
    )
