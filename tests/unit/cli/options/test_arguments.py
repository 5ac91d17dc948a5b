"""The arguments of get-token without click: what is read is what click reads."""

from __future__ import annotations

from contextlib import suppress

import click
import pytest
from hypothesis import given, strategies as st

from kubectl_oidc.cli.options import arguments
from kubectl_oidc.cli.options.click_options import parsed, source
from kubectl_oidc.cli.options.flags import GET_TOKEN
from kubectl_oidc.cli.options.kinds import COMMAS, EACH, SWITCH
from kubectl_oidc.cli.options.types import Unsaid
from kubectl_oidc.cli.options.variables import DEFAULT, OF_VARIABLE, TYPED, variable
from kubectl_oidc.errors import UsageError
from tests.arbitrary import examples

WORDS = st.sampled_from(
    [
        *(
            "",
            "auto",
            "true",
            "false",
            "1",
            "0",
            "on",
            "Off",
            "T",
            " yes ",
            "maybe",
            "90s",
            "1h30m",
            "30",
            "-1",
            "0.5",
        ),
        *(
            "off",
            "no",
            "S256",
            "authcode",
            "disk",
            "a,b",
            '"a,b",c',
            '"',
            "a=b",
            "Name=a=b",
            "--v",
            "ü",
            "\udcff",
        ),
        *(
            "https://issuer.example.com",
            "jwt",
            "access_token",
            "86401",
            "=4",
            "9",
            "²",
            "\u0661",
            "\n",
            "9" * 5000,
        ),
    ]
)
NAMES = st.sampled_from([flag.name for flag in GET_TOKEN])
TYPED_WORDS = st.lists(
    st.one_of(
        st.builds("{}={}".format, st.one_of(NAMES, st.just("-v")), WORDS),
        st.sampled_from([flag.name for flag in GET_TOKEN if flag.kind is SWITCH]),
    ),
    max_size=5,
)
VARIABLES = st.dictionaries(NAMES.map(variable), WORDS.filter(lambda word: "\0" not in word), max_size=3)


def read(words: list[str], environ: dict[str, str]) -> arguments.Arguments | None:
    return arguments.read(words, GET_TOKEN, environ)


def of_click(
    words: list[str], monkeypatch: pytest.MonkeyPatch, environ: dict[str, str]
) -> arguments.Arguments | None:
    """Return what click reads; None if it refuses the words."""
    with monkeypatch.context() as patch, suppress(click.ClickException, UsageError):
        for name, value in environ.items():
            patch.setenv(name, value)
        context = parsed(list(words))
        return arguments.Arguments(context.params, {name: source(context, name) for name in context.params})
    return None


@given(words=TYPED_WORDS, environ=VARIABLES)
@examples(400)
def test_what_is_read_is_what_click_reads(words: list[str], environ: dict[str, str]) -> None:
    """Values, their types, and where they come from; what click refuses is left to it."""
    mine = read(words, environ)
    with pytest.MonkeyPatch.context() as patch:
        theirs = of_click(words, patch, environ)
    if mine is None:
        return
    assert theirs is not None
    assert mine.values == theirs.values
    assert {name: type(value) for name, value in mine.values.items()} == {
        name: type(value) for name, value in theirs.values.items()
    }
    assert {name: mine.sources[name] for name in theirs.sources} == theirs.sources


def test_a_stanza_of_setup_is_read() -> None:
    """Each flag with a value behind ``=``, and switches."""
    found = read(
        [
            *("--oidc-issuer-url=https://issuer.example.com", "--oidc-client-id=kubernetes"),
            *("--oidc-extra-scope=email,groups", "--oidc-extra-scope=profile", "--skip-open-browser"),
            *("--certificate-authority=a.crt", "--certificate-authority=b,c.crt", "--v=4"),
        ],
        {"KUBECTL_OIDC_GRANT_TYPE": "device-code", "KUBECTL_OIDC_USERNAME": ""},
    )
    assert found is not None
    assert found.values["oidc_extra_scope"] == ("email,groups", "profile")
    assert found.values["certificate_authority"] == ("a.crt", "b,c.crt")
    assert found.values["skip_open_browser"] is True
    assert found.values["grant_type"] == "device-code"
    assert isinstance(found.values["authentication_timeout_sec"], Unsaid)
    assert found.values["v"] == 4
    sources = found.sources
    assert (sources["v"], sources["grant_type"], sources["username"]) == (TYPED, OF_VARIABLE, DEFAULT)


@pytest.mark.parametrize(
    "words",
    [
        ["--oidc-client-id", "kubernetes"],
        ["--oidc-client-id"],
        ["-v", "4"],
        ["--help"],
        ["--unknown=1"],
        ["word"],
        ["--grant-type=nothing"],
        ["--authentication-timeout-sec=0"],
        ["--force-refresh=maybe"],
        ["--logtostderr=maybe"],
    ],
)
def test_the_rest_is_left_to_click(words: list[str]) -> None:
    """What it refuses, and what is written in another way."""
    assert read(words, {}) is None


def test_a_variable_that_is_no_list_is_left_to_click() -> None:
    """Click names it in its error."""
    assert read([], {"KUBECTL_OIDC_CERTIFICATE_AUTHORITY": '"a'}) is None


def test_every_kind_is_tried() -> None:
    """A kind that is added to the table is compared too."""
    assert {flag.kind.uses for flag in GET_TOKEN} >= {EACH, COMMAS}
    assert any(flag.ignored for flag in GET_TOKEN)
