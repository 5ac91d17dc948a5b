"""The kubeconfig user that a command is about: named, the context's, or unknown with the nearest ones named."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.kubeconfig import Entry, Kubeconfig
from kubectl_oidc.kubeconfig.select import choose, nearest


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
    found = choose(KUBECONFIG, context=context, user=user)
    return tuple(entry.name if entry else None for entry in (found.context, found.user, found.cluster))


def test_the_current_context_is_meant_where_nothing_is_said() -> None:
    assert names() == ("production", "oidc", "east")


def test_a_user_goes_before_the_contexts() -> None:
    assert names(user="robot") == ("production", "robot", "east")


def test_a_context_whose_user_is_not_there_has_none() -> None:
    assert names(context="staging") == ("staging", None, "west")


def test_without_a_current_context_nothing_is_chosen() -> None:
    found = choose(Kubeconfig(()), context=None, user=None)
    assert (found.context, found.user, found.cluster) == (None, None, None)


@pytest.mark.parametrize(
    ("context", "user", "says", "near"),
    [
        ("prodution", None, "no context prodution", "did you mean production?"),
        ("stag", None, "no context stag", "did you mean staging?"),
        (None, "OIDC", "no user OIDC", "did you mean oidc?"),
        (None, "nobody-like-it", "no user nobody-like-it", "`kubectl config get-users` lists them"),
    ],
)
def test_an_unknown_name_is_said_with_the_nearest(
    context: str | None, user: str | None, says: str, near: str
) -> None:
    with pytest.raises(KubeconfigError) as failed:
        choose(KUBECONFIG, context=context, user=user)
    assert says in failed.value.message
    assert failed.value.hint.startswith(near)


def test_the_nearest_names_are_plain() -> None:
    assert "\x1b" not in nearest("pro", ["pro\x1b[31m"])
    assert nearest("", ["a", "b"]) == ""
