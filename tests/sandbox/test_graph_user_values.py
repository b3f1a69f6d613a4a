"""What a user's properties may be: addresses, passwords, profile, moments, and who may write them."""

import uuid
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import Application
from tests.sandbox.graph_hands import (
    AT_ONCE,
    calling_as,
    form_group,
    group_named,
    hire,
    reference,
    refused,
    somebody,
    user,
)
from tests.tenant import Tenant


@pytest.fixture(autouse=True)
def _at_once(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", **AT_ONCE)


@pytest.mark.parametrize("address", ["mail", "proxyAddresses"])
def test_an_address_that_a_group_has_is_taken(graph: httpx.Client, address: str) -> None:
    team = group_named(graph, "Town hall")
    body = (
        somebody(userPrincipalName="town-hall@practice.example")
        if address == "mail"
        else somebody(mail="town-hall@practice.example")
    )
    error = refused(graph.post("/v1.0/users", json=body), 400, "Request_BadRequest", "property proxyAddresses already")
    assert [(d["code"], d["target"]) for d in error["details"]] == [
        ("ObjectConflict", "proxyAddresses"),
        ("ConflictingObjects", f"Group_{team}"),
    ]


def test_a_new_address_keeps_the_old_one_as_an_alias(graph: httpx.Client) -> None:
    key, name = hire(graph), f"n{uuid.uuid4().hex[:10]}"
    for number in (1, 2):
        assert graph.patch(f"/v1.0/users/{key}", json={"mail": f"{name}{number}@practice.example"}).status_code == 204
    held = user(graph, key, "proxyAddresses")["proxyAddresses"]
    assert held == [f"SMTP:{name}2@practice.example", f"smtp:{name}1@practice.example"]
    taken = graph.patch(f"/v1.0/users/{hire(graph)}", json={"mail": f"{name}1@practice.example"})
    refused(taken, 400, "Request_BadRequest", "property proxyAddresses already exists")


def test_an_anchor_is_had_once(graph: httpx.Client) -> None:
    anchor = uuid.uuid4().hex
    hire(graph, onPremisesImmutableId=anchor)
    error = refused(graph.post("/v1.0/users", json=somebody(onPremisesImmutableId=anchor)), 400, "Request_BadRequest")
    assert error["details"][0]["target"] == "onPremisesImmutableId"


def test_weak_passwords_are_allowed_by_policy_only(graph: httpx.Client) -> None:
    weak = {"passwordProfile": {"password": "lowercaseonly"}}
    refused(graph.post("/v1.0/users", json=somebody(**weak)), 400, "Request_BadRequest", "password complexity")
    hire(graph, **weak, passwordPolicies="DisableStrongPassword")
    none = somebody(passwordProfile={"forceChangePasswordNextSignIn": True})
    refused(graph.post("/v1.0/users", json=none), 400, "Request_BadRequest", "A password must be specified")


def test_what_sharepoint_keeps_is_written_apart(graph: httpx.Client) -> None:
    key = hire(graph)
    mixed = {"aboutMe": "Climber", "jobTitle": "Guide"}
    refused(graph.patch(f"/v1.0/users/{key}", json=mixed), 400, "Request_BadRequest", "aboutMe")
    assert graph.patch(f"/v1.0/users/{key}", json={"aboutMe": "Climber", "skills": ["ropes"]}).status_code == 204
    assert user(graph, key, "aboutMe", "skills")["skills"] == ["ropes"]
    refused(graph.get("/v1.0/users?$select=skills"), 501, "NotImplemented")


def test_moments_have_a_zone(graph: httpx.Client) -> None:
    answer = graph.patch(f"/v1.0/users/{hire(graph)}", json={"employeeHireDate": "2026-01-01"})
    refused(answer, 400, "BadRequest", "Edm.DateTimeOffset")


def test_the_last_day_takes_two_permissions(tenant: Tenant, application: Application, graph: httpx.Client) -> None:
    key, leave = hire(graph), {"employeeLeaveDateTime": "2027-01-31T17:00:00Z"}
    with calling_as(tenant, application, "helpdesk") as helpdesk:
        refused(helpdesk.patch(f"/v1.0/users/{key}", json=leave), 403, "Authorization_RequestDenied")
    assert graph.patch(f"/v1.0/users/{key}", json=leave).status_code == 204
    assert user(graph, key, "employeeLeaveDateTime")["employeeLeaveDateTime"] == leave["employeeLeaveDateTime"]
    assert graph.patch(f"/v1.0/users/{key}", json={"employeeLeaveDateTime": None}).status_code == 204


@pytest.mark.parametrize(
    "values",
    [
        {"accountEnabled": False},
        {"userPrincipalName": "renamed.admin@practice.example"},
        {"mobilePhone": "+44 20"},
        {"businessPhones": ["+44 20"]},
        {"otherMails": ["x@elsewhere.example"]},
    ],
)
def test_sensitive_changes_of_the_privileged_take_a_higher_role(
    tenant: Tenant, application: Application, graph: httpx.Client, values: Any
) -> None:
    key, group = hire(graph), form_group(graph, isAssignableToRole=True)
    graph.post(f"/v1.0/groups/{group}/owners/$ref", json=reference(key))
    with calling_as(tenant, application, "helpdesk") as helpdesk:
        refused(helpdesk.patch(f"/v1.0/users/{key}", json=values), 403, "Authorization_RequestDenied")
        refused(helpdesk.delete(f"/v1.0/users/{key}"), 403, "Authorization_RequestDenied")
        assert helpdesk.patch(f"/v1.0/users/{key}", json={"jobTitle": "Lead"}).status_code == 204
    graph.delete(f"/v1.0/users/{key}")
    with calling_as(tenant, application, "helpdesk") as helpdesk:
        answer = helpdesk.post(f"/v1.0/directory/deletedItems/{key}/restore")
        refused(answer, 403, "Authorization_RequestDenied")
