"""Write the recipes for krew, Homebrew, winget and scoop (packaging/) from the project's metadata.

`make pages` writes them with placeholders instead of a release's addresses, names and digests. A release fills them in:

    python -m tools.recipes --release=https://… --homepage=https://… --publisher=… --artifacts=dist --output=…
"""

from __future__ import annotations

import argparse
from pathlib import Path

from kubectl_oidc.yaml_text import yaml_block
from tools import lock_files, recipes_windows, release as releases, wheel
from tools.release import ABOUT, PLATFORMS, Release

DIRECTORY = lock_files.ROOT / "packaging"
KREW, FORMULA = "oidc-login.yaml", "kubectl-oidc.rb"

_SYSTEMS = {"darwin": "macos", "linux": "linux"}
_PROCESSORS = {"arm64": "arm", "amd64": "intel"}


def main() -> int:
    """Write all of them, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tools.recipes", description=__doc__)
    releases.add_options(parser)
    parser.add_argument("--artifacts", type=Path, help="directory with the bundle of each platform")
    parser.add_argument("--output", type=Path, default=DIRECTORY)
    given = parser.parse_args()
    for name, text in recipes(releases.of_options(given)).items():
        path = given.output / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return 0


def recipes(release: Release) -> dict[str, str]:
    """Return the text of each recipe by its path below the output directory."""
    return {
        KREW: krew(release),
        FORMULA: formula(release),
        recipes_windows.SCOOP: recipes_windows.scoop(release),
        **recipes_windows.winget(release),
    }


def krew(release: Release) -> str:
    """Return the plugin manifest of krew (krew.googlecontainertools.github.com/v1alpha2).

    krew makes the command's name from the plugin's, so the plugin is called oidc-login.
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
                "description": ABOUT,
                "caveats": "Run `kubectl oidc-login setup` to begin.",
                "platforms": [
                    {
                        "selector": {"matchLabels": {"os": system, "arch": machine}},
                        "uri": release.url(release.bundle(system, machine)),
                        "sha256": release.digest(release.bundle(system, machine)),
                        "bin": f"bin/{wheel.PROGRAM}{'.exe' if system == 'windows' else ''}",
                        "files": [{"from": f"{release.directory}/*", "to": "."}],
                    }
                    for system, machine in PLATFORMS
                ],
            },
        }
    )
    return f"{manifest}\n"


def formula(release: Release) -> str:
    """Return the Homebrew formula, which installs the bundle of the computer's system and processor."""
    return f"""\
# Made by tools/recipes.py.
class KubectlOidc < Formula
  desc "{release.description}"
  homepage "{release.homepage}"
  version "{release.version}"
  license "{release.licence}"

{_formula_bundles(release)}
  def install
    libexec.install Dir["*"]
    bin.install_symlink Dir[libexec/"bin/*"]
    data = libexec/"share"
    man1.install_symlink data/"man/man1/{wheel.PROGRAM}.1"
    bash_completion.install_symlink data/"bash-completion/completions/{wheel.PROGRAM}"
    zsh_completion.install_symlink data/"zsh/site-functions/_{wheel.PROGRAM}"
    fish_completion.install_symlink data/"fish/vendor_completions.d/{wheel.PROGRAM}.fish"
  end

  test do
    assert_match "kubectl-oidc #{{version}} ", shell_output("#{{bin}}/{wheel.PROGRAM} version")
  end
end
"""


def _formula_bundles(release: Release) -> str:
    blocks = ""
    for system, word in _SYSTEMS.items():
        blocks += f"  on_{word} do\n"
        for machine, processor in _PROCESSORS.items():
            bundle = release.bundle(system, machine)
            blocks += f"""\
    on_{processor} do
      url "{release.url(bundle)}"
      sha256 "{release.digest(bundle)}"
    end
"""
        blocks += "  end\n\n"
    return blocks.removesuffix("\n")


if __name__ == "__main__":
    raise SystemExit(main())
