"""A token that the platform issues to this workload (RFC 7523): client authentication (§2.2), or a grant (§2.1).

Kubernetes, SPIRE and AKS workload identity write it into a file and replace it before it expires; GitHub Actions issues it on request.
So it is read at each use, and never stored, logged or shown. Its signature is for the provider to verify.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kubectl_oidc.errors import IdTokenError, OidcLoginError, UsageError
from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.secret import Secret
from kubectl_oidc.system.secret_file import read_secret_file
from kubectl_oidc.text import json_quoted, sanitize
from kubectl_oidc.times import utc

from .claims import time_claim
from .flags import PLATFORM_TOKEN_FILE
from .jws import unverified_claims

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from kubectl_oidc.system.deadline import Deadline
    from kubectl_oidc.system.log import Log

_FOR_API_SERVER = "for the cluster's own API server"
_TOPIC = "client-assertion-file"
_JWS = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+){2}")
_SKEW = 60  # seconds that the clocks of the platform and this machine may differ


_NOT_FOR_A_PROVIDER = {
    "sts.amazonaws.com": "for AWS",
    # What kube-apiserver accepts where its issuer is another URL, as on EKS.
    "https://kubernetes.default.svc": _FOR_API_SERVER,
    "https://kubernetes.default.svc.cluster.local": _FOR_API_SERVER,
}
"""Audiences that are no identity provider's, each with what its tokens are for. Whoever gets such a token could use it there."""


class PlatformToken(NamedTuple):
    """Where the token comes from: one of the two is set.

    Attributes:
        path: The file that holds it.
        github_audience: The audience of the token that GitHub Actions issues to this job.
    """

    path: Path | None = None
    github_audience: str = ""

    def check(self, now: float) -> None:
        """Check that there is a token, before anything is sent. Sends no request.

        Raises:
            OidcLoginError: As in `read`, as far as that is known without a request.
        """
        if self.path:
            _checked(_content(self.path), _named(self.path), now)
        else:
            from .github_actions import token_service

            token_service()

    def read(self, now: float, deadline: Deadline, log: Log) -> Secret:
        """Return the token as it is at ``now``, epoch seconds.

        Raises:
            UsageError: The file cannot be read, or holds no JWT, or one for AWS or a cluster; or this is not a job of GitHub Actions.
            OidcLoginError: The token has expired, or GitHub Actions issues none.
        """
        if self.path:
            return _checked(_content(self.path), _named(self.path), now)
        from .github_actions import request_token

        return _checked(
            request_token(self.github_audience, deadline, log), "the answer of GitHub Actions", now
        )

    def holder(self) -> str:
        """Return whom the token is issued to, for the identity of a session; empty if that cannot be read.

        GitHub Actions has one address for each job, so that its digest identifies the job.
        """
        try:
            if self.path is None:
                from kubectl_oidc.fast_path.credential import hexdigest

                from .github_actions import token_service

                return hexdigest(token_service().url.encode())
            claims = unverified_claims(Secret(_content(self.path).strip()))
        except OidcLoginError:
            return ""
        return f"{claims.get('iss')} {claims.get('sub')}"


def claims_in_words(token: Secret) -> str:
    """Return the claims that a provider compares with its settings, for a hint. They are not secret."""
    claims = unverified_claims(token)
    names = {"issuer": "iss", "subject": "sub", "audience": "aud"}
    return "the token has " + ", ".join(
        f"{name} {json_quoted(claims.get(claim), limit=120)}" for name, claim in names.items()
    )


def _named(path: Path) -> str:
    return f"{PLATFORM_TOKEN_FILE}: {sanitize(path)}"


def _content(path: Path) -> str:
    hint = "give the file into which the platform writes this workload's token"
    return read_secret_file(PLATFORM_TOKEN_FILE, path, hint=hint, topic=_TOPIC).decode("ascii", "replace")


def _checked(text: str, source: str, now: float) -> Secret:
    """Return the token if it is a signed JWT (RFC 7519) that has not expired and may be for a provider."""
    token = Secret(text.strip())
    claims = _claims(token) if _JWS.fullmatch(token.reveal()) else None
    if claims is None:
        raise UsageError(
            f"{source} holds no signed JWT" if token else f"{source} is empty",
            "use the file as the platform writes it: one JWT and nothing else",
            topic=_TOPIC,
        )
    _check_expiry(claims, source, now)
    _check_audience(claims, source)
    return token


def _claims(token: Secret) -> Mapping[str, object] | None:
    try:
        return unverified_claims(token)
    except IdTokenError:
        return None


def _check_expiry(claims: Mapping[str, object], source: str, now: float) -> None:
    try:
        expiry = time_claim(claims, "exp")
    except IdTokenError:
        return  # RFC 7523 §3 requires it, and the provider says so
    if expiry + _SKEW <= now:
        raise OidcLoginError(
            f"{source} holds a token that expired at {utc(expiry)}, but here it is {utc(now)}: it is not sent",
            "use the platform's own file, not an old copy, and check this machine's clock",
            topic=_TOPIC,
        )


def _check_audience(claims: Mapping[str, object], source: str) -> None:
    """Refuse a token that opens something else than the provider (RFC 7519 §4.1.3)."""
    aud = claims.get("aud")
    for audience in aud if isinstance(aud, list) else [aud]:
        if not isinstance(audience, str):
            continue
        use = _FOR_API_SERVER if audience == claims.get("iss") else _NOT_FOR_A_PROVIDER.get(audience)
        if use:
            raise UsageError(
                f"{source} holds a token {use} (aud is {json_quoted(audience, limit=120)}): it is not sent to a provider",
                "have the platform issue a token for the provider (in a pod: a projected volume with `audience: ISSUER_URL`)",
                topic=_TOPIC,
            )
