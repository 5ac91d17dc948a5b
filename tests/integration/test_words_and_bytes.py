"""Arguments, variables and a home that are no UTF-8, and locales that know ASCII alone: no crash, and the right answer."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .laptop import claims_of, token_of
from .said import beside_the_reason, topics

if TYPE_CHECKING:
    from tests.plugin import Ended

    from .laptop import Laptop

pytestmark = pytest.mark.usefixtures("fork_server")  # how the program starts does not matter here


# How Python writes the byte 0xff in an argument, a variable or a path (PEP 383); the program gets the byte.
BYTE = "\udcff"

ARGUMENTS = [
    "--oidc-issuer-url=https://{}/",
    "--oidc-client-id={}",
    "--oidc-client-secret={}",
    "--oidc-client-secret-file={}",
    "--oidc-extra-scope={}",
    "--oidc-redirect-url=http://localhost/{}",
    "--oidc-request-header=X-Test={}",
    "--oidc-auth-request-extra-params=a={}",
    "--oidc-token-exchange-audience={}",
    "--session={}",
    "--username={}",
    "--grant-type={}",
    "--token-cache-dir={}",
    "--token-cache-storage={}",
    "--certificate-authority={}",
    "--certificate-authority-data={}",
    "--listen-address={}",
    "--browser-command={}",
    "--open-url-after-authentication=https://example.com/{}",
    "--authentication-timeout-sec={}",
    "-v={}",
    "--{}",
    "{}",
]
VARIABLES = [
    "KUBERNETES_EXEC_INFO",
    "KUBECTL_OIDC_CLIENT_SECRET",
    "KUBECTL_OIDC_SESSION",
    "KUBECTL_OIDC_GRANT_TYPE",
    "BROWSER",
    "DISPLAY",
    "KUBECONFIG",
    "LANG",
    "PATH",
    "TERM",
    "USER",
    "XDG_RUNTIME_DIR",
    "SSL_CERT_FILE",
    "HTTPS_PROXY",
    "NO_PROXY",
    BYTE,
]


def is_no_crash(ended: Ended) -> None:
    """Hold a run against what every run must be: an answer, or an error and a hint."""
    print(ended)
    assert "Traceback" not in ended.stderr
    assert "unexpected" not in topics(ended.stderr)
    if ended.status == 0:
        assert json.loads(ended.stdout)["status"]["token"]
    else:
        assert (ended.status, ended.stdout) in {(1, ""), (2, "")}
        error, hint = [line for line in ended.stderr.splitlines() if line.startswith(("error: ", "hint: "))]
        assert error.startswith("error: ")
        assert hint.startswith("hint: ")


@pytest.mark.parametrize("argument", ARGUMENTS)
def test_arguments_that_are_not_utf_8_are_no_crash(signed_in: Laptop, argument: str) -> None:
    """A byte that is no UTF-8 in whatever is typed: the answer, or an error that can be read."""
    before = signed_in.stored()
    ended = signed_in.get_token("--authentication-timeout-sec=3", argument.format(f"a{BYTE}b"))
    is_no_crash(ended)
    assert before.items() <= signed_in.stored().items()


@pytest.mark.parametrize("name", VARIABLES, ids=ascii)
def test_an_environment_that_is_not_utf_8_is_no_crash(signed_in: Laptop, name: str) -> None:
    """The same in a variable, its name included; what is not meant for us changes nothing."""
    value = f"{os.environ['PATH']}:/a{BYTE}b" if name == "PATH" else f"/a{BYTE}b"
    for more in ((), ("--session=other", "--authentication-timeout-sec=3")):
        is_no_crash(signed_in.get_token(*more, env={name: value}))


def test_a_home_that_is_not_utf_8_keeps_the_session(laptop: Laptop, home: Path) -> None:
    """A directory whose name is no UTF-8: the session is stored there, and the next call is answered from there."""
    place = Path(f"{home}/a{BYTE}b")
    place.mkdir(mode=0o700)
    first = laptop.get_token(env={"HOME": str(place)})
    assert claims_of(token_of(first.stdout))["sub"] == "alice"
    assert beside_the_reason(first.stderr) == ""
    laptop.realm.forget()
    for _ in range(2):
        assert laptop.get_token(env={"HOME": str(place)}) == first._replace(stderr="")
    assert laptop.realm.seen().total == 0
    assert not (home / ".kube").exists()


LOCALES = {
    "LANG=C": {"LANG": "C"},
    "LC_ALL=POSIX": {"LC_ALL": "POSIX"},
    "ASCII alone": {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
    "PYTHONIOENCODING=ascii": {"PYTHONIOENCODING": "ascii"},
    "no such locale": {"LANG": "xx_XX.ISO-8859-1"},
}
"""What the environment says. A pipe has UTF-8 all the same."""


@pytest.mark.parametrize("locale", LOCALES)
def test_an_ascii_locale_is_no_crash(laptop: Laptop, locale: str) -> None:
    """A person and groups beyond ASCII: the token is whole, and ``setup`` shows them."""
    env, name = LOCALES[locale], "Jürgen Ж"
    laptop.scripted.signs_in_as(name)
    laptop.realm.set_groups(**{name: ["Größe", "管理者"]})
    ended = laptop.get_token(env=env)
    assert claims_of(token_of(ended.stdout))["sub"] == name
    assert beside_the_reason(ended.stderr) == ""
    assert laptop.get_token(env=env) == ended._replace(stderr=""), "and again, from memory"
    setup = laptop.start(command="setup", env=env).ended()
    assert (setup.status, setup.stdout) == (0, ""), setup.stderr
    assert f"{name}@example.com\n" in setup.stderr
    assert "Größe" in setup.stderr
