"""Opening the person's browser: which program, with which arguments, and that nothing of ours goes along."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import string
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.errors import UsageError
from kubectl_oidc.system.browser import STARTED_SECONDS, Browser, may_be_opened, no_browser
from tests import quick

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PATIENCE = 20.0  # seconds until a test gives up; nothing that works takes nearly so long
URL = "http://localhost:8000/ticket"
SCREEN = {"DISPLAY": ":0"}

POSIX = pytest.mark.skipif(sys.platform == "win32", reason="the browser of these tests is a shell script")


class Desk:
    """A directory of programs that stand for browsers; each writes its arguments down.

    Attributes:
        environ: An environment in which these programs, and none but the system's beside them, are found.
    """

    def __init__(self, root: Path) -> None:
        self.bin = root / "bin"
        self.bin.mkdir()
        self.environ = {"PATH": os.pathsep.join((str(self.bin), os.defpath))}
        self._notes = root / "notes"
        self._notes.mkdir()
        self._staying: list[str] = []

    def add(self, name: str, after: str = "") -> Path:
        """Add a program that notes its process id and arguments, and then does ``after``."""
        note = self._notes / name
        path = self.bin / name
        path.write_text(
            "#!/bin/sh\n"
            f"""{{ printf '%s\\0' "$$" "$@"; }} > '{note}.part'\n"""
            f"mv '{note}.part' '{note}'\n{after}\n",
            encoding="utf-8",
        )
        path.chmod(0o755)
        return path

    def _note(self, name: str) -> list[str]:
        end = time.monotonic() + PATIENCE
        note = self._notes / name
        while not note.exists() and time.monotonic() < end:
            time.sleep(0.01)
        return note.read_text(encoding="utf-8").split("\0")[:-1]

    def arguments(self, name: str = "browser") -> list[str]:
        """Return the arguments that the program was started with."""
        return self._note(name)[1:]

    def pid(self, name: str) -> int:
        return int(self._note(name)[0])

    def clear(self) -> None:
        """End what goes on running."""
        for name in self._staying:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid(name), signal.SIGKILL)

    def started(self, name: str = "browser") -> bool:
        """Tell whether the program was started; `open` waits long enough for that to be known."""
        return (self._notes / name).exists()

    def browser(self, command: str | None, **environ: str) -> Browser:
        """Return the browser that is chosen here; it has time to fail, however busy this machine is."""
        browser = Browser.from_environment(
            command=command, environ=self.environ | environ, platform="linux", container=False
        )
        return browser._replace(patience=PATIENCE)

    def lasting(self, seconds: float = 60.0, before: str = ":") -> Browser:
        """Return a browser that does ``before`` and goes on running; it is waited for as long as any."""
        self.add("browser", f"{before}; sleep {seconds}; exit 1")
        self._staying.append("browser")
        return self.browser("browser")._replace(patience=STARTED_SECONDS)


@pytest.fixture
def desk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    if not request.config.getoption(quick.OPTION):  # which starts nothing
        desk.clear()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


# Which URLs


@pytest.mark.parametrize(
    "url",
    [
        "https://id.example.com",
        "https://id.example.com/authorize?a=b&c=d%20e&f=$g;h=(i)*!~+,@:/?#j",
        "https://id.example.com:8443/",
        "https://192.0.2.1/",
        "https://[2001:db8::1]:8443/",
        "https://xn--bcher-kva.example/",
        "http://localhost:8000/ticket",
        "http://LOCALHOST:8000/",
        "http://127.0.0.1:8000/",
        "http://127.8.9.10/",
        "http://[::1]:8000/",
    ],
)
def test_https_and_http_of_this_machine_may_be_opened(url: str) -> None:
    """An authorization URL is https, ours is http on loopback."""
    assert may_be_opened(url)


NEVER = [
    "",
    "-",
    "--help",
    "-https://id.example.com",
    "id.example.com",
    "//id.example.com/",
    "HTTPS://id.example.com",
    "https:id.example.com",
    "https:/id.example.com",
    "https://",
    "https:///path",
    "https://?query",
    "https://-option/",
    "https://[::1",
    "https://user@id.example.com/",
    "https://user:password@id.example.com/",
    "https://id.example.com@evil.example/",
    "http://id.example.com/",
    "http://localhost.evil.example/",
    "http://127.0.0.1.evil.example/",
    "http://localhost@evil.example/",
    "http://evil.example/?localhost",
    "http://0.0.0.0:8000/",
    "http:// localhost/",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "data:text/html,x",
    "ftp://localhost/",
    "search-ms:query=x",
    "https-evil://id.example.com/",
    " https://id.example.com/",
    "https://id.example.com/ --incognito",
    "https://id.example.com/\n",
    "https://id.example.com/\t",
    "https://id.example.com/\0",
    "https://id.example.com/\x1b[31m",
    "https://id.example.com/\x7f",
    "https://id.example.com/ü",
    "https://id.example.com/\u202e",
    "https://id.exаmple.com/",  # noqa: RUF001 - a Cyrillic letter, on purpose
    *(f"https://id.example.com/{char}x" for char in "\"'\\<>^`{|}"),
]


@pytest.mark.parametrize("url", NEVER)
def test_nothing_else_may_be_opened(url: str) -> None:
    """No other scheme, no http elsewhere, no user info, no option, no character with a meaning to a program."""
    assert not may_be_opened(url)


@given(
    st.tuples(
        st.sampled_from(["https://", "http://", "http://localhost", "https://a.example/", "-", ""]),
        st.text(max_size=20) | st.text(string.printable, max_size=20),
    ).map("".join)
)
def test_what_may_be_opened_is_one_plain_word(url: str) -> None:
    """Whatever a provider calls its endpoint: what passes is visible ASCII without quotes, and no option."""
    allowed = may_be_opened(url)
    assert not allowed or (
        url.startswith(("https://", "http://"))
        and all("!" <= char <= "~" for char in url)
        and not set(url) & set("\"'\\<>^`{|}")
    )


@POSIX
@pytest.mark.parametrize("url", [url for url in NEVER if "\0" not in url])
def test_a_url_that_may_not_be_opened_starts_nothing(desk: Desk, url: str) -> None:
    """The command is not even started."""
    desk.add("browser")
    assert not desk.browser("browser").open(url)
    assert not desk.started()


# Arguments


@POSIX
def test_no_shell_reads_the_url(desk: Desk) -> None:
    """Characters that a shell would act on arrive as one argument, and nothing is done."""
    desk.add("browser")
    desk.add("evil")
    url = "https://a.example/?a=$(evil);evil;&&evil&b=$HOME&c=*&d=~&e=[a-z]?!!#f"
    assert desk.browser("browser").open(url)
    assert desk.arguments() == [url]
    assert not desk.started("evil")


@POSIX
@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("browser", [URL]),
        ("browser --new-window", ["--new-window", URL]),
        ("browser %s", [URL]),
        ("browser %s --private", [URL, "--private"]),
        ("browser --url=%s --private", [f"--url={URL}", "--private"]),
        ("browser -u=%s", [f"-u={URL}"]),
        ("browser %s %s", [URL, URL]),
        ("browser '%s'", [URL]),
        ("browser 'two words' \"three more words\" a\\ b", ["two words", "three more words", "a b", URL]),
        ("browser ''", ["", URL]),
        ("browser '$HOME;*' # x", ["$HOME;*", "#", "x", URL]),
        # Where the URL would be only a part of a word, something else reads that word; it stays outside.
        ("browser -c 'firefox %s'", ["-c", "firefox %s", URL]),
        ("browser a%s", ["a%s", URL]),
        ("browser --url=%s/x", ["--url=%s/x", URL]),
        ("browser --a=%s=%s", ["--a=%s=%s", URL]),
        ("browser %s 'open %s'", [URL, "open %s"]),
    ],
)
def test_the_browser_command_has_its_arguments_and_the_url(
    desk: Desk, command: str, arguments: list[str]
) -> None:
    """Words are split as a shell does; the URL takes the place of %s, or comes last, and is never part of a script."""
    desk.add("browser")
    assert desk.browser(command).open(URL)
    assert desk.arguments() == arguments


@POSIX
def test_a_percent_s_in_the_url_is_the_urls(desk: Desk) -> None:
    """The URL is put in once and not read again."""
    desk.add("browser")
    url = "https://a.example/%s?b=%s%25"
    assert desk.browser("browser --url=%s %s x").open(url)
    assert desk.arguments() == [f"--url={url}", url, "x"]


@POSIX
def test_a_path_with_spaces_is_a_program(desk: Desk) -> None:
    """--browser-command may be the unquoted path of a program, as in kubelogin."""
    path = desk.add("My Browser (beta)")
    assert desk.browser(str(path)).open(URL)
    assert desk.arguments("My Browser (beta)") == [URL]


@POSIX
def test_the_url_is_never_the_program(desk: Desk) -> None:
    """A command of nothing but %s starts nothing."""
    assert not desk.browser("%s").open(URL)


@pytest.mark.parametrize(
    ("platform", "command"),
    [
        *(("linux", command) for command in ("b 'open", 'b "open', "b \\", "   ", "\t", "'\x1b[31m", "''\"")),
        ("darwin", "b 'open"),
        *(("win32", command) for command in ('b "open', 'b "C:\\" "', "   ")),
    ],
)
def test_a_command_that_cannot_be_split_is_a_usage_error(platform: str, command: str) -> None:
    """An unclosed quote, or no word at all, is refused before a sign-in begins."""
    with pytest.raises(UsageError, match=r'^--browser-command ".*" ') as caught:
        Browser.from_environment(command=command, environ=SCREEN, platform=platform)
    assert caught.value.message.isprintable()
    assert caught.value.hint


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (r"C:\Tools\browser.exe --new", (r"C:\Tools\browser.exe", "--new")),
        (r'"C:\Program Files\b.exe" --url=%s', (r"C:\Program Files\b.exe", "--url=%s")),
        ("it's.exe #1", ("it's.exe", "#1")),
    ],
)
def test_on_windows_a_backslash_is_a_directorys(command: str, words: tuple[str, ...]) -> None:
    """Only double quotes keep words together there."""
    browser = Browser.from_environment(command=command, environ={}, platform="win32", container=False)
    assert browser.commands == (words,)


@POSIX
def test_a_batch_file_does_not_get_what_cmd_would_read(desk: Desk) -> None:
    """Windows runs batch files by cmd.exe, which acts on & and % inside quotes too."""
    desk.add("start.CMD")
    desk.add("start.bat")
    for command in ("start.CMD", "start.bat"):
        browser = desk.browser(command)
        assert not browser.open("https://a.example/?a=b&calc")
        assert not browser.open("https://a.example/%PATH%")
        assert not desk.started(command)
        assert browser.open(URL)
        assert desk.arguments(command) == [URL]


# Which program


@POSIX
def test_the_browser_command_comes_before_everything(desk: Desk) -> None:
    """The flag wins over BROWSER and the desktop, and is used even without a display."""
    for name in ("chosen", "other", "xdg-open"):
        desk.add(name)
    browser = desk.browser("chosen", BROWSER="other", SSH_CONNECTION="a b c d")
    assert browser.available() is None
    assert browser.open(URL)
    assert desk.started("chosen")
    assert not desk.started("other")
    assert not desk.started("xdg-open")


@POSIX
def test_the_variable_comes_before_the_desktop(desk: Desk) -> None:
    """BROWSER is believed, over SSH too: VS Code and others set it where a browser can be reached."""
    for name in ("mine", "xdg-open"):
        desk.add(name)
    for environ in (SCREEN, {"SSH_CONNECTION": "a b c d"}, {}):
        browser = desk.browser(None, BROWSER="mine", **environ)
        assert browser.available() is None
        assert browser.commands == (("mine",),)
    assert browser.open(URL)
    assert desk.arguments("mine") == [URL]
    assert not desk.started("xdg-open")


@POSIX
@pytest.mark.parametrize(
    ("value", "name", "arguments"),
    [
        ("browser", "browser", [URL]),
        ("no-such-browser:browser", "browser", [URL]),
        ("failing:browser:other", "browser", [URL]),
        ("browser --new-window %s", "browser", ["--new-window", URL]),
        ("browser --new-window", "browser", ["--new-window", URL]),
        ("browser %s &", "browser", [URL]),
        ("browser '--title=a b' --url=%s", "browser", ["--title=a b", f"--url={URL}"]),
        (":::browser:", "browser", [URL]),
        ("'open:browser", "browser", [URL]),
        ("sh -c 'other %s':browser", "browser", [URL]),
        ("other a%s:browser", "browser", [URL]),
        ("%s:browser", "browser", [URL]),
    ],
)
def test_the_variable_is_a_list_of_commands(desk: Desk, value: str, name: str, arguments: list[str]) -> None:
    """The first that can be started and does not fail is it; one that would hand the URL to a shell is left out."""
    desk.add("failing", "exit 3")
    desk.add("other")
    desk.add("browser")
    assert desk.browser(None, BROWSER=value).open(URL)
    assert desk.arguments(name) == arguments
    assert not desk.started("other")


@POSIX
def test_a_path_with_spaces_in_the_variable_is_a_program(desk: Desk) -> None:
    """An entry that is the path of a program is not split."""
    path = desk.add("My Browser")
    assert desk.browser(None, BROWSER=f"no-such-browser:{path}").open(URL)
    assert desk.arguments("My Browser") == [URL]


def test_on_windows_the_variable_is_separated_by_semicolons() -> None:
    """There a colon belongs to a drive."""
    value = r'C:\a\b.exe %s;"D:\e f\g.exe" --new'
    browser = Browser.from_environment(
        command=None, environ={"BROWSER": value}, platform="win32", container=False
    )
    assert browser.commands == ((r"C:\a\b.exe", "%s"), (r"D:\e f\g.exe", "--new"))


@POSIX
@pytest.mark.parametrize("value", ["", ":", "'open", "sh -c 'firefox %s'", " & "])
def test_a_variable_without_a_usable_command_is_none(desk: Desk, value: str) -> None:
    """Then the desktop's own way is taken."""
    desk.add("xdg-open")
    assert desk.browser(None, BROWSER=value, **SCREEN).open(URL)
    assert desk.arguments("xdg-open") == [URL]


@pytest.mark.parametrize(
    ("platform", "environ", "names", "commands"),
    [
        ("linux", SCREEN, ["xdg-open", "gio", "x-www-browser"], ["xdg-open", "gio open", "x-www-browser"]),
        ("linux", SCREEN, ["gio"], ["gio open"]),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, ["x-www-browser"], ["x-www-browser"]),
        ("darwin", {}, ["open", "xdg-open"], ["open"]),
        ("linux", {"WSL_DISTRO_NAME": "Debian"}, ["explorer.exe", "wslview"], ["wslview", "explorer.exe"]),
        ("linux", {"WSL_INTEROP": "/run/x"}, ["xdg-open", "explorer.exe"], ["explorer.exe", "xdg-open"]),
        ("linux", SCREEN, ["xdg-open", "wslview"], ["xdg-open"]),
    ],
)
@POSIX
def test_the_desktops_programs_are_tried_in_order(
    tmp_path: Path, platform: str, environ: Mapping[str, str], names: list[str], commands: list[str]
) -> None:
    """What is installed of them: Linux desktops, macOS, and Windows from within WSL."""
    desk = Desk(tmp_path)
    for name in names:
        desk.add(name)
    browser = Browser.from_environment(
        command=None, environ={"PATH": str(desk.bin), **environ}, platform=platform, container=False
    )
    assert [" ".join(words) for words in browser.commands] == commands
    assert browser.available() is None


@pytest.mark.parametrize(
    ("platform", "named"), [("linux", "xdg-open, gio, x-www-browser"), ("darwin", "open")]
)
def test_where_nothing_is_installed_the_reason_names_what_would_do(
    tmp_path: Path, platform: str, named: str
) -> None:
    """Without any of the programs there is a reason instead of a silent failure, and `open` says False."""
    browser = Browser.from_environment(
        command=None, environ={"PATH": str(tmp_path), **SCREEN}, platform=platform, container=False
    )
    assert (browser.available() or "").endswith(f" ({named})")
    assert browser.commands == ()


def test_on_windows_the_system_opens_it() -> None:
    """No program is looked for there."""
    browser = Browser.from_environment(command=None, environ={}, platform="win32", container=False)
    assert browser.commands == ()
    assert browser.available() is None


@POSIX
def test_elsewhere_no_command_opens_nothing() -> None:
    """Without a command `open` says False."""
    assert not Browser(()).open(URL)


# Why none


SSH = {"SSH_CONNECTION": "192.0.2.1 1 192.0.2.2 22"}
CONTAINER_REASON, SSH_REASON, SCREEN_REASON = (
    str(no_browser({}, "linux", container=True)),
    "SSH",
    "WAYLAND_DISPLAY",
)


def is_reason(said: str | None, reason: str | None) -> bool:
    """Return whether what was said names the reason, or both are None."""
    return said is reason if said is None or reason is None else reason in said


@pytest.mark.parametrize(
    ("environ", "platform", "container", "reason"),
    [
        (SCREEN, "linux", False, None),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", False, None),
        (SCREEN | SSH, "linux", False, None),
        (SCREEN, "linux", True, None),
        ({}, "linux", False, SCREEN_REASON),
        ({"DISPLAY": ""}, "linux", False, SCREEN_REASON),
        (SSH, "linux", False, SSH_REASON),
        ({"SSH_TTY": "/dev/pts/0"}, "linux", False, SSH_REASON),
        (SSH, "darwin", False, SSH_REASON),
        (SSH, "win32", False, SSH_REASON),
        ({}, "linux", True, CONTAINER_REASON),
        (SSH, "linux", True, CONTAINER_REASON),
        ({}, "darwin", False, None),
        ({}, "win32", False, None),
        ({"WSL_DISTRO_NAME": "Debian"}, "linux", False, None),
        ({"WSL_INTEROP": "/run/x"}, "linux", False, None),
        ({"WSL_DISTRO_NAME": "Debian"} | SSH, "linux", False, SSH_REASON),
        ({}, "freebsd14", False, SCREEN_REASON),
        pytest.param({"container": "podman"}, "linux", None, CONTAINER_REASON, marks=POSIX),
        ({"KUBERNETES_SERVICE_HOST": "10.0.0.1"}, "linux", None, CONTAINER_REASON),
    ],
)
def test_a_browser_that_nobody_would_see_has_a_reason(
    environ: Mapping[str, str], platform: str, *, container: bool | None, reason: str | None
) -> None:
    """SSH, a container, no display: the reason is given, unless there is a display."""
    assert is_reason(no_browser(environ, platform, container=container), reason)


@POSIX
@pytest.mark.parametrize(
    ("environ", "reason"),
    [(SSH, SSH_REASON), ({}, SCREEN_REASON), (SCREEN, None)],
    ids=["SSH", "none", "screen"],
)
def test_the_reason_is_the_browsers(desk: Desk, environ: dict[str, str], reason: str | None) -> None:
    """With a program installed, it is the surroundings that decide whether it can be used."""
    desk.add("xdg-open")
    assert is_reason(desk.browser(None, **environ).available(), reason)


# How it is started


@POSIX
def test_a_command_that_fails_at_once_is_no_browser(desk: Desk) -> None:
    """An exit status other than 0 is False, so that the address can be printed; 0 is True."""
    desk.add("browser", "exit 1")
    desk.add("killed", "kill -9 $$")
    desk.add("good", "exit 0")
    assert not desk.browser("browser").open(URL)
    assert not desk.browser("killed").open(URL)
    assert desk.browser("good").open(URL)


@POSIX
def test_explorer_is_believed_whatever_its_status(desk: Desk) -> None:
    """Windows' explorer says 1 when all went well."""
    desk.add("explorer.exe", "exit 1")
    assert desk.browser(None, WSL_DISTRO_NAME="Debian").open(URL)
    assert desk.arguments("explorer.exe") == [URL]


@POSIX
def test_the_next_program_is_tried_when_one_fails(desk: Desk) -> None:
    """If xdg-open finds no browser, the next command is tried. After one that works, no other is started."""
    desk.add("xdg-open", "exit 3")
    desk.add("gio")
    desk.add("x-www-browser")
    assert desk.browser(None, **SCREEN).open(URL)
    assert desk.arguments("xdg-open") == [URL]
    assert desk.arguments("gio") == ["open", URL]
    assert not desk.started("x-www-browser")


@POSIX
def test_what_cannot_be_started_is_no_browser(desk: Desk, tmp_path: Path) -> None:
    """A missing program, a directory, a file that is none, a broken argument: False, and no exception."""
    garbage = tmp_path / "garbage"
    garbage.write_bytes(b"\x7fELF\0\0garbage")
    garbage.chmod(0o755)
    data = tmp_path / "data"
    data.write_text("x", encoding="utf-8")
    orphan = tmp_path / "orphan"
    orphan.write_text("#!/no/such/interpreter\n", encoding="utf-8")
    orphan.chmod(0o755)
    for command in ("no-such-browser", str(tmp_path), str(garbage), str(data), str(orphan)):
        assert not desk.browser(command).open(URL), command
    desk.add("browser")
    assert not desk.browser("browser a\0b").open(URL)


@POSIX
def test_a_browser_that_stays_is_not_waited_for(desk: Desk) -> None:
    """A command that goes on running is a browser: `open` returns while it lives, and it is not ended."""
    browser, began = desk.lasting(), time.monotonic()
    assert browser.open(URL)
    took = time.monotonic() - began
    assert STARTED_SECONDS <= took < PATIENCE
    assert alive(desk.pid("browser"))


@POSIX
def test_a_browser_has_a_session_of_its_own(desk: Desk) -> None:
    """Ctrl-C in the terminal, or its end, is not the browser's."""
    assert desk.lasting().open(URL)
    pid = desk.pid("browser")
    assert os.getsid(pid) == pid
    assert os.getsid(pid) != os.getsid(0)


@POSIX
def test_a_browser_that_ends_later_is_no_zombie(desk: Desk) -> None:
    """A thread collects its exit status, however long it runs."""
    assert desk.lasting(STARTED_SECONDS * 3).open(URL)
    pid, end = desk.pid("browser"), time.monotonic() + PATIENCE
    while alive(pid) and time.monotonic() < end:
        time.sleep(0.02)
    assert not alive(pid)


OPENER = """
import os, sys
from kubectl_oidc.system.browser import Browser
opened = Browser.from_environment(command="browser", environ=os.environ, platform="linux").open(sys.argv[1])
print("opened" if opened else "failed")
"""


@POSIX
def test_kubectl_does_not_wait_for_the_browser(desk: Desk) -> None:
    """A browser that stays holds none of our streams, reads no input, and writes nothing between ours."""
    desk.add("with-input")
    desk.add("without-input")
    desk.lasting(before="echo noise; echo noise >&2; if read line; then with-input; else without-input; fi")
    ended = subprocess.run(
        [sys.executable, "-c", OPENER, URL],
        input="a line for kubectl\n",
        capture_output=True,
        text=True,
        timeout=PATIENCE,  # fails by its exception while the browser, which lives for 60 s, holds a stream
        env={**os.environ, **desk.environ},
        check=True,
    )
    assert (ended.stdout, ended.stderr) == ("opened\n", "")
    assert desk.arguments("without-input") == []
    assert not desk.started("with-input")
    assert alive(desk.pid("browser")), "it outlives us"


@POSIX
def test_a_browser_inherits_no_open_file(desk: Desk) -> None:
    """No file, lock or socket of ours stays open because a browser does, inheritable or not."""
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)
    try:
        assert desk.lasting().open(URL)
        assert alive(desk.pid("browser"))
    finally:
        os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        ready, _, _ = select.select([pipe], [], [], PATIENCE)
        assert ready, "the browser holds the pipe"
        assert pipe.read() == b""


@POSIX
def test_a_browser_has_the_environment_that_was_given(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is found by that environment's PATH and started with it, whatever this process's environment contains."""
    monkeypatch.setenv("OF_OUR_PROCESS", "1")
    desk.add("browser", 'env > "$0.environ"')
    assert desk.browser("browser", GIVEN="2").open(URL)
    seen = (desk.bin / "browser.environ").read_text(encoding="utf-8").splitlines()
    assert "GIVEN=2" in seen
    assert not any(line.startswith("OF_OUR_PROCESS") for line in seen)


@POSIX
def test_a_browser_does_not_inherit_what_is_meant_for_us(desk: Desk) -> None:
    """A client secret and a password may be in variables; a cluster in what kubectl sets."""
    desk.add("browser", 'env > "$0.environ"')
    ours = {"KUBECTL_OIDC_CLIENT_SECRET": "s", "KUBECTL_OIDC_PASSWORD": "p", "KUBERNETES_EXEC_INFO": "{}"}
    assert desk.browser("browser", **ours, DISPLAY=":7").open(URL)
    seen = (desk.bin / "browser.environ").read_text(encoding="utf-8").splitlines()
    names = {line.partition("=")[0] for line in seen}
    assert "DISPLAY" in names
    assert names.isdisjoint(ours)


def test_the_environment_is_not_shown() -> None:
    """It may hold secrets, and a traceback may hold a browser."""
    assert "hunter2" not in repr(Browser((), None, {"OIDC_CLIENT_SECRET": "hunter2"}))
