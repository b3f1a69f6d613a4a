"""Roles that are held in every way, read and changed through the connector."""

from datetime import UTC, datetime, timedelta

import pytest

from connectors.errors import AlreadyAssigned, NotAssigned, NotFound, UnknownPrincipal
from connectors.graph import GraphClient
from tests.connectors.identities import eventually, hired
from tests.tenant import Tenant

GROUPS_ADMINISTRATOR = "fdd7a751-b60b-444a-984c-02652fe8fa1c"
HELPDESK_ADMINISTRATOR = "729827e3-9c14-49f7-bb1b-9608f156bbb8"
ABSENT = "00000000-0000-4000-8000-000000000000"


async def test_an_eligibility_is_given_read_and_ended(graph: GraphClient) -> None:
    user = await hired(graph)
    assert await graph.roles.make_eligible(user.id, GROUPS_ADMINISTRATOR, "Stands in") == "Provisioned"
    with pytest.raises(AlreadyAssigned):
        await graph.roles.make_eligible(user.id, GROUPS_ADMINISTRATOR, "Stands in")
    (held,) = await eventually(lambda: graph.roles.eligible(user.id))
    assert (held.role_name, held.directory_scope_id, held.ends_at) == ("Groups Administrator", "/", None)
    assert held.direct
    assert await graph.role_assignments(user.id) == []
    assert await graph.roles.end_eligibility(user.id, GROUPS_ADMINISTRATOR, "Back") == "Revoked"
    with pytest.raises(NotAssigned):
        await graph.roles.end_eligibility(user.id, GROUPS_ADMINISTRATOR, "Back")


async def test_a_role_is_given_for_a_time_and_ended(graph: GraphClient) -> None:
    user = await hired(graph)
    await graph.roles.assign_for(user.id, GROUPS_ADMINISTRATOR, timedelta(hours=2), "Migration")
    (held,) = await eventually(lambda: graph.roles.active(user.id))
    assert (held.role_name, held.activated, held.direct) == ("Groups Administrator", False, True)
    assert held.ends_at is not None
    assert timedelta(hours=1) < held.ends_at - datetime.now(UTC) <= timedelta(hours=2)
    (plain,) = await graph.role_assignments(user.id)
    assert (plain.id, plain.directory_scope_id) == (held.id, "/")
    assert await graph.roles.end_assignment(user.id, GROUPS_ADMINISTRATOR, "Done") == "Revoked"
    assert await eventually(lambda: _nothing(graph, user.id))
    with pytest.raises(NotAssigned):
        await graph.roles.end_assignment(user.id, GROUPS_ADMINISTRATOR, "Done")


async def _nothing(graph: GraphClient, principal_id: str) -> bool:
    return await graph.roles.active(principal_id) == []


async def test_deleting_the_assignment_itself_is_another_way_to_end_it(graph: GraphClient) -> None:
    user = await hired(graph)
    await graph.roles.make_eligible(user.id, GROUPS_ADMINISTRATOR, "Stands in")
    await graph.roles.assign_for(user.id, GROUPS_ADMINISTRATOR, timedelta(hours=2), "Migration")
    (held,) = await eventually(lambda: graph.role_assignments(user.id))
    await graph.remove_role_assignment(held.id)
    assert await eventually(lambda: _nothing(graph, user.id))
    assert len(await graph.roles.eligible(user.id)) == 1


async def test_a_groups_role_is_its_members(graph: GraphClient, tenant: Tenant) -> None:
    lead = await graph.user_by_upn("noor.lindahl@practice.example")
    assert lead is not None
    assert await graph.role_assignments(lead.id) == []
    (held,) = await graph.roles.active(lead.id)
    assert (held.role_definition_id, held.direct) == (HELPDESK_ADMINISTRATOR, False)
    roles = await graph.roles.transitive(lead.id)
    assert [role.template_id for role in roles] == [HELPDESK_ADMINISTRATOR]


async def test_an_activated_role_says_so(graph: GraphClient, tenant: Tenant) -> None:
    administrator = await graph.user_by_upn("sana.iqbal@practice.example")
    assert administrator is not None
    held = {role.role_definition_id: role for role in await graph.roles.active(administrator.id)}
    assert held[GROUPS_ADMINISTRATOR].activated
    scopes = {role.directory_scope_id for role in held.values()}
    assert any(scope.startswith("/administrativeUnits/") for scope in scopes)


async def test_strangers_have_no_roles_and_get_none(graph: GraphClient) -> None:
    assert await graph.roles.eligible(ABSENT) == []
    with pytest.raises(UnknownPrincipal):
        await graph.roles.make_eligible(ABSENT, GROUPS_ADMINISTRATOR, "Nobody")
    with pytest.raises(NotFound):
        await graph.roles.transitive(ABSENT)
