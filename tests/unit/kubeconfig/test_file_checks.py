"""Files and directories that cannot be written."""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.errors import KubeconfigError
from kubectl_oidc.kubeconfig import check_user, read_kubeconfig
from tests.topics import about
from tests.unit.kubeconfig.kubeconfig_files import (
    KEPT,
    POSIX,
    STANZA,
    names_in,
    ordinary_directory,
    put,
    write,
)

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.skipif(not POSIX, reason="owners and modes as POSIX has them")
def test_a_read_only_directory_is_an_error() -> None:
    """Nothing is written. The error names the file and the reason."""
    with ordinary_directory() as directory:
        path = write(directory / "config", KEPT)
        directory.chmod(0o555)

        with pytest.raises(KubeconfigError, match="Permission denied"):
            put(path)
        assert path.read_bytes() == KEPT.encode()
        directory.chmod(0o755)


@pytest.mark.skipif(not POSIX, reason="owners and modes as POSIX has them")
def test_a_read_only_directory_is_found_before_a_sign_in() -> None:
    """The check creates and removes a file there."""
    with ordinary_directory() as directory:
        path = write(directory / "config", KEPT)
        check_user("oidc", STANZA, explicit=str(path), environ={})
        check_user("oidc", STANZA, explicit=str(directory / "new" / "below" / "config"), environ={})
        assert names_in(directory) == ["config"]
        directory.chmod(0o555)

        for file in (path, directory / "new" / "config"):
            with pytest.raises(KubeconfigError, match="Permission denied"):
                check_user("oidc", STANZA, explicit=str(file), environ={})
        directory.chmod(0o755)


@pytest.mark.parametrize("place", ["/proc/nope/config", "/dev/null/config"])
@pytest.mark.skipif(sys.platform != "linux", reason="looks for /proc")
def test_an_impossible_path_is_found_before_a_sign_in(place: str) -> None:
    """Not even root can create a kubeconfig there."""
    with pytest.raises(KubeconfigError, match=place):
        check_user("oidc", STANZA, explicit=place, environ={})


@pytest.mark.skipif(not POSIX, reason="owners and modes as POSIX has them")
def test_a_read_only_file_is_not_replaced() -> None:
    """Kubectl does not change it either. If nothing needs to change, it is no error."""
    with ordinary_directory() as directory:
        path = write(directory / "config", KEPT, mode=0o400)
        for attempt in (put, lambda file: check_user("oidc", STANZA, explicit=str(file), environ={})):
            with pytest.raises(KubeconfigError, match=str(path)) as caught:
                attempt(path)
            assert "chmod u+w" in caught.value.hint
        assert path.read_bytes() == KEPT.encode()
        assert names_in(directory) == ["config"]

        path.chmod(0o600)
        put(path)
        path.chmod(0o400)
        check_user("oidc", STANZA, explicit=str(path), environ={})
        assert put(path).action == "unchanged"


@pytest.mark.skipif(not POSIX, reason="symbolic links and FIFOs as POSIX has them")
def test_only_a_regular_file_is_read_and_replaced(tmp_path: Path) -> None:
    """A FIFO or a directory is an error."""
    fifo, directory = tmp_path / "fifo", tmp_path / "directory"
    os.mkfifo(fifo)
    directory.mkdir()

    for path in (fifo, directory):
        with pytest.raises(KubeconfigError, check=about("kubeconfig", str(path), " KUBECONFIG")):
            put(path)
        with pytest.raises(KubeconfigError, check=about("kubeconfig", str(path), " KUBECONFIG")):
            read_kubeconfig(str(path), {})
    assert stat.S_ISFIFO(fifo.stat().st_mode)
