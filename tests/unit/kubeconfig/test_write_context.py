"""A context, its cluster and the current context are written; every other byte stays."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.kubeconfig import read_kubeconfig
from kubectl_oidc.kubeconfig.edit_text import set_current_context, set_entry
from kubectl_oidc.kubeconfig.parse import parse_kubeconfig
from kubectl_oidc.kubeconfig.write_context import NewContext, write_context
from tests.topics import about

if TYPE_CHECKING:
    from pathlib import Path

TEXT = """# by hand
apiVersion: v1
kind: Config
clusters:
- name: old # the first
  cluster: {server: "https://old"}
contexts:
- name: old
  context:
    cluster: old # a comment
    user: company
    namespace: team
users: []
"""


def test_what_is_not_there_is_added(tmp_path: Path) -> None:
    """The new context becomes the current one, because there is none; the lines that were there stay."""
    path = tmp_path / "config"
    path.write_text(TEXT)
    new = NewContext("new", "oidc", "new", {"server": "https://new"})
    kubeconfig = read_kubeconfig(str(path), {})
    assert list(new.changes(kubeconfig)) == []
    written = write_context(new, kubeconfig, path)
    assert written.current
    assert [backup.read_text() for backup in written.backups] == [TEXT]
    text = path.read_text()
    assert [line for line in TEXT.splitlines() if line not in text.splitlines()] == []
    after = read_kubeconfig(str(path), {})
    assert after.current_context == "new"
    assert after.contexts["new"].value == {"cluster": "new", "user": "oidc"}
    assert after.clusters["new"].value == {"server": "https://new"}
    again = write_context(new, after, path)
    assert (again.current, again.backups, path.read_text()) == (True, (), text)


def test_what_would_be_changed_is_named(tmp_path: Path) -> None:
    """The server is shown; what may be long or secret is not."""
    path = tmp_path / "config"
    path.write_text(TEXT.replace('"https://old"', '"https://old", certificate-authority-data: c2VjcmV0'))
    kubeconfig = read_kubeconfig(str(path), {})
    new = NewContext("old", "oidc", "old", {"server": "https://new"})
    context, *cluster = new.changes(kubeconfig)
    assert re.search(r"\bold: user oidc \(.*\bcompany\)", context)
    assert [change for change in cluster if re.search(r"server https://new \(.*https://old\)", change)]
    assert [change for change in cluster if "certificate-authority-data" in change]
    assert "c2VjcmV0" not in "".join(cluster)
    write_context(new, kubeconfig, path)
    after = read_kubeconfig(str(path), {})
    assert after.contexts["old"].value == {"cluster": "old", "user": "oidc", "namespace": "team"}
    assert after.clusters["old"].value == {"server": "https://new"}


def test_each_entry_is_changed_in_the_file_that_has_it(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.write_text("kind: Config\ncurrent-context: x\n")
    second.write_text(TEXT)
    kubeconfig = read_kubeconfig(None, {"KUBECONFIG": f"{first}{os.pathsep}{second}"})
    write_context(NewContext("old", "oidc", "old"), kubeconfig, first)
    assert first.read_text() == "kind: Config\ncurrent-context: x\n"
    assert "user: oidc" in second.read_text()


@pytest.mark.parametrize("kind", ["users", "clusters", "contexts"])
@pytest.mark.parametrize("text", ["", "{}", "kind: Config", "users: []\nclusters: []\ncontexts: []\n", TEXT])
def test_an_entry_of_any_kind_is_added(kind: str, text: str) -> None:
    edited = set_entry(text, kind, "no: 1", {"a": {"b": ["c"]}}, "it")
    items = parse_kubeconfig(edited, "it")[kind]
    assert items[-1] == {"name": "no: 1", kind.removesuffix("s"): {"a": {"b": ["c"]}}}
    assert parse_kubeconfig(set_current_context(edited, "no: 1", "it"), "it")["current-context"] == "no: 1"


@pytest.mark.parametrize("text", ["contexts: &c []\nusers: *c\n", "users: &c []\ncontexts: *c\n"])
def test_what_is_tied_to_other_parts_is_not_edited(text: str) -> None:
    with pytest.raises(KubeconfigError, check=about("kubeconfig", "set-context")):
        set_entry(text, "contexts", "c", {"user": "u"}, "it")
