"""What the index knows of the flags that lead to a session: a request with them, and the flags that tell sessions apart."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from kubectl_oidc.cli.options.arguments import read
from kubectl_oidc.cli.options.click_options import current_sources
from kubectl_oidc.cli.options.flags import FLAGS
from kubectl_oidc.cli.options.tls import TRUST
from kubectl_oidc.cli.options.variables import TYPED
from kubectl_oidc.cli.settings.effective import effective
from kubectl_oidc.errors import UsageError
from kubectl_oidc.http.trust import depends_on_variables, describe_trust
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from kubectl_oidc.authentication.request import SignInRequest
    from kubectl_oidc.cli.options.flag import Flag
    from kubectl_oidc.sessions.stores import index

_ROWS = {flag.name: flag for flag in FLAGS}


def request_from_index(values: dict[str, Any], entry: index.Entry, cache_dir: Path | None) -> SignInRequest:
    """Return a request for a session that no kubeconfig user asks for, with the flags that the index knows.

    Args:
        values: The parameters by click's names. Those that were typed replace the index's, for how to reach the provider.
        cache_dir: The session's cache directory; None for the default one.
    """
    sources = current_sources()
    known: dict[str, Any] = {
        "oidc_issuer_url": entry.issuer,
        "oidc_client_id": entry.client_id,
        "oidc_extra_scope": entry.scopes,
        "session": entry.name,
    }
    if cache_dir:
        known["token_cache_dir"] = str(cache_dir)
    typed = {name: values[name] for name, source in sources.items() if source == TYPED}
    return _with_flags(entry, {**typed, **known}) or (
        effective({**values, **known}, {**sources, **dict.fromkeys(known, TYPED)}).request()
    )


def _with_flags(entry: index.Entry, instead: Mapping[str, Any]) -> SignInRequest | None:
    """Return the request that the flags in the index make; None if there are none, or if they are refused now.

    An exec section may have set them, so the rules for exec sections apply.
    """
    words = [word for word in entry.flags if (row := _row(word)) and not row.kind.hides]
    arguments = read(words, FLAGS, os.environ) if words else None
    if arguments is None:
        return None
    typed = {flag.key: instead[flag.key] for flag in FLAGS if flag.key in instead}
    try:
        return effective(*arguments, in_exec_section=True, instead=typed).request()
    except UsageError:  # such as a file that is not there any more
        return None


def identifying_flags(entry: index.Entry) -> tuple[str, ...]:
    """Return what makes this another session of its issuer, client, scopes and name, for display: flags, and variables of the trust."""
    flags = [word for word in entry.flags if not (row := _row(word)) or not row.in_index]
    by_variable = entry.trust and depends_on_variables(entry.trust)
    return (*identifying(flags), *((describe_trust(entry.trust),) if by_variable else ()))


def identifying(words: Iterable[str]) -> tuple[str, ...]:
    """Return those of these flags that make another session, for display."""
    rows = ((word, _row(word)) for word in words)
    return tuple(
        sanitize(word, limit=300) for word, row in rows if row and (row.identity or row.name in TRUST)
    )


def _row(word: str) -> Flag | None:
    return _ROWS.get(word.partition("=")[0])
