"""Following users and groups: rounds, links that last, and starting anew when a link counts no longer."""

from collections.abc import Callable

from connectors.graph import GraphClient
from connectors.graph_delta import Change, DeltaPage, Round
from tests.connectors.identities import eventually, hired
from tests.tenant import Tenant

WEEK_S = 7 * 24 * 3600


async def _read(changes: Round) -> tuple[dict[str, Change], list[DeltaPage], str]:
    pages = [page async for page in changes]
    assert pages[-1].link
    assert all(page.link is None for page in pages[:-1])
    return {change.id: change for page in pages for change in page.changes}, pages, pages[-1].link


async def _told(graph: GraphClient, link: str, object_id: str, expected: Callable[[Change], object]) -> Change:
    """What is told of somebody from a link on, as soon as it is as expected: before, older news may be told again."""

    async def once() -> Change | None:
        found, _, _ = await _read(graph.delta.users(link))
        change = found.get(object_id)
        return change if change and expected(change) else None

    return await eventually(once)


async def test_a_full_round_and_the_next_one(graph: GraphClient) -> None:
    user = await hired(graph, jobTitle="Followed")
    found, pages, link = await _read(graph.delta.users(size=25))
    assert len(pages) > 1
    assert all(page.full and not page.restarted for page in pages)
    assert found[user.id].properties["jobTitle"] == "Followed"
    await graph.update_user(user.id, {"jobTitle": "Changed"})
    change = await _told(graph, link, user.id, lambda change: change.properties["jobTitle"] == "Changed")
    assert change.removed is None


async def test_from_now_on_only_what_is_selected(graph: GraphClient) -> None:
    user, manager = await hired(graph), await hired(graph)
    link = await graph.delta.latest_users(select=["department", "manager"])
    await graph.set_manager(user.id, manager.id)
    moved = (await _told(graph, link, user.id, lambda change: change.relations)).relations["manager"]
    assert [(one.id, one.gone) for one in moved] == [(manager.id, False)]


async def test_somebody_deleted_is_told(graph: GraphClient) -> None:
    user = await hired(graph)
    link = await graph.delta.latest_users()
    await graph.delete_user(user.id)
    assert (await _told(graph, link, user.id, lambda change: change.removed)).removed == "changed"


async def test_members_come_with_groups(graph: GraphClient) -> None:
    user = await hired(graph)
    group = (await graph.groups_by_name("Finance"))[0]
    link = await graph.delta.latest_groups()
    await graph.add_to_groups(user.id, [group.id])

    async def told() -> Change | None:
        return (await _read(graph.delta.groups(link)))[0].get(group.id)

    change = await eventually(told)
    assert [one.id for one in change.relations["members"]] == [user.id]


async def test_a_link_that_is_too_old_becomes_a_full_round(graph: GraphClient, tenant: Tenant) -> None:
    user = await hired(graph)
    link = await graph.delta.latest_users()
    tenant.control("POST", "settings", clock_offset_s=WEEK_S + 60)
    found, pages, _ = await _read(graph.delta.users(link))
    assert pages[0].restarted
    assert pages[0].full
    assert user.id in found


async def test_a_reset_in_the_middle_of_a_round_begins_it_anew(graph: GraphClient, tenant: Tenant) -> None:
    await hired(graph)
    pages = graph.delta.users(size=25).__aiter__()
    first = await anext(pages)
    tenant.control("POST", "faults", path="/users/delta", status=410, code="resyncRequired", count=1)
    second = await anext(pages)
    assert second.restarted
    assert [change.id for change in second.changes] == [change.id for change in first.changes]
