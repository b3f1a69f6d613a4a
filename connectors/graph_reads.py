"""What the platform reads from Microsoft Graph v1.0. Every method here is a GET."""

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from connectors.errors import NotFound
from connectors.graph_models import USER_SELECT, Group, RoleAssignment, RoleDefinition, Sku, User, is_group
from connectors.graph_pages import pages
from connectors.http import Wire
from connectors.odata import literal

_EVENTUAL = {"ConsistencyLevel": "eventual"}
_EXTENSION = re.compile(r"^extensionAttribute([1-9]|1[0-5])$")
PAGE = 999


def user_path(key: str) -> str:
    """The address of a user by object id or UPN; one that begins with ``$`` needs the key syntax."""
    return f"/users({quote(literal(key), safe='')})" if key.startswith("$") else f"/users/{quote(key, safe='')}"


class GraphReads:
    """The reading half of the Graph client."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def aclose(self) -> None:
        """Close the connections."""
        await self._wire.aclose()

    async def user(self, object_id: str) -> User:
        """One user by object id, deleted ones not. Raises ``NotFound``.

        ``GET /users/{id}?$select=…``; User.Read.All. Source: Graph, user-get.
        """
        return User.read(await self._get(f"/users/{quote(object_id, safe='')}", {"$select": USER_SELECT}))

    async def user_by_upn(self, upn: str) -> User | None:
        """The user with this user principal name; None if there is none (or none yet).

        ``GET /users/{userPrincipalName}``, a read by key and not a filter, which would lag more; User.Read.All.
        Graph, user-get.
        """
        try:
            return User.read(await self._get(user_path(upn), {"$select": USER_SELECT}))
        except NotFound:
            return None

    async def users_by_employee_id(self, employee_id: str, extension: str | None = None) -> list[User]:
        """All users with this employee id, which Entra does not keep unique: two hits are a conflict to be seen.

        ``extension`` names the extension attribute that holds ids too long for ``employeeId``; that filter is an
        advanced query. ``GET /users?$filter=employeeId eq '…'``; User.Read.All. Source: Graph, aad-advanced-queries.
        """
        if extension is None:
            return await self._users(f"employeeId eq {literal(employee_id)}")
        if not _EXTENSION.match(extension):
            raise ValueError(f"{extension!r} is not one of extensionAttribute1 to extensionAttribute15")
        condition = f"onPremisesExtensionAttributes/{extension} eq {literal(employee_id)}"
        return await self._users(condition, {"$count": "true"}, _EVENTUAL)

    async def deleted_user(self, object_id: str) -> User | None:
        """A soft-deleted user (30 days); None if there is none with this id.

        ``GET /directory/deletedItems/{id}``; User.Read.All. Source: Graph, directory-deleteditems-get.
        """
        path = f"/directory/deletedItems/{quote(object_id, safe='')}"
        try:
            return User.read(await self._get(path, {"$select": USER_SELECT}))
        except NotFound:
            return None

    async def manager_id(self, object_id: str) -> str | None:
        """The object id of a user's manager; None without one, or if the user is not known (yet).

        ``GET /users/{id}/manager?$select=id``; User.Read.All. Source: Graph, user-list-manager.
        """
        try:
            return str((await self._get(f"/users/{quote(object_id, safe='')}/manager", {"$select": "id"}))["id"])
        except NotFound:
            return None

    async def groups_of(self, object_id: str) -> list[Group]:
        """The groups a user is a direct member of, whatever their kind.

        ``GET /users/{id}/memberOf``, which also lists roles and administrative units; Directory.Read.All. Graph,
        user-list-memberof.
        """
        path = f"/users/{quote(object_id, safe='')}/memberOf"
        items = pages(self._wire, path, {"$top": str(PAGE)}, cost=2)
        return [Group.model_validate(item) async for item in items if is_group(item)]

    async def role_assignments(self, object_id: str) -> list[RoleAssignment]:
        """The directory roles assigned to a principal directly, with the roles' names.

        ``GET /roleManagement/directory/roleAssignments?$filter=principalId eq '…'``; RoleManagement.Read.Directory.
        Graph, rbacapplication-list-roleassignments.
        """
        query = {"$filter": f"principalId eq {literal(object_id)}", "$expand": "roleDefinition"}
        items = pages(self._wire, "/roleManagement/directory/roleAssignments", query, cost=2)
        return [RoleAssignment.model_validate(item) async for item in items]

    async def subscribed_skus(self) -> list[Sku]:
        """The tenant's licences and their seats.

        ``GET /subscribedSkus``, never paged; LicenseAssignment.Read.All. Graph, subscribedsku-list.
        """
        items = pages(self._wire, "/subscribedSkus", {}, cost=3)
        return [Sku.model_validate(item) async for item in items]

    async def role_definitions(self) -> list[RoleDefinition]:
        """The directory roles there are.

        ``GET /roleManagement/directory/roleDefinitions``; RoleManagement.Read.Directory. Graph,
        rbacapplication-list-roledefinitions.
        """
        items = pages(self._wire, "/roleManagement/directory/roleDefinitions", {}, cost=2)
        return [RoleDefinition.model_validate(item) async for item in items]

    async def groups_by_name(self, name: str) -> list[Group]:
        """All groups with this display name, which need not be unique.

        ``GET /groups?$filter=displayName eq '…'``; Group.Read.All. Source: Graph, group-list.
        """
        items = pages(self._wire, "/groups", {"$filter": f"displayName eq {literal(name)}"}, cost=1)
        return [Group.model_validate(item) async for item in items]

    async def search_users(self, text: str, limit: int = 20) -> list[User]:
        """Users with a word of their display name, or a surname, UPN or mail address, that begins with ``text``.

        ``GET /users?$search="displayName:…" OR …`` with ``ConsistencyLevel: eventual``, so somebody very new may be
        missing; User.Read.All. Source: Graph, search-query-parameter.
        """
        query = _search(text, ("displayName", "surname", "userPrincipalName", "mail"), limit)
        if query is None:
            return []
        body = await self._get("/users", query | {"$select": USER_SELECT}, headers=_EVENTUAL)
        return [User.read(item) for item in body["value"]]

    async def search_groups(self, text: str, limit: int = 20) -> list[Group]:
        """Groups with a word of their display name, or a mail nickname, that begins with ``text``.

        ``GET /groups?$search="displayName:…" OR …`` with ``ConsistencyLevel: eventual``; Group.Read.All.
        Graph, search-query-parameter.
        """
        query = _search(text, ("displayName", "mailNickname"), limit)
        if query is None:
            return []
        return [Group.model_validate(item) for item in (await self._get("/groups", query, headers=_EVENTUAL))["value"]]

    async def _users(
        self, condition: str, extra: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> list[User]:
        query = {"$filter": condition, "$select": USER_SELECT, **(extra or {})}
        return [user async for user in _read_users(pages(self._wire, "/users", query, cost=1, headers=headers))]

    async def _get(
        self, path: str, query: Mapping[str, str], *, cost: int = 1, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        return (await self._wire.request("GET", path, query=query, headers=headers, cost=cost)).json()


def _search(text: str, fields: Sequence[str], limit: int) -> dict[str, str] | None:
    """The options of a search; None where nothing is left to search for (quotes would end the term)."""
    term = text.replace('"', " ").replace("\\", " ").strip()
    if not term:
        return None
    return {"$search": " OR ".join(f'"{field}:{term}"' for field in fields), "$top": str(limit)}


async def _read_users(items: AsyncIterator[dict[str, Any]]) -> AsyncIterator[User]:
    async for item in items:
        yield User.read(item)
