"""Privileged people: User.ReadWrite.All alone does not reach them."""

from typing import Any

import httpx
import pytest

from tests.fidelity.checklist.hands import calling
from tests.sandbox.graph_hands import HELPDESK_ADMINISTRATOR, form_group, hire, reference, refused
from tests.tenant import Tenant

ASSIGNMENTS = "/v1.0/roleManagement/directory/roleAssignments"


def with_a_role(graph: httpx.Client) -> str:
    """Somebody who holds a directory role."""
    key = hire(graph)
    body = {"principalId": key, "roleDefinitionId": HELPDESK_ADMINISTRATOR, "directoryScopeId": "/"}
    assert graph.post(ASSIGNMENTS, json=body).status_code == 201
    return key


def in_a_group(graph: httpx.Client, relation: str) -> str:
    """Somebody in a group that can hold roles."""
    key, group = hire(graph), form_group(graph, isAssignableToRole=True)
    assert graph.post(f"/v1.0/groups/{group}/{relation}/$ref", json=reference(key)).status_code == 204
    return key


@pytest.mark.parametrize("how", ["role", "members", "owners"])
def test_the_privileged_are_not_disabled_reset_renamed_or_deleted_by_a_common_application(
    tenant: Tenant, graph: httpx.Client, how: str
) -> None:
    key = with_a_role(graph) if how == "role" else in_a_group(graph, how)
    changes: list[dict[str, Any]] = [
        {"accountEnabled": False},
        {"passwordProfile": {"password": "An0ther-one!"}},
        {"userPrincipalName": f"{key}@practice.example"},
        {"mobilePhone": "+44 20 7946 0000"},
        {"businessPhones": ["+44 20 7946 0000"]},
        {"otherMails": ["x@elsewhere.example"]},
    ]
    with calling(tenant, "helpdesk") as helpdesk:
        for change in changes:
            answer = helpdesk.patch(f"/v1.0/users/{key}", json=change)
            refused(answer, 403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
        refused(helpdesk.delete(f"/v1.0/users/{key}"), 403, "Authorization_RequestDenied")
        assert helpdesk.patch(f"/v1.0/users/{key}", json={"jobTitle": "Harmless"}).status_code == 204
        assert graph.delete(f"/v1.0/users/{key}").status_code == 204
        restore = helpdesk.post(f"/v1.0/directory/deletedItems/{key}/restore")
        refused(restore, 403, "Authorization_RequestDenied")


def test_a_caller_with_the_higher_role_may(tenant: Tenant, graph: httpx.Client) -> None:
    key = with_a_role(graph)
    for change in ({"accountEnabled": False}, {"passwordProfile": {"password": "An0ther-one!"}}):
        assert graph.patch(f"/v1.0/users/{key}", json=change).status_code == 204
    assert graph.delete(f"/v1.0/users/{key}").status_code == 204


def test_whoever_has_lost_the_role_is_common_again(tenant: Tenant, graph: httpx.Client) -> None:
    key = with_a_role(graph)
    held = graph.get(ASSIGNMENTS, params={"$filter": f"principalId eq '{key}'"}).json()["value"]
    assert graph.delete(f"{ASSIGNMENTS}/{held[0]['id']}").status_code == 204
    with calling(tenant, "helpdesk") as helpdesk:
        assert helpdesk.patch(f"/v1.0/users/{key}", json={"accountEnabled": False}).status_code == 204
