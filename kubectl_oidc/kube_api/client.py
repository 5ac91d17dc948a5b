"""Ask an API server, with the bearer token that kubectl would send: who am I, and what may I do?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

from kubectl_oidc.errors import ClusterNotFound, InvalidProviderResponse, ProviderUnreachable, UsageError
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.http.json_body import parse_object
from kubectl_oidc.urls import shown_url

from . import responses
from .failures import not_kubernetes, raise_for_status, unreachable, unusable

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Self

    from kubectl_oidc.http.exchange import Response
    from kubectl_oidc.secret import Secret
    from kubectl_oidc.system.deadline import Deadline
    from kubectl_oidc.system.log import Log

    from .cluster_entry import ClusterEntry
    from .responses import Access, Identity, RoleBinding, Rule, Rules

_AUTHENTICATION = "/apis/authentication.k8s.io"
_AUTHORIZATION = "/apis/authorization.k8s.io/v1"
_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_PAGE = 200
"""Bindings in one answer. A body may have a megabyte, and a binding has about a kilobyte."""


class ClusterClient:
    """Ask one API server as one user. A context manager that closes the connections.

    Every method raises ClusterError (see `who_am_i`) if there is no valid answer before the deadline, and KubeconfigError if the
    cluster entry's authority or proxy cannot be used.

    Args:
        request_timeout: The longest time for one request, in seconds.

    Attributes:
        headers: The header fields of the last answer, names in lower case; empty before the first.
    """

    def __init__(
        self, cluster: ClusterEntry, token: Secret, *, log: Log, request_timeout: float = 8.0
    ) -> None:
        self._cluster = cluster
        self._token = token
        self.headers: Mapping[str, str] = {}
        self._http = HttpClient(
            tls=cluster.tls, proxy=cluster.proxy, log=log, request_timeout=request_timeout, pauses=()
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def who_am_i(self, deadline: Deadline) -> Identity:
        """Return the user as the API server sees it (SelfSubjectReview, Kubernetes 1.27 and later).

        Raises:
            ClusterUnauthorized: It does not accept the token.
            ClusterForbidden: Nobody may send this request.
            ClusterNotFound: It is older than Kubernetes 1.27.
            ClusterUnreachable: No complete answer came.
            ClusterMisbehaves: It is not a Kubernetes API.
        """
        try:
            return self._who_am_i("v1", deadline)
        except ClusterNotFound:  # Kubernetes 1.27
            pass
        try:
            return self._who_am_i("v1beta1", deadline)
        except ClusterNotFound as error:
            error.hint += ": Kubernetes before 1.27 cannot tell who you are"
            raise

    def _who_am_i(self, version: str, deadline: Deadline) -> Identity:
        url = f"{_AUTHENTICATION}/{version}/selfsubjectreviews"
        review = {"apiVersion": f"authentication.k8s.io/{version}", "kind": "SelfSubjectReview"}
        return responses.identity(self._post(url, review, deadline))

    def may(
        self, verb: str, resource: str, deadline: Deadline, *, group: str = "", namespace: str = ""
    ) -> Access:
        """Return whether the user may do something (SelfSubjectAccessReview).

        Args:
            group: The API group; empty for the core group.
            namespace: The namespace; empty for all.
        """
        asked = {"verb": verb, "resource": resource, "group": group, "namespace": namespace}
        spec = {"resourceAttributes": {name: value for name, value in asked.items() if value}}
        return responses.access(self._review("SelfSubjectAccessReview", spec, deadline))

    def rules(self, namespace: str, deadline: Deadline) -> Rules:
        """Return what the user may do in a namespace (SelfSubjectRulesReview)."""
        return responses.rules(self._review("SelfSubjectRulesReview", {"namespace": namespace}, deadline))

    def cluster_role_bindings(self, deadline: Deadline) -> list[RoleBinding]:
        """Return all ClusterRoleBindings. Usually only administrators may read them."""
        return self._bindings(f"{_RBAC}/clusterrolebindings", deadline)

    def role_bindings(self, namespace: str, deadline: Deadline) -> list[RoleBinding]:
        """Return all RoleBindings of a namespace."""
        return self._bindings(f"{_RBAC}/namespaces/{namespace}/rolebindings", deadline)

    def all_role_bindings(self, deadline: Deadline) -> list[RoleBinding]:
        """Return all RoleBindings of all namespaces."""
        return self._bindings(f"{_RBAC}/rolebindings", deadline)

    def role_rules(self, binding: RoleBinding, deadline: Deadline) -> tuple[Rule, ...]:
        """Return what the role of a binding allows.

        Raises:
            ClusterNotFound: The role does not exist.
        """
        of_a_namespace = f"/namespaces/{quote(binding.namespace, safe='')}/roles"
        place = of_a_namespace if binding.role_kind == "Role" else "/clusterroles"
        return responses.role_rules(
            self._request(f"{_RBAC}{place}/{quote(binding.role, safe=':')}", deadline)
        )

    def _bindings(self, path: str, deadline: Deadline) -> list[RoleBinding]:
        found: list[RoleBinding] = []
        query = {"limit": str(_PAGE)}
        while True:  # at the deadline a request raises
            page, next_page = responses.bindings(self._request(f"{path}?{urlencode(query)}", deadline))
            found += page
            if not next_page:
                return found
            query["continue"] = next_page

    def _review(self, kind: str, spec: Mapping[str, object], deadline: Deadline) -> Mapping[str, object]:
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}
        return self._post(f"{_AUTHORIZATION}/{kind.lower()}s", review, deadline)

    def _post(self, path: str, document: Mapping[str, object], deadline: Deadline) -> Mapping[str, object]:
        return self._request(path, deadline, json.dumps(document).encode("ascii"))

    def _request(self, path: str, deadline: Deadline, body: bytes | None = None) -> Mapping[str, object]:
        url = self._cluster.server + path
        headers = {"Authorization": f"Bearer {self._token.reveal()}"}
        try:
            if body is None:
                response = self._http.get(url, headers=headers, deadline=deadline)
            else:
                response = self._http.post_json(url, body, headers=headers, deadline=deadline)
            self.headers = response.headers
            document = _document(response, url)
        except ProviderUnreachable as error:
            raise unreachable(error, self._cluster) from error
        except InvalidProviderResponse as error:
            raise not_kubernetes(error.message, self._cluster) from error
        except UsageError as error:
            raise unusable(error, self._cluster) from error
        if response.status not in {200, 201}:
            raise_for_status(response.status, document, url, self._cluster)
        return document


def _document(response: Response, url: str) -> Mapping[str, object]:
    """Return the JSON object of an answer. An error answer without one counts as empty.

    Raises:
        InvalidProviderResponse: A successful answer has no JSON object.
    """
    try:
        return parse_object(response, f"the answer of {shown_url(url)}")
    except InvalidProviderResponse:
        if response.status in {200, 201}:
            raise
        return {}
