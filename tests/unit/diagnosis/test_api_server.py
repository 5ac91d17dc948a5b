"""The cluster entry, and the API server that it names."""

from __future__ import annotations

from kubectl_oidc.diagnosis.api_server import check_api_server, check_cluster
from tests.unit.diagnosis.doctor_run import chosen, doctor_run, result_of


def test_without_a_cluster_no_api_server_is_asked() -> None:
    """It is a warning without a context, and a problem if the context names a missing cluster."""
    assert result_of(check_cluster(doctor_run()))[0] == "warning"
    assert result_of(check_api_server(doctor_run()))[0] == "skipped"
    found = result_of(check_cluster(doctor_run(what=chosen({}, context={"cluster": "gone"}))))
    assert (found.status, found.topic) == ("problem", "cluster-entry")
    assert "gone" in found.message
