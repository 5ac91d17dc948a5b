"""Questions about oneself, put to the Kubernetes API with the bearer token that kubectl would send."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import quote, urlencode

from kubectl_oidc.errors import (
    ClusterForbidden,
    ClusterMisbehaves,
    ClusterNotFound,
    ClusterUnauthorized,
    ClusterUnreachable,
    InvalidProviderResponse,
    KubeconfigError,
    ProviderUnreachable,
    UsageError,
)
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.http.json_body import parse_object
from kubectl_oidc.http.tls import NO_NAMES_HINT
from kubectl_oidc.text import sanitize
from kubectl_oidc.urls import shown

from . import responses

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

    from kubectl_oidc.http.exchange import Response
    from kubectl_oidc.secret import Secret
    from kubectl_oidc.system.deadline import Deadline
    from kubectl_oidc.system.log import Log

    from .cluster_entry import Cluster
    from .responses import Access, Identity, RoleBinding, Rule, Rules

_AUTHENTICATION = "/apis/authentication.k8s.io"
_AUTHORIZATION = "/apis/authorization.k8s.io/v1"
_RBAC = "/apis/rbac.authorization.k8s.io/v1"
_REVIEW_VERSIONS = ("v1", "v1beta1")  # Kubernetes 1.28, 1.27
_PAGE = 200
"""Bindings in one answer: a body is read to a megabyte, and one binding has about a kilobyte."""


class ClusterClient:
    """Ask one API server as one person; a context manager that closes its connections.

    Args:
        cluster: Where and how.
        token: The bearer token.
        log: Where -v 4 shows the requests.
        request_timeout: The longest time for one request, in seconds.
    """

    def __init__(self, cluster: Cluster, token: Secret, *, log: Log, request_timeout: float = 8.0) -> None:
        self._cluster = cluster
        self._token = token
        self._headers: Mapping[str, str] = {}
        self._http = HttpClient(
            tls=cluster.tls, proxy=cluster.proxy, log=log, request_timeout=request_timeout, pauses=()
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def headers(self) -> Mapping[str, str]:
        """The header fields of the last answer, names in lower case; empty before the first."""
        return self._headers

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def who_am_i(self, deadline: Deadline) -> Identity:
        """Return who the API server says we are (SelfSubjectReview, Kubernetes 1.27 and later).

        Args:
            deadline: When the answer must be there.

        Raises:
            ClusterUnauthorized: It does not accept the token.
            ClusterForbidden: It lets nobody ask.
            ClusterNotFound: It is too old to know the question.
            ClusterUnreachable: No whole answer came.
            ClusterMisbehaves: What answers there is no Kubernetes API.
            KubeconfigError: The cluster entry's authority or proxy cannot be used.
        """
        for version in _REVIEW_VERSIONS[:-1]:
            try:
                return self._who_am_i(version, deadline)
            except ClusterNotFound:
                continue
        return self._who_am_i(_REVIEW_VERSIONS[-1], deadline)

    def _who_am_i(self, version: str, deadline: Deadline) -> Identity:
        url = f"{_AUTHENTICATION}/{version}/selfsubjectreviews"
        review = {"apiVersion": f"authentication.k8s.io/{version}", "kind": "SelfSubjectReview"}
        return responses.identity(self._post(url, review, deadline))

    def may(
        self, verb: str, resource: str, deadline: Deadline, *, group: str = "", namespace: str = ""
    ) -> Access:
        """Return whether we may do something (SelfSubjectAccessReview).

        Args:
            verb: Such as ``list``.
            resource: Such as ``pods``.
            deadline: When the answer must be there.
            group: The API group; empty for the core group.
            namespace: Where; empty for everywhere.

        Raises:
            ClusterError: As in ``who_am_i``.
            KubeconfigError: As in ``who_am_i``.
        """
        asked = {"verb": verb, "resource": resource, "group": group, "namespace": namespace}
        spec = {"resourceAttributes": {name: value for name, value in asked.items() if value}}
        return responses.access(self._review("SelfSubjectAccessReview", spec, deadline))

    def rules(self, namespace: str, deadline: Deadline) -> Rules:
        """Return what we may do in a namespace (SelfSubjectRulesReview).

        Args:
            namespace: The namespace.
            deadline: When the answer must be there.

        Raises:
            ClusterError: As in ``who_am_i``.
            KubeconfigError: As in ``who_am_i``.
        """
        return responses.rules(self._review("SelfSubjectRulesReview", {"namespace": namespace}, deadline))

    def cluster_role_bindings(self, deadline: Deadline) -> list[RoleBinding]:
        """Return every ClusterRoleBinding; mostly only administrators may read them.

        Args:
            deadline: When they must be there.

        Raises:
            ClusterError: As in ``who_am_i``.
            KubeconfigError: As in ``who_am_i``.
        """
        return self._bindings(f"{_RBAC}/clusterrolebindings", deadline)

    def role_bindings(self, namespace: str, deadline: Deadline) -> list[RoleBinding]:
        """Return every RoleBinding of a namespace.

        Args:
            namespace: The namespace.
            deadline: When they must be there.

        Raises:
            ClusterError: As in ``who_am_i``.
            KubeconfigError: As in ``who_am_i``.
        """
        return self._bindings(f"{_RBAC}/namespaces/{namespace}/rolebindings", deadline)

    def all_role_bindings(self, deadline: Deadline) -> list[RoleBinding]:
        """Return every RoleBinding of every namespace.

        Args:
            deadline: When they must be there.

        Raises:
            ClusterError: As in ``who_am_i``.
            KubeconfigError: As in ``who_am_i``.
        """
        return self._bindings(f"{_RBAC}/rolebindings", deadline)

    def role_rules(self, binding: RoleBinding, deadline: Deadline) -> tuple[Rule, ...]:
        """Return what the role of a binding allows.

        Args:
            binding: The binding.
            deadline: When the answer must be there.

        Raises:
            ClusterNotFound: There is no such role.
            ClusterError: As in ``who_am_i``.
            KubeconfigError: As in ``who_am_i``.
        """
        of_a_namespace = f"/namespaces/{quote(binding.namespace, safe='')}/roles"
        place = of_a_namespace if binding.role_kind == "Role" else "/clusterroles"
        return responses.role_rules(self._get(f"{_RBAC}{place}/{quote(binding.role, safe=':')}", deadline))

    def _bindings(self, path: str, deadline: Deadline) -> list[RoleBinding]:
        found: list[RoleBinding] = []
        query = {"limit": str(_PAGE)}
        while True:  # the deadline ends it, whatever the server says
            page, further = responses.bindings(self._get(f"{path}?{urlencode(query)}", deadline))
            found += page
            if not further:
                return found
            query["continue"] = further

    def _review(self, kind: str, spec: Mapping[str, object], deadline: Deadline) -> Mapping[str, object]:
        review = {"apiVersion": "authorization.k8s.io/v1", "kind": kind, "spec": spec}
        return self._post(f"{_AUTHORIZATION}/{kind.lower()}s", review, deadline)

    def _post(self, path: str, document: Mapping[str, object], deadline: Deadline) -> Mapping[str, object]:
        return self._ask(path, deadline, json.dumps(document).encode("ascii"))

    def _get(self, path: str, deadline: Deadline) -> Mapping[str, object]:
        return self._ask(path, deadline)

    def _ask(self, path: str, deadline: Deadline, body: bytes | None = None) -> Mapping[str, object]:
        url = self._cluster.server + path
        headers = {"Authorization": f"Bearer {self._token.reveal()}"}
        try:
            if body is None:
                response = self._http.get(url, headers=headers, deadline=deadline)
            else:
                response = self._http.post_json(url, body, headers=headers, deadline=deadline)
            self._headers = response.headers
            document = _document(response, url)
        except ProviderUnreachable as error:
            raise self._unreachable(error) from error
        except InvalidProviderResponse as error:
            raise ClusterMisbehaves(error.message, self._look_at_the_server()) from error
        except UsageError as error:
            raise self._unusable(error) from error
        if response.status not in {200, 201}:
            self._refused(response.status, document, url)
        return document

    def _unreachable(self, error: ProviderUnreachable) -> ClusterUnreachable:
        hints = {
            "tls": NO_NAMES_HINT
            if error.hint == NO_NAMES_HINT
            else "compare certificate-authority-data, tls-server-name and server of "
            f"{self._cluster.where()} with those that its administrator gives out",
            "proxy": f"check proxy-url of {self._cluster.where()}"
            if self._cluster.proxy
            else "check HTTPS_PROXY, or name the API server's host in NO_PROXY",
        }
        hint = hints.get(
            error.topic,
            f"check the network (VPN, proxy) and the server of {self._cluster.where()}: kubectl cannot reach it either",
        )
        return ClusterUnreachable(error.message, hint)

    def _unusable(self, error: UsageError) -> KubeconfigError | UsageError:
        """Return the error for a cluster entry whose authority or proxy the TLS or HTTP library does not take."""
        if error.topic == "tls":
            what = "has a certificate authority that holds no certificate that can be read"
        elif error.topic == "proxy" and self._cluster.proxy:
            what = "has a proxy-url that cannot be used"
        else:
            return error
        return KubeconfigError(
            f"{self._cluster.where()} {what}",
            "correct the entry (`kubectl config set-cluster`), or get the kubeconfig anew from who runs the cluster",
            topic="cluster-entry",
        )

    def _look_at_the_server(self) -> str:
        return f"check the server of {self._cluster.where()}, and what stands between it and you"

    def _refused(self, status: int, document: Mapping[str, object], url: str) -> NoReturn:
        said = sanitize(document.get("message") or "no reason given", limit=300)
        server = shown(self._cluster.server)
        if document.get("kind") != "Status" and status < 500:  # noqa: PLR2004 - RFC 9110 §15.6
            raise ClusterMisbehaves(
                f"{shown(url)} answers {status}, and not as a Kubernetes API does", self._look_at_the_server()
            )
        match status:
            case 401:
                raise ClusterUnauthorized(
                    f"the API server {server} does not accept the token (401 Unauthorized)",
                    "`kubectl oidc-login doctor` says what it may not like about it",
                )
            case 403:
                raise ClusterForbidden(
                    f"the API server {server} knows you and does not allow it (403): {said}",
                    "`kubectl oidc-login doctor` shows your groups, and those that role bindings name",
                )
            case 404:
                raise ClusterNotFound(
                    f"the API server has no {shown(url)}",
                    "it may be older than Kubernetes 1.27, which cannot tell people who they are: ask its administrator",
                )
            case _ if status == 429 or status >= 500:  # noqa: PLR2004 - RFC 6585 §4, RFC 9110 §15.6
                raise ClusterUnreachable(
                    f"the API server {server} answers {status}: {said}",
                    "it is not able to answer now: try again",
                )
        raise ClusterMisbehaves(f"{shown(url)} answers {status}: {said}", self._look_at_the_server())


def _document(response: Response, url: str) -> Mapping[str, object]:
    """Return the object that was answered; with a failure, what is none counts as an empty one.

    Raises:
        InvalidProviderResponse: A success holds no JSON object.
    """
    try:
        return parse_object(response, f"the answer of {shown(url)}")
    except InvalidProviderResponse:
        if response.status in {200, 201}:
            raise
        return {}
