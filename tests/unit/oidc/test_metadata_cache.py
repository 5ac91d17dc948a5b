"""The cached documents of the provider: what is stored, for how long, and what is never used."""

from __future__ import annotations

import json
import os
import stat
import sys
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.oidc.metadata_cache import (
    DIRECTORY,
    LONGEST,
    MOST,
    SHORTEST,
    STALE,
    Document,
    MetadataCache,
    entity_tag,
    lifetime,
)
from kubectl_oidc.system.log import QUIET, Log
from tests.arbitrary import JSON, TEXT
from tests.tokens import ISSUER, NOW

if TYPE_CHECKING:
    from pathlib import Path

IDENTITY = (ISSUER, "checked")
DOCUMENT = Document({"issuer": ISSUER, "ü": [1, None]}, float(NOW), 3600.0, '"tag"')
posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no modes and no FIFOs")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "cache"


def cache(place: Path | None, identity: tuple[object, ...] = IDENTITY) -> MetadataCache:
    return MetadataCache(place, identity, QUIET)


def kept_file(place: Path) -> Path:
    (path,) = (place / DIRECTORY).iterdir()
    return path


def test_a_document_is_there_for_the_next_process(place: Path) -> None:
    """Another cache of the same issuer reads what was stored."""
    cache(place).put("metadata", DOCUMENT)
    assert cache(place).get("metadata") == DOCUMENT
    assert cache(place).get("key_set") is None


def test_two_kinds_share_a_file_and_keep_each_other(place: Path) -> None:
    """If two processes each store one kind, both are stored."""
    one, other = cache(place), cache(place)
    assert one.get("metadata") is None
    assert other.get("metadata") is None
    one.put("metadata", DOCUMENT)
    keys = Document({"keys": []}, float(NOW), 60.0)
    other.put("key_set", keys)
    assert cache(place).get("metadata") == DOCUMENT
    assert cache(place).get("key_set") == keys


def test_without_a_directory_documents_are_kept_in_memory(tmp_path: Path) -> None:
    """Nothing is written. The process keeps the documents in memory."""
    memory = cache(None)
    memory.put("metadata", DOCUMENT)
    assert memory.get("metadata") == DOCUMENT
    assert cache(None).get("metadata") is None
    assert not list(tmp_path.rglob("metadata"))


@pytest.mark.parametrize(
    "identity",
    [
        ("https://other.example.com", "checked"),
        (ISSUER + "/", "checked"),
        (ISSUER, "unchecked"),
        (ISSUER, "checked", "X-Tenant", "blue"),
        (ISSUER, "checked", "X-Tenant", "red"),
        (ISSUER,),
    ],
)
def test_what_depends_on_something_else_is_kept_apart(place: Path, identity: tuple[str, ...]) -> None:
    """Another issuer, other headers or an unchecked certificate have another cache file."""
    cache(place).put("metadata", DOCUMENT)
    assert cache(place, identity).get("metadata") is None


@posix
def test_the_file_is_ours_alone(place: Path) -> None:
    """0600 in a directory of 0700, whatever the umask."""
    before = os.umask(0)
    try:
        cache(place).put("metadata", DOCUMENT)
    finally:
        os.umask(before)
    assert stat.S_IMODE(kept_file(place).stat().st_mode) == 0o600
    assert stat.S_IMODE(kept_file(place).parent.stat().st_mode) == 0o700


def test_headers_are_not_written_down(place: Path) -> None:
    """A request header may be a credential: neither the file nor its name shows it."""
    cache(place, (ISSUER, "checked", "Authorization", "SECRET")).put("metadata", DOCUMENT)
    path = kept_file(place)
    assert "SECRET" not in path.name + path.read_text()


def damaged(**changes: object) -> bytes:
    """Return a file's content with changed metadata."""
    kept = {"members": {"issuer": ISSUER}, "fetched_at": NOW, "lifetime": 60, "etag": "", **changes}
    return json.dumps({"version": 1, "identity": [ISSUER], "metadata": kept}).encode()


def test_the_example_of_a_good_file_is_good(place: Path) -> None:
    """The damaged files below differ from it only by their damage."""
    cache(place).put("metadata", DOCUMENT)
    kept_file(place).write_bytes(damaged())
    assert cache(place).get("metadata") == Document({"issuer": ISSUER}, float(NOW), 60.0)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(damaged()[:-9], id="truncated"),
        pytest.param(b"\xff\xfe" + damaged(), id="not UTF-8"),
        pytest.param(b"[]", id="no object"),
        pytest.param(b"[" * 100_000, id="deep"),
        pytest.param(damaged().replace(b'"version": 1', b'"version": 2'), id="of a later version"),
        pytest.param(damaged().replace(b"idp.example.com", b"evil.example.org", 1), id="of a foreign issuer"),
        pytest.param(b'{"version": 1, "version": 1}', id="ambiguous"),
        pytest.param(b'{"version": 1, "identity": null, "metadata": null}', id="no identity"),
        pytest.param(json.dumps({"version": 1, "identity": [ISSUER], "metadata": []}).encode(), id="a list"),
        pytest.param(damaged(members=[]), id="members a list"),
        pytest.param(damaged(fetched_at="now"), id="time a word"),
        pytest.param(damaged(fetched_at=None), id="no time"),
        pytest.param(damaged(fetched_at=10**400), id="time beyond any number"),
        pytest.param(damaged(lifetime=10**400), id="lifetime beyond any number"),
        pytest.param(damaged(lifetime=[]), id="lifetime a list"),
        pytest.param(damaged(etag=7), id="etag a number"),
        pytest.param(damaged(lifetime=0.5).replace(b"0.5", b"NaN"), id="NaN"),
    ],
)
def test_a_damaged_file_is_a_miss(place: Path, content: bytes) -> None:
    """The document is fetched and stored again, without an error."""
    cache(place).put("metadata", DOCUMENT)
    kept_file(place).write_bytes(content)
    assert cache(place).get("metadata") is None
    cache(place).put("metadata", DOCUMENT)
    assert cache(place).get("metadata") == DOCUMENT


@given(at=st.integers(0), byte=st.integers(0, 255), cut=st.booleans())
def test_no_damage_is_an_error(place: Path, at: int, byte: int, cut: bool) -> None:  # noqa: FBT001
    """With one byte changed or the rest missing, the result is a miss or a document, never an exception."""
    cache(place).put("metadata", DOCUMENT)
    path = kept_file(place)
    content = bytearray(path.read_bytes())
    at %= len(content)
    content[at] = byte
    path.write_bytes(content[: at + 1] if cut else content)
    found = cache(place).get("metadata")
    assert found is None or found.lifetime <= LONGEST


def test_a_lifetime_that_nobody_wrote_is_bounded(place: Path) -> None:
    """A lifetime of years is cut to a day."""
    cache(place).put("metadata", DOCUMENT)
    kept_file(place).write_bytes(damaged(lifetime=1e12))
    found = cache(place).get("metadata")
    assert found is not None
    assert found.lifetime == LONGEST


def test_an_entity_tag_that_could_break_a_request_is_dropped(place: Path) -> None:
    """A line break in the file does not reach a header."""
    cache(place).put("metadata", DOCUMENT)
    kept_file(place).write_bytes(damaged(etag='"a"\r\nX-Evil: 1'))
    found = cache(place).get("metadata")
    assert found is not None
    assert found.etag == ""


@posix
@pytest.mark.parametrize("kind", ["symlink", "hard link", "FIFO", "readable by others", "open directory"])
def test_a_file_that_somebody_else_could_have_put_there_is_not_believed(
    place: Path, tmp_path: Path, kind: str
) -> None:
    """It determines where secrets are sent, so only the user may be able to write it."""
    cache(place).put("metadata", DOCUMENT)
    path = kept_file(place)
    elsewhere = tmp_path / "elsewhere"
    if kind == "symlink":
        path.rename(elsewhere)
        path.symlink_to(elsewhere)
    elif kind == "hard link":
        elsewhere.hardlink_to(path)
    elif kind == "FIFO":
        path.unlink()
        os.mkfifo(path, 0o600)
    elif kind == "readable by others":
        path.chmod(0o644)
    else:
        path.parent.chmod(0o777)
    assert cache(place).get("metadata") is None


def test_a_directory_that_cannot_be_used_loses_only_the_cache(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """If the file cannot be written, the document is used, and -v 1 logs why it is not stored."""
    (tmp_path / "cache").write_text("a file")
    unwilling = MetadataCache(tmp_path / "cache", IDENTITY, Log(1))
    unwilling.put("metadata", DOCUMENT)
    assert unwilling.get("metadata") == DOCUMENT
    assert str(tmp_path / "cache") in capsys.readouterr().err


def test_a_document_that_no_file_can_hold_is_kept_in_memory(place: Path) -> None:
    """A lone surrogate in a document does no harm."""
    odd = Document({"name": "\ud800"}, float(NOW), 60.0)
    memory = cache(place)
    memory.put("metadata", odd)
    assert memory.get("metadata") == odd


# How long


@pytest.mark.parametrize(
    ("age", "fresh", "usable"),
    [
        (0, True, True),
        (3599, True, True),
        (3600, False, True),
        (STALE - 1, False, True),
        (STALE, False, False),
        (-1, False, False),
    ],
)
def test_a_document_ages(age: int, fresh: bool, usable: bool) -> None:  # noqa: FBT001
    """Fresh for its lifetime, usable for a week, neither if the clock went back."""
    assert DOCUMENT.fresh(NOW + age) is fresh
    assert DOCUMENT.usable(NOW + age) is usable


@pytest.mark.parametrize(
    ("said", "seconds"),
    [
        ("max-age=7200", 7200),
        ("public, max-age=7200, must-revalidate", 7200),
        ("MAX-AGE = 7200", 7200),
        ('max-age="7200"', 7200),
        ("max-age=0", SHORTEST),
        ("max-age=1", SHORTEST),
        ("max-age=999999999", LONGEST),
        ("s-maxage=7200", 3600),
        ("x-max-age=7200", 3600),
        ("max-age=99999999999999999999", 3600),
        ("max-age=-5", 3600),
        ("max-age=soon", 3600),
        ("no-store", 3600),
        ("", 3600),
    ],
)
def test_the_provider_says_how_long_within_bounds(said: str, seconds: int) -> None:
    """RFC 9111 §5.2.2.1: from five minutes to a day. A malformed value counts as missing."""
    assert lifetime({"cache-control": said}, "metadata") == seconds


def test_a_key_set_lasts_a_day_where_nothing_is_said() -> None:
    """An unknown key ID fetches it again, so a day is enough."""
    assert lifetime({}, "key_set") == LONGEST
    assert lifetime({}, "metadata") == 3600


@pytest.mark.parametrize("tag", ['"abc"', 'W/"abc"', '""', '"' + "x" * 500 + '"'])
def test_an_entity_tag_is_taken(tag: str) -> None:
    """RFC 9110 §8.8.3: strong and weak ones."""
    assert entity_tag({"etag": tag}) == tag


@pytest.mark.parametrize("tag", ["abc", '"a"b"', '"a\nb"', '"ü"', '"' + "x" * 501 + '"', 'w/"a"', "*"])
def test_what_is_no_entity_tag_is_not_sent_back(tag: str) -> None:
    """It could break the request."""
    assert entity_tag({"etag": tag}) == ""


@given(
    TEXT
    | st.builds(
        "{}max-age{}{}{}".format, TEXT, st.sampled_from(["=", " = ", '="', ""]), st.integers() | TEXT, TEXT
    )
)
def test_any_cache_control_is_a_bounded_life(words: str) -> None:
    """Whatever the header says, a document is fresh for at least minutes and at most a day."""
    assert SHORTEST <= lifetime({"cache-control": words}, "metadata") <= LONGEST


@given(TEXT | TEXT.map('"{}"'.format))
def test_any_entity_tag_can_be_sent_back_or_is_none(words: str) -> None:
    """An accepted tag is visible ASCII in quotes, unchanged."""
    tag = entity_tag({"etag": words})
    assert tag in {"", words}
    assert tag.isascii()
    assert tag.isprintable()


@given(st.dictionaries(TEXT, JSON, max_size=3))
def test_any_document_is_read_as_it_was_kept(place: Path, document: dict[str, object]) -> None:
    """Whatever its members."""
    kept = Document(document, float(NOW), 3600.0, "")
    cache(place).put("metadata", kept)
    assert cache(place).get("metadata") == kept


def test_only_so_many_files_are_kept(place: Path) -> None:
    """Other proxies and authorities leave files behind. The oldest are removed."""
    for number in range(MOST + 3):
        cache(place, (ISSUER, number)).put("metadata", DOCUMENT)
        for path in (place / DIRECTORY).iterdir():
            os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns - 10**9))
    assert len(list((place / DIRECTORY).iterdir())) == MOST
    assert cache(place, (ISSUER, MOST + 2)).get("metadata") == DOCUMENT
    assert cache(place, (ISSUER, 0)).get("metadata") is None


def test_the_method_that_worked_is_kept_by_client(tmp_path: Path) -> None:
    """Together with the documents. Unknown methods are ignored, and a record without methods is valid."""
    identity = ("https://idp.example.com", "checked")
    first = MetadataCache(tmp_path, identity, QUIET)
    first.put("metadata", Document({"a": 1}, 1.0, 300.0))
    assert first.method("kubernetes") == ""
    first.put_method("kubernetes", "client_secret_post")
    first.put("key_set", Document({"keys": []}, 1.0, 300.0))
    again = MetadataCache(tmp_path, identity, QUIET)
    assert (again.method("kubernetes"), again.method("another")) == ("client_secret_post", "")
    assert again.get("metadata") is not None
    (path,) = (tmp_path / "metadata").glob("*.json")
    path.write_text(path.read_text().replace("client_secret_post", "x_odd"))
    assert MetadataCache(tmp_path, identity, QUIET).method("kubernetes") == ""
