"""Explain why a module cannot be imported. Usually, it belongs to another Python."""

from __future__ import annotations

import os

from kubectl_oidc.text import sanitize


def explain_import_failure(error: ImportError) -> tuple[str, str]:
    """Return the message and the hint for a module that cannot be imported."""
    named = [name for name in ("PYTHONPATH", "PYTHONHOME") if os.environ.get(name)]
    name = sanitize(error.name or "a module", limit=100)
    if named:
        hint = f"unset {' and '.join(named)}, which may lead to the modules of another Python, and run the command again"
    elif "incompatible architecture" in str(error):  # dlopen(3) of macOS
        hint = "use a kubectl that is built for this Mac's processor: this Python runs for another one than its libraries"
    else:
        hint = "install the program again: the installation is damaged"
    return f"Python cannot import {name} ({type(error).__name__})", hint
