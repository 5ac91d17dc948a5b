"""The parameter ``claims`` of the authorization request (OpenID Connect Core 5.5): parse it, and check what the ID token says.

Only essential claims of the ID token are checked. Claims of the UserInfo response are requested too, but this program never asks for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kubectl_oidc.errors import IdTokenError, UsageError
from kubectl_oidc.text import json_quoted, sanitize

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FLAG = "--claims"

_LIMIT = 4096
"""The most characters: the request is an address that a browser opens."""


def parse_claims(text: str) -> str:
    """Return the JSON text of a request for claims in one form, so that equal requests are one session.

    Raises:
        UsageError: It is not a request for claims.
    """
    import json

    from kubectl_oidc.http.json_body import parse_strictly

    if len(text) > _LIMIT:
        raise _malformed(f"has {len(text)} characters, more than {_LIMIT}")
    try:
        document = parse_strictly(text)
    except (ValueError, RecursionError):
        raise _malformed("is not JSON, or names a member twice") from None
    if not isinstance(document, dict) or not document:
        raise _malformed("is not a JSON object with members")
    for part, claims in document.items():
        if part not in {"id_token", "userinfo"}:
            raise _malformed(
                f"has the member {sanitize(json_quoted(part), limit=60)}, which is neither id_token nor userinfo"
            )
        if not isinstance(claims, dict):
            raise _malformed(f"has {part}, which is not a JSON object")
        for name, wanted in claims.items():
            if not _is_request(wanted):
                raise _malformed(
                    f"asks for {sanitize(json_quoted(name), limit=60)} with something else than null, essential, value and values"
                )
    try:
        request = json.dumps(
            document, separators=(",", ":"), sort_keys=True, ensure_ascii=False, allow_nan=False
        )
        request.encode()  # half a surrogate pair cannot be sent
    except (ValueError, RecursionError):
        raise _malformed("has a value that cannot be sent") from None
    return request


def _is_request(wanted: Any) -> bool:
    """Return whether this asks for one claim (Core 5.5.1). Other members are for the provider."""
    if wanted is None:
        return True
    if not isinstance(wanted, dict):
        return False
    values = wanted.get("values", [None])
    return isinstance(wanted.get("essential", False), bool) and isinstance(values, list) and bool(values)


def check_essential(requested: str, claims: Mapping[str, object], *, refreshed: bool) -> None:
    """Check the essential claims of a request, which `parse_claims` returned; empty for none.

    Args:
        claims: The claims of the ID token, validated.
        refreshed: Whether a refresh brought it. It may then omit a claim, but not contradict the request (Core 12.2).

    Raises:
        IdTokenError: One is missing, or has none of the values. The error names what was asked for and what came.
    """
    for name, values in _essential(requested):
        value = claims.get(name)
        if (value is None and refreshed) or (value is not None and (not values or _is_one_of(value, values))):
            continue
        shown = sanitize(name, limit=60)
        asked = f"{FLAG} asks for {_listed(values)}" if values else f"{FLAG} calls it essential"
        came = (
            f"the sign-in has no claim {shown}"
            if value is None
            else f"the sign-in has {shown} {json_quoted(value, limit=120)}"
        )
        raise IdTokenError(
            f"{came}, and {asked}",
            "sign in that way, for example with a second factor (`--prompt=login`); if it does not help, the provider does not offer it here. This sign-in stored nothing",
            topic="step-up",
        )


def has_essential(requested: str) -> bool:
    """Return whether the request has essential claims of the ID token."""
    return any(True for _ in _essential(requested))


def _essential(requested: str) -> Iterator[tuple[str, list[object]]]:
    """Yield each essential claim of the ID token, and its possible values; none for any value."""
    import json

    document = json.loads(requested) if requested else {}
    for name, wanted in document.get("id_token", {}).items():
        if wanted and wanted.get("essential"):
            yield name, [wanted["value"]] if "value" in wanted else wanted.get("values", [])


def _is_one_of(value: object, values: list[object]) -> bool:
    """Return whether a claim has one of the values. Of a list, such as amr, one item is enough."""
    return value in values or (isinstance(value, list) and any(item in values for item in value))


def _listed(values: list[object]) -> str:
    return " or ".join(json_quoted(value, limit=60) for value in values[:5])


def _malformed(why: str) -> UsageError:
    return UsageError(
        f"{FLAG} {why}",
        f"""give a JSON object (OpenID Connect Core 5.5), such as {FLAG}='{{"id_token":{{"acr":{{"essential":true,"values":["phr"]}}}}}}'""",
    )
