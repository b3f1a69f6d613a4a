"""A small company to plan for: a policy, a catalogue, people, accounts."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from domain.events import Envelope, Leave, NewHire, Termination, Update
from domain.planning import Check, Phase, Plan, Request, make_plan
from domain.policy import Policy
from domain.runsheet import Step
from domain.snapshot import Account, Catalogue, Contact, Grant, GroupFact, SkuFact, Snapshot

ROOT = Path(__file__).resolve().parents[2]
POLICY = Policy.load(ROOT / "policies" / "default.yaml", "practice")
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HIRED = datetime(2026, 3, 1, tzinfo=UTC)

CATALOGUE = Catalogue(
    groups={
        name: GroupFact(id=f"g-{name.lower().replace(' ', '-')}", name=name)
        for name in ("Finance", "Sales", "Engineering", "IT", "Licence AAD_PREMIUM_P2", "Block sign-in")
    },
    skus={
        "SPE_E3": SkuFact(id="sku-e3", part="SPE_E3", plans={"TEAMS1": "plan-teams"}),
        "AAD_PREMIUM_P2": SkuFact(id="sku-p2", part="AAD_PREMIUM_P2"),
    },
    roles={"Helpdesk Administrator": "role-helpdesk"},
)
MANAGER = Contact(object_id="o-manager", mail="manager@practice.example")
PERSON: dict[str, Any] = {
    "given_name": "Ada",
    "family_name": "Byron",
    "title": "Analyst",
    "department": "Finance",
    "country": "GB",
    "employee_type": "employee",
    "manager_id": "m1",
}
FINANCE = Grant(kind="group", name="Finance", id="g-finance")
SALES = Grant(kind="group", name="Sales", id="g-sales")
PREMIUM = Grant(kind="group", name="Licence AAD_PREMIUM_P2", id="g-licence-aad_premium_p2")
BLOCK = Grant(kind="group", name="Block sign-in", id="g-block-sign-in")
CHESS = Grant(kind="group", name="Chess club", id="g-chess")
DYNAMIC = Grant(kind="group", name="Sales (dynamic)", id="g-dynamic", source="dynamic")
E3 = Grant(kind="licence", name="SPE_E3", id="sku-e3")
P2_BY_GROUP = Grant(kind="licence", name="AAD_PREMIUM_P2", id="sku-p2", source="by_group")
HELPDESK = Grant(kind="directory_role", name="Helpdesk Administrator", id="role-helpdesk", privileged=True)
IN_PLACE = (FINANCE, PREMIUM, E3, P2_BY_GROUP)


def account(**changes: Any) -> Account:
    """Ada's account as it is when all is well."""
    attributes = {
        "displayName": "Ada Byron",
        "givenName": "Ada",
        "surname": "Byron",
        "employeeId": "e1",
        "employeeType": "employee",
        "employeeHireDate": "2026-03-01T00:00:00Z",
        "jobTitle": "Analyst",
        "department": "Finance",
        "companyName": None,
        "officeLocation": None,
        "usageLocation": "GB",
    }
    values: dict[str, Any] = {
        "object_id": "o1",
        "upn": "ada.byron@practice.example",
        "enabled": True,
        "manager_id": "o-manager",
        "sessions_valid_from": "2026-03-01T00:00:00Z",
        "password_changed_at": "2026-03-01T00:00:01Z",
        "attributes": attributes | changes.pop("attributes", {}),
    }
    return Account(**(values | changes))


def hire(**changes: Any) -> Envelope:
    """Ada joins."""
    fields = PERSON | {"employee_id": "e1", "hire_date": date(2026, 3, 1)} | changes
    return _envelope(NewHire(**fields))


def update(**changes: Any) -> Envelope:
    """Ada's job changes."""
    return _envelope(Update(employee_id="e1", effective_at=HIRED, changes=changes))


def termination(**fields: Any) -> Envelope:
    """Ada leaves."""
    return _envelope(Termination(**({"employee_id": "e1", "last_day": date(2026, 3, 1), "kind": "voluntary"} | fields)))


def leave() -> Envelope:
    """Ada takes a leave of absence."""
    return _envelope(Leave(employee_id="e1"))


def _envelope(event: Any) -> Envelope:
    return Envelope(
        event=event,
        event_id="ev1",
        employee_id=event.employee_id,
        occurred_at=HIRED,
        effective_at=HIRED,
        due=True,
        actor="hr",
    )


def plan(
    phase: Phase,
    envelope: Envelope,
    found: Account | None = None,
    grants: tuple[Grant, ...] = (),
    *,
    person: dict[str, Any] | None = None,
    policy: Policy = POLICY,
    catalogue: Catalogue = CATALOGUE,
    manager: Contact | None = MANAGER,
    **more: Any,
) -> Plan:
    """The plan of a phase."""
    snapshot = Snapshot(account=found, grants=grants, catalogue=catalogue, manager=manager)
    known = PERSON if person is None else person
    request = Request(phase=phase, envelope=envelope, person=known, policy=policy, snapshot=snapshot, now=NOW, **more)
    return make_plan(request)


def names(made: Plan) -> list[str]:
    """The steps' names in sheet order."""
    return [step.name for step in made.steps]


def step(made: Plan, name: str) -> Step:
    """The step of this name."""
    return next(step for step in made.steps if step.name == name)


def labels(made: Plan, name: str) -> list[str]:
    """What a verify step looks for."""
    return [Check.model_validate(item).label for item in step(made, name).input["checks"]]


def check(made: Plan, verify: str, label: str) -> Check:
    """One check of a verify step."""
    checks = [Check.model_validate(item) for item in step(made, verify).input["checks"]]
    return next(item for item in checks if item.label == label)
