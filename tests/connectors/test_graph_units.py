"""Administrative units through the connector."""

import json

import pytest

from connectors.errors import AlreadyMember, Forbidden, NotFound
from connectors.graph import GraphClient
from connectors.graph_units import Unit
from tests.connectors.identities import eventually, hired, last_request, writes
from tests.tenant import Tenant

ABSENT = "00000000-0000-4000-8000-000000000000"


async def _unit(graph: GraphClient, name: str) -> Unit:
    return next(unit for unit in await graph.units.all() if unit.display_name == name)


async def test_somebody_is_put_in_and_taken_out_once(graph: GraphClient) -> None:
    unit, user = await _unit(graph, "Headquarters"), await hired(graph)
    assert (unit.restricted, unit.dynamic) == (False, False)
    assert await graph.units.of_user(user.id) == []
    await graph.units.add(unit.id, user.id)
    with pytest.raises(AlreadyMember):
        await graph.units.add(unit.id, user.id)
    assert await eventually(lambda: graph.units.of_user(user.id)) == [unit]
    await graph.units.remove(unit.id, user.id)
    with pytest.raises(NotFound):
        await graph.units.remove(unit.id, user.id)


async def test_who_is_put_in_is_named_by_an_address_of_the_same_cloud(graph: GraphClient, tenant: Tenant) -> None:
    unit, user = await _unit(graph, "Headquarters"), await hired(graph)
    since = last_request(tenant)
    await graph.units.add(unit.id, user.id)
    (row,) = writes(tenant, since)
    assert f"{tenant.base_url}/v1.0/directoryObjects/{user.id}" in json.dumps(row["body"])


async def test_members_of_a_restricted_unit_are_not_ours_to_change(graph: GraphClient) -> None:
    member = await graph.user_by_upn("olivia.hartmann@practice.example")
    assert member is not None
    (unit,) = await graph.units.of_user(member.id)
    assert unit.restricted
    with pytest.raises(Forbidden):
        await graph.update_user(member.id, {"jobTitle": "X"})


async def test_what_is_not_there_is_not_found(graph: GraphClient) -> None:
    unit = await _unit(graph, "Headquarters")
    with pytest.raises(NotFound):
        await graph.units.add(unit.id, ABSENT)
    with pytest.raises(NotFound):
        await graph.units.of_user(ABSENT)
