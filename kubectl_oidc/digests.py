"""SHA-256, and a comparison whose time tells nothing, from the interpreter itself.

The modules hashlib and hmac offer the same, but load OpenSSL's bindings first, which needs a thirtieth of a refresh.
"""

from __future__ import annotations

from _operator import _compare_digest as compare_digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from hashlib import sha256
else:
    try:
        from _sha2 import sha256  # Python 3.12 and later
    except ImportError:
        try:
            from _sha256 import sha256
        except ImportError:  # pragma: no cover - an interpreter without it
            from hashlib import sha256

__all__ = ["compare_digest", "sha256"]
