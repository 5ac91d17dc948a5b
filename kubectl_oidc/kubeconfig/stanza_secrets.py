"""Hide secrets in what is shown of an exec section: in arguments, headers, parameters, variables and URLs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

# Flags that people or other programs write into a kubeconfig, and whose values must not be shown.
_SECRET_FLAGS = ("--oidc-client-secret", "--password")
HEADER_FLAG = "--oidc-request-header"
_SECRET_HEADER = re.compile(r"auth|cookie|credential|key|pass|secret|signature|token", re.IGNORECASE)
_SECRET_PAIR = re.compile(
    r"([^=,\s]*(?:assertion|credential|pass|secret|token)[^=,\s]*)=[^,\s]+", re.IGNORECASE
)
_SECRET_VARIABLE = re.compile(r"auth|credential|key|pass|secret|token", re.IGNORECASE)
_USERINFO = re.compile(r"://[^/@\s]+@")


def is_secret_header(name: str) -> bool:
    """Return whether the value of a request header is a secret, judged by its name."""
    return bool(_SECRET_HEADER.search(name))


def redacted(args: Sequence[str]) -> list[str]:
    """Return arguments (``--flag=value``, or ``--flag`` and ``value``) with ``***`` instead of each secret."""
    shown: list[str] = []
    flag = ""
    for word in args:
        if flag:  # the value of the flag before
            shown.append(_hidden_value(flag, word))
            flag = ""
            continue
        name, equals, value = word.partition("=")
        if name in (*_SECRET_FLAGS, HEADER_FLAG):
            flag = "" if equals else name
            shown.append(f"{name}={_hidden_value(name, value)}" if equals else word)
        else:
            shown.append(word)
    return shown


def _hidden_value(flag: str, value: str) -> str:
    if flag != HEADER_FLAG:
        return "***"
    name, _, _ = value.partition("=")
    return f"{name}=***" if is_secret_header(name) else value


def redacted_pairs(word: str) -> str:
    """Return an argument with the secrets in its name-value pairs hidden, such as in --oidc-auth-request-extra-params."""
    flag, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
    return flag + equals + _SECRET_PAIR.sub(r"\1=***", value)


def redacted_userinfo(text: str) -> str:
    """Return a text with the user name and password of each URL hidden."""
    return _USERINFO.sub("://***@", text)


def redacted_variable(variable: object) -> object:
    """Return an item of ``env``, with its value hidden if its name is that of a secret."""
    if isinstance(variable, dict) and _SECRET_VARIABLE.search(str(variable.get("name", ""))):
        return {**variable, "value": "***"}
    return variable
