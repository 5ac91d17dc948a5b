"""Whatever programs read is UTF-8, on every system: no code page and no locale changes it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from kubectl_oidc.secret import Secret
from tests import parts
from tests.sessions import CLIENT, ISSUER, cache, kept, key, repository, session, words_of
from tests.tokens import base64url

if TYPE_CHECKING:
    from pathlib import Path

NAME = "\u0141ukasz-\u0430\u0434\u043c\u0438\u043d-\u7ba1\u7406\u8005"
"""A name with letters that each of the code pages lacks."""

RUN = "from kubectl_oidc import main; main()"

WRITE_USER = (
    "from kubectl_oidc.kubeconfig import Arg, Stanza, write_user\n"
    f"stanza = Stanza(args=(Arg('--oidc-issuer-url', {ISSUER!r}), Arg('--oidc-client-id', {NAME!a})))\n"
    f"write_user({NAME!a}, stanza, environ={{}}, explicit=sys.argv[1])\n"
)

WRITE_MANIFESTS = (
    "from pathlib import Path\n"
    "from kubectl_oidc.cli.setup.manifest_files import write_files, write_stream\n"
    "from kubectl_oidc.manifests.manifest import Manifest\n"
    f"manifests = [Manifest(name='role.yaml', purpose={NAME!a}, content={{'group': {NAME!a}}})]\n"
    "write_stream(manifests)\n"
    "write_files(Path(sys.argv[1]).with_name('manifests'), manifests)\n"
)

TEXTS = {
    "status": ["status"],
    "status -o wide": ["status", "-o", "wide"],
    "whoami": ["whoami"],
    "convert --dry-run": ["convert", "--dry-run"],
}
"""Commands whose output, for people or for diff, has the name."""

DOCUMENTS = {
    "status -o json": ["status", "-o", "json"],
    "status -o yaml": ["status", "-o", "yaml"],
    "whoami -o json": ["whoami", "-o", "json"],
    "whoami -o yaml": ["whoami", "-o", "yaml"],
}

ENVIRONMENTS = (
    {"the system's own": {}, "a console of the USA": {"PYTHONIOENCODING": "cp437"}}
    if sys.platform == "win32"
    else {
        "as Windows in Western Europe": {"PYTHONIOENCODING": "cp1252:surrogateescape"},
        "ASCII": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"},
    }
)


@pytest.fixture(params=ENVIRONMENTS)
def environ(request: pytest.FixtureRequest) -> dict[str, str]:
    """Return the variables of each environment."""
    return {**os.environ, "PYTHONPATH": str(parts.REPOSITORY), **ENVIRONMENTS[request.param]}


@pytest.fixture
def kubeconfig(home: Path) -> Path:
    """Sign somebody in with the name in every claim, and write a kubeconfig of kubelogin with a user of that name."""
    one = key(scopes=("openid",))
    claims = {"iss": ISSUER, "aud": CLIENT, "sub": NAME, "email": NAME, "groups": [NAME]}
    token = f"{base64url(b'{}')}.{base64url(json.dumps(claims).encode())}.{base64url(b'-')}"
    kept(repository(one), session(one, person=NAME, subject=NAME, id_token=Secret(token)))
    file = home / ".kube" / "config"
    words = ["oidc-login", *words_of(one), "--token-cache-storage=disk", f"--token-cache-dir={cache()}"]
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": NAME,
        "contexts": [{"name": NAME, "context": {"cluster": "", "user": NAME}}],
        "users": [
            {
                "name": NAME,
                "user": {
                    "exec": {
                        "apiVersion": "client.authentication.k8s.io/v1",
                        "command": "kubectl",
                        "args": words,
                    }
                },
            }
        ],
    }
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(json.dumps(config, ensure_ascii=False).encode())
    return file


def run(script: str, *arguments: str, environ: dict[str, str]) -> bytes:
    """Run a script in another interpreter and return its standard output."""
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{script}", *arguments],
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")
    return done.stdout


def from_yaml(content: bytes) -> Any:
    """Return the document in a text that is UTF-8."""
    return YAML(typ="safe", pure=True).load(content.decode())


@pytest.mark.usefixtures("kubeconfig")
@pytest.mark.parametrize("form", TEXTS)
def test_a_text_has_the_name(form: str, environ: dict[str, str]) -> None:
    """A pipe gets every letter, and none of its neighbours is lost."""
    assert NAME in run(RUN, *TEXTS[form], environ=environ).decode()


@pytest.mark.usefixtures("kubeconfig")
@pytest.mark.parametrize("form", DOCUMENTS)
def test_a_document_has_the_name(form: str, environ: dict[str, str]) -> None:
    """Programs read the same values from it everywhere."""
    text = run(RUN, *DOCUMENTS[form], environ=environ).decode()
    document = json.loads(text) if form.endswith("json") else from_yaml(text.encode())
    assert NAME in json.dumps(document, ensure_ascii=False)


@pytest.mark.usefixtures("kubeconfig")
def test_a_credential_is_json_in_ascii(environ: dict[str, str]) -> None:
    """What kubectl reads, the first time and from memory."""
    words = words_of(key(), "--token-cache-storage=disk")
    for _ in range(2):
        answer = run(RUN, *words, environ=environ)
        assert json.loads(answer.decode("ascii"))["status"]["token"].count(".") == 2


def test_errors_and_events_are_utf_8(kubeconfig: Path, environ: dict[str, str]) -> None:
    """Who collects them decodes no code page (RFC 8259 §8.1)."""
    config = json.loads(kubeconfig.read_bytes())
    config["users"][0]["user"] = {"token": "x"}
    kubeconfig.write_bytes(json.dumps(config).encode())
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{RUN}", "whoami", "--log-format=json"],
        env=environ,
        capture_output=True,
        check=False,
    )
    event, error, *_ = done.stderr.decode().splitlines()
    assert NAME in json.loads(event)["message"]
    assert NAME in error


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "powershell"])
def test_a_completion_script_is_the_same_bytes(shell: str, environ: dict[str, str]) -> None:
    """Also its line ends: bash cannot read those of Windows."""
    script = parts.REPOSITORY / "kubectl_oidc" / "cli" / "scripts" / shell
    assert run(RUN, "completion", shell, environ=environ) == script.read_bytes()
    assert b"\r" not in script.read_bytes()


@pytest.mark.usefixtures("kubeconfig")
def test_candidates_of_a_completion_have_the_name(environ: dict[str, str]) -> None:
    """For kubectl and the scripts of the shells, each on a line that ends as on Linux."""
    complete = "from kubectl_oidc.cli.kubectl_complete import main; main()"
    answer = run(complete, "whoami", "--user", "", environ=environ)
    assert f"{NAME}\n" in answer.decode()
    assert b"\r" not in answer


def test_the_version_is_ascii(environ: dict[str, str]) -> None:
    """A line that names the program."""
    assert run(RUN, "version", environ=environ).decode("ascii").startswith("kubectl-oidc ")


def test_a_kubeconfig_is_changed_in_utf_8(kubeconfig: Path, environ: dict[str, str]) -> None:
    """The user that is there, under the same name, and one in a file that is not there yet."""
    for file in (kubeconfig, kubeconfig.with_name("new")):
        run(WRITE_USER, str(file), environ=environ)
        (user,) = from_yaml(file.read_bytes())["users"]
        assert user["name"] == NAME
        assert f"--oidc-client-id={NAME}" in user["user"]["exec"]["args"]


def test_manifests_are_utf_8(kubeconfig: Path, environ: dict[str, str]) -> None:
    """On standard output and in a file, with the line ends of YAML's own examples."""
    stream = run(WRITE_MANIFESTS, str(kubeconfig), environ=environ)
    for content in (stream, kubeconfig.with_name("manifests").joinpath("role.yaml").read_bytes()):
        assert from_yaml(content) == {"group": NAME}
        assert b"\r" not in content
