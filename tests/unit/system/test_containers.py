"""Whether this is a container."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.system.containers import in_container

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("environ", "marks", "contained"),
    [
        ({}, [], False),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, [], True),
        ({"container": "podman"}, [], True),
        ({"container": ""}, [], False),
        ({}, [".dockerenv"], True),
        ({}, ["absent", ".containerenv"], True),
    ],
)
def test_a_container_is_known_by_its_environment_or_its_files(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    environ: dict[str, str],
    marks: list[str],
    contained: bool,  # noqa: FBT001 - a table
) -> None:
    """Docker and Podman leave a file, Kubernetes, systemd-nspawn and LXC a variable."""
    monkeypatch.setattr(sys, "platform", "linux")
    for name in (".dockerenv", ".containerenv"):
        (tmp_path / name).touch()
    assert in_container(environ, [tmp_path / mark for mark in marks]) is contained


def test_on_windows_no_file_is_a_mark(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """There, `/.dockerenv` would be a file in the root of the current drive, and any program may set CONTAINER."""
    (tmp_path / ".dockerenv").touch()
    monkeypatch.setattr(sys, "platform", "win32")
    assert not in_container({}, [tmp_path / ".dockerenv"])
    assert not in_container({"container": "podman"}, [])
    assert in_container({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, [])
