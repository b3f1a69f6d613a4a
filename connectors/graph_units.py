"""Administrative units and who is in them (Microsoft Graph v1.0)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from connectors.graph_pages import pages
from connectors.http import Wire

_UNITS = "/directory/administrativeUnits"


@dataclass(frozen=True)
class Unit:
    """An administrative unit. Source: Graph resource type ``administrativeUnit``.

    Of a ``restricted`` one's members nothing can be changed but by those with a role scoped to it.
    """

    id: str
    display_name: str | None
    restricted: bool
    dynamic: bool


class Units:
    """What there is to read and write about administrative units."""

    def __init__(self, wire: Wire, origin: str) -> None:
        self._wire, self._origin = wire, origin

    async def all(self) -> list[Unit]:
        """Every unit.

        ``GET /directory/administrativeUnits``; AdministrativeUnit.Read.All. Graph, directory-list-administrativeunits.
        """
        return [_unit(item) async for item in pages(self._wire, _UNITS)]

    async def of_user(self, user_id: str) -> list[Unit]:
        """The units a user is in. Raises ``NotFound``.

        ``GET /users/{id}/memberOf/microsoft.graph.administrativeUnit``; AdministrativeUnit.Read.All and
        GroupMember.Read.All. Source: Graph, user-list-memberof.
        """
        path = f"/users/{quote(user_id, safe='')}/memberOf/microsoft.graph.administrativeUnit"
        return [_unit(item) async for item in pages(self._wire, path, cost=2)]

    async def add(self, unit_id: str, object_id: str) -> None:
        """Put a user, group or device in; ``AlreadyMember`` says it is in, ``NotFound`` that one of both is not there.

        ``POST /directory/administrativeUnits/{id}/members/$ref`` → 204; AdministrativeUnit.ReadWrite.All. Source:
        Graph, administrativeunit-post-members.
        """
        body = {"@odata.id": f"{self._origin}/v1.0/directoryObjects/{object_id}"}
        await self._wire.request("POST", f"{_UNITS}/{quote(unit_id, safe='')}/members/$ref", body=body)

    async def remove(self, unit_id: str, object_id: str) -> None:
        """Take a user, group or device out; ``NotFound`` says it is not in.

        ``DELETE /directory/administrativeUnits/{id}/members/{id}/$ref`` → 204; AdministrativeUnit.ReadWrite.All.
        Source: Graph, administrativeunit-delete-members.
        """
        path = f"{_UNITS}/{quote(unit_id, safe='')}/members/{quote(object_id, safe='')}/$ref"
        await self._wire.request("DELETE", path)


def _unit(item: Mapping[str, Any]) -> Unit:
    return Unit(
        item["id"],
        item.get("displayName"),
        bool(item.get("isMemberManagementRestricted")),
        item.get("membershipType") == "Dynamic",
    )
