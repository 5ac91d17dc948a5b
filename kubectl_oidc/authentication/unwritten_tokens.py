"""Tokens that stand-alone mode could not write into a kubeconfig: kept in a private file until its next run.

They may be the only valid ones, because the provider may have revoked the previous refresh token.
"""

from __future__ import annotations

import contextlib
import json
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

from kubectl_oidc.digests import sha256
from kubectl_oidc.errors import KubeconfigError, StoreError
from kubectl_oidc.kubeconfig.auth_provider_user import TOKENS
from kubectl_oidc.secret import Secret
from kubectl_oidc.sessions.stores.disk import UNWRITTEN
from kubectl_oidc.system import private_files
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from kubectl_oidc.kubeconfig.auth_provider_user import AuthProviderUser
    from kubectl_oidc.kubeconfig.token_file import TokenFile
    from kubectl_oidc.system.terminal import Terminal


class UnwrittenTokens:
    """The tokens of one kubeconfig user. Where a method takes that user, it has the tokens that the kubeconfig still contains.

    Args:
        name: The name of the user's file; letters and digits.
    """

    def __init__(self, cache_dir: Path, name: str) -> None:
        self._cache_dir = cache_dir
        self._name = name

    def store(self, user: AuthProviderUser, tokens: Mapping[str, Secret]) -> Path:
        """Store new tokens, and return the path of their file.

        Raises:
            StoreError: The file could not be written.
        """
        document = {"replaces": _digest(user), **{key: token.reveal() for key, token in tokens.items()}}
        directory = private_files.ensure_directory(self._cache_dir, UNWRITTEN)
        private_files.write_private_file(directory, self._name, json.dumps(document).encode(), lasting=True)
        return directory / self._name

    def load(self, user: AuthProviderUser) -> dict[str, Secret]:
        """Return the stored tokens if the kubeconfig still contains the tokens that they replace, otherwise {}."""
        content = private_files.read_private_file(self._cache_dir / UNWRITTEN, self._name)
        try:
            document = json.loads(content or b"{}")
            replaces = document.get("replaces")
        except (ValueError, AttributeError):
            return {}
        if replaces != _digest(user):
            return {}
        return {key: Secret(document[key]) for key in TOKENS if isinstance(document.get(key), str)}

    def remove(self) -> None:
        """Remove the stored tokens."""
        with contextlib.suppress(StoreError):
            private_files.remove_private_file(self._cache_dir / UNWRITTEN, self._name)

    @contextlib.contextmanager
    def stored_on_failure(self, user: AuthProviderUser, tokens: Mapping[str, Secret]) -> Iterator[None]:
        """Store the new tokens that the block fails to write. If they cannot be stored either, print them.

        Raises:
            KubeconfigError: The error of the block, with the place of the tokens added.
        """
        try:
            yield
        except KubeconfigError as error:
            again = "; then run it again"
            try:
                where = f"kept in {sanitize(self.store(user, tokens))}"
                again += ", which writes the tokens into the kubeconfig"
            except StoreError:
                for key, token in tokens.items():
                    sys.stdout.write(f"{key}: {token.reveal()}\n")
                where = "on standard output, because no file can be written. Copy them into the kubeconfig"
            raise KubeconfigError(
                f"{error.message}; the new tokens are {where}", f"{error.hint}{again}", topic=error.topic
            ) from error


class TokenWriter:
    """Writes the tokens of one user into the kubeconfig.

    Args:
        file: The kubeconfig, locked.
        unwritten: Stores tokens that cannot be written.
        terminal: Shows a warning if others can read the file.
    """

    def __init__(self, file: TokenFile, unwritten: UnwrittenTokens, terminal: Terminal) -> None:
        self.file = file
        self._unwritten = unwritten
        self._terminal = terminal
        self._warned = False

    def recover(self, user: AuthProviderUser) -> AuthProviderUser:
        """Write tokens that an earlier run could not write, and return the user with them."""
        tokens = self._unwritten.load(user)
        if tokens:
            user = self.write(user, tokens)
            self._unwritten.remove()
        return user

    def write(self, user: AuthProviderUser, tokens: Mapping[str, Secret]) -> AuthProviderUser:
        """Write tokens, and return the user with them.

        Raises:
            KubeconfigError: The file could not be written; the error says where the tokens are.
        """
        with self._unwritten.stored_on_failure(user, tokens):
            self.file.write(tokens)
        if not self._warned:
            self._warned = True
            warn_if_readable(self.file, self._terminal)
        return replace(user, secrets={**user.secrets, **tokens})


def warn_if_readable(file: TokenFile, terminal: Terminal) -> None:
    """Warn the user if others can read the file."""
    warning = file.warning()
    if warning:
        terminal.warn(*warning)


def _digest(user: AuthProviderUser) -> str:
    """Return a digest of the refresh token in the kubeconfig; empty if there is none."""
    token = user.refresh_token
    return sha256(token.reveal().encode("utf-8", "surrogatepass")).hexdigest() if token else ""
