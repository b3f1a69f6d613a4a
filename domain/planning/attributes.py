"""HR's fields as properties of a directory account."""

from datetime import UTC, datetime
from typing import Any

from domain import usernames
from domain.planning.verification import differences
from domain.policy import Policy
from domain.snapshot import MAX_EMPLOYEE_ID, Account

NAMESAKES = {
    "title": "jobTitle",
    "department": "department",
    "company": "companyName",
    "office": "officeLocation",
    "country": "usageLocation",
    "employee_type": "employeeType",
}
NAMES = ("given_name", "family_name", "preferred_name")
LONGEST = {"jobTitle": 128, "department": 64, "companyName": 64, "officeLocation": 128}
CARRIED_BY_SCIM = frozenset({"displayName", "givenName", "surname", "jobTitle", "department", "employeeId"})
EXTENSIONS = "onPremisesExtensionAttributes"


def desired(person: dict[str, Any], employee_id: str, policy: Policy) -> dict[str, Any]:
    """The properties that follow from what HR has told; what HR never told is not among them.

    Source of the lengths: Graph resource type ``user``. A longer value is cut there.
    """
    values = {NAMESAKES[name]: person[name] for name in NAMESAKES if name in person}
    cut = {name: _cut(value, LONGEST.get(name)) for name, value in values.items()}
    return cut | _names(person, employee_id) | identity(employee_id, policy)


def identity(employee_id: str, policy: Policy) -> dict[str, Any]:
    """The property by which the account is found again."""
    if len(employee_id) <= MAX_EMPLOYEE_ID:
        return {"employeeId": employee_id}
    return {EXTENSIONS: {policy.naming.long_employee_id_attribute: employee_id}}


def for_creation(person: dict[str, Any], employee_id: str, policy: Policy, hired_at: datetime) -> dict[str, Any]:
    """The properties of a new account, without the empty ones; the country is there, or no licence could be."""
    values = {"usageLocation": policy.defaults.country, "employeeType": policy.defaults.employee_type}
    told = {name: value for name, value in desired(person, employee_id, policy).items() if value is not None}
    return values | told | {"employeeHireDate": moment(hired_at)}


def changed(account: Account, person: dict[str, Any], employee_id: str, policy: Policy) -> dict[str, Any]:
    """The properties in which the account differs from what HR has told. The case of an id is no difference.

    A name that HR never told stays; one that HR changes in part is completed by what the account says.
    """
    told = told_by_account(account)
    names = {name: told[name] for name in ("given_name", "family_name") if name in told}
    whole = names | person if any(name in person for name in NAMES) else person
    found = differences(account.attributes, desired(whole, employee_id, policy))
    if _text(account.attributes.get("employeeId")) == employee_id.lower():
        found.pop("employeeId", None)
    return found


def before(account: Account, changes: dict[str, Any]) -> dict[str, Any]:
    """What the changed properties were, for the inverse."""
    return {
        name: before_members(account.attributes.get(name) or {}, value)
        if isinstance(value, dict)
        else account.attributes.get(name)
        for name, value in changes.items()
    }


def before_members(has: dict[str, Any], members: dict[str, Any]) -> dict[str, Any]:
    """The same for a property that is an object."""
    return {name: has.get(name) for name in members}


def told_by_account(account: Account) -> dict[str, Any]:
    """The account's properties as HR's fields: what is known of somebody HR has told little about."""
    known = {field: account.attributes.get(name) for field, name in NAMESAKES.items()}
    names = {"given_name": account.attributes.get("givenName"), "family_name": account.attributes.get("surname")}
    return {field: value for field, value in (known | names).items() if value is not None}


def moment(at: datetime) -> str:
    """A moment as Graph writes it."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _names(person: dict[str, Any], employee_id: str) -> dict[str, Any]:
    given, family = person.get("given_name"), person.get("family_name")
    if given is None or family is None:
        return {}
    return {
        "givenName": usernames.given_name(given),
        "surname": usernames.surname(family),
        "displayName": usernames.display_name(given, family, person.get("preferred_name"), employee_id),
    }


def _cut(value: Any, longest: int | None) -> Any:
    return value[:longest].rstrip() if isinstance(value, str) else value


def _text(value: Any) -> str:
    return str(value or "").lower()
