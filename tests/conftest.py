"""Every test lives in a world of its own: home, environment, working directory, no desktop, no network settings."""

from __future__ import annotations

import gc
import itertools
import os
import re
import shutil
import signal
import socket
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from . import held as held_page, parts, plugin, processes, quick
from .fork_server import ForkServer
from .held import held
from .plugin import start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .plugin import Running

__all__ = ["held"]

# What a child process needs to run at all (Wine: where its libraries are), and what measures it. Everything else (proxies, SSH_*, DISPLAY, D-Bus, KUBE*,
# BROWSER, CI, the developer's own settings) stays outside.
_KEPT = frozenset(
    {"PATH", "TMPDIR", "TEMP", "TMP", "TZ", "SYSTEMROOT", "SYSTEMDRIVE", "COMSPEC", "PATHEXT", "WINDIR"}
)
_KEPT_PREFIXES = ("COVERAGE_", "PYTEST_", "WINE")

_NUMBERS = itertools.count()
_FAILED: set[str] = set()


# The same examples each time; a machine that is slow, or a fixture that serves them all, is no fault of a test.
settings.register_profile(
    "tests",
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("tests")


def _take_signals_back() -> None:
    """Let no program that is started here inherit a signal as ignored: nohup ignores SIGHUP, a job in the background SIGINT.

    The run itself goes on ignoring it, by a handler, which no program inherits.
    """
    for signum in signal.valid_signals() - {getattr(signal, name, None) for name in ("SIGPIPE", "SIGXFSZ")}:
        if signal.getsignal(signum) is signal.SIG_IGN:  # Python itself ignores those two
            signal.signal(signum, lambda _signum, _frame: None)


_take_signals_back()


def _take_outside() -> dict[str, str]:
    """Remove the variables that no test may see from the environment, and return them."""
    names = [name for name in os.environ if name.upper() not in _KEPT and not name.startswith(_KEPT_PREFIXES)]
    return {name: os.environ.pop(name) for name in names}


def _remove(directory: Path) -> None:
    """Remove a directory of a test, which is often empty."""
    try:
        directory.rmdir()
    except OSError:
        shutil.rmtree(directory, ignore_errors=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the flags that write the page of what held, share the tests, and leave some out."""
    parser.addoption(held_page.OPTION, action="store_true", help=f"write {held_page.PAGE.name} from this run")
    parser.addoption(processes.OPTION, action="store_true", help="share the tests among processes")
    parser.addoption(quick.OPTION, action="store_true", help="leave out every test that starts a process")


def pytest_configure(config: pytest.Config) -> None:
    """Do what the flags say."""
    if config.getoption(held_page.OPTION):
        config.pluginmanager.register(held_page.Writer())
    if config.getoption(processes.OPTION):
        config.pluginmanager.register(processes.Processes())
        processes.keep_files_in_memory()
    if config.getoption(quick.OPTION):
        config.pluginmanager.register(quick.Guard())
        settings.register_profile("quick", settings.get_profile("tests"), max_examples=10)
        settings.load_profile("quick")


def pytest_collection() -> None:
    """Collect without the collector of garbage: it would look at all tests so far, hundreds of times."""
    gc.disable()


def pytest_collection_finish(session: pytest.Session) -> None:
    """Have the collector of garbage look at what tests leave, not at the thousands of tests again and again."""
    gc.freeze()
    gc.set_threshold(20_000)
    gc.enable()
    if session.config.getoption(quick.OPTION):
        _take_outside()  # once, because nothing that these tests start needs it between them


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note which tests failed, because their directories remain."""
    if report.failed:
        _FAILED.add(report.nodeid)


def pytest_make_parametrize_id(val: object) -> str | None:
    """Shorten what is long: Windows takes no environment variable of more than 32,767 characters, and pytest puts the name of a test in one."""
    words = repr(val) if isinstance(val, str | bytes) else ""
    return f"{words[:60]}... of {len(words)}" if len(words) > 200 else None


@pytest.fixture(params=parts.START_PROGRAMS)
def start_program(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run the test by each start program: the console script and the launcher."""
    name: str = request.param
    monkeypatch.setattr(parts, "start_program", name)
    if name == "launcher":
        parts.launcher()
    return name


@pytest.fixture
def tmp_path(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a directory of the test's own, which remains if the test fails.

    pytest's own fixture of this name lists the directories of all tests each time, to number the next one. Its `request`
    would be made for each test, at the cost of a tenth of a test that does nothing.
    """
    test = os.environ["PYTEST_CURRENT_TEST"].rpartition(" ")[0]
    name = re.sub(r"\W", "_", test.partition("::")[2])[:30]
    path = tmp_path_factory.getbasetemp() / f"{os.getpid()}-{next(_NUMBERS)}-{name}"
    path.mkdir(mode=0o700)
    yield path
    if test not in _FAILED:
        _remove(path)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give the test its own home, runtime directory, working directory and environment."""
    outside = _take_outside()
    place, work = tmp_path / "home", tmp_path / "work"
    place.mkdir(mode=0o700)
    work.mkdir()
    # Sockets of D-Bus and keyring daemons stand in it, and the name of a socket is short.
    runtime = Path(tempfile.mkdtemp(prefix="oidc-"))
    monkeypatch.setenv("HOME", str(place))
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    if sys.platform == "win32":
        monkeypatch.setenv("USERPROFILE", str(place))
        monkeypatch.setenv("APPDATA", str(place / "AppData" / "Roaming"))
        monkeypatch.setenv("LOCALAPPDATA", str(place / "AppData" / "Local"))
    if sys.platform in {"win32", "darwin"}:
        # Their keyrings are the developer's own, whatever HOME says.
        monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.chdir(work)
    yield place
    _remove(runtime)
    monkeypatch.undo()
    _take_outside()  # those that the test has set: a program that serves several tests would start with them
    os.environ.update(outside)


@pytest.fixture
def port_8000() -> Iterator[None]:
    """Have the ports 8000 and 18000, the program's defaults, to ourselves among all tests of this machine.

    They are the only thing that tests must share; a lock keeps other processes and other runs away from them.
    """
    place = processes.memory() or tempfile.gettempdir()  # the same one whatever TMPDIR a run has
    with Path(place, "kubectl-oidc-tests-port-8000").open("a") as lock:
        if sys.platform != "win32":
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        for port in (8000, 18000):
            try:
                socket.create_server(("127.0.0.1", port)).close()
            except OSError:
                parts.missing(f"port {port} is taken by another program")
        yield


@pytest.fixture
def start_plugin() -> Iterator[Callable[..., Running]]:
    """Start the installed program in the background; what still runs at the test's end is killed.

    What such a one had said is printed, so that a test that waited in vain shows why.
    """
    started: list[Running] = []

    def begin(*arguments: str, **options: object) -> Running:
        started.append(start(*arguments, **options))  # type: ignore[arg-type]
        return started[-1]

    yield begin
    for running in started:
        if running.process.stderr and not running.process.stderr.closed:  # `ended` has read and closed it
            print(running.killed().stderr)


@pytest.fixture(scope="session")
def forking() -> Iterator[ForkServer | None]:
    """Run the server that forks the program, where there is one."""
    if sys.platform != "linux":
        yield None
        return
    server = ForkServer()
    yield server
    server.close()


@pytest.fixture
def fork_server(forking: ForkServer | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the program forked instead of started: for tests that are not about how it starts, and run it often."""
    monkeypatch.setattr(plugin, "server", forking)


@pytest.fixture
def started(fork_server: None, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001 - it comes first
    """Have the program started after all: for the tests of a file that are about how it starts."""
    monkeypatch.setattr(plugin, "server", None)
