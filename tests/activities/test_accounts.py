"""Steps on accounts, against the practice tenant."""

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from temporalio.exceptions import ApplicationError

from connectors.graph import GraphClient
from connectors.graph_models import User
from connectors.scim import ScimClient
from domain.runsheet import StepCall
from ledger import Ledger
from tests.activities.driver import Driver, assert_attributable, step_call
from tests.connectors.identities import eventually, fault, hired, last_request, tokens, writes
from tests.tenant import Tenant

DOMAIN = "practice.example"


def creation(employee_id: str | None = None, *names: str, **attributes: Any) -> StepCall:
    """A call that creates somebody under one of the names."""
    employee_id = employee_id or f"E{uuid4().hex[:10]}".upper()
    own = names or (f"n{uuid4().hex[:10]}",)
    properties = {
        "displayName": "New Person",
        "givenName": "New",
        "surname": "Person",
        "employeeId": employee_id,
        "usageLocation": "GB",
        "jobTitle": "Clerk",
        "department": None,
    }
    given = {"authority": "graph", "attributes": properties | attributes, "enabled": False}
    return step_call("create account", given, employee_id=employee_id, upns=[f"{name}@{DOMAIN}" for name in own])


def creates(tenant: Tenant, since: int) -> list[dict[str, Any]]:
    """The users that came to be."""
    return [row for row in writes(tenant, since) if row["path"] == "/v1.0/users"]


# --- reserve


async def test_names_are_reserved_in_order_and_for_one_person_only(driver: Driver) -> None:
    first = step_call("reserve name", {"names": ["ada.king", "ada.king2", "aking"], "domain": DOMAIN})
    other = step_call("reserve name", {"names": ["Ada.King", "ada.king3"], "domain": DOMAIN})
    upns = (await driver.attempt("accounts.reserve", first)).facts["upns"]
    assert upns == [f"ada.king@{DOMAIN}", f"ada.king2@{DOMAIN}", f"aking@{DOMAIN}"]
    assert (await driver.attempt("accounts.reserve", other)).facts["upns"] == [f"ada.king3@{DOMAIN}"]
    again = first.model_copy(update={"round": 1})
    assert (await driver.attempt("accounts.reserve", again)).facts["upns"] == upns


async def test_when_every_name_is_somebody_elses_an_administrator_is_asked(driver: Driver) -> None:
    await driver.attempt("accounts.reserve", step_call("reserve name", {"names": ["solo"], "domain": DOMAIN}))
    with pytest.raises(ApplicationError) as caught:
        await driver.attempt("accounts.reserve", step_call("reserve name", {"names": ["solo"], "domain": DOMAIN}))
    assert (caught.value.type, caught.value.non_retryable) == ("NamesTaken", True)


# --- create


async def test_an_account_is_made_whole_in_one_write(
    driver: Driver, graph: GraphClient, ledger: Ledger, tenant: Tenant
) -> None:
    call, since = creation(), last_request(tenant)
    outcome = await driver.complete("accounts.create", call)
    user = await eventually(lambda: graph.user_by_upn(call.facts["upns"][0]))
    assert outcome.facts == {"object_id": user.id, "upn": call.facts["upns"][0], "created": True}
    assert user.differences({**call.input["attributes"], "accountEnabled": False}) == {}
    assert user.mail_nickname == call.facts["upns"][0].partition("@")[0]
    assert len(writes(tenant, since, accepted=False)) == 1
    person = ledger.person(call.employee_id)
    assert person is not None
    assert (person.object_id, person.upn) == (user.id, user.user_principal_name)


async def test_the_password_is_nowhere_but_at_the_tenant(
    driver: Driver, ledger: Ledger, tenant: Tenant, capsys: pytest.CaptureFixture[str]
) -> None:
    call, since = creation(), last_request(tenant)
    outcome = await driver.complete("accounts.create", call)
    [row] = creates(tenant, since)
    password = row["body"]["passwordProfile"]["password"]
    record = ledger.record(call.key)
    assert record is not None
    said = capsys.readouterr()
    assert len(password) >= 24
    assert password not in f"{outcome} {record} {said.out} {said.err} {driver.marks}"


async def test_a_name_of_somebody_else_is_passed_over_once_its_holder_was_seen(
    driver: Driver, graph: GraphClient, tenant: Tenant
) -> None:
    holder = await hired(graph)
    taken, free = holder.user_principal_name.partition("@")[0], f"n{uuid4().hex[:10]}"
    call = creation(None, taken, free)
    outcome = await driver.complete("accounts.create", call)
    assert outcome.facts["upn"] == f"{free}@{DOMAIN}"
    assert driver.failures == []


async def test_a_holder_that_cannot_be_read_yet_is_waited_for(
    driver: Driver, graph: GraphClient, tenant: Tenant
) -> None:
    """It may be our own account, made by an attempt whose answer was lost: the next name would be a second one."""
    tenant.control("POST", "settings", lag_ms=1200)
    call, since = creation(None, f"n{uuid4().hex[:10]}", f"n{uuid4().hex[:10]}"), last_request(tenant)
    fault(tenant, "/v1.0/users$", method="POST", drop=True, when="after", count=1)
    outcome = await driver.complete("accounts.create", call)
    assert outcome.facts["upn"] == call.facts["upns"][0]
    assert len(creates(tenant, since)) <= 1
    assert "NotYetSeen" in {error.type for error in driver.failures}
    found = await eventually(lambda: graph.users_by_employee_id(call.employee_id))
    assert len(found) == 1


@pytest.mark.parametrize("trouble", [{"status": 503, "when": "after"}, {"truncate": True}, {"status": 500}])
async def test_whatever_becomes_of_the_answer_there_is_one_account(
    driver: Driver, graph: GraphClient, ledger: Ledger, tenant: Tenant, trouble: dict[str, Any]
) -> None:
    call, since = creation(), last_request(tenant)
    fault(tenant, "/v1.0/users$", method="POST", count=1, **trouble)
    await driver.complete("accounts.create", call)
    found = await eventually(lambda: graph.users_by_employee_id(call.employee_id))
    assert len(found) == 1
    assert_attributable(tenant, ledger, call, since)


async def test_an_id_too_long_for_entra_is_recognised_in_its_extension_attribute(
    driver: Driver, graph: GraphClient, tenant: Tenant
) -> None:
    long_id = f"EMPLOYEE-{uuid4().hex.upper()}"
    call = creation(long_id, employeeId=None, onPremisesExtensionAttributes={"extensionAttribute15": long_id})
    await driver.complete("accounts.create", call)
    await eventually(lambda: graph.user_by_upn(call.facts["upns"][0]))
    since = last_request(tenant)
    again = await driver.attempt("accounts.create", call.model_copy(update={"round": 1}))
    assert again.grade == "observed"
    assert writes(tenant, since) == []


async def test_without_a_free_name_an_administrator_is_asked(driver: Driver, graph: GraphClient) -> None:
    holder = await hired(graph)
    call = creation(None, holder.user_principal_name.partition("@")[0])
    with pytest.raises(ApplicationError) as caught:
        await driver.complete("accounts.create", call)
    assert caught.value.type == "NamesTaken"
    free = f"n{uuid4().hex[:10]}@{DOMAIN}"
    retried = call.model_copy(update={"round": 1, "input": call.input | {"upns": [free]}})
    assert (await driver.complete("accounts.create", retried)).facts["upn"] == free


# --- by SCIM


async def test_a_scim_target_makes_the_person_and_the_directory_follows(
    graph: GraphClient, scim: ScimClient, ledger: Ledger, tenant: Tenant
) -> None:
    driver, call = Driver(graph, ledger, scim), creation()
    call.input["authority"] = "scim"
    since = last_request(tenant)
    outcome = await driver.complete("accounts.create", call)
    user = await graph.user(outcome.facts["object_id"])
    assert user.employee_id == call.employee_id
    assert {error.type for error in driver.failures} == {"NotYetSeen"}
    assert user.account_enabled is False
    assert [(row["method"], row["path"]) for row in writes(tenant, since)] == [("POST", "/scim/v2/Users")]
    assert_attributable(tenant, ledger, call, since)


async def test_a_scim_target_is_not_asked_twice_for_one_person(
    graph: GraphClient, scim: ScimClient, ledger: Ledger, tenant: Tenant
) -> None:
    driver, call = Driver(graph, ledger, scim), creation()
    call.input["authority"] = "scim"
    since = last_request(tenant)
    fault(tenant, "/scim/v2/Users$", method="POST", status=503, when="after", count=1)
    await driver.complete("accounts.create", call)
    posted = [row for row in writes(tenant, since, accepted=False) if row["path"] == "/scim/v2/Users"]
    assert len(posted) == 1


async def test_a_scim_authority_without_a_target_parks(driver: Driver) -> None:
    call = creation()
    call.input["authority"] = "scim"
    with pytest.raises(ApplicationError) as caught:
        await driver.attempt("accounts.create", call)
    assert (caught.value.type, caught.value.non_retryable) == ("NoScimTarget", True)


# --- enable, disable, sessions, password


async def test_an_account_is_closed_and_opened(driver: Driver, graph: GraphClient) -> None:
    user = await hired(graph)
    await driver.complete("accounts.disable", step_call("disable", {}, object_id=user.id))
    assert await eventually(lambda: shows(graph, user, lambda now: now.account_enabled is False))
    await driver.complete("accounts.enable", step_call("enable", {}, object_id=user.id))
    assert await eventually(lambda: shows(graph, user, lambda now: now.account_enabled is True))


async def shows(graph: GraphClient, user: User, holds: Callable[[User], bool]) -> bool:
    return holds(await graph.user(user.id))


@pytest.mark.parametrize(
    ("name", "path", "stamp_of"),
    [
        ("accounts.revoke_sessions", "revokeSignInSessions", lambda user: user.sign_in_sessions_valid_from_date_time),
        ("accounts.reset_password", "/users/[^/]+$", lambda user: user.last_password_change_date_time),
    ],
)
async def test_what_moves_a_stamp_is_done_once(
    driver: Driver, graph: GraphClient, tenant: Tenant, name: str, path: str, stamp_of: Callable[[User], Any]
) -> None:
    user = await hired(graph)
    stamp = stamp_of(user)
    await asyncio.sleep(1.1)
    call = step_call(name, {"stamp": stamp.isoformat() if stamp else None}, object_id=user.id)
    since = last_request(tenant)
    fault(tenant, path, status=503, when="after", count=1, method="PATCH" if "password" in name else "POST")
    outcome = await driver.complete(name, call)
    assert outcome.grade == "observed"
    assert outcome.evidence["after"] != call.input["stamp"]
    assert len(writes(tenant, since, accepted=False)) == 1


async def test_a_privileged_account_is_refused_by_an_application_without_the_role(
    ledger: Ledger, tenant: Tenant
) -> None:
    helpdesk = GraphClient(tenant.base_url, tokens(tenant, "helpdesk"), ca_file=tenant.ca_file)
    protected = tenant.json["protected"][0]["object_id"]
    with pytest.raises(ApplicationError) as caught:
        await Driver(helpdesk, ledger).attempt("accounts.disable", step_call("disable", {}, object_id=protected))
    assert (caught.value.type, caught.value.non_retryable) == ("Forbidden", True)
    await helpdesk.aclose()


# --- update, manager


async def test_a_later_attempt_writes_only_what_differs(driver: Driver, graph: GraphClient, tenant: Tenant) -> None:
    user = await hired(graph, jobTitle="Clerk", department="Sales")
    wanted = {"jobTitle": "Clerk", "department": "Finance", "companyName": None}
    call = step_call("attributes", {"attributes": wanted}, object_id=user.id).model_copy(update={"round": 1})
    since = last_request(tenant)
    await driver.attempt("accounts.update", call)
    [row] = writes(tenant, since)
    assert row["body"] == {"department": "Finance"}


async def test_what_nobody_has_seen_yet_is_looked_at_before_the_first_write(
    driver: Driver, graph: GraphClient, tenant: Tenant
) -> None:
    user = await hired(graph, jobTitle="Clerk")
    wanted = {"attributes": {"jobTitle": "Clerk", "officeLocation": "Leeds"}, "look_first": True}
    since = last_request(tenant)
    await driver.attempt("accounts.update", step_call("attributes", wanted, object_id=user.id))
    assert [row["body"] for row in writes(tenant, since)] == [{"officeLocation": "Leeds"}]


async def test_the_manager_is_set_replaced_and_cleared(driver: Driver, graph: GraphClient) -> None:
    user, one, two = await hired(graph), await hired(graph), await hired(graph)
    for manager in (one.id, two.id, None):
        call = step_call("manager", {"manager_object_id": manager}, object_id=user.id)
        await driver.complete("accounts.set_manager", call)
        assert await eventually(lambda manager=manager: manages(graph, user, manager))  # type: ignore[misc]
    again = step_call("manager", {"manager_object_id": None}, object_id=user.id)
    assert (await driver.complete("accounts.set_manager", again)).evidence == {"manager_object_id": None}


async def manages(graph: GraphClient, user: User, manager: str | None) -> bool:
    return await graph.manager_id(user.id) == manager


# --- delete, restore


async def test_an_account_is_deleted_and_brought_back(driver: Driver, graph: GraphClient, tenant: Tenant) -> None:
    user = await hired(graph)
    deleted = step_call("delete", {}, object_id=user.id)
    await driver.complete("accounts.delete", deleted)
    assert await eventually(lambda: graph.deleted_user(user.id))
    since = last_request(tenant)
    again = await driver.attempt("accounts.delete", deleted.model_copy(update={"round": 1}))
    assert again.grade == "observed"
    assert writes(tenant, since, accepted=False) == []
    outcome = await driver.complete("accounts.restore", step_call("restore", {}, object_id=user.id))
    assert outcome.facts == {"object_id": user.id, "upn": user.user_principal_name}
    assert await eventually(lambda: graph.user_by_upn(user.user_principal_name))


async def test_restoring_twice_is_restoring_once(driver: Driver, graph: GraphClient, tenant: Tenant) -> None:
    user = await hired(graph)
    await graph.delete_user(user.id)
    await eventually(lambda: graph.deleted_user(user.id))
    since = last_request(tenant)
    fault(tenant, "/restore$", method="POST", status=503, when="after", count=1)
    outcome = await driver.complete("accounts.restore", step_call("restore", {}, object_id=user.id))
    assert outcome.grade == "observed"
    assert len(writes(tenant, since, accepted=False)) == 1


async def test_an_account_made_a_moment_ago_is_not_taken_for_gone(
    driver: Driver, graph: GraphClient, tenant: Tenant
) -> None:
    tenant.control("POST", "settings", lag_ms=500)
    created = await driver.complete("accounts.create", creation())
    await driver.complete("accounts.delete", step_call("undo", {}, object_id=created.facts["object_id"]))
    assert await eventually(lambda: graph.deleted_user(created.facts["object_id"]))


async def test_undoing_a_creation_that_was_never_answered_finds_what_it_made(
    driver: Driver, graph: GraphClient, tenant: Tenant
) -> None:
    call = creation()
    fault(tenant, "/v1.0/users$", method="POST", drop=True, when="after", count=1)
    with pytest.raises(ApplicationError):
        await driver.attempt("accounts.create", call)
    await eventually(lambda: graph.user_by_upn(call.facts["upns"][0]))
    undo = call.model_copy(update={"step": "undo create account", "round": 1, "input": {}})
    assert (await driver.complete("accounts.delete", undo)).evidence == {"deleted": True}


@pytest.mark.parametrize("employee_id", [None, f"EMPLOYEE-{uuid4().hex.upper()}"])
async def test_an_unanswered_creation_that_is_not_seen_yet_is_waited_for_and_undone(
    driver: Driver, graph: GraphClient, tenant: Tenant, employee_id: str | None
) -> None:
    tenant.control("POST", "settings", lag_ms=500)
    own = {"employeeId": None, "onPremisesExtensionAttributes": {"extensionAttribute15": employee_id}}
    call, since = creation(employee_id, **(own if employee_id else {})), last_request(tenant)
    fault(tenant, "/v1.0/users$", method="POST", status=503, when="after", count=1)
    with pytest.raises(ApplicationError):
        await driver.attempt("accounts.create", call)
    undo = call.model_copy(update={"step": "undo create account", "round": 1, "input": {}})
    assert (await driver.complete("accounts.delete", undo)).evidence == {"deleted": True}
    assert {error.type for error in driver.failures} == {"NotYetSeen"}
    assert [row["method"] for row in writes(tenant, since)] == ["DELETE"]


async def test_undoing_a_creation_that_never_happened_is_done_once_none_can_be_late(driver: Driver) -> None:
    call = creation().model_copy(update={"step": "undo create account", "round": 1, "input": {}})
    assert (await driver.complete("accounts.delete", call)).evidence["deleted"] is False
    [error] = driver.failures
    assert (error.type, error.non_retryable) == ("NotYetSeen", False)


async def test_somebody_elses_account_under_a_reserved_name_is_not_deleted(
    driver: Driver, graph: GraphClient, tenant: Tenant
) -> None:
    holder, since = await hired(graph), last_request(tenant)
    call = creation(None, holder.user_principal_name.partition("@")[0])
    undo = call.model_copy(update={"step": "undo create account", "round": 1, "input": {}})
    assert (await driver.complete("accounts.delete", undo)).evidence["deleted"] is False
    assert writes(tenant, since, accepted=False) == []


async def test_an_account_that_was_purged_counts_as_deleted(driver: Driver, graph: GraphClient) -> None:
    call = step_call("delete", {}, object_id="00000000-0000-4000-8000-00000000dead")
    outcome = await driver.complete("accounts.delete", call)
    assert outcome.evidence["why"] == "the tenant knows no such account"
    assert {error.type for error in driver.failures} == {"NotFound"}
