"""A SCIM 2.0 target (RFC 7643, 7644) where people are created when it, and not Graph, is authoritative."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from scim2_models import Address, Context, EnterpriseUser, Group, ListResponse, Name, ScimFilter, User

from connectors.http import TokenSource, Wire

ScimUser = User[EnterpriseUser]
PAGE = 100
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


class ScimClient:
    """People and groups of the target. Raises the types of ``connectors.errors``.

    A resource read before carries its version; a write that is given it is refused with ``ChangedMeanwhile`` (412) if
    somebody else has written since. The least permission is the target's own bearer token. Source: RFC 7644, 3.
    """

    def __init__(
        self, base_url: str, tokens: TokenSource, *, ca_file: Path | None = None, read_only: bool = False
    ) -> None:
        self._wire = Wire(base_url, tokens, ca_file=ca_file, read_only=read_only, media_type="application/scim+json")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._wire.aclose()

    # -- people --------------------------------------------------------------------------------------------------------

    async def user(self, user_id: str) -> ScimUser:
        """One person by the target's id. ``GET /Users/{id}``; raises ``NotFound``."""
        return ScimUser.model_validate((await self._wire.request("GET", _user(user_id))).json())

    async def user_by_name(self, user_name: str) -> ScimUser | None:
        """The person with this ``userName``, compared without case; None if there is none.

        ``GET /Users?filter=userName eq "…"``: no hit is an empty list (RFC 7644, 3.4.2). Raises ``TooMany``.
        """
        return await self._first("userName", user_name)

    async def user_by_external_id(self, external_id: str) -> ScimUser | None:
        """The person with this ``externalId``, compared exactly; None if there is none.

        ``GET /Users?filter=externalId eq "…"``. Raises ``TooMany``.
        """
        return await self._first("externalId", external_id)

    async def create_user(self, user: ScimUser) -> ScimUser:
        """Create a person. ``POST /Users`` → 201; a taken ``userName`` is ``NameTaken`` (409, ``uniqueness``)."""
        body = user.model_dump(scim_ctx=Context.RESOURCE_CREATION_REQUEST)
        return ScimUser.model_validate((await self._wire.request("POST", "/Users", body=body)).json())

    async def replace_user(self, user: ScimUser) -> ScimUser:
        """Make a person all that ``user`` says, and nothing else; its id and version are those that were read.

        ``PUT /Users/{id}`` with ``If-Match`` → 200. Raises ``ChangedMeanwhile``, ``NameTaken``, ``ReadOnlyAttribute``,
        ``NotFound``.
        """
        body = user.model_dump(scim_ctx=Context.RESOURCE_REPLACEMENT_REQUEST)
        answer = await self._wire.request("PUT", _user(_id(user)), body=body, headers=_if_match(_version(user)))
        return ScimUser.model_validate(answer.json())

    async def patch_user(
        self, user_id: str, operations: Sequence[Mapping[str, Any]], version: str | None = None
    ) -> ScimUser | None:
        """Change single attributes, all of them or none; the person as they then are, if the target says so.

        ``operations`` are ``{op, path, value}`` of RFC 7644, 3.5.2. ``PATCH /Users/{id}`` → 200 or 204. Raises
        ``ChangedMeanwhile`` where ``version`` has passed, ``ReadOnlyAttribute``, ``NameTaken``, ``NotFound``.
        """
        answer = await self._patch(_user(user_id), operations, version)
        return ScimUser.model_validate(answer) if answer is not None else None

    async def deactivate_user(self, user_id: str) -> None:
        """Let somebody sign in no more; they stay, and can be activated again. ``PATCH /Users/{id}``, ``active``."""
        await self._patch(_user(user_id), [{"op": "replace", "path": "active", "value": False}])

    async def activate_user(self, user_id: str) -> None:
        """Undo ``deactivate_user``. ``PATCH /Users/{id}``, ``active``."""
        await self._patch(_user(user_id), [{"op": "replace", "path": "active", "value": True}])

    async def delete_user(self, user_id: str, version: str | None = None) -> None:
        """Delete a person for good, and free the name. ``DELETE /Users/{id}`` → 204; ``NotFound`` if gone already."""
        await self._wire.request("DELETE", _user(user_id), headers=_if_match(version))

    # -- groups --------------------------------------------------------------------------------------------------------

    async def groups_by_name(self, name: str) -> list[Group]:
        """The groups with this display name, which need not be unique, without their members.

        ``GET /Groups?filter=displayName eq "…"&excludedAttributes=members``. Raises ``TooMany``.
        """
        query = {"filter": f"displayName eq {ScimFilter.quote(name)}", "excludedAttributes": "members"}
        found: list[Group] = []
        while True:
            page = {"startIndex": str(len(found) + 1), "count": str(PAGE)}
            body = (await self._wire.request("GET", "/Groups", query=query | page)).json()
            answer = ListResponse[Group].model_validate(body)
            found += answer.resources or []
            if not answer.resources or len(found) >= (answer.total_results or 0):
                return found

    async def create_group(self, name: str) -> Group:
        """Create a group without members. ``POST /Groups`` → 201."""
        body = Group(display_name=name).model_dump(scim_ctx=Context.RESOURCE_CREATION_REQUEST)
        return Group.model_validate((await self._wire.request("POST", "/Groups", body=body)).json())

    async def is_member(self, group_id: str, user_id: str) -> bool:
        """Is somebody a direct member? ``GET /Groups?filter=id eq "…" and members eq "…"``, as Entra asks it."""
        text = f"id eq {ScimFilter.quote(group_id)} and members eq {ScimFilter.quote(user_id)}"
        query = {"filter": text, "attributes": "id", "count": "1"}
        return bool((await self._wire.request("GET", "/Groups", query=query)).json().get("totalResults"))

    async def add_members(self, group_id: str, user_ids: Sequence[str]) -> None:
        """Add people to a group; who is in it already stays. ``PATCH /Groups/{id}``, ``add members`` → 204."""
        members = [{"value": one} for one in user_ids]
        await self._patch(_group(group_id), [{"op": "add", "path": "members", "value": members}])

    async def remove_member(self, group_id: str, user_id: str) -> None:
        """Take somebody out of a group; no error if they are not in it.

        ``PATCH /Groups/{id}``, ``members[value eq "…"]``.
        """
        path = f"members[value eq {ScimFilter.quote(user_id)}]"
        await self._patch(_group(group_id), [{"op": "remove", "path": path}])

    async def delete_group(self, group_id: str) -> None:
        """Delete a group. ``DELETE /Groups/{id}`` → 204; ``NotFound`` if gone already."""
        await self._wire.request("DELETE", _group(group_id))

    async def _first(self, attribute: str, value: str) -> ScimUser | None:
        query = {"filter": f"{attribute} eq {ScimFilter.quote(value)}"}
        found = ListResponse[ScimUser].model_validate((await self._wire.request("GET", "/Users", query=query)).json())
        return found.resources[0] if found.resources else None

    async def _patch(
        self, path: str, operations: Sequence[Mapping[str, Any]], version: str | None = None
    ) -> Mapping[str, Any] | None:
        body = {"schemas": [PATCH], "Operations": [dict(one) for one in operations]}
        answer = await self._wire.request("PATCH", path, body=body, headers=_if_match(version))
        return answer.json() if answer.body is not None else None


def scim_user(user_name: str, employee_id: str, attributes: Mapping[str, Any], *, enabled: bool) -> ScimUser:
    """A person for the target, from the properties that Graph would be given.

    ``externalId`` and the enterprise extension's ``employeeNumber`` carry the employee id. What SCIM has no attribute
    for is not among them.
    """
    given = {name: value for name, value in attributes.items() if value is not None}
    user = ScimUser(
        user_name=user_name,
        external_id=employee_id,
        name=Name(given_name=given.get("givenName"), family_name=given.get("surname")),
        display_name=given.get("displayName"),
        title=given.get("jobTitle"),
        user_type=given.get("employeeType"),
        active=enabled,
        addresses=_work_address(given),
    )
    user[EnterpriseUser] = EnterpriseUser(
        employee_number=employee_id, department=given.get("department"), organization=given.get("companyName")
    )
    return user


def belongs_to(user: ScimUser, employee_id: str) -> bool:
    """True when the target's person carries this employee id."""
    extension = user[EnterpriseUser]
    held = {user.external_id, extension.employee_number if extension else None}
    return employee_id in held


def _work_address(given: Mapping[str, Any]) -> list[Address] | None:
    country = given.get("usageLocation")
    return [Address(type=Address.Type.work, country=country)] if country else None


def _id(user: ScimUser) -> str:
    if not user.id:
        raise ValueError("a person without id has not been read from the target")
    return str(user.id)


def _version(user: ScimUser) -> str | None:
    return user.meta.version if user.meta else None


def _if_match(version: str | None) -> dict[str, str]:
    return {"If-Match": version} if version else {}


def _user(user_id: str) -> str:
    return f"/Users/{quote(user_id, safe='')}"


def _group(group_id: str) -> str:
    return f"/Groups/{quote(group_id, safe='')}"
