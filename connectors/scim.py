"""A SCIM 2.0 target (RFC 7643, 7644) where people are created when it, and not Graph, is authoritative."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from scim2_models import Address, Context, EnterpriseUser, ListResponse, Name, User

from connectors.http import TokenSource, Wire

ScimUser = User[EnterpriseUser]


class ScimClient:
    """Finds and creates people at the target. Raises the types of ``connectors.errors``."""

    def __init__(self, base_url: str, tokens: TokenSource, *, ca_file: Path | None = None) -> None:
        self._wire = Wire(base_url, tokens, ca_file=ca_file, media_type="application/scim+json")

    async def aclose(self) -> None:
        """Close the connections."""
        await self._wire.aclose()

    async def user_by_name(self, user_name: str) -> ScimUser | None:
        """The person with this ``userName``, compared without case; None if there is none.

        ``GET /Users?filter=userName eq "…"``: no hit is an empty list (RFC 7644, 3.4.2).
        """
        quoted = user_name.replace("\\", "\\\\").replace('"', '\\"')
        answer = await self._wire.request("GET", "/Users", query={"filter": f'userName eq "{quoted}"'})
        return _first(answer.json())

    async def create_user(self, user: ScimUser) -> ScimUser:
        """Create a person. ``POST /Users`` → 201; a taken ``userName`` is ``NameTaken`` (409, ``uniqueness``)."""
        body = user.model_dump(scim_ctx=Context.RESOURCE_CREATION_REQUEST)
        return ScimUser.model_validate((await self._wire.request("POST", "/Users", body=body)).json())


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


def _first(body: Mapping[str, Any]) -> ScimUser | None:
    found = ListResponse[ScimUser].model_validate(body).resources or []
    return found[0] if found else None
