"""Groups through the connector: members at any depth, and licences that groups give."""

from uuid import uuid4

import pytest

from connectors.errors import NotFound
from connectors.graph import GraphClient
from tests.connectors.identities import eventually, hired

ABSENT = "00000000-0000-4000-8000-000000000000"
SPE_E3 = "05e9a617-0261-4cee-bb44-138d3ef5d965"


async def made(graph: GraphClient) -> str:
    """A new security group without members."""
    name = f"g{uuid4().hex[:12]}"
    body = {"displayName": name, "mailNickname": name, "mailEnabled": False, "securityEnabled": True}
    created = str((await graph._wire.request("POST", "/groups", body=body)).json()["id"])

    async def there() -> bool:
        try:
            return (await graph.groups.group(created)).kind == "static"
        except NotFound:
            return False

    assert await eventually(there)
    return created


async def test_groups_are_seen_through_other_groups(graph: GraphClient) -> None:
    user, inner, outer = await hired(graph), await made(graph), await made(graph)
    assert await graph.add_to_groups(user.id, [inner]) == {inner: None}
    assert await graph.add_to_groups(inner, [outer]) == {outer: None}

    async def seen() -> bool:
        return {group.id for group in await graph.groups.all_of(user.id)} >= {inner, outer}

    assert await eventually(seen)
    assert outer not in {group.id for group in await graph.groups_of(user.id)}
    assert await graph.groups.members(outer) == [inner]
    assert await graph.groups.members(inner) == [user.id]
    with pytest.raises(NotFound):
        await graph.groups.members(ABSENT)


async def test_a_group_gives_a_licence_and_withdraws_it(graph: GraphClient) -> None:
    user, group = await hired(graph), await made(graph)
    await graph.add_to_groups(user.id, [group])
    await graph.groups.give_licence(group, SPE_E3)

    async def by_group() -> bool:
        states = (await graph.user(user.id)).license_assignment_states
        return any(state.assigned_by_group == group for state in states)

    assert await eventually(by_group)
    assert await graph.groups.licences(group) == {SPE_E3: []}
    await graph.groups.withdraw_licence(group, SPE_E3)

    async def gone() -> bool:
        return not (await graph.user(user.id)).license_assignment_states

    assert await eventually(gone)
    assert await graph.groups.licences(group) == {}
