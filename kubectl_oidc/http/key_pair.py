"""A TLS certificate and its key from files: the client certificate (RFC 8705), or the callback server's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import UsageError
from kubectl_oidc.named_tuple import NamedTuple
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    import ssl
    from pathlib import Path


class KeyPair(NamedTuple):
    """A certificate and its key.

    Attributes:
        certificate: A PEM file; the certificates of the issuers follow the certificate.
        key: A PEM file, not encrypted.
        flags: The flags that name the two files, for errors.
    """

    certificate: Path
    key: Path
    flags: tuple[str, str]

    def load_into(self, context: ssl.SSLContext) -> None:
        """Make a TLS context present the certificate.

        Raises:
            UsageError: A file cannot be read or parsed, or the key does not match the certificate.
        """
        import ssl

        for flag, path in zip(self.flags, (self.certificate, self.key), strict=True):
            _check_readable(flag, path)
        try:
            context.load_cert_chain(self.certificate, self.key, password=self._refuse_encrypted)
        except (ssl.SSLError, ValueError) as error:
            mismatch = getattr(error, "reason", "") == "KEY_VALUES_MISMATCH"
            what = "do not match" if mismatch else "have no readable certificate and key"
            raise UsageError(
                f"{self.flags[0]} {sanitize(self.certificate)} and {self.flags[1]} {sanitize(self.key)} {what}",
                "give both in PEM form, with the certificate first in its file and the key not encrypted",
                topic="key-pair",
            ) from error

    def _refuse_encrypted(self) -> str:
        """Raise an error instead of letting OpenSSL prompt for a password: a plugin in the background has no terminal."""
        raise UsageError(
            f"{self.flags[1]}: the key in {sanitize(self.key)} is encrypted",
            "decrypt it into a file that only you can read (`openssl pkey -in KEY -out FILE`)",
            topic="key-pair",
        )


def _check_readable(flag: str, path: Path) -> None:
    why = ""
    try:
        if path.is_file():
            with path.open("rb"):
                return
        why = "is not a regular file" if path.exists() else "does not exist"
    except OSError as error:
        why = f"cannot be read: {error.strerror or error}"
    raise UsageError(
        f"{flag}: {sanitize(path)} {why}", f"give a file in PEM form with {flag}", topic="key-pair"
    )
