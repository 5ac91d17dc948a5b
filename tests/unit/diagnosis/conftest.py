"""A provider over TLS that answers as a test says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import trustme

from tests.hostile import Hostile, certificate

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def server(authority: trustme.CA) -> Iterator[Hostile]:
    with Hostile(certificate(authority)) as running:
        yield running
