"""Where kubectl looks for its kubeconfig: client-go's rule for Windows, and the home directory elsewhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from kubectl_oidc.kubeconfig.home import kube_directory


@pytest.mark.parametrize(
    ("having", "named", "chosen"),
    [
        ({"profile"}, {}, "profile"),
        ({"home", "profile"}, {}, "home"),
        ({"drive", "profile"}, {}, "drive"),
        (set(), {}, "home"),
        (set(), {"HOME": ""}, "profile"),
        (set(), {"HOME": "", "USERPROFILE": ""}, "drive"),
        (set(), {"HOME": "gone"}, "profile"),
        (set(), {"HOME": "gone", "USERPROFILE": "", "HOMEPATH": ""}, "gone"),
    ],
)
def test_on_windows_the_kubeconfig_is_where_kubectl_looks(
    tmp_path: Path, having: set[str], named: dict[str, str], chosen: str
) -> None:
    """HOME, HOMEDRIVE with HOMEPATH, and USERPROFILE: the first with a kubeconfig, else the first that can be written."""
    for name in ("home", "drive", "profile"):
        (tmp_path / name / ".kube").mkdir(parents=True)
        if name in having:
            (tmp_path / name / ".kube" / "config").touch()
    variables = {"HOME": "home", "HOMEPATH": "drive", "USERPROFILE": "profile", **named}
    environ = {name: str(tmp_path / value) if value else "" for name, value in variables.items()}
    environ |= {"HOMEDRIVE": environ["HOMEPATH"][:1], "HOMEPATH": environ["HOMEPATH"][1:]}
    assert kube_directory(environ, platform="win32") == tmp_path / chosen / ".kube"


def test_without_any_home_the_kubeconfig_is_a_relative_path() -> None:
    """As for kubectl, which then looks below the working directory."""
    assert kube_directory({}, platform="win32") == Path(".kube")


def test_on_other_systems_it_is_in_the_home_directory(home: Path) -> None:
    """The variables of Windows do not matter."""
    assert kube_directory({"USERPROFILE": "/nowhere"}, platform="darwin") == home / ".kube"
