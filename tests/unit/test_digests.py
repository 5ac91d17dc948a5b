"""The quick hash is SHA-256."""

from __future__ import annotations

import hashlib

from hypothesis import given, strategies as st

from kubectl_oidc.digests import compare_digest, sha256


@given(st.binary(max_size=300))
def test_the_hash_is_that_of_hashlib(data: bytes) -> None:
    assert sha256(data).digest() == hashlib.sha256(data).digest()
    assert sha256(data).hexdigest() == hashlib.sha256(data).hexdigest()


@given(st.binary(max_size=9), st.binary(max_size=9))
def test_the_comparison_tells_equal_from_different(one: bytes, other: bytes) -> None:
    assert compare_digest(one, one)
    assert compare_digest(one, other) is (one == other)
