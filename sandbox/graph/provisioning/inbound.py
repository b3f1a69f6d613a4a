"""How a SCIM user becomes a directory user: the attribute mapping of inbound provisioning into Entra ID.

One table, read by what carries it out and by what shows it (``…/synchronization/jobs/{job}/schema``).
"""

from dataclasses import dataclass
from typing import Any

from sandbox.store import Doc

CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


@dataclass(frozen=True)
class Mapped:
    """One attribute: Graph's name, where it comes from, and the expression that the schema shows for it."""

    target: str
    source: str
    expression: str | None = None
    matching: bool = False


MAPPING = (
    Mapped("employeeId", "externalId", matching=True),
    Mapped("userPrincipalName", "userName"),
    Mapped("mailNickname", "userName", 'Replace([userName], , "@.*", , "", , )'),
    Mapped("accountEnabled", "active", 'Switch([active], , "False", "False", "True", "True")'),
    Mapped(
        "displayName", "displayName",
        'Coalesce([displayName], [name.formatted], Join(" ", [name.givenName], [name.familyName]))',
    ),
    Mapped("givenName", "name.givenName"),
    Mapped("surname", "name.familyName"),
    Mapped("employeeType", "userType"),
    Mapped("jobTitle", "title"),
    Mapped("department", f"{ENTERPRISE}:department"),
    Mapped("companyName", f"{ENTERPRISE}:organization"),
    Mapped("usageLocation", 'addresses[type eq "work"].country'),
    Mapped("country", 'addresses[type eq "work"].country'),
    Mapped("streetAddress", 'addresses[type eq "work"].streetAddress'),
    Mapped("city", 'addresses[type eq "work"].locality'),
    Mapped("state", 'addresses[type eq "work"].region'),
    Mapped("postalCode", 'addresses[type eq "work"].postalCode'),
    Mapped("preferredLanguage", "preferredLanguage"),
    Mapped("businessPhones", 'phoneNumbers[type eq "work"].value'),
    Mapped("mobilePhone", 'phoneNumbers[type eq "mobile"].value'),
    Mapped("manager", f"{ENTERPRISE}:manager"),
)  # fmt: skip
_CLEARABLE = (
    "givenName surname employeeType jobTitle department companyName country streetAddress city state postalCode "
    "preferredLanguage businessPhones mobilePhone"
)
CLEARABLE = frozenset(_CLEARABLE.split())
"""What a record that lacks it clears, where the job clears values."""


def mapped(resource: Doc) -> Doc:
    """A SCIM user's attributes under Graph's names, None for what it lacks; ``manager`` is the SCIM value."""
    values = {one.target: read(resource, one.source) for one in MAPPING}
    name = resource.get("name") or {}
    full = " ".join(part for part in (name.get("givenName"), name.get("familyName")) if part)
    upn, phone = values["userPrincipalName"], values["businessPhones"]
    country = values["usageLocation"]
    manager = values["manager"]
    return {
        **values,
        "mailNickname": str(upn).partition("@")[0][:64] if upn else None,
        "accountEnabled": resource.get("active", True),
        "displayName": values["displayName"] or name.get("formatted") or full or upn,
        "usageLocation": country if country and _looks_like_a_country_code(country) else None,
        "businessPhones": [phone] if phone else [],
        "manager": manager.get("value") if isinstance(manager, dict) else manager,
    }


def _looks_like_a_country_code(value: Any) -> bool:
    return isinstance(value, str) and len(value) == 2


def read(resource: Doc, source: str) -> Any:
    """The value at a SCIM path: of the enterprise extension, below an attribute, or of the element of a type."""
    if source.startswith(ENTERPRISE):
        return (resource.get(ENTERPRISE) or {}).get(source.rpartition(":")[2])
    if "[" in source:
        return _typed(resource, source)
    head, _, rest = source.partition(".")
    value = resource.get(head)
    if rest:
        value = value.get(rest) if isinstance(value, dict) else None
    return value if value != "" else None


def _typed(resource: Doc, source: str) -> Any:
    """Of the element of type work, else of the first one; other types only if they are there."""
    name, _, rest = source.partition("[")
    kind, sub = rest.partition('"')[2].partition('"')[0], source.rpartition(".")[2]
    items = [item for item in resource.get(name) or () if isinstance(item, dict)]
    found = next((item for item in items if item.get("type") == kind), None)
    if found is None and kind == "work":
        found = next((item for item in items if item.get("type") is None), None)
    value = (found or {}).get(sub)
    return value if value != "" else None
