"""What a platform issues to its workloads: a token, written into a file that is replaced before it expires."""

from __future__ import annotations

import time
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

import jwt

from .client_keys import client_key
from .hostile import json_reply, reply

if TYPE_CHECKING:
    from pathlib import Path

    from .hostile import Hostile, Talk

ACCOUNT = "system:serviceaccount:ci:deployer"


def issued(audience: str, *, subject: str = ACCOUNT, issuer: str = "", **claims: Any) -> str:
    """Return a token that the platform issues now, unlike any other; a claim that is None is left out.

    Args:
        issuer: By default the subject, as in an assertion that a client signs for itself (OpenID Connect Core 9).
    """
    now = int(time.time())
    said = {
        "iss": issuer or subject,
        "sub": subject,
        "aud": audience,
        "iat": now,
        "exp": now + 600,
        "jti": str(uuid.uuid4()),
        **claims,
    }
    said = {name: value for name, value in said.items() if value is not None}
    return jwt.encode(said, client_key("rsa"), "RS256", {"kid": "rsa key"})


def projected(path: Path, token: str) -> Path:
    """Write a token as the kubelet does, with a line end as people do, in one step; return where."""
    fresh = path.with_name(f"{path.name}.new")
    fresh.write_text(f"{token}\n", encoding="ascii")
    fresh.replace(path)
    return path


def github_actions(server: Hostile, *, subject: str, bearer: str = "MARKED-bearer") -> dict[str, str]:
    """Have a server be the token service of GitHub Actions, and return the variables of a job."""

    def script(talk: Talk) -> None:
        query = talk.asked.path.partition("?")[2].split("&audience=")
        if talk.asked.headers.get("authorization") != f"Bearer {bearer}" or query[0] != "api-version=2.0":
            reply(401)(talk)
        else:
            json_reply({"count": 1, "value": issued(unquote_plus(query[1]), subject=subject)})(talk)

    server.on("/idtoken", script)
    return {
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{server.url}/idtoken?api-version=2.0",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": bearer,
    }
