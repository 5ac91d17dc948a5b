"""Machines of all kinds, as their environment shows them: which way `auto` signs in there, and what it says.

What cannot be had here is stood for: Windows' browser by a program of the name that WSL has for it, the helper of an editor's
container by a program that BROWSER names.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests import parts

from .laptop import cache, claims_of, token_of
from .mounts import outside_a_container
from .on_terminal import OnTerminal
from .said import beside_the_reason, topics
from .test_device_code import reads
from .test_no_browser import address

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.plugin import Running

    from .realm import OpenIdProvider, Realm
    from .scripted_browser import ScriptedBrowser

SSH = {"SSH_CONNECTION": "10.0.0.9 50022 10.0.0.1 22", "SSH_TTY": "/dev/pts/0", "USER": "ada"}
WSL = {"WSL_DISTRO_NAME": "Ubuntu", "WSL_INTEROP": "/run/WSL/8_interop"}


class Machine:
    """A machine that is no container by itself, with nothing on it but what a test installs.

    Args:
        realm: Where people sign in.
        browser: The browser that the test's programs open.
        begin: The fixture ``start_plugin``.
        directory: The test's own.
    """

    def __init__(
        self, realm: Realm, browser: ScriptedBrowser, begin: Callable[..., Running], directory: Path
    ) -> None:
        self.realm = realm
        self.browser = browser
        self.begin = begin
        self.programs = directory / "bin"
        self.programs.mkdir()
        (directory / "root").mkdir()
        self._bare = outside_a_container(directory / "root")

    def installs(self, name: str, *, status: int = 0) -> Path:
        """Install a program that opens the browser with its last argument, and ends with this status."""
        program = self.programs / name
        argument = 'for last; do :; done; printf "%s\\n" "$@" >"$0.arguments"'
        program.write_text(
            f'#!/bin/sh\n{argument}\n{shlex.quote(str(self.browser.command))} "${{last##--url=}}"\nexit {status}\n'
        )
        program.chmod(0o700)
        return program

    def words(self, *more: str, client: str) -> list[str]:
        identity = self.realm.flags("--token-cache-storage=disk", client=client)
        return ["get-token", *identity, "--listen-address=127.0.0.1:0", *more]

    def start(
        self, *more: str, env: Mapping[str, str], client: str = "device", alone: bool = False
    ) -> Running:
        """Start the program with this environment; ``alone``, with no other program than the test's on PATH."""
        path = os.pathsep.join([str(self.programs), *([] if alone else ["/usr/bin", "/bin"])])
        command = [*self._bare, "env", f"PATH={path}", str(parts.plugin())]
        return self.begin(*self.words(*more, client=client), env=env, command=command)

    def person_enters_the_code(self, running: Running) -> str:
        """Have a person enter the device code elsewhere; return what was said."""
        said = reads(running, "user_code")
        subprocess.run([self.browser.command, codes_at(self.realm, said)], check=True, timeout=20)
        assert claims_of(token_of(running.ended().stdout))["sub"] == "alice"
        return said


def needed(said: str) -> str:
    """Return the line that says why no browser opens here: the first after the reason for the sign-in."""
    return beside_the_reason(said).splitlines()[0]


def codes_at(realm: Realm, said: str) -> str:
    """Return the address with the device code in it."""
    (line,) = [line.strip() for line in said.splitlines() if "user_code=" in line]
    assert line.startswith(realm.issuer)
    return line


@pytest.fixture
def machine(
    openid_provider: OpenIdProvider,
    scripted_browser: ScriptedBrowser,
    start_plugin: Callable[..., Running],
    tmp_path: Path,
) -> Machine:
    """Have such a machine; its provider has device codes, for the client ``device``."""
    return Machine(openid_provider.new_realm(more_grants=True), scripted_browser, start_plugin, tmp_path)


DISPLAY = {"DISPLAY": ":0"}
SEES_NO_BROWSER = {
    "an SSH session": (SSH, "SSH session", False),
    "a server without a display": (
        {},
        "DISPLAY",
        False,
    ),
    "a container of podman": ({"container": "podman"}, "container", False),
    "a pod": ({"KUBERNETES_SERVICE_HOST": "10.96.0.1"}, "container", False),
    "a job of CI": ({"CI": "true", "container": "docker"}, "container", False),
    "SSH into a container": ({**SSH, "container": "lxc"}, "container", False),
    "a desktop without a program for it": (DISPLAY, "no program", True),
    "WSL without a program for it": (WSL, "no program", True),
}


@pytest.mark.parametrize("case", SEES_NO_BROWSER)
def test_where_nobody_would_see_a_browser_there_is_a_code(machine: Machine, case: str) -> None:
    """It says why, shows a code, and signs in once the code was entered elsewhere; a program that opens one stays shut."""
    env, reason, alone = SEES_NO_BROWSER[case]
    if not alone:
        machine.installs("xdg-open")
    said = machine.person_enters_the_code(machine.start(env=env, alone=alone))
    assert reason in needed(said)
    assert not (machine.programs / "xdg-open.arguments").exists()


@pytest.mark.parametrize("case", ["an SSH session", "a pod"])
def test_without_device_codes_there_is_an_address(machine: Machine, case: str) -> None:
    """The provider has none for this client: the address, and the line that forwards its port to this machine."""
    env, reason, _ = SEES_NO_BROWSER[case]
    running = machine.start(env=env, client="kubernetes")
    said = reads(running, "ssh -L")
    assert reason in needed(said)
    if env is SSH:
        assert said.rstrip().endswith("ada@10.0.0.1"), "the address at which this machine was reached"
    (url,) = [line.strip() for line in said.splitlines() if "/auth?" in line]
    subprocess.run([machine.browser.command, url], check=True, timeout=20)
    assert claims_of(token_of(running.ended().stdout))["sub"] == "alice"


def test_over_ssh_at_a_terminal_the_address_can_be_pasted(machine: Machine) -> None:
    """Forwarding and pasting are both offered, and whichever comes first counts."""
    with OnTerminal(*machine.words(client="kubernetes"), env=SSH) as terminal:
        terminal.shows("Enter")
        assert "ssh -L" in terminal.text()
        subprocess.run([machine.browser.command, address(terminal)], check=True, timeout=20)
        ended = terminal.ended()
    assert claims_of(token_of(ended.stdout))["sub"] == "alice"


OPENS = {
    "a desktop": (DISPLAY, "xdg-open", 0),
    "Wayland": ({"WAYLAND_DISPLAY": "wayland-0"}, "xdg-open", 0),
    "SSH with a display that is forwarded": ({**SSH, "DISPLAY": "localhost:10.0"}, "xdg-open", 0),
    "a container with a display": ({"container": "podman", **DISPLAY}, "xdg-open", 0),
    "WSL with wslu": (WSL, "wslview", 0),
    "WSL, where Explorer says 1 when all went well": (WSL, "explorer.exe", 1),
    "WSL with a display": ({**WSL, **DISPLAY}, "wslview", 0),
}


@pytest.mark.parametrize("case", OPENS)
def test_where_somebody_sees_it_the_browser_opens(machine: Machine, case: str) -> None:
    """By the program that this kind of machine has; the address of ours is all that it is given."""
    env, name, status = OPENS[case]
    program = machine.installs(name, status=status)
    ended = machine.start(env=env).ended()
    assert (ended.status, beside_the_reason(ended.stderr)) == (0, "")
    assert claims_of(token_of(ended.stdout))["sub"] == "alice"
    (argument,) = program.with_name(f"{name}.arguments").read_text().splitlines()
    assert argument.startswith("http://localhost:")
    assert "?" not in argument


def test_in_wsl_the_browser_of_windows_comes_first(machine: Machine) -> None:
    """Whoever has installed one in Linux too is signed in at Windows'."""
    linux, windows = machine.installs("xdg-open"), machine.installs("wslview")
    assert machine.start(env={**WSL, **DISPLAY}).ended().status == 0
    assert windows.with_name("wslview.arguments").exists()
    assert not linux.with_name("xdg-open.arguments").exists()


@pytest.mark.parametrize(
    "env",
    [{"REMOTE_CONTAINERS": "true"}, {"CODESPACES": "true"}, {"VSCODE_IPC_HOOK_CLI": "/tmp/x.sock"}, SSH],
)
def test_the_helper_of_an_editor_opens_the_persons_own_browser(machine: Machine, env: dict[str, str]) -> None:
    """In a dev container, and over an editor's SSH, BROWSER names what opens it where the person sits."""
    helper = machine.installs("browser.sh")
    running = machine.start(env={"container": "docker", **env, "BROWSER": str(helper)})
    ended = running.ended()
    assert (ended.status, beside_the_reason(ended.stderr)) == (0, "")
    assert claims_of(token_of(ended.stdout))["sub"] == "alice"
    assert helper.with_name("browser.sh.arguments").exists()


@pytest.mark.parametrize(
    ("browser", "arguments"),
    [
        ("{}", ["URL"]),
        ("not-there:{}", ["URL"]),
        ("{} --new-window %s", ["--new-window", "URL"]),
        ("{} --url=%s", ["--url=URL"]),
        ('{} --profile "at work" %s &', ["--profile", "at work", "URL"]),
        ("sh -c 'touch ran; {} %s':{} --new-tab", ["--new-tab", "URL"]),
        (
            "{} $(touch ran) `touch ran` ; touch ran",
            ["$(touch", "ran)", "`touch", "ran`", ";", "touch", "ran", "URL"],
        ),
    ],
)
def test_browser_is_a_list_of_commands_and_no_shell_reads_it(
    machine: Machine, browser: str, arguments: list[str], tmp_path: Path
) -> None:
    """Words as a shell splits them, the address for %s or at the end; the first that can be started counts."""
    program = machine.installs("firefox")
    ended = machine.start(env={"BROWSER": browser.format(program, program)}).ended()
    assert ended.status == 0, ended.stderr
    given = program.with_name("firefox.arguments").read_text().splitlines()
    (url,) = machine.browser.opened()
    assert given == [word.replace("URL", url) for word in arguments]
    assert not (tmp_path / "work" / "ran").exists()


def test_the_browser_command_comes_before_the_variable(machine: Machine) -> None:
    """A flag with arguments, over BROWSER, over SSH: believed as it is."""
    program, other = machine.installs("chosen"), machine.installs("other")
    running = machine.start(f"--browser-command={program} --private", env={**SSH, "BROWSER": str(other)})
    assert running.ended().status == 0
    assert program.with_name("chosen.arguments").read_text().startswith("--private\nhttp://localhost:")
    assert not other.with_name("other.arguments").exists()


def test_a_helper_that_fails_leaves_the_address(machine: Machine) -> None:
    """The editor has gone, its BROWSER is left: it says so, and what to open."""
    running = machine.start(env={**SSH, "BROWSER": "/no/such/browser.sh"}, client="kubernetes")
    said = reads(running, "ssh -L")
    assert '"/no/such/browser.sh"' in needed(said)
    (url,) = [line.strip() for line in said.splitlines() if "/auth?" in line]
    subprocess.run([machine.browser.command, url], check=True, timeout=20)
    assert claims_of(token_of(running.ended().stdout))["sub"] == "alice"


def test_a_job_that_nobody_watches_ends(machine: Machine) -> None:
    """In CI the time-out ends it, and the pause keeps the next step from waiting as long."""
    env = {"CI": "true", "container": "docker"}
    ended = machine.start("--authentication-timeout-sec=1", env=env).ended()
    assert (ended.status, ended.stdout) == (1, "")
    assert topics(ended.stderr) == ["sign-in-timeout"]
    again = machine.start(env=env).ended(10)
    assert (again.status, again.stdout) == (1, "")
    assert topics(again.stderr) == ["sign-in-paused"]
    assert (cache() / "failed").is_dir()
