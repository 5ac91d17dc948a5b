"""Text in, text out: one user is set, every other byte stays, in any kubeconfig."""

from __future__ import annotations

import json

import pytest
from hypothesis import assume, given, strategies as st

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.kubeconfig.edit_text import set_user
from kubectl_oidc.kubeconfig.parse import parse_kubeconfig
from tests.arbitrary import or_refused
from tests.unit.kubeconfig.kubeconfig_files import (
    KEPT,
    USER,
)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param("# only a comment", id="a comment"),
        pytest.param("---\n", id="an empty document"),
        pytest.param(KEPT, id="block style"),
        pytest.param(KEPT.replace("\n", "\r\n"), id="CRLF"),
        pytest.param("\ufeff" + KEPT, id="byte order mark"),
        pytest.param(KEPT.rstrip("\n"), id="no newline at the end"),
        pytest.param("users:\n  - name: a\n    user: {}   # c\n  # end\nkind: Config\n", id="indented list"),
        pytest.param("a: &x 1\nb: *x\nusers:\n- {name: a}\n", id="anchors elsewhere"),
        pytest.param("users:\n# none yet\nkind: Config\n", id="null users with a comment"),
        pytest.param(
            '{"kind": "Config", "users": [{"name": "a", "user": {}}], "big": 12345678901234567890}',
            id="JSON",
        ),
        pytest.param('{\n  "kind": "Config"\n}\n', id="JSON without users"),
        pytest.param("users: [\n  {name: a}, # one\n]\n", id="flow list"),
    ],
)
def test_adding_a_user_keeps_every_other_byte(text: str) -> None:
    """Without the new lines the text is the old one: comments, order, quotes, line endings, big numbers."""
    edited = set_user(text, "oidc", USER, "F")
    begin = next((i for i, (a, b) in enumerate(zip(text, edited, strict=False)) if a != b), len(text))
    end = len(text) - begin

    assert edited.startswith(text[:begin])
    assert edited.endswith(text[len(text) - end :])
    assert parse_kubeconfig(edited, "F")["users"][-1] == {"name": "oidc", "user": USER}


@pytest.mark.parametrize(
    "empty", ["users: []   # none", "users: null   # none", "users:   # none", "users: ~   # none"]
)
def test_an_empty_list_of_users_is_filled_and_its_comment_kept(empty: str) -> None:
    """The list becomes a block, as kubectl writes it."""
    edited = set_user(f"{empty}\nkind: Config\n", "oidc", USER, "F")

    assert edited.startswith("users: # none\n- name: oidc\n")
    assert edited.endswith("\nkind: Config\n")


def test_updating_a_user_changes_only_its_exec_section() -> None:
    """Comments around it, the other users and the rest of this one stay."""
    text = (
        "users:\n- name: ada # hers\n  user: {token: a}\n# ours\n- name: oidc # this one\n  user: # how\n"
        "    as: bob # kept\n    exec: # what\n      command: old\n      args:\n      - old # gone\n# next\n"
        "- name: zoe\n  user: {}\n"
    )
    edited = set_user(text, "oidc", {"as": "bob", **USER}, "F")
    begin, end = text.index("\n      command: old"), text.index("\n# next")

    assert edited.startswith(text[:begin])
    assert edited.endswith(text[end:])
    assert parse_kubeconfig(edited, "F")["users"][1]["user"] == {"as": "bob", **USER}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x: &x\n- name: a\nusers: *x\n", id="users are an alias"),
        pytest.param(
            "users:\n- name: oidc\n  user: &u\n    exec: {command: kubectl}\n- name: b\n  user: *u\n",
            id="others use ours",
        ),
    ],
)
def test_a_user_that_is_tied_to_other_parts_is_not_edited(text: str) -> None:
    """The error names another way."""
    with pytest.raises(KubeconfigError, match="'oidc'") as caught:
        set_user(text, "oidc", USER, "F")
    assert "kubectl config set-credentials" in caught.value.hint


COMMENT = st.just("") | st.text("abc: -#'\"{}[]&*!|>%é", max_size=8).map(" # {}".format)
WORD = st.text(
    st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=10
) | st.sampled_from(["yes", "0123", "1e3", "~", "- a", "a: b", "#", "oidc ", "a\nb"])


@st.composite
def items(draw: st.DrawFn, name: str, margin: str) -> str:
    """Return one user of a list in one of the forms that people and programs write."""
    name, token = (json.dumps(word, ensure_ascii=False) for word in (name, draw(WORD)))
    one, two, three = draw(COMMENT), draw(COMMENT), draw(COMMENT)
    text = draw(
        st.sampled_from(
            [
                f"- name: {name}{one}\n  user:{two}\n    token: {token}{three}\n",
                f"- user:{one}\n    token: {token}{two}\n  name: {name}{three}\n",
                f"-{one}\n  name: {name}{two}\n  user: {{token: {token}}}{three}\n",
                f"- {{name: {name}, user: {{token: {token}}}}}{one}\n",
                f'- {{"name": {name},{one}\n   "user": {{"token": {token}}}{two}\n  }}{three}\n',
                f"- name: {name}{one}\n  user:\n    as: >-\n      folded\n      words\n    token: {token}{two}\n",
                f"- name: {name}\n{one}\n  user:\n\n    token: {token}{two}\n",
            ]
        )
    )
    return "".join(f"{margin}{line}\n" if line else "\n" for line in text.splitlines())


@st.composite
def kubeconfigs(draw: st.DrawFn) -> tuple[list[str], str, dict[str, str], str]:
    """Return the names of the users, the text before them, each user's text by name, and the text after them."""
    others = [
        "apiVersion: v1\n",
        "kind: Config # é\n",
        "preferences: {}\n\n",
        'current-context: "a"\n',
        "# --\n",
    ]
    before, behind = (draw(st.lists(st.sampled_from(others), unique=True, max_size=3)) for _ in range(2))
    behind = [line for line in behind if line not in before or line.startswith("#")]
    margin = draw(st.sampled_from(["", "  "]))
    names = draw(st.lists(WORD, unique=True, min_size=1, max_size=4))
    users = {name: draw(items(name, margin)) for name in names}
    return names, "".join(before) + f"users:{draw(COMMENT)}\n", users, "".join(behind)


def common(one: str, other: str) -> int:
    """Return the length of the common beginning of two texts."""
    return next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


@given(
    parts=kubeconfigs(),
    name=WORD,
    newline=st.sampled_from(["\n", "\r\n"]),
    bom=st.sampled_from(["", "\ufeff"]),
    cut=st.booleans(),
)
def test_in_any_kubeconfig_a_user_is_added_and_every_other_byte_stays(
    parts: tuple[list[str], str, dict[str, str], str],
    name: str,
    newline: str,
    bom: str,
    *,
    cut: bool,
) -> None:
    """Without the lines of the new user the text is the old one."""
    names, head, users, tail = parts
    assume(name not in names)
    text = bom + (head + "".join(users.values()) + tail).replace("\n", newline)
    text = text.rstrip() if cut else text
    edited = set_user(text, name, USER, "F")
    kept = common(text, edited) + common(text[::-1], edited[::-1])

    assert kept >= len(text)
    assert parse_kubeconfig(edited, "F")["users"] == [
        *parse_kubeconfig(text, "F")["users"],
        {"name": name, "user": USER},
    ]


@given(kubeconfigs(), st.data(), st.sampled_from(["\n", "\r\n"]))
def test_in_any_kubeconfig_a_user_is_replaced_and_the_rest_stays(
    parts: tuple[list[str], str, dict[str, str], str], data: st.DataObject, newline: str
) -> None:
    """The text before and after the lines of the user is the same, byte for byte."""
    names, head, users, tail = parts
    name = data.draw(st.sampled_from(names))
    at = names.index(name)
    before = (head + "".join(users[each] for each in names[:at])).replace("\n", newline)
    behind = ("".join(users[each] for each in names[at + 1 :]) + tail).replace("\n", newline)
    text = before + users[name].replace("\n", newline) + behind
    edited = set_user(text, name, USER, "F")

    assert edited.startswith(before)
    assert edited.endswith(behind)
    wanted = parse_kubeconfig(text, "F")
    wanted["users"][at] = {**wanted["users"][at], "user": USER}
    assert (
        parse_kubeconfig(edited, "F") == {"apiVersion": "v1", "kind": "Config", **wanted}
        or parse_kubeconfig(edited, "F") == wanted
    )


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x: &x\n- name: oidc\nusers: *x\n", id="our user in an alias"),
        pytest.param("users:\n- name: oidc\n  user: word\n", id="our user a word"),
        pytest.param("!!omap\n- users: []\n", id="a list of pairs for the mapping"),
    ],
)
def test_yaml_that_cannot_be_edited_is_rejected(text: str) -> None:
    """The error says what to do instead."""
    with or_refused(KubeconfigError):
        set_user(text, "oidc", USER, "F")
        pytest.fail("it was edited")
