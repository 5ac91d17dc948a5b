"""Read a kubeconfig user with ``auth-provider: oidc`` (client-go's own plugin), and set its tokens in the file's text.

Its configuration names the provider and holds the tokens. Every other byte of the file stays.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.secret import Secret
from kubectl_oidc.text import sanitize

from .edit_text import NotEditable, set_key
from .parse import parse_kubeconfig
from .read import auth_provider_config
from .select import select_user
from .yaml_tree import Node, parse_tree

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from .read import Kubeconfig

TOKENS = ("id-token", "refresh-token")
_SECRETS = (*TOKENS, "client-secret")


@dataclass(frozen=True, slots=True)
class AuthProviderUser:
    """A user with ``auth-provider: oidc``.

    Args:
        path: The file that defines it; paths in it are relative to its directory.
        config: Its configuration without the tokens and the client secret.
        secrets: The tokens and the client secret.
    """

    name: str
    path: Path
    config: Mapping[str, str]
    secrets: Mapping[str, Secret] = field(repr=False)

    @property
    def id_token(self) -> Secret | None:
        """The ID token that kubectl sends, if there is one."""
        return self.secrets.get("id-token")

    @property
    def refresh_token(self) -> Secret | None:
        """The refresh token, if there is one."""
        return self.secrets.get("refresh-token")


def find_auth_provider_user(
    kubeconfig: Kubeconfig, *, context: str | None, user: str | None
) -> AuthProviderUser | None:
    """Return the user of `select_user`, whose arguments these are; None if it does not use ``auth-provider: oidc``.

    Raises:
        KubeconfigError: There is no such context or user.
    """
    entry = select_user(kubeconfig, context=context, user=user).user
    config = auth_provider_config(entry.value) if entry else None
    if entry is None or config is None:
        return None
    texts = {str(key): str(value) for key, value in config.items() if value}
    return AuthProviderUser(
        entry.name,
        entry.path,
        {key: value for key, value in texts.items() if key not in _SECRETS},
        {key: Secret(texts[key]) for key in _SECRETS if key in texts},
    )


def with_tokens(text: str, user: AuthProviderUser, tokens: Mapping[str, Secret]) -> str:
    """Return a kubeconfig's text with the user's tokens set: those of `TOKENS` that are given.

    Raises:
        KubeconfigError: They cannot be set without changing other things.
    """
    where = sanitize(user.path)
    try:
        wanted = _unshared(parse_kubeconfig(text, where))
        _config(wanted, user.name).update({key: token.reveal() for key, token in tokens.items()})
        bom = "\ufeff" if text.startswith("\ufeff") else ""
        edited = text.removeprefix("\ufeff")
        for key, token in tokens.items():
            edited = _with_key(edited, user.name, key, token.reveal())
        if parse_kubeconfig(edited, where) == wanted:
            return bom + edited
    except (NotEditable, KubeconfigError, LookupError, TypeError, ValueError, RecursionError):
        pass
    raise KubeconfigError(
        f"the tokens of user {sanitize(user.name)!r} cannot be set in {where} without touching other parts of the file",
        "write its users without anchors and aliases, or use `kubectl oidc-login setup`. The file has not changed",
    )


def _unshared(value: Any) -> Any:
    """Return a copy without shared objects, which YAML aliases make."""
    if isinstance(value, dict):
        return {key: _unshared(item) for key, item in value.items()}
    return [_unshared(item) for item in value] if isinstance(value, list) else value


def _config(data: dict[str, Any], name: str) -> dict[str, str]:
    (config,) = [
        item["user"]["auth-provider"]["config"] for item in data["users"] if item.get("name") == name
    ]
    if not isinstance(config, dict):
        raise NotEditable
    return config


def _with_key(text: str, name: str, key: str, value: str) -> str:
    """Return the text with one key of the user's configuration set."""
    root = parse_tree(text)
    users = root.get("users") if root is not None else None
    if users is None:
        raise NotEditable
    node: Node | None
    (node,) = [
        item for item in users.children if (named := item.get("name")) is not None and named.value == name
    ]
    for step in ("user", "auth-provider", "config"):
        node = node.get(step) if node is not None and node.kind == "mapping" else None
    if node is None:
        raise NotEditable
    return set_key(text, node, key, value)
