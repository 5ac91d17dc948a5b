"""``status`` and ``whoami``: which sessions there are, who uses them, and whom the cluster sees."""

from __future__ import annotations

import base64
import json
import re
import time
from typing import TYPE_CHECKING, Any

import pytest
import trustme

from kubectl_oidc.demo.authority import Authority
from kubectl_oidc.demo.kubernetes.api import KubernetesApi
from kubectl_oidc.http.client import HttpClient
from kubectl_oidc.http.tls import TlsOptions
from kubectl_oidc.kubeconfig.parse import parse_kubeconfig
from kubectl_oidc.system.log import QUIET
from tests.reasons import NOT_SIGNED_IN
from tests.topics import told_apart

from .kubeconfigs import write_kubeconfig
from .laptop import cache, claims_of
from .said import complaint, failure, files_with

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here


def sessions(laptop: Laptop, *more: str) -> list[dict[str, Any]]:
    """Return what ``status -o json`` says; it says nothing else."""
    ended = laptop.run("status", "-o", "json", *more)
    assert (ended.status, ended.stderr) == (0, ""), ended.stderr
    document = json.loads(ended.stdout)
    assert list(document) == ["sessions"]
    found: list[dict[str, Any]] = document["sessions"]
    return found


def test_nothing_is_kept(laptop: Laptop) -> None:
    ended = laptop.run("status")
    assert (ended.status, ended.stdout) == (0, "")
    (line,) = ended.stderr.splitlines()
    assert str(cache()) in line
    assert "`kubectl oidc-login setup`" in line, "there is no user to sign in"
    assert sessions(laptop) == []
    write_kubeconfig({"oidc": laptop.words()[1:]}, {"production": "oidc"})
    assert "`kubectl oidc-login login`" in laptop.run("status").stderr


def token_of_client(laptop: Laptop, client: str) -> str:
    """Return what the table says of the token of a client's only session."""
    titles, *rows = [re.split(" {3,}", line) for line in laptop.run("status").stdout.splitlines()]
    (cell,) = [row[titles.index("TOKEN")] for row in rows if row[titles.index("CLIENT")] == client]
    return cell


def test_a_session_is_listed_with_the_contexts_that_use_it(signed_in: Laptop) -> None:
    words = signed_in.words()[1:]
    write_kubeconfig(
        {"oidc": words, "other": [*words, "--session=other"], "robot": {"token": "x"}},
        {"production": "oidc", "staging": "oidc", "elsewhere": "other", "machines": "robot"},
    )
    (session,) = sessions(signed_in)
    token = signed_in.signed_in()
    assert session["contexts"] == ["production", "staging"]
    assert session["users"] == ["oidc"]
    assert (session["person"], session["groups"]) == ("alice@example.com", ["eks-admins"])
    assert (session["issuer"], session["clientID"]) == (signed_in.realm.issuer, "kubernetes")
    assert (session["state"], session["storage"], session["renewable"]) == ("good", "disk", True)
    assert session["expires"] == time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(claims_of(token)["exp"]))
    assert session["scopes"] == ["openid", "email", "offline_access", "profile"]
    assert token not in json.dumps(session)
    ended = signed_in.run("status")
    titles, line = ended.stdout.splitlines()
    assert titles.split()[:2] == ["SESSION", "PERSON"]
    assert line.split()[:2] == [session["id"][:8], "alice@example.com"]
    assert re.search(r" {3}[^\d ]+ [^\d ]+ \d+ min {3}", line)
    assert line.endswith("production,staging")
    assert "   eks-admins   disk" in line
    assert parse_kubeconfig(signed_in.run("status", "-o", "yaml").stdout, "status")["sessions"] == sessions(
        signed_in
    )
    assert session["id"] in signed_in.run("status", "-o", "wide").stdout


def test_what_has_ended_says_whether_it_can_be_renewed(laptop: Laptop) -> None:
    laptop.realm.id_tokens_live(1)
    laptop.signed_in()
    laptop.client = "code-only"
    laptop.signed_in()
    time.sleep(1.2)  # the tokens' life
    assert {one["clientID"]: (one["state"], one["renewable"]) for one in sessions(laptop)} == {
        "kubernetes": ("ended", True),
        "code-only": ("ended", False),
    }
    renewable, ended = (token_of_client(laptop, client) for client in ("kubernetes", "code-only"))
    told_apart({"renewable": [renewable], "ended": [ended]})


def test_the_columns_tell_two_sessions_apart(laptop: Laptop) -> None:
    """A name, else the start of the ID; a name that two sessions have tells nothing, so these have their IDs."""
    laptop.signed_in("--session=work")
    laptop.signed_in()
    laptop.client = "code-only"
    laptop.realm.id_tokens_live(45)
    laptop.signed_in("--session=twice")
    laptop.client = "kubernetes"
    laptop.signed_in("--session=twice")
    write_kubeconfig(
        {"oidc": [*laptop.words()[1:], "--session=work"]},
        {"production": "oidc", "staging": "oidc"},
        current="production",
    )
    table = [re.split(" {3,}", line) for line in laptop.run("status", "-o", "wide").stdout.splitlines()]
    titles, rows = table[0], [dict(zip(table[0], row, strict=True)) for row in table[1:]]
    assert titles[0] == "SESSION"
    assert len({row["SESSION"] for row in rows}) == 4
    assert {row["NAME"]: row["SESSION"] for row in rows if row["NAME"] == "work"} == {"work": "work"}
    assert all(row["ID"].startswith(row["SESSION"]) for row in rows if row["NAME"] != "work")
    assert {row["NAME"]: row["CONTEXTS"] for row in rows if row["CONTEXTS"] != "-"} == {
        "work": "*production,staging"
    }
    short = {row["CLIENT"]: row["TOKEN"] for row in rows if row["NAME"] == "twice"}
    assert all(re.fullmatch(r"\D+ \d+ s", cell) for cell in short.values())
    told_apart({client: [re.sub(r"\d+", "", cell)] for client, cell in short.items()})


def test_the_flags_that_make_another_session_are_shown(
    signed_in: Laptop, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also a path that was relative, and never a value that may be secret."""
    (home / "ca.pem").write_bytes(trustme.CA().cert_pem.bytes())
    flags = ["--login-hint=bob", "--oidc-request-header=X-Key=hush", "--certificate-authority=ca.pem"]
    monkeypatch.chdir(home)
    ended = signed_in.run(*signed_in.words(*flags, command="login"))
    assert ended.status == 0, ended.stderr
    shown = ["--login-hint=bob", f"--certificate-authority={home / 'ca.pem'}"]
    assert sorted(one["flags"] for one in sessions(signed_in)) == [
        [],
        ["--oidc-request-header=X-Key=VALUE", *shown],
    ]
    table = signed_in.run("status", "-o", "wide").stdout
    assert all(flag in table for flag in shown)
    assert "hush" not in table
    assert files_with("hush") == []


def test_a_record_that_is_gone_or_cannot_be_read_is_said(signed_in: Laptop) -> None:
    (record,) = (cache() / "tokens").iterdir()
    assert re.search(r"\d", token_of_client(signed_in, "kubernetes")), "it renews in so many minutes"
    record.unlink()
    (session,) = sessions(signed_in)
    assert session["state"] == "gone"
    assert not re.search(r"\d", token_of_client(signed_in, "kubernetes"))


def test_another_cache_directory_of_the_kubeconfig_is_looked_into(
    laptop: Laptop, tmp_path_factory: pytest.TempPathFactory
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    flag = f"--token-cache-dir={elsewhere}"
    laptop.signed_in(flag)
    assert sessions(laptop) == []
    write_kubeconfig({"oidc": [*laptop.words()[1:], flag]}, {"production": "oidc"})
    (session,) = sessions(laptop)
    assert session["contexts"] == ["production"]
    assert sessions(laptop, flag) == [session]


def test_a_broken_kubeconfig_is_a_warning_unless_it_was_named(signed_in: Laptop) -> None:
    path = write_kubeconfig({}, {})
    path.write_text("users: [")
    ended = signed_in.run("status")
    assert ended.status == 0
    (warning,) = ended.stderr.splitlines()
    assert warning.startswith("warning: ")
    assert str(path) in warning
    assert "alice@example.com" in ended.stdout
    complaint(signed_in.run("status", f"--kubeconfig={path}"))


def test_whoami_shows_whom_the_cluster_sees(signed_in: Laptop) -> None:
    write_kubeconfig({"oidc": signed_in.words()[1:]}, {"production": "oidc"}, current="production")
    ended = signed_in.run("whoami")
    assert ended.status == 0
    rows = dict(line.split(maxsplit=1) for line in ended.stdout.splitlines())
    assert rows["user"] == "alice@example.com"
    assert rows["groups"] == "eks-admins"
    assert rows["audience"] == "kubernetes"
    assert re.fullmatch(r"\D+ \d+ min|\D+ 1 h", rows["token"])
    assert ended.stderr.startswith("problem: ")
    assert "https" in ended.stderr.splitlines()[0]
    document = json.loads(signed_in.run("whoami", "-o", "json").stdout)
    assert document["username"] == "alice@example.com"
    assert document["claims"]["sub"] == "alice"
    other = json.loads(signed_in.run("whoami", "-o", "json", "--oidc-username-claim=sub").stdout)
    assert other["username"] == f"{signed_in.realm.issuer}#alice"
    prefixed = signed_in.run("whoami", "--oidc-username-prefix=oidc:", "--oidc-groups-prefix=oidc:").stdout
    assert prefixed.splitlines()[:2] == ["user       oidc:alice@example.com", "groups     oidc:eks-admins"]


def test_whoami_without_a_session_names_the_command_that_signs_in(laptop: Laptop) -> None:
    ended = laptop.run(*laptop.words(command="whoami"))
    command = "`kubectl oidc-login login --oidc-issuer-url="
    failure(ended, "sign-in-needed", " kubernetes ", laptop.realm.issuer, command)
    assert not laptop.browser.opened()


@pytest.fixture
def production(laptop: Laptop) -> Iterator[Laptop]:
    """Have a cluster of the context ``production`` that trusts the realm, where alice is signed in."""
    laptop.signed_in()
    authority = Authority()
    http = HttpClient(tls=TlsOptions(), log=QUIET)
    with KubernetesApi(authority, issuer=laptop.realm.issuer, client_id=laptop.client, http=http) as api:
        cluster = {
            "server": api.url,
            "certificate-authority-data": base64.b64encode(authority.pem).decode(),
        }
        write_kubeconfig(
            {"oidc": laptop.words()[1:]},
            {"production": "oidc", "nowhere": "oidc"},
            current="production",
            clusters={"production": cluster},
        )
        yield laptop
    http.close()


def test_whoami_asks_the_cluster_too(production: Laptop) -> None:
    ended = production.run("whoami", "--cluster")
    assert (ended.status, ended.stderr) == (0, ""), ended.stderr
    values = [line[16:].strip() for line in ended.stdout.splitlines()]
    assert values.count("alice@example.com") == 2, "of the token, and of the cluster"
    assert "eks-admins, system:authenticated" in values
    document = json.loads(production.run("whoami", "--cluster", "-o", "json").stdout)
    assert document["cluster"]["username"] == document["username"] == "alice@example.com"


def test_whoami_asks_the_cluster_with_a_fresh_token_and_never_signs_in(production: Laptop) -> None:
    production.realm.id_tokens_live(1)
    production.signed_in("--force-refresh")
    time.sleep(1.2)  # the token's life
    production.realm.id_tokens_live(600)
    ended = production.run("whoami", "--cluster")
    assert ended.status == 0, ended.stderr
    assert re.search(r" 9 min\b", ended.stdout)
    production.purge()
    failure(
        production.run("whoami", "--cluster"), "sign-in-needed", NOT_SIGNED_IN, "`kubectl oidc-login login`"
    )
    assert len(production.browser.opened()) == 1, "the sign-in's alone"


def test_whoami_says_that_the_context_has_no_cluster(production: Laptop) -> None:
    failure(
        production.run("whoami", "--cluster", "--context=nowhere"), "cluster-entry", "--cluster", "--context"
    )


def test_a_cluster_of_another_client_does_not_take_the_token(production: Laptop) -> None:
    production.signed_in("--oidc-client-id=code-only")
    words = production.words("--oidc-client-id=code-only", "--cluster", command="whoami")
    failure(production.run(*words), "unauthorized")


def test_an_unknown_session_is_named_with_the_nearest(signed_in: Laptop) -> None:
    """Each with the command that selects it."""
    signed_in.signed_in("--session=work")
    commands = {
        command: signed_in.words("--session=wrok", command=command) for command in ("whoami", "logout")
    }
    for words in (*commands.values(), ["whoami", "--session=wrok"], ["logout", "--session=wrok"]):
        nearest = chosen_by(failure(signed_in.run(*words), "sign-in-needed", "wrok"))
        assert nearest[0] == "work"
        assert len(nearest) == 2
    ended = signed_in.purge("--session=wrok")
    assert ended.status == 0
    assert chosen_by(ended.stderr)[0] == "work"
    assert len(sessions(signed_in)) == 2
    assert signed_in.run("logout", f"--session={nearest[1]}").status == 0


def chosen_by(said: str) -> list[str]:
    """Return the values of --session in a list of sessions of alice, the nearest first."""
    return re.findall(r"^  kubectl oidc-login \w+ .*?--session=(\S+) .*alice@example.com", said, re.MULTILINE)


def test_a_session_of_the_same_client_with_other_scopes_is_told_by_its_scopes(laptop: Laptop) -> None:
    """Issuer and client are equal; without the scopes the hint would say that what is not kept is kept."""
    laptop.signed_in("--oidc-extra-scope=groups")
    said = failure(laptop.run(*laptop.words(command="whoami")), "sign-in-needed")
    (kept,) = re.findall(r"^  kubectl oidc-login whoami .*?--session=.* (\S+,\S+)", said, re.MULTILINE)
    assert set(kept.split(",")) == {"email", "groups", "offline_access", "profile"}


def test_the_command_that_signs_in_is_as_short_as_the_one_that_was_typed(laptop: Laptop) -> None:
    write_kubeconfig({"oidc": laptop.words()[1:]}, {"production": "oidc"}, current="production")
    assert complaint(laptop.run("whoami"))[1].partition("`")[2].startswith("kubectl oidc-login login` ")
    _, hint = complaint(laptop.run("whoami", "--context=production", "-o", "json"))
    assert hint.partition("`")[2].startswith("kubectl oidc-login login --context=production` ")
    _, hint = complaint(laptop.run("whoami", "--session=second"))
    assert "--session=second" in hint.split("`")[1]
