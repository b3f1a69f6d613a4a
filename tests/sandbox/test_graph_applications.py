"""Applications and service principals: their lives, secrets, certificates, owners."""

import base64
import uuid
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.sandbox.graph_apps import app_role, holding, ids, principal, register
from tests.sandbox.graph_hands import ABSENT, AT_ONCE, form_group, hire, reference, refused
from tests.tenant import Tenant


@pytest.fixture(autouse=True)
def _at_once(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", **AT_ONCE)


# -- applications ------------------------------------------------------------------------------------------------------


def test_a_new_application_has_seven_decimals_and_a_location_then_whole_seconds(graph: httpx.Client) -> None:
    answer = graph.post("/v1.0/applications", json={"displayName": "Recorded"})
    made = answer.json()
    assert len(made["createdDateTime"].partition(".")[2]) == 8
    assert answer.headers["location"].endswith(
        f"/directoryObjects/{made['id']}/Microsoft.DirectoryServices.Application"
    )  # fmt: skip
    assert set(made["web"]) >= {"homePageUrl", "logoutUrl", "redirectUris", "implicitGrantSettings"}
    assert set(made["api"]) >= {"acceptMappedClaims", "knownClientApplications", "oauth2PermissionScopes"}
    read = graph.get(f"/v1.0/applications/{made['id']}").json()
    assert "." not in read["createdDateTime"]
    refused(graph.get(f"/v1.0/applications/{made['appId']}"), 404, "Request_ResourceNotFound", made["appId"])
    assert graph.get(f"/v1.0/applications(appId='{made['appId']}')").json()["id"] == made["id"]


def test_an_application_changes_and_its_principal_follows(graph: httpx.Client) -> None:
    made_principal = principal(graph)
    app = f"/v1.0/applications(appId='{made_principal['appId']}')"
    uri = f"api://{uuid.uuid4()}"
    change = {"displayName": "Renamed", "web": {"redirectUris": ["https://x.example/"]}, "identifierUris": [uri]}
    assert graph.patch(app, json=change).status_code == 204
    read = graph.get(app).json()
    assert read["web"]["redirectUris"] == ["https://x.example/"]
    assert "implicitGrantSettings" in read["web"]
    followed = graph.get(f"/v1.0/servicePrincipals/{made_principal['id']}").json()
    assert (followed["displayName"], followed["replyUrls"]) == ("Renamed", ["https://x.example/"])
    assert followed["servicePrincipalNames"] == [made_principal["appId"], uri]
    refused(graph.patch(app, json={"appId": str(uuid.uuid4())}), 400, "Request_BadRequest", "read-only")
    answer = graph.post("/v1.0/applications", json={"displayName": "Other", "identifierUris": [uri]})
    refused(answer, 400, "Request_BadRequest", "Another object with the same value for property identifierUris")


def test_a_role_is_disabled_before_it_is_deleted(graph: httpx.Client) -> None:
    role = app_role("Reader")
    app = f"/v1.0/applications/{register(graph, appRoles=[role])['id']}"
    refused(graph.patch(app, json={"appRoles": []}), 400, "CannotDeleteOrUpdateEnabledEntitlement", "disabled first")
    assert graph.patch(app, json={"appRoles": [{**role, "isEnabled": False}]}).status_code == 204
    assert graph.patch(app, json={"appRoles": []}).status_code == 204
    assert graph.get(app).json()["appRoles"] == []


def test_a_role_is_completed_and_read_by_itself_also_below_myorganization(graph: httpx.Client) -> None:
    """CLI for Microsoft 365 reads it so, and leaves ``isEnabled`` out when it makes one."""
    role = {name: value for name, value in app_role("Reader").items() if name != "isEnabled"}
    made = graph.post("/v1.0/myorganization/applications", json={"displayName": "Roles", "appRoles": [role]}).json()
    found = graph.get(f"/v1.0/myorganization/applications/{made['id']}/appRoles").json()["value"]
    assert [(one["value"], one["isEnabled"], one["origin"]) for one in found] == [("Reader", True, "Application")]


def test_a_secret_is_shown_once_and_signs_in(tenant: Tenant, graph: httpx.Client) -> None:
    made_principal = principal(graph)
    app = f"/v1.0/applications(appId='{made_principal['appId']}')"
    answer = graph.post(f"{app}/addPassword", json={"passwordCredential": {"displayName": "server"}})
    made = answer.json()
    assert (answer.status_code, made["hint"], len(made["secretText"])) == (200, made["secretText"][:3], 40)
    listed = graph.get(app).json()["passwordCredentials"]
    assert [(one["keyId"], one["secretText"], one["hint"]) for one in listed] == [(made["keyId"], None, made["hint"])]
    form = {
        "grant_type": "client_credentials",
        "client_id": made_principal["appId"],
        "client_secret": made["secretText"],
        "scope": "https://graph.microsoft.com/.default",
    }
    token = f"/{tenant.json['tenant_id']}/oauth2/v2.0/token"
    assert graph.post(token, data=form).status_code == 200
    assert {"kind": "client_secret", "value": made["secretText"]} in tenant.control("GET", "secrets")["items"]
    assert graph.post(f"{app}/removePassword", json={"keyId": made["keyId"]}).status_code == 204
    assert graph.get(app).json()["passwordCredentials"] == []
    assert graph.post(token, data=form).json()["error"] == "invalid_client"
    refused(graph.post(f"{app}/removePassword", json={"keyId": made["keyId"]}), 400, "Request_BadRequest", "keyId")


def test_an_application_takes_its_first_secret_before_readers_see_it(tenant: Tenant, graph: httpx.Client) -> None:
    lag = tenant.control("GET", "settings")["lag_ms"]
    tenant.control("POST", "settings", lag_ms=3_000)
    try:
        app = f"/v1.0/applications/{graph.post('/v1.0/applications', json={'displayName': 'New'}).json()['id']}"
        assert graph.get(app).status_code == 404
        assert graph.post(f"{app}/addPassword", json={}).status_code == 200
    finally:
        tenant.control("POST", "settings", lag_ms=lag)


def test_a_secret_lasts_two_years_unless_told_otherwise(graph: httpx.Client) -> None:
    app = f"/v1.0/applications/{register(graph)['id']}"
    usual = graph.post(f"{app}/addPassword").json()
    years = datetime.fromisoformat(usual["endDateTime"]).year - datetime.fromisoformat(usual["startDateTime"]).year
    assert years == 2
    ends = "2199-01-01T00:00:00Z"
    asked = graph.post(f"{app}/addPassword", json={"passwordCredential": {"endDateTime": ends}}).json()
    assert asked["endDateTime"].startswith("2199-01-01T00:00:00")


def test_a_certificate_is_uploaded_and_listed_without_its_key(graph: httpx.Client) -> None:
    app = f"/v1.0/applications/{register(graph)['id']}"
    certificate = _certificate()
    key = base64.encodebytes(certificate.public_bytes(serialization.Encoding.DER)).decode()
    item = {"type": "AsymmetricX509Cert", "usage": "Verify", "key": key, "displayName": "CN=test"}
    assert graph.patch(app, json={"keyCredentials": [item]}).status_code == 204
    listed = graph.get(app).json()["keyCredentials"]
    thumbprint = certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303
    assert [(one["customKeyIdentifier"], one["key"]) for one in listed] == [(thumbprint, None)]
    assert graph.patch(app, json={"keyCredentials": [listed[0]]}).status_code == 204
    assert len(graph.get(app).json()["keyCredentials"]) == 1
    refused(graph.patch(app, json={"keyCredentials": [{"key": "no"}]}), 400, "Request_BadRequest", "certificate")


def _certificate() -> x509.Certificate:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "test")])
    now = datetime.now(UTC)
    built = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    built = built.serial_number(1).not_valid_before(now).not_valid_after(now + timedelta(days=30))
    return built.sign(key, hashes.SHA256())


def test_federated_credentials_are_unique_by_issuer_and_subject(graph: httpx.Client) -> None:
    app = register(graph)
    path = f"/v1.0/applications/{app['id']}/federatedIdentityCredentials"
    body = {
        "name": "pipeline",
        "issuer": "https://token.actions.example",
        "subject": "repo:org/repo:ref:refs/heads/main",
        "audiences": ["api://AzureADTokenExchange"],
    }
    made = graph.post(path, json=body)
    assert (made.status_code, made.json()["description"]) == (201, None)
    refused(graph.post(path, json={**body, "name": "other"}), 400, "Request_BadRequest", "issuer and subject")
    refused(graph.post(path, json={**body, "subject": "y"}), 400, "Request_BadRequest", "property name")
    refused(graph.post(path, json={**body, "audiences": []}), 400, "Request_BadRequest", "audiences")
    assert graph.get(f"{path}(name='pipeline')").json()["id"] == made.json()["id"]
    one = f"{path}/{made.json()['id']}"
    assert graph.patch(one, json={"subject": "repo:org/repo:environment:production"}).status_code == 204
    refused(graph.patch(one, json={"name": "renamed"}), 400, "Request_BadRequest", "read-only")
    assert ids(graph.get(path, params={"$filter": "name eq 'pipeline'"})) == [made.json()["id"]]
    assert graph.delete(one).status_code == 204
    refused(graph.get(one), 404, "Request_ResourceNotFound")


def test_a_deleted_application_is_restored_without_its_principal(graph: httpx.Client) -> None:
    made_principal = principal(graph)
    app = graph.get(f"/v1.0/applications(appId='{made_principal['appId']}')").json()["id"]
    assert graph.delete(f"/v1.0/applications/{app}").status_code == 204
    refused(graph.get(f"/v1.0/applications/{app}"), 404, "Request_ResourceNotFound")
    refused(graph.get(f"/v1.0/servicePrincipals/{made_principal['id']}"), 404, "Request_ResourceNotFound")
    bin_ = "/v1.0/directory/deletedItems"
    assert app in ids(graph.get(f"{bin_}/microsoft.graph.application"))
    assert graph.get(f"{bin_}/{app}").json()["@odata.type"] == "#microsoft.graph.application"
    assert graph.post(f"{bin_}/{app}/restore").json()["id"] == app
    refused(graph.get(f"/v1.0/servicePrincipals/{made_principal['id']}"), 404, "Request_ResourceNotFound")
    assert graph.post(f"{bin_}/{made_principal['id']}/restore").status_code == 200
    assert graph.get(f"/v1.0/servicePrincipals/{made_principal['id']}").status_code == 200
    graph.delete(f"/v1.0/applications/{app}")
    assert graph.delete(f"{bin_}/{app}").status_code == 204
    refused(graph.delete(f"{bin_}/{app}"), 404, "Request_ResourceNotFound")


def test_the_recycle_bin_forgets_applications_after_thirty_days(tenant: Tenant, graph: httpx.Client) -> None:
    app = register(graph)["id"]
    graph.delete(f"/v1.0/applications/{app}")
    tenant.control("POST", "settings", clock_offset_s=31 * 86400)
    refused(graph.get(f"/v1.0/directory/deletedItems/{app}"), 404, "Request_ResourceNotFound")


def test_an_application_that_may_write_its_own_writes_nothing_else(tenant: Tenant, graph: httpx.Client) -> None:
    other = register(graph)["id"]
    with holding(tenant, "Application.ReadWrite.OwnedBy") as owner:
        own = register(owner)
        assert owner.patch(f"/v1.0/applications/{own['id']}", json={"notes": "mine"}).status_code == 204
        refused(
            owner.patch(f"/v1.0/applications/{other}", json={"notes": "mine"}), 403, "Authorization_RequestDenied"
        )  # fmt: skip
        assert ids(owner.get(f"/v1.0/applications/{own['id']}/owners")) == [tenant.json["limited"]["object_id"]]


# -- principals --------------------------------------------------------------------------------------------------------


def test_an_application_has_one_principal(graph: httpx.Client) -> None:
    made_principal = principal(graph)
    again = graph.post("/v1.0/servicePrincipals", json={"appId": made_principal["appId"]})
    refused(again, 409, "Request_MultipleObjectsWithSameKeyValue", "already in use")
    error = refused(graph.post("/v1.0/servicePrincipals", json={"appId": ABSENT}), 400, "Request_BadRequest")
    assert error["details"][0]["code"] == "NoBackingApplicationObject"
    by_app_id = graph.get(f"/v1.0/servicePrincipals(appId='{made_principal['appId']}')").json()
    assert by_app_id["id"] == made_principal["id"]
    condition = f"servicePrincipalNames/any(c:c eq '{made_principal['appId']}')"
    assert ids(graph.get("/v1.0/servicePrincipals", params={"$filter": condition})) == [made_principal["id"]]


def test_a_disabled_principal_gets_no_token(tenant: Tenant, graph: httpx.Client) -> None:
    made_principal = principal(graph)
    secret = graph.post(f"/v1.0/applications(appId='{made_principal['appId']}')/addPassword").json()["secretText"]
    path = f"/v1.0/servicePrincipals/{made_principal['id']}"
    assert graph.patch(path, json={"accountEnabled": False}).status_code == 204
    form = {"grant_type": "client_credentials", "client_id": made_principal["appId"], "client_secret": secret}
    form["scope"] = "https://graph.microsoft.com/.default"
    answer = graph.post(f"/{tenant.json['tenant_id']}/oauth2/v2.0/token", data=form)
    assert answer.json()["error_codes"] == [7000112]
    assert graph.delete(path).status_code == 204


@pytest.mark.parametrize("kind", ["applications", "servicePrincipals"])
def test_owners_come_and_go(graph: httpx.Client, kind: str) -> None:
    made = register(graph) if kind == "applications" else principal(graph)
    path, person = f"/v1.0/{kind}/{made['id']}/owners", hire(graph)
    assert graph.post(f"{path}/$ref", json=reference(person)).status_code == 204
    refused(graph.post(f"{path}/$ref", json=reference(person)), 400, "Request_BadRequest", "'owners'")
    assert graph.get(f"/v1.0/{kind}/{made['id']}/Owners").json()["value"][0]["@odata.type"] == "#microsoft.graph.user"
    owned = graph.get(f"/v1.0/users/{person}/ownedObjects").json()["value"]
    assert [item["id"] for item in owned] == [made["id"]]
    cast = "application" if kind == "applications" else "servicePrincipal"
    assert ids(graph.get(f"/v1.0/users/{person}/ownedObjects/graph.{cast}")) == [made["id"]]
    assert ids(graph.get(f"/v1.0/users/{person}/ownedObjects/graph.group")) == []
    assert graph.delete(f"{path}/{person}/$ref").status_code == 204
    refused(graph.delete(f"{path}/{person}/$ref"), 404, "Request_ResourceNotFound")
    refused(graph.post(f"{path}/$ref", json=reference(form_group(graph))), 400, "Request_BadRequest", "owner")


def test_the_platform_lists_the_secret_it_signs_in_with(tenant: Tenant, graph: httpx.Client) -> None:
    platform = tenant.json["platform"]
    held = graph.get(f"/v1.0/applications(appId='{platform['client_id']}')").json()["passwordCredentials"]
    assert [(one["hint"], one["secretText"]) for one in held] == [(platform["client_secret"][:3], None)]
