"""The recipes for winget and scoop: what their schemas demand."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tests.releases import filled_in_release
from tools import recipes_windows, release as releases


@pytest.fixture
def filled_in(tmp_path: Path) -> releases.Release:
    """Have a release whose artifacts are there."""
    return filled_in_release(tmp_path)


def test_winget_takes_the_manifests(filled_in: releases.Release) -> None:
    """What the schemas 1.6.0 demand of the three files, whose names are the package's."""
    written = {
        Path(name).name: YAML(typ="safe").load(text)
        for name, text in recipes_windows.winget(filled_in).items()
    }
    package = "Example.kubectl-oidc"
    kinds = {"": "version", ".installer": "installer", ".locale.en-US": "defaultLocale"}
    assert written.keys() == {f"{package}{suffix}.yaml" for suffix in kinds}
    assert re.fullmatch(r"[^.\s\\/:*?\"<>|]{1,32}(\.[^.\s\\/:*?\"<>|]{1,32}){1,7}", package)
    for suffix, kind in kinds.items():
        manifest = written[f"{package}{suffix}.yaml"]
        assert (manifest["PackageIdentifier"], manifest["PackageVersion"]) == (package, filled_in.version)
        assert (manifest["ManifestType"], manifest["ManifestVersion"]) == (kind, "1.6.0")
    assert written[f"{package}.yaml"]["DefaultLocale"] == "en-US"
    installer = written[f"{package}.installer.yaml"]
    assert (installer["InstallerType"], installer["NestedInstallerType"]) == ("zip", "portable")
    assert installer["NestedInstallerFiles"] == [
        {
            "RelativeFilePath": rf"kubectl-oidc-{filled_in.version}\bin\{name}.exe",
            "PortableCommandAlias": name,
        }
        for name in ("kubectl-oidc_login", "kubectl_complete-oidc_login")
    ]
    (one,) = installer["Installers"]
    assert one.keys() == {"Architecture", "InstallerUrl", "InstallerSha256"}
    assert one["Architecture"] == "x64"
    locale = written[f"{package}.locale.en-US.yaml"]
    assert {"PackageLocale", "Publisher", "PackageName", "License", "ShortDescription"} <= locale.keys()
    assert 3 <= len(locale["ShortDescription"]) <= 256
    assert all(1 <= len(tag) <= 40 for tag in locale["Tags"])


def test_scoop_takes_the_manifest(filled_in: releases.Release) -> None:
    """What scoop's schema demands: no field that it does not know, and every file below the archive's one directory."""
    manifest = json.loads(recipes_windows.scoop(filled_in))
    assert manifest.keys() == {
        "version", "description", "homepage", "license", "architecture", "extract_dir", "bin", "notes",
    }  # fmt: skip
    assert manifest["architecture"].keys() == {"64bit"}
    assert manifest["architecture"]["64bit"].keys() == {"url", "hash"}
    assert manifest["extract_dir"] == f"kubectl-oidc-{filled_in.version}"
    assert manifest["bin"] == [r"bin\kubectl-oidc_login.exe", r"bin\kubectl_complete-oidc_login.exe"]
    assert manifest["license"] == "Apache-2.0"


def test_a_quote_in_a_name_stays_text(filled_in: releases.Release) -> None:
    """What a release is given is data in every recipe."""
    odd = dataclasses.replace(filled_in, publisher="A: 'B'")
    (name,) = (name for name in recipes_windows.winget(odd) if ".locale." in name)
    assert YAML(typ="safe").load(recipes_windows.winget(odd)[name])["Publisher"] == "A: 'B'"
