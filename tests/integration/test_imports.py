"""What a path imports: a budget in modules, because milliseconds differ from machine to machine."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import parts
from tests.plugin import wait_until
from tests.settings_files import own_settings

from .imported import imported
from .laptop import token_of

if TYPE_CHECKING:
    from .laptop import Laptop

# Heavy, and of no use to somebody who only refreshes.
NOT_FOR_A_REFRESH = (
    "keyring",
    "rich",
    "asyncio",
    "flask",
    "ruamel",
    "filelock",
    "subprocess",
    "webbrowser",
    "kubectl_oidc.system.browser",
    "kubectl_oidc.cli.commands.setup",
    "kubectl_oidc.demo",
    "kubectl_oidc.authentication.grants",
    "kubectl_oidc.kubeconfig",
    "kubectl_oidc.loopback.server",
    "kubectl_oidc.oidc.client_assertion",
    "kubectl_oidc.oidc.platform_token",
    "kubectl_oidc.oidc.token_exchange",
    "jwt",
    "click",
    "dataclasses",
    "email",
    "hashlib",
    "http.client",
    "cryptography.x509",
    "cryptography.hazmat.backends",
    "cryptography.hazmat.primitives.serialization",
    "cryptography.hazmat.primitives.asymmetric.ec",
    "kubectl_oidc.http.tunnel",
    "kubectl_oidc.system.qr_code",
    "segno",
    "encodings.idna",
)
MODULES_OF_A_REFRESH = 253
"""A few more than today (239), because a slow connection needs some too. Going beyond it makes everybody wait."""


def heavy(modules: set[str], names: tuple[str, ...]) -> set[str]:
    """Return which of these, or of what is in them, were imported."""
    return {module for module in modules for name in names if module == name or module.startswith(f"{name}.")}


def test_a_refresh_imports_neither_browser_nor_keyring_nor_server(laptop: Laptop) -> None:
    """With the session on disk a refresh imports what it needs, and a bounded number of modules."""
    laptop.realm.id_tokens_live(5)  # seconds; not handed out again
    laptop.signed_in()
    laptop.realm.forget()
    modules, _ = imported(laptop)
    assert laptop.realm.seen().token_requests == ["refresh_token"], "it was a refresh"
    assert {
        "kubectl_oidc.authentication.authenticate",
        "kubectl_oidc.http.answer",
        "kubectl_oidc.oidc.signature",
    } <= modules
    assert heavy(modules, NOT_FOR_A_REFRESH) == set()
    assert len(modules) <= MODULES_OF_A_REFRESH


def test_a_session_that_is_good_imports_no_http(signed_in: Laptop) -> None:
    """A command that is not remembered (-v=1) and finds a good session asks nobody and loads no HTTP and no cryptography."""
    modules, _ = imported(signed_in, "-v=1")
    assert heavy(modules, (*NOT_FOR_A_REFRESH, "kubectl_oidc.http.answer", "ssl", "cryptography")) == set()


@pytest.mark.skipif(sys.platform != "linux", reason="sees what is loaded in /proc")
def test_settings_files_cost_a_cached_call_no_module(signed_in: Laptop) -> None:
    """It looks whether they have changed, and does not read them."""
    signed_in.signed_in()
    without, _ = imported(signed_in)
    own_settings("[defaults]\nmin-ttl = '1m'\n")
    first, _ = imported(signed_in)
    assert "tomllib" in first
    again, _ = imported(signed_in)
    assert again == without
    assert "tomllib" not in again


def test_what_redeems_a_code_is_loaded_while_the_person_signs_in(signed_in: Laptop) -> None:
    """With the metadata known nothing was asked for yet, and the cryptography is there before the browser comes back."""
    signed_in.scripted.is_left_alone()
    running = signed_in.start("--session=other")
    signed_in.wait_for_browser()
    loaded = Path(f"/proc/{running.process.pid}/maps")
    wait_until(lambda: "/cryptography/" in loaded.read_text(), "the cryptography is loaded")
    assert signed_in.realm.seen().total == 0


def test_of_many_that_find_the_token_ended_one_imports_what_refreshes_it(laptop: Laptop) -> None:
    """The others wait with next to nothing imported, and leave with what it has published."""
    laptop.realm.id_tokens_live(5)  # seconds; not handed out again
    laptop.signed_in()
    laptop.realm.id_tokens_live(3600)
    quiet = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    command = [sys.executable, "-X", "importtime", str(parts.plugin()), *laptop.words()]
    running = [
        subprocess.Popen(command, env=quiet, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(5)  # who waits longer than the lock wait imports all the same
    ]
    ended = [process.communicate(timeout=60) for process in running]
    assert len({token_of(stdout) for stdout, _ in ended}) == 1
    assert sum("kubectl_oidc.cli\n" in stderr for _, stderr in ended) == 1
    assert sum("| typing\n" in stderr or " typing\n" in stderr for _, stderr in ended) == 1


def test_no_compiler_helps_to_find_the_keyring(laptop: Laptop, tmp_path: Path) -> None:
    """The keyring library imports its backend for the Keychain everywhere, which has one look for Apple's libraries."""
    called = tmp_path / "called"
    for name in ("gcc", "cc", "ld"):
        compiler = tmp_path / name
        compiler.write_text(f'#!/bin/sh\necho {name} >>"{called}"\n')
        compiler.chmod(0o700)
    laptop.storage = "auto"
    laptop.signed_in(env={"PATH": os.pathsep.join((str(tmp_path), os.environ["PATH"]))})
    assert not called.exists()


def test_version_reads_no_metadata_of_packages() -> None:
    """importlib.metadata takes longer to import than the answer."""
    done = subprocess.run(
        [sys.executable, "-X", "importtime", str(parts.plugin()), "version"],
        capture_output=True,
        text=True,
        check=True,
    )
    names = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert "kubectl_oidc.system.installation" in names
    assert "importlib.metadata" not in names
