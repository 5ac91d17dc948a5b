"""The recipes for Windows on x86-64: winget's three manifests (schema 1.6.0) and scoop's one."""

from __future__ import annotations

import json

from kubectl_oidc.yaml_text import yaml_block
from tools import wheel
from tools.release import ABOUT, NAME, Release

SCOOP = f"bucket/{NAME}.json"
SCHEMA = "1.6.0"
LOCALE = "en-US"
PROGRAMS = (wheel.PROGRAM, wheel.COMPLETER)


def winget(release: Release) -> dict[str, str]:
    """Return winget's manifests by their paths: version, installer and default locale.

    The installer is the bundle's archive with the programs as portable ones in it: winget unpacks the whole archive and
    makes each program a command.
    """
    package = f"{release.publisher}.{NAME}"
    installer: dict[str, object] = {
        "InstallerType": "zip",
        "NestedInstallerType": "portable",
        "NestedInstallerFiles": [
            {
                "RelativeFilePath": rf"{release.directory}\bin\{program}.exe",
                "PortableCommandAlias": program,
            }
            for program in PROGRAMS
        ],
        "Commands": list(PROGRAMS),
        "Installers": [
            {
                "Architecture": "x64",
                "InstallerUrl": release.url(release.bundle("windows", "amd64")),
                "InstallerSha256": release.digest(release.bundle("windows", "amd64")),
            }
        ],
    }
    locale: dict[str, object] = {
        "PackageLocale": LOCALE,
        "Publisher": release.publisher,
        "PackageName": NAME,
        "PackageUrl": release.homepage,
        "License": release.licence,
        "ShortDescription": release.description,
        "Description": ABOUT,
        "Tags": ["kubectl", "kubernetes", "oidc", "openid-connect"],
    }
    parts: dict[str, tuple[str, dict[str, object]]] = {
        "": ("version", {"DefaultLocale": LOCALE}),
        ".installer": ("installer", installer),
        f".locale.{LOCALE}": ("defaultLocale", locale),
    }
    return {
        f"winget/{package}{suffix}.yaml": yaml_block(
            {
                "PackageIdentifier": package,
                "PackageVersion": release.version,
                **fields,
                "ManifestType": kind,
                "ManifestVersion": SCHEMA,
            }
        )
        + "\n"
        for suffix, (kind, fields) in parts.items()
    }


def scoop(release: Release) -> str:
    """Return scoop's manifest."""
    bundle = release.bundle("windows", "amd64")
    manifest = {
        "version": release.version,
        "description": release.description,
        "homepage": release.homepage,
        "license": release.licence,
        "architecture": {"64bit": {"url": release.url(bundle), "hash": release.digest(bundle)}},
        "extract_dir": release.directory,
        "bin": [rf"bin\{program}.exe" for program in PROGRAMS],
        "notes": "Run `kubectl oidc-login setup` to begin.",
    }
    return json.dumps(manifest, indent=4) + "\n"
