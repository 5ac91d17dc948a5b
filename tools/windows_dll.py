"""``bcryptprimitives.dll``, which Wine 8 lacks and programs of Go and Rust need: one export, forwarded to a function that Wine has.

The form is that of a 64-bit Portable Executable with one section, as Microsoft's specification of the format has it.
"""

from __future__ import annotations

import struct

NAME = "bcryptprimitives.dll"
_EXPORT = b"ProcessPrng\0"
_FORWARDED_TO = b"advapi32.SystemFunction036\0"  # RtlGenRandom: the same arguments

_SECTION, _FILE = 0x1000, 0x200  # alignment in memory and in the file


def forwarding_dll() -> bytes:
    """Return the file."""
    exports, size = _export_section()
    return _headers(len(exports), size).ljust(_FILE, b"\0") + exports


def _export_section() -> tuple[bytes, int]:
    """Return the section, filled up, and the size of what is in it."""
    name = NAME.encode() + b"\0"
    functions = 40  # after the directory: one function, one name, one ordinal
    texts = functions + 12
    export = texts + len(name)
    target = export + len(_EXPORT)
    size = target + len(_FORWARDED_TO)
    places = [_SECTION + place for place in (texts, functions, functions + 4, functions + 8)]
    directory = struct.pack("<IIHHIIIIIII", 0, 0, 0, 0, places[0], 1, 1, 1, *places[1:])
    tables = struct.pack("<IIHxx", _SECTION + target, _SECTION + export, 0)
    return (directory + tables + name + _EXPORT + _FORWARDED_TO).ljust(_FILE, b"\0"), size


def _headers(section: int, exports: int) -> bytes:
    """Return all headers; ``section`` is the section's size in the file, ``exports`` that of the export directory."""
    directories = struct.pack("<II", _SECTION, exports) + bytes(15 * 8)
    optional = struct.pack(
        "<HBBIIIIIQIIHHHHHHIIIIHHQQQQII",
        *(0x20B, 14, 0, 0, section, 0, 0, _SECTION),  # PE32+, sizes, no entry point
        *(0x180000000, _SECTION, _FILE, 6, 0, 0, 0, 6, 0, 0),  # image base, alignments, versions
        *(2 * _SECTION, _FILE, 0, 2, 0x0160),  # sizes, console, characteristics
        *(0x100000, 0x1000, 0x100000, 0x1000, 0, 16),  # stack, heap, directories
    )
    options = optional + directories
    machine = struct.pack("<HHIIIHH", 0x8664, 1, 0, 0, 0, len(options), 0x2022)  # x86-64, a DLL
    table = struct.pack("<8sIIIIIIHHI", b".edata", exports, _SECTION, section, _FILE, 0, 0, 0, 0, 0x40000040)
    return b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x40) + b"PE\0\0" + machine + options + table
