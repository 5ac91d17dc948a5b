"""A small Kubernetes API over TLS for a real kubectl: authenticates, authorizes and answers each request.

It accepts only ID tokens of the demo's provider: no anonymous requests, no client certificates.
"""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from flask import Flask, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from kubectl_oidc.demo.https_server import Listener

from . import discovery, errors, protobuf, resources, tables
from .errors import ApiError
from .rbac import reason_to_allow
from .request_path import Attributes, attributes
from .reviews import review
from .token_authenticator import TokenAuthenticator, User

if TYPE_CHECKING:
    from typing import Self

    from kubectl_oidc.demo.authority import Authority
    from kubectl_oidc.http.client import HttpClient

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
_BODY_LIMIT = 64 * 1024  # bytes; a self-subject review has a few hundred
_HEALTH = frozenset({"/healthz", "/livez", "/readyz"})


class KubernetesApi:
    """The API; a context manager that serves while it is entered."""

    def __init__(self, authority: Authority, *, issuer: str, client_id: str, http: HttpClient) -> None:
        self._authenticator = TokenAuthenticator(issuer, client_id, http)
        self._cluster = resources.Cluster()
        app = Flask(__name__, static_folder=None)
        app.config.update(MAX_CONTENT_LENGTH=_BODY_LIMIT)
        app.add_url_rule("/", view_func=self._answer, defaults={"path": ""}, methods=_METHODS)
        app.add_url_rule("/<path:path>", view_func=self._answer, methods=_METHODS)
        self._listener = Listener(app, authority.server_context())
        self.url = self._listener.origin

    def __enter__(self) -> Self:
        self._listener.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    def _answer(self, path: str) -> Response:
        """Authenticate, authorize, then answer, in this order, as an API server does."""
        try:
            user = self._authenticator.authenticate(request.headers.get("Authorization"))
            if user is None:
                raise errors.unauthorized()
            asked = attributes(request.method, f"/{path}", request.args)
            if not reason_to_allow(user, asked):
                raise errors.forbidden(user.name, asked)
            return self._non_resource(asked) if asked.path else self._resource(user, asked)
        except ApiError as error:
            return _json(error.status(), error.code)

    def _non_resource(self, asked: Attributes) -> Response:
        """Answer a request for a path without a resource: version, health, discovery."""
        if asked.verb != "get":
            raise errors.method_not_allowed()
        path = asked.path.rstrip("/")
        if path in _HEALTH:
            return Response("ok", mimetype="text/plain")
        if path == "/version":
            return _json(resources.VERSION)
        _accepted()
        document = discovery.document(path)
        if document is None:
            raise errors.no_such_resource()
        return _json(document)

    def _resource(self, user: User, asked: Attributes) -> Response:
        resource = resources.find(asked.group, asked.version, asked.resource)
        if resource is None or asked.subresource or not _path_fits(resource, asked):
            raise errors.no_such_resource()
        if asked.verb not in resource.verbs:
            raise errors.method_not_allowed()
        if asked.verb == "create":
            return _json(review(resource, user, _body(resource.kind)), 201)
        objects = self._cluster.objects(resource, asked.namespace)
        if asked.name:
            objects = [one for one in objects if one["metadata"]["name"] == asked.name]
            if not objects:
                raise errors.not_found(asked)
        else:
            objects = _selected(objects)
        if any(tables.TABLE.items() <= wanted.items() for wanted in _accepted()):
            include = request.args.get("includeObject") or "Metadata"
            return _json(tables.table(resource, objects, include=include, now=time.time()))
        return _json(objects[0] if asked.name else tables.object_list(resource, objects))


def _path_fits(resource: resources.Resource, asked: Attributes) -> bool:
    """Return whether the path fits the resource: only objects in namespaces are named after a namespace."""
    if resource.namespaced:
        return bool(asked.namespace) or not asked.name
    return asked.namespace == (asked.name if resource.kind == "Namespace" else "")


def _json(document: object, code: int = 200) -> Response:
    return Response(json.dumps(document) + "\n", status=code, content_type="application/json")


def _accepted() -> list[dict[str, str]]:
    """Return the parameters of each kind of JSON in ``Accept``, in its order."""
    accepted: list[dict[str, str]] = []
    for choice in (request.headers.get("Accept") or "*/*").split(","):
        kind, *parameters = (word.strip() for word in choice.split(";"))
        if kind in {"application/json", "application/*", "*/*"}:
            accepted.append(dict(word.split("=", 1) for word in parameters if "=" in word))
    if not accepted:
        raise ApiError(406, "NotAcceptable", "only the following media types are accepted: application/json")
    return accepted


def _selected(objects: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the objects that match the request's selectors (``-l app=web``, ``--field-selector metadata.name=…``)."""
    fields = {
        "metadata.name": lambda one: one["metadata"]["name"],
        "metadata.namespace": lambda one: one["metadata"].get("namespace", ""),
        "status.phase": lambda one: one.get("status", {}).get("phase", ""),
    }
    for term in _terms("labelSelector"):
        name, value = _equality(term)
        objects = [one for one in objects if one["metadata"].get("labels", {}).get(name) == value]
    for term in _terms("fieldSelector"):
        name, value = _equality(term)
        if name not in fields:
            raise errors.bad_request(f"field label not supported: {name}")
        objects = [one for one in objects if fields[name](one) == value]
    return objects


def _terms(parameter: str) -> list[str]:
    return [term.strip() for term in request.args.get(parameter, "").split(",") if term.strip()]


def _equality(term: str) -> tuple[str, str]:
    name, equals, value = term.partition("=")
    if not equals or name.endswith("!"):
        raise errors.bad_request(f"the demo's API knows selectors of the form name=value only, not {term}")
    return name.strip(), value.removeprefix("=").strip()


def _body(kind: str) -> dict[str, Any]:
    """Return the request's object, JSON or protobuf."""
    if request.mimetype not in {"", "application/json", protobuf.MEDIA_TYPE}:
        raise ApiError(  # newer clients then send JSON instead of protobuf
            415,
            "UnsupportedMediaType",
            "the body of the request was in an unknown format - accepted media types include: application/json",
        )
    try:
        if request.mimetype == protobuf.MEDIA_TYPE:
            return protobuf.review(request.get_data(), kind)
        body = json.loads(request.get_data())
    except RequestEntityTooLarge:
        message = f"Request entity too large: limit is {_BODY_LIMIT}"
        raise ApiError(413, "RequestEntityTooLarge", message) from None
    except (ValueError, RecursionError):
        raise errors.bad_request("the object provided is unrecognized") from None
    if not isinstance(body, dict):
        raise errors.bad_request("the object provided is unrecognized")
    return body
