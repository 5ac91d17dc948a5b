"""kubeconfigs: read as kubectl reads them, written without touching what is not ours."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import tempfile
import threading
import time
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import assume, given, strategies as st

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.kubeconfig import Arg, Change, Stanza, check_user, read, write_user
from kubectl_oidc.kubeconfig.edit_text import set_user
from kubectl_oidc.kubeconfig.exec_stanza import INSTALL_HINT, is_ours
from kubectl_oidc.kubeconfig.parse import load
from kubectl_oidc.kubeconfig.read import kubeconfig_paths
from kubectl_oidc.kubeconfig.replace_file import replace_file
from kubectl_oidc.kubeconfig.stanza_secrets import redacted
from kubectl_oidc.secret import Secret
from tests import parts
from tests.arbitrary import TEXT, or_refused

if TYPE_CHECKING:
    from collections.abc import Mapping

POSIX = sys.platform != "win32"
ISSUER, CLIENT = Arg("--oidc-issuer-url", "https://idp.example.com/x"), Arg("--oidc-client-id", "kubernetes")
STANZA = Stanza(args=(ISSUER, CLIENT, Arg("--oidc-extra-scope", "email")))
USER = {"exec": STANZA.exec_mapping()}
KEPT = """\
# my clusters
apiVersion: v1
clusters:
- cluster: {server: "https://10.0.0.1", certificate-authority-data: LS0t}   # the lab
  name: "0123"
contexts:
  - name: a
    context:
      cluster: '0123'   # the lab
      user: ada
current-context: 'a'
kind: Config
preferences: {}
x-big: 123456789012345678901234567890
users:
- name: ada
  user:
    token: |-
      secret
# behind the users
"""


FRAGMENTS = [
    *(
        "users:",
        "clusters:",
        "contexts:",
        "current-context: a",
        "name: oidc",
        "user:",
        "exec:",
        "command: kubectl-oidc_login",
    ),
    *("- ", "\n", "\n", "\n  ", "\n    ", "{", "}", "[", "]", ", ", ": ", "? ", "# ", "|", ">", "'", '"'),
    *(
        "&a ",
        "*a",
        "<<: *a",
        "!!binary ",
        "!!set ",
        "!!omap ",
        "!!bool ",
        "!a ",
        "%YAML 1.1\n---\n",
        "---\n",
        "...\n",
    ),
]
"""What YAML is made of."""


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    """Write a file with this text, byte for byte, and this mode."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    path.chmod(mode)
    return path


def put(path: Path, name: str = "oidc", stanza: Stanza = STANZA, **options: Any) -> Change:
    """Write the user into one file, as --kubeconfig does."""
    return write_user(name, stanza, explicit=str(path), environ={}, **options)


def kubectl(*words: str, env: Mapping[str, str] | None = None) -> str:
    """Run the real kubectl and return its standard output."""
    command = [parts.program("kubectl"), *words]
    done = subprocess.run(
        command, capture_output=True, check=False, encoding="utf-8", env={**os.environ, **(env or {})}
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def user_in(path: Path, name: str = "oidc") -> dict[str, Any]:
    """Return a user as kubectl reads it."""
    config = json.loads(kubectl("config", "view", "--raw", "-o", "json", f"--kubeconfig={path}"))
    return next(item["user"] for item in config["users"] if item["name"] == name)


def names_in(directory: Path) -> list[str]:
    """Return the names in a directory; every test's own has home and work in it."""
    return sorted(path.name for path in directory.iterdir())


def _said(mapping: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what says nothing: kubectl writes `env: null`."""
    return {key: value for key, value in mapping.items() if value is not None}


class TestEdit:
    """Text in, text out."""

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
            pytest.param(
                "users:\n  - name: a\n    user: {}   # c\n  # end\nkind: Config\n", id="indented list"
            ),
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
    def test_adding_a_user_keeps_every_other_byte(self, text: str) -> None:
        """Taking the new words out again gives the old text: comments, order, quotes, line endings, big numbers."""
        edited = set_user(text, "oidc", USER, "F")
        begin = next((i for i, (a, b) in enumerate(zip(text, edited, strict=False)) if a != b), len(text))
        end = len(text) - begin

        assert edited.startswith(text[:begin])
        assert edited.endswith(text[len(text) - end :])
        assert load(edited, "F")["users"][-1] == {"name": "oidc", "user": USER}

    @pytest.mark.parametrize(
        "empty", ["users: []   # none", "users: null   # none", "users:   # none", "users: ~   # none"]
    )
    def test_an_empty_list_of_users_is_filled_and_its_comment_kept(self, empty: str) -> None:
        """The list becomes a block, as kubectl writes it."""
        edited = set_user(f"{empty}\nkind: Config\n", "oidc", USER, "F")

        assert edited.startswith("users: # none\n- name: oidc\n")
        assert edited.endswith("\nkind: Config\n")

    def test_updating_a_user_touches_its_stanza_alone(self) -> None:
        """Comments around it, the other users and the rest of this one stay as they are."""
        text = (
            "users:\n- name: ada # hers\n  user: {token: a}\n# ours\n- name: oidc # this one\n  user: # how\n"
            "    as: bob # kept\n    exec: # what\n      command: old\n      args:\n      - old # gone\n# next\n"
            "- name: zoe\n  user: {}\n"
        )
        edited = set_user(text, "oidc", {"as": "bob", **USER}, "F")
        begin, end = text.index("\n      command: old"), text.index("\n# next")

        assert edited.startswith(text[:begin])
        assert edited.endswith(text[end:])
        assert load(edited, "F")["users"][1]["user"] == {"as": "bob", **USER}

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
    def test_what_cannot_be_edited_alone_is_refused(self, text: str) -> None:
        """YAML that ties our user to other parts ends in an error that says what to do instead."""
        with pytest.raises(KubeconfigError, match="without touching other parts") as caught:
            set_user(text, "oidc", USER, "F")
        assert "kubectl config set-credentials" in caught.value.hint

    def test_names_that_look_like_numbers_stay_as_they_are_written(self) -> None:
        """A cluster called 0123 or 1e3 is not renamed to 83 or 1000.0."""
        config = load("clusters:\n- name: 0123\n- name: 1e3\n- name: 2024-01-01\n", "F")

        assert [item["name"] for item in config["clusters"]] == ["0123", "1e3", "2024-01-01"]

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("users: [", "F is not valid YAML: line"),
            ("a: 1\na: 2\n", "F is not valid YAML"),
            ("users:\n- name: a\n---\nb: 1\n", "F is not valid YAML"),
            ("[" * 5000, "F is not valid YAML"),
            ("\x00", "F is not valid YAML"),
            ("- a\n", "holds no mapping"),
            ("word\n", "holds no mapping"),
            ("users: {a: b}\n", "'users' is not a list"),
            ("contexts: [a]\n", "'contexts' is not a list"),
            ("users:\n- name: a\n- name: a\n", "more than one entry named 'a' in 'users'"),
        ],
    )
    def test_what_is_no_kubeconfig_is_named_with_its_file(self, text: str, words: str) -> None:
        """The message says which file and what is wrong with it, and does not repeat the line: it may hold a token."""
        with pytest.raises(KubeconfigError) as caught:
            load(text, "F")
        assert words in caught.value.message

    def test_a_syntax_error_does_not_show_the_line(self) -> None:
        """The words around the error may be a credential."""
        with pytest.raises(KubeconfigError) as caught:
            load("users:\n- name: a\n  user: {token: hunter2: x\n", "F")
        assert "hunter2" not in caught.value.message + caught.value.hint


class TestStanza:
    """The user that calls get-token."""

    @pytest.mark.parametrize(
        "stanza",
        [
            pytest.param(STANZA, id="plain"),
            pytest.param(
                Stanza(args=(ISSUER,), command="/opt/with space/kubectl-oidc_login"), id="absolute path"
            ),
            pytest.param(
                Stanza(
                    args=(
                        ISSUER,
                        Arg("--oidc-extra-scope", "a,b"),
                        Arg("--oidc-auth-request-extra-params", 'hint=say "hi", $HOME'),
                        Arg("--skip-open-browser"),
                        Arg("--session", "yes"),
                    )
                ),
                id="commas, quotes, dollars",
            ),
        ],
    )
    def test_kubectl_config_set_credentials_makes_the_stanza_that_we_write(
        self, stanza: Stanza, tmp_path: Path
    ) -> None:
        """The printed command, run by the real kubectl, and --write-kubeconfig give the same user."""
        theirs, ours = tmp_path / "theirs", tmp_path / "ours"
        kubectl(*stanza.set_credentials("oidc")[1:], env={"KUBECONFIG": str(theirs)})
        put(ours, stanza=stanza)
        printed, written = user_in(theirs)["exec"], user_in(ours)["exec"]

        assert written.pop("installHint") == INSTALL_HINT  # kubectl has no flag for it
        assert _said(printed) == _said(written)

    def test_a_secret_is_shown_as_a_placeholder_and_written_whole(self, tmp_path: Path) -> None:
        """The kubeconfig works; what people see holds no secret."""
        secret = Arg("--oidc-client-secret", Secret("hunter2"))
        header = Arg.header("X-Api-Key", "hunter3")
        stanza = Stanza(args=(ISSUER, secret, header, Arg.header("X-Tenant", "blue")))
        put(tmp_path / "config", stanza=stanza)
        shown = " ".join(stanza.set_credentials("oidc")) + repr(stanza)
        written = user_in(tmp_path / "config")["exec"]["args"]

        assert "--exec-arg=--oidc-client-secret=CLIENT_SECRET" in shown
        assert "--exec-arg=--oidc-request-header=X-Api-Key=VALUE" in shown
        assert "--exec-arg=--oidc-request-header=X-Tenant=blue" in shown
        assert "hunter" not in shown
        assert stanza.holds_secret
        assert "--oidc-client-secret=hunter2" in written
        assert "--oidc-request-header=X-Api-Key=hunter3" in written

    @pytest.mark.parametrize(
        ("exec_", "ours"),
        [
            ({"command": "kubectl-oidc_login", "args": ["get-token"]}, True),
            ({"command": "/home/a/.local/bin/kubectl-oidc_login"}, True),
            ({"command": "C:\\Tools\\kubectl-oidc_login.EXE"}, True),
            ({"command": "kubectl", "args": ["oidc-login", "get-token"]}, True),
            ({"command": "kubelogin", "args": ["get-token", "--oidc-issuer-url=https://a"]}, True),
            ({"command": "kubelogin", "args": ["get-token", "--server-id", "x"]}, False),
            ({"command": "kubectl", "args": ["other"]}, False),
            ({"command": "kubectl", "args": "oidc-login"}, False),
            ({"command": "aws", "args": ["eks", "get-token"]}, False),
            ({}, False),
        ],
    )
    def test_a_stanza_of_ours_is_known(self, exec_: dict[str, object], *, ours: bool) -> None:
        """Ours and kubelogin's are ours to update; another program's, Azure's kubelogin included, is not."""
        assert is_ours(exec_) is ours

    def test_secrets_of_a_written_stanza_are_not_shown(self) -> None:
        """Both ways to write a flag's value are known."""
        args = [
            "--oidc-client-secret=a",
            "--oidc-client-secret",
            "b",
            "--password=c",
            "--oidc-request-header=X-Auth=d",
        ]

        assert redacted([*args, "--oidc-request-header", "X-A=e", "--x=f"]) == [
            *("--oidc-client-secret=***", "--oidc-client-secret", "***", "--password=***"),
            *("--oidc-request-header=X-Auth=***", "--oidc-request-header", "X-A=e", "--x=f"),
        ]


class TestRead:
    """Which files, and what they say together."""

    def test_files_are_found_as_kubectl_finds_them(self, home: Path) -> None:
        """--kubeconfig names one; KUBECONFIG is a list without empty names and repetitions; else ~/.kube/config."""
        listed = os.pathsep.join(["", "/a", "/b", "/a", ""])

        assert kubeconfig_paths("~/x", {"KUBECONFIG": listed}) == (home / "x",)
        assert kubeconfig_paths(None, {"KUBECONFIG": listed}) == (Path("/a"), Path("/b"))
        assert kubeconfig_paths("", {"KUBECONFIG": ""}) == (home / ".kube" / "config",)

    def test_the_first_file_that_has_a_name_defines_it_whole(self, tmp_path: Path) -> None:
        """Users, contexts and the current context come out as kubectl's own merge has them."""
        first = write(
            tmp_path / "1",
            "users:\n- name: a\n  user: {token: one}\ncontexts:\n- name: c\n  context: {user: a}\n",
        )
        second = write(
            tmp_path / "2",
            "current-context: d\nusers:\n- name: a\n  user: {token: two, as: x}\n- name: b\n  user: {token: b}\n"
            "contexts:\n- name: d\n  context: {cluster: k, user: b}\n",
        )
        third = write(tmp_path / "3", "current-context: c\n")
        environ = {"KUBECONFIG": os.pathsep.join(map(str, (first, tmp_path / "missing", second, third)))}
        ours = read(None, environ)
        theirs = json.loads(kubectl("config", "view", "--raw", "-o", "json", env=environ))

        assert {name: entry.value for name, entry in ours.users.items()} == {
            item["name"]: item["user"] for item in theirs["users"]
        }
        assert ours.users["a"].path == first
        assert ours.current_context == theirs["current-context"] == "d"
        assert ours.context_cluster() == "k"
        assert ours.context_cluster("c") == ""

    def test_a_file_that_was_named_must_exist(self, tmp_path: Path) -> None:
        """KUBECONFIG may name files that are not there yet; --kubeconfig may not."""
        assert read(None, {"KUBECONFIG": str(tmp_path / "no")}).users == {}
        with pytest.raises(KubeconfigError, match="there is no kubeconfig"):
            read(str(tmp_path / "no"), {})

    @pytest.mark.parametrize(
        ("content", "words"), [(b"\xff\xfe", "is not UTF-8 text"), (None, "is not a regular file")]
    )
    def test_a_file_that_cannot_be_read_is_named(
        self, tmp_path: Path, content: bytes | None, words: str
    ) -> None:
        """A directory, or bytes that are not UTF-8, end in a clear error."""
        path = tmp_path / "config"
        if content is None:
            path.mkdir()
        else:
            path.write_bytes(content)

        with pytest.raises(KubeconfigError, match=words) as caught:
            read(str(path), {})
        assert str(path) in caught.value.message


class TestWrite:
    """The file itself."""

    def test_a_missing_file_is_made_for_its_owner_alone(self, home: Path) -> None:
        """~/.kube/config is made with mode 0600 in a directory of mode 0700, whatever the umask."""
        old = os.umask(0)
        try:
            change = write_user("oidc", STANZA, explicit=None, environ={})
        finally:
            os.umask(old)

        assert change == Change(home / ".kube" / "config", "created")
        assert user_in(change.path)["exec"]["command"] == "kubectl-oidc_login"
        assert names_in(home / ".kube") == ["config"]
        if POSIX:
            assert stat.S_IMODE(change.path.stat().st_mode) == 0o600
            assert stat.S_IMODE(change.path.parent.stat().st_mode) == 0o700

    def test_a_backup_is_kept_beside_the_file_and_its_mode_stays(self, tmp_path: Path) -> None:
        """The backup is the old file, byte for byte, for its owner alone."""
        path = write(tmp_path / "config", KEPT, mode=0o640)
        change = put(path)

        assert change.action == "added"
        assert change.backup is not None
        assert change.backup.parent == tmp_path
        assert change.backup.name.startswith("config.backup-")
        assert change.backup.read_bytes() == KEPT.encode()
        assert names_in(tmp_path) == ["config", change.backup.name, "home", "work"]
        if POSIX:
            assert stat.S_IMODE(change.backup.stat().st_mode) == 0o600
            assert stat.S_IMODE(path.stat().st_mode) == 0o640
            assert change.readable_by_others

    def test_two_backups_of_one_second_do_not_collide(self, tmp_path: Path) -> None:
        """Each change keeps its own backup."""
        path = write(tmp_path / "config", KEPT)
        backups = {put(path, name=f"u{number}").backup for number in range(3)}

        assert len(backups) == 3

    def test_writing_the_same_again_changes_nothing(self, tmp_path: Path) -> None:
        """No backup, no new file, nothing said."""
        path = write(tmp_path / "config", KEPT)
        put(path)
        before = path.stat()
        change = put(path)

        assert (change.action, change.backup, change.details) == ("unchanged", None, ())
        assert path.stat().st_ino == before.st_ino
        assert path.stat().st_mtime_ns == before.st_mtime_ns

    def test_an_update_says_what_changed_and_keeps_what_is_not_ours(self, tmp_path: Path) -> None:
        """env, impersonation and provideClusterInfo stay; changed arguments are shown without secrets."""
        path = write(
            tmp_path / "config",
            "users:\n- name: oidc\n  user:\n    as: bob\n    exec:\n      apiVersion: client.authentication.k8s.io/v1beta1\n"
            "      command: kubectl\n      args: [oidc-login, get-token, --oidc-issuer-url=https://old,"
            " --oidc-client-secret=hunter2]\n      env:\n      - {name: HTTPS_PROXY, value: http://proxy}\n"
            "      provideClusterInfo: true\n",
        )
        change = put(path)
        user = user_in(path)

        assert change.action == "updated"
        assert user["as"] == "bob"
        assert user["exec"]["env"] == [{"name": "HTTPS_PROXY", "value": "http://proxy"}]
        assert user["exec"]["provideClusterInfo"] is True
        assert user["exec"]["args"] == ["get-token", *(arg.whole() for arg in STANZA.args)]
        assert "command: kubectl-oidc_login (was kubectl)" in change.details
        assert "- --oidc-issuer-url=https://old" in change.details
        assert "+ --oidc-issuer-url=https://idp.example.com/x" in change.details
        assert "- --oidc-client-secret=***" in change.details
        assert not any("hunter2" in line for line in change.details)

    def test_the_old_in_tree_plugin_gives_way(self, tmp_path: Path) -> None:
        """Client-go's own plug-in cannot sign in; a user that has it gets the stanza in its place."""
        path = write(
            tmp_path / "config",
            "users:\n- name: oidc\n  user:\n    auth-provider:\n      name: oidc\n      config: {id-token: hunter2}\n",
        )
        change = put(path)

        assert user_in(path).keys() == {"exec"}
        assert "removed auth-provider" in change.details

    @pytest.mark.parametrize(
        ("user", "words"),
        [
            ("{token: a}", "(token)"),
            (
                "{client-certificate-data: a, client-key-data: b}",
                "(client-certificate-data, client-key-data)",
            ),
            ("{exec: {command: aws, args: [eks, get-token]}}", "(another exec program)"),
            ("{auth-provider: {name: gcp}}", "(auth-provider)"),
        ],
    )
    def test_a_user_who_signs_in_otherwise_is_not_touched(
        self, tmp_path: Path, user: str, words: str
    ) -> None:
        """Somebody's certificate, token or other plugin is not ours to replace; the check before a sign-in says so too."""
        path = write(tmp_path / "config", text := f"users:\n- name: oidc\n  user: {user}\n")

        with pytest.raises(KubeconfigError, match="already signs in in another way") as caught:
            put(path)
        assert words in caught.value.message
        assert "--user" in caught.value.hint
        with pytest.raises(KubeconfigError, match="already signs in in another way"):
            check_user("oidc", STANZA, explicit=str(path), environ={})
        assert path.read_bytes() == text.encode()
        assert names_in(tmp_path) == ["config", "home", "work"]

    @pytest.mark.parametrize(
        "text", ["users: [", "- a\n", "users:\n- name: a\n- name: a\n", "users: 1\n", "x: \xff"]
    )
    def test_a_broken_file_stays_as_it_is(self, tmp_path: Path, text: str) -> None:
        """An error, and not a byte changed, no backup, no lock left."""
        path = tmp_path / "config"
        path.write_bytes(text.encode("latin-1"))

        with pytest.raises(KubeconfigError):
            put(path)
        with pytest.raises(KubeconfigError):
            check_user("oidc", STANZA, explicit=str(path), environ={})
        assert path.read_bytes() == text.encode("latin-1")
        assert names_in(tmp_path) == ["config", "home", "work"]

    @pytest.mark.skipif(not POSIX, reason="symbolic links and FIFOs as POSIX has them")
    def test_a_symbolic_link_stays_one(self, tmp_path: Path) -> None:
        """Dotfile managers link ~/.kube/config; the target is replaced, backed up beside itself."""
        target = write(tmp_path / "dotfiles" / "kube", KEPT)
        link = tmp_path / "config"
        link.symlink_to(target)
        change = put(link)

        assert link.is_symlink()
        assert change.backup is not None
        assert change.backup.parent == target.parent
        assert user_in(target)["exec"]["command"] == "kubectl-oidc_login"

    @pytest.mark.skipif(not POSIX, reason="symbolic links and FIFOs as POSIX has them")
    def test_what_is_no_file_is_refused(self, tmp_path: Path) -> None:
        """A FIFO or a directory where the kubeconfig should be is not read and not replaced."""
        fifo, directory = tmp_path / "fifo", tmp_path / "directory"
        os.mkfifo(fifo)
        directory.mkdir()

        for path in (fifo, directory):
            with pytest.raises(KubeconfigError, match="is not a regular file"):
                put(path)
            with pytest.raises(KubeconfigError, match="is not a regular file"):
                read(str(path), {})
        assert stat.S_ISFIFO(fifo.stat().st_mode)

    @pytest.mark.parametrize(
        ("existing", "holds_user", "expected"),
        [
            pytest.param([], None, "c", id="none exists: the last one is made"),
            pytest.param(["b", "c"], None, "b", id="the first that exists"),
            pytest.param(["a", "b"], "b", "b", id="the one that has the user"),
        ],
    )
    def test_the_file_is_chosen_as_kubectl_chooses_it(
        self, tmp_path: Path, existing: list[str], holds_user: str | None, expected: str
    ) -> None:
        """In the same place, the real kubectl and we write into the same file of the list."""
        for who in ("ours", "theirs"):
            for name in existing:
                user = (
                    "users:\n- name: oidc\n  user:\n    exec: {command: kubectl-oidc_login}\n"
                    if name == holds_user
                    else ""
                )
                write(tmp_path / who / name, f"kind: Config\napiVersion: v1\n{user}")
            environ = {"KUBECONFIG": os.pathsep.join(str(tmp_path / who / name) for name in "abc")}
            if who == "ours":
                assert (
                    write_user("oidc", STANZA, explicit=None, environ=environ).path
                    == tmp_path / who / expected
                )
            else:
                kubectl(*STANZA.set_credentials("oidc")[1:], env=environ)

        for who in ("ours", "theirs"):
            holders = [path.name for path in (tmp_path / who).iterdir() if "get-token" in path.read_text()]
            assert holders == [expected], who

    def test_kubectls_lock_is_waited_for(self, tmp_path: Path) -> None:
        """While kubectl writes, we wait; then both changes are there."""
        path, lock = write(tmp_path / "config", KEPT), tmp_path / "config.lock"
        lock.touch()

        def release() -> None:
            time.sleep(0.3)
            path.write_text(KEPT + "x-late: 1\n", encoding="utf-8")
            lock.unlink()

        other = threading.Thread(target=release)
        other.start()
        put(path)
        other.join()

        assert "x-late: 1\n" in path.read_text(encoding="utf-8")
        assert "name: oidc" in path.read_text(encoding="utf-8")
        assert not lock.exists()

    def test_a_lock_that_stays_is_named(self, tmp_path: Path) -> None:
        """The wait is bounded; the lock of a crashed kubectl is named, and left to the person."""
        path, lock = write(tmp_path / "config", KEPT), tmp_path / "config.lock"
        lock.touch()

        with pytest.raises(KubeconfigError, match="holds the kubeconfig's lock") as caught:
            put(path, lock_seconds=0.2)
        assert str(lock) in caught.value.message
        assert lock.exists()
        assert path.read_bytes() == KEPT.encode()

    def test_kubectl_honours_the_same_lock(self, tmp_path: Path) -> None:
        """The lock is where the real kubectl looks for it."""
        path = write(tmp_path / "config", "kind: Config\napiVersion: v1\n")
        (tmp_path / "config.lock").touch()
        command = [parts.program("kubectl"), *STANZA.set_credentials("oidc")[1:], f"--kubeconfig={path}"]
        done = subprocess.run(command, capture_output=True, check=False, encoding="utf-8")

        assert done.returncode != 0
        assert "config.lock" in done.stderr

    def test_many_writers_lose_nothing(self, tmp_path: Path) -> None:
        """Eight programs that each add a user at once leave eight users."""
        path = write(tmp_path / "config", KEPT)
        program = "import sys; from tests.unit.kubeconfig.test_read import put; from pathlib import Path; put(Path(sys.argv[1]), sys.argv[2])"
        writers = [
            subprocess.Popen([sys.executable, "-c", program, str(path), f"u{number}"], cwd=parts.REPOSITORY)
            for number in range(8)
        ]

        assert [writer.wait(60) for writer in writers] == [0] * 8
        names = {item["name"] for item in load(path.read_text(encoding="utf-8"), "F")["users"]}
        assert names == {"ada", *(f"u{number}" for number in range(8))}

    @pytest.mark.skipif(not POSIX, reason="RLIMIT_FSIZE is POSIX")
    def test_a_full_disk_leaves_the_file_whole(self, tmp_path: Path) -> None:
        """When the new text cannot be written, the old file stays, and no piece lies about."""
        path = write(tmp_path / "config", KEPT)
        program = (
            "import resource, signal, sys; from pathlib import Path; from tests.unit.kubeconfig.test_read import put\n"
            "from kubectl_oidc.errors import KubeconfigError\n"
            "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
            "resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]),) * 2)\n"
            "try:\n    put(Path(sys.argv[1]))\nexcept KubeconfigError as error:\n    print(error.message)\n"
        )
        for limit in (16, len(KEPT) + 16):  # the backup fails, or the new file
            command = [sys.executable, "-c", program, str(path), str(limit)]
            done = subprocess.run(
                command, cwd=parts.REPOSITORY, capture_output=True, check=True, encoding="utf-8"
            )

            assert f"cannot write the kubeconfig {path}: File too large" in done.stdout
            assert path.read_bytes() == KEPT.encode()
            assert not (tmp_path / "config.lock").exists()
            assert not [p.name for p in tmp_path.iterdir() if p.name.startswith(".config")]

    @pytest.mark.skipif(not POSIX, reason="owners and modes as POSIX has them")
    def test_a_directory_that_is_read_only_is_named(self) -> None:
        """Nothing is written, and the error says which file and why."""
        with ordinary_directory() as directory:
            path = write(directory / "config", KEPT)
            directory.chmod(0o555)

            with pytest.raises(KubeconfigError, match=r"cannot write the kubeconfig .*Permission denied"):
                put(path)
            assert path.read_bytes() == KEPT.encode()
            directory.chmod(0o755)

    @pytest.mark.skipif(not POSIX, reason="owners and modes as POSIX has them")
    def test_a_directory_that_is_read_only_is_found_before_a_sign_in(self) -> None:
        """The check before a sign-in makes a file there, as writing does, and leaves nothing behind."""
        with ordinary_directory() as directory:
            path = write(directory / "config", KEPT)
            check_user("oidc", STANZA, explicit=str(path), environ={})
            check_user("oidc", STANZA, explicit=str(directory / "new" / "below" / "config"), environ={})
            assert names_in(directory) == ["config"]
            directory.chmod(0o555)

            for file in (path, directory / "new" / "config"):
                with pytest.raises(KubeconfigError, match=r"cannot write the kubeconfig .*Permission denied"):
                    check_user("oidc", STANZA, explicit=str(file), environ={})
            directory.chmod(0o755)

    @pytest.mark.parametrize("place", ["/proc/nope/config", "/dev/null/config"])
    @pytest.mark.skipif(sys.platform != "linux", reason="looks for /proc")
    def test_a_place_where_no_file_can_be_is_found_before_a_sign_in(self, place: str) -> None:
        """Not even root can make a kubeconfig there, and the check says so."""
        with pytest.raises(KubeconfigError, match="the kubeconfig"):
            check_user("oidc", STANZA, explicit=place, environ={})

    @pytest.mark.skipif(not POSIX, reason="owners and modes as POSIX has them")
    def test_a_file_that_is_read_only_is_not_replaced(self) -> None:
        """Its owner said so, and kubectl leaves it alone too; but one that is right already is no error."""
        with ordinary_directory() as directory:
            path = write(directory / "config", KEPT, mode=0o400)
            for attempt in (put, lambda file: check_user("oidc", STANZA, explicit=str(file), environ={})):
                with pytest.raises(KubeconfigError, match="is read-only") as caught:
                    attempt(path)
                assert "chmod u+w" in caught.value.hint
            assert path.read_bytes() == KEPT.encode()
            assert names_in(directory) == ["config"]

            path.chmod(0o600)
            put(path)
            path.chmod(0o400)
            check_user("oidc", STANZA, explicit=str(path), environ={})
            assert put(path).action == "unchanged"

    @pytest.mark.skipif(not POSIX or os.geteuid() != 0, reason="only root can write other people's files")
    def test_root_leaves_the_file_to_its_owner(self, tmp_path: Path) -> None:
        """With sudo, the file and the backup still belong to the user."""
        path = write(tmp_path / "config", KEPT)
        os.chown(path, 65534, 65534)
        change = put(path)

        assert change.backup is not None
        assert [(p.stat().st_uid, p.stat().st_gid) for p in (path, change.backup)] == [(65534, 65534)] * 2

    def test_a_file_that_an_editor_wrote_meanwhile_is_not_replaced(self, tmp_path: Path) -> None:
        """Editors know nothing of the lock; what they wrote is not lost."""
        path = write(tmp_path / "config", KEPT)
        before = path.stat()
        path.write_text("theirs\n", encoding="utf-8")

        with pytest.raises(KubeconfigError, match="was changed by another program just now"):
            replace_file(path, b"ours\n", before)
        assert path.read_text(encoding="utf-8") == "theirs\n"
        assert names_in(tmp_path) == ["config", "home", "work"]


class ordinary_directory:  # noqa: N801 - reads as the context that it is
    """A directory of an ordinary user, who we are while the block runs."""

    def __enter__(self) -> Path:
        self.directory = Path(tempfile.mkdtemp())
        self.root = os.geteuid() == 0
        if self.root:
            os.chown(self.directory, 65534, 65534)
            os.seteuid(65534)
        return self.directory

    def __exit__(self, *_: object) -> None:
        if self.root:
            os.seteuid(0)
        for path in (*self.directory.iterdir(), self.directory):
            path.rmdir() if path.is_dir() else path.unlink()


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
    """Return a kubeconfig as what stands before its users, each user by name, and what stands behind; all but one have a comment."""
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
    """Return how many characters two texts have in common at their beginning."""
    return next(
        (at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )


class TestAnyKubeconfig:
    """However a kubeconfig is written: it is edited in its one place, or refused as it is."""

    @given(
        parts=kubeconfigs(),
        name=WORD,
        newline=st.sampled_from(["\n", "\r\n"]),
        bom=st.sampled_from(["", "\ufeff"]),
        cut=st.booleans(),
    )
    def test_a_user_is_added_and_every_byte_stays(
        self,
        parts: tuple[list[str], str, dict[str, str], str],
        name: str,
        newline: str,
        bom: str,
        *,
        cut: bool,
    ) -> None:
        """Without the lines of the new user the text is the old one; every other user says what it said."""
        names, head, users, tail = parts
        assume(name not in names)
        text = bom + (head + "".join(users.values()) + tail).replace("\n", newline)
        text = text.rstrip() if cut else text
        edited = set_user(text, name, USER, "F")
        kept = common(text, edited) + common(text[::-1], edited[::-1])

        assert kept >= len(text)
        assert load(edited, "F")["users"] == [*load(text, "F")["users"], {"name": name, "user": USER}]

    @given(kubeconfigs(), st.data(), st.sampled_from(["\n", "\r\n"]))
    def test_a_user_is_replaced_and_what_is_around_it_stays(
        self, parts: tuple[list[str], str, dict[str, str], str], data: st.DataObject, newline: str
    ) -> None:
        """What stands before and behind the lines of the user is as it was, byte for byte."""
        names, head, users, tail = parts
        name = data.draw(st.sampled_from(names))
        at = names.index(name)
        before = (head + "".join(users[each] for each in names[:at])).replace("\n", newline)
        behind = ("".join(users[each] for each in names[at + 1 :]) + tail).replace("\n", newline)
        text = before + users[name].replace("\n", newline) + behind
        edited = set_user(text, name, USER, "F")

        assert edited.startswith(before)
        assert edited.endswith(behind)
        wanted = load(text, "F")
        wanted["users"][at] = {**wanted["users"][at], "user": USER}
        assert (
            load(edited, "F") == {"apiVersion": "v1", "kind": "Config", **wanted}
            or load(edited, "F") == wanted
        )

    @given(st.lists(st.sampled_from(FRAGMENTS) | TEXT, max_size=12).map("".join))
    def test_any_text_is_a_kubeconfig_or_refused_with_its_name(self, text: str) -> None:
        """YAML of every kind, broken or of another shape: read and edited, or a KubeconfigError in plain words."""
        with or_refused(KubeconfigError):
            config = load(text, "F")
            json.dumps(config)
            with or_refused(KubeconfigError):
                assert load(set_user(text, "oidc", USER, "F"), "F")["users"]

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("a: !!bool word\n", id="a truth value that is none"),
            pytest.param("a: !!binary aGk=\n", id="bytes"),
            pytest.param("a: !!set {b}\n", id="a set"),
            pytest.param("? [a, b]\n: c\n", id="a key that is a list"),
            pytest.param("a: &a [*a]\n", id="a list in itself"),
            pytest.param('a: "\\ud83d\\ude00"\n', id="half characters"),
            pytest.param(
                "a: &a [x, x]\n"
                + "".join(f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n" for a, b in pairwise("abcdefgh")),
                id="nine to the seventh",
            ),
        ],
    )
    def test_what_json_cannot_say_is_refused(self, text: str) -> None:
        """Kubectl reads kubeconfigs as JSON, and refuses what grows without end."""
        with pytest.raises(KubeconfigError, match="F is not valid YAML"):
            load(text, "F")

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("x: &x\n- name: oidc\nusers: *x\n", id="our user in an alias"),
            pytest.param("users:\n- name: oidc\n  user: word\n", id="our user a word"),
            pytest.param("!!omap\n- users: []\n", id="a list of pairs for the mapping"),
        ],
    )
    def test_a_form_that_is_not_edited_is_refused(self, text: str) -> None:
        """The error says what to do instead."""
        with or_refused(KubeconfigError):
            set_user(text, "oidc", USER, "F")
            pytest.fail("it was edited")
