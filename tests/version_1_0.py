"""A session as version 1.0.0 left it on disk: its id, its record, its index entry and what it remembered of a command.

Written down here, and not asked of the program: what it writes may change, what 1.0.0 wrote does not.
"""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_PLACES = ("HOME", "KUBECACHEDIR", "XDG_RUNTIME_DIR", "USERPROFILE")


def session_id(issuer: str, client_id: str, scopes: Sequence[str], cache_dir: str = "") -> str:
    """Return the id of a session of an authorization code.

    Args:
        issuer: The issuer.
        client_id: The client.
        scopes: The scopes.
        cache_dir: The absolute path of --token-cache-dir; empty for the default directory of whatever HOME.
    """
    canonical = [1, issuer, client_id, sorted(set(scopes)), "authcode", "", [], [], cache_dir, "", False]
    return hashlib.sha256(json.dumps(canonical).encode()).hexdigest()[:32]


def digest(content: bytes) -> str:
    """Return the digest of its small records."""
    return hashlib.blake2b(content, digest_size=16).hexdigest()


def record(values: Mapping[str, Any], session: str) -> bytes:
    """Return a session's record.

    Args:
        values: What a later version has written of the same tokens.
        session: The session's id.
    """
    names = [
        "version",
        "session",
        "generation",
        "issuer",
        "sub",
        "aud",
        "person",
        "id_token",
        "access_token",
        "refresh_token",
        "expiry",
        "signed_in_at",
    ]
    whole = {name: {**values, "session": session, "version": 1}[name] for name in names}

    def written() -> bytes:
        return json.dumps(whole, separators=(",", ":")).encode("ascii")

    whole["digest"] = digest(written())
    return written()


def entry(values: Mapping[str, Any], session: str) -> bytes:
    """Return a session's file in the index.

    Args:
        values: What a later version has written there.
        session: The session's id.
    """
    names = [
        "version",
        "session_id",
        "issuer",
        "client_id",
        "scopes",
        "name",
        "person",
        "storage",
        "credential",
    ]
    names += [
        "generation",
        "signed_in_at",
        "refreshed_at",
        "expiry",
        "renewable",
        "in_flight",
        "host",
        "former",
    ]
    known = {**values, "session_id": session, "version": 1}
    return json.dumps({name: known[name] for name in names}, indent=1).encode()


def words(arguments: Sequence[str], environ: Mapping[str, str]) -> str:
    """Return the name of the file that it kept of a command."""
    parts = [str(len(arguments)), *arguments, environ.get("KUBERNETES_EXEC_INFO", "-"), str(os.geteuid())]
    parts += [f"{name}={environ.get(name, '-')}" for name in _PLACES]
    parts += sorted(f"{name}={environ[name]}" for name in environ if name.startswith("KUBECTL_OIDC_"))
    return digest(b"\0".join(os.fsencode(part) for part in parts))


def remember(cache_dir: Path, session: str, arguments: Sequence[str], environ: Mapping[str, str]) -> None:
    """Have a command remembered that the session answers."""
    fields = (session, "client.authentication.k8s.io/v1", "disk", str(cache_dir), "10", "700", "auto")
    body = "\n".join((*fields, f"{environ['XDG_RUNTIME_DIR']}/kubectl-oidc/{session}.lock")).encode()
    _put(
        cache_dir / "words" / words(arguments, environ),
        b"kubectl-oidc words 2\n" + digest(body).encode() + b"\n" + body,
    )


def leave(cache_dir: Path, session: str) -> None:
    """Turn the one session of a cache directory into what version 1.0.0 would have left of it, on disk.

    Args:
        cache_dir: The cache directory.
        session: The id that it had.
    """
    (index,) = (cache_dir / "sessions").iterdir()
    (tokens,) = (cache_dir / "tokens").iterdir()
    known, kept = json.loads(index.read_bytes()), json.loads(tokens.read_bytes())
    for directory in ("sessions", "tokens", "words", "credentials", "handed", "metadata", "locks"):
        for path in (cache_dir / directory).glob("*"):
            path.unlink()
    _put(cache_dir / "sessions" / f"{session}.json", entry(known, session))
    _put(cache_dir / "tokens" / session, record(kept, session))


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(0o600)
