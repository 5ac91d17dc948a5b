"""Write the cluster's manifests to new files or to standard output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from kubectl_oidc.cli.options.paths import expanded
from kubectl_oidc.errors import UsageError
from kubectl_oidc.kubeconfig.file_checks import check_directory
from kubectl_oidc.manifests.manifest import yaml_stream
from kubectl_oidc.text import sanitize

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from kubectl_oidc.manifests.manifest import Manifest

_FLAG = "--output-dir"


def output_directory(name: str | None) -> Path | None:
    """Return the absolute path of ``--output-dir``; None if it is not given."""
    return expanded(_FLAG, name).absolute() if name else None


def check_files(place: Path | None, names: Iterable[str]) -> None:
    """Check, before the sign-in, that the files can be written; without a place there are none.

    Raises:
        UsageError: The directory cannot be written, or one of the files exists.
    """
    if place is None:
        return
    for path in [place / name for name in names]:
        if path.exists() or path.is_symlink():
            raise _exists(path)
    try:
        check_directory(place)
    except OSError as error:
        raise _cannot_write(place, error) from None


def write_files(place: Path, manifests: Sequence[Manifest]) -> Mapping[str, Path]:
    """Write manifests to new files, all of them or none, and return the files by the manifests' names.

    The directory is created if it is missing.

    Raises:
        UsageError: A file exists or cannot be written.
    """
    written: dict[str, Path] = {}
    try:
        place.mkdir(parents=True, exist_ok=True)
        for manifest in manifests:
            path = place / manifest.name
            with path.open("x", encoding="utf-8", newline="\n") as file:
                written[manifest.name] = path
                file.write(manifest.text())
    except FileExistsError as error:
        raise _exists(error.filename) from None
    except OSError as error:
        for path in written.values():
            path.unlink(missing_ok=True)
        raise _cannot_write(place, error) from None
    return written


def write_stream(manifests: Sequence[Manifest]) -> None:
    """Print manifests on standard output as one stream of YAML documents, in UTF-8 whatever the locale."""
    click.echo(yaml_stream(manifests).encode(), nl=False)


def _exists(path: Path | str) -> UsageError:
    return UsageError(
        f"{_FLAG}: {sanitize(path)} already exists",
        "remove it, or give another directory",
        topic="output-dir",
    )


def _cannot_write(place: Path, error: OSError) -> UsageError:
    return UsageError(
        f"{_FLAG} {sanitize(place)} cannot be written: {error.strerror or error}",
        "give another directory, or use -o yaml for standard output",
        topic="output-dir",
    )
