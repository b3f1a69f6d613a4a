"""The SCIM target as Entra's provisioning client and a strict client use it, and what reaches the directory."""

import ssl
import uuid
from collections.abc import Iterator
from typing import Any

import httpx
import httpx2
import pytest
from scim2_client.engines.httpx2 import SyncSCIMClient

from tests.sandbox.graph_hands import eventually, hire, reference, somebody, user
from tests.sandbox.scim_hands import ENTERPRISE, USERS, create, listed, patch, person, refused, target
from tests.tenant import Tenant


@pytest.fixture
def scim(tenant: Tenant, graph: httpx.Client) -> Iterator[httpx.Client]:
    """The SCIM target, everything at once; ``graph`` puts the settings back."""
    with target(tenant) as client:
        yield client


def in_directory(graph: httpx.Client, employee_id: str) -> list[dict[str, Any]]:
    """The directory users with an employee id."""
    names = "id,userPrincipalName,employeeId,jobTitle,department,displayName,givenName,accountEnabled,usageLocation"
    query = {"$filter": f"employeeId eq '{employee_id}'", "$select": names}
    return list(graph.get("/v1.0/users", params=query).json()["value"])


def test_a_created_user_has_an_address_and_a_version(scim: httpx.Client) -> None:
    body = person()
    answer = scim.post(USERS, json=body)
    made = answer.json()
    assert answer.status_code == 201
    assert answer.headers["content-type"].startswith("application/scim+json")
    assert answer.headers["location"] == made["meta"]["location"] == f"{scim.base_url}{USERS}/{made['id']}"
    assert answer.headers["etag"] == made["meta"]["version"] == 'W/"1"'
    assert (made["userName"], made[ENTERPRISE]["department"]) == (body["userName"], "Sales")
    assert "urn:example:unheard-of" not in made["schemas"]
    again = scim.get(f"{USERS}/{made['id']}").json()
    assert again == made


def test_a_name_is_one_persons(scim: httpx.Client, graph: httpx.Client) -> None:
    made = create(scim)
    refused(scim.post(USERS, json=person(userName=made["userName"].upper())), 409, "uniqueness")
    directory_only = somebody()
    graph.post("/v1.0/users", json=directory_only)
    refused(scim.post(USERS, json=person(userName=directory_only["userPrincipalName"])), 409, "uniqueness")


@pytest.mark.parametrize("content", [b"{", b"[]", b'{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"]}'])
def test_what_is_no_user_is_refused(scim: httpx.Client, content: bytes) -> None:
    answer = scim.post(USERS, content=content)
    assert (answer.status_code, answer.json()["status"]) == (400, "400")


@pytest.mark.parametrize("bearer", [None, "Bearer wrong", "Basic abc"])
def test_strangers_are_401(tenant: Tenant, scim: httpx.Client, bearer: str | None) -> None:
    with tenant.client(headers={"Authorization": bearer} if bearer else {}) as client:
        answer = client.get(USERS)
    refused(answer, 401)
    assert answer.headers["www-authenticate"].startswith("Bearer")


def test_lists_are_filtered_and_an_empty_one_is_200(scim: httpx.Client) -> None:
    made = create(scim)
    for text in (
        f'userName eq "{made["userName"].upper()}"',
        f'externalId eq "{made["externalId"]}"',
        f'emails[type eq "work"].value eq "{made["userName"]}"',
        f'{ENTERPRISE}:employeeNumber eq "{made["externalId"]}" and active eq true',
        f'userName sw "{made["userName"][:8]}" and not (title eq "Boss")',
    ):
        assert [found["id"] for found in listed(scim, text)["Resources"]] == [made["id"]]
    empty = listed(scim, 'userName eq "nobody@practice.example"')
    assert (empty["totalResults"], empty["Resources"]) == (0, [])
    refused(scim.get(USERS, params={"filter": "userName eq"}), 400, "invalidFilter")


def test_lists_come_in_pages(scim: httpx.Client) -> None:
    title = f"Pager {uuid.uuid4()}"
    keys = [create(scim, title=title)["id"] for _ in range(3)]
    text = f'title eq "{title}"'
    first, second = listed(scim, text, count=2), listed(scim, text, startIndex=3, count=2)
    assert (first["totalResults"], first["itemsPerPage"], second["startIndex"]) == (3, 2, 3)
    assert [r["id"] for r in (*first["Resources"], *second["Resources"])] == keys
    assert listed(scim, text, count=0)["Resources"] == []
    assert listed(scim, text, startIndex=0, count=-1) == {**listed(scim, text, count=0), "startIndex": 1}
    asked = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"],
        "filter": text,
        "attributes": ["userName"],
    }
    found = scim.post(f"{USERS}/.search", json=asked).json()["Resources"]
    assert set(found[0]) == {"schemas", "id", "userName"}


@pytest.mark.parametrize(
    ("operation", "path", "value"),
    [
        ({"op": "Replace", "path": "active", "value": "False"}, ("active",), False),
        ({"op": "replace", "path": "active", "value": False}, ("active",), False),
        ({"op": "Add", "path": "title", "value": "Boss"}, ("title",), "Boss"),
        ({"op": "replace", "value": {"name.givenName": "Susan", "title": "Boss"}}, ("name", "givenName"), "Susan"),
        ({"op": "Replace", "value": {f"{ENTERPRISE}:department": "IT"}}, (ENTERPRISE, "department"), "IT"),
        ({"op": "Replace", "path": f"{ENTERPRISE}:department", "value": "IT"}, (ENTERPRISE, "department"), "IT"),
        ({"op": "Add", "path": f"{ENTERPRISE}:manager", "value": "M-1"}, (ENTERPRISE, "manager", "value"), "M-1"),
        (
            {"op": "Add", "path": 'phoneNumbers[type eq "work"].value', "value": "+44 1"},
            ("phoneNumbers", 0, "value"),
            "+44 1",
        ),
        ({"op": "Remove", "path": "title"}, ("title",), None),
    ],
)
def test_entras_dialect_of_patch_is_understood(
    scim: httpx.Client, operation: dict[str, Any], path: tuple[Any, ...], value: Any
) -> None:
    key = create(scim)["id"]
    answer = patch(scim, key, operation)
    assert answer.status_code == 200, answer.text
    held: Any = scim.get(f"{USERS}/{key}").json()
    for part in path:
        held = held[part] if isinstance(part, int) else held.get(part)
    assert held == value


@pytest.mark.parametrize(
    ("operations", "kind"),
    [
        ([{"op": "remove"}], "noTarget"),
        (
            [{"op": "replace", "path": "title", "value": "Boss"}, {"op": "replace", "path": "id", "value": "1"}],
            "mutability",
        ),
        ([{"op": "shake", "path": "title"}], "invalidValue"),
        ([], "invalidValue"),
    ],
)
def test_a_patch_is_done_whole_or_not_at_all(scim: httpx.Client, operations: list[dict[str, Any]], kind: str) -> None:
    key = create(scim)["id"]
    refused(patch(scim, key, *operations), 400, kind)
    assert scim.get(f"{USERS}/{key}").json()["title"] == "Clerk"


def test_a_version_that_has_passed_is_412_and_one_still_valid_304(scim: httpx.Client) -> None:
    made = create(scim)
    boss = {"op": "replace", "path": "title", "value": "Boss"}
    answer = patch(scim, made["id"], boss, **{"If-Match": 'W/"1"'})
    assert answer.headers["etag"] == 'W/"2"'
    refused(patch(scim, made["id"], boss, **{"If-Match": 'W/"1"'}), 412)
    refused(scim.delete(f"{USERS}/{made['id']}", headers={"If-Match": 'W/"1"'}), 412)
    assert scim.get(f"{USERS}/{made['id']}", headers={"If-None-Match": 'W/"2"'}).status_code == 304
    assert patch(scim, made["id"], boss).headers["etag"] == 'W/"2"'


def test_a_replacement_clears_what_it_leaves_out(scim: httpx.Client) -> None:
    made = create(scim)
    body = {name: made[name] for name in ("schemas", "userName", "externalId", "active")}
    answer = scim.put(f"{USERS}/{made['id']}", json=body)
    assert answer.status_code == 200
    assert "title" not in answer.json()


def test_a_deleted_user_is_gone_and_the_name_free(scim: httpx.Client, graph: httpx.Client) -> None:
    made = create(scim)
    eventually(lambda: in_directory(graph, made["externalId"]))
    assert scim.delete(f"{USERS}/{made['id']}").status_code == 204
    refused(scim.get(f"{USERS}/{made['id']}"), 404)
    refused(scim.delete(f"{USERS}/{made['id']}"), 404)
    assert in_directory(graph, made["externalId"]) == []
    assert scim.post(USERS, json=person(userName=made["userName"])).status_code == 201


def test_a_created_user_appears_in_the_directory_after_the_delay(
    tenant: Tenant, scim: httpx.Client, graph: httpx.Client
) -> None:
    tenant.control("POST", "settings", provisioning_delay_ms=300)
    made = create(scim)
    assert in_directory(graph, made["externalId"]) == []
    found = eventually(lambda: in_directory(graph, made["externalId"]))[0]
    del found["id"]
    assert found == {
        "userPrincipalName": made["userName"],
        "employeeId": made["externalId"],
        "jobTitle": "Clerk",
        "department": "Sales",
        "displayName": "Sue Scim",
        "givenName": "Sue",
        "accountEnabled": True,
        "usageLocation": "GB",
    }


def test_changes_reach_the_directory_and_leave_what_scim_lacks(scim: httpx.Client, graph: httpx.Client) -> None:
    boss, made = create(scim), create(scim)
    key = eventually(lambda: in_directory(graph, made["externalId"]))[0]["id"]
    graph.patch(f"/v1.0/users/{key}", json={"officeLocation": "Berlin"})
    manager = {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": boss["id"]}
    patch(scim, made["id"], {"op": "Replace", "path": "active", "value": "False"}, manager)
    changed = eventually(
        lambda: user(graph, key, "accountEnabled", "officeLocation"), lambda u: not u["accountEnabled"]
    )
    assert changed["officeLocation"] == "Berlin"
    assert graph.get(f"/v1.0/users/{key}/manager?$select=displayName").json()["displayName"] == "Sue Scim"


def test_a_person_already_in_the_directory_is_matched_by_employee_id(scim: httpx.Client, graph: httpx.Client) -> None:
    employee_id = uuid.uuid4().hex[:12]
    upn = somebody()["userPrincipalName"]
    key = hire(graph, employeeId=employee_id, userPrincipalName=upn)
    create(
        scim, userName=upn, externalId=employee_id, **{ENTERPRISE: {"employeeNumber": employee_id, "department": "IT"}}
    )
    eventually(lambda: user(graph, key, "department"), lambda found: found["department"] == "IT")
    assert len(in_directory(graph, employee_id)) == 1


def test_what_the_directory_refuses_stays_in_scim_only(scim: httpx.Client, graph: httpx.Client) -> None:
    made = create(scim, userName=f"{uuid.uuid4().hex}@elsewhere.example")
    assert scim.get(f"{USERS}/{made['id']}").status_code == 200
    assert in_directory(graph, made["externalId"]) == []


def test_the_service_describes_itself(scim: httpx.Client) -> None:
    config = scim.get("/scim/v2/ServiceProviderConfig").json()
    assert all(config[name]["supported"] for name in ("patch", "etag", "bulk", "filter", "sort"))
    assert config["changePassword"]["supported"] is False
    assert config["authenticationSchemes"][0]["type"] == "oauthbearertoken"
    types = scim.get("/scim/v2/ResourceTypes").json()
    assert [(t["id"], t["endpoint"]) for t in types["Resources"]] == [("User", "/Users"), ("Group", "/Groups")]
    schemas = scim.get("/scim/v2/Schemas").json()["Resources"]
    core = "urn:ietf:params:scim:schemas:core:2.0"
    assert [schema["id"] for schema in schemas] == [f"{core}:User", ENTERPRISE, f"{core}:Group"]
    assert scim.get(f"/scim/v2/Schemas/{ENTERPRISE}").json()["id"] == ENTERPRISE
    refused(scim.get("/scim/v2/Schemas?filter=id pr"), 403)
    refused(scim.get("/scim/v2/Me"), 501)


def test_a_strict_client_finds_creates_changes_and_deletes(tenant: Tenant, scim: httpx.Client) -> None:
    context = ssl.create_default_context(cafile=str(tenant.ca_file))
    headers = {"Authorization": f"Bearer {tenant.json['scim']['token']}"}
    with httpx2.Client(base_url=f"{tenant.base_url}/scim/v2", headers=headers, verify=context, trust_env=False) as http:
        client = SyncSCIMClient(http)
        client.discover()
        model: Any = client.get_resource_model("User")
        made = client.create(model(user_name=f"{uuid.uuid4().hex}@practice.example", title="Clerk"))
        made.title = "Boss"
        assert client.replace(made).title == "Boss"
        assert client.query(model, made.id).title == "Boss"
        client.delete(model, made.id)


def test_a_directory_user_of_scim_can_be_in_groups(scim: httpx.Client, graph: httpx.Client) -> None:
    made = create(scim)
    key = eventually(lambda: in_directory(graph, made["externalId"]))[0]["id"]
    groups = graph.get("/v1.0/groups", params={"$filter": "displayName eq 'Finance'"}).json()["value"]
    path = f"/v1.0/groups/{groups[0]['id']}/members"
    assert graph.post(f"{path}/$ref", json=reference(key)).status_code == 204
    assert graph.delete(f"{path}/{key}/$ref").status_code == 204
