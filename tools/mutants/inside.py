"""What runs in processes of their own: a module's tests, with its lines watched, a function swapped or the module replaced."""

from __future__ import annotations

import gc
import json
import os
import sys
from functools import partial
from importlib.abc import MetaPathFinder
from importlib.machinery import SourceFileLoader
from importlib.util import spec_from_file_location
from typing import TYPE_CHECKING

import pytest

from .processes import Work, statuses
from .swap import Unswappable, swap
from .targets import ROOT, name_of, path_of, tests_of

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence
    from importlib.machinery import ModuleSpec
    from pathlib import Path
    from types import CodeType

    from coverage import Coverage

    from .trial import Trial

UNDECIDED, LATE = 99, 98  # the exit status for what cannot be swapped, and where a test was out of time
_OPTIONS = (
    "--quiet",
    "--exitfirst",
    "--capture=sys",  # a file that captures would be shared with the processes that are forked
    "-pno:cacheprovider",
    "-pno:xdist",
    "-Wignore::pytest.PytestAssertRewriteWarning",  # what is loaded before is not rewritten, and need not be
    "--hypothesis-profile=mutants",
)


def watch(module: str, into: Path) -> int:
    """Run a module's tests as they are, and write down which test reaches which line.

    Args:
        module: A key of ``TARGETS``.
        into: The file that is written, JSON: ``seconds`` by test, ``reached`` tests by line, and ``loaded`` modules.

    Returns:
        pytest's exit status.
    """
    os.environ["COVERAGE_CORE"] = "ctrace"  # the other one knows no contexts
    from coverage import Coverage

    watched = Coverage(data_file=None, include=[str(path_of(module))], config_file=False)
    watched.start()
    watcher = _Watcher(watched)
    status = _tests(tests_of(module), watcher, into)
    watched.stop()
    reached = watched.get_data().contexts_by_lineno(str(path_of(module)))
    seen = {"seconds": watcher.seconds, "reached": reached, "loaded": list(sys.modules)}
    into.write_text(json.dumps(seen), encoding="utf-8")
    return status


def swapped(module: str, trials: Sequence[Trial], jobs: int, into: Path) -> int:
    """Try mutants of functions: the tests are loaded once, and each trial is forked from there with one function's code swapped.

    Args:
        module: A key of ``TARGETS``.
        trials: The trials.
        jobs: How many at once.
        into: The file that is written, JSON: the exit status by the trial's number, None for one out of time,
            ``UNDECIDED`` for one that cannot be swapped.

    Returns:
        pytest's exit status.
    """
    return _tests(tests_of(module), _Swapper(module, trials, jobs, into), into)


def replaced(module: str, trial: Trial, scratch: Path) -> int:
    """Run a mutant's tests with the whole module replaced, before anything has loaded it.

    Args:
        module: A key of ``TARGETS``.
        trial: The mutant and its tests.
        scratch: A path that is ours.

    Returns:
        pytest's exit status.
    """
    sys.meta_path.insert(0, _Finder(module, trial.mutant.code))
    files = sorted({test.partition("::")[0] for test in trial.tests})
    return _tests(files, _Chosen(trial.tests), scratch)


def _tests(files: Sequence[str], plugin: object, scratch: Path) -> int:
    from hypothesis import Phase, settings

    # The same examples each time, and no time spent on finding the smallest one that fails.
    settings.register_profile(
        "mutants", database=None, derandomize=True, deadline=None, phases=[Phase.explicit, Phase.generate]
    )
    os.chdir(ROOT)
    _temporary(scratch)
    return int(pytest.main([*_OPTIONS, *files], plugins=[plugin]))


def _temporary(path: Path) -> None:
    """Have pytest make its temporary directories in a place of this process's own."""
    place = path.with_name(f"{path.name}.tests")
    place.mkdir()
    os.environ["PYTEST_DEBUG_TEMPROOT"] = str(place)


class _Watcher:
    """A pytest plugin that gives each test a context of its own, and takes its time."""

    def __init__(self, watched: Coverage) -> None:
        self._watched = watched
        self.seconds: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        self._watched.switch_context(item.nodeid)
        result = yield
        self._watched.switch_context("")
        return result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration


class _Chosen:
    """A pytest plugin that runs the given tests alone, in the given order, and ends the process when one fails."""

    def __init__(self, tests: Mapping[str, float]) -> None:
        self._tests = tests

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = _chosen({item.nodeid: item for item in items}, self._tests)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        _end_if_failed(report)


class _Swapper:
    """A pytest plugin that, in the place of running all tests once, forks and runs some of them for each mutant."""

    def __init__(self, module: str, trials: Sequence[Trial], jobs: int, into: Path) -> None:
        self._module, self._trials, self._jobs, self._into = module, trials, jobs, into
        self._forked = False

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        gc.freeze()
        log = self._into.with_suffix(".log")
        works = [
            Work(trial.number, partial(self._try, trial, items), trial.seconds, log) for trial in self._trials
        ]
        self._into.write_text(json.dumps(dict(statuses(works, jobs=self._jobs))), encoding="utf-8")
        return True

    def _try(self, trial: Trial, items: dict[str, pytest.Item]) -> int:
        self._forked = True
        try:
            swap(sys.modules[name_of(self._module)], trial.mutant)
        except Unswappable:
            return UNDECIDED
        _temporary(self._into.with_name(str(trial.number)))
        chosen = _chosen(items, trial.tests)
        for item, following in zip(chosen, [*chosen[1:], None], strict=True):
            item.ihook.pytest_runtest_protocol(item=item, nextitem=following)
        return pytest.ExitCode.OK

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if self._forked:
            _end_if_failed(report)


def _chosen(items: Mapping[str, pytest.Item], tests: Mapping[str, float]) -> list[pytest.Item]:
    """Return the items of these tests in their order, each with its limit of time."""
    for test, seconds in tests.items():
        items[test].add_marker(pytest.mark.timeout(seconds))
    return [items[test] for test in tests]


def _end_if_failed(report: pytest.TestReport) -> None:
    if report.failed:
        os._exit(LATE if "from pytest-timeout" in str(report.longrepr) else pytest.ExitCode.TESTS_FAILED)


class _Finder(MetaPathFinder):
    """Finds one module by another loader than its file's."""

    def __init__(self, module: str, code: CodeType) -> None:
        self._name = name_of(module)
        self._loader = _Loader(self._name, str(path_of(module)), code)

    def find_spec(self, name: str, _path: object, _target: object = None, /) -> ModuleSpec | None:
        if name != self._name:
            return None
        return spec_from_file_location(name, self._loader.path, loader=self._loader)


class _Loader(SourceFileLoader):
    """Loads another code than the file's."""

    def __init__(self, name: str, path: str, code: CodeType) -> None:
        super().__init__(name, path)
        self._code = code

    def get_code(self, _name: str, /) -> CodeType:
        return self._code
