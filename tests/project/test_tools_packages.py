"""What goes where in the packages for Linux distributions, and what they say about themselves."""

from __future__ import annotations

import email.utils
import gzip
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.releases import filled_in_release, stand_in
from tools import packages, release as releases

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a bundle for Linux has links")

FORMATS = pytest.mark.parametrize("kind", packages.FORMATS)


@pytest.fixture
def release(tmp_path: Path) -> releases.Release:
    """Have a release without placeholders."""
    return filled_in_release(tmp_path)


@pytest.fixture
def bundle(tmp_path: Path, release: releases.Release) -> Path:
    """Have a stand-in for a bundle."""
    return stand_in(tmp_path / "unpacked", release.version)


def configuration(release: releases.Release, bundle: Path, kind: str) -> dict[str, Any]:
    """Return nfpm's configuration."""
    work = bundle.parent / "work"
    work.mkdir(exist_ok=True)
    return packages.configuration(release, bundle, "amd64", kind, work)


def places(release: releases.Release, bundle: Path, kind: str) -> dict[str, dict[str, Any]]:
    """Return the contents of a package by their places, each of which is named once."""
    contents = configuration(release, bundle, kind)["contents"]
    found = {each["dst"]: each for each in contents}
    assert len(found) == len(contents)
    return found


@FORMATS
def test_the_bundle_is_below_one_directory_and_its_programs_are_on_the_path(
    release: releases.Release, bundle: Path, kind: str
) -> None:
    """What its owner may execute stays executable for all, whatever else the modes are."""
    (bundle / "python" / "bin" / "python3").chmod(0o700)
    (bundle / "python" / "modules" / f"of_{release.version}.py").chmod(0o600)
    found = places(release, bundle, kind)
    base = "/usr/lib/kubectl-oidc"
    assert {place: each.get("type", "file") for place, each in found.items() if place.startswith(base)} == {
        base: "dir",
        f"{base}/bin": "dir",
        f"{base}/bin/kubectl-oidc_login": "file",
        f"{base}/bin/kubectl_complete-oidc_login": "file",
        f"{base}/licences": "dir",
        f"{base}/licences/python.txt": "file",
        f"{base}/python": "dir",
        f"{base}/python/bin": "dir",
        f"{base}/python/bin/python3": "file",
        f"{base}/python/modules": "dir",
        f"{base}/python/modules/of_{release.version}.py": "file",
        f"{base}/sbom.cdx.json": "file",
    }
    assert found[f"{base}/python/bin/python3"]["file_info"] == {"mode": 0o755}
    assert found[f"{base}/python/modules/of_{release.version}.py"]["file_info"] == {"mode": 0o644}
    for name in ("kubectl-oidc_login", "kubectl_complete-oidc_login"):
        link = found[f"/usr/bin/{name}"]
        assert (link["type"], link["src"]) == ("symlink", f"../lib/kubectl-oidc/bin/{name}")


@FORMATS
def test_nothing_is_outside_of_usr_and_nothing_runs_at_installation(
    release: releases.Release, bundle: Path, kind: str
) -> None:
    """No home directory, no configuration, no maintainer script: a user's sessions are none of the package's business."""
    assert all(place.startswith("/usr/") for place in places(release, bundle, kind))
    settings = configuration(release, bundle, kind)
    assert "scripts" not in settings
    assert not {"scripts", "triggers"} & {key for part in packages.FORMATS for key in settings.get(part, {})}


@pytest.mark.parametrize(
    ("kind", "licence", "zsh"),
    [
        ("deb", "/usr/share/doc/kubectl-oidc/copyright", "/usr/share/zsh/vendor-completions"),
        ("rpm", "/usr/share/licenses/kubectl-oidc/LICENSE", "/usr/share/zsh/site-functions"),
        ("apk", "/usr/share/licenses/kubectl-oidc/LICENSE", "/usr/share/zsh/site-functions"),
    ],
)
def test_manual_page_completions_and_licence_are_where_the_distribution_looks(
    release: releases.Release, bundle: Path, kind: str, licence: str, zsh: str
) -> None:
    """The page is compressed without a time; Debian has the package's own changelog as well."""
    found = places(release, bundle, kind)
    page = Path(found["/usr/share/man/man1/kubectl-oidc_login.1.gz"]["src"]).read_bytes()
    assert gzip.decompress(page).startswith(b".TH KUBECTL")
    assert page[4:8] == bytes(4)
    assert "Apache" in Path(found[licence]["src"]).read_text()
    assert f"{zsh}/_kubectl-oidc_login" in found
    assert "/usr/share/bash-completion/completions/kubectl-oidc_login" in found
    assert "/usr/share/fish/vendor_completions.d/kubectl-oidc_login.fish" in found
    debian = found.get("/usr/share/doc/kubectl-oidc/changelog.Debian.gz")
    assert (debian is not None) == (kind == "deb")
    if debian:
        entry = gzip.decompress(Path(debian["src"]).read_bytes()).decode()
        assert entry.startswith(f"kubectl-oidc ({release.version}-1) ")
        signed = re.search(r"^ -- Example <packages@example\.com>  (.*)$", entry, re.MULTILINE)
        assert signed
        assert email.utils.parsedate_to_datetime(signed[1]) == release.time


@pytest.mark.parametrize(
    ("kind", "needed"), [("deb", "libc6 (>= 2.28)"), ("rpm", "glibc >= 2.28"), ("apk", "so:libc.so.6")]
)
def test_it_needs_the_glibc_that_its_binaries_need(
    release: releases.Release, bundle: Path, kind: str, needed: str
) -> None:
    """The newest version that a binary names; text that names one is none."""
    assert configuration(release, bundle, kind)["depends"] == []
    (bundle / "python" / "one.so").write_bytes(b"\x7fELF..GLIBC_2.4\0GLIBC_2.28\0")
    (bundle / "python" / "two.so").write_bytes(b"\x7fELF..GLIBC_2.17\0")
    (bundle / "python" / "text").write_bytes(b"GLIBC_2.99")
    assert configuration(release, bundle, kind)["depends"] == [needed]


@FORMATS
def test_the_metadata_is_the_projects(release: releases.Release, bundle: Path, kind: str) -> None:
    """Version, licence, maintainer and address; apk's description is one line, because its format has no more."""
    settings = configuration(release, bundle, kind)
    assert (settings["name"], settings["version"], settings["license"]) == (
        "kubectl-oidc", release.version, "Apache-2.0",
    )  # fmt: skip
    assert (settings["maintainer"], settings["homepage"]) == (
        "Example <packages@example.com>", "https://example.com",
    )  # fmt: skip
    lines = settings["description"].splitlines()
    assert lines[0] == release.description
    assert (len(lines) == 1) == (kind == "apk")
    assert all(len(line) <= 79 for line in lines)


def test_every_file_has_the_time_of_the_version_or_of_source_date_epoch(
    release: releases.Release, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `date` of the version in CHANGELOG.md, unless the environment says another (reproducible-builds.org)."""
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    assert configuration(release, bundle, "deb")["mtime"] == f"{release.date}T00:00:00+00:00"
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "86400")
    assert configuration(release, bundle, "deb")["mtime"] == "1970-01-02T00:00:00+00:00"


def test_what_is_no_bundle_is_refused(release: releases.Release, tmp_path: Path) -> None:
    """Neither an empty directory nor one without archives makes a package."""
    with pytest.raises(packages.NoBundleError, match="kubectl-oidc_login"):
        packages.build(release, tmp_path, "amd64", tmp_path)
    with pytest.raises(packages.NoBundleError, match="make bundle"):
        packages.build_from_archives(release, tmp_path / "nothing", tmp_path)
    assert not list(tmp_path.glob("*.deb"))
