"""kubeconfig files: read and merged as kubectl does, and one user's stanza written without touching the rest.

``read``    which files, and what they say together (client-go's loading rules)
``parse``   YAML text as a mapping
``choose``  which user a command is about
``stanza``  the user's ``exec`` stanza, as a mapping and as ``kubectl config set-credentials``
``edit``    text in, text out: one value set, every other byte kept
``write``   which file, what changes, and what is refused
``convert`` kubelogin's users rewritten to the direct stanza
``replace`` the file itself: lock, backup, one step
``provider_user`` the user with ``auth-provider: oidc``, and its tokens
"""

from __future__ import annotations

from .exec_stanza import Arg, Stanza
from .read import Entry, Kubeconfig, read
from .write_user import Change, check_user, write_user

__all__ = ["Arg", "Change", "Entry", "Kubeconfig", "Stanza", "check_user", "read", "write_user"]
