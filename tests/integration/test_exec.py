"""``exec``: a program that runs no exec plugins gets a temporary kubeconfig with a token that is kept fresh."""

from __future__ import annotations

import fcntl
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from tests import parts
from tests.plugin import run_plugin, wait_until

from .kubeconfigs import write_kubeconfig
from .on_terminal import OnTerminal
from .said import failure

if TYPE_CHECKING:
    from tests.plugin import Running

    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here

CLUSTER = {
    "server": "https://api.example.com",
    "certificate-authority": "ca.crt",
    "tls-server-name": "kubernetes",
    "extensions": [{"name": "n", "extension": {"number": 1}}],
}


@pytest.fixture
def with_cluster(signed_in: Laptop) -> Laptop:
    """Have a context with a cluster, whose user has signed in."""
    write_contexts(signed_in)
    return signed_in


def write_contexts(laptop: Laptop) -> None:
    user = {"exec": {"apiVersion": "client.authentication.k8s.io/v1beta1", "command": "kubectl-oidc_login"}}
    user["exec"]["args"] = laptop.words()  # type: ignore[assignment]
    users: dict[str, Any] = {"oidc": {**user, "as": "robot", "as-groups": ["g"]}, "other": {"token": "x"}}
    write_kubeconfig(
        users,
        {"production": "oidc", "elsewhere": "other", "nowhere": "oidc"},
        current="production",
        clusters={"production": CLUSTER, "elsewhere": CLUSTER},
    )


def directories() -> list[Path]:
    """Return the directories of temporary kubeconfigs that are there."""
    return list(Path(os.environ["XDG_RUNTIME_DIR"], "kubectl-oidc").glob("kubectl-oidc-exec-*"))


@pytest.mark.parametrize("command", ["whoami", "login", "token"])
def test_a_command_in_exec_is_told_where_it_belongs(with_cluster: Laptop, command: str) -> None:
    """The temporary kubeconfig has a token only; the hint names the way out."""
    ended = with_cluster.run("exec", "--", str(parts.plugin()), command)
    failure(ended, "stanza", "exec", "--kubeconfig")


def test_the_program_gets_a_kubeconfig_with_the_token(with_cluster: Laptop) -> None:
    """It has the one context; paths count from the file's directory; nothing is left."""
    script = 'cat "$KUBECONFIG" && stat -c "%a %n" "$KUBECONFIG" "${KUBECONFIG%/*}" "${KUBECONFIG%/*}/token"'
    ended = with_cluster.run("exec", "--", "sh", "-c", script)
    assert (ended.status, ended.stderr) == (0, "")
    text, modes = ended.stdout[: ended.stdout.index("600 /")], ended.stdout[ended.stdout.index("600 /") :]
    document = YAML(typ="safe").load(text)
    assert document["current-context"] == "production"
    assert document["contexts"] == [
        {"name": "production", "context": {"cluster": "production", "user": "token"}}
    ]
    authority = str(Path.home() / ".kube" / "ca.crt")
    expected = {**CLUSTER, "certificate-authority": authority}
    del expected["extensions"]
    assert document["clusters"] == [{"name": "production", "cluster": expected}]
    (user,) = document["users"]
    token = with_cluster.signed_in()
    assert user["user"].pop("tokenFile").endswith("/token")
    assert user == {"name": "token", "user": {"as": "robot", "as-groups": ["g"], "token": token}}
    assert re.findall("^(\\d+) ", modes, re.MULTILINE) == ["600", "700", "600"]
    assert directories() == []


def test_streams_arguments_and_status_are_the_programs_own(with_cluster: Laptop) -> None:
    """Words behind the program belong to it, with and without --; descriptors of the shell stay open."""
    script = 'read line; echo "$line" "$@"; echo oops >&2; exit 7'
    for words in (["--"], []):
        done = run_plugin("exec", *words, "sh", "-c", script, "x", "--context=a", "--", "-v", input="hello\n")
        assert (done.returncode, done.stdout, done.stderr) == (7, "hello --context=a -- -v\n", "oops\n")
    ended = with_cluster.run("exec", "--", "sh", "-c", "kill -TERM $$")
    assert ended.status == 128 + signal.SIGTERM


def test_without_a_session_the_user_signs_in_first(laptop: Laptop) -> None:
    write_contexts(laptop)
    ended = laptop.run("exec", "--", "sh", "-c", 'cat "${KUBECONFIG%/*}/token"')
    assert ended.stdout == laptop.signed_in()
    assert len(laptop.browser.opened()) == 1


def waiting(laptop: Laptop, script: str, *through: str) -> Running:
    """Start a shell script by ``exec``, and wait until it has made the file ``ready``."""
    running = laptop.begin("exec", "--", *through, "sh", "-c", script)
    wait_until(lambda: Path("ready").exists() or not running.is_running(), "the program runs")
    return running


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGUSR1])
def test_a_signal_is_passed_on(with_cluster: Laptop, signum: signal.Signals) -> None:
    """The program decides what becomes of it; the kubeconfig is removed when it has ended."""
    name = signum.name.removeprefix("SIG")
    running = waiting(
        with_cluster, f"trap 'echo got; exit 5' {name}; touch ready; while :; do sleep 0.05; done"
    )
    assert len(directories()) == 1
    running.send(signum)
    ended = running.ended()
    assert (ended.status, ended.stdout) == (5, "got\n"), ended.stderr
    assert directories() == []


def test_a_program_that_a_signal_ends_leaves_nothing(with_cluster: Laptop) -> None:
    running = waiting(with_cluster, "touch ready; exec sleep 60")
    running.send(signal.SIGTERM)
    assert running.ended().status == 128 + signal.SIGTERM
    assert directories() == []


def test_what_a_killed_exec_leaves_is_removed_by_the_next(with_cluster: Laptop) -> None:
    """Not what a running one uses, and not what is too young to tell."""
    running = waiting(with_cluster, "touch ready; exec sleep 60")
    killed = waiting(with_cluster, "echo $$ >pid; exec sleep 60")
    wait_until(lambda: len(directories()) == 2 and Path("pid").exists(), "both run")
    killed.send(signal.SIGKILL)
    os.kill(int(Path("pid").read_text()), signal.SIGKILL)
    killed.ended()
    (young,) = [one for one in directories() if not is_locked(one)]
    assert with_cluster.run("exec", "--", "true").status == 0
    assert len(directories()) == 2
    for one in directories():
        os.utime(one, (1, 1))
    assert with_cluster.run("exec", "--", "true").status == 0
    assert young not in directories()
    assert len(directories()) == 1, "the running one keeps its own"
    running.send(signal.SIGTERM)
    running.ended()
    assert directories() == []


def is_locked(directory: Path) -> bool:
    with (directory / "lock").open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


COUNTER = """
import os, select, signal, sys, time
come, tell = os.pipe()
os.set_blocking(tell, False)
signal.set_wakeup_fd(tell)  # a byte for each signal, however close together they come
signal.signal(signal.SIGINT, lambda *_: None)
open("ready", "w").close()
select.select([come], [], [])
time.sleep(0.7)
print("signals:", len(os.read(come, 9)), file=sys.stderr)
"""


@pytest.mark.usefixtures("with_cluster")
def test_ctrl_c_reaches_the_program_once() -> None:
    """The terminal sends it to both processes, so it is not passed on as well."""
    with OnTerminal("exec", "--", sys.executable, "-c", COUNTER) as terminal:
        wait_until(lambda: Path("ready").exists(), "the program runs")
        terminal.type(b"\x03")
        ended = terminal.ended()
    assert ended.status == 0, ended.stderr
    assert "signals: 1" in ended.stderr
    assert directories() == []


def test_the_token_is_renewed_while_the_program_runs(laptop: Laptop) -> None:
    """Before it ends: both files are replaced, and no browser opens."""
    write_contexts(laptop)
    laptop.realm.id_tokens_live(24)
    laptop.signed_in()
    laptop.realm.id_tokens_live(3600)
    script = (
        'first=$(cat "${KUBECONFIG%/*}/token"); touch ready; '
        'while [ "$first" = "$(cat "${KUBECONFIG%/*}/token")" ]; do sleep 0.1; done; sleep 0.5; '
        'grep -c "$(cat "${KUBECONFIG%/*}/token")" "$KUBECONFIG"'
    )
    ended = waiting(laptop, script).ended()
    assert (ended.status, ended.stdout, ended.stderr) == (0, "1\n", "")
    assert len(laptop.browser.opened()) == 1


def test_a_renewal_imports_nothing(laptop: Laptop) -> None:
    """An update of the program, while PROGRAM runs for days, may replace or remove its modules."""
    write_contexts(laptop)
    laptop.realm.id_tokens_live(12)
    laptop.signed_in()
    laptop.realm.id_tokens_live(3600)
    laptop.realm.forget()
    script = 'echo BEGIN >&2; first=$(cat "${KUBECONFIG%/*}/token"); '
    script += 'while [ "$first" = "$(cat "${KUBECONFIG%/*}/token")" ]; do sleep 0.1; done; echo END >&2'
    words = ["-X", "importtime", str(parts.plugin()), "exec", "--", "sh", "-c", script]
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, *words], env=quiet, stderr=subprocess.PIPE, text=True, timeout=60, check=True
    )
    assert laptop.realm.seen().token_requests == ["refresh_token"]
    between = done.stderr[done.stderr.index("BEGIN\n") : done.stderr.index("END\n")]
    assert [line for line in between.splitlines() if line.startswith("import time:")] == []


def test_a_renewal_that_fails_is_said_once(laptop: Laptop) -> None:
    """The program goes on, and its exit status stays."""
    write_contexts(laptop)
    laptop.realm.id_tokens_live(22)
    laptop.signed_in()
    laptop.realm.fail_next("/token", times=20, status=500)
    ended = waiting(laptop, "touch ready; sleep 13; exit 3").ended()
    assert (ended.status, ended.stdout) == (3, "")
    (line,) = ended.stderr.splitlines()
    assert line.startswith("warning: ")
    assert "500" in line


@pytest.mark.parametrize(
    ("words", "status"),
    [(["no-such-program"], 127), (["./no/such"], 127), (["./text"], 126), (["./"], 126), (["./odd"], 126)],
)
def test_a_program_that_cannot_be_run(with_cluster: Laptop, words: list[str], status: int) -> None:
    """As env(1) says it; nobody is asked to sign in for it, and nothing is left."""
    Path("text").write_text("x")
    Path("odd").write_text("no program of any kind")
    Path("odd").chmod(0o700)
    failure(with_cluster.run("exec", "--", *words), "exec", words[0].removeprefix("./"), status=status)
    assert directories() == []


def test_bad_command_lines(with_cluster: Laptop) -> None:
    """No program, no cluster, and a context of another kind of user."""
    for words in ([], ["--"]):
        failure(with_cluster.run("exec", *words), "usage", "PROGRAM", status=2)
    failure(with_cluster.run("exec", "--context=elsewhere", "--", "true"), "stanza", " other ")
    failure(with_cluster.run("exec", "--context=nowhere", "--", "true"), "kubeconfig", "--context")
