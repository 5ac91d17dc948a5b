"""Issuers of tokens for workloads (Kubernetes service accounts, CI jobs). No person can sign in there."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

_KUBERNETES = "a Kubernetes cluster issues the tokens of its service accounts there"
_WORKLOADS = (
    (
        re.compile(r"token\.actions\.(githubusercontent\.com|.+\.ghe\.com)"),
        "GitHub Actions issues the tokens of its jobs there",
    ),
    (re.compile(r"kubernetes\.default(\.svc(\..+)?)?"), _KUBERNETES),
    (re.compile(r"oidc\.eks\.[a-z0-9-]+\.amazonaws\.com(\.cn)?|oidc-eks\.[a-z0-9-]+\.api\.aws"), _KUBERNETES),
    (re.compile(r"container\.googleapis\.com|.+\.oic\..*azure\.(com|us|cn)"), _KUBERNETES),
    (
        re.compile(r"oidc\.circleci\.com|agent\.buildkite\.com|app\.terraform\.io|api\.bitbucket\.org"),
        "a build service issues the tokens of its jobs there",
    ),
)
WORKLOADS = "it issues tokens to workloads (Kubernetes service accounts, CI jobs, SPIRE), not to people"


def workload_issuer(issuer: str) -> str:
    """Return what the issuer issues if it only issues tokens to workloads; empty for any other issuer."""
    try:
        host = (urlsplit(issuer).hostname or "").lower()
    except ValueError:
        return ""
    return next((words for pattern, words in _WORKLOADS if pattern.fullmatch(host)), "")
