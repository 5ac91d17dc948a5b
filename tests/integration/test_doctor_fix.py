"""``doctor --fix``: each finding that the program can mend is shown, asked about, mended, and checked again."""

from __future__ import annotations

import json
import os
import stat
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from ruamel.yaml import YAML

from kubectl_oidc.cli.prompts import NOTHING_CHANGED
from tests import parts

from .laptop import cache
from .on_terminal import OnTerminal
from .said import failure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.plugin import Ended

    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

COMMENT = "# the user that everybody has, by hand"
NAME = "kubectl-oidc_login"
V1, V1BETA1 = "client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1"


def config() -> Path:
    return Path.home() / ".kube" / "config"


def env(*, found: bool = True) -> dict[str, str]:
    """Return a PATH with kubectl's plugin, or without."""
    first = [str(parts.plugin().parent)] if found else []
    return {"PATH": os.pathsep.join((*first, "/usr/bin", "/bin"))}


def write(laptop: Laptop, without: tuple[str, ...] = (), **changes: Any) -> None:
    """Write a kubeconfig with a comment, whose user's exec section has these changes; None leaves a field out."""
    words = [word for word in laptop.words() if word not in without]
    exec_ = {
        "apiVersion": V1BETA1,
        "command": NAME,
        "args": words,
        "interactiveMode": "IfAvailable",
        **changes,
    }
    lines = [f"      {name}: {json.dumps(value)}" for name, value in exec_.items() if value is not None]
    context = '{name: "p", context: {user: oidc}}'
    text = "\n".join([COMMENT, "users:", "- name: oidc", "  user:", "    exec:", *lines])
    config().parent.mkdir(exist_ok=True)
    config().write_text(f"{text}\ncurrent-context: p\ncontexts: [{context}]\n")


def exec_now() -> dict[str, Any]:
    """Return the exec section as it is."""
    exec_: dict[str, Any] = YAML(typ="safe").load(config())["users"][0]["user"]["exec"]
    return exec_


def results(ended: Ended) -> dict[str, str]:
    """Return the status of each check after the last look."""
    return {check["name"]: check["status"] for check in json.loads(ended.stdout)["checks"]}


def left(ended: Ended) -> set[str]:
    """Return what is still wrong, but for the http issuer and the cluster that are not there in this world."""
    wrong = {name for name, status in results(ended).items() if status == "problem"}
    assert ended.status == (1 if wrong else 0)
    return wrong - {"claims", "cluster"}


class Fault(NamedTuple):
    """One thing that is wrong in the exec section.

    Attributes:
        check: What finds it.
        changes: The exec section as it is.
        mended: What the exec section then has.
        found: Whether the program is on PATH.
    """

    check: str
    changes: Mapping[str, Any]
    mended: Mapping[str, Any]
    found: bool = True


FAULTS = {
    "old apiVersion": Fault(
        "api-version", {"apiVersion": "client.authentication.k8s.io/v1alpha1"}, {"apiVersion": V1BETA1}
    ),
    "no apiVersion": Fault("api-version", {"apiVersion": None}, {"apiVersion": V1BETA1}),
    "no interactiveMode": Fault(
        "interactive-mode", {"apiVersion": V1, "interactiveMode": None}, {"interactiveMode": "IfAvailable"}
    ),
    "a terminal demanded": Fault(
        "interactive-mode", {"interactiveMode": "Always"}, {"interactiveMode": "IfAvailable"}
    ),
    "a path that is not there": Fault("plugin", {"command": f"/nowhere/{NAME}"}, {"command": NAME}),
    "not on PATH": Fault("plugin", {}, {"command": str(parts.plugin())}, found=False),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_of_the_exec_section_is_mended(signed_in: Laptop, fault: Fault) -> None:
    """The change is shown without being in the document; the comment stays, and a copy of the file as it was."""
    write(signed_in, **fault.changes)
    before = config().read_text()
    words, path = ("doctor", "--fix", "--yes", "-o", "json"), env(found=fault.found)
    found = results(signed_in.run("doctor", "-o", "json", env=path))
    assert found[fault.check] in {"problem", "warning"}
    ended = signed_in.run(*words, env=path)
    assert results(ended)[fault.check] == "ok", ended.stdout
    assert not left(ended)
    assert fault.mended.items() <= exec_now().items()
    assert config().read_text().startswith(COMMENT)
    (backup,) = config().parent.glob("config.backup-*")
    assert backup.read_text() == before
    assert f"+  {next(iter(fault.mended))}: " in ended.stderr
    again = signed_in.run(*words, env=path)
    assert not left(again)
    assert list(config().parent.glob("config.backup-*")) == [backup]


def test_kubelogins_stanza_is_mended(signed_in: Laptop) -> None:
    """Its session stays, so that nobody signs in."""
    write(signed_in, command="kubectl", args=["oidc-login", *signed_in.words()])
    ended = signed_in.run("doctor", "--fix", "--yes", "-o", "json", env=env())
    assert results(ended)["command"] == "ok"
    assert results(ended)["session"] == "ok"
    assert (exec_now()["command"], exec_now()["args"]) == (NAME, signed_in.words())


def test_missing_scopes_are_asked_for(laptop: Laptop) -> None:
    """Email, which is the user name, and offline_access. What is left is the sign-in, and the exit status says so."""
    laptop.client = "code-only"
    write(laptop, without=("--oidc-extra-scope=offline_access", "--oidc-extra-scope=email"))
    assert laptop.run("login").status == 0
    ended = laptop.run("doctor", "--fix", "--yes", "-o", "json", env=env())
    assert exec_now()["args"][-2:] == ["--oidc-extra-scope=email", "--oidc-extra-scope=offline_access"]
    assert left(ended) == {"session"}
    assert laptop.run("login").status == 0
    assert laptop.run("token", "--claim=email").stdout == "alice@example.com\n"


def old_lock(_: Laptop) -> Callable[[], bool]:
    """Leave kubectl's lock, as a crash does."""
    lock = config().with_name("config.lock")
    lock.touch()
    os.utime(lock, (time.time() - 600, time.time() - 600))
    return lambda: not lock.exists()


def loose_cache(_: Laptop) -> Callable[[], bool]:
    """Let others write the cache directory, and read the files with the tokens."""
    token = next((cache() / "tokens").iterdir())
    token.chmod(0o644)
    cache().chmod(0o777)
    return lambda: not stat.S_IMODE(cache().stat().st_mode) & 0o077 and not token.exists()


@pytest.mark.parametrize(("seed", "check"), [(old_lock, "kubeconfig-lock"), (loose_cache, "storage")])
def test_what_is_not_in_the_kubeconfig_is_mended(
    signed_in: Laptop, seed: Callable[[Laptop], Callable[[], bool]], check: str
) -> None:
    write(signed_in)
    is_mended = seed(signed_in)
    assert results(signed_in.run("doctor", "-o", "json", env=env()))[check] in {"problem", "warning"}
    assert not is_mended()
    ended = signed_in.run("doctor", "--fix", "--yes", "-o", "json", env=env())
    assert is_mended(), ended.stderr
    assert results(ended)[check] == "ok", ended.stdout
    signed_out = {"session"} if seed is loose_cache else set()  # others could have written it
    assert left(ended) == signed_out
    assert not list(config().parent.glob("config.backup-*")), "the kubeconfig is not written for it"


def test_at_a_terminal_each_change_is_asked_for(signed_in: Laptop) -> None:
    """No is the answer to Enter; a yes is for one change alone."""
    write(signed_in, interactiveMode="Always")
    is_mended = old_lock(signed_in)
    before = config().read_text()
    with OnTerminal("doctor", "--fix", env=env()) as terminal:
        terminal.asks("? [y/N]")
        assert not is_mended()
        terminal.type(b"y\r")
        terminal.asks("? [y/N]")
        terminal.type(b"\r")
        ended = terminal.ended()
    assert config().read_text() == before
    assert is_mended()
    assert ended.stdout.count("api-version") == 2, "it has looked again"
    with OnTerminal("doctor", "--fix", env=env()) as terminal:
        terminal.asks("? [y/N]")
        terminal.type(b"\r")
        assert NOTHING_CHANGED in terminal.ended().stderr
    with OnTerminal("doctor", "--fix", env=env()) as terminal:
        terminal.asks("? [y/N]")
        terminal.type(b"yes\r")
        terminal.ended()
    assert exec_now()["interactiveMode"] == "IfAvailable"


def test_without_a_terminal_nothing_is_changed(signed_in: Laptop) -> None:
    """It shows what it would do, and how to have it done; the exit status is that of doctor."""
    write(signed_in, apiVersion=None)
    is_mended = old_lock(signed_in)
    before = config().read_text()
    ended = signed_in.run("doctor", "--fix", env=env())
    assert (ended.status, config().read_text(), is_mended()) == (1, before, False)
    assert "--fix --yes" in ended.stderr
    assert "+  apiVersion: " in ended.stderr
    assert ended.stdout.count("api-version") == 1


def test_doctor_names_the_command_that_repairs(signed_in: Laptop) -> None:
    """If it can, and as long as there is something to repair."""
    write(signed_in, apiVersion=None)
    assert signed_in.run("doctor", "--user=oidc", env=env()).stdout.count("doctor --user=oidc --fix`") == 1
    ended = signed_in.run("doctor", "--fix", "--yes", env=env())
    assert "--fix`" not in ended.stdout
    assert "--fix`" not in signed_in.run("doctor", env=env()).stdout


def test_nothing_to_mend_is_said(signed_in: Laptop) -> None:
    write(signed_in)
    ended = signed_in.run("doctor", "--fix", "--yes", env=env())
    assert len(ended.stderr.splitlines()) == 1
    assert ended.stdout.count("api-version") == 1
    failure(signed_in.run("doctor", "--yes"), "usage", "--yes", "--fix", status=2)


def test_a_kubeconfig_that_is_read_only_stays(signed_in: Laptop) -> None:
    """One error, as of setup; nothing is lost."""
    write(signed_in, interactiveMode="Always")
    config().chmod(0o400)
    before = config().read_text()
    ended = signed_in.run("doctor", "--fix", "--yes", "-o", "json", env=env())
    assert (ended.status, ended.stdout, config().read_text()) == (1, "", before)
    assert "(troubleshooting: kubeconfig)" in ended.stderr


def test_secrets_are_not_shown(signed_in: Laptop) -> None:
    write(signed_in, apiVersion=None, args=[*signed_in.words(), "--oidc-client-secret=SECRET-word"])
    ended = signed_in.run("doctor", "--fix", "--yes", env=env())
    assert "SECRET-word" not in ended.stdout + ended.stderr
    assert exec_now()["args"][-1] == "--oidc-client-secret=SECRET-word"
    assert exec_now()["apiVersion"] == V1BETA1
