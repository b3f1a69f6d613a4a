"""Groups through Microsoft Graph v1.0: who is in them, and the licences they give.

Memberships of one person are written by ``GraphClient``.
"""

from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from connectors.graph_models import Group, is_group
from connectors.graph_pages import pages
from connectors.http import Wire

_PAGE = {"$top": "999"}


class Groups:
    """Groups of every kind. Raises the types of ``connectors.errors``."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def group(self, group_id: str) -> Group:
        """One group. ``GET /groups/{id}``; Group.Read.All. Raises ``NotFound``. Graph, group-get."""
        return Group.model_validate((await self._wire.request("GET", _group(group_id))).json())

    async def all_of(self, object_id: str) -> list[Group]:
        """The groups a user is in, directly or by other groups.

        ``GET /users/{id}/transitiveMemberOf``; Directory.Read.All. Raises ``NotFound``. Graph,
        user-list-transitivememberof.
        """
        path = f"/users/{quote(object_id, safe='')}/transitiveMemberOf"
        items = pages(self._wire, path, _PAGE, cost=2)
        return [Group.model_validate(item) async for item in items if is_group(item)]

    async def members(self, group_id: str) -> list[str]:
        """The object ids of a group's direct members: people, groups, devices and service principals.

        ``GET /groups/{id}/members?$select=id``; GroupMember.Read.All. Raises ``NotFound``. Graph, group-list-members.
        """
        items = pages(self._wire, f"{_group(group_id)}/members", {**_PAGE, "$select": "id"}, cost=3)
        return [str(item["id"]) async for item in items]

    async def licences(self, group_id: str) -> dict[str, list[str]]:
        """What a group gives its members: SKU id → the services that are off.

        ``GET /groups/{id}?$select=assignedLicenses``; Group.Read.All. Raises ``NotFound``. Graph, group-get.
        """
        query = {"$select": "id,assignedLicenses"}
        body = (await self._wire.request("GET", _group(group_id), query=query)).json()
        return {one["skuId"]: list(one.get("disabledPlans") or ()) for one in body.get("assignedLicenses") or ()}

    async def give_licence(self, group_id: str, sku_id: str, disabled_plans: Sequence[str] = ()) -> None:
        """Have a group give a licence; each member has it, or an error of its own, some time after the answer.

        ``POST /groups/{id}/assignLicense`` → 202; LicenseAssignment.ReadWrite.All. Raises ``NotFound``,
        ``UnknownLicence``. Graph, group-assignlicense.
        """
        await self._licences(group_id, [{"skuId": sku_id, "disabledPlans": list(disabled_plans)}], [])

    async def withdraw_licence(self, group_id: str, sku_id: str) -> None:
        """Have a group give a licence no more. The same call and permission as ``give_licence``."""
        await self._licences(group_id, [], [sku_id])

    async def _licences(self, group_id: str, add: list[dict[str, Any]], remove: list[str]) -> None:
        body = {"addLicenses": add, "removeLicenses": remove}
        await self._wire.request("POST", f"{_group(group_id)}/assignLicense", body=body)


def _group(group_id: str) -> str:
    return f"/groups/{quote(group_id, safe='')}"
