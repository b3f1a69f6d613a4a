"""HR events: receipts, and what is refused."""

import json
import uuid
from datetime import datetime
from typing import Any

import pytest
from temporalio.client import Client

from ledger import Entry, Ledger, LifecyclePatch, PersonPatch
from tests.api.samples import day, hire, leaving, somebody
from tests.api.serving import Api, fields


def event_id() -> str:
    return f"ev-{uuid.uuid4().hex[:8]}"


async def open_people(temporal: Client, employee_id: str) -> int:
    return (await temporal.count_workflows(f"WorkflowId = 'person:{employee_id}'")).count


async def test_a_receipt_says_where_to_look(api: Api, temporal: Client) -> None:
    body = hire(event_id="HR:2026.1")
    who = body["employee_id"]
    answer = await api.post("/hr/new-hire", body, role="Hr.Operator")
    assert answer.status_code == 202
    lifecycle_id = f"joiner:{who}:HR:2026.1"
    assert answer.json() == {
        "event_id": "HR:2026.1",
        "employee_id": who,
        "status": "accepted",
        "person_workflow_id": f"person:{who}",
        "lifecycle_workflow_id": lifecycle_id,
        "links": {
            "lifecycle": f"{api.settings.api_url}/lifecycles/{lifecycle_id}",
            "person": f"{api.settings.api_url}/people/{who}",
            "console": f"{api.settings.ui_url}/lifecycle?id={lifecycle_id}",
            "temporal": f"{api.settings.temporal_ui_url}/namespaces/default/workflows/{lifecycle_id}",
        },
    }
    assert await open_people(temporal, who) == 1


@pytest.mark.parametrize(
    ("path", "body", "kind"),
    [
        ("new-hire", hire(), "joiner"),
        ("update", {"employee_id": somebody(), "effective_at": day(3), "changes": {"office": None}}, "mover"),
        (
            "update",
            {"employee_id": somebody(), "effective_at": "2027-03-01T09:00Z", "changes": {"office": "7"}},
            "mover",
        ),
        ("termination", leaving(), "leaver"),
        ("termination", leaving(last_day=None, effective_at="2027-03-01T09:00:00Z", urgent=True), "leaver"),
        ("leave", {"employee_id": somebody(), "effective_at": day(3)}, "leaver"),
        ("leave", {"employee_id": somebody()}, "leaver"),
    ],
    ids=lambda item: item if isinstance(item, str) else "",
)
async def test_each_event_names_the_lifecycle_it_starts(api: Api, path: str, body: dict[str, Any], kind: str) -> None:
    answer = await api.post(f"/hr/{path}", {**body, "event_id": "a"}, role="Events.Submit")
    assert answer.status_code == 202, answer.text
    assert answer.json()["lifecycle_workflow_id"] == f"{kind}:{body['employee_id']}:a"


async def test_a_sender_may_forget_the_content_type(api: Api) -> None:
    answer = await api.call("POST", "/hr/new-hire", content=json.dumps(hire()), role="Events.Submit")
    assert answer.status_code == 202, answer.text


async def test_without_an_id_the_same_body_is_the_same_event(api: Api) -> None:
    body = hire()
    first = (await api.post("/hr/new-hire", body, role="Hr.Operator")).json()
    shuffled = dict(sorted({**body, "office": None, "country": "NL"}.items()))
    again = (await api.post("/hr/new-hire", shuffled, role="Hr.Operator")).json()
    other = (await api.post("/hr/new-hire", {**body, "title": "Boss"}, role="Hr.Operator")).json()
    assert first["event_id"].startswith("body-")
    assert (first["status"], again["status"], other["status"]) == ("accepted", "duplicate", "accepted")
    assert first["event_id"] == again["event_id"] != other["event_id"]
    assert first["lifecycle_workflow_id"] == again["lifecycle_workflow_id"]


async def test_to_clear_a_field_is_another_event_than_to_leave_it(api: Api) -> None:
    who = somebody()
    ids = set()
    for changes in ({"office": None}, {"company": None}, {"office": None, "company": None}, {"office": "7"}):
        body = {"employee_id": who, "effective_at": day(9), "changes": changes}
        ids.add((await api.post("/hr/update", body, role="Hr.Operator")).json()["event_id"])
    assert len(ids) == 4


async def test_an_event_that_the_ledger_has_is_a_duplicate(api: Api, ledger: Ledger, temporal: Client) -> None:
    body = hire(event_id=event_id())
    who = body["employee_id"]
    ledger.append(Entry(key=f"event:{who}:{body['event_id']}", kind="event", actor="hr", employee_id=who))
    answer = await api.post("/hr/new-hire", body, role="Hr.Operator")
    assert (answer.status_code, answer.json()["status"]) == (202, "duplicate")
    assert await open_people(temporal, who) == 0


async def test_the_same_id_of_another_person_is_another_event(api: Api) -> None:
    for _ in range(2):
        answer = await api.post("/hr/termination", leaving(event_id="same"), role="Hr.Operator")
        assert answer.json()["status"] == "accepted"


async def test_rescind_and_return_name_their_target_if_the_ledger_knows_it(api: Api, ledger: Ledger) -> None:
    who = somebody()
    for number, (kind, event_type) in enumerate([("joiner", "new-hire"), ("leaver", "leave"), ("mover", "update")]):
        lifecycle_id = f"{kind}:{who}:e{number}"
        patch = LifecyclePatch(lifecycle_id, event_type=event_type, status="scheduled")
        ledger.append(Entry(f"event:{who}:e{number}", "event", "hr", who, f"e{number}", lifecycle_id), lifecycle=patch)

    async def target(path: str, **other: str) -> Any:
        body = {"employee_id": who, "event_id": event_id(), **other}
        answer = await api.post(f"/hr/{path}", body, role="Hr.Operator")
        assert answer.status_code == 202, answer.text
        return answer.json()["lifecycle_workflow_id"]

    assert await target("rescind") == f"mover:{who}:e2"
    assert await target("rescind", target_event_id="e0") == f"joiner:{who}:e0"
    assert await target("rescind", target_event_id="e9") is None
    assert await target("return") == f"leaver:{who}:e1"
    unknown = (await api.post("/hr/rescind", {"employee_id": somebody()}, role="Hr.Operator")).json()
    assert unknown["lifecycle_workflow_id"] is None
    assert unknown["links"]["lifecycle"] is None


BAD: list[tuple[str, dict[str, Any], str]] = [
    *(
        ("new-hire", hire(**{name: None}), name)
        for name in ("employee_id", "given_name", "family_name", "title", "country", "employee_type", "hire_date")
    ),
    ("new-hire", {name: value for name, value in hire().items() if name != "department"}, "department"),
    ("new-hire", hire(country="XX"), "country"),
    ("new-hire", hire(country="UK"), "country"),
    ("new-hire", hire(country="nl"), "country"),
    ("new-hire", hire(country=7), "country"),
    ("new-hire", hire(hire_date=day(10), end_date=day(9)), "end_date"),
    ("new-hire", hire(employee_id="E1", manager_id="E1"), "manager_id"),
    ("new-hire", hire(employee_id="a/b"), "employee_id"),
    ("new-hire", hire(employee_id=""), "employee_id"),
    ("new-hire", hire(employee_id="x" * 65), "employee_id"),
    ("new-hire", hire(employee_id="E1\n"), "employee_id"),
    ("new-hire", hire(event_id="a/b"), "event_id"),
    ("new-hire", hire(event_id="x" * 129), "event_id"),
    ("new-hire", hire(given_name="  "), "given_name"),
    ("new-hire", hire(given_name="\ud800"), "given_name"),
    ("new-hire", hire(employee_type="robot"), "employee_type"),
    ("new-hire", hire(hire_date="31-12-2026"), "hire_date"),
    ("new-hire", hire(hire_date="2026-02-30"), "hire_date"),
    ("new-hire", hire(hire_date="0001-01-01"), "hire_date"),
    ("new-hire", hire(time_zone="Mars/Olympus"), "time_zone"),
    ("new-hire", hire(personal_email="nowhere"), "personal_email"),
    ("new-hire", hire(occurred_at="2026-01-01T10:00:00"), "occurred_at"),
    ("new-hire", hire(shoe_size=43), "shoe_size"),
    ("new-hire", hire(type="update"), "type"),
    ("update", {"employee_id": "E1", "effective_at": day(1), "changes": {}}, "changes"),
    ("update", {"employee_id": "E1", "effective_at": day(1)}, "changes"),
    ("update", {"employee_id": "E1", "changes": {"title": "X"}}, "effective_at"),
    ("update", {"employee_id": "E1", "effective_at": "soon", "changes": {"title": "X"}}, "effective_at"),
    ("update", {"employee_id": "E1", "effective_at": "2027-01-01T09:00:00", "changes": {"title": "X"}}, "effective_at"),
    ("update", {"employee_id": "E1", "effective_at": day(1), "changes": {"title": None}}, "changes.title"),
    ("update", {"employee_id": "E1", "effective_at": day(1), "changes": {"country": "XX"}}, "changes.country"),
    ("update", {"employee_id": "E1", "effective_at": day(1), "changes": {"colour": "red"}}, "changes.colour"),
    ("update", {"employee_id": "E1", "effective_at": day(1), "changes": {"manager_id": "E1"}}, "manager_id"),
    ("termination", leaving(last_day=None), "last_day"),
    ("termination", leaving(effective_at="2027-01-01T09:00:00Z"), "last_day"),
    ("termination", leaving(kind="because"), "kind"),
    ("termination", leaving(kind=None), "kind"),
    ("termination", leaving(employee_id="E1", transfer_to="E1"), "transfer_to"),
    ("termination", leaving(employee_id="E1", forward_mail_to="E1"), "forward_mail_to"),
    ("termination", leaving(delete_after_days=-1), "delete_after_days"),
    ("termination", leaving(last_day="9999-12-31", time_zone=None) | {"employee_id": "a b"}, "employee_id"),
    ("rescind", {}, "employee_id"),
    ("rescind", {"employee_id": "E1", "target_event_id": "a b"}, "target_event_id"),
    ("leave", {"employee_id": "E1", "effective_at": "soon"}, "effective_at"),
    ("return", {"employee_id": "E1", "effective_at": {}}, "effective_at"),
]


@pytest.mark.parametrize(("path", "body", "field"), BAD, ids=lambda item: item if isinstance(item, str) else "")
async def test_a_bad_event_names_its_field_and_starts_nothing(
    api: Api, temporal: Client, path: str, body: dict[str, Any], field: str
) -> None:
    assert field in fields(await api.post(f"/hr/{path}", body, role="Hr.Operator"))
    if str(body.get("employee_id", "")).isalnum():
        assert await open_people(temporal, body["employee_id"]) == 0


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"7", b'"text"', b"\xff\xfe", b"[" * 200_000, b'{"employee_id": NaN}'],
    ids=lambda content: str(content[:12]),
)
async def test_a_body_that_is_no_event_is_422(api: Api, content: bytes) -> None:
    headers = {"content-type": "application/json"}
    assert fields(await api.call("POST", "/hr/new-hire", content=content, headers=headers, role="Hr.Operator"))


async def test_a_last_day_before_the_hire_of_somebody_who_has_joined_is_refused(api: Api, ledger: Ledger) -> None:
    who = somebody()
    since = datetime.fromisoformat(f"{day(-10)}T00:00:00+00:00")
    person = PersonPatch(who, since, {"hire_date": day(-10), "time_zone": "Europe/Amsterdam"})
    ledger.append(Entry(f"event:{who}:hired", "event", "hr", who, "hired"), person=person)
    early = await api.post("/hr/termination", leaving(employee_id=who, last_day=day(-11)), role="Hr.Operator")
    assert fields(early) == {"last_day"}
    moment = leaving(employee_id=who, last_day=None, effective_at=f"{day(-12)}T10:00:00Z")
    assert fields(await api.post("/hr/termination", moment, role="Hr.Operator")) == {"effective_at"}
    good = await api.post("/hr/termination", leaving(employee_id=who, last_day=day(-10)), role="Hr.Operator")
    assert good.status_code == 202


async def test_a_hire_that_never_comes_may_end_before_it_begins(api: Api, ledger: Ledger) -> None:
    who = somebody()
    since = datetime.fromisoformat(f"{day(-1)}T00:00:00+00:00")
    ledger.append(
        Entry(f"event:{who}:hired", "event", "hr", who, "hired"), person=PersonPatch(who, since, {"hire_date": day(30)})
    )
    answer = await api.post("/hr/termination", leaving(employee_id=who, last_day=day(1)), role="Hr.Operator")
    assert answer.status_code == 202
