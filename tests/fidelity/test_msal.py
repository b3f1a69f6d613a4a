"""MSAL for Python, unmodified, gets tokens for applications, people and managed identities; errors are its own."""

import base64
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import msal
import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from tests.sandbox.browser import Browser, answer_of, form_of
from tests.tenant import Tenant

GRAPH = "https://graph.microsoft.com/.default"

Confidential = Callable[..., msal.ConfidentialClientApplication]


@pytest.fixture
def session(tenant: Tenant) -> Iterator[requests.Session]:
    """What MSAL speaks through, trusting the tenant's authority whatever the environment says."""
    with requests.Session() as opened:
        opened.trust_env, opened.verify = False, str(tenant.ca_file)
        yield opened


@pytest.fixture
def confidential(tenant: Tenant, session: requests.Session) -> Confidential:
    """A confidential client of the tenant."""

    def build(client_id: str, credential: Any, **options: Any) -> msal.ConfidentialClientApplication:
        return msal.ConfidentialClientApplication(
            client_id,
            client_credential=credential,
            authority=f"{tenant.base_url}/{tenant.json['tenant_id']}",
            instance_discovery=False,
            http_client=session,
            **options,
        )

    return build


@pytest.fixture
def console(tenant: Tenant, confidential: Confidential) -> msal.ConfidentialClientApplication:
    """The console's client."""
    return confidential(tenant.json["console"]["client_id"], tenant.json["console"]["client_secret"])


@pytest.fixture
def public(tenant: Tenant, session: requests.Session) -> msal.PublicClientApplication:
    """The console without its secret: it allows public client flows."""
    return msal.PublicClientApplication(
        tenant.json["console"]["client_id"],
        authority=f"{tenant.base_url}/{tenant.json['tenant_id']}",
        instance_discovery=False,
        http_client=session,
    )


@pytest.fixture
def browser(tenant: Tenant) -> Iterator[Browser]:
    """A browser without script."""
    with tenant.client() as client:
        yield Browser(client)


@pytest.fixture
def graph(tenant: Tenant) -> Iterator[httpx.Client]:
    """Graph with the platform's permissions, to arrange things."""
    with tenant.client(headers={"Authorization": f"Bearer {tenant.token()}"}) as client:
        yield client


def login(tenant: Tenant, role: str | None) -> dict[str, Any]:
    """A practice login."""
    found: dict[str, Any] = next(one for one in tenant.json["logins"] if one["role"] == role)
    return found


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a token, unverified."""
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def signed_in(console: msal.ConfidentialClientApplication, tenant: Tenant, browser: Browser, *scopes: str) -> Any:
    """The authorization code flow through the tenant's pages."""
    flow = console.initiate_auth_code_flow(
        list(scopes), redirect_uri=tenant.json["console"]["redirect_uri"], response_mode="query"
    )
    answer = answer_of(browser.sign_in(flow["auth_uri"], login(tenant, "Iam.Auditor")))
    return console.acquire_token_by_auth_code_flow(flow, answer)


def pem(tenant: Tenant) -> tuple[str, x509.Certificate]:
    """The platform's key and certificate."""
    text = Path(tenant.json["platform"]["certificate_file"]).read_text("ascii")
    return text, x509.load_pem_x509_certificate(text[text.index("-----BEGIN CERTIFICATE") :].encode())


# -- applications ------------------------------------------------------------------------------------------------------


def test_a_secret_gives_a_token_that_is_kept(tenant: Tenant, confidential: Confidential) -> None:
    client = confidential(tenant.json["platform"]["client_id"], tenant.json["platform"]["client_secret"])
    first = client.acquire_token_for_client([GRAPH])
    again = client.acquire_token_for_client([GRAPH])
    assert again["access_token"] == first["access_token"]
    assert (again["token_source"], first["token_source"]) == ("cache", "identity_provider")


def test_a_client_that_takes_challenges_gets_a_token_for_a_day(tenant: Tenant, confidential: Confidential) -> None:
    client = confidential(
        tenant.json["platform"]["client_id"], tenant.json["platform"]["client_secret"], client_capabilities=["CP1"]
    )
    answer = client.acquire_token_for_client([GRAPH])
    assert answer["expires_in"] == 86399
    assert claims_of(answer["access_token"])["xms_cc"] == ["cp1"]
    assert answer["refresh_on"] < time.time() + 86399 / 2


@pytest.mark.parametrize("named_by", ["certificate", "thumbprint", "subject name and issuer"])
def test_a_certificate_signs_an_application_in(tenant: Tenant, confidential: Confidential, named_by: str) -> None:
    key, certificate = pem(tenant)
    public_pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    thumbprint = certificate.fingerprint(hashes.SHA1()).hex()  # noqa: S303 - the wire's own name for a certificate
    credential = {
        "certificate": {"private_key": key, "public_certificate": public_pem},
        "thumbprint": {"private_key": key, "thumbprint": thumbprint},
        "subject name and issuer": {"private_key": key, "thumbprint": thumbprint, "public_certificate": public_pem},
    }[named_by]
    answer = confidential(tenant.json["platform"]["client_id"], credential).acquire_token_for_client([GRAPH])
    assert claims_of(answer["access_token"])["appidacr"] == "2"


def test_a_key_vault_token_lives_a_day(tenant: Tenant, confidential: Confidential) -> None:
    client = confidential(tenant.json["platform"]["client_id"], tenant.json["platform"]["client_secret"])
    assert client.acquire_token_for_client(["https://vault.azure.net/.default"])["expires_in"] == 86399


@pytest.mark.parametrize(
    ("client_id", "secret", "scope", "error", "code"),
    [
        ("platform", "wrong", GRAPH, "invalid_client", 7000215),
        (str(uuid4()), "any", GRAPH, "unauthorized_client", 700016),
        ("platform", None, "https://nowhere.example/.default", "invalid_resource", 500011),
        ("platform", None, "User.Read.All", "invalid_scope", 1002012),
    ],
)
def test_a_refusal_is_told_as_msal_tells_it(
    tenant: Tenant, confidential: Confidential, client_id: str, secret: str | None, scope: str, error: str, code: int
) -> None:
    identity = tenant.json.get(client_id, {"client_id": client_id})
    answer = confidential(identity["client_id"], secret or identity["client_secret"]).acquire_token_for_client([scope])
    assert (answer["error"], answer["error_codes"]) == (error, [code])
    assert answer["correlation_id"]


def test_one_of_several_secrets_is_over(tenant: Tenant, confidential: Confidential, graph: httpx.Client) -> None:
    made = graph.post("/v1.0/applications", json={"displayName": f"Secrets {uuid4().hex[:6]}"}).json()
    graph.post("/v1.0/servicePrincipals", json={"appId": made["appId"]}).raise_for_status()
    lapsed = {"startDateTime": "2019-01-02T00:00:00Z", "endDateTime": "2020-01-02T00:00:00Z"}
    address = f"/v1.0/applications/{made['id']}/addPassword"

    def secret(given: dict[str, Any]) -> str:
        return str(eventually(lambda: graph.post(address, json=given).json(), "secretText")["secretText"])

    old, new = secret({"passwordCredential": lapsed}), secret({})
    refused = confidential(made["appId"], old).acquire_token_for_client([GRAPH])
    assert (refused["error"], refused["error_codes"]) == ("invalid_client", [7000222])
    assert "access_token" in confidential(made["appId"], new).acquire_token_for_client([GRAPH])


def eventually(ask: Callable[[], Any], wanted: str) -> Any:
    """The answer as soon as it is the wanted one: new objects are seen after a lag."""
    deadline = time.monotonic() + 5
    while wanted not in str(answer := ask()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return answer


# -- people ------------------------------------------------------------------------------------------------------------


def test_the_code_flow_with_pkce_gives_an_account(
    tenant: Tenant, console: msal.ConfidentialClientApplication, browser: Browser
) -> None:
    answer = signed_in(console, tenant, browser, tenant.json["api"]["user_scope"])
    assert answer["id_token_claims"]["oid"] == login(tenant, "Iam.Auditor")["object_id"]
    account = console.get_accounts()[0]
    assert account["home_account_id"] == f"{login(tenant, 'Iam.Auditor')['object_id']}.{tenant.json['tenant_id']}"
    kept = console.acquire_token_silent([tenant.json["api"]["user_scope"]], account)
    assert kept["access_token"] == answer["access_token"]
    renewed = console.acquire_token_silent([tenant.json["api"]["user_scope"]], account, force_refresh=True)
    assert renewed["access_token"] != answer["access_token"]
    assert "User.Read" in console.acquire_token_silent(["User.Read"], account)["scope"]


def test_silence_after_a_revocation_is_an_error_of_msals(
    tenant: Tenant, console: msal.ConfidentialClientApplication, browser: Browser, graph: httpx.Client
) -> None:
    signed_in(console, tenant, browser, "User.Read")
    person = login(tenant, "Iam.Auditor")["object_id"]
    graph.post(f"/v1.0/users/{person}/revokeSignInSessions").raise_for_status()
    answer = console.acquire_token_silent_with_error(["User.Read"], console.get_accounts()[0], force_refresh=True)
    assert (answer["error"], answer["error_codes"]) == ("invalid_grant", [50173])


def test_the_device_flow_ends_when_the_person_has_signed_in(
    tenant: Tenant, public: msal.PublicClientApplication, browser: Browser
) -> None:
    flow = public.initiate_device_flow(["User.Read"])
    assert flow["user_code"] in flow["message"]
    pending = public.acquire_token_by_device_flow(flow, exit_condition=lambda _: True)
    assert pending["error"] == "authorization_pending"
    device_sign_in(browser, flow, login(tenant, "Iam.Approver"))
    answer = public.acquire_token_by_device_flow(flow, exit_condition=lambda _: True)
    assert claims_of(answer["access_token"])["upn"] == login(tenant, "Iam.Approver")["username"]
    assert public.acquire_token_silent(["User.Read"], public.get_accounts()[0])


def device_sign_in(browser: Browser, flow: dict[str, Any], who: dict[str, Any]) -> httpx.Response:
    """Type the code in, sign in and confirm."""
    typed = browser.submit(browser.open(flow["verification_uri"]), otc=flow["user_code"].lower())
    where = str(typed.url.join(typed.headers["location"]))
    confirm = browser.sign_in(where, who)
    assert "Are you trying to sign in" in confirm.text
    done = browser.submit(confirm)
    assert "You may now close this window" in done.text
    return done


def test_a_person_who_declines_ends_the_device_flow(
    tenant: Tenant, public: msal.PublicClientApplication, browser: Browser
) -> None:
    flow = public.initiate_device_flow(["User.Read"])
    typed = browser.submit(browser.open(flow["verification_uri"]), otc=flow["user_code"])
    confirm = browser.sign_in(str(typed.url.join(typed.headers["location"])), login(tenant, "Iam.Approver"))
    browser.submit(confirm, cancel="1")
    answer = public.acquire_token_by_device_flow(flow, exit_condition=lambda _: True)
    assert answer["error"] == "authorization_declined"


def test_a_device_code_lapses(tenant: Tenant, public: msal.PublicClientApplication, browser: Browser) -> None:
    flow = public.initiate_device_flow(["User.Read"])
    tenant.control("POST", "settings", clock_offset_s=901)
    answer = public.acquire_token_by_device_flow(flow, exit_condition=lambda _: True)
    assert answer["error"] == "expired_token"
    page = browser.submit(browser.open(flow["verification_uri"]), otc=flow["user_code"])
    assert "Check the code and try again" in page.text
    assert form_of(page)


def test_an_api_acts_on_behalf_of_the_person(
    tenant: Tenant,
    console: msal.ConfidentialClientApplication,
    confidential: Confidential,
    browser: Browser,
    graph: httpx.Client,
) -> None:
    api_id = tenant.json["api"]["client_id"]
    application = graph.get(f"/v1.0/applications(appId='{api_id}')").json()["id"]
    secret = graph.post(f"/v1.0/applications/{application}/addPassword", json={}).json()["secretText"]
    assertion = signed_in(console, tenant, browser, tenant.json["api"]["user_scope"])["access_token"]
    answer = confidential(api_id, secret).acquire_token_on_behalf_of(assertion, ["User.Read"])
    claims = claims_of(answer["access_token"])
    assert (claims["appid"], claims["scp"]) == (api_id, "User.Read")
    assert claims["oid"] == login(tenant, "Iam.Auditor")["object_id"]
    wrong = confidential(api_id, secret).acquire_token_on_behalf_of(answer["access_token"], ["User.Read"])
    assert wrong["error_codes"] == [500131]
    lacking = confidential(api_id, secret).acquire_token_on_behalf_of(assertion, ["Mail.Read"])
    assert (lacking["error"], lacking["error_codes"], lacking["suberror"]) == (
        "invalid_grant",
        [65001],
        "consent_required",
    )


# -- managed identities ------------------------------------------------------------------------------------------------


def test_app_service_gives_the_system_assigned_identity(
    tenant: Tenant, session: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = tenant.json["managed_identity"]
    monkeypatch.setenv("IDENTITY_ENDPOINT", held["endpoint"])
    monkeypatch.setenv("IDENTITY_HEADER", held["header"])
    client = msal.ManagedIdentityClient(msal.SystemAssignedManagedIdentity(), http_client=session)
    answer = client.acquire_token_for_client(resource="https://graph.microsoft.com")
    assert claims_of(answer["access_token"])["oid"] == held["system_assigned"]["object_id"]
    assert answer["expires_in"] > 86000


@pytest.mark.parametrize(("name", "argument"), [("client_id", "client_id"), ("resource_id", "resource_id")])
def test_the_metadata_service_gives_a_user_assigned_identity(
    tenant: Tenant, session: requests.Session, monkeypatch: pytest.MonkeyPatch, name: str, argument: str
) -> None:
    held = tenant.json["managed_identity"]["user_assigned"]
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", tenant.base_url)
    identity = msal.UserAssignedManagedIdentity(**{argument: held[name]})
    client = msal.ManagedIdentityClient(identity, http_client=session)
    answer = client.acquire_token_for_client(resource="https://graph.microsoft.com")
    assert claims_of(answer["access_token"])["oid"] == held["object_id"]


def test_an_identity_that_is_not_assigned_is_an_error(
    tenant: Tenant, session: requests.Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AZURE_POD_IDENTITY_AUTHORITY_HOST", tenant.base_url)
    identity = msal.UserAssignedManagedIdentity(client_id=str(uuid4()))
    answer = msal.ManagedIdentityClient(identity, http_client=session).acquire_token_for_client(resource="https://x")
    assert (answer["error"], answer["error_description"]) == ("invalid_request", "Identity not found")
