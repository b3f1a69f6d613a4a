"""Drives and teams through the Graph client."""

from datetime import UTC, datetime, timedelta

import pytest

from connectors.collaboration_models import ItemPermission
from connectors.errors import LastOwner, NobodyToInvite, NoDrive, NotFound
from connectors.graph import GraphClient
from tests.connectors.collaboration import licensed
from tests.connectors.identities import eventually, hired


async def test_a_drive_is_there_for_the_licensed_only(graph: GraphClient) -> None:
    with pytest.raises(NoDrive):
        await graph.files.drive((await hired(graph)).id)
    user = await licensed(graph)
    drive = await eventually(lambda: graph.files.drive_or_none(user.id))
    assert drive.id.startswith("b!")


async def test_a_drive_is_shared_limited_and_closed(graph: GraphClient) -> None:
    user, manager = await licensed(graph), await licensed(graph)
    drive = await eventually(lambda: graph.files.drive_or_none(user.id))
    soon = datetime.now(UTC).replace(microsecond=0) + timedelta(days=30)
    [made] = await graph.files.share(drive.id, [manager.user_principal_name], expires=soon)
    assert (made.roles, made.object_id, made.expires) == (("write",), manager.id, soon)
    [again] = await graph.files.share(drive.id, [manager.user_principal_name], "read")
    assert again.id == made.id
    await graph.files.limit(drive.id, made.id, soon + timedelta(days=1))

    async def held() -> list[ItemPermission]:
        return [one for one in await graph.files.permissions(drive.id) if one.object_id == manager.id]

    assert [(one.roles, one.expires) for one in await held()] == [(("read",), soon + timedelta(days=1))]
    await graph.files.revoke(drive.id, made.id)
    assert await held() == []
    with pytest.raises(NotFound):
        await graph.files.revoke(drive.id, made.id)
    with pytest.raises(NobodyToInvite):
        await graph.files.share(drive.id, ["guest@elsewhere.example"])


async def test_a_team_keeps_an_owner(graph: GraphClient) -> None:
    [group] = await graph.groups_by_name("Project Aurora")
    [owner] = await graph.teams.owners(group.id)
    with pytest.raises(LastOwner):
        await graph.teams.remove(group.id, owner.id)
    user = await hired(graph)
    added = await graph.teams.add(group.id, user.id, owner=True)

    async def both() -> bool:
        return {member.object_id for member in await graph.teams.owners(group.id)} == {owner.object_id, user.id}

    assert await eventually(both)
    assert [team.name for team in await eventually(lambda: graph.teams.joined(user.id))] == ["Project Aurora"]
    await graph.teams.set_owner(group.id, added.id, False)
    assert added.id in {member.id for member in await graph.teams.members(group.id) if not member.owner}
    await graph.teams.remove(group.id, added.id)
    with pytest.raises(NotFound):
        await graph.teams.remove(group.id, added.id)
