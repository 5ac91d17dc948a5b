"""The errors for HTTP statuses other than 200."""

from __future__ import annotations

import pytest

from kubectl_oidc.errors import InvalidProviderResponse, ProviderUnreachable
from kubectl_oidc.http.exchange import Response
from kubectl_oidc.oidc.metadata import discovery_url
from kubectl_oidc.oidc.response_status import check_status, unavailable
from tests.tokens import ISSUER


def answer(status: int, **headers: str) -> Response:
    return Response(
        status, {name.replace("_", "-"): value for name, value in headers.items()}, b"SECRET-BODY"
    )


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504, 599])
def test_a_provider_that_cannot_answer_is_unreachable(status: int) -> None:
    """429 and 5xx are not about this client, so stale metadata and the refresh token stay in use."""
    with pytest.raises(ProviderUnreachable, match=str(status)):
        check_status(answer(status), discovery_url(ISSUER), issuer=ISSUER)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 418, 204, 304])
def test_any_other_status_is_an_error(status: int) -> None:
    """The body is not repeated."""
    with pytest.raises(InvalidProviderResponse, match=str(status)) as caught:
        check_status(answer(status), discovery_url(ISSUER), issuer=ISSUER)
    assert caught.value.hint
    assert "SECRET" not in caught.value.message + caught.value.hint


def test_200_is_accepted() -> None:
    """Nothing is raised for it."""
    check_status(answer(200), discovery_url(ISSUER), issuer=ISSUER)


@pytest.mark.parametrize("status", [404, 410])
def test_no_discovery_document_means_no_provider_at_the_issuer(status: int) -> None:
    """Then the issuer URL is wrong. At another address it may be something else."""
    with pytest.raises(InvalidProviderResponse, match=ISSUER) as caught:
        check_status(answer(status), discovery_url(ISSUER), issuer=ISSUER)
    assert caught.value.topic == "issuer-url"
    with pytest.raises(InvalidProviderResponse) as caught:
        check_status(answer(status), "https://idp.example.com/keys", issuer=ISSUER)
    assert "https://idp.example.com/keys" in caught.value.message
    assert caught.value.topic != "issuer-url"
    assert "--oidc-request-header" in caught.value.hint


def test_the_hint_says_how_long_the_provider_asks_to_wait() -> None:
    """The hint has the seconds of Retry-After. The address is shown without its query."""
    error = unavailable(answer(503, retry_after="120"), "https://idp.example.com/token?key=SECRET")
    assert "120 s" in error.hint
    assert "SECRET" not in error.message
    busy = unavailable(answer(429, retry_after="7"), "https://idp.example.com/token?key=SECRET")
    assert "429" in busy.message
    assert "(https://idp.example.com/token)" in busy.message
    assert "7 s" in busy.hint


@pytest.mark.parametrize(
    ("issuer", "form"),
    [
        ("https://acme.okta.com/app", "https://ORG.okta.com/oauth2/ID"),
        ("https://acme.trexcloud.com/oauth2/x", "https://ORG.okta.com/oauth2/ID"),
        (
            "https://login.microsoftonline.us/x",
            "https://login.microsoftonline.us/TENANT_ID/v2.0",
        ),
        (
            "https://sts.chinacloudapi.cn/x",
            "https://login.partner.microsoftonline.cn/TENANT_ID/v2.0",
        ),
        ("https://login.windows.net/x", "https://login.microsoftonline.com/TENANT_ID/v2.0"),
        (
            "https://corp.ciamlogin.com/x",
            "https://TENANT_ID.ciamlogin.com",
        ),
        ("https://corp.b2clogin.com/x", "https://corp.b2clogin.com/tfp/TENANT_ID/POLICY/v2.0/"),
        ("https://idp.example.com/app", "https://HOST/realms/NAME"),
    ],
)
def test_the_hint_shows_the_form_of_the_vendors_issuers(issuer: str, form: str) -> None:
    """For Okta both forms: the org server and a custom authorization server. Entra answers 400."""
    for status in (400, 404):
        with pytest.raises(InvalidProviderResponse) as caught:
            check_status(answer(status), discovery_url(issuer), issuer=issuer)
        assert form in caught.value.hint
