"""The flags that say how the client proves who it is.

They are no part of a session's identity (``SessionKey``): the client ID names the client, whatever proves it. With another secret the
client has the same sessions, and the next request to the provider has the new secret.
"""

from __future__ import annotations

from kubectl_oidc.oidc.client import AUTO, METHODS, PRIVATE_KEY_JWT
from kubectl_oidc.oidc.client_assertion import FLAG as KEY_FLAG, ID_FLAG

from .client_secret import FILE_FLAG, FLAG as SECRET_FLAG
from .flag import Flag
from .kinds import FILE, SECRET, TEXT, choice
from .variables import overruled_by

METHOD_FLAG = "--oidc-client-authentication"

CLIENT = (
    Flag(
        SECRET_FLAG,
        SECRET,
        help="Client secret, where the client has one.",
        metavar="SECRET",
        callback=overruled_by("oidc_client_secret_file"),
        field="typed_secret",
        repeat=True,
        stand_alone=False,
        excludes=FILE_FLAG,
    ),
    Flag(
        FILE_FLAG,
        FILE,
        help="File that holds the client secret, so that it stands in no kubeconfig.",
        metavar="FILE",
        callback=overruled_by("oidc_client_secret"),
        field="client_secret_file",
        repeat=True,
        stand_alone=False,
    ),
    Flag(
        METHOD_FLAG,
        choice((AUTO, *METHODS)),
        help=f"How the client proves who it is; auto: {PRIVATE_KEY_JWT} with a key, else what the provider offers for a secret, else none.",
        default=AUTO,
        show_default=True,
        field="client_authentication",
        repeat=True,
    ),
    Flag(
        KEY_FLAG,
        FILE,
        help=f"Private key of the client, for {PRIVATE_KEY_JWT} (PEM; RSA, elliptic curve or Ed25519).",
        metavar="FILE",
        field="client_assertion_key.path",
        repeat=True,
    ),
    Flag(
        ID_FLAG,
        TEXT,
        help="Its key ID at the provider.",
        metavar="KID",
        field="client_assertion_key.key_id",
        repeat=True,
        requires=KEY_FLAG,
    ),
)
