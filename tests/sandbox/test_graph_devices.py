"""Devices of the directory and under Intune."""

import uuid
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import Application
from tests.sandbox.graph_hands import ABSENT, AT_ONCE, calling_as, eventually, form_group, hire, reference, refused
from tests.tenant import Tenant

INTUNE = "/v1.0/deviceManagement/managedDevices"


@pytest.fixture(autouse=True)
def _at_once(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", **AT_ONCE)


def _body(**values: Any) -> dict[str, Any]:
    return {
        "accountEnabled": True,
        "alternativeSecurityIds": [{"type": 2, "key": "base64Y3YxN2E1MWFlYw=="}],
        "deviceId": str(uuid.uuid4()),
        "displayName": "Test device",
        "operatingSystem": "linux",
        "operatingSystemVersion": "1",
        **values,
    }


def _register(graph: httpx.Client, **values: Any) -> dict[str, Any]:
    answer = graph.post("/v1.0/devices", json=_body(**values))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def _ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [item["id"] for item in answer.json()["value"]]


def test_a_device_is_registered_read_changed_and_deleted(graph: httpx.Client) -> None:
    answer = graph.post("/v1.0/devices", json=_body())
    made = answer.json()
    assert answer.headers["location"].endswith(f"/directoryObjects/{made['id']}/Microsoft.DirectoryServices.Device")
    by_device_id = f"/v1.0/devices(deviceId='{made['deviceId']}')"
    assert graph.get(by_device_id).json()["id"] == made["id"]
    change = {"accountEnabled": False, "extensionAttributes": {"extensionAttribute1": "BYOD"}}
    assert graph.patch(by_device_id, json=change).status_code == 204
    read = graph.get(f"/v1.0/devices/{made['id']}").json()
    assert (read["accountEnabled"], read["extensionAttributes"]["extensionAttribute1"]) == (False, "BYOD")
    assert read["extensionAttributes"]["extensionAttribute2"] is None
    assert graph.delete(f"/v1.0/devices/{made['id']}").status_code == 204
    refused(graph.get(f"/v1.0/devices/{made['id']}"), 404, "Request_ResourceNotFound", made["id"])


def test_devices_are_found_by_filters(graph: httpx.Client) -> None:
    made = _register(graph, displayName=f"D-{uuid.uuid4().hex[:8]}")
    for condition in (
        f"deviceId eq '{made['deviceId']}'",
        f"displayName eq '{made['displayName']}'",
        f"startswith(displayName,'{made['displayName'][:9]}') and accountEnabled eq true",
    ):
        assert _ids(graph.get("/v1.0/devices", params={"$filter": condition})) == [made["id"]]
    page = graph.get("/v1.0/devices", params={"$top": "2", "$select": "id"}).json()
    assert len(page["value"]) == 2
    assert "@odata.nextLink" in page


def test_what_a_device_must_and_may_not_have(graph: httpx.Client) -> None:
    refused(graph.post("/v1.0/devices", json=_body(operatingSystem=None)), 400, "Request_BadRequest", "is required")
    made = _register(graph)
    error = refused(graph.post("/v1.0/devices", json=_body(deviceId=made["deviceId"])), 400, "Request_BadRequest")
    assert error["details"][0]["code"] == "ObjectConflict"
    path = f"/v1.0/devices/{made['id']}"
    refused(graph.patch(path, json={"model": "X"}), 400, "Request_BadRequest", "read-only")
    refused(graph.patch(path, json={"isCompliant": True}), 403, "Authorization_RequestDenied")
    refused(graph.patch(path, json={"accountEnabled": "no"}), 400, "Request_BadRequest", "accountEnabled")


def test_a_device_has_one_owner_and_many_users(graph: httpx.Client) -> None:
    device, first, second = _register(graph)["id"], hire(graph), hire(graph)
    owners, users = f"/v1.0/devices/{device}/registeredOwners", f"/v1.0/devices/{device}/registeredUsers"
    assert graph.post(f"{owners}/$ref", json=reference(first)).status_code == 204
    refused(graph.post(f"{owners}/$ref", json=reference(first)), 400, "Request_BadRequest", "already exist")
    refused(graph.post(f"{owners}/$ref", json=reference(second)), 400, "Request_BadRequest", "one registered owner")
    for person in (first, second):
        assert graph.post(f"{users}/$ref", json=reference(person)).status_code == 204
    assert _ids(graph.get(owners)) == [first]
    assert _ids(graph.get(f"{users}/microsoft.graph.user")) == [first, second]
    assert _ids(graph.get(f"/v1.0/users/{first}/ownedDevices")) == [device]
    assert _ids(graph.get(f"/v1.0/users/{second}/registeredDevices/graph.device")) == [device]
    assert _ids(graph.get(f"/v1.0/users/{second}/ownedDevices")) == []
    assert graph.delete(f"{owners}/{first}/$ref").status_code == 204
    refused(graph.delete(f"{owners}/{first}/$ref"), 404, "Request_ResourceNotFound")
    refused(graph.post(f"{owners}/$ref", json=reference(ABSENT)), 404, "Request_ResourceNotFound", ABSENT)


def test_the_owner_who_is_deleted_is_not_shown_until_restored(graph: httpx.Client) -> None:
    device, person = _register(graph)["id"], hire(graph)
    owners = f"/v1.0/devices/{device}/registeredOwners"
    graph.post(f"{owners}/$ref", json=reference(person))
    graph.delete(f"/v1.0/users/{person}")
    assert _ids(graph.get(owners)) == []
    graph.post(f"/v1.0/directory/deletedItems/{person}/restore")
    assert _ids(graph.get(owners)) == [person]
    graph.delete(f"/v1.0/users/{person}")
    graph.delete(f"/v1.0/directory/deletedItems/{person}")
    assert graph.post(f"{owners}/$ref", json=reference(hire(graph))).status_code == 204


def test_devices_are_found_by_their_ids_among_all_objects(graph: httpx.Client) -> None:
    device, person = _register(graph)["id"], hire(graph)
    body = {"ids": [device, person, ABSENT]}
    found = graph.post("/v1.0/directoryObjects/getByIds", json=body).json()["value"]
    assert {(item["@odata.type"], item["id"]) for item in found} == {
        ("#microsoft.graph.device", device),
        ("#microsoft.graph.user", person),
    }
    body = {"ids": [device, person], "types": ["device", "nonsense"]}
    assert _ids(graph.post("/v1.0/directoryObjects/getByIds", json=body)) == [device]


def test_a_device_is_a_member_of_groups(graph: httpx.Client) -> None:
    device, group = _register(graph)["id"], form_group(graph)
    assert graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(device)).status_code == 204
    assert _ids(graph.get(f"/v1.0/devices/{device}/memberOf")) == [group]
    assert graph.get(f"/v1.0/groups/{group}/members").json()["value"][0]["@odata.type"] == "#microsoft.graph.device"
    assert graph.delete(f"/v1.0/devices/{device}").status_code == 204
    refused(graph.delete(f"/v1.0/groups/{group}/members/{device}/$ref"), 404, "Request_ResourceNotFound")


def test_writing_devices_takes_its_permission(tenant: Tenant, application: Application, graph: httpx.Client) -> None:
    device = _register(graph)["id"]
    with calling_as(tenant, application, "helpdesk") as helpdesk:
        refused(helpdesk.get("/v1.0/devices"), 403, "Authorization_RequestDenied")
        refused(
            helpdesk.patch(f"/v1.0/devices/{device}", json={"accountEnabled": False}),
            403,
            "Authorization_RequestDenied",
        )
        refused(helpdesk.get(INTUNE), 403, "Authorization_RequestDenied")


# -- Intune ------------------------------------------------------------------------------------------------------------


def _managed(graph: httpx.Client, nth: int, owner: str = "company") -> dict[str, Any]:
    condition = f"managedDeviceOwnerType eq '{owner}'"
    found = graph.get(INTUNE, params={"$filter": condition}).json()["value"]
    return dict(found[nth])


def test_managed_devices_are_found_by_their_user(graph: httpx.Client) -> None:
    device = _managed(graph, 0)
    for condition in (f"userId eq '{device['userId']}'", f"userPrincipalName eq '{device['userPrincipalName']}'"):
        assert device["id"] in _ids(graph.get(INTUNE, params={"$filter": condition}))
    assert device["id"] in _ids(graph.get(f"/v1.0/users/{device['userId']}/managedDevices"))
    in_directory = graph.get(f"/v1.0/devices(deviceId='{device['azureADDeviceId']}')").json()
    assert in_directory["displayName"] == device["deviceName"]
    assert in_directory["isManaged"] is True


def test_a_wiped_device_leaves_intune_and_stays_in_the_directory(tenant: Tenant, graph: httpx.Client) -> None:
    device = _managed(graph, -1)
    path = f"{INTUNE}/{device['id']}"
    tenant.control("POST", "settings", provisioning_delay_ms=400)
    body = {"keepEnrollmentData": False, "keepUserData": False}
    assert graph.post(f"{path}/wipe", json=body).status_code == 204
    pending = graph.get(path).json()
    assert pending["managementState"] == "wipePending"
    assert [one["actionName"] for one in pending["deviceActionResults"]] == ["factoryReset"]
    eventually(lambda: graph.get(path).status_code == 404)
    error = refused(graph.get(path), 404, "ResourceNotFound")
    assert '"_version": 3' in error["message"]
    in_directory = graph.get(f"/v1.0/devices(deviceId='{device['azureADDeviceId']}')").json()
    assert in_directory["isManaged"] is False


def test_a_phone_is_retired(graph: httpx.Client) -> None:
    path = f"{INTUNE}/{_managed(graph, -1, 'personal')['id']}"
    assert graph.post(f"{path}/retire").status_code == 204
    eventually(lambda: graph.get(path).status_code == 404)
    refused(graph.post(f"{path}/retire"), 404, "ResourceNotFound")


def test_a_device_that_is_told_to_sync_has_done_so(graph: httpx.Client) -> None:
    device = _managed(graph, 1)
    path = f"{INTUNE}/{device['id']}"
    assert graph.post(f"{path}/syncDevice").status_code == 204
    assert graph.get(path).json()["lastSyncDateTime"] > device["lastSyncDateTime"]
    assert graph.delete(path).status_code == 204
    refused(graph.delete(path), 404, "ResourceNotFound")
