"""Tokens that could not be written into their kubeconfig: kept in a private file until the next run of stand-alone mode writes them.

They may be the only good ones: the provider has taken the refresh token before them back.
"""

from __future__ import annotations

import contextlib
import json
import sys
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING

from kubectl_oidc.errors import KubeconfigError, StoreError
from kubectl_oidc.kubeconfig.auth_provider_user import TOKENS
from kubectl_oidc.secret import Secret
from kubectl_oidc.sessions.stores.disk import UNWRITTEN
from kubectl_oidc.system import private_files
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from kubectl_oidc.kubeconfig.auth_provider_user import ProviderUser
    from kubectl_oidc.kubeconfig.token_file import TokenFile
    from kubectl_oidc.system.terminal import Terminal


class UnwrittenTokens:
    """The tokens of one kubeconfig user.

    Args:
        cache_dir: The cache directory.
        name: The user's file; letters and digits.
    """

    def __init__(self, cache_dir: Path, name: str) -> None:
        self._cache_dir = cache_dir
        self._name = name

    def keep(self, user: ProviderUser, tokens: Mapping[str, Secret]) -> Path:
        """Keep tokens, and return the file that holds them.

        Args:
            user: The user with the tokens that its kubeconfig still has.
            tokens: Those that it should have.

        Raises:
            StoreError: They cannot be kept.
        """
        document = {"replaces": _digest(user), **{key: token.reveal() for key, token in tokens.items()}}
        directory = private_files.ensure_directory(self._cache_dir, UNWRITTEN)
        private_files.write(directory, self._name, json.dumps(document).encode())
        return directory / self._name

    def found(self, user: ProviderUser) -> dict[str, Secret]:
        """Return the tokens that are kept, if the kubeconfig still has those that they replace; else an empty dict.

        Args:
            user: The user, as its kubeconfig has it now.
        """
        content = private_files.read(self._cache_dir / UNWRITTEN, self._name)
        try:
            document = json.loads(content or b"{}")
            replaces = document.get("replaces")
        except (ValueError, AttributeError):
            return {}
        if replaces != _digest(user):
            return {}
        return {key: Secret(document[key]) for key in TOKENS if isinstance(document.get(key), str)}

    def forget(self) -> None:
        """Remove what is kept, if anything is."""
        with contextlib.suppress(StoreError):
            private_files.remove(self._cache_dir / UNWRITTEN, self._name)

    @contextlib.contextmanager
    def unless_written(self, user: ProviderUser, tokens: Mapping[str, Secret]) -> Iterator[None]:
        """Keep tokens that the block cannot write, or print them where they cannot be kept either.

        Args:
            user: The user with the tokens that its kubeconfig still has.
            tokens: Those that it should have.

        Raises:
            KubeconfigError: The block's own error, which says in addition where the tokens are.
        """
        try:
            yield
        except KubeconfigError as error:
            again = "; then run it again"
            try:
                where = f"kept in {sanitize(self.keep(user, tokens))}"
                again += ", which writes the tokens into the kubeconfig"
            except StoreError:
                for key, token in tokens.items():
                    sys.stdout.write(f"{key}: {token.reveal()}\n")
                where = (
                    "on standard output, because no file can be written; set them in the kubeconfig yourself"
                )
            raise KubeconfigError(
                f"{error.message}; the new tokens are {where}", f"{error.hint}{again}", topic=error.topic
            ) from error


class Update:
    """The tokens of one user on their way into the kubeconfig.

    Args:
        file: The kubeconfig, locked.
        kept: Where tokens go that cannot be written.
        terminal: Where a person is warned.
    """

    def __init__(self, file: TokenFile, kept: UnwrittenTokens, terminal: Terminal) -> None:
        self.file = file
        self._kept = kept
        self._terminal = terminal
        self._warned = False

    def recovered(self, user: ProviderUser) -> ProviderUser:
        """Write the tokens that an earlier run could not write, and return the user with them."""
        tokens = self._kept.found(user)
        if tokens:
            user = self.write(user, tokens)
            self._kept.forget()
        return user

    def write(self, user: ProviderUser, tokens: Mapping[str, Secret]) -> ProviderUser:
        """Write tokens, and return the user with them.

        Raises:
            KubeconfigError: They could not be written; the error says where they are.
        """
        with self._kept.unless_written(user, tokens):
            self.file.write(tokens)
        if not self._warned:
            self._warned = True
            warn(self.file, self._terminal)
        return replace(user, secrets={**user.secrets, **tokens})


def warn(file: TokenFile, terminal: Terminal) -> None:
    """Warn a person whose tokens others can read."""
    warning = file.warning()
    if warning:
        terminal.warn(*warning)


def _digest(user: ProviderUser) -> str:
    """Return what tells the refresh token that a kubeconfig has from any other, without it."""
    token = user.refresh_token
    return sha256(token.reveal().encode("utf-8", "surrogatepass")).hexdigest() if token else ""
