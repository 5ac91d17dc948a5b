"""The kubeconfig user that a command is about: named, or the context's."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.kubeconfig import Entry, Kubeconfig
from kubectl_oidc.kubeconfig.select import nearest, select_user


def entries(**values: dict[str, object]) -> dict[str, Entry]:
    return {name: Entry(name, value, Path("config")) for name, value in values.items()}


KUBECONFIG = Kubeconfig(
    (Path("config"),),
    clusters=entries(east={"server": "https://east"}, west={"server": "https://west"}),
    contexts=entries(
        production={"cluster": "east", "user": "oidc"}, staging={"cluster": "west", "user": "gone"}
    ),
    users=entries(oidc={"exec": {}}, robot={"token": "x"}),
    current_context="production",
)


def names(context: str | None = None, user: str | None = None) -> tuple[str | None, ...]:
    found = select_user(KUBECONFIG, context=context, user=user)
    return tuple(entry.name if entry else None for entry in (found.context, found.user, found.cluster))


def test_the_current_contexts_user_is_the_default() -> None:
    assert names() == ("production", "oidc", "east")


def test_a_named_user_overrides_the_contexts() -> None:
    assert names(user="robot") == ("production", "robot", "east")


def test_a_context_may_name_a_missing_user() -> None:
    assert names(context="staging") == ("staging", None, "west")


def test_without_a_current_context_nothing_is_selected() -> None:
    found = select_user(Kubeconfig(()), context=None, user=None)
    assert (found.context, found.user, found.cluster) == (None, None, None)


@pytest.mark.parametrize(
    ("context", "user", "says", "near"),
    [
        ("prodution", None, "context prodution", " production?"),
        ("stag", None, "context stag", " staging?"),
        (None, "OIDC", "user OIDC", " oidc?"),
        (None, "nobody-like-it", "user nobody-like-it", "`kubectl config get-users`"),
    ],
)
def test_the_error_for_an_unknown_name_has_the_most_similar_names(
    context: str | None, user: str | None, says: str, near: str
) -> None:
    with pytest.raises(KubeconfigError) as failed:
        select_user(KUBECONFIG, context=context, user=user)
    assert says in failed.value.message
    assert near in failed.value.hint


def test_similar_names_are_sanitized() -> None:
    assert "\x1b" not in nearest("pro", ["pro\x1b[31m"])
    assert nearest("", ["a", "b"]) == ""
