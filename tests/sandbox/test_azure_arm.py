"""Azure Resource Manager's gateway: tokens, api-versions, headers, errors, throttling, pages, links."""

import re
from collections.abc import Iterator

import httpx
import pytest

from tests.sandbox.azure_hands import azure, fresh, make_group, refused, subscription
from tests.tenant import Tenant

GUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


@pytest.fixture
def arm(tenant: Tenant) -> Iterator[httpx.Client]:
    with azure(tenant) as client:
        yield client


@pytest.mark.parametrize("resource", ["https://management.azure.com", "https://management.core.windows.net"])
@pytest.mark.parametrize("slash", ["", "/"])
def test_every_spelling_of_the_audience_is_taken(tenant: Tenant, resource: str, slash: str) -> None:
    with azure(tenant, scope=f"{resource}{slash}/.default") as arm:
        assert arm.get("/subscriptions").status_code == 200


def test_another_services_token_is_401(tenant: Tenant) -> None:
    with azure(tenant, scope="https://graph.microsoft.com/.default") as client:
        answer = client.get("/subscriptions")
    refused(answer, 401, "InvalidAuthenticationToken", "wrong audience or resource 'https://graph.microsoft.com'")
    assert 'authorization_uri="https://login.windows.net/' in answer.headers["www-authenticate"]


def test_no_token_is_401_before_anything_else(tenant: Tenant) -> None:
    with tenant.client() as client:
        answer = client.get("/subscriptions")
    refused(answer, 401, "AuthenticationFailed", "The 'Authorization' header is missing.")


def test_an_api_version_is_needed_and_any_date_is_one(tenant: Tenant, arm: httpx.Client) -> None:
    with tenant.client(headers=arm.headers) as client:
        refused(client.get("/subscriptions"), 400, "MissingApiVersionParameter", "is required for all requests")
        refused(client.get("/subscriptions?api-version=7"), 400, "InvalidApiVersionParameter", "'7'")
        for version in ("2016-06-01", "2099-12-31-preview"):
            assert client.get(f"/subscriptions?api-version={version}").status_code == 200


def test_every_answer_has_the_headers_of_the_recordings(tenant: Tenant, arm: httpx.Client) -> None:
    for path in (subscription(tenant), f"{subscription(tenant)}/resourceGroups/{fresh('no')}"):
        headers = arm.get(path, headers={"x-ms-client-request-id": "mine"}).headers
        assert headers["cache-control"] == "no-cache"
        assert (headers["pragma"], headers["expires"]) == ("no-cache", "-1")
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["strict-transport-security"] == "max-age=31536000; includeSubDomains"
        assert headers["x-ms-client-request-id"] == "mine"
        assert re.fullmatch(GUID, headers["x-ms-request-id"])
        correlation = headers["x-ms-correlation-request-id"]
        assert correlation != headers["x-ms-request-id"]
        assert re.fullmatch(rf"WESTEUROPE:\d{{8}}T\d{{6}}Z:{correlation}", headers["x-ms-routing-request-id"])
        assert int(headers["x-ms-ratelimit-remaining-subscription-reads"]) > 0
        assert int(headers["x-ms-ratelimit-remaining-subscription-global-reads"]) > 0


def test_what_is_not_there_says_what_it_is(tenant: Tenant, arm: httpx.Client) -> None:
    missing = "00000000-0000-4000-8000-000000000000"
    answer = arm.get(f"/subscriptions/{missing}/resourcegroups")
    refused(answer, 404, "SubscriptionNotFound", f"The subscription '{missing}' could not be found.")
    assert answer.headers["x-ms-failure-cause"] == "gateway"
    root = subscription(tenant)
    refused(arm.get(f"{root}/resourceGroups/nope"), 404, "ResourceGroupNotFound", "'nope' could not be found.")
    group = f"{root}/resourceGroups/{tenant.json['azure']['resource_group']}/providers"
    machine = arm.get(f"{group}/Microsoft.Compute/virtualMachines/nope")
    refused(machine, 404, "ResourceNotFound", "'Microsoft.Compute/virtualMachines/nope' under resource group")
    refused(arm.get(f"{group}/Microsoft.Nothing/things/x"), 404, "InvalidResourceType", "Microsoft.Nothing")
    assert arm.delete("/subscriptions").status_code == 405


def test_a_head_has_the_length_of_the_get_but_no_body(tenant: Tenant, arm: httpx.Client) -> None:
    path = f"{subscription(tenant)}/resourcegroups/{fresh('no')}"
    head, get = arm.head(path), arm.get(path)
    assert (head.status_code, head.content) == (404, b"")
    assert head.headers["content-length"] == get.headers["content-length"] != "0"
    assert head.headers["content-type"] == "application/json; charset=utf-8"
    assert head.headers["x-ms-failure-cause"] == "gateway"


def test_ids_are_compared_without_case_and_answered_as_made(tenant: Tenant, arm: httpx.Client) -> None:
    machine = tenant.json["azure"]["virtual_machine"]
    for spelling in (machine, machine.upper(), machine.lower().replace("resourcegroups", "ResourceGroups")):
        assert arm.get(spelling).json()["id"] == machine


def test_whoever_has_no_role_is_refused_by_name(tenant: Tenant) -> None:
    machine, caller = tenant.json["azure"]["virtual_machine"], tenant.json["limited"]
    with azure(tenant, "limited") as limited:
        assert limited.get("/subscriptions").json()["value"] == []
        answer = limited.post(f"{machine}/deallocate")
    text = (
        f"The client '{caller['client_id']}' with object id '{caller['object_id']}' does not have authorization to "
        f"perform action 'Microsoft.Compute/virtualMachines/deallocate/action' over scope '{machine}' or the scope is "
        "invalid. If access was recently granted, please refresh your credentials."
    )
    refused(answer, 403, "AuthorizationFailed", text)


def test_a_bucket_that_is_empty_refuses_until_it_refills(tenant: Tenant, arm: httpx.Client) -> None:
    group = make_group(arm, tenant)
    tenant.control("POST", "settings", throttle_arm_writes=2)
    answers = [arm.patch(group, json={"tags": {"n": str(n)}}) for n in range(4)]
    throttled = next(answer for answer in answers if answer.status_code == 429)
    refused(throttled, 429, "SubscriptionRequestsThrottled", "Number of 'write' requests for subscription")
    assert int(throttled.headers["retry-after"]) >= 1
    assert arm.get(group).status_code == 200


def test_buckets_tell_what_is_left(tenant: Tenant, arm: httpx.Client) -> None:
    tenant.control("POST", "settings", reset=True)
    read = arm.get(subscription(tenant)).headers
    assert 1000 < int(read["x-ms-ratelimit-remaining-subscription-reads"]) < 1100
    assert 16400 < int(read["x-ms-ratelimit-remaining-subscription-global-reads"]) < 16500
    assert int(arm.get("/subscriptions").headers["x-ms-ratelimit-remaining-tenant-reads"]) > 0


def test_pages_lead_on_by_links_on_the_host_that_was_asked(tenant: Tenant, arm: httpx.Client) -> None:
    tag = fresh("tag")
    made = {make_group(arm, tenant, tags={tag: "x"}) for _ in range(3)}
    url = f"{subscription(tenant)}/resourcegroups?$filter=tagName eq '{tag}'&$top=2"
    first = arm.get(url).json()
    assert first["nextLink"].startswith(f"{tenant.base_url}/subscriptions/")
    second = arm.get(first["nextLink"]).json()
    assert "nextLink" not in second
    found = {group["id"] for group in [*first["value"], *second["value"]]}
    assert found == made
    elsewhere = arm.get(url, headers={"Host": "management.azure.com"}).json()["nextLink"]
    assert elsewhere.startswith("https://management.azure.com/subscriptions/")


def test_an_empty_page_may_lead_on(tenant: Tenant, arm: httpx.Client) -> None:
    tenant.control("POST", "settings", empty_pages=True)
    first = arm.get("/subscriptions").json()
    assert first["value"] == []
    assert len(arm.get(first["nextLink"]).json()["value"]) == 2


def test_subscriptions_have_the_shape_of_the_version_asked(tenant: Tenant, arm: httpx.Client) -> None:
    new = arm.get("/subscriptions?api-version=2022-12-01").json()
    assert new["count"] == {"type": "Total", "value": len(new["value"])}
    one = next(s for s in new["value"] if s["subscriptionId"] == tenant.json["azure"]["subscription_id"])
    assert one["id"] == subscription(tenant)
    assert (one["state"], one["tenantId"], one["managedByTenants"]) == ("Enabled", tenant.json["tenant_id"], [])
    old = arm.get("/subscriptions?api-version=2016-06-01").json()
    assert "count" not in old
    assert "managedByTenants" not in old["value"][0]
    assert arm.get("/tenants").json()["value"][0]["tenantId"] == tenant.json["tenant_id"]


def test_providers_and_management_groups_are_shown(tenant: Tenant, arm: httpx.Client) -> None:
    assert arm.get(f"{subscription(tenant)}/providers/microsoft.compute").json()["registrationState"] == "Registered"
    names = {one["namespace"] for one in arm.get(f"{subscription(tenant)}/providers").json()["value"]}
    assert {"Microsoft.Compute", "Microsoft.KeyVault", "Microsoft.Storage"} <= names
    refused(arm.get("/providers/Nobody.Knows"), 404, "InvalidResourceNamespace")
    groups = arm.get("/providers/Microsoft.Management/managementGroups").json()["value"]
    assert groups == []
    assert arm.get(f"{subscription(tenant)}/providers/Microsoft.KeyVault/managedHSMs").json() == {"value": []}


def test_the_clouds_endpoints_need_no_token(tenant: Tenant) -> None:
    with tenant.client() as client:
        cloud = client.get("/metadata/endpoints?api-version=2022-09-01").json()
    assert cloud["resourceManager"] == tenant.base_url
    assert cloud["authentication"]["loginEndpoint"] == tenant.base_url
    assert set(cloud["authentication"]) >= {"loginEndpoint", "audiences", "tenant", "identityProvider"}
    assert set(cloud) >= {
        "name", "resourceManager", "microsoftGraphResourceId", "graphAudience", "portal", "gallery", "batch",
        "sqlManagement", "vmImageAliasDoc", "activeDirectoryDataLake",
    }  # fmt: skip
    assert set(cloud["suffixes"]) == {
        "keyVaultDns", "storage", "acrLoginServer", "sqlServerHostname", "azureDataLakeStoreFileSystem",
        "azureDataLakeAnalyticsCatalogAndJob", "mhsmDns",
    }  # fmt: skip


def test_a_body_that_cannot_be_read_is_400(tenant: Tenant, arm: httpx.Client) -> None:
    path = f"{subscription(tenant)}/resourcegroups/{fresh('rg-')}"
    refused(arm.put(path, content=b"{"), 400, "InvalidRequestContent")
    refused(arm.put(path, json={}), 400, "LocationRequired")
    refused(arm.get(f"{subscription(tenant)}/resourcegroups?$filter=x"), 400, "InvalidFilterInQueryString")
