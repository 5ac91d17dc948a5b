"""Manifests are written to new files, all of them or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.cli.setup.manifest_files import check_files, output_directory, write_files, write_stream
from kubectl_oidc.errors import UsageError
from kubectl_oidc.manifests.manifest import Manifest

if TYPE_CHECKING:
    from pathlib import Path

ONE = Manifest(name="one.yaml", purpose="first", content={"a": "é"})
TWO = Manifest(name="two.crt", purpose="second", content="-----BEGIN-----\n")


def test_each_manifest_has_its_file(tmp_path: Path) -> None:
    """In a new directory, in UTF-8."""
    place = tmp_path / "a" / "b"
    files = write_files(place, [ONE, TWO])
    assert files == {"one.yaml": place / "one.yaml", "two.crt": place / "two.crt"}
    assert (place / "one.yaml").read_bytes() == 'a: "é"\n'.encode()
    assert (place / "two.crt").read_text() == "-----BEGIN-----\n"


def test_a_file_that_was_created_after_the_check_is_not_overwritten(tmp_path: Path) -> None:
    """The sign-in between check and writing may take minutes."""
    check_files(tmp_path, ["one.yaml", "two.crt"])
    (tmp_path / "two.crt").write_text("mine")
    with pytest.raises(UsageError, match=r"two\.crt") as refused:
        write_files(tmp_path, [ONE, TWO])
    assert refused.value.topic == "output-dir"
    assert (tmp_path / "two.crt").read_text() == "mine"


def test_after_a_failed_write_no_file_is_left(tmp_path: Path) -> None:
    """A name that is too long fails like a full disk."""
    long = Manifest(name="x" * 300, purpose="", content={})
    with pytest.raises(UsageError, match=r"File name too long|No such file"):
        write_files(tmp_path / "o", [ONE, long])
    assert list((tmp_path / "o").iterdir()) == []


def test_without_a_directory_nothing_is_checked() -> None:
    """None and an empty value mean no directory."""
    assert output_directory(None) is None
    assert output_directory("") is None
    check_files(None, ["one.yaml"])


def test_the_stream_is_utf_8_and_has_only_the_yaml_manifests(
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    """Whatever the locale."""
    write_stream([ONE, TWO])
    assert capfdbinary.readouterr().out == '# one.yaml: first\na: "é"\n'.encode()
