"""Who is around a person, and the recycle bin, through the connector."""

import pytest

from connectors.errors import AlreadyMember, NotFound
from connectors.graph import GraphClient
from tests.connectors.identities import eventually, hired


async def test_reports_are_those_whose_manager_one_is(graph: GraphClient) -> None:
    lead, one, other = await hired(graph), await hired(graph), await hired(graph)
    assert await graph.people.direct_reports(lead.id) == []
    for report in (one, other):
        await graph.set_manager(report.id, lead.id)

    async def both() -> bool:
        return set(await graph.people.direct_reports(lead.id)) == {one.id, other.id}

    assert await eventually(both)


async def test_a_sponsor_is_named_and_taken_away_once(graph: GraphClient) -> None:
    guest, host = await hired(graph), await hired(graph)
    await graph.people.add_sponsor(guest.id, host.id)
    with pytest.raises(AlreadyMember):
        await graph.people.add_sponsor(guest.id, host.id)
    assert await eventually(lambda: graph.people.sponsors(guest.id)) == [host.id]
    await graph.people.remove_sponsor(guest.id, host.id)
    with pytest.raises(NotFound):
        await graph.people.remove_sponsor(guest.id, host.id)
    assert (await graph.user(host.id)).id == host.id


async def test_who_was_deleted_is_listed_until_purged(graph: GraphClient) -> None:
    user = await hired(graph)
    with pytest.raises(NotFound):
        await graph.people.purge(user.id)
    await graph.delete_user(user.id)

    async def listed() -> bool:
        return user.id in {deleted.id for deleted in await graph.people.deleted()}

    assert await eventually(listed)
    await graph.people.purge(user.id)

    async def gone() -> bool:
        return await graph.deleted_user(user.id) is None and not await listed()

    assert await eventually(gone)
