"""Which modules are mutated, the most important first, and which tests are theirs."""

from __future__ import annotations

from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parent.parent.parent
PACKAGE: Final = "kubectl_oidc"

_LOOPBACK = (
    "loopback_server",
    "loopback_callback",
    "loopback_channel",
    "loopback_pages",
    "loopback_sockets",
    "loopback_peer",
)
_DEVICE = ("grants_device_code", "grants_device_authorization", "grants_polling")
_BROWSER = ("grants_authorization_code", "grants_sign_in", "grants_pasted", "grants_pushed_authorization")

# The module, and its tests without `tests/test_` and `.py`: its own, and those of the part that it is one file of.
TARGETS: Final = {
    "id_token": ("id_token", "id_token_claims"),
    "id_token_claims": ("id_token_claims", "id_token"),
    "jws": ("jws", "id_token"),
    "key_set": ("key_set", "jws"),
    "provider_metadata": ("provider_metadata",),
    "loopback/callback": ("loopback_callback", "loopback_server"),
    "grants/attempt": _BROWSER,
    "grants/authorization_code": _BROWSER,
    "grants/polling": ("grants_polling", "grants_device_code"),
    "token_response": ("token_response", "token_endpoint"),
    "provider": ("provider", "token_endpoint"),
    "loopback/server": _LOOPBACK,
    "loopback/connection": _LOOPBACK,
    "loopback/listener": _LOOPBACK,
    "loopback/thread": _LOOPBACK,
    "loopback/__init__": _LOOPBACK,
    "loopback/addresses": _LOOPBACK,
    "loopback/urls": _LOOPBACK,
    "loopback/sockets": _LOOPBACK,
    "loopback/peer": _LOOPBACK,
    "loopback/channel": _LOOPBACK,
    "loopback/channel_tls": _LOOPBACK,
    "loopback/pages": _LOOPBACK,
    "grants/pushed_authorization": _BROWSER,
    "grants/pasted": _BROWSER,
    "grants/choice": ("grants_choice", "grants_sign_in"),
    "grants/announcement": ("grants_announcement", "grants_sign_in"),
    "grants/device_code": _DEVICE,
    "grants/device_authorization": _DEVICE,
    "grants/authorization_code_keyboard": ("grants_authorization_code_keyboard", "grants_keyboard"),
    "grants/keyboard": ("grants_keyboard",),
    "grants/password": ("grants_password",),
    "grants/client_credentials": ("grants_client_credentials",),
    "issuer": ("issuer",),
    "client_authentication": ("client_authentication", "token_endpoint"),
    "metadata_cache": ("metadata_cache", "provider"),
}


def path_of(module: str) -> Path:
    """Return a module's file.

    Args:
        module: A key of ``TARGETS``.
    """
    return ROOT / PACKAGE / f"{module}.py"


def name_of(module: str) -> str:
    """Return the name that a module is imported by.

    Args:
        module: A key of ``TARGETS``.
    """
    return f"{PACKAGE}.{module.replace('/', '.').removesuffix('.__init__')}"


def tests_of(module: str) -> list[str]:
    """Return the paths of a module's tests, from the root of the repository.

    Args:
        module: A key of ``TARGETS``.
    """
    return [f"tests/test_{name}.py" for name in TARGETS[module]]
