"""Drives: when they come and go, files and folders in them, and who may see them."""

import base64
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import httpx
import pytest

from tests.sandbox.graph_hands import AT_ONCE, eventually, hire, reference, refused
from tests.sandbox.mailbox_hands import address, licence, licensed
from tests.tenant import Tenant

DAY_S = 86_400
SHAREPOINT_PLANS = ("5dbe027f-2339-4123-9542-606e4d348a72", "e95bec33-7c88-4a70-8e19-b10bd9d0c014")


@pytest.fixture(autouse=True)
def _at_once(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", **AT_ONCE)


def drive_of(graph: httpx.Client, key: str) -> str:
    answer = eventually(lambda: graph.get(f"/v1.0/users/{key}/drive"), lambda found: found.status_code == 200)
    return f"/v1.0/drives/{answer.json()['id']}"


def invite(graph: httpx.Client, item: str, email: str, *roles: str, **rest: Any) -> httpx.Response:
    body = {"recipients": [{"email": email}], "requireSignIn": True, "sendInvitation": False, "roles": list(roles)}
    return graph.post(item + "/invite", json={**body, **rest})


def who(graph: httpx.Client, item: str) -> dict[str, list[str]]:
    value = graph.get(item + "/permissions").json()["value"]
    return {one["grantedToV2"]["user"]["email"]: one["roles"] for one in value}


def jump(tenant: Tenant, graph: httpx.Client, days: int) -> None:
    tenant.control("POST", "settings", clock_offset_s=days * DAY_S)
    graph.headers["Authorization"] = f"Bearer {tenant.token()}"


# -- coming and going --------------------------------------------------------------------------------------------------


def test_a_drive_comes_a_while_after_the_licence(tenant: Tenant, graph: httpx.Client) -> None:
    key, without = hire(graph), hire(graph)
    tenant.control("POST", "settings", provisioning_delay_ms=400)
    licence(graph, key)
    licence(graph, without, without=SHAREPOINT_PLANS)
    refused(graph.get(f"/v1.0/users/{key}/drive"), 404, "ResourceNotFound", "User's mysite not found.")
    found = eventually(lambda: graph.get(f"/v1.0/users('{key}')/drive").json().get("driveType"))
    assert found == "business"
    refused(graph.get(f"/v1.0/users/{without}/drive"), 404, "ResourceNotFound")


def test_a_deleted_users_drive_opens_to_their_manager_and_is_kept_a_month(tenant: Tenant, graph: httpx.Client) -> None:
    key, manager = licensed(graph), licensed(graph)
    graph.put(f"/v1.0/users/{key}/manager/$ref", json=reference(manager))
    drive = drive_of(graph, key)
    graph.delete(f"/v1.0/users/{key}")
    assert graph.get(drive).status_code == 200
    assert who(graph, drive + "/root")[address(graph, manager)] == ["owner"]
    jump(tenant, graph, 29)
    assert graph.get(drive).status_code == 200
    jump(tenant, graph, 31)
    refused(graph.get(drive), 404, "itemNotFound")


def test_an_unlicensed_drive_is_read_only_and_then_archived(tenant: Tenant, graph: httpx.Client) -> None:
    key = licensed(graph)
    drive = drive_of(graph, key)
    licence(graph, key, remove=True)
    assert graph.put(drive + "/root:/still.txt:/content", content=b"x").status_code == 201
    jump(tenant, graph, 61)
    assert graph.get(drive + "/root").status_code == 200
    refused(graph.put(drive + "/root:/late.txt:/content", content=b"x"), 403, "accessDenied")
    jump(tenant, graph, 94)
    refused(graph.get(drive + "/root"), 423, "resourceLocked")


# -- files and folders -------------------------------------------------------------------------------------------------


def test_files_are_uploaded_read_renamed_and_deleted(tenant: Tenant, graph: httpx.Client) -> None:
    drive = drive_of(graph, licensed(graph))
    made = graph.put(drive + "/root:/work/plans/a (1).txt:/content", content=b"first")
    assert (made.status_code, made.json()["size"]) == (201, 5)
    assert made.json()["file"]["mimeType"] == "text/plain"
    assert made.json()["parentReference"]["path"].endswith("root:/work/plans")
    assert graph.put(f"{drive}/items/{made.json()['id']}/content", content=b"second").status_code == 200
    redirect = graph.get(drive + "/root:/work/plans/a (1).txt:/content")
    assert redirect.status_code == 302
    with tenant.client() as anybody:
        assert anybody.get(redirect.headers["location"]).content == b"second"
        assert anybody.get(redirect.headers["location"] + "x").status_code == 401
    assert graph.patch(f"{drive}/items/{made.json()['id']}", json={"name": "b.txt"}).json()["name"] == "b.txt"
    names = [item["name"] for item in graph.get(drive + "/root:/work/plans:/children").json()["value"]]
    assert names == ["b.txt"]
    assert graph.delete(drive + "/root:/work").status_code == 204
    refused(graph.get(f"{drive}/items/{made.json()['id']}"), 404, "itemNotFound")


def test_folders_are_made_and_names_are_taken_once(graph: httpx.Client) -> None:
    drive = drive_of(graph, licensed(graph))
    body = {"name": "Handover", "folder": {}}
    made = graph.post(drive + "/root/children", json=body)
    assert (made.status_code, made.json()["folder"]) == (201, {"childCount": 0})
    refused(graph.post(drive + "/root/children", json=body), 409, "nameAlreadyExists")
    again = graph.post(drive + "/root/children", json={**body, "@microsoft.graph.conflictBehavior": "rename"})
    assert again.json()["name"] == "Handover 1"
    refused(graph.post(drive + "/root/children", json={"name": "a/b", "folder": {}}), 400, "invalidRequest")


def test_a_folder_moves_into_no_file_and_not_into_itself(graph: httpx.Client) -> None:
    drive = drive_of(graph, licensed(graph))
    graph.put(drive + "/root:/outer/inner/a.txt:/content", content=b"1")
    ids = {
        path: graph.get(f"{drive}/root:/{path}").json()["id"] for path in ("outer", "outer/inner", "outer/inner/a.txt")
    }
    for target in ids.values():
        answer = graph.patch(f"{drive}/items/{ids['outer']}", json={"parentReference": {"id": target}})
        refused(answer, 400, "invalidRequest", "cannot be moved")
    assert (
        graph.patch(f"{drive}/items/{ids['outer/inner']}", json={"parentReference": {"id": "root"}}).status_code == 200
    )


def test_a_version_that_is_not_the_present_one_is_refused(graph: httpx.Client) -> None:
    drive = drive_of(graph, licensed(graph))
    made = graph.put(drive + "/root:/a.txt:/content", content=b"1").json()
    item = f"{drive}/items/{made['id']}"
    assert graph.patch(item, json={"name": "b.txt"}, headers={"If-Match": made["eTag"]}).status_code == 200
    refused(graph.delete(item, headers={"If-Match": made["eTag"]}), 412, "resourceModified")
    assert graph.delete(item, headers={"If-Match": "*"}).status_code == 204


def test_delta_tells_what_has_changed_and_starts_over_after_a_month(tenant: Tenant, graph: httpx.Client) -> None:
    drive = drive_of(graph, licensed(graph))
    made = graph.put(drive + "/root:/a.txt:/content", content=b"1").json()
    first = graph.get(drive + "/root/delta()").json()
    assert {item["name"] for item in first["value"]} == {"root", "a.txt"}
    link = first["@odata.deltaLink"]
    assert graph.get(link).json()["value"] == []
    graph.delete(f"{drive}/items/{made['id']}")
    changed = {item["id"]: item.get("deleted") for item in graph.get(link).json()["value"]}
    assert changed[made["id"]] == {"state": "deleted"}
    assert graph.get(drive + "/root/delta?token=latest").json()["value"] == []
    jump(tenant, graph, 31)
    answer = graph.get(link)
    refused(answer, 410, "resyncRequired")
    assert graph.get(answer.headers["location"]).status_code == 200
    foreign = base64.urlsafe_b64encode(b"1;2026-01-01").decode().rstrip("=")
    refused(graph.get(f"{drive}/root/delta?token={foreign}"), 410, "resyncRequired")


# -- permissions -------------------------------------------------------------------------------------------------------


def test_a_drive_is_shared_until_a_day_and_revoked(tenant: Tenant, graph: httpx.Client) -> None:
    drive, colleague = drive_of(graph, licensed(graph)), address(graph, licensed(graph))
    soon = (datetime.now(UTC) + timedelta(days=10)).strftime("%Y-%m-%dT%H:%M:%SZ")
    answer = invite(graph, drive + "/root", colleague, "write", expirationDateTime=soon)
    permission = answer.json()["value"][0]
    assert (answer.status_code, permission["roles"], permission["expirationDateTime"]) == (200, ["write"], soon)
    assert permission["invitation"]["signInRequired"] is True
    one = f"{drive}/root/permissions/{permission['id']}"
    assert graph.get(one).json()["grantedToV2"]["user"]["email"] == colleague
    assert graph.patch(one, json={"roles": ["read"]}).json()["roles"] == ["read"]
    assert who(graph, drive + "/root")[colleague] == ["read"]
    assert graph.delete(one).status_code == 204
    refused(graph.delete(one), 404, "itemNotFound")
    east = datetime.fromisoformat(soon).astimezone(timezone(timedelta(hours=9))).isoformat()
    again = invite(graph, drive + "/root", colleague, "read", expirationDateTime=east).json()["value"][0]
    assert again["expirationDateTime"] == soon
    jump(tenant, graph, 11)
    assert colleague not in who(graph, drive + "/root")


def test_what_a_folder_inherits_is_changed_above(graph: httpx.Client) -> None:
    drive, colleague = drive_of(graph, licensed(graph)), address(graph, licensed(graph))
    folder = graph.post(drive + "/root/children", json={"name": "F", "folder": {}}).json()["id"]
    permission = invite(graph, drive + "/items/root", colleague, "read").json()["value"][0]
    inherited = graph.get(f"{drive}/items/{folder}/permissions").json()["value"]
    assert {one["id"]: "inheritedFrom" in one for one in inherited} == {permission["id"]: True, "owner": True}
    refused(graph.delete(f"{drive}/items/{folder}/permissions/{permission['id']}"), 403, "accessDenied")
    refused(graph.delete(f"{drive}/root/permissions/owner"), 403, "accessDenied")


def test_an_application_invites_no_strangers(graph: httpx.Client) -> None:
    drive, colleague = drive_of(graph, licensed(graph)), address(graph, licensed(graph))
    refused(invite(graph, drive + "/root", "guest@elsewhere.example", "read"), 400, "noResolvedUsers")
    refused(invite(graph, drive + "/root", colleague, "admire"), 400, "invalidRequest", "roles")
    past = {"expirationDateTime": "2020-01-01T00:00:00Z"}
    refused(invite(graph, drive + "/root", colleague, "read", **past), 400, "invalidRequest", "future")
