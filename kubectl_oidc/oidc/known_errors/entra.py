"""The errors of Microsoft Entra ID (AADSTS…) and of Azure AD B2C (AADB2C…)."""

from __future__ import annotations

from kubectl_oidc.oidc.vendors import Vendor

from .known_error import REGISTRATION, said_by_provider

ENTRA = {
    said_by_provider("aadsts50011"): (
        f"{REGISTRATION[Vendor.ENTRA]}: add http://localhost, which allows every port"
    ),
    said_by_provider("aadsts50105"): (
        "in Entra: Enterprise applications > the app > Users and groups: assign this person, or a group that they are in"
    ),
    said_by_provider("aadsts65001", "aadsts65004", "aadsts90094", "aadsts90095"): (
        "in Entra: Enterprise applications > the app > Permissions: have an administrator grant consent to the requested permissions"
    ),
    said_by_provider("aadsts700016", "aadsts700011", "aadsts90002", "aadsts500011"): (
        "compare --oidc-client-id with the Application (client) ID, and the tenant in --oidc-issuer-url with the Directory (tenant) ID, "
        "on the app's overview in Entra"
    ),
    said_by_provider("aadsts50194", "aadsts90130", "aadsts9001023"): (
        "use your own tenant in the issuer, not common: https://login.microsoftonline.com/TENANT_ID/v2.0"
    ),
    said_by_provider("aadsts7000218"): (
        "in Entra: App registrations > the app > Authentication: allow public client flows, and register the redirect URI under "
        "Mobile and desktop applications, not under Web; or give the client's secret"
    ),
    said_by_provider("aadsts70021", "aadsts700211", "aadsts700212", "aadsts700213"): (
        "in Entra: App registrations > the app > Certificates & secrets > Federated credentials: set issuer, subject and audience exactly like the platform's token"
    ),
    said_by_provider("aadsts700025"): "leave out the client secret: the app is a public client in Entra",
    said_by_provider("aadsts7000215", "aadsts7000222", "aadsts70002"): (
        "in Entra: App registrations > the app > Certificates & secrets: create a new secret, and give its value, not its ID"
    ),
    said_by_provider("aadsts70011", "aadsts28002", "aadsts650053", "aadsts650057"): (
        "use only openid, profile, email, offline_access and api://ID/SCOPE of an API; add groups under Token configuration, not by a scope"
    ),
    said_by_provider(
        "aadsts53000",
        "aadsts53001",
        "aadsts53002",
        "aadsts53003",
        "aadsts530032",
        "aadsts530035",
        "aadsts50131",
    ): (
        "ask the tenant's administrator, who sees in the Sign-in logs which Conditional Access policy forbids it"
    ),
    said_by_provider("aadsts50020", "aadsts50034", "aadsts51004", "aadsts16000", "aadsts90072"): (
        "choose an account of this tenant, or have this one invited as a guest"
    ),
    said_by_provider(
        "aadsts50173", "aadsts70008", "aadsts700082", "aadsts70043", "aadsts50133", "aadsts50089"
    ): ("sign in again: Entra ended the session (a new password, a policy, or a long time without use)"),
    said_by_provider(
        "aadsts50072", "aadsts50074", "aadsts50076", "aadsts50078", "aadsts50079", "aadsts50158"
    ): (
        "run `kubectl oidc-login login` without `--grant-type=password`: Entra requires multi-factor authentication, which needs the browser"
    ),
    said_by_provider("aadsts50139", "aadsts50132", "aadsts50196", "aadsts700084"): (
        "sign in again: the session in Entra, or at the provider behind it, is no longer valid"
    ),
    said_by_provider("aadsts70000", "aadsts54005"): (
        "sign in again; if Entra refuses it each time, compare the app in Entra with the client ID, the scopes and the redirect URI"
    ),
    said_by_provider(
        "aadsts50053", "aadsts50055", "aadsts50056", "aadsts50057", "aadsts50126", "aadsts50144"
    ): (
        "sign in at https://myaccount.microsoft.com to see why Entra refuses the account or password, or ask its administrator"
    ),
    said_by_provider("aadsts50097", "aadsts50129", "aadsts530003", "aadsts53004"): (
        "sign in from a device that the tenant manages, which a Conditional Access policy requires"
    ),
    said_by_provider("aadsts500113"): (
        f"{REGISTRATION[Vendor.ENTRA]}: the app has no redirect URI; add http://localhost"
    ),
    said_by_provider("aadsts9002325", "aadsts9002326", "aadsts9002327"): (
        f"{REGISTRATION[Vendor.ENTRA]}: register the redirect URI there, not under Single-page application"
    ),
    said_by_provider("aadsts700027", "aadsts50012", "aadsts700023", "aadsts700024"): (
        "in Entra: App registrations > the app > Certificates & secrets > Certificates: upload the certificate of the key in "
        "--oidc-client-assertion-key, and check this computer's clock"
    ),
    said_by_provider("aadsts70019", "aadsts70020"): (
        "run the command again and enter the new code: the old one expired"
    ),
    said_by_provider("aadsts7000112", "aadsts650052", "aadsts650056"): (
        "in Entra: Enterprise applications > the app: have an administrator of the tenant enable it and grant consent to its permissions"
    ),
}

ENTRA_B2C = {
    said_by_provider("aadb2c90006"): (
        f"{REGISTRATION[Vendor.ENTRA_B2C]}: add http://localhost, which accepts every port"
    ),
    said_by_provider("aadb2c90117", "aadb2c90205"): (
        "in --oidc-extra-scope, use only openid, offline_access and https://TENANT.onmicrosoft.com/API/SCOPE of an API with permission"
    ),
    said_by_provider("aadb2c90081", "aadb2c90079"): (
        "in Azure AD B2C: App registrations > the app > Certificates & secrets: create a new secret, and give its value"
    ),
    said_by_provider("aadb2c90080", "aadb2c90088", "aadb2c90129"): (
        "sign in again: the session in Azure AD B2C ended"
    ),
    said_by_provider("aadb2c90091", "aadb2c90118"): ("run the command again: the sign-in was not completed"),
}
