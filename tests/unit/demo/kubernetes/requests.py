"""Paths of the demo's API, and how tests read its answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.demo_cluster import Answer

PODS = "/api/v1/pods"
BINDINGS = "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings"
WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
MAY_I = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
RULES = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
# As kubectl writes them.
TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json"
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def names(answer: Answer) -> list[str]:
    """Return the names in a list or table, in order."""
    document = answer.document
    if document["kind"] == "Table":
        return [row["cells"][0] for row in document["rows"]]
    return [item["metadata"]["name"] for item in document["items"]]


def refused(answer: Answer) -> tuple[int, str]:
    """Return the code and reason of a failure, a Status with a message."""
    code, reason, message = answer.failure
    assert message
    return code, reason
