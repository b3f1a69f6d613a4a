"""The tenant's logs: what every change leaves behind, how they are asked, and who may."""

import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.graph.logs.audit_logs import note_sign_in
from sandbox.store import Store
from tests.sandbox.conftest import Application
from tests.sandbox.graph_hands import (
    HELPDESK_ADMINISTRATOR,
    SPE_E3,
    calling_as,
    eventually,
    form_group,
    hire,
    reference,
    refused,
)
from tests.sandbox.scim_hands import create, target
from tests.tenant import Tenant

AUDITS = "/v1.0/auditLogs/directoryAudits"


@pytest.fixture
def logged(tenant: Tenant, graph: httpx.Client) -> httpx.Client:
    """Graph without lag and throttling, and a log that shows at once; ``graph`` puts the settings back."""
    tenant.control("POST", "settings", throttle=False, lag_ms=0, audit_lag_ms=0, provisioning_delay_ms=0)
    return graph


def rows(graph: httpx.Client, key: str, extra: str = "", **query: str) -> list[dict[str, Any]]:
    """The rows about an object, newest first."""
    query = {"$filter": f"targetResources/any(t: t/id eq '{key}'){extra}", **query}
    answer = graph.get(AUDITS, params=query)
    assert answer.status_code == 200, answer.text
    return list(answer.json()["value"])


def activities(graph: httpx.Client, key: str) -> list[str]:
    """The names of what was done, oldest first."""
    return [row["activityDisplayName"] for row in reversed(rows(graph, key))]


def test_a_lifecycle_is_told_activity_by_activity(logged: httpx.Client) -> None:
    boss, key = hire(logged), hire(logged)
    path = f"/v1.0/users/{key}"
    logged.patch(path, json={"jobTitle": "Boss"})
    logged.patch(path, json={"accountEnabled": False})
    logged.post(f"{path}/revokeSignInSessions")
    logged.put(f"{path}/manager/$ref", json=reference(boss))
    logged.post(f"{path}/assignLicense", json={"addLicenses": [{"skuId": SPE_E3}], "removeLicenses": []})
    logged.delete(path)
    logged.post(f"/v1.0/directory/deletedItems/{key}/restore")
    logged.delete(path)
    logged.delete(f"/v1.0/directory/deletedItems/{key}")
    assert activities(logged, key) == [
        "Add user",
        "Update user",
        "Disable account",
        "Update user",
        "Update StsRefreshTokenValidFrom Timestamp",
        "Set user manager",
        "Change user license",
        "Delete user",
        "Restore user",
        "Delete user",
        "Hard Delete user",
    ]


def test_a_row_says_who_what_and_from_what_to_what(tenant: Tenant, logged: httpx.Client) -> None:
    key = hire(logged, jobTitle="Clerk")
    correlation = str(uuid.uuid4())
    logged.patch(f"/v1.0/users/{key}", json={"jobTitle": "Boss"}, headers={"client-request-id": correlation})
    row = rows(logged, key)[0]
    platform = tenant.json["platform"]
    assert (row["category"], row["result"], row["loggedByService"]) == ("UserManagement", "success", "Core Directory")
    assert row["correlationId"] == correlation
    app = row["initiatedBy"]["app"]
    assert (app["appId"], app["servicePrincipalId"]) == (platform["client_id"], platform["object_id"])
    assert row["initiatedBy"]["user"] is None
    title, included = row["targetResources"][0]["modifiedProperties"]
    assert title == {"displayName": "JobTitle", "oldValue": '["Clerk"]', "newValue": '["Boss"]'}
    assert (included["displayName"], included["newValue"]) == ("Included Updated Properties", '"JobTitle"')
    assert logged.get(f"{AUDITS}/{row['id']}").json()["id"] == row["id"]


def test_memberships_and_roles_name_both_sides(logged: httpx.Client) -> None:
    key, group = hire(logged), form_group(logged)
    logged.post(f"/v1.0/groups/{group}/members/$ref", json=reference(key))
    logged.delete(f"/v1.0/groups/{group}/members/{key}/$ref")
    body = {"principalId": key, "roleDefinitionId": HELPDESK_ADMINISTRATOR, "directoryScopeId": "/"}
    made = logged.post("/v1.0/roleManagement/directory/roleAssignments", json=body).json()
    logged.delete(f"/v1.0/roleManagement/directory/roleAssignments/{made['id']}")
    assert activities(logged, key)[1:] == [
        "Add member to group",
        "Remove member from group",
        "Add member to role",
        "Remove member from role",
    ]
    added = rows(logged, group)[1]
    person, other = added["targetResources"]
    assert (person["id"], other["id"], other["groupType"]) == (key, group, "azureAD")
    names = {one["displayName"]: one["newValue"] for one in person["modifiedProperties"]}
    assert names["Group.ObjectID"] == f'"{group}"'
    role = rows(logged, key)[0]["targetResources"][0]["modifiedProperties"]
    assert '"Helpdesk Administrator"' in {one["oldValue"] for one in role}


def test_a_refused_or_ignored_write_leaves_no_row(tenant: Tenant, logged: httpx.Client) -> None:
    key = hire(logged)
    assert logged.patch(f"/v1.0/users/{key}", json={"usageLocation": "XX"}).status_code == 400
    tenant.control("POST", "faults", path=f"/users/{key}", effect="ignored")
    assert logged.patch(f"/v1.0/users/{key}", json={"jobTitle": "Boss"}).status_code == 204
    assert activities(logged, key) == ["Add user"]


def test_every_part_of_a_batch_is_a_row_of_its_own(logged: httpx.Client) -> None:
    key = hire(logged)
    parts = [
        {"id": str(n), "method": "PATCH", "url": f"/users/{key}", "body": {"jobTitle": f"T{n}"},
         "headers": {"Content-Type": "application/json"}}
        for n in range(2)
    ]  # fmt: skip
    logged.post("/v1.0/$batch", json={"requests": parts})
    assert activities(logged, key) == ["Add user", "Update user", "Update user"]


def test_provisioning_is_the_work_of_the_sync_fabric(tenant: Tenant, logged: httpx.Client) -> None:
    with target(tenant) as scim:
        made = create(scim)
    tenant.control("POST", "settings", throttle=False, audit_lag_ms=0)
    query = {"$filter": f"employeeId eq '{made['externalId']}'", "$select": "id"}
    found = eventually(lambda: logged.get("/v1.0/users", params=query).json()["value"])
    row = rows(logged, found[0]["id"])[0]
    assert row["activityDisplayName"] == "Add user"
    assert row["initiatedBy"]["app"]["displayName"] == "Microsoft.Azure.SyncFabric"


def test_rows_are_filtered_by_moment_category_actor_and_activity(tenant: Tenant, logged: httpx.Client) -> None:
    key = hire(logged)
    logged.patch(f"/v1.0/users/{key}", json={"jobTitle": "Boss"})
    newest, oldest = rows(logged, key)
    app_id = tenant.json["platform"]["client_id"]
    for extra, found in (
        (f" and activityDateTime ge {newest['activityDateTime']}", [newest]),
        (f" and activityDateTime le {oldest['activityDateTime']}", [oldest]),
        (" and category eq 'UserManagement' and activityDisplayName eq 'Add user'", [oldest]),
        (" and startswith(activityDisplayName, 'Update')", [newest]),
        (f" and initiatedBy/app/appId eq '{app_id}' and loggedByService eq 'Core Directory'", [newest, oldest]),
        (" and category eq 'GroupManagement'", []),
        (f" and correlationId eq '{oldest['correlationId']}'", [oldest]),
        (" and activityDateTime ge 2001-01-01", [newest, oldest]),
        (" and initiatedBy/user/id eq '0'", []),
    ):
        assert rows(logged, key, extra) == found, extra
    upwards = rows(logged, key, **{"$orderby": "activityDateTime"})
    assert upwards == [oldest, newest]


def test_it_comes_in_pages(logged: httpx.Client) -> None:
    key = hire(logged)
    for n in range(3):
        logged.patch(f"/v1.0/users/{key}", json={"jobTitle": f"T{n}"})
    query = {"$filter": f"targetResources/any(t:t/id eq '{key}')", "$top": "3", "$select": "id,category"}
    first = logged.get(AUDITS, params=query).json()
    second = logged.get(first["@odata.nextLink"]).json()
    assert (len(first["value"]), len(second["value"])) == (3, 1)
    assert "@odata.nextLink" not in second
    assert set(first["value"][0]) == {"id", "category"}
    refused(logged.get(AUDITS, params={"$top": "1001"}), 400, "BadRequest")
    refused(logged.get(AUDITS, params={"$select": "unheardOf"}), 400, "BadRequest")


def test_rows_come_late(tenant: Tenant, logged: httpx.Client) -> None:
    tenant.control("POST", "settings", audit_lag_ms=400)
    key = hire(logged)
    assert rows(logged, key) == []
    eventually(lambda: rows(logged, key))


def test_five_requests_in_ten_seconds_are_all(tenant: Tenant, logged: httpx.Client, application: Application) -> None:
    tenant.control("POST", "settings", throttle=True)
    answers = [logged.get("/v1.0/auditLogs/signIns", params={"$top": "1"}) for _ in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    refused(answers[-1], 429, "TooManyRequests")
    assert 1 <= int(answers[-1].headers["retry-after"]) <= 10


def test_reading_logs_needs_its_own_permission(tenant: Tenant, logged: httpx.Client, application: Application) -> None:
    with calling_as(tenant, application, "helpdesk") as other:
        refused(other.get(AUDITS), 403, "Authentication_MSGraphPermissionMissing", "AuditLog.Read.All")
        key = hire(logged)
        answer = other.get(f"/v1.0/users/{key}", params={"$select": "signInActivity"})
        refused(answer, 403, "Authentication_MSGraphPermissionMissing", "AuditLog.Read.All")


def test_sign_in_activity_is_asked_by_object_id_only(tenant: Tenant, logged: httpx.Client) -> None:
    key = hire(logged)
    answer = logged.get(f"/v1.0/users/{key}", params={"$select": "id,signInActivity"})
    assert answer.json()["signInActivity"] is None
    upn = logged.get(f"/v1.0/users/{key}").json()["userPrincipalName"]
    by_name = logged.get(f"/v1.0/users/{upn}", params={"$select": "signInActivity"})
    refused(by_name, 400, "BadRequest", "Get By Key only supports UserId")


def test_a_sign_in_is_noted_with_its_outcome(tmp_path: Path) -> None:
    store = Store(tmp_path / "tenant.db")
    person = {"id": str(uuid.uuid4()), "displayName": "Ann", "userPrincipalName": "ann@practice.example"}
    note_sign_in(store, person, app_id="app", app_name="Console")
    failed = note_sign_in(store, person, app_id="app", app_name="Console", error_code=50126, failure_reason="Wrong.")
    held = store.get("sign_in_activities", person["id"]) or {}
    first, second = store.find("sign_ins", "userId", person["id"])
    assert (first["status"]["errorCode"], second["status"]["errorCode"]) == (0, 50126)
    assert held["lastSignInRequestId"] == failed["id"] == second["id"]
    assert held["lastSuccessfulSignInRequestId"] == first["id"]
    assert held["lastSignInDateTime"] >= held["lastSuccessfulSignInDateTime"]
    store.close()
