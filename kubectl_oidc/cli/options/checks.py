"""Checks of the value of one flag, for those flags whose kind does not check enough."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from kubectl_oidc.authentication.account import PROMPT_FLAG, PROMPTS
from kubectl_oidc.authentication.request import OUR_PARAMETERS
from kubectl_oidc.errors import UsageError
from kubectl_oidc.text import sanitize
from kubectl_oidc.urls import check_issuer

from .name_value import parse_name_values

if TYPE_CHECKING:
    from collections.abc import Sequence


def issuer(text: str) -> str:
    """Return the issuer URL, if it is one."""
    check_issuer(text)
    return text


def extra_params(given: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Return names and values, if none of the names is a parameter that belongs to the sign-in itself."""
    flag = "--oidc-auth-request-extra-params"
    params = parse_name_values(flag, given)
    for name, _ in params:
        if name in OUR_PARAMETERS:
            raise UsageError(
                f"{flag} cannot set {name}, which belongs to the sign-in itself",
                "leave it out; use --oidc-extra-scope for scopes, --oidc-redirect-url for the redirect URI",
            )
    return params


def authorities(given: Sequence[str]) -> tuple[bytes, ...]:
    """Return certificate authorities, base64 undone."""
    return tuple(_decode(text) for text in given if text)


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        raise UsageError(
            "--certificate-authority-data is not base64",
            "give the PEM file as base64 (base64 -w0 FILE), or use --certificate-authority",
        ) from None


def redirect_url(text: str) -> str:
    """Return the redirect URL: an http or https URL without fragment, or a ``urn:`` for a code that a person types."""
    if text.startswith("urn:"):
        return text  # the provider shows the code on its own page
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(text)
        good = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        good = False
    if not good or "#" in text:
        raise UsageError(
            f"--oidc-redirect-url {sanitize(text)} is not an http or https URL without fragment",
            "give the redirect URI exactly as the provider has it, such as http://localhost:8000",
        )
    return text


def install_hint(text: str) -> str:
    """Return what kubectl shows on a machine without the program; it has line breaks, and nothing that a terminal obeys."""
    if any(sanitize(f".{char}.", limit=10) != f".{char}." for char in set(text) - {"\n", " "}):
        raise UsageError(
            "--install-hint has characters that a terminal does not display",
            "write plain text; kubectl shows it to everyone who uses the kubeconfig",
        )
    return text


def page(text: str) -> str:
    """Return the URL of the page after the sign-in, if it is one."""
    if not text.startswith(("https://", "http://")):
        raise UsageError(
            f"--open-url-after-authentication {sanitize(text)} is not an http or https URL",
            "give a whole URL",
        )
    return text


def acr_values(text: str) -> str:
    """Return the classes of authentication, each once, with one space between (OpenID Connect Core 3.1.2.1)."""
    return " ".join(dict.fromkeys(text.split()))


def claims(text: str) -> str:
    """Return the request for claims, if it is one."""
    from kubectl_oidc.authentication.requested_claims import parse_claims

    return parse_claims(text)


def prompt(text: str) -> str:
    """Return the words of ``prompt``, each once (OpenID Connect Core 3.1.2.1)."""
    words = list(dict.fromkeys(text.split()))
    unknown = next((word for word in words if word not in PROMPTS), None)
    if unknown is not None:
        raise UsageError(
            f"{PROMPT_FLAG} does not accept {sanitize(unknown, limit=40)!r}",
            f"use one of {', '.join(PROMPTS)}, or several in quotes with a space between",
        )
    if "none" in words and len(words) > 1:
        raise UsageError(
            f"{PROMPT_FLAG}=none cannot be combined with other words (OpenID Connect Core 3.1.2.1)",
            "give only none, or leave it out",
        )
    return " ".join(words)
