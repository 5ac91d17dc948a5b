"""Whether this is a container."""

from __future__ import annotations

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
    tmp_path: Path,
    environ: dict[str, str],
    marks: list[str],
    contained: bool,  # noqa: FBT001 - a table
) -> None:
    """Docker and Podman leave a file, Kubernetes, systemd-nspawn and LXC a variable."""
    for name in (".dockerenv", ".containerenv"):
        (tmp_path / name).touch()
    assert in_container(environ, [tmp_path / mark for mark in marks]) is contained
