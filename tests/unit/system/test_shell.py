"""Commands for users to paste: the shell passes every word on unchanged."""

from __future__ import annotations

import shlex
import subprocess
import sys

import pytest

from kubectl_oidc.system import shell

WORDS = [
    *("--a=b c", "--q='x'", '--d="y"', "--dollar=$HOME `id`", "--comma=a,b"),
    *("--end=#x!", "--back=\\", "é"),
]


def test_a_posix_shell_reads_each_word_as_it_was_meant() -> None:
    """Quotes, dollars and backquotes reach the program; nothing is expanded or run."""
    text = shell.posix(["kubectl", "config", *WORDS])

    assert shlex.split(text.replace("\\\n", "")) == ["kubectl", "config", *WORDS]
    if sys.platform != "win32":
        script = text.replace("kubectl config", "printf '%s\\n'", 1)
        shown = subprocess.run(["/bin/sh", "-c", script], capture_output=True, check=True, encoding="utf-8")
        assert shown.stdout.splitlines() == WORDS


def test_a_long_command_has_one_flag_a_line_with_its_value() -> None:
    """A flag and the value behind it are not torn apart."""
    text = shell.posix(["aws", "eks", "associate", "--cluster-name", "prod", "--oidc", "x" * 80])

    assert text.splitlines() == ["aws eks associate \\", "  --cluster-name prod \\", f"  --oidc {'x' * 80}"]


def test_a_short_command_stays_on_one_line() -> None:
    """Nothing is broken that fits."""
    assert shell.posix(["kubectl", "--user=oidc", "get", "pods"]) == "kubectl --user=oidc get pods"


@pytest.mark.parametrize(
    ("word", "quoted"),
    [
        ("--exec-arg=get-token", "--exec-arg=get-token"),
        ("--a=b,c", "'--a=b,c'"),
        ("it's", "'it''s'"),
        ("$env:X", "'$env:X'"),
        ("@x", "'@x'"),
        (r"--kubeconfig=C:\Users\ada\config", r"--kubeconfig=C:\Users\ada\config"),
    ],
)
def test_powershell_gets_its_own_quotes(word: str, quoted: str) -> None:
    """A comma makes a list there, an @ and a $ a variable."""
    assert shell.powershell(["kubectl", word]) == f"kubectl {quoted}"
