"""Build hook of hatchling: with ``KUBECTL_OIDC_LAUNCHER=1``, the wheel has the native launcher as its script.

GOOS and GOARCH name another system and processor, as for Go. Without the variable the wheel is pure.
"""

from __future__ import annotations

import importlib.util
import os
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

SCRIPT = "kubectl-oidc_login"

TAGS = {
    ("linux", "amd64"): "manylinux_2_17_x86_64.manylinux2014_x86_64.musllinux_1_1_x86_64",
    ("linux", "arm64"): "manylinux_2_17_aarch64.manylinux2014_aarch64.musllinux_1_1_aarch64",
    ("darwin", "amd64"): "macosx_12_0_x86_64",
    ("darwin", "arm64"): "macosx_12_0_arm64",
    ("windows", "amd64"): "win_amd64",
}
"""The wheel's platforms. The launcher for Linux is static, so it needs no C library; Go needs macOS 12."""


class LauncherHook(BuildHookInterface):  # type: ignore[type-arg]
    """Give the wheel the launcher instead of the console script, and the licences of what the launcher contains."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the launcher, if the environment asks for it, before the wheel is built.

        Raises:
            RuntimeError: The system and processor have no launcher.
            NoGo: There is no Go, or it failed.
        """
        if (
            self.target_name != "wheel"
            or version != "standard"
            or os.environ.get("KUBECTL_OIDC_LAUNCHER") != "1"
        ):
            return
        go = _go(self.root)
        target = go.target()
        if target not in TAGS:
            raise RuntimeError(
                f"there is no launcher for {target[0]} on {target[1]}: unset KUBECTL_OIDC_LAUNCHER"
            )
        name = SCRIPT + (".exe" if target[0] == "windows" else "")
        program = Path(tempfile.mkdtemp(), name)
        go.build_launcher(program, *target)
        build_data["shared_scripts"][str(program)] = name
        for subject, path in go.licences(*target).items():
            build_data["extra_metadata"][str(path)] = f"licences/{subject.replace('/', '-')}.txt"
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{TAGS[target]}"
        self.metadata.core.scripts.pop(SCRIPT)


def _go(root: str) -> Any:
    """Return the module ``go.py``, which hatchling's process cannot import by its name."""
    found = importlib.util.spec_from_file_location("_go", Path(root, "tools", "go.py"))
    assert found is not None  # noqa: S101 - the name ends in .py
    assert found.loader is not None  # noqa: S101 - as above
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module
