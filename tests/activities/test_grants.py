"""Steps on groups, licences and directory roles, against the practice tenant."""

from typing import Any

import pytest
from temporalio.exceptions import ApplicationError

from activities.snapshot import Directory
from connectors.graph import GraphClient
from connectors.graph_models import User
from domain.runsheet import StepCall
from ledger import Ledger
from tests.activities.driver import Driver, assert_attributable, step_call
from tests.connectors.identities import eventually, fault, hired, last_request, newcomer, writes
from tests.tenant import Tenant

# --- groups


async def group_ids(graph: GraphClient, *names: str) -> list[str]:
    """The ids of groups by name."""
    return [(await graph.groups_by_name(name))[0].id for name in names]


async def groups_call(graph: GraphClient, user: User, *names: str) -> StepCall:
    """A call about groups by name."""
    given = {"group_ids": await group_ids(graph, *names), "names": list(names)}
    return step_call("groups", given, object_id=user.id)


async def member_of(graph: GraphClient, user: User, *ids: str) -> bool:
    return set(ids) <= {group.id for group in await graph.groups_of(user.id)}


async def test_many_groups_take_one_request(driver: Driver, graph: GraphClient, ledger: Ledger, tenant: Tenant) -> None:
    user = await hired(graph)
    call, since = await groups_call(graph, user, "Finance", "Sales", "IT"), last_request(tenant)
    outcome = await driver.complete("groups.add", call)
    assert outcome.evidence == {"done": call.input["group_ids"], "already": []}
    rows = tenant.requests(since)
    assert len([row for row in rows if row["path"].endswith("$batch")]) == 1
    assert len(writes(tenant, since)) == 3
    assert_attributable(tenant, ledger, call, since)
    assert await eventually(lambda: member_of(graph, user, *call.input["group_ids"]))


async def test_being_a_member_already_is_success(driver: Driver, graph: GraphClient) -> None:
    user = await hired(graph)
    call = await groups_call(graph, user, "Finance")
    await driver.complete("groups.add", call)
    another = await groups_call(graph, user, "Finance", "Sales")
    finance, sales = another.input["group_ids"]
    outcome = await driver.complete("groups.add", another)
    assert outcome.evidence == {"done": [sales], "already": [finance]}


async def test_a_refused_group_parks_with_the_rest_as_the_retrys_input(driver: Driver, graph: GraphClient) -> None:
    user = await hired(graph)
    call = await groups_call(graph, user, "Finance", "Sales (dynamic)", "Announcements", "Sales")
    with pytest.raises(ApplicationError) as caught:
        await driver.complete("groups.add", call)
    error, ids = caught.value, call.input["group_ids"]
    details = error.details[0]
    assert error.non_retryable
    assert error.type in ("Forbidden", "ReadOnlyObject")
    assert sorted(details["done"]) == sorted([ids[0], ids[3]])
    assert {item["name"]: item["cause"] for item in details["refused"]} == {
        "Sales (dynamic)": "Forbidden",
        "Announcements": "ReadOnlyObject",
    }
    assert details["retry_input"] == {"group_ids": [ids[1], ids[2]], "names": ["Sales (dynamic)", "Announcements"]}
    assert "2 of 4 groups are done" in error.message


async def test_a_throttled_part_is_sent_again_and_the_others_are_not(
    driver: Driver, graph: GraphClient, tenant: Tenant
) -> None:
    user = await hired(graph)
    call, since = await groups_call(graph, user, "Finance", "Sales", "IT"), last_request(tenant)
    fault(tenant, f"/groups/{call.input['group_ids'][1]}/members", status=429, retry_after=1, count=1)
    await driver.complete("groups.add", call)
    assert [error.type for error in driver.failures] == ["Throttled"]
    added = [row["path"] for row in writes(tenant, since)]
    assert len(added) == len(set(added)) == 3


async def test_a_part_whose_answer_is_lost_is_looked_for(driver: Driver, graph: GraphClient, tenant: Tenant) -> None:
    user = await hired(graph)
    call, since = await groups_call(graph, user, "Finance", "Sales"), last_request(tenant)
    fault(tenant, f"/groups/{call.input['group_ids'][1]}/members", status=503, when="after", count=1)
    outcome = await driver.complete("groups.add", call)
    assert outcome.grade == "observed"
    assert len(writes(tenant, since, accepted=False)) == 2


async def test_half_a_batch_without_an_answer_is_completed(driver: Driver, graph: GraphClient, tenant: Tenant) -> None:
    user = await hired(graph)
    call = await groups_call(graph, user, "Finance", "Sales", "IT")
    fault(tenant, r"/\$batch$", drop=True, when="after", count=1)
    since = last_request(tenant)
    await driver.complete("groups.add", call)
    accepted = [row["path"] for row in writes(tenant, since)]
    assert len(accepted) == len(set(accepted)) == 3
    assert await eventually(lambda: member_of(graph, user, *call.input["group_ids"]))


async def test_a_member_the_groups_do_not_know_yet_is_waited_for(
    driver: Driver, graph: GraphClient, tenant: Tenant
) -> None:
    tenant.control("POST", "settings", lag_ms=900)
    user = await graph.create_user(newcomer())
    call = await groups_call(graph, user, "Finance")
    await driver.complete("groups.add", call)
    assert await eventually(lambda: member_of(graph, user, *call.input["group_ids"]))


async def test_a_group_that_does_not_exist_is_refused_after_a_while(driver: Driver, graph: GraphClient) -> None:
    user, gone = await hired(graph), "00000000-0000-4000-8000-000000000000"
    call = step_call("groups", {"group_ids": [gone], "names": ["Gone"]}, object_id=user.id)
    with pytest.raises(ApplicationError) as caught:
        await driver.complete("groups.add", call)
    assert (caught.value.type, caught.value.non_retryable) == ("NotFound", True)
    assert len(driver.failures) > 1


async def test_memberships_are_taken_away_and_having_none_is_success(
    driver: Driver, graph: GraphClient, tenant: Tenant
) -> None:
    user = await hired(graph)
    await driver.complete("groups.add", await groups_call(graph, user, "Finance"))
    call = await groups_call(graph, user, "Finance", "Sales")
    finance, sales = call.input["group_ids"]
    outcome = await driver.complete("groups.remove", call)
    assert outcome.evidence == {"done": [finance], "already": [sales]}
    assert (await graph.user(user.id)).id == user.id
    since = last_request(tenant)
    await eventually(lambda: not_member_of(graph, user, finance))
    again = await driver.attempt("groups.remove", call.model_copy(update={"round": 1}))
    assert again.grade == "observed"
    assert writes(tenant, since, accepted=False) == []


async def not_member_of(graph: GraphClient, user: User, group: str) -> bool:
    return not await member_of(graph, user, group)


# --- licences


async def licence_call(graph: GraphClient, user: User, part: str = "ENTERPRISEPACK", **more: Any) -> StepCall:
    """A call about a licence by its part number."""
    sku = next(sku for sku in await graph.subscribed_skus() if sku.sku_part_number == part)
    return step_call(f"licence {part}", {"sku_id": sku.sku_id, "sku": part, **more}, object_id=user.id)


async def has_licence(graph: GraphClient, user: User, sku_id: str, wanted: bool = True) -> bool:
    return (sku_id in (await graph.user(user.id)).direct_licences) is wanted


async def test_a_licence_is_assigned_once_even_if_the_answer_is_lost(
    driver: Driver, graph: GraphClient, ledger: Ledger, tenant: Tenant
) -> None:
    user = await hired(graph)
    call, since = await licence_call(graph, user), last_request(tenant)
    fault(tenant, "/assignLicense$", status=503, when="after", count=1)
    outcome = await driver.complete("licences.assign", call)
    assert outcome.grade == "observed"
    assert len(writes(tenant, since, accepted=False)) == 1
    assert_attributable(tenant, ledger, call, since)


async def test_other_disabled_plans_are_another_licence(driver: Driver, graph: GraphClient, tenant: Tenant) -> None:
    user = await hired(graph)
    await driver.complete("licences.assign", await licence_call(graph, user))
    sku = next(sku for sku in await graph.subscribed_skus() if sku.sku_part_number == "ENTERPRISEPACK")
    await eventually(lambda: has_licence(graph, user, sku.sku_id))
    plan = sku.service_plans[0].service_plan_id
    call = await licence_call(graph, user, disabled_plans=[plan])
    since = last_request(tenant)
    await driver.attempt("licences.assign", call.model_copy(update={"round": 1}))
    assert len(writes(tenant, since)) == 1


async def test_no_seat_parks_and_says_what_to_do(driver: Driver, graph: GraphClient, tenant: Tenant) -> None:
    user = await hired(graph)
    call = await licence_call(graph, user)
    sku = next(sku for sku in await graph.subscribed_skus() if sku.sku_id == call.input["sku_id"])
    tenant.control("POST", "settings", seats={"ENTERPRISEPACK": sku.consumed_units})
    with pytest.raises(ApplicationError) as caught:
        await driver.complete("licences.assign", call)
    assert (caught.value.type, caught.value.non_retryable) == ("NoLicenceLeft", True)
    assert "seat" in caught.value.message
    tenant.control("POST", "settings", seats={"ENTERPRISEPACK": sku.consumed_units + 1})
    await driver.complete("licences.assign", call.model_copy(update={"round": 1}))
    assert await eventually(lambda: has_licence(graph, user, sku.sku_id))


async def test_a_person_without_a_usage_location_parks(driver: Driver, graph: GraphClient) -> None:
    user = await hired(graph, usageLocation=None)
    with pytest.raises(ApplicationError) as caught:
        await driver.complete("licences.assign", await licence_call(graph, user))
    assert (caught.value.type, caught.value.non_retryable) == ("UsageLocationMissing", True)


async def test_a_licence_is_removed_and_not_having_it_is_success(driver: Driver, graph: GraphClient) -> None:
    user = await hired(graph)
    call = await licence_call(graph, user)
    await driver.complete("licences.assign", call)
    await driver.complete("licences.remove", call.model_copy(update={"step": "remove licence"}))
    assert await eventually(lambda: has_licence(graph, user, call.input["sku_id"], wanted=False))
    twice = await driver.complete("licences.remove", call.model_copy(update={"step": "remove licence again"}))
    assert twice.grade == "observed"


async def test_a_licence_of_a_group_is_none_to_remove_directly(
    driver: Driver, graph: GraphClient, tenant: Tenant
) -> None:
    user = await hired(graph)
    await driver.complete("groups.add", await groups_call(graph, user, "Licence AAD_PREMIUM_P2"))
    await eventually(lambda: inherits(graph, user))
    call = await licence_call(graph, user, "AAD_PREMIUM_P2")
    outcome = await driver.complete("licences.remove", call)
    assert outcome.grade == "observed"
    assert await inherits(graph, user)


async def inherits(graph: GraphClient, user: User) -> bool:
    return any(not state.direct for state in (await graph.user(user.id)).license_assignment_states)


# --- roles


async def role_call(graph: GraphClient, user: User, role: str = "Helpdesk Administrator") -> StepCall:
    """A call about a directory role by name."""
    found = next(item for item in await graph.role_definitions() if item.display_name == role)
    return step_call(f"role {role}", {"role_id": found.id, "role": role}, object_id=user.id)


async def test_a_role_is_assigned_once_and_a_duplicate_is_success(
    driver: Driver, graph: GraphClient, ledger: Ledger, tenant: Tenant
) -> None:
    user = await hired(graph)
    call, since = await role_call(graph, user), last_request(tenant)
    fault(tenant, "/roleAssignments$", method="POST", status=503, when="after", count=1)
    assert (await driver.complete("roles.assign", call)).grade == "observed"
    again = call.model_copy(update={"step": "the same again"})
    assert (await driver.complete("roles.assign", again)).grade == "observed"
    assert len(writes(tenant, since)) == 0
    assert_attributable(tenant, ledger, call, since)
    assert len(await graph.role_assignments(user.id)) == 1


async def test_a_role_is_removed_and_not_holding_it_is_success(
    driver: Driver, graph: GraphClient, tenant: Tenant
) -> None:
    user = await hired(graph)
    call = await role_call(graph, user)
    await driver.complete("roles.assign", call)
    await eventually(lambda: graph.role_assignments(user.id))
    removal = call.model_copy(update={"step": "remove role"})
    fault(tenant, "/roleAssignments/", method="DELETE", status=503, when="after", count=1)
    since = last_request(tenant)
    outcome = await driver.complete("roles.remove", removal)
    assert outcome.grade == "observed"
    assert len(writes(tenant, since, accepted=False)) == 1
    assert await graph.role_assignments(user.id) == []


async def test_a_role_is_taken_and_given_back_in_its_scope_alone(
    driver: Driver, graph: GraphClient, tenant: Tenant
) -> None:
    user, other = await hired(graph), await hired(graph)
    whole = await role_call(graph, user)
    scoped = whole.model_copy(update={"step": "scoped", "input": whole.input | {"scope": f"/{other.id}"}})
    for call in (whole, scoped):
        await driver.complete("roles.assign", call)
    assert await eventually(lambda: holds_in(graph, user, "/", f"/{other.id}"))
    directory = Directory(graph, "extensionAttribute15")
    found = await directory.grants(await directory.account(user.id), groups=False, licences=False)
    assert {(item.name, item.scope) for item in found} == {
        (whole.input["role"], scope) for scope in ("/", f"/{other.id}")
    }
    await driver.complete("roles.remove", scoped.model_copy(update={"step": "remove scoped"}))
    assert await eventually(lambda: holds_in(graph, user, "/"))
    since = last_request(tenant)
    undo = scoped.model_copy(update={"step": "undo remove scoped", "round": 1})
    outcome = await driver.complete("roles.assign", undo)
    assert (outcome.grade, outcome.evidence["scope"]) == ("acknowledged", f"/{other.id}")
    assert [row["body"]["directoryScopeId"] for row in writes(tenant, since)] == [f"/{other.id}"]


async def test_a_role_without_a_scope_is_that_of_the_whole_directory(
    driver: Driver, graph: GraphClient, tenant: Tenant
) -> None:
    user, other = await hired(graph), await hired(graph)
    whole = await role_call(graph, user)
    await graph.assign_role(user.id, whole.input["role_id"], f"/{other.id}")
    assert await eventually(lambda: holds_in(graph, user, f"/{other.id}"))
    since = last_request(tenant)
    await driver.complete("roles.remove", whole.model_copy(update={"step": "remove role"}))
    assert writes(tenant, since, accepted=False) == []
    await driver.complete("roles.assign", whole.model_copy(update={"round": 1}))
    assert await eventually(lambda: holds_in(graph, user, "/", f"/{other.id}"))


async def holds_in(graph: GraphClient, user: User, *scopes: str) -> bool:
    return {item.directory_scope_id for item in await graph.role_assignments(user.id)} == set(scopes)
