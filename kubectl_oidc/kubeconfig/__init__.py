"""Read kubeconfigs as kubectl does, and change one user without touching any other byte."""

from __future__ import annotations

from .exec_stanza import Arg, Stanza
from .read import Entry, Kubeconfig, read_kubeconfig
from .write_user import Change, check_user, write_user

__all__ = ["Arg", "Change", "Entry", "Kubeconfig", "Stanza", "check_user", "read_kubeconfig", "write_user"]
