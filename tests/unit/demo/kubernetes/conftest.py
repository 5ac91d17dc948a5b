"""The demo's API, which no test changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kubectl_oidc.demo.authority import Authority
from tests.demo_cluster import serving

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.demo_cluster import Cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with serving(Authority()) as running:
        yield running
