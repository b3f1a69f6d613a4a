"""What the table says of a run: whose request was whose, what counts as expected, and how long things took."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.feed import Row, plan_feed
from embedded.results import Results, duration, percentile
from embedded.tenant_record import Requests

OBJECT, MANAGER = "0b1c2d3e-0000-4000-8000-000000000001", "0b1c2d3e-0000-4000-8000-000000000002"


def lifecycle(name: str, minute: int, **values: Any) -> dict[str, Any]:
    """A lifecycle as the API shows it, accepted at this minute."""
    kind, employee_id, _ = name.split(":")
    accepted = f"2026-03-01T10:{minute:02}:00Z"
    shown = {"id": name, "kind": kind, "employee_id": employee_id, "created_at": accepted, "occurred_at": accepted}
    return {"object_id": OBJECT, "status": "completed", "ended_at": None, "steps": [], **shown, **values}


def request(n: int, minute: int, path: str, **values: Any) -> dict[str, Any]:
    """A row of the tenant's record."""
    return {"n": n, "at": f"2026-03-01T10:{minute:02}:30.000Z", "path": path, "status": 200, "body": None, **values}


PEOPLE = {
    "joiner:7A:hire": lifecycle("joiner:7A:hire", 0),
    "leaver:7A:leave": lifecycle("leaver:7A:leave", 5),
    "joiner:9A:hire": lifecycle("joiner:9A:hire", 0, object_id=MANAGER),
}


@pytest.mark.parametrize(
    ("row", "whose"),
    [
        (request(1, 1, f"/v1.0/users/{OBJECT}"), "joiner:7A:hire"),
        (request(1, 6, f"/v1.0/users/{OBJECT}"), "leaver:7A:leave"),
        (
            request(1, 1, f"/v1.0/users/{OBJECT}/manager/$ref", body={"@odata.id": f"…/users/{MANAGER}"}),
            "joiner:7A:hire",
        ),
        (request(1, 1, "/v1.0/users", body={"employeeId": "7A", "manager@odata.bind": MANAGER}), "joiner:7A:hire"),
        (request(1, 1, "/v1.0/users", query="$filter=employeeId eq '7A'"), "joiner:7A:hire"),
        (
            request(1, 1, "/v1.0/groups/x/members/$ref", body={"@odata.id": f"…/directoryObjects/{OBJECT}"}),
            "joiner:7A:hire",
        ),
    ],
)
def test_a_request_belongs_to_the_lifecycle_of_the_person_it_names(row: dict[str, Any], whose: str) -> None:
    assert Requests([row]).by_lifecycle(PEOPLE) == {whose: 1}


def test_a_request_that_names_nobody_is_nobodys() -> None:
    assert Requests([request(1, 1, "/v1.0/subscribedSkus")]).by_lifecycle(PEOPLE) == {}


def test_a_batch_is_one_request_of_whom_its_parts_name_and_its_throttled_parts_count() -> None:
    parts = [request(n, 6, f"/v1.0/groups/g{n}/members/{OBJECT}/$ref", batch=1, status=429) for n in (2, 3)]
    requests = Requests([request(1, 6, "/v1.0/$batch"), *parts])
    assert requests.by_lifecycle(PEOPLE) == {"leaver:7A:leave": 1}
    assert len(requests.sent) == 1
    assert requests.throttled == 2


def test_time_is_counted_from_acceptance_to_the_end_or_the_last_step_but_the_second_look() -> None:
    steps = [
        {"leg": "account", "ended_at": "2026-03-01T10:00:07Z", "state": "done"},
        {"leg": "second_look", "ended_at": "2026-03-01T10:00:20Z", "state": "done"},
    ]
    assert duration(lifecycle("leaver:7A:leave", 0, steps=steps, status="retained")) == 7
    assert duration(lifecycle("joiner:7A:hire", 0, steps=steps, ended_at="2026-03-01T10:00:09Z")) == 9
    assert duration(lifecycle("joiner:7A:hire", 0)) is None
    begun_late = {"created_at": "2026-03-01T10:00:04Z", "ended_at": "2026-03-01T10:00:09Z"}
    assert duration(lifecycle("joiner:7A:hire", 0, **begun_late)) == 9


def test_percentiles_are_values_that_were_measured() -> None:
    assert percentile([1.0], 95) == 1.0
    assert percentile([float(n) for n in range(1, 101)], 95) == 95.0
    assert percentile([1.0, 2.0], 95) == 2.0


@pytest.fixture(scope="module")
def as_planned() -> Results:
    """A run in which all came out as planned."""
    row = dict.fromkeys(("ManagerID", "Company", "Location", "JobTitle", "Department"), "x")
    rows: list[Row] = [
        row
        | {"WorkerID": str(1000 + n), "WorkerStatus": "Active", "OnLeave": "False", "WorkerType": "Employee"}
        | {"FirstName": "A", "LastName": f"B{n}", "CountryCode": "UK", "HireDate": "2020-01-01"}
        for n in range(61)
    ]
    plan = plan_feed(rows, "A", datetime(2026, 3, 1, tzinfo=UTC))
    seen = {i: lifecycle(i, 0, status=status) for i, status in plan.expected.items()}
    return Results(plan, seen, Requests())


def changed(results: Results, seen: Mapping[str, Any]) -> Results:
    """The same with other lifecycles seen."""
    return Results(results.plan, {**results.seen, **seen}, results.requests)


def test_what_came_out_as_planned_is_as_expected(as_planned: Results) -> None:
    assert as_planned.as_expected
    assert as_planned.lines()[-1] == "outcome    exactly as expected"


def test_a_leaver_with_nothing_to_keep_may_be_completed(as_planned: Results) -> None:
    one = next(i for i, status in as_planned.plan.expected.items() if status == "retained")
    assert changed(as_planned, {one: lifecycle(one, 0, status="completed")}).as_expected


def test_a_parked_step_that_nobody_expected_is_a_surprise_with_its_reason(as_planned: Results) -> None:
    one = next(i for i in as_planned.plan.expected if i.startswith("mover:"))
    step = {"name": "licence", "state": "attention", "cause": "NoLicenceLeft", "last_error": "none left", "leg": "x"}
    parked = lifecycle(one, 0, status="attention", steps=[step | {"ended_at": None}])
    results = changed(as_planned, {one: parked})
    assert results.surprises == [f"{one}: expected completed, is attention: licence: NoLicenceLeft: none left"]
    assert not results.as_expected


def test_a_lifecycle_that_is_missing_or_not_planned_is_a_surprise(as_planned: Results) -> None:
    missing = next(iter(as_planned.plan.expected))
    seen = {i: item for i, item in as_planned.seen.items() if i != missing}
    seen["mover:1A:x"] = lifecycle("mover:1A:x", 0)
    results = Results(as_planned.plan, seen, Requests())
    assert results.surprises == [f"{missing}: expected completed, is not there", "mover:1A:x: nobody expected it"]
