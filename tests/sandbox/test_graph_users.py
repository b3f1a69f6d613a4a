"""Users as Graph has them: creation and its refusals, changes, protected people, sessions, managers."""

from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import Application
from tests.sandbox.graph_hands import (
    ABSENT,
    AT_ONCE,
    HELPDESK_ADMINISTRATOR,
    calling_as,
    eventually,
    hire,
    reference,
    refused,
    somebody,
    user,
)
from tests.tenant import Tenant

STAMPS = ("signInSessionsValidFromDateTime", "lastPasswordChangeDateTime")
DEFAULT = {
    "businessPhones",
    "displayName",
    "givenName",
    "id",
    "jobTitle",
    "mail",
    "mobilePhone",
    "officeLocation",
    "preferredLanguage",
    "surname",
    "userPrincipalName",
}


@pytest.fixture(autouse=True)
def _at_once(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", **AT_ONCE)


def test_a_created_user_comes_back_with_the_default_properties_and_its_id_first(graph: httpx.Client) -> None:
    body = somebody(mailNickName="m365.writes.it.so", **{"@odata.type": "#microsoft.graph.user"})
    del body["mailNickname"]
    answer = graph.post("/v1.0/users", json=body)
    assert answer.status_code == 201
    created = answer.json()
    assert list(created)[:2] == ["@odata.context", "id"]
    assert set(created) == DEFAULT | {"@odata.context"}
    assert created["@odata.context"].endswith("/v1.0/$metadata#users/$entity")
    assert answer.headers["location"].endswith(f"/directoryObjects/{created['id']}/Microsoft.DirectoryServices.User")
    assert answer.headers["odata-version"] == "4.0"
    assert user(graph, created["id"], "mailNickname")["mailNickname"] == "m365.writes.it.so"


def test_a_new_user_is_seen_only_after_the_lag(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", lag_ms=250)
    key = hire(graph)
    refused(graph.get(f"/v1.0/users/{key}"), 404, "Request_ResourceNotFound", f"Resource '{key}' does not exist")
    manager = graph.put(f"/v1.0/users/{hire(graph)}/manager/$ref", json=reference(key))
    refused(manager, 404, "Request_ResourceNotFound")
    eventually(lambda: graph.get(f"/v1.0/users/{key}").status_code, lambda status: status == 200)


def test_a_filter_lags_as_a_read_does(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", lag_ms=250)
    graph.post("/v1.0/users", json=somebody(employeeId="LAG-1"))
    query = {"$filter": "employeeId eq 'lag-1'"}
    assert graph.get("/v1.0/users", params=query).json()["value"] == []
    eventually(lambda: graph.get("/v1.0/users", params=query).json()["value"])


@pytest.mark.parametrize(
    "name", ["accountEnabled", "displayName", "mailNickname", "userPrincipalName", "passwordProfile"]
)
def test_what_a_user_must_have_is_asked_for_by_name(graph: httpx.Client, name: str) -> None:
    body = somebody()
    del body[name]
    error = refused(graph.post("/v1.0/users", json=body), 400, "Request_BadRequest", f"'{name}' of resource 'User'")
    assert error["details"][0]["target"] == name


@pytest.mark.parametrize(
    ("values", "text"),
    [
        (
            {"userPrincipalName": "a@elsewhere.example"},
            "The domain portion of the userPrincipalName property is invalid",
        ),
        ({"userPrincipalName": "zoë@practice.example"}, "property 'userPrincipalName'"),
        ({"userPrincipalName": f"{'x' * 65}@practice.example"}, "property 'userPrincipalName'"),
        ({"passwordProfile": {"password": "password"}}, "password complexity"),
        ({"usageLocation": "UK"}, "property 'usageLocation'"),
        ({"department": ""}, "property 'department'"),
        ({"employeeId": "X" * 17}, "property 'employeeId'"),
        ({"jobTitle": "T" * 129}, "property 'jobTitle'"),
        ({"accountEnabled": "yes"}, "property 'accountEnabled'"),
        ({"mailNickname": "two words"}, "property 'mailNickname'"),
        ({"createdDateTime": "2026-01-01T00:00:00Z"}, "Property 'createdDateTime' is read-only"),
        ({"favouriteColour": "red"}, "Invalid property 'favouriteColour'."),
    ],
)
def test_values_that_the_directory_does_not_take_are_refused(graph: httpx.Client, values: Any, text: str) -> None:
    refused(graph.post("/v1.0/users", json=somebody(**values)), 400, "Request_BadRequest", text)


def test_a_name_that_somebody_has_is_400_with_both_details(graph: httpx.Client) -> None:
    body = somebody()
    key = graph.post("/v1.0/users", json=body).json()["id"]
    again = somebody(
        userPrincipalName=body["userPrincipalName"].upper().replace("PRACTICE.EXAMPLE", "practice.example")
    )
    error = refused(
        graph.post("/v1.0/users", json=again), 400, "Request_BadRequest", "property userPrincipalName already"
    )
    assert [(d["code"], d["target"]) for d in error["details"]] == [
        ("ObjectConflict", "userPrincipalName"),
        ("ConflictingObjects", f"User_{key}"),
    ]


def test_a_name_is_taken_before_its_holder_is_seen(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", lag_ms=2000)
    body = somebody()
    assert graph.post("/v1.0/users", json=body).status_code == 201
    refused(graph.post("/v1.0/users", json=body), 400, "Request_BadRequest")
    assert graph.get(f"/v1.0/users/{body['userPrincipalName']}").status_code == 404


def test_a_body_that_is_no_json_is_a_bad_request(graph: httpx.Client) -> None:
    answer = graph.post("/v1.0/users", content=b"{", headers={"Content-Type": "application/json"})
    refused(answer, 400, "BadRequest", "Unable to read JSON request payload")


def test_a_change_keeps_what_it_leaves_out_and_null_clears(graph: httpx.Client) -> None:
    key = hire(graph, department="Sales", jobTitle="Clerk")
    answer = graph.patch(f"/v1.0/users/{key}", json={"jobTitle": None, "OfficeLocation": "Berlin"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert "content-type" not in answer.headers
    changed = user(graph, key, "department", "jobTitle", "officeLocation")
    assert (changed["department"], changed["jobTitle"], changed["officeLocation"]) == ("Sales", None, "Berlin")


@pytest.mark.parametrize("values", [{"displayName": None}, {"usageLocation": None}, {"jobTitle": ""}])
def test_a_change_that_cannot_be_is_refused(graph: httpx.Client, values: Any) -> None:
    refused(graph.patch(f"/v1.0/users/{hire(graph)}", json=values), 400, "Request_BadRequest", next(iter(values)))


def test_extension_attributes_are_merged(graph: httpx.Client) -> None:
    key = hire(graph, onPremisesExtensionAttributes={"extensionAttribute1": "a"})
    graph.patch(f"/v1.0/users/{key}", json={"onPremisesExtensionAttributes": {"extensionAttribute2": "b"}})
    held = user(graph, key, "onPremisesExtensionAttributes")["onPremisesExtensionAttributes"]
    assert (held["extensionAttribute1"], held["extensionAttribute2"], len(held)) == ("a", "b", 15)


def test_a_new_password_moves_both_stamps_even_within_a_second(graph: httpx.Client) -> None:
    key = hire(graph)
    before = user(graph, key, *STAMPS)
    assert graph.patch(f"/v1.0/users/{key}", json={"passwordProfile": {"password": "An0ther-one!"}}).status_code == 204
    after = user(graph, key, *STAMPS, "passwordProfile")
    assert all(after[name] > before[name] for name in STAMPS)
    assert after["passwordProfile"] is None


def test_revoking_sessions_moves_their_stamp_only(graph: httpx.Client) -> None:
    key = hire(graph)
    before = user(graph, key, *STAMPS)
    answer = graph.post(f"/v1.0/users('{key}')/revokeSignInSessions", json={})
    assert answer.json() == {"@odata.context": f"{graph.base_url}/v1.0/$metadata#Edm.Boolean", "value": True}
    after = user(graph, key, *STAMPS)
    assert after["signInSessionsValidFromDateTime"] > before["signInSessionsValidFromDateTime"]
    assert after["lastPasswordChangeDateTime"] == before["lastPasswordChangeDateTime"]


def test_a_synced_user_is_mastered_on_premises(graph: httpx.Client) -> None:
    query = {"$filter": "onPremisesSyncEnabled eq true", "$select": "id"}
    key = graph.get("/v1.0/users", params=query).json()["value"][0]["id"]
    text = "on-premises mastered Directory Sync objects"
    refused(graph.patch(f"/v1.0/users/{key}", json={"jobTitle": "X"}), 400, "Request_BadRequest", text)
    refused(graph.put(f"/v1.0/users/{key}/manager/$ref", json=reference(hire(graph))), 400, "Request_BadRequest", text)
    assert graph.patch(f"/v1.0/users/{key}", json={"usageLocation": "GB"}).status_code == 204


def test_a_deleted_synced_user_comes_back_with_the_next_synchronisation(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", directory_sync_ms=200)
    query = {"$filter": "onPremisesSyncEnabled eq true", "$select": "id"}
    key = graph.get("/v1.0/users", params=query).json()["value"][-1]["id"]
    assert graph.delete(f"/v1.0/users/{key}").status_code == 204
    assert graph.get(f"/v1.0/users/{key}").status_code == 404
    eventually(lambda: graph.get(f"/v1.0/users/{key}").status_code, lambda status: status == 200)


def test_managers_may_go_round_in_a_circle(graph: httpx.Client) -> None:
    one, other = hire(graph), somebody()
    key = graph.post("/v1.0/users", json=other).json()["id"]
    by_name = {"@odata.id": f"https://graph.microsoft.com/v1.0/users/{other['userPrincipalName']}"}
    assert graph.put(f"/v1.0/users/{one}/manager/$ref", json=by_name).status_code == 204
    assert graph.put(f"/v1.0/users/{key}/manager/$ref", json=reference(one)).status_code == 204
    assert graph.get(f"/v1.0/users/{one}/manager").json()["id"] == key


def test_readers_write_nothing(tenant: Tenant, application: Application, graph: httpx.Client) -> None:
    key = hire(graph)
    with calling_as(tenant, application, "limited") as limited:
        assert limited.get(f"/v1.0/users/{key}").status_code == 200
        for answer in (
            limited.post("/v1.0/users", json=somebody()),
            limited.patch(f"/v1.0/users/{key}", json={"jobTitle": "X"}),
            limited.delete(f"/v1.0/users/{key}"),
            limited.post(f"/v1.0/users/{key}/revokeSignInSessions"),
            limited.get(f"/v1.0/users/{key}/memberOf"),
        ):
            refused(answer, 403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def test_people_with_a_directory_role_are_protected_from_common_callers(
    tenant: Tenant, application: Application, graph: httpx.Client
) -> None:
    key = hire(graph)
    role = {"principalId": key, "roleDefinitionId": HELPDESK_ADMINISTRATOR, "directoryScopeId": "/"}
    assert graph.post("/v1.0/roleManagement/directory/roleAssignments", json=role).status_code == 201
    with calling_as(tenant, application, "helpdesk") as helpdesk:
        for answer in (
            helpdesk.patch(f"/v1.0/users/{key}", json={"accountEnabled": False}),
            helpdesk.delete(f"/v1.0/users/{key}"),
        ):
            refused(answer, 403, "Authorization_RequestDenied")
        assert helpdesk.patch(f"/v1.0/users/{key}", json={"officeLocation": "London"}).status_code == 204
    assert graph.patch(f"/v1.0/users/{key}", json={"accountEnabled": True}).status_code == 204


def test_a_password_takes_more_than_writing_users(
    tenant: Tenant, application: Application, graph: httpx.Client
) -> None:
    key = hire(graph)
    with calling_as(tenant, application, "helpdesk") as helpdesk:
        answer = helpdesk.patch(f"/v1.0/users/{key}", json={"passwordProfile": {"password": "An0ther-one!"}})
        refused(answer, 403, "Authorization_RequestDenied")
        assert helpdesk.patch(f"/v1.0/users/{key}", json={"accountEnabled": False}).status_code == 204


def test_a_manager_is_set_read_and_cleared(graph: httpx.Client) -> None:
    boss, key = hire(graph, displayName="The Boss"), hire(graph)
    path = f"/v1.0/users/{key}/manager"
    refused(graph.get(path), 404, "Request_ResourceNotFound", "Resource 'manager' does not exist")
    assert graph.put(f"{path}/$ref", json={"@odata.id": f"{graph.base_url}/v1.0/users/{boss}"}).status_code == 204
    found = graph.get(path, params={"$select": "id,displayName"}).json()
    assert (found["@odata.type"], found["id"]) == ("#microsoft.graph.user", boss)
    expanded = graph.get(
        f"/v1.0/users/{key}", params={"$select": "id", "$expand": "manager($select=displayName)"}
    ).json()
    assert expanded["manager"]["displayName"] == "The Boss"
    reports = graph.get(f"/v1.0/users/{boss}/directReports").json()["value"]
    assert [report["id"] for report in reports] == [key]
    assert graph.delete(f"{path}/$ref").status_code == 204
    assert graph.get(path).status_code == 404


def test_a_manager_who_leaves_leaves_no_link(graph: httpx.Client) -> None:
    boss, key = hire(graph), hire(graph)
    graph.put(f"/v1.0/users/{key}/manager/$ref", json=reference(boss))
    graph.delete(f"/v1.0/users/{boss}")
    assert graph.get(f"/v1.0/users/{key}/manager").status_code == 404


def test_an_unknown_manager_is_404(graph: httpx.Client) -> None:
    answer = graph.put(f"/v1.0/users/{hire(graph)}/manager/$ref", json=reference(ABSENT))
    refused(answer, 404, "Request_ResourceNotFound", ABSENT)


def test_addresses_are_read_whatever_their_case_and_syntax(graph: httpx.Client) -> None:
    body = somebody()
    key = graph.post("/V1.0/Users", json=body).json()["id"]
    quoted = body["userPrincipalName"].replace("@", "%40")
    for path in (f"/v1.0/users/{key.upper()}", f"/v1.0/USERS('{quoted}')", f"/beta/users/{quoted}?%24select=Id"):
        assert graph.get(path).json()["id"] == key
    refused(graph.get("/v1.0/user"), 400, "BadRequest", "Resource not found for the segment 'user'.")
    refused(graph.get(f"/v1.0/users/{key}/shoes"), 400, "BadRequest", "segment 'shoes'")
    refused(graph.put(f"/v1.0/users/{key}"), 405, "Request_BadRequest")


def test_metadata_none_takes_the_annotations_away(graph: httpx.Client) -> None:
    answer = graph.get("/v1.0/users?$top=1", headers={"Accept": "application/json;odata.metadata=none"})
    assert "odata.metadata=none" in answer.headers["content-type"]
    assert set(answer.json()) == {"@odata.nextLink", "value"}


def test_every_answer_names_its_request(graph: httpx.Client) -> None:
    answer = graph.get(f"/v1.0/users/{ABSENT}", headers={"client-request-id": "aaaa-1"})
    inner = answer.json()["error"]["innerError"]
    assert (inner["client-request-id"], answer.headers["client-request-id"]) == ("aaaa-1", "aaaa-1")
    assert inner["request-id"] == answer.headers["request-id"]
    assert (answer.headers["content-type"], "odata-version" in answer.headers) == ("application/json", False)
