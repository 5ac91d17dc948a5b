"""The flags for the authentication of the client.

They are not part of a session's identity (``SessionKey``): the client ID names the client. With another secret, the client has
the same sessions, and the next request to the provider has the new secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import UsageError
from kubectl_oidc.oidc.client import AUTO, METHODS, PRIVATE_KEY_JWT
from kubectl_oidc.oidc.flags import ASSERTION_KEY, ASSERTION_KEY_ID, GITHUB_AUDIENCE, PLATFORM_TOKEN_FILE
from kubectl_oidc.secret import Secret
from kubectl_oidc.text import sanitize

from .flag import Flag, Group
from .kinds import FILE, SECRET, TEXT, choice

if TYPE_CHECKING:
    from pathlib import Path

SECRET_FLAG, SECRET_FILE_FLAG = "--oidc-client-secret", "--oidc-client-secret-file"
METHOD_FLAG = "--oidc-client-authentication"

CLIENT = (
    Flag(
        SECRET_FLAG,
        SECRET,
        help="Client secret, if the client has one.",
        group=Group.PROVIDER,
        metavar="SECRET",
        field="client_authentication.typed_secret",
        repeat=True,
        stand_alone=False,
        excludes=SECRET_FILE_FLAG,
    ),
    Flag(
        SECRET_FILE_FLAG,
        FILE,
        help="Read the client secret from this file instead of the kubeconfig.",
        group=Group.PROVIDER,
        field="client_authentication.secret_file",
        repeat=True,
        stand_alone=False,
        excludes=SECRET_FLAG,
    ),
    Flag(
        METHOD_FLAG,
        choice((AUTO, *METHODS)),
        help=f"How the client authenticates. auto uses {PRIVATE_KEY_JWT} with a key or platform token, a method that the provider supports with a secret, else none.",
        metavar="METHOD",
        group=Group.PROVIDER,
        rare=True,
        default=AUTO,
        field="client_authentication.method",
        repeat=True,
    ),
    Flag(
        ASSERTION_KEY,
        FILE,
        help=f"Private key of the client for {PRIVATE_KEY_JWT} (PEM; RSA, elliptic curve or Ed25519).",
        group=Group.PROVIDER,
        rare=True,
        field="client_authentication.key.path",
        repeat=True,
    ),
    Flag(
        ASSERTION_KEY_ID,
        TEXT,
        help="Key ID of this private key at the provider.",
        group=Group.PROVIDER,
        rare=True,
        metavar="KID",
        field="client_authentication.key.key_id",
        repeat=True,
        requires=ASSERTION_KEY,
    ),
    Flag(
        PLATFORM_TOKEN_FILE,
        FILE,
        help="File with the token that the platform gives this workload (RFC 7523). It is sent instead of a secret.",
        group=Group.PROVIDER,
        rare=True,
        field="client_authentication.token.path",
        repeat=True,
        excludes=GITHUB_AUDIENCE,
    ),
    Flag(
        GITHUB_AUDIENCE,
        TEXT,
        help="Send the token that GitHub Actions gives this job for this audience, instead of a secret.",
        group=Group.PROVIDER,
        rare=True,
        metavar="AUDIENCE",
        field="client_authentication.token.github_audience",
        repeat=True,
        excludes=PLATFORM_TOKEN_FILE,
    ),
)


def secret_in(path: Path) -> Secret:
    """Return the secret that a file holds.

    Raises:
        UsageError: The file cannot be read or holds no secret.
    """
    hint = "give a file that you can read and that contains only the client secret"
    from kubectl_oidc.system.secret_file import read_secret_file

    content = read_secret_file(SECRET_FILE_FLAG, path, hint=hint, topic="client-secret")
    try:
        text = content.decode().removesuffix("\n").removesuffix("\r")  # which editors put at the end
    except ValueError:
        raise UsageError(
            f"{SECRET_FILE_FLAG}: {sanitize(path)} cannot be read: it is not UTF-8 text",
            hint,
            topic="client-secret",
        ) from None
    if not text:
        raise UsageError(
            f"{SECRET_FILE_FLAG}: {sanitize(path)} is empty",
            "write the client secret into it",
            topic="client-secret",
        )
    return Secret(text)
