"""Request a token from GitHub Actions for the job that runs this process.

A job with the permission ``id-token: write`` has the address and a bearer token for it in two variables.
"""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kubectl_oidc.errors import InvalidProviderResponse, OidcLoginError, ProviderError, UsageError
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.http.json_body import parse_object
from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.secret import Secret
from kubectl_oidc.urls import is_loopback_url, shown_url, url_fault, with_parameters

if TYPE_CHECKING:
    from kubectl_oidc.system.deadline import Deadline
    from kubectl_oidc.system.log import Log

URL, TOKEN = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
SERVER = "GITHUB_SERVER_URL"
_DOMAIN = ".actions.githubusercontent.com"
_TOPIC = "client-assertion-file"
_PERMISSION = "give the job the permission `id-token: write` in its workflow"


class TokenService(NamedTuple):
    """The service that issues tokens to this job, and the bearer token that it expects."""

    url: str
    bearer: Secret


def token_service() -> TokenService:
    """Return the service that the job's variables name.

    Raises:
        UsageError: They name none, or one that must not get the bearer token.
    """
    url, bearer = os.environ.get(URL, ""), os.environ.get(TOKEN, "")
    if not url or not bearer:
        missing = TOKEN if url else URL
        raise UsageError(
            f"GitHub Actions issues no token to this process: {missing} is not set",
            f"{_PERMISSION}; elsewhere leave out --oidc-client-assertion-github-audience",
            topic=_TOPIC,
        )
    why = url_fault(url, http_allowed=True) or (
        None if _is_githubs(url) else "is not an address of GitHub Actions"
    )
    if why:
        raise UsageError(
            f"{URL} {why}",
            f"set neither {URL} nor {SERVER} in the exec section; GitHub Enterprise on macOS or Windows: `kubectl oidc-login exec -- kubectl get pods`",
            topic=_TOPIC,
        )
    return TokenService(url, Secret(bearer))


def _is_githubs(url: str) -> bool:
    """Return whether a URL is GitHub's, or of the domain of GitHub Enterprise, which the job's variables name; or this machine's.

    The request gets the bearer token, and a kubeconfig can set the variable of the URL.
    """
    host = urlsplit(url).hostname or ""
    try:
        server = urlsplit(_server_of_the_job()).hostname
    except ValueError:
        server = None
    domains = [_DOMAIN, *([f".{server}"] if server else [])]
    return f".{host}".endswith(tuple(domains)) or is_loopback_url(url)


def _server_of_the_job() -> str:
    """Return the value of ``GITHUB_SERVER_URL``; empty if the exec section may have set it.

    kubectl adds an exec section's variables to the plugin's environment, not to its own. Only Linux shows a process's own (``proc(5)``).
    """
    server = os.environ.get(SERVER, "")
    if "KUBERNETES_EXEC_INFO" not in os.environ:
        return server
    try:
        of_kubectl = Path(f"/proc/{os.getppid()}/environ").read_bytes().split(b"\0")
    except OSError:
        return ""
    return server if os.fsencode(f"{SERVER}={server}") in of_kubectl else ""


def request_token(audience: str, deadline: Deadline, log: Log) -> str:
    """Return a new token for this audience.

    The request uses neither the provider's authorities nor its headers.

    Raises:
        UsageError: This is not a job that may have one.
        OidcLoginError: GitHub Actions issues none.
    """
    service = token_service()
    headers = {"Authorization": f"Bearer {service.bearer.reveal()}", "Accept": "application/json"}
    what = f"the answer of GitHub Actions at {shown_url(service.url)}"
    try:
        with closing(HttpClient(log=log)) as http:
            url = with_parameters(service.url, [("audience", audience)])
            response = http.get(url, headers=headers, deadline=deadline, follow=False)
        if response.status != 200:  # noqa: PLR2004
            raise InvalidProviderResponse(f"{what} has status {response.status}", _PERMISSION)
        value = parse_object(response, what).get("value")
        if not isinstance(value, str):
            raise InvalidProviderResponse(f"{what} holds no token", _PERMISSION)
    except ProviderError as error:
        raise OidcLoginError(
            f"GitHub Actions issues no token to this job: {error.message}", _PERMISSION, topic=_TOPIC
        ) from error
    return value
