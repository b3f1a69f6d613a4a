"""Teams through Microsoft Graph v1.0: who is in them, and that each keeps an owner.

Teams takes over what changes in the group behind it with a delay of up to 24 hours, so a change is made in Teams.
"""

from urllib.parse import quote

from connectors.collaboration_models import Team, TeamMember
from connectors.graph_pages import pages
from connectors.http import Wire

_MEMBER = "#microsoft.graph.aadUserConversationMember"


class Teams:
    """Teams and their members. Raises the types of ``connectors.errors``."""

    def __init__(self, wire: Wire, origin: str) -> None:
        self._wire, self._origin = wire, origin

    async def joined(self, object_id: str) -> list[Team]:
        """The teams somebody is in.

        ``GET /users/{id}/joinedTeams``; Team.ReadBasic.All. Graph, user-list-joinedteams.
        """
        items = pages(self._wire, f"/users/{quote(object_id, safe='')}/joinedTeams")
        return [Team(item["id"], item.get("displayName") or "") async for item in items]

    async def members(self, team_id: str) -> list[TeamMember]:
        """Everybody in a team. ``GET /teams/{id}/members``; TeamMember.Read.All. Graph, team-list-members."""
        return [TeamMember.read(item) async for item in pages(self._wire, _members(team_id))]

    async def owners(self, team_id: str) -> list[TeamMember]:
        """The owners.

        ``GET /teams/{id}/members?$filter=roles/any(r:r eq 'owner')``; TeamMember.Read.All. Graph, team-list-members.
        """
        query = {"$filter": "roles/any(r:r eq 'owner')"}
        return [TeamMember.read(item) async for item in pages(self._wire, _members(team_id), query)]

    async def add(self, team_id: str, object_id: str, *, owner: bool = False) -> TeamMember:
        """Add somebody, or make who is in already an owner.

        ``POST /teams/{id}/members`` → 201; TeamMember.ReadWrite.All. Graph, team-post-members.
        """
        body = {
            "@odata.type": _MEMBER,
            "roles": ["owner"] if owner else [],
            "user@odata.bind": f"{self._origin}/v1.0/users('{object_id}')",
        }
        return TeamMember.read((await self._wire.request("POST", _members(team_id), body=body)).json())

    async def set_owner(self, team_id: str, membership_id: str, owner: bool) -> None:
        """Make a member an owner, or an owner a member; the last one is ``LastOwner``.

        ``PATCH /teams/{id}/members/{membership}`` → 200; TeamMember.ReadWrite.All. Graph, team-update-members.
        """
        body = {"@odata.type": _MEMBER, "roles": ["owner"] if owner else []}
        await self._wire.request("PATCH", f"{_members(team_id)}/{quote(membership_id, safe='')}", body=body)

    async def remove(self, team_id: str, membership_id: str) -> None:
        """Take a member out: ``NotFound`` for who is gone, ``LastOwner`` for the last owner.

        ``DELETE /teams/{id}/members/{membership}`` → 204; TeamMember.ReadWrite.All. Graph, team-delete-members.
        """
        await self._wire.request("DELETE", f"{_members(team_id)}/{quote(membership_id, safe='')}")


def _members(team_id: str) -> str:
    return f"/teams/{quote(team_id, safe='')}/members"
