"""Build hook of hatchling: with ``KUBECTL_OIDC_LAUNCHER=1``, the wheel has the native launcher as its script.

GOOS and GOARCH name another system and processor, as for Go. Without the variable the wheel is pure.
"""

from __future__ import annotations

import os
import shutil
import subprocess
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
    """Give the wheel the launcher instead of the console script."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Build the launcher, if the environment asks for it, before the wheel is built."""
        if (
            self.target_name != "wheel"
            or version != "standard"
            or os.environ.get("KUBECTL_OIDC_LAUNCHER") != "1"
        ):
            return
        go = shutil.which("go")
        if not go:
            raise RuntimeError("KUBECTL_OIDC_LAUNCHER=1 needs Go: put it on PATH, or unset the variable")
        source = Path(self.root, "launcher")
        target = (_setting(go, "GOOS"), _setting(go, "GOARCH"))
        if target not in TAGS:
            raise RuntimeError(
                f"there is no launcher for {target[0]} on {target[1]}: unset KUBECTL_OIDC_LAUNCHER"
            )
        name = SCRIPT + (".exe" if target[0] == "windows" else "")
        program = Path(tempfile.mkdtemp(), name)
        command = [
            go,
            "build",
            "-trimpath",
            "-buildvcs=false",
            "-ldflags=-s -w -buildid=",
            f"-o={program}",
            ".",
        ]
        subprocess.run(command, cwd=source, env={**os.environ, "CGO_ENABLED": "0"}, check=True)
        build_data["shared_scripts"][str(program)] = name
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{TAGS[target]}"
        self.metadata.core.scripts.pop(SCRIPT)


def _setting(go: str, name: str) -> str:
    return subprocess.run([go, "env", name], check=True, capture_output=True, text=True).stdout.strip()
