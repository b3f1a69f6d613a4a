"""The employees of the seeded company: departments, a tree of managers, offices, kinds of employment, licences.

All of it follows from a seed and a number of people: the same two give the same company, with the same ids.
"""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from uuid import UUID

from sandbox.seed_catalogue import AAD_PREMIUM_P2, SPE_E3, SPE_F1, made
from sandbox.store import Doc

DOMAIN = "practice.example"
SINCE = "2024-01-08T09:00:00Z"
LICENCE_GROUP = made("group/Licence AAD_PREMIUM_P2")
REPORTS = 7
"""How many report to one manager."""
SYNCED = range(10, 15)
"""Which employees are mastered on premises."""
PRIVILEGED = 3
"""How many of IT hold a directory role."""


@dataclass(frozen=True)
class Department:
    """A department with its share of the people, and its titles from the head down to the newest."""

    name: str
    share: int
    head: str
    lead: str
    titles: tuple[str, ...]
    frontline: bool = False


PLAN = (
    Department("Finance", 14, "Head of Finance", "Finance Manager",
               ("Senior Accountant", "Controller", "Accountant", "Payroll Specialist")),
    Department("Sales", 18, "Head of Sales", "Regional Sales Manager",
               ("Senior Account Manager", "Account Manager", "Sales Engineer", "Sales Representative")),
    Department("Engineering", 20, "Head of Engineering", "Engineering Manager",
               ("Principal Engineer", "Senior Software Engineer", "Software Engineer", "Test Engineer")),
    Department("IT", 14, "Head of IT", "IT Operations Manager",
               ("Network Engineer", "System Administrator", "Site Reliability Engineer", "Service Desk Agent")),
    Department("Operations", 12, "Head of Operations", "Operations Manager",
               ("Senior Planner", "Planner", "Logistics Coordinator", "Facilities Technician")),
    Department("Customer Support", 10, "Head of Customer Support", "Support Team Lead",
               ("Support Specialist", "Support Agent", "Support Agent", "Support Agent"), frontline=True),
    Department("Marketing", 7, "Head of Marketing", "Marketing Manager",
               ("Brand Manager", "Product Marketer", "Content Editor", "Marketing Assistant")),
    Department("Human Resources", 5, "Head of Human Resources", "HR Manager",
               ("HR Business Partner", "Recruiter", "HR Specialist", "HR Assistant")),
)  # fmt: skip
DEPARTMENTS = tuple(department.name for department in PLAN)


@dataclass(frozen=True)
class Office:
    """A place of work."""

    name: str
    country: str
    name_of_country: str
    language: str
    time_zone: str
    phone: str


OFFICES = (
    Office("London", "GB", "United Kingdom", "en-GB", "Europe/London", "+44 20 7946"),
    Office("Berlin", "DE", "Germany", "de-DE", "Europe/Berlin", "+49 30 2312"),
    Office("Dublin", "IE", "Ireland", "en-IE", "Europe/Dublin", "+353 1 555"),
    Office("New York", "US", "United States", "en-US", "America/New_York", "+1 212 555"),
    Office("Singapore", "SG", "Singapore", "en-SG", "Asia/Singapore", "+65 6555"),
    Office("Bengaluru", "IN", "India", "en-IN", "Asia/Kolkata", "+91 80 5550"),
)
# fmt: off
_GIVEN = [
    "Amara", "Bruno", "Chloe", "Dmitri", "Elena", "Farid", "Greta", "Hiro", "Ines", "Jonas", "Keiko", "Liam",
    "Maya", "Nadia", "Oscar", "Paula", "Quentin", "Rosa", "Stefan", "Tara", "Umar", "Vera", "Wei", "Ximena",
    "Yusuf", "Zoe",
]
_FAMILY = [
    "Abbott", "Barros", "Castillo", "Dahl", "Eriksen", "Fischer", "Gallo", "Haddad", "Ivanova", "Jansen",
    "Kowalski", "Larsen", "Mensah", "Nakamura", "Okafor", "Petrov", "Quinn", "Rossi", "Schmidt", "Tanaka",
    "Ueda", "Vargas", "Walsh", "Xu", "Yilmaz", "Zimmer", "Moreau",
]
# fmt: on


def employees(people: int, seed: int = 1) -> list[Doc]:
    """So many employees: the first leads the company, the next eight their departments."""
    luck = Random(f"company/{seed}")  # noqa: S311 - no secret
    names = list(_names(seed, people))
    if not names:
        return []
    team: list[list[int]] = [[] for _ in PLAN]
    for n, index in zip(range(1, people), _departments(), strict=False):
        team[index].append(n)
    found = {0: _employee(0, names[0], luck, jobTitle="Managing Director")}
    for department, numbers in zip(PLAN, team, strict=True):
        for place, n in enumerate(numbers):
            manager = numbers[(place - 1) // REPORTS] if place else 0
            found[n] = _member(n, names, luck, department, place, len(numbers), manager)
    return [found[n] for n in range(people)]


def _departments() -> Iterator[int]:
    """The departments one after the other, each as often as its share says and as evenly as can be."""
    yield from range(len(PLAN))
    spent = [1.0 / department.share for department in PLAN]
    while True:
        next_one = min(range(len(PLAN)), key=lambda index: (spent[index], index))
        spent[next_one] += 1.0 / PLAN[next_one].share
        yield next_one


def _names(seed: int, people: int) -> Iterator[tuple[str, str, str]]:
    """User name, given and family name; namesakes are numbered."""
    given, family = list(_GIVEN), list(_FAMILY)
    if seed != 1:
        Random(f"names/{seed}").shuffle(given)  # noqa: S311 - no secret
        Random(f"families/{seed}").shuffle(family)  # noqa: S311 - no secret
    for n in range(people):
        first, last = given[n % len(given)], family[n % len(family)]
        namesake = n // (len(given) * len(family))
        yield f"{first}.{last}{namesake or ''}".lower(), first, last


def _member(
    n: int, names: list[tuple[str, str, str]], luck: Random, department: Department, place: int, size: int, manager: int
) -> Doc:
    """Somebody at a place of their department's tree, which is filled level by level."""
    level = _height(place, size)
    title = department.head if place == 0 else department.lead if level else luck.choice(department.titles)
    if level > 1 and place:
        title = f"Senior {department.lead}"
    kind, ends = _employment(n, luck) if level == 0 and place > PRIVILEGED else ("Employee", None)
    values: Doc = {"department": department.name, "jobTitle": _titled(title, kind), "employeeType": kind}
    if ends is not None:
        values["employeeLeaveDateTime"] = ends
    values["_manager"] = made(f"user/{names[manager][0]}")
    frontline = department.frontline and level == 0 and place > REPORTS // 2
    values |= licences(_held(kind, frontline))
    return _employee(n, names[n], luck, **values)


def _height(place: int, size: int) -> int:
    """How many levels of people report to a place: 0 for who manages nobody."""
    below = REPORTS * place + 1
    return 1 + _height(below, size) if below < size else 0


def _employment(n: int, luck: Random) -> tuple[str, str | None]:
    """Most are employed for good; two in seventeen are contractors, one is an intern, and these have a last day."""
    draw = 7 * n % 17
    if draw < 2:
        return "Contractor", f"{luck.randint(2027, 2028)}-{luck.randint(1, 12):02d}-28T17:00:00Z"
    if draw == 2:
        return "Intern", f"2027-{luck.choice((3, 6, 9)):02d}-30T17:00:00Z"
    return "Employee", None


def _titled(title: str, kind: str) -> str:
    return f"{title.removeprefix('Senior ').removeprefix('Principal ')} Intern" if kind == "Intern" else title


def _held(kind: str, frontline: bool) -> list[tuple[str, str | None]]:
    """A product given directly to everybody; one by a group to those who are employed for good."""
    direct: list[tuple[str, str | None]] = [(SPE_F1 if frontline else SPE_E3, None)]
    return direct if frontline or kind != "Employee" else [*direct, (AAD_PREMIUM_P2, LICENCE_GROUP)]


def _employee(n: int, name: tuple[str, str, str], luck: Random, **values: object) -> Doc:
    office = luck.choices(OFFICES, weights=(6, 4, 3, 4, 2, 3))[0]
    hired = min(2012 + n % 14, 2025)
    doc: Doc = {
        "employeeId": f"P{n + 1:05d}",
        "employeeType": "Employee",
        "employeeHireDate": f"{hired}-{luck.randint(1, 12):02d}-01T00:00:00Z",
        "officeLocation": office.name,
        "city": office.name,
        "country": office.name_of_country,
        "usageLocation": office.country,
        "preferredLanguage": office.language,
        "businessPhones": [f"{office.phone} {1000 + n % 9000}"],
        "_time_zone": office.time_zone,
        **licences(_held("Employee", frontline=False)),
        **values,
    }
    return person(*name, **{**doc, **(_synced(name[0]) if n in SYNCED else {})})


def person(username: str, given: str, family: str, **values: object) -> Doc:
    """A user with every property that is stored (Graph resource type user)."""
    key, upn = made(f"user/{username}"), f"{username}@{DOMAIN}"
    return {
        "id": key,
        "accountEnabled": True,
        "businessPhones": [],
        "companyName": "Practice Ltd",
        "createdDateTime": SINCE,
        "deletedDateTime": None,
        "department": None,
        "displayName": f"{given} {family}",
        "employeeHireDate": None,
        "employeeId": None,
        "employeeType": None,
        "givenName": given,
        "jobTitle": None,
        "mail": upn,
        "mailNickname": username,
        "mobilePhone": None,
        "officeLocation": None,
        "onPremisesSyncEnabled": None,
        "preferredLanguage": None,
        "proxyAddresses": [f"SMTP:{upn}"],
        "surname": family,
        "usageLocation": "GB",
        "userPrincipalName": upn,
        "userType": "Member",
        "securityIdentifier": security_identifier(key),
        "lastPasswordChangeDateTime": SINCE,
        "signInSessionsValidFromDateTime": SINCE,
        "refreshTokensValidFromDateTime": SINCE,
        "_manager": None,
        "_password": None,
        **licences([(SPE_E3, None)]),
        **values,
    }


def licences(held: list[tuple[str, str | None]]) -> Doc:
    """Products a user has, each with the group that gives it (None: directly)."""
    states: list[Doc] = [
        {
            "skuId": sku_id,
            "disabledPlans": [],
            "assignedByGroup": group,
            "state": "Active",
            "error": "None",
            "lastUpdatedDateTime": SINCE,
        }
        for sku_id, group in held
    ]
    return {
        "licenseAssignmentStates": states,
        "assignedLicenses": [{"skuId": sku_id, "disabledPlans": []} for sku_id, _ in held],
    }


def security_identifier(object_id: str) -> str:
    """``securityIdentifier``: the id's bytes as four little-endian numbers."""
    raw = UUID(object_id).bytes_le
    return "S-1-12-1-" + "-".join(str(int.from_bytes(raw[i : i + 4], "little")) for i in range(0, 16, 4))


def _synced(username: str) -> Doc:
    """Mastered on premises: Graph may not change these."""
    return {
        "onPremisesSyncEnabled": True,
        "onPremisesImmutableId": b64encode(UUID(made(f"guid/{username}")).bytes).decode(),
        "onPremisesLastSyncDateTime": SINCE,
        "onPremisesDomainName": "corp.practice.example",
        "onPremisesSamAccountName": username[:20],
    }
