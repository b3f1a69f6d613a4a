"""TLS and tokens: what they say for each resource, and that every endpoint looks at them."""

from typing import Any

import httpx
import msal
import pytest
import requests
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.fidelity.checklist.hands import GRAPH, GRAPH_APP_ID, App, bearing, calling, decoded
from tests.sandbox.graph_hands import form_group, hire, refused
from tests.tenant import Tenant

STS, ENTRA = "https://sts.windows.net/{}/", "{}/v2.0"


def keys(tenant: Tenant) -> Any:
    """The published key set, by way of the metadata."""
    with tenant.client() as client:
        metadata = client.get(f"/{tenant.json['tenant_id']}/v2.0/.well-known/openid-configuration").json()
        return client.get(metadata["jwks_uri"]).json()


def by_msal(tenant: Tenant, who: str, scope: str = GRAPH) -> str:
    """A token that Microsoft's own library got."""
    session = requests.Session()
    session.trust_env, session.verify = False, str(tenant.ca_file)
    client = msal.ConfidentialClientApplication(
        tenant.json[who]["client_id"],
        client_credential=tenant.json[who]["client_secret"],
        authority=f"{tenant.base_url}/{tenant.json['tenant_id']}",
        instance_discovery=False,
        http_client=session,
    )
    return str(client.acquire_token_for_client([scope])["access_token"])


def test_only_tls_is_spoken_and_only_the_tenants_ca_vouches_for_it(tenant: Tenant) -> None:
    with httpx.Client(trust_env=False) as client:
        with pytest.raises(httpx.TransportError):
            client.get(f"http://localhost:{tenant.port}/v1.0/users")
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            client.get(f"{tenant.base_url}/v1.0/users")
    with tenant.client() as client:
        assert client.get("/v1.0/users").status_code == 401


@pytest.mark.parametrize(
    ("scope", "audience", "issuer", "version"),
    [
        (GRAPH, "https://graph.microsoft.com", STS, "1.0"),
        ("https://graph.microsoft.com//.default", "https://graph.microsoft.com/", STS, "1.0"),
        ("https://management.azure.com/.default", "https://management.azure.com", STS, "1.0"),
        ("https://management.core.windows.net//.default", "https://management.core.windows.net/", STS, "1.0"),
        ("https://vault.azure.net/.default", "https://vault.azure.net", STS, "1.0"),
        ("https://storage.azure.com/.default", "https://storage.azure.com", STS, "1.0"),
        ("https://outlook.office365.com/.default", "https://outlook.office365.com", STS, "1.0"),
        ("api", "", ENTRA, "2.0"),
    ],
)
def test_a_token_is_an_rs256_jwt_with_issuer_audience_and_version_of_its_resource(
    tenant: Tenant, scope: str, audience: str, issuer: str, version: str
) -> None:
    own = scope == "api"
    token = by_msal(tenant, "hr_sender" if own else "platform", tenant.json["api"]["scope"] if own else scope)
    published = keys(tenant)
    header = decoded(token, 0)
    assert (header["alg"], header["typ"]) == ("RS256", "JWT")
    assert header["kid"] in {key["kid"] for key in published["keys"]}
    claims = jwt.decode(token, KeySet.import_key_set(published), algorithms=["RS256"]).claims
    assert claims["aud"] == (tenant.json["api"]["client_id"] if own else audience)
    assert claims["iss"] == issuer.format(tenant.base_url + "/" + tenant.json["tenant_id"] if own else claims["tid"])
    assert (claims["ver"], claims["tid"]) == (version, tenant.json["tenant_id"])


@pytest.mark.parametrize("who", ["platform", "helpdesk", "limited"])
def test_roles_are_the_granted_permissions(tenant: Tenant, graph: httpx.Client, who: str) -> None:
    resource = graph.get("/v1.0/servicePrincipals", params={"$filter": f"appId eq '{GRAPH_APP_ID}'"}).json()["value"][0]
    names = {role["id"]: role["value"] for role in resource["appRoles"]}
    path = f"/v1.0/servicePrincipals/{tenant.json[who]['object_id']}/appRoleAssignments?$top=999"
    granted = {
        names[one["appRoleId"]] for one in graph.get(path).json()["value"] if one["resourceId"] == resource["id"]
    }
    assert set(decoded(by_msal(tenant, who))["roles"]) == granted


def test_a_token_without_any_grant_has_no_roles(tenant: Tenant, graph: httpx.Client) -> None:
    assert "roles" not in decoded(App(tenant, graph).token())


ENDPOINTS = """
GET POST users
GET users/delta
GET users/$count
GET PATCH DELETE users/{u}
GET users/{u}/manager
PUT DELETE users/{u}/manager/$ref
GET users/{u}/directReports
GET users/{u}/memberOf
GET users/{u}/transitiveMemberOf
GET users/{u}/ownedObjects
GET users/{u}/registeredDevices
GET users/{u}/sponsors
GET users/{u}/licenseDetails
GET users/{u}/appRoleAssignments
GET users/{u}/oauth2PermissionGrants
POST users/{u}/assignLicense
POST users/{u}/revokeSignInSessions
POST users/{u}/getMemberGroups
POST users/{u}/checkMemberGroups
GET users/{u}/authentication/methods
POST users/{u}/authentication/temporaryAccessPassMethods
GET PATCH users/{u}/mailboxSettings
GET users/{u}/mailFolders/inbox/messageRules
GET users/{u}/events
POST users/{u}/sendMail
GET users/{u}/drive
GET users/{u}/joinedTeams
GET POST groups
GET groups/delta
GET PATCH DELETE groups/{g}
GET groups/{g}/members
GET groups/{g}/transitiveMembers
POST groups/{g}/members/$ref
DELETE groups/{g}/members/{u}/$ref
GET groups/{g}/owners
POST groups/{g}/owners/$ref
POST groups/{g}/assignLicense
POST directoryObjects/getByIds
GET directory/deletedItems/microsoft.graph.user
GET POST directory/administrativeUnits
GET subscribedSkus
GET organization
GET domains
GET POST devices
GET POST applications
GET POST servicePrincipals
GET POST oauth2PermissionGrants
GET directoryRoles
GET roleManagement/directory/roleDefinitions
GET POST roleManagement/directory/roleAssignments
GET roleManagement/directory/roleEligibilitySchedules
POST roleManagement/directory/roleEligibilityScheduleRequests
GET roleManagement/directory/roleAssignmentScheduleInstances
POST roleManagement/directory/roleAssignmentScheduleRequests
GET auditLogs/directoryAudits
GET auditLogs/signIns
GET auditLogs/provisioning
POST {job}/bulkUpload
POST {job}/pause
GET deviceManagement/managedDevices
"""
"""Verbs and paths; ``u`` is a user, ``g`` a group, ``job`` a provisioning job."""


def told(client: httpx.Client, method: str, path: str) -> tuple[int, str]:
    """Status and code of an answer to a call with an empty body."""
    media = "application/scim+json" if path.endswith("bulkUpload") else "application/json"
    content = b"{}" if method in ("POST", "PATCH", "PUT") else None
    answer = client.request(method, f"/v1.0/{path}", content=content, headers={"Content-Type": media})
    if answer.status_code == 401:
        assert answer.headers["www-authenticate"].startswith('Bearer realm=""')
    return answer.status_code, answer.json()["error"]["code"]


def _denial(path: str) -> str:
    """Exchange and the logs refuse in their own words."""
    if path.startswith("auditLogs"):
        return "Authentication_MSGraphPermissionMissing"
    exchange = {"mailboxSettings", "mailFolders", "events", "sendMail"}
    return "ErrorAccessDenied" if exchange & set(path.split("/")) else "Authorization_RequestDenied"


def test_every_endpoint_is_401_without_a_token_and_403_without_the_permission(
    tenant: Tenant, graph: httpx.Client
) -> None:
    about = tenant.json["provisioning"]
    job = f"servicePrincipals/{about['service_principal_id']}/synchronization/jobs/{about['job_id']}"
    places = {"u": hire(graph), "g": form_group(graph), "job": job}
    calls = [(verb, line.split()[-1]) for line in ENDPOINTS.split("\n") for verb in line.split()[:-1]]
    assert len(calls) > 70
    with tenant.client() as stranger, bearing(tenant, App(tenant, graph).token()) as nobody:
        for method, path in calls:
            address, denied = path.format(**places), _denial(path)
            assert told(stranger, method, address) == (401, "InvalidAuthenticationToken"), path
            assert told(nobody, method, address) == (403, denied), path


def test_a_token_for_one_resource_is_401_at_another(tenant: Tenant) -> None:
    with calling(tenant, scope="https://management.azure.com/.default") as arm:
        refused(arm.get("/v1.0/users"), 401, "InvalidAuthenticationToken")
    with calling(tenant) as graph:
        for path, code in (
            ("/subscriptions?api-version=2022-12-01", "InvalidAuthenticationToken"),
            ("/secrets?api-version=7.4", "Unauthorized"),
        ):
            answer = graph.get(path)
            assert (answer.status_code, answer.json()["error"]["code"]) == (401, code)
        assert graph.get("/scim/v2/Users").status_code == 401
        assert graph.post(f"/adminapi/beta/{tenant.json['tenant_id']}/InvokeCommand", json={}).status_code == 401
