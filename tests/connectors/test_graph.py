"""The Graph client against the practice tenant: every call it has."""

import asyncio
from typing import Any

import pytest

from connectors.errors import (
    AlreadyAssigned,
    AlreadyMember,
    Forbidden,
    NameTaken,
    NoLicenceLeft,
    NoSuchLicence,
    NotFound,
    ReadOnlyObject,
    UsageLocationMissing,
)
from connectors.graph import GraphClient
from connectors.graph_batch import Part
from connectors.graph_models import User
from connectors.graph_reads import user_path
from connectors.graph_wire import refuse_object_deletion
from connectors.odata import literal
from tests.connectors.identities import eventually, hired, last_request, newcomer, tokens, writes
from tests.tenant import Tenant


async def test_a_user_is_created_read_changed_and_deleted(graph: GraphClient) -> None:
    user = await hired(graph, jobTitle="Clerk")
    assert (user.account_enabled, user.job_title, user.usage_location) == (True, "Clerk", "GB")
    await graph.update_user(user.id, {"jobTitle": "Analyst", "department": "Finance"})
    assert await eventually(lambda: changed(graph, user.id, {"jobTitle": "Analyst", "department": "Finance"}))
    await graph.delete_user(user.id)
    gone = await eventually(lambda: graph.deleted_user(user.id))
    assert gone.deleted_date_time is not None
    await graph.restore_user(user.id)
    assert await eventually(lambda: graph.user_by_upn(user.user_principal_name))


async def changed(graph: GraphClient, object_id: str, wanted: dict[str, Any]) -> bool:
    return not (await graph.user(object_id)).differences(wanted)


async def test_people_are_found_by_every_key(graph: GraphClient) -> None:
    user = await hired(graph)
    assert user.employee_id
    found = await eventually(lambda: graph.users_by_employee_id(str(user.employee_id)))
    assert [one.id for one in found] == [user.id]
    by_upn = await graph.user_by_upn(user.user_principal_name.upper())
    assert by_upn is not None
    assert by_upn.id == user.id
    assert await graph.user_by_upn("nobody@practice.example") is None
    searched = await eventually(lambda: graph.search_users(str(user.surname)))
    assert [one.id for one in searched] == [user.id]


async def test_a_long_employee_id_is_found_in_its_extension_attribute(graph: GraphClient) -> None:
    long_id = f"EMPLOYEE-{newcomer()['surname']}-0001"
    user = await hired(graph, employeeId=None, onPremisesExtensionAttributes={"extensionAttribute7": long_id})
    found = await eventually(lambda: graph.users_by_employee_id(long_id, "extensionAttribute7"))
    assert [one.id for one in found] == [user.id]
    with pytest.raises(ValueError, match="extensionAttribute1 to"):
        await graph.users_by_employee_id(long_id, "jobTitle")


async def test_pages_that_are_empty_are_turned(graph: GraphClient, tenant: Tenant) -> None:
    user = await hired(graph)
    await eventually(lambda: graph.users_by_employee_id(str(user.employee_id)))
    tenant.control("POST", "settings", empty_pages=True)
    assert [one.id for one in await graph.users_by_employee_id(str(user.employee_id))] == [user.id]


async def test_a_taken_name_is_its_own_error(graph: GraphClient) -> None:
    user = await hired(graph)
    with pytest.raises(NameTaken) as caught:
        await graph.create_user(newcomer(userPrincipalName=user.user_principal_name))
    assert caught.value.properties == {"userPrincipalName"}


async def test_the_manager_is_set_read_and_cleared(graph: GraphClient) -> None:
    user, manager = await hired(graph), await hired(graph)
    assert await graph.manager_id(user.id) is None
    await graph.set_manager(user.id, manager.id)
    assert await eventually(lambda: graph.manager_id(user.id)) == manager.id
    await graph.clear_manager(user.id)
    with pytest.raises(NotFound):
        await graph.clear_manager(user.id)


async def test_revoking_moves_the_tenants_own_stamp(graph: GraphClient) -> None:
    user = await hired(graph, userType="Member")
    before = user.sign_in_sessions_valid_from_date_time

    async def moved() -> bool:
        return (await graph.user(user.id)).sign_in_sessions_valid_from_date_time != before

    await eventually(lambda: second_later(graph, user))
    await graph.revoke_sessions(user.id)
    assert await eventually(moved)


async def second_later(graph: GraphClient, user: User) -> bool:
    """The stamps have whole seconds: a revocation within the second of the creation could not be seen."""
    await asyncio.sleep(1.05)
    return True


async def test_a_batch_answers_for_each_group(graph: GraphClient, tenant: Tenant) -> None:
    user = await hired(graph)
    groups = {group.display_name: group for name in NAMES for group in await graph.groups_by_name(name)}
    ids = {name: groups[name].id for name in NAMES}
    since = last_request(tenant)
    answers = await graph.add_to_groups(user.id, [*ids.values(), "00000000-0000-4000-8000-000000000000"])
    assert answers[ids["Finance"]] is None
    assert isinstance(answers[ids["Sales (dynamic)"]], Forbidden)
    assert isinstance(answers[ids["Announcements"]], ReadOnlyObject)
    assert isinstance(answers["00000000-0000-4000-8000-000000000000"], NotFound)
    again = await graph.add_to_groups(user.id, [ids["Finance"]])
    assert isinstance(again[ids["Finance"]], AlreadyMember)
    assert len(writes(tenant, since)) == 1

    async def held() -> bool:
        return ids["Finance"] in {group.id for group in await graph.groups_of(user.id)}

    assert await eventually(held)
    assert await graph.remove_from_groups(user.id, [ids["Finance"]]) == {ids["Finance"]: None}
    removed = await graph.remove_from_groups(user.id, [ids["Finance"]])
    assert isinstance(removed[ids["Finance"]], NotFound)
    assert await graph.user(user.id)


NAMES = ("Finance", "Sales (dynamic)", "Announcements")


async def test_group_kinds_are_told_apart(graph: GraphClient) -> None:
    kinds = {name: (await graph.groups_by_name(name))[0].kind for name in (*NAMES, "Licence AAD_PREMIUM_P2")}
    assert kinds == {
        "Finance": "static",
        "Sales (dynamic)": "dynamic",
        "Announcements": "mail_enabled",
        "Licence AAD_PREMIUM_P2": "static",
    }
    assert "Finance" in {group.display_name for group in await graph.search_groups("Fin")}


async def test_a_batch_of_more_than_twenty_is_sent_in_parts(graph: GraphClient, tenant: Tenant) -> None:
    user = await hired(graph)
    unknown = [f"00000000-0000-4000-8000-{number:012d}" for number in range(25)]
    since = last_request(tenant)
    answers = await graph.add_to_groups(user.id, unknown)
    assert len(answers) == 25
    assert all(isinstance(error, NotFound) for error in answers.values())
    batches = [row for row in tenant.requests(since) if row["path"].endswith("/$batch")]
    assert len(batches) == 2


async def test_licences_are_assigned_and_removed_directly(graph: GraphClient) -> None:
    user, skus = await hired(graph), {sku.sku_part_number: sku for sku in await graph.subscribed_skus()}
    sku = skus["ENTERPRISEPACK"]
    plan = sku.service_plans[0].service_plan_id
    await graph.assign_licence(user.id, sku.sku_id, [plan])

    async def held() -> bool:
        return (await graph.user(user.id)).direct_licences == {sku.sku_id: [plan]}

    assert await eventually(held)
    await graph.remove_licences(user.id, [sku.sku_id])
    with pytest.raises(NoSuchLicence):
        await graph.remove_licences(user.id, [sku.sku_id])


async def test_no_seat_and_no_location_are_told_apart(graph: GraphClient, tenant: Tenant) -> None:
    skus = {sku.sku_part_number: sku for sku in await graph.subscribed_skus()}
    sku = skus["ENTERPRISEPACK"]
    nowhere = await hired(graph, usageLocation=None)
    with pytest.raises(UsageLocationMissing):
        await graph.assign_licence(nowhere.id, sku.sku_id)
    tenant.control("POST", "settings", seats={"ENTERPRISEPACK": sku.consumed_units})
    with pytest.raises(NoLicenceLeft):
        await graph.assign_licence((await hired(graph)).id, sku.sku_id)


async def test_roles_are_assigned_listed_and_removed(graph: GraphClient) -> None:
    user = await hired(graph)
    helpdesk = next(r for r in await graph.role_definitions() if r.display_name == "Helpdesk Administrator")
    await graph.assign_role(user.id, helpdesk.id)
    with pytest.raises(AlreadyAssigned):
        await graph.assign_role(user.id, helpdesk.id)
    held = await eventually(lambda: graph.role_assignments(user.id))
    assert [(item.role_definition_id, item.role_name) for item in held] == [(helpdesk.id, "Helpdesk Administrator")]
    await graph.remove_role_assignment(held[0].id)
    with pytest.raises(NotFound):
        await graph.remove_role_assignment(held[0].id)


async def test_a_missing_permission_is_forbidden(graph: GraphClient, tenant: Tenant) -> None:
    limited = GraphClient(tenant.base_url, tokens(tenant, "limited"), ca_file=tenant.ca_file)
    user = await hired(graph)
    assert (await limited.user(user.id)).id == user.id
    with pytest.raises(Forbidden):
        await limited.update_user(user.id, {"jobTitle": "x"})
    await limited.aclose()


async def test_mail_is_handed_over(graph: GraphClient, tenant: Tenant) -> None:
    since = last_request(tenant)
    message = {
        "subject": "Hello",
        "body": {"contentType": "Text", "content": "Hello."},
        "toRecipients": [{"emailAddress": {"address": "iam-admins@practice.example"}}],
    }
    await graph.send_mail("iam-notices@practice.example", message)
    assert [row["status"] for row in writes(tenant, since)] == [202]


@pytest.mark.parametrize(
    "path",
    [
        "/groups/g/members/u",
        "/Groups/g/Members/u/",
        "/groups/g/owners/u?x=1",
        "/users/u/manager",
        "/users/u/sponsors/s",
    ],
)
async def test_a_relation_is_never_deleted_without_ref(graph: GraphClient, tenant: Tenant, path: str) -> None:
    since = last_request(tenant)
    with pytest.raises(ValueError, match=r"\$ref"):
        await graph._wire.request("DELETE", path)
    with pytest.raises(ValueError, match=r"\$ref"):
        await graph.batch.send([Part("other", "GET", "/users?$top=1"), Part("this", "DELETE", path)])
    assert tenant.requests(since) == []


@pytest.mark.parametrize(
    "path", ["/groups/g/members/u/$ref", "/users/u/manager/$ref", "/users/u", "/teams/t/members/m"]
)
def test_other_deletions_pass(path: str) -> None:
    refuse_object_deletion("DELETE", path)


def test_other_methods_pass() -> None:
    refuse_object_deletion("GET", "/users/u/manager")


def test_names_are_quoted_for_filters_and_addresses() -> None:
    assert literal("O'Neil") == "'O''Neil'"
    assert user_path("o'neil#x@practice.example") == "/users/o%27neil%23x%40practice.example"
    assert user_path("$x@practice.example") == "/users(%27%24x%40practice.example%27)"


@pytest.mark.parametrize(
    ("wanted", "missing"),
    [
        ({"jobTitle": "Clerk"}, {}),
        ({"jobTitle": None}, {"jobTitle": None}),
        ({"department": None}, {}),
        ({"department": ""}, {}),
        ({"employeeHireDate": "2026-03-01T00:00:00.0000000Z"}, {}),
        ({"employeeHireDate": "2026-03-01T01:00:00+01:00"}, {}),
        ({"employeeHireDate": "2026-03-02T00:00:00Z"}, {"employeeHireDate": "2026-03-02T00:00:00Z"}),
        ({"onPremisesExtensionAttributes": {"extensionAttribute1": "a"}}, {}),
        (
            {"onPremisesExtensionAttributes": {"extensionAttribute1": "a", "extensionAttribute2": "b"}},
            {"onPremisesExtensionAttributes": {"extensionAttribute2": "b"}},
        ),
        ({"accountEnabled": False}, {}),
        ({"accountEnabled": True}, {"accountEnabled": True}),
    ],
)
def test_differences_are_only_real_ones(wanted: dict[str, Any], missing: dict[str, Any]) -> None:
    user = User.read(
        {
            "id": "1",
            "userPrincipalName": "a@practice.example",
            "jobTitle": "Clerk",
            "department": None,
            "accountEnabled": False,
            "employeeHireDate": "2026-03-01T00:00:00Z",
            "onPremisesExtensionAttributes": {"extensionAttribute1": "a", "extensionAttribute2": None},
        }
    )
    assert user.differences(wanted) == missing
