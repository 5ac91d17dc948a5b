"""The flags that say how the client proves who it is.

They are no part of a session's identity (``SessionKey``): the client ID names the client, whatever proves it. With another secret the
client has the same sessions, and the next request to the provider has the new secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kubectl_oidc.errors import UsageError
from kubectl_oidc.oidc.client import AUTO, METHODS, PRIVATE_KEY_JWT
from kubectl_oidc.oidc.client_assertion import FLAG as KEY_FLAG, ID_FLAG
from kubectl_oidc.oidc.platform_token import FILE_FLAG as TOKEN_FILE_FLAG, GITHUB_FLAG
from kubectl_oidc.secret import Secret
from kubectl_oidc.system.secret_file import read_secret_file
from kubectl_oidc.text import sanitize

from .flag import Flag
from .kinds import FILE, SECRET, TEXT, choice

if TYPE_CHECKING:
    from pathlib import Path

SECRET_FLAG, SECRET_FILE_FLAG = "--oidc-client-secret", "--oidc-client-secret-file"
METHOD_FLAG = "--oidc-client-authentication"

CLIENT = (
    Flag(
        SECRET_FLAG,
        SECRET,
        help="Client secret, where the client has one.",
        metavar="SECRET",
        field="client_authentication.typed_secret",
        repeat=True,
        stand_alone=False,
        excludes=SECRET_FILE_FLAG,
    ),
    Flag(
        SECRET_FILE_FLAG,
        FILE,
        help="File that holds the client secret, so that it stands in no kubeconfig.",
        field="client_authentication.secret_file",
        repeat=True,
        stand_alone=False,
        excludes=SECRET_FLAG,
    ),
    Flag(
        METHOD_FLAG,
        choice((AUTO, *METHODS)),
        help=f"How the client proves who it is; auto: {PRIVATE_KEY_JWT} with a key or a platform's token, else what the provider offers for a secret, else none.",
        default=AUTO,
        field="client_authentication.method",
        repeat=True,
    ),
    Flag(
        KEY_FLAG,
        FILE,
        help=f"Private key of the client, for {PRIVATE_KEY_JWT} (PEM; RSA, elliptic curve or Ed25519).",
        field="client_authentication.key.path",
        repeat=True,
    ),
    Flag(
        ID_FLAG,
        TEXT,
        help="Its key ID at the provider.",
        metavar="KID",
        field="client_authentication.key.key_id",
        repeat=True,
        requires=KEY_FLAG,
    ),
    Flag(
        TOKEN_FILE_FLAG,
        FILE,
        help="Token that the platform issues to this workload (RFC 7523), sent in place of a secret; read at each use.",
        field="client_authentication.token.path",
        repeat=True,
        excludes=GITHUB_FLAG,
    ),
    Flag(
        GITHUB_FLAG,
        TEXT,
        help="The same, from GitHub Actions: it issues the job a token for this audience.",
        metavar="AUDIENCE",
        field="client_authentication.token.github_audience",
        repeat=True,
        excludes=TOKEN_FILE_FLAG,
    ),
)


def secret_in(path: Path) -> Secret:
    """Return the secret that a file holds.

    Raises:
        UsageError: The file cannot be read or holds no secret.
    """
    hint = "give a file that you can read and that contains only the client secret"
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
