"""Lines that keep a path in one piece."""

from __future__ import annotations

import pytest

from kubectl_oidc.cli.paragraphs import wrapped


@pytest.mark.parametrize(
    "path",
    [
        r"C:\Users\Ada Lovelace\.kube\config",
        r"C:\Program Files (x86)\oidc\kubectl-oidc_login.exe",
        r"\\server\My Files\ada b\config",
        "D:/My Files/config",
        "/Users/ada/Library/Application Support/kube/config",
        "~/My Files/config",
        "https://issuer.example.com/a-very-long-path-that-does-not-fit",
    ],
)
def test_a_path_is_in_one_piece(path: str) -> None:
    """It can be copied, although it is longer than the line and has spaces; the words around it are wrapped."""
    text = f"Added the user oidc to {path} and kept a copy of the file as it was before"
    lines = wrapped(text, 24, "", "  ")
    assert [line for line in lines if path in line]
    assert len(lines) > 3
    assert " ".join(line.strip() for line in lines) == text
    assert all(len(line) <= 24 or path in line for line in lines)


def test_the_words_after_a_path_are_no_part_of_it() -> None:
    """Only a word with a separator inside goes on with a path."""
    text = "/etc/kube/config: the user ada signs in with a client secret or a certificate"
    assert max(map(len, wrapped(text, 24))) <= 24


def test_a_command_is_in_one_piece() -> None:
    """It can be copied, although it is longer than the line."""
    command = "`kubectl oidc-login setup --write-kubeconfig --absolute-path`"
    lines = wrapped(f"put the directory of the program on PATH, or run {command} to name it", 24)
    assert [line for line in lines if command in line]
    assert len(lines) > 3
