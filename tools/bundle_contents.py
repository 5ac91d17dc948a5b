"""What of Python and of the libraries a bundle has, and in which form."""

from __future__ import annotations

import shutil
import struct
import subprocess
from typing import TYPE_CHECKING

from tools import bundle_compile, lock_files

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

UNUSED_PYTHON = (
    # Start scripts, other start programs, Tcl/Tk, headers and static libraries.
    "bin/idle*", "bin/pip*", "bin/pydoc*", "bin/python*-config", "idle*", "pythonw.exe", "Scripts",
    "lib/itcl*", "lib/thread*", "lib/tcl*", "lib/tk*", "lib/libtcl*", "lib/libtk*", "tcl", "DLLs/tcl*", "DLLs/tk*",
    "DLLs/zlib1.dll", "include", "libs", "share", "lib/pkgconfig", "lib/*.a", "lib/libpython3.so", "lib/libpython*.dylib",
    # Extensions: Tk, tests, databases, sound.
    "**/_tkinter.*", "**/*test*.so", "**/*test*.pyd", "**/_dbm.*", "DLLs/_sqlite3.*", "DLLs/sqlite3.dll",
    "DLLs/winsound.pyd",
    # Extensions of modules that are left out below.
    "**/_elementtree.*", "**/_multiprocessing.*", "**/_remote_debugging.*",
)  # fmt: skip
"""Patterns of paths below Python's directory."""

UNUSED_LIBRARY = (
    # What only developers of Python programs need.
    "config-*", "site-packages", "ensurepip", "venv", "idlelib", "lib2to3", "pydoc*", "turtle*", "tkinter", "test",
    "unittest", "doctest.py", "pdb.py", "bdb.py", "cmd.py", "code.py", "_pyrepl", "rlcompleter.py",
    "profile.py", "cProfile.py", "pstats.py", "profiling", "trace.py", "timeit.py", "tabnanny.py", "pyclbr.py",
    "pickletools.py", "modulefinder.py", "compileall.py", "zipapp.py", "symtable.py", "asyncio/tools.py",
    # What is compiled in, written in Python.
    "_pydecimal.py", "_pydatetime.py", "_pyio.py",
    # File formats, protocols and databases that nothing here reads.
    "sqlite3", "dbm", "shelve.py", "curses", "xmlrpc", "xml/dom", "xml/sax", "xml/etree", "mailbox.py", "imaplib.py",
    "poplib.py", "smtplib.py", "ftplib.py", "wave.py", "fileinput.py", "filecmp.py", "optparse.py",
    "multiprocessing", "concurrent/interpreters", "concurrent/futures/interpreter.py", "concurrent/futures/process.py",
    "sched.py", "graphlib.py", "statistics.py", "antigravity.py", "this.py", "__hello__.py", "__phello__", "ctypes/macholib/*.ctf",
    "_aix_support.py", "_android_support.py", "_ios_support.py", "ctypes/_aix.py", "urllib/robotparser.py",
)  # fmt: skip
"""Patterns of paths below the directory of the standard library."""

UNUSED_PACKAGES = (
    # Where an installer puts start scripts, and what it notes about the installation.
    "bin", "Scripts", ".lock", *(f"*.dist-info/{name}" for name in (
        "RECORD", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json", "uv_build.json")),
    # What only developers who use these libraries need.
    "**/*.pyi", "**/py.typed", "**/tests", "**/*.h", "**/*.c", "werkzeug/debug", "click/testing.py",
    "jeepney/io/trio.py",
    # Libraries of features that the program doesn't use: rich's syntax highlighting and Markdown,
    # cffi's parser of C declarations (its compiled module is kept), Authlib's web frameworks other than the demo's Flask.
    "pygments*", "markdown_it*", "mdurl*", "pycparser*", "cffi", "rich/markdown.py", "rich/syntax.py",
    "authlib/integrations/[!bf]*",
)  # fmt: skip
"""Patterns of paths below the directory of the packages."""


def leave_out(directory: Path, patterns: Iterable[str]) -> None:
    """Remove files and directories.

    Args:
        directory: The directory that the patterns are below.
        patterns: Glob patterns. One that matches nothing is for another platform.
    """
    for pattern in patterns:
        for path in list(directory.glob(pattern)):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def compile_all(directory: Path, python: Path) -> None:
    """Compile every module below a directory, and remove the sources.

    Args:
        directory: The directory.
        python: An interpreter of the bundle's version that runs on this machine.

    Raises:
        CalledProcessError: A module can't be compiled.
    """
    command = [str(python), "-B", "-S", bundle_compile.__file__, str(directory)]
    # Without the columns of each instruction: a traceback without sources has no use for them.
    subprocess.run(command, env={"PYTHONHASHSEED": "0", "PYTHONNODEBUGRANGES": "1"}, check=True)


def strip(file: Path) -> None:
    """Remove what no program header of a 64-bit ELF file covers: symbols and sections, which only a debugger reads.

    Args:
        file: A program or library of Linux, little-endian.
    """
    content = bytearray(file.read_bytes())
    if content[:6] != b"\x7fELF\x02\x01":
        return
    (start,) = struct.unpack_from("<Q", content, 0x20)  # e_phoff
    size, count = struct.unpack_from("<HH", content, 0x36)  # e_phentsize, e_phnum
    ends = [start + size * count]
    for number in range(count):
        offset, stored = struct.unpack_from("<8xQ16xQ", content, start + size * number)  # p_offset, p_filesz
        ends.append(offset + stored)
    struct.pack_into("<Q", content, 0x28, 0)  # e_shoff
    struct.pack_into("<HH", content, 0x3C, 0, 0)  # e_shnum, e_shstrndx
    file.write_bytes(content[: max(ends)])


def start_with_libpython(python: Path, minor: str) -> None:
    """Replace the start program of Python for Linux on x86-64 with a small one that uses libpython.

    Args:
        python: The directory of Python.
        minor: Python's version, such as 3.14.

    Raises:
        FileNotFoundError: There is no C compiler.
        CalledProcessError: It failed.
    """
    compiler = shutil.which("cc")
    if compiler is None:
        raise FileNotFoundError("there is no C compiler (cc) on PATH")
    library = python / "lib" / f"libpython{minor}.so.1.0"
    linked = ("-nostdlib", f"-L{library.parent}", f"-l:{library.name}", "-lc")
    flags = ("-Wl,--build-id=none,-s,-z,noseparate-code", "-Wl,-rpath,$ORIGIN/../lib")
    source = lock_files.ROOT / "packaging" / "python-start.S"
    output = python / "bin" / f"python{minor}"
    subprocess.run([compiler, "-o", str(output), str(source), *linked, *flags], check=True)


def keep_one_processor(file: Path, machine: int) -> None:
    """Reduce a Mach-O file for several processors to the part for one; leave any other file as it is.

    Args:
        file: The file.
        machine: The processor, as Mach-O numbers them (``CPU_TYPE_X86_64`` is 0x01000007).
    """
    content = file.read_bytes()
    if content[:4] != b"\xca\xfe\xba\xbe":  # FAT_MAGIC
        return
    (count,) = struct.unpack_from(">I", content, 4)
    for number in range(count):
        processor, _, offset, size, _ = struct.unpack_from(">5I", content, 8 + 20 * number)
        if processor == machine:
            file.write_bytes(content[offset : offset + size])
