"""Write the recipes for krew and Homebrew (packaging/) from the project's metadata.

`make pages` writes them with placeholders where a release's address and digests belong. A release fills them in:

    python -m tools.recipes --release=https://… --homepage=https://… --artifacts=dist --output=dist
"""

from __future__ import annotations

import argparse
import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path

from kubectl_oidc.yaml_text import yaml_block
from tools import lock_files, wheel
from tools.single_file import PYTHONS, archive_name

DIRECTORY = lock_files.ROOT / "packaging"
KREW, FORMULA = "oidc-login.yaml", "kubectl-oidc.rb"

RELEASE = "https://RELEASE_ADDRESS"
HOMEPAGE = "https://HOMEPAGE"
NO_DIGEST = "0" * 64  # no file has it, so that a recipe that was not filled in installs nothing

PLATFORMS = (("linux", "amd64"), ("linux", "arm64"), ("darwin", "arm64"))
"""What the release workflow makes single files for, in krew's words."""


@dataclass(frozen=True, slots=True)
class Release:
    """Where a version can be had.

    Attributes:
        version: The version.
        description: What the project is, one sentence.
        licence: SPDX expression.
        address: The URL below which the artifacts lie.
        homepage: The project's.
        artifacts: The directory with the artifacts; None where there are none yet.
    """

    version: str
    description: str
    licence: str
    address: str = RELEASE
    homepage: str = HOMEPAGE
    artifacts: Path | None = None

    def digest(self, name: str) -> str:
        """Return the SHA-256 of an artifact, in hexadecimal.

        Raises:
            OSError: There are artifacts, and this is not among them.
        """
        if self.artifacts is None:
            return NO_DIGEST
        return hashlib.sha256((self.artifacts / name).read_bytes()).hexdigest()


def main() -> int:
    """Write both, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.recipes", description=__doc__)
    parser.add_argument("--release", default=RELEASE)
    parser.add_argument("--homepage", default=HOMEPAGE)
    parser.add_argument("--artifacts", type=Path)
    parser.add_argument("--output", type=Path, default=DIRECTORY)
    given = parser.parse_args()
    release = of_this_checkout(address=given.release, homepage=given.homepage, artifacts=given.artifacts)
    (given.output / KREW).write_text(krew(release), encoding="utf-8")
    (given.output / FORMULA).write_text(formula(release), encoding="utf-8")
    return 0


def of_this_checkout(
    *, address: str = RELEASE, homepage: str = HOMEPAGE, artifacts: Path | None = None
) -> Release:
    """Return the release that pyproject.toml describes."""
    project = tomllib.loads((lock_files.ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return Release(
        version=project["version"],
        description=project["description"].partition(":")[0],
        licence=project["license"],
        address=address,
        homepage=homepage,
        artifacts=artifacts,
    )


def krew(release: Release) -> str:
    """Return the plugin manifest of krew (krew.googlecontainertools.github.com/v1alpha2).

    The plugin is called as the command is, because krew makes the one of the other.
    """
    manifest = yaml_block(
        {
            "apiVersion": "krew.googlecontainertools.github.com/v1alpha2",
            "kind": "Plugin",
            "metadata": {"name": "oidc-login"},
            "spec": {
                "version": f"v{release.version}",
                "homepage": release.homepage,
                "shortDescription": release.description,
                "description": "A kubectl exec credential plugin. It opens the browser where there is no session yet, checks the ID "
                "token, keeps the session in the keyring of the operating system, and hands the token to kubectl.",
                "caveats": f"Needs Python {PYTHONS[0]} to {PYTHONS[-1]} as python3 on the PATH. `kubectl oidc-login setup` is where to begin.",
                "platforms": [
                    {
                        "selector": {"matchLabels": {"os": system, "arch": machine}},
                        "uri": f"{release.address}/{name}",
                        "sha256": release.digest(name),
                        "bin": wheel.PROGRAM,
                        "files": [{"from": each, "to": "."} for each in (wheel.PROGRAM, "LICENSE")],
                    }
                    for system, machine in PLATFORMS
                    for name in [archive_name(release.version, system, machine)]
                ],
            },
        }
    )
    return f"{manifest}\n"


def formula(release: Release) -> str:
    """Return the Homebrew formula: an environment of its own with what the lock names, from the source archive."""
    name = f"kubectl_oidc-{release.version}.tar.gz"
    python = f"python@{PYTHONS[-2]}"
    return f"""\
# Made by tools/recipes.py.
class KubectlOidc < Formula
  desc "{release.description}"
  homepage "{release.homepage}"
  url "{release.address}/{name}"
  sha256 "{release.digest(name)}"
  license "{release.licence}"

  depends_on "{python}"

  def install
    system Formula["{python}"].opt_bin/"python{PYTHONS[-2]}", "-m", "venv", libexec
    pip = libexec/"bin/pip"
    system pip, "install", "--require-hashes", "-r", "constraints.txt"
    system pip, "install", "--no-deps", "--no-build-isolation", "."
    inreplace libexec/"bin/kubectl-oidc_login", /\\A#!.*$/, "\\\\0 -I"
    bin.install_symlink libexec/"bin/kubectl-oidc_login", libexec/"bin/kubectl_complete-oidc_login"
    data = libexec/"share"
    man1.install_symlink data/"man/man1/kubectl-oidc_login.1"
    bash_completion.install_symlink data/"bash-completion/completions/kubectl-oidc_login"
    zsh_completion.install_symlink data/"zsh/site-functions/_kubectl-oidc_login"
    fish_completion.install_symlink data/"fish/vendor_completions.d/kubectl-oidc_login.fish"
  end

  test do
    assert_match "kubectl-oidc #{{version}} ", shell_output("#{{bin}}/kubectl-oidc_login version")
  end
end
"""


if __name__ == "__main__":
    raise SystemExit(main())
