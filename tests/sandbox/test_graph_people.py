"""What a signed-in person may do in the directory through the Azure CLI: read it as every member may, and no more."""

from collections.abc import Iterator

import httpx
import pytest

from tests.sandbox.browser import Browser
from tests.tenant import Tenant

AZURE_CLI = "04b07795-8ddb-461a-bbee-02f9e1bf7b46"


@pytest.fixture(scope="module")
def member(tenant: Tenant) -> Iterator[httpx.Client]:
    """Graph as somebody without any role who signed in with a device code."""
    who = next(login for login in tenant.json["logins"] if login["role"] is None)
    form = {"client_id": AZURE_CLI, "scope": "https://graph.microsoft.com//.default offline_access openid profile"}
    with tenant.client() as client:
        address = f"/{tenant.json['tenant_id']}/oauth2/v2.0"
        device = client.post(f"{address}/devicecode", data=form).json()
        browser = Browser(client)
        typed = browser.submit(browser.open(device["verification_uri"]), otc=device["user_code"])
        browser.submit(browser.sign_in(str(typed.url.join(typed.headers["location"])), who))
        grant = {"grant_type": "urn:ietf:params:oauth:grant-type:device_code", "device_code": device["device_code"]}
        answer = client.post(f"{address}/token", data={**form, **grant}).json()
        assert "https://graph.microsoft.com//Directory.AccessAsUser.All" in answer["scope"].split()
        client.headers["Authorization"] = f"Bearer {answer['access_token']}"
        yield client


@pytest.mark.parametrize("path", ["users", "groups", "applications", "servicePrincipals", "organization"])
def test_a_member_reads_the_directory(member: httpx.Client, path: str) -> None:
    assert member.get(f"/v1.0/{path}?$top=1").json()["value"]


def test_a_member_looks_objects_up_by_their_ids(member: httpx.Client) -> None:
    ids = [group["id"] for group in member.get("/v1.0/groups?$top=2").json()["value"]]
    found = member.post("/v1.0/directoryObjects/getByIds", json={"ids": ids}).json()["value"]
    assert [one["id"] for one in found] == ids
    one = member.get("/v1.0/users?$top=1").json()["value"][0]["id"]
    answer = member.post(f"/v1.0/users/{one}/getMemberGroups", json={"securityEnabledOnly": False})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "users"),
        ("PATCH", "users/{other}"),
        ("DELETE", "users/{other}"),
        ("POST", "groups"),
        ("GET", "directory/deletedItems/microsoft.graph.user"),
        ("GET", "auditLogs/signIns"),
        ("GET", "users/{other}/mailboxSettings"),
        ("GET", "users/{other}/authentication/methods"),
    ],
)
def test_a_member_without_a_role_does_no_more(member: httpx.Client, method: str, path: str) -> None:
    other = member.get("/v1.0/users?$top=1").json()["value"][0]["id"]
    body = {"displayName": "x"} if method in ("POST", "PATCH") else None
    assert member.request(method, f"/v1.0/{path.format(other=other)}", json=body).status_code == 403
