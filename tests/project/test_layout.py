"""The layout that docs/architecture.md draws: no circle of imports, a contract for each package, a purpose for each module."""

from __future__ import annotations

import tomllib
from graphlib import CycleError, TopologicalSorter

import pytest

from tests.parts import REPOSITORY
from tools.modules import ORDER, PACKAGE, PAGE, import_graph, imports, modules, page, purpose

NAMED_FOR_BEHAVIOURS = {
    "choice",
    "code_pages",
    "damage",
    "desktops",
    "formats",
    "windows",
    "generations",
    "handouts",
    "killed",
    "kubelogin_flags",
    "sign_in",
    "silence",
}
"""Unit tests that are about several modules of their package."""


@pytest.mark.parametrize("package", ["kubectl_oidc", "bench", "tools", "fuzz"])
def test_no_module_imports_itself_through_others(package: str) -> None:
    """All imports count, those inside functions and under TYPE_CHECKING too."""
    graph = import_graph(package)
    assert len(graph) > 1
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(reversed(error.args[1])))


@pytest.mark.parametrize(
    "source",
    [
        "from kubectl_oidc.oidc import jws",
        "from kubectl_oidc.oidc.jws import verify",
        "import kubectl_oidc.oidc.jws",
        "from .jws import verify",
        "from . import jws",
        "def f():\n    from .jws import verify",
        "if TYPE_CHECKING:\n    from .jws import verify",
    ],
)
def test_every_form_of_import_counts(source: str) -> None:
    """What this search did not see could be a circle."""
    found = imports(source, "kubectl_oidc.oidc", modules("kubectl_oidc"))
    assert list(found) == ["kubectl_oidc.oidc.jws"]


def test_the_import_contract_has_every_package_and_module() -> None:
    """import-linter holds the order only of what its contract names."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
    (contract,) = (c for c in project["tool"]["importlinter"]["contracts"] if c["type"] == "layers")
    layers = [name.strip() for layer in contract["layers"] for name in layer.replace("|", ":").split(":")]
    there = {
        path.stem
        for path in PACKAGE.iterdir()
        if (path.suffix == ".py" and not path.stem.startswith("__")) or (path / "__init__.py").exists()
    }
    assert sorted(layers) == sorted(there)
    assert [name for name in layers if name in ORDER] == list(ORDER)


def test_the_page_of_modules_is_what_the_code_says() -> None:
    """`make pages` writes it."""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_module_says_what_it_is_for() -> None:
    """One line for each, in docs/modules.md."""
    assert [name for name, path in modules("kubectl_oidc").items() if not purpose(path)] == []


def test_a_unit_test_is_where_its_module_is() -> None:
    """tests/unit/oidc/test_jws.py is about kubectl_oidc/oidc/jws.py."""
    unit = REPOSITORY / "tests" / "unit"
    lost = []
    for path in unit.rglob("test_*.py"):
        name = path.stem.removeprefix("test_")
        home = PACKAGE / path.parent.relative_to(unit)
        if not ((home / f"{name}.py").exists() or home.name == name or name in NAMED_FOR_BEHAVIOURS):
            lost.append(str(path.relative_to(unit)))
    assert lost == []
