"""The protocol of exec credential plugins: KUBERNETES_EXEC_INFO and the ExecCredential."""

from __future__ import annotations

import json
import re
from datetime import datetime

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.errors import ExecInfoError
from kubectl_oidc.exec_credential import V1, V1BETA1, VERSIONS, ExecInfo, credential
from kubectl_oidc.secret import Secret
from tests.arbitrary import JSON as ANY_JSON, TEXT, or_refused
from tests.tokens import NOW
from tests.topics import told_apart


def info(**members: object) -> str:
    return json.dumps({"kind": "ExecCredential", "apiVersion": V1, "spec": {}, **members})


@pytest.mark.parametrize("text", [None, ""])
def test_nothing_asked_is_v1beta1_and_not_interactive(text: str | None) -> None:
    """As in kubelogin."""
    assert ExecInfo.parse(text) == ExecInfo(V1BETA1, interactive=False)


@pytest.mark.parametrize("version", [V1, V1BETA1])
def test_the_version_that_is_asked_for_is_kept(version: str) -> None:
    """Both versions of the protocol are known."""
    assert ExecInfo.parse(info(apiVersion=version)).api_version == version


@pytest.mark.parametrize(
    ("spec", "interactive"),
    [
        ({"interactive": True}, True),
        ({"interactive": False}, False),
        ({"interactive": "true"}, False),
        ({"interactive": 1}, False),
        ({"interactive": None}, False),
        ({"interactive": [True]}, False),
        ({}, False),
        (None, False),
        ([], False),
        ("interactive", False),
        ({"interactive": True, "cluster": {"server": "https://k", "config": {"any": ["thing"]}}}, True),
    ],
)
def test_standard_input_is_the_persons_only_if_it_says_true(spec: object, interactive: bool) -> None:  # noqa: FBT001
    """Only JSON's true counts."""
    assert ExecInfo.parse(info(spec=spec)).interactive is interactive


def test_members_that_may_be_missing_may_be_missing() -> None:
    """``kind`` and ``spec`` are not needed to know what to answer."""
    assert ExecInfo.parse(json.dumps({"apiVersion": V1})) == ExecInfo(V1, interactive=False)


NOT_JSON = ("{", "yes", "\x00", "[" * 200_000)
NOT_AN_OBJECT = ("[]", '"client.authentication.k8s.io/v1"', "null")


def test_what_is_not_json_is_told_from_what_is_not_an_object() -> None:
    def said(text: str) -> str:
        with pytest.raises(ExecInfoError) as caught:
            ExecInfo.parse(text)
        return caught.value.message

    told_apart({"not JSON": map(said, NOT_JSON), "not an object": map(said, NOT_AN_OBJECT)})


@pytest.mark.parametrize(
    ("text", "names"),
    [
        *((text, "JSON") for text in (*NOT_JSON, *NOT_AN_OBJECT)),
        (info(kind="Pod"), r"\bkind Pod\b.*ExecCredential"),
        (info(kind=["ExecCredential"]), r"\bkind\b"),
        (info(kind={}), r"\bkind\b"),
        (
            info(apiVersion="client.authentication.k8s.io/v1alpha1"),
            r"client\.authentication\.k8s\.io/v1alpha1",
        ),
        (info(apiVersion="v1\x1b[2J\nforged"), r"apiVersion v1 \[2J forged\b"),
        (info(apiVersion=[V1]), "apiVersion"),
        (info(apiVersion={}), "apiVersion"),
    ],
)
def test_what_cannot_be_understood_is_named(text: str, names: str) -> None:
    """Broken JSON, another kind, an unknown version: an error that names the variable, on one line."""
    with pytest.raises(ExecInfoError) as caught:
        ExecInfo.parse(text)
    assert caught.value.message.startswith("KUBERNETES_EXEC_INFO ")
    assert re.search(names, caught.value.message)
    assert caught.value.message.isprintable()
    assert caught.value.hint


def test_an_unknown_version_names_those_that_are_known() -> None:
    """The hint says what to write in the kubeconfig."""
    with pytest.raises(ExecInfoError) as caught:
        ExecInfo.parse(info(apiVersion="v7"))
    assert all(version in caught.value.hint for version in VERSIONS)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.fixed_dictionaries(
        {}, optional={"kind": JSON, "apiVersion": JSON | st.sampled_from(VERSIONS), "spec": JSON}
    )
)
def test_any_json_object_is_understood_or_refused(document: dict[str, object]) -> None:
    """No shape of the variable is an unexpected error."""
    try:
        asked = ExecInfo.parse(json.dumps(document))
    except ExecInfoError:
        return
    assert asked.api_version == (document.get("apiVersion") or V1BETA1)


@pytest.mark.parametrize("version", VERSIONS)
@given(token=st.text(st.characters(codec="ascii"), min_size=1), expiry=st.integers(0, 32_503_679_999))
def test_the_answer_is_one_json_object(version: str, token: str, expiry: int) -> None:
    """For any token, the document is one line of JSON with that token and the expiry as RFC 3339."""
    answer = credential(Secret(token), expiry).exec_credential(version)
    assert answer.endswith(b"\n")
    assert answer.count(b"\n") == 1
    document = json.loads(answer)
    assert (document["kind"], document["apiVersion"]) == ("ExecCredential", version)
    assert set(document["status"]) == {"token", "expirationTimestamp"}
    assert document["status"]["token"] == token
    stamp = document["status"]["expirationTimestamp"]
    assert len(stamp) == len("2025-10-09T08:53:20Z")
    assert datetime.fromisoformat(stamp).timestamp() == expiry


def test_a_credential_hides_its_token() -> None:
    """Its ``repr`` shows only the expiry."""
    shown = repr(credential(Secret("eyJ-secret"), NOW))
    assert "secret" not in shown
    assert str(NOW) in shown


@given(TEXT | ANY_JSON.map(json.dumps) | TEXT.map(lambda word: info(apiVersion=word, kind=word)))
def test_any_text_is_understood_or_refused_in_plain_words(text: str) -> None:
    """Any value is accepted, or refused with a printable message."""
    with or_refused(ExecInfoError):
        assert ExecInfo.parse(text).api_version in VERSIONS
