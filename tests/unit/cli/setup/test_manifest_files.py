"""Manifests as files: new ones, all or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.cli.setup.manifest_files import check_files, output_directory, write_files, write_stream
from kubectl_oidc.errors import UsageError
from kubectl_oidc.manifests import Manifest

if TYPE_CHECKING:
    from pathlib import Path

ONE = Manifest(name="one.yaml", purpose="first", content={"a": "é"})
TWO = Manifest(name="two.crt", purpose="second", content="-----BEGIN-----\n")


def test_each_manifest_has_its_file(tmp_path: Path) -> None:
    """In a directory that is made for them, in UTF-8."""
    place = tmp_path / "a" / "b"
    files = write_files(place, [ONE, TWO])
    assert files == {"one.yaml": place / "one.yaml", "two.crt": place / "two.crt"}
    assert (place / "one.yaml").read_bytes() == 'a: "é"\n'.encode()
    assert (place / "two.crt").read_text() == "-----BEGIN-----\n"


def test_a_file_that_came_meanwhile_is_not_overwritten(tmp_path: Path) -> None:
    """The look before the sign-in is some minutes old by then."""
    check_files(tmp_path, ["one.yaml", "two.crt"])
    (tmp_path / "two.crt").write_text("mine")
    with pytest.raises(UsageError, match=r"two\.crt is there already"):
        write_files(tmp_path, [ONE, TWO])
    assert (tmp_path / "two.crt").read_text() == "mine"


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    """A name that no file can have stands for a full disk."""
    long = Manifest(name="x" * 300, purpose="", content={})
    with pytest.raises(UsageError, match="cannot be written: File name too long"):
        write_files(tmp_path / "o", [ONE, long])
    assert list((tmp_path / "o").iterdir()) == []


def test_without_a_directory_there_is_nothing_to_check() -> None:
    """None is no directory, and an empty word neither."""
    assert output_directory(None) is None
    assert output_directory("") is None
    check_files(None, ["one.yaml"])


def test_the_stream_is_utf_8_and_leaves_out_what_is_no_data(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    """Whatever the locale."""
    write_stream([ONE, TWO])
    assert capfdbinary.readouterr().out == '# one.yaml: first\na: "é"\n'.encode()
