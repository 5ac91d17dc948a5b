"""A sandbox, and a cluster for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.demo.authority import Authority
from kubectl_oidc.demo.sandbox import Sandbox
from tests import parts
from tests.demo_cluster import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.demo_cluster import Cluster


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def cluster(authority: Authority) -> Iterator[Cluster]:
    with serving(authority) as running:
        yield running


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox in which no browser opens."""
    parts.plugin()
    with Sandbox(opens_browser=False) as entered:
        yield entered
