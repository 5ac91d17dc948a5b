"""Failures as kube-apiserver sends them: ``meta/v1`` Status objects with its messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .request_path import Attributes


class ApiError(Exception):
    """A failure that the API answers with."""

    def __init__(self, code: int, reason: str, message: str, details: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details

    def status(self) -> dict[str, Any]:
        """Return the Status object."""
        document = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": self.message,
            "reason": self.reason,
            "code": self.code,
        }
        if self.details is not None:
            document["details"] = self.details
        return document


def unauthorized() -> ApiError:
    """Return the answer to a request without a valid token."""
    return ApiError(401, "Unauthorized", "Unauthorized")


def forbidden(user: str, asked: Attributes) -> ApiError:
    """Return the answer to a request that is not allowed for the user."""
    if asked.path:
        return ApiError(
            403, "Forbidden", f'forbidden: User "{user}" cannot {asked.verb} path "{asked.path}"', {}
        )
    what = f'{asked.group_resource} "{asked.name}"' if asked.name else asked.group_resource
    where = f'in the namespace "{asked.namespace}"' if asked.namespace else "at the cluster scope"
    message = (
        f'{what} is forbidden: User "{user}" cannot {asked.verb} resource "{asked.full_resource}" '
        f'in API group "{asked.group}" {where}'
    )
    return ApiError(403, "Forbidden", message, _details(asked))


def not_found(asked: Attributes) -> ApiError:
    """Return the answer for an object that does not exist."""
    return ApiError(404, "NotFound", f'{asked.group_resource} "{asked.name}" not found', _details(asked))


def no_such_resource() -> ApiError:
    """Return the answer for a path that this API does not have."""
    return ApiError(404, "NotFound", "the server could not find the requested resource", {})


def method_not_allowed() -> ApiError:
    """Return the answer for a verb that the resource does not have: the demo's cluster cannot be changed."""
    return ApiError(
        405, "MethodNotAllowed", "the server does not allow this method on the requested resource", {}
    )


def bad_request(message: str) -> ApiError:
    """Return the answer to a request that cannot be parsed."""
    return ApiError(400, "BadRequest", message)


def _details(asked: Attributes) -> dict[str, Any]:
    named = {"name": asked.name} if asked.name else {}
    group = {"group": asked.group} if asked.group else {}
    return {**named, **group, "kind": asked.resource}
