"""Write docs/modules.md: every package with its contract and every module with its purpose, from their docstrings.

`make pages` writes it, and a test holds it to the code. What is imported by whom is read here too.
"""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "kubectl_oidc"
PAGE = ROOT / "docs" / "modules.md"

ORDER = (
    "slow_path",
    "cli",
    "demo",
    "diagnosis",
    "authentication",
    "sessions",
    "kube_api",
    "loopback",
    "oidc",
    "kubeconfig",
    "manifests",
    "http",
    "system",
)
"""What is above the leaves, from top to bottom, as the import contract in pyproject.toml has it."""

_HEAD = """---
search:
  exclude: true
---

# Modules

Written by `make pages` from the first line of each module's docstring.
[Architecture](architecture.md) says how the packages fit together.
"""


def name_of(path: Path) -> str:
    """Return the dotted name of a module's file."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules(package: str) -> dict[str, Path]:
    """Return the modules of a top-level package of this repository, by dotted name."""
    return {name_of(path): path for path in sorted((ROOT / package).rglob("*.py"))}


def imports(source: str, package: str, known: dict[str, Path]) -> Iterator[str]:
    """Yield the name of every module that a source imports: inside functions and under TYPE_CHECKING too.

    Args:
        source: The module's text.
        package: The dotted name of the package that it is in; relative imports begin there.
        known: The modules that there are, so that a module is told from a name in a module.
    """
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")
            above = above[: len(above) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                yield whole if whole in known else base


def import_graph(package: str) -> dict[str, set[str]]:
    """Return for each module of a top-level package the modules of it that it imports."""
    known = modules(package)
    graph = {}
    for name, path in known.items():
        inside = name if path.name == "__init__.py" else name.rpartition(".")[0]
        found = imports(path.read_text(encoding="utf-8"), inside, known)
        graph[name] = {other for other in found if other in known and other != name}
    return graph


@cache
def purpose(path: Path) -> str:
    """Return the first line of a module's docstring, or nothing."""
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0].replace("``", "`")


def page() -> str:
    """Return the page's text."""
    packages = [PACKAGE / name for name in ORDER]
    sections = [_section(path) for path in packages if path.is_dir()]
    return "\n".join(
        [_HEAD, *sections, _section(PACKAGE, "Leaves and the entry"), _section(PACKAGE / "fast_path")]
    )


def _section(directory: Path, title: str = "") -> str:
    """Return what the page says about one package, the packages in it included."""
    lines = [f"## {title or f'{directory.name}/'}", "", purpose(directory / "__init__.py"), ""]
    lines += ["| module | what it is for |", "|---|---|"]
    files = directory.glob("*.py") if title else directory.rglob("*.py")
    for path in sorted(files, key=lambda file: (file.parent, file.name != "__init__.py", file.name)):
        name = str(path.relative_to(PACKAGE if title else directory)).removesuffix("__init__.py")
        if name:
            lines.append(f"| `{name}` | {purpose(path)} |")
    return "\n".join([*lines, ""])


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
