"""Break what each demand of tests/standards.toml rests on, one place at a time, and see whether its tests fail.

A break of tests/standards_breaks.toml is a text of the program that is found once, and what stands there instead. It is made in
a copy of the tree, and the tests that must notice it are run there: each of them must fail, and each must pass without it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
import time
import tomllib
import venv
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from importlib.util import cache_from_source
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parent.parent
DEMANDS, BREAKS = "tests/standards.toml", "tests/standards_breaks.toml"

TEST_SECONDS = 60
"""The longest that one test may take; one that takes longer has failed."""

_START_SECONDS = 120  # beside its tests, for each run
_LEFT_OUT = (
    ".git",
    ".venv",
    ".tools",
    ".fuzz",
    ".hypothesis",
    ".*cache",
    "__pycache__",
    "node_modules",
    "site",
    "dist",
)
_LENT = (".tools", "tests/openid-provider/node_modules")  # not copied: nothing in them is changed
_SAID = 3000  # characters of a run that went wrong


class CannotTry(Exception):
    """A break or a run of tests is not what it must be; the message says how."""


@dataclass(frozen=True, slots=True)
class Break:
    """One change to the program that breaks a demand.

    Attributes:
        demand: The demand's words.
        file: The file, from the repository.
        text: What stands there once.
        instead: What stands there when it is broken.
        noticed_by: The tests that must fail: of the demand's, a case in brackets where one is enough.
    """

    demand: str
    file: str
    text: str
    instead: str
    noticed_by: tuple[str, ...]

    def made_in(self, source: str) -> str:
        """Return a file's text with this break in it.

        Args:
            source: The text as it is.

        Raises:
            CannotTry: What is to be replaced is not found once.
        """
        if (found := source.count(self.text)) != 1:
            raise CannotTry(f"found {found} times in {self.file}, not once: {self.text!r}")
        return source.replace(self.text, self.instead)


def demands_of(root: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the demands of each part, in the file's order.

    Args:
        root: The repository.
    """
    return tomllib.loads((root / DEMANDS).read_text(encoding="utf-8"))


def breaks_of(root: Path) -> list[Break]:
    """Return every break, in the file's order; one that names no tests is noticed by all of its demand's.

    Args:
        root: The repository.
    """
    tests = {one["demand"]: one["tests"] for part in demands_of(root).values() for one in part}
    breaks = tomllib.loads((root / BREAKS).read_text(encoding="utf-8"))
    return [
        Break(
            demand,
            one["file"],
            one["text"],
            one["instead"],
            tuple(one.get("noticed_by", tests.get(demand, ()))),
        )
        for demand, ones in breaks.items()
        for one in ones
    ]


class Copy:
    """A copy of the repository, with an environment in which the program of the copy is installed.

    Args:
        root: The repository.
        place: An empty directory of ours.
    """

    def __init__(self, root: Path, place: Path) -> None:
        self.root = place / "tree"
        self._report = place / "report.xml"
        shutil.copytree(root, self.root, ignore=shutil.ignore_patterns(*_LEFT_OUT), symlinks=True)
        for name in _LENT:
            if (root / name).exists():
                (self.root / name).symlink_to(root / name)
        self._python = self._environment()

    def _environment(self) -> Path:
        """Make an environment that has this interpreter's packages, and the copy in the place of the repository."""
        place = self.root / ".venv"
        venv.create(place, symlinks=True)
        paths = {"base": str(place), "platbase": str(place)}
        packages = Path(sysconfig.get_path("purelib", vars=paths))
        (packages / "copy.pth").write_text(
            f"{self.root}\n{sysconfig.get_path('purelib')}\n", encoding="utf-8"
        )
        scripts = Path(sysconfig.get_path("scripts", vars=paths))
        for script in Path(sysconfig.get_path("scripts")).glob("kubectl*"):
            text = script.read_text(encoding="utf-8").replace(sys.prefix, str(place))
            (scripts / script.name).write_text(text, encoding="utf-8")
            (scripts / script.name).chmod(0o700)
        return scripts / "python"

    @contextmanager
    def broken(self, one: Break) -> Iterator[None]:
        """Have a break in the copy.

        Raises:
            CannotTry: Its text is not found once.
        """
        path = self.root / one.file
        source = path.read_text(encoding="utf-8")
        _write(path, one.made_in(source))
        try:
            yield
        finally:
            _write(path, source)

    def ended(self, tests: Sequence[str], *results: str) -> dict[str, str]:
        """Run tests of the copy, and return those with one of these results, with the first line of why.

        Args:
            tests: As pytest names them; one without a case stands for all cases that it has.
            results: Of failure, error and skipped.

        Raises:
            CannotTry: They cannot be run, or take too long.
        """
        self._report.unlink(missing_ok=True)
        command = [str(self._python), "-m", "pytest", "-q", "-p", "no:cacheprovider", "--show-capture=no"]
        # Some tests note what held (record_property), which the newer form of the report has no place for.
        limits = [f"--timeout={TEST_SECONDS}", f"--junitxml={self._report}", "-o", "junit_family=xunit1"]
        status, said = _run(
            [*command, *limits, *tests], self.root, _START_SECONDS + TEST_SECONDS * len(tests)
        )
        if status not in {0, 1} or not self._report.exists():
            raise CannotTry(f"the tests cannot be run (pytest ends with {status}):\n{said[-_SAID:]}")
        return _ended(self._report, tests, results)


def _write(path: Path, text: str) -> None:
    """Write a module, and forget what was compiled of it: a second write within a second is not seen otherwise."""
    path.write_text(text, encoding="utf-8")
    Path(cache_from_source(str(path))).unlink(missing_ok=True)


def _run(command: Sequence[str], cwd: Path, seconds: float) -> tuple[int | None, str]:
    """Run a command and end all that it leaves behind; return its status, None if it took too long, and what it said."""
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as out:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            status: int | None = process.wait(seconds)
        except subprocess.TimeoutExpired:
            status = None
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        out.seek(0)
        return status, out.read()


def _ended(report: Path, tests: Sequence[str], results: Sequence[str]) -> dict[str, str]:
    """Return which of these tests have one of these results in pytest's report, and why."""
    ended = {}
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - our own pytest wrote it
        name = f"{case.get('classname', '').replace('.', '/')}.py::{case.get('name')}"
        for result in case:
            if result.tag in results:
                words = (result.get("message") or "").strip().splitlines() or [result.tag]
                ended.update({test: words[0] for test in tests if test in {name, name.partition("[")[0]}})
    return ended


def attempt(root: Path, breaks: Sequence[Break]) -> Iterator[str]:
    """Try breaks one by one, saying what becomes of each.

    Args:
        root: The repository.
        breaks: The breaks.

    Yields:
        What is wrong: a test that fails without any break, or a break that a test which must notice it does not notice.

    Raises:
        CannotTry: The tests cannot be run as they are.
    """
    with tempfile.TemporaryDirectory(prefix="breaks-", ignore_cleanup_errors=True) as name:
        copy = Copy(root, Path(name))
        tests = list(dict.fromkeys(test for one in breaks for test in one.noticed_by))
        print(f"{len(tests)} tests without any break, then {len(breaks)} breaks", flush=True)
        whole = copy.ended(tests, "failure", "error", "skipped")
        yield from (f"{test} does not pass without any break: {why}" for test, why in whole.items())
        for one in breaks:
            began = time.monotonic()
            wrong = _wrong(copy, one)
            print(
                f"{'NOT ' if wrong else ''}noticed: {one.demand} ({time.monotonic() - began:.0f} s)",
                flush=True,
            )
            yield from wrong


def _wrong(copy: Copy, one: Break) -> list[str]:
    """Return what is wrong with a break: nothing, if each test that must notice it fails."""
    try:
        with copy.broken(one):
            failed = copy.ended(one.noticed_by, "failure", "error")
    except CannotTry as error:
        return [f"{one.demand}: {error}"]
    return [
        f"{one.demand}: with {one.instead!r} in {one.file} {test} still passes"
        for test in one.noticed_by
        if test not in failed
    ]


def main() -> int:
    """Try the breaks.

    Returns:
        The exit status: 1 if anything is not as it must be.
    """
    parser = argparse.ArgumentParser(prog="make breaks", description=__doc__)
    parser.add_argument("words", nargs="*", help="only demands whose text has all of these")
    words = [word.lower() for word in parser.parse_args().words]
    chosen = [one for one in breaks_of(ROOT) if all(word in one.demand.lower() for word in words)]
    if not chosen:
        print(f"error: no demand has the words {' '.join(words)}", file=sys.stderr)
        return 1
    try:
        wrong = list(attempt(ROOT, chosen))
    except CannotTry as error:
        wrong = [str(error)]
    for line in wrong:
        print(f"error: {line}", file=sys.stderr)
    print(f"{len(chosen)} breaks, {len(wrong)} errors")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
