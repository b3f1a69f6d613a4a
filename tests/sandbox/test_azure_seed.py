"""The seeded company in Azure, and that everything done there survives a restart."""

from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.sandbox.azure_hands import OWNER, VAULT, assign, azure, ended, make_group, subscription
from tests.tenant import Tenant, running_tenant


def test_everything_that_sandbox_json_names_is_there(tenant: Tenant) -> None:
    names = tenant.json["azure"]
    assert set(names) == {
        "subscription_id", "resource_group", "virtual_machine", "storage_account", "virtual_network", "key_vault",
    }  # fmt: skip
    with azure(tenant) as arm:
        for kind in ("virtual_machine", "storage_account", "virtual_network", "key_vault"):
            found = arm.get(names[kind]).json()
            assert found["id"] == names[kind]
            assert found["properties"]["provisioningState"] == "Succeeded"
        group = arm.get(f"{subscription(tenant)}/resourceGroups/{names['resource_group']}")
        assert group.status_code == 200
        assert len(arm.get("/subscriptions").json()["value"]) >= 2


def test_the_machine_belongs_to_an_employee(tenant: Tenant, graph: httpx.Client) -> None:
    with azure(tenant) as arm:
        owner = arm.get(tenant.json["azure"]["virtual_machine"]).json()["tags"]["owner"]
    person = graph.get(f"/v1.0/users/{owner}", params={"$select": "employeeId,department"}).json()
    assert person["department"] == "Engineering"
    assert person["employeeId"]


def test_people_hold_roles_at_every_kind_of_scope(tenant: Tenant, graph: httpx.Client) -> None:
    found: list[dict[str, Any]] = []
    with azure(tenant, version="2022-04-01") as arm:
        for one in arm.get("/subscriptions").json()["value"]:
            found += arm.get(f"{one['id']}/providers/Microsoft.Authorization/roleAssignments").json()["value"]
        scopes = {one["properties"]["scope"] for one in found}
        assert "/" in scopes
        assert any("managementGroups" in scope for scope in scopes)
        assert {scope.count("/") for scope in scopes} >= {2, 4, 8}
        kinds = {one["properties"]["principalType"] for one in found}
        assert kinds == {"User", "Group", "ServicePrincipal"}
        groups = arm.get("/subscriptions").json()["value"]
        workspaces = [
            group
            for one in groups
            for group in arm.get(f"{one['id']}/resourcegroups?$filter=tagName eq 'owner'").json()["value"]
            if group["tags"].get("purpose") == "workspace"
        ]
    owner = graph.get(f"/v1.0/users/{workspaces[0]['tags']['owner']}?$select=id").json()["id"]
    held = {
        (one["properties"]["scope"], one["properties"]["roleDefinitionId"].rpartition("/")[2])
        for one in found
        if one["properties"]["principalId"] == owner
    }
    assert (workspaces[0]["id"], OWNER) in held


@pytest.mark.timeout(90)
def test_what_was_done_survives_a_restart_and_ends_with_a_reset(tmp_path: Path) -> None:
    with running_tenant(tmp_path) as tenant:
        machine = tenant.json["azure"]["virtual_machine"]
        with azure(tenant) as arm:
            group = make_group(arm, tenant)
            given = assign(arm, group, tenant.json["limited"]["object_id"]).json()["id"]
            ended(arm, arm.post(f"{machine}/deallocate"))
            tenant.control("POST", "settings", arm_operation_ms=4000)
            started = arm.post(f"{machine}/start")
            keys = arm.post(f"{tenant.json['azure']['storage_account']}/listKeys").json()
        with azure(tenant, scope=VAULT, version="7.4") as secrets:
            secrets.put("/secrets/kept", json={"value": "unmistakable-value"})
        tenant.stop()
        tenant.start()
        with azure(tenant) as arm:
            assert arm.get(group).status_code == 200
            assert arm.get(given).status_code == 200
            assert arm.get(started.headers["azure-asyncoperation"]).status_code == 200
            assert arm.post(f"{tenant.json['azure']['storage_account']}/listKeys").json() == keys
            assert ended(arm, started)["status"] == "Succeeded"
            assert arm.get(f"{machine}/instanceView").json()["statuses"][1]["code"] == "PowerState/running"
            with azure(tenant, scope=VAULT, version="7.4") as secrets:
                assert secrets.get("/secrets/kept").json()["value"] == "unmistakable-value"
                tenant.control("POST", "reset")
                assert secrets.get("/secrets/kept").status_code == 404
            assert arm.get(group).status_code == 404
            assert arm.post(f"{tenant.json['azure']['storage_account']}/listKeys").json() == keys
