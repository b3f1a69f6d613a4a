"""The client of app roles, consents and ownership against the practice tenant."""

from datetime import UTC, datetime, timedelta

import pytest

from connectors.errors import AlreadyAssigned, AlreadyMember, LastOwner, NoSuchAssignment, NotFound, Refused
from connectors.graph import GraphClient
from tests.connectors.company import employees
from tests.connectors.identities import eventually, hired
from tests.tenant import Tenant

CUSTOMER_DESK, EXPENSES = "Customer desk", "Expense claims"


@pytest.fixture(autouse=True)
def _at_once(tenant: Tenant) -> None:
    """Nothing here is about the lag of replicas."""
    tenant.control("POST", "settings", lag_ms=0)


async def _owner_of(graph: GraphClient, group: str) -> tuple[str, str]:
    """A seeded group and somebody who owns it."""
    (found,) = await graph.groups_by_name(group)
    async for user in employees(graph):
        if found.id in {owned.id for owned in await graph.applications.owned(user.id)}:
            return found.id, user.id
    raise AssertionError(f"nobody owns {group}")


async def _resource(graph: GraphClient, name: str) -> str:
    _, owner = await _owner_of(graph, "Sales")
    return next(
        one.id
        for one in await graph.applications.owned(owner)
        if (one.kind, one.display_name) == ("servicePrincipal", name)
    )


async def test_a_leaver_owns_groups_applications_and_principals(graph: GraphClient) -> None:
    _, owner = await _owner_of(graph, "Sales")
    owned = await graph.applications.owned(owner)
    assert {one.kind for one in owned} == {"group", "application", "servicePrincipal"}
    assert {CUSTOMER_DESK, EXPENSES, "Sales"} <= {one.display_name for one in owned}


async def test_an_app_role_is_given_once_and_taken_once(graph: GraphClient) -> None:
    user, resource = await hired(graph), await _resource(graph, EXPENSES)
    made = await graph.applications.assign_app_role(user.id, resource)
    with pytest.raises(AlreadyAssigned):
        await graph.applications.assign_app_role(user.id, resource)
    (held,) = await eventually(lambda: graph.applications.app_roles(user.id))
    assert (held.id, held.direct, held.resource_display_name) == (made.id, True, EXPENSES)
    await graph.applications.remove_app_role(user.id, made.id)
    with pytest.raises(NotFound):
        await graph.applications.remove_app_role(user.id, made.id)
    with pytest.raises(Refused, match="not found on application"):
        await graph.applications.assign_app_role(user.id, resource, "11111111-2222-4333-8444-555555555555")


async def test_an_app_role_of_a_group_cannot_be_taken_from_a_member(graph: GraphClient) -> None:
    user = await hired(graph)
    (sales,) = await graph.groups_by_name("Sales")
    assert await graph.add_to_groups(user.id, [sales.id]) == {sales.id: None}
    (held,) = await eventually(lambda: graph.applications.app_roles(user.id))
    assert (held.direct, held.resource_display_name) == (False, CUSTOMER_DESK)
    with pytest.raises(NoSuchAssignment):
        await graph.applications.remove_app_role(user.id, held.id)


async def test_a_consent_is_listed_and_taken_back(graph: GraphClient) -> None:
    held = [(user.id, await graph.applications.consents(user.id)) async for user in employees(graph)]
    person, (consent, *_) = next((person, consents) for person, consents in held if consents)
    assert (consent.principal_id, consent.consent_type) == (person, "Principal")
    await graph.applications.remove_consent(consent.id)
    with pytest.raises(NotFound):
        await graph.applications.remove_consent(consent.id)


async def test_owners_of_a_group_change_and_the_last_one_stays(graph: GraphClient) -> None:
    group, owner = await _owner_of(graph, "Company news")
    with pytest.raises(LastOwner):
        await graph.applications.remove_group_owner(group, owner)
    heir = await hired(graph)
    await graph.applications.add_group_owner(group, heir.id)
    with pytest.raises(AlreadyMember):
        await graph.applications.add_group_owner(group, heir.id)
    await graph.applications.remove_group_owner(group, owner)
    assert await eventually(lambda: _owns(graph, heir.id, group))
    await graph.applications.add_group_owner(group, owner)
    await graph.applications.remove_group_owner(group, heir.id)


async def _owns(graph: GraphClient, user_id: str, object_id: str) -> bool:
    return object_id in {one.id for one in await graph.applications.owned(user_id)}


async def test_owners_of_an_application_and_its_principal_change(graph: GraphClient) -> None:
    _, owner = await _owner_of(graph, "Sales")
    theirs = {one.kind: one.id for one in await graph.applications.owned(owner) if one.display_name == CUSTOMER_DESK}
    heir, apps = await hired(graph), graph.applications
    await apps.add_application_owner(theirs["application"], heir.id)
    await apps.add_principal_owner(theirs["servicePrincipal"], heir.id)
    for key in theirs.values():
        assert await eventually(lambda key=key: _owns(graph, heir.id, key))  # type: ignore[misc]
    await apps.remove_application_owner(theirs["application"], heir.id)
    await apps.remove_principal_owner(theirs["servicePrincipal"], heir.id)
    with pytest.raises(NotFound):
        await apps.remove_application_owner(theirs["application"], heir.id)


async def test_secrets_that_end_soon_are_told(graph: GraphClient) -> None:
    soon = datetime.now(UTC) + timedelta(days=60)
    ending = await graph.applications.credentials_ending(soon)
    assert CUSTOMER_DESK in {one.application_name for one in ending}
    assert EXPENSES not in {one.application_name for one in ending}
    assert all(one.end_date_time < soon for one in ending)
