"""The user with ``auth-provider: oidc`` is found, and its tokens are set without changing any other byte."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.kubeconfig import read_kubeconfig
from kubectl_oidc.kubeconfig.auth_provider_user import AuthProviderUser, find_auth_provider_user, with_tokens
from kubectl_oidc.kubeconfig.parse import parse_kubeconfig
from kubectl_oidc.kubeconfig.token_file import TokenFile
from kubectl_oidc.secret import Secret

from .kubeconfig_files import POSIX

TEXT = """\
# Mine; do not lose this line.
apiVersion: v1
users:
- name: robot
  user: {token: "abc"}   # not a person
- name: alice
  user:
    auth-provider:
      config:
        client-id: kubernetes   # of the team
        client-secret: "of the client"

        id-token: old
        idp-issuer-url: 'https://issuer.example.com'
        refresh-token: older
        port: 0123
      name: oidc
contexts:
- name: production
  context: {cluster: production, user: alice}
- name: machines
  context: {cluster: production, user: robot}
current-context: production
"""
TOKENS = {"id-token": Secret("new.id.token"), "refresh-token": Secret("12345")}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "config"
    path.write_text(TEXT)
    path.chmod(0o640)
    return path


def found(path: Path, *, context: str | None = None, user: str | None = None) -> AuthProviderUser | None:
    return find_auth_provider_user(read_kubeconfig(str(path), {}), context=context, user=user)


def alice(path: Path) -> AuthProviderUser:
    user = found(path)
    assert user is not None
    return user


def write_tokens(user: AuthProviderUser, tokens: dict[str, Secret]) -> None:
    with TokenFile(user) as file:
        file.write(tokens)


def test_the_current_contexts_user_is_found(path: Path) -> None:
    """With its configuration; secrets are a type that hides itself."""
    user = alice(path)
    assert (user.name, user.path) == ("alice", path)
    assert user.config == {
        "client-id": "kubernetes",
        "idp-issuer-url": "https://issuer.example.com",
        "port": "0123",
    }
    assert user.id_token == Secret("old")
    assert user.refresh_token == Secret("older")
    assert user.secrets["client-secret"] == Secret("of the client")
    assert "older" not in repr(user)
    assert "of the client" not in repr(user)


@pytest.mark.parametrize(
    ("context", "user", "name"),
    [
        (None, None, "alice"),
        ("production", None, "alice"),
        ("machines", "alice", "alice"),
        ("machines", None, None),
    ],
)
def test_a_named_user_overrides_the_contexts(
    context: str | None, user: str | None, name: str | None, path: Path
) -> None:
    """Like in kubelogin. A user that signs in in another way is not returned."""
    which = found(path, context=context, user=user)
    assert (which and which.name) == name


@pytest.mark.parametrize(("context", "user"), [("nowhere", None), (None, "nobody")])
def test_an_unknown_name_is_an_error(context: str | None, user: str | None, path: Path) -> None:
    """A typing error must not sign somebody else in."""
    with pytest.raises(KubeconfigError, match=context or user):
        found(path, context=context, user=user)


def test_only_the_tokens_change(path: Path) -> None:
    """Comments, quotes, order, blank lines and the file's mode stay. There is no backup with tokens."""
    write_tokens(alice(path), TOKENS)
    expected = TEXT.replace("id-token: old\n", "id-token: new.id.token\n").replace(
        "refresh-token: older", 'refresh-token: "12345"'
    )
    assert path.read_text() == expected
    if POSIX:
        assert path.stat().st_mode & 0o777 == 0o640
    assert [file.name for file in path.parent.iterdir() if file.is_file()] == ["config"]


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("        id-token: old\n", "").replace(
            "        refresh-token: older\n", ""
        ),
        lambda text: text.replace("\n", "\r\n"),
        lambda text: "\ufeff" + text,
        lambda text: (
            text[: text.index("- name: alice")]
            + "- {name: alice, user: {auth-provider: {config: {client-id: a, idp-issuer-url: b}, name: oidc}}}\n"
            + text[text.index("contexts:") :]
        ),
    ],
    ids=["no tokens yet", "line endings of Windows", "byte order mark", "flow style"],
)
def test_tokens_are_set_in_every_form_of_the_file(change: object, path: Path) -> None:
    """The rest of the file has the same meaning."""
    assert callable(change)
    text = str(change(TEXT))
    path.write_bytes(text.encode())
    before = parse_kubeconfig(text, "")
    write_tokens(alice(path), TOKENS)
    written = path.read_bytes().decode()
    after = parse_kubeconfig(written, "")
    config = after["users"][1]["user"]["auth-provider"]["config"]
    assert (config["id-token"], config["refresh-token"]) == ("new.id.token", "12345")
    for each in (before, after):
        for name in ("id-token", "refresh-token"):
            each["users"][1]["user"]["auth-provider"]["config"].pop(name, None)
    assert after == before
    assert ("\r\n" in written) == ("\r\n" in text)
    assert written.startswith("\ufeff") == text.startswith("\ufeff")


def test_tokens_in_a_shared_anchor_are_not_changed(path: Path) -> None:
    """Two users of one YAML anchor would both change: an error, and no byte changes."""
    text = TEXT.replace("    auth-provider:\n", "    auth-provider: &one\n").replace(
        'user: {token: "abc"}', "user: {}"
    )
    text = text.replace("contexts:", "- name: bob\n  user: {auth-provider: *one}\ncontexts:")
    path.write_text(text)
    with pytest.raises(KubeconfigError, match="'alice'"):
        write_tokens(alice(path), TOKENS)
    assert path.read_text() == text


def test_a_user_that_was_removed_meanwhile_is_an_error(path: Path) -> None:
    """Somebody removed it while the person signed in."""
    user = alice(path)
    text = TEXT.replace("- name: alice", "- name: bob")
    path.write_text(text)
    with pytest.raises(KubeconfigError):
        write_tokens(user, TOKENS)
    assert path.read_text() == text


TOKEN = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1).map(Secret)
COMMENT = st.just("") | st.text("abc: -#'\"{}[]&*!|>%é", max_size=8).map(" # {}".format)


@given(
    tokens=st.fixed_dictionaries({"id-token": TOKEN}, optional={"refresh-token": TOKEN}),
    comments=st.tuples(COMMENT, COMMENT, COMMENT),
    old=st.sampled_from(["old", '"old"', "'it''s old'", "|-\n          old\n          older", "", "0123"]),
    newline=st.sampled_from(["\n", "\r\n"]),
)
def test_any_token_is_set_and_every_other_byte_stays(
    tokens: dict[str, Secret], comments: tuple[str, str, str], old: str, newline: str
) -> None:
    """Any token is read as it was written."""
    one, two, three = comments
    before = f"# mine\nusers:{one}\n- name: bob{two}\n  user: {{token: a}}\n- name: alice{three}\n  user:\n    auth-provider:{one}\n      config:\n"
    config = f"        client-id: kubernetes{two}\n        id-token: {old}\n"
    behind = f"      name: oidc{three}\n# behind\ncurrent-context: a{one}\n"
    text, before, behind = (
        words.replace("\n", newline) for words in (before + config + behind, before, behind)
    )
    alice = AuthProviderUser("alice", Path("F"), {}, {})
    edited = with_tokens(text, alice, tokens)
    assert edited.startswith(before)
    assert edited.endswith(behind)
    wanted = parse_kubeconfig(text, "F")
    wanted["users"][1]["user"]["auth-provider"]["config"].update(
        {key: token.reveal() for key, token in tokens.items()}
    )
    assert parse_kubeconfig(edited, "F") == wanted
