"""A practice feed: rows of Microsoft's 1,000-person sample file → what an HR system would send about some of them.

The file (``embedded/sample``) looks clean and is not: a ``WorkerID`` may stand on several rows with different names,
most ``ManagerID`` point nowhere, the country ``UK`` is not ISO 3166, people are on leave and inactive at once. So only
rows are taken whose id is unique, and every cell is read as text. City and country disagree; neither is derived from
the other, and ``Location`` is the office. All hire dates lie in the past.
"""

import csv
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from io import StringIO

from domain.events import Changes, EmployeeType, NewHire, Rescind, Termination, TerminationKind, Update
from domain.runsheet import LifecycleStatus

Row = dict[str, str]

HIRES = 60
EMPLOYEE_TYPES: dict[str, EmployeeType] = {"Employee": "employee", "Contractor": "contractor", "Intern": "intern"}
COUNTRIES = {"UK": "GB"}

# Stand-ins for the managers that the file names and does not hold; their ids lie outside the file's.
DIRECTORS = (
    ("9001", "Łucja", "Groß", "Manufacturing", "DE"),
    ("9002", "Siobhán", "O'Neill", "Human Resources", "GB"),
    ("9003", "İpek", "Çelik-Dubois", "Finance", "FR"),
    ("9004", "Anjali", "-", "Product Engineering", "IN"),
    ("9005", "Renée Marie", "Müller", "Sales", "US"),
)
# What job changes bring; {director} is one of the five. The two last are departments the file does not have.
CHANGES: tuple[dict[str, str], ...] = (
    {"title": "Senior {title}"},
    {"department": "Finance", "title": "Accountant"},
    {"manager_id": "{director}"},
    {"department": "Sales", "manager_id": "{director}", "office": "Europe"},
    {"office": "North America", "country": "US"},
    {"department": "Engineering", "title": "Software Developer", "manager_id": "{director}"},
    {"department": "IT", "title": "Helpdesk Engineer"},
)
MOVES = 15
EARLY = 3
ORDINARY = 10
KINDS: tuple[TerminationKind, ...] = ("voluntary", "end_of_contract", "retirement", "involuntary")


def read_rows(text: str) -> list[Row]:
    """The file's rows, every cell as text: guessed types lose leading zeros and people called Null."""
    return list(csv.DictReader(StringIO(text.removeprefix("\ufeff"))))


def qualifying(rows: Iterable[Row]) -> list[Row]:
    """The rows fit to be hired: the id stands once in the file, the person is active and not on leave."""
    rows = list(rows)
    times = Counter(row["WorkerID"] for row in rows)
    return [
        row
        for row in rows
        if times[row["WorkerID"]] == 1 and row["WorkerStatus"] == "Active" and row["OnLeave"] == "False"
    ]


@dataclass(frozen=True, slots=True)
class FeedPlan:
    """What is sent, in this order: ``directors`` (wait until they are completed), ``hires`` with each of
    ``early_leavers`` right behind its own hire, then, all joiners having ended, ``changes`` and ``leavers``; last
    ``rescind``, which takes back ``future_leaver``.

    ``expected`` says of each lifecycle how it ends; ``stand_ins`` how many hires report to a stand-in.
    """

    directors: list[NewHire]
    hires: list[NewHire]
    early_leavers: list[Termination]
    changes: list[Update]
    leavers: list[Termination]
    future_leaver: Termination
    stranger: Termination
    rescind: Rescind
    stand_ins: int
    expected: dict[str, LifecycleStatus] = field(default_factory=dict)

    @property
    def tally(self) -> Counter[LifecycleStatus]:
        """How many lifecycles are expected to end how."""
        return Counter(self.expected.values())


# --- hires


def _directors(letters: str) -> list[NewHire]:
    return [
        NewHire(
            event_id="hire",
            employee_id=worker + letters,
            given_name=given,
            family_name=family,
            title="Director",
            department=department,
            country=country,
            employee_type="employee",
            hire_date=date(2010, 1, 4),
        )
        for worker, given, family, department, country in DIRECTORS
    ]


def _hire(row: Row, letters: str, manager_id: str) -> NewHire:
    return NewHire(
        event_id="hire",
        employee_id=row["WorkerID"] + letters,
        given_name=row["FirstName"],
        family_name=row["LastName"],
        title=row["JobTitle"],
        department=row["Department"],
        company=row["Company"],
        office=row["Location"],
        country=COUNTRIES.get(row["CountryCode"], row["CountryCode"]),
        employee_type=EMPLOYEE_TYPES[row["WorkerType"]],
        manager_id=manager_id,
        hire_date=date.fromisoformat(row["HireDate"]),
    )


def _managers_first(rows: Sequence[Row]) -> list[Row]:
    """The rows in the file's order, but whoever manages another of them before that one."""
    of_id = {row["WorkerID"]: row for row in rows}
    ordered: dict[str, Row] = {}

    def put(row: Row, above: frozenset[str]) -> None:
        manager = of_id.get(row["ManagerID"])
        if manager is not None and row["ManagerID"] not in above:
            put(manager, above | {row["WorkerID"]})
        ordered.setdefault(row["WorkerID"], row)

    for row in rows:
        put(row, frozenset())
    return list(ordered.values())


def _hires(rows: Sequence[Row], letters: str) -> tuple[list[NewHire], int]:
    """The hires, and how many of them report to a stand-in: one of the department where there is one."""
    ids = {row["WorkerID"] for row in rows}
    director_of = {department: worker for worker, _, _, department, _ in DIRECTORS}
    hires, stand_ins = [], 0
    for number, row in enumerate(_managers_first(rows)):
        manager = row["ManagerID"]
        if manager not in ids or manager == row["WorkerID"]:
            manager = director_of.get(row["Department"], DIRECTORS[number % len(DIRECTORS)][0])
            stand_ins += 1
        hires.append(_hire(row, letters, manager + letters))
    return hires, stand_ins


# --- changes and terminations


def _change(number: int, hire: NewHire, letters: str) -> dict[str, str]:
    """The number's kind of change, or the next one that is a change for this person."""
    director = DIRECTORS[(number + 1) % len(DIRECTORS)][0] + letters
    for kind in (CHANGES[(number + more) % len(CHANGES)] for more in range(len(CHANGES))):
        change = {name: value.format(title=hire.title, director=director) for name, value in kind.items()}
        if any(getattr(hire, name) != value for name, value in change.items()):
            return change
    raise ValueError(f"no kind of change is one for {hire.employee_id}")


def _update(number: int, hire: NewHire, letters: str, today: date) -> Update:
    return Update(
        event_id="move",
        employee_id=hire.employee_id,
        effective_at=today - timedelta(days=1),
        changes=Changes.model_validate(_change(number, hire, letters)),
    )


def _termination(number: int, employee_id: str, last_day: date) -> Termination:
    return Termination(event_id="leave", employee_id=employee_id, last_day=last_day, kind=KINDS[number % len(KINDS)])


def _expected(plan: FeedPlan) -> dict[str, LifecycleStatus]:
    expected: dict[str, LifecycleStatus] = {}
    expected |= {f"joiner:{hire.employee_id}:hire": "completed" for hire in (*plan.directors, *plan.hires)}
    expected |= {f"joiner:{leaver.employee_id}:hire": "superseded" for leaver in plan.early_leavers}
    expected |= {f"mover:{change.employee_id}:move": "completed" for change in plan.changes}
    retained = (*plan.early_leavers, *plan.leavers)
    expected |= {f"leaver:{leaver.employee_id}:leave": "retained" for leaver in retained}
    expected[f"leaver:{plan.future_leaver.employee_id}:leave"] = "cancelled"
    expected[f"leaver:{plan.stranger.employee_id}:leave"] = "attention"
    return expected


def plan_feed(rows: Iterable[Row], letters: str, now: datetime) -> FeedPlan:
    """The feed of one run: ``letters`` behind each worker's id make people whom no other run has hired.

    Job changes and terminations concern different people, none of them anybody's manager. Terminations that are due
    have a last day two days ago, which is past in every time zone. Raises ``ValueError`` for other letters than A–Z.
    """
    if not re.fullmatch("[A-Z]{1,8}", letters):
        raise ValueError(f"letters: {letters!r} is not one to eight capital letters")
    fit, today = qualifying(rows), now.date()
    hires, stand_ins = _hires(fit[:HIRES], letters)
    managers = {hire.manager_id for hire in hires}
    free = [hire for hire in hires if hire.employee_id not in managers]
    moving, leaving = free[:MOVES], free[MOVES : MOVES + EARLY + ORDINARY + 1]
    due = [_termination(number, hire.employee_id, today - timedelta(days=2)) for number, hire in enumerate(leaving)]
    future = _termination(0, leaving[-1].employee_id, today + timedelta(days=30))
    plan = FeedPlan(
        directors=_directors(letters),
        hires=hires,
        early_leavers=due[:EARLY],
        changes=[_update(number, hire, letters, today) for number, hire in enumerate(moving)],
        leavers=due[EARLY:-1],
        future_leaver=future,
        stranger=_termination(0, fit[HIRES]["WorkerID"] + letters, today - timedelta(days=2)),
        rescind=Rescind(event_id="rescind", employee_id=future.employee_id, target_event_id="leave"),
        stand_ins=stand_ins,
    )
    plan.expected.update(_expected(plan))
    return plan
