"""How the program was installed: by a bundle, by a wheel with or without the launcher, or from a checkout."""

from __future__ import annotations

from pathlib import Path

BUNDLE, LAUNCHER, PURE, CHECKOUT = "bundle", "wheel with launcher", "pure wheel", "checkout"

_PACKAGE = Path(__file__).resolve().parent.parent


def installation(package: Path = _PACKAGE) -> str:
    """Return how the program was installed.

    Args:
        package: The package's directory. The installed distribution's files are beside it (INSTALLER and WHEEL of the binary
            distribution format).
    """
    for record in package.parent.glob("kubectl_oidc-*.dist-info"):
        if _text(record / "INSTALLER").strip() == BUNDLE:
            return BUNDLE
        return PURE if "Root-Is-Purelib: true" in _text(record / "WHEEL") else LAUNCHER
    return CHECKOUT


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""
