"""Answers of the API as its contract shapes them."""

from datetime import UTC, datetime, timedelta
from typing import Any

Json = dict[str, Any]
NOW = datetime.now(UTC)


def at(seconds: float) -> str:
    """A moment ``seconds`` from now."""
    return (NOW + timedelta(seconds=seconds)).isoformat()


def step(name: str, state: str = "done", **more: Any) -> Json:
    """A step of a run sheet."""
    began = None if state in ("waiting", "skipped") else at(-60)
    ended = at(-50) if state in ("done", "attention", "undone") else None
    return {
        "name": name,
        "leg": "groups",
        "activity": "groups.add",
        "state": state,
        "attempts": 1,
        "cause": None,
        "last_error": None,
        "input": {"names": ["Finance"], "group_ids": ["8a1f"]},
        "evidence": {},
        "grade": None,
        "started_at": began,
        "ended_at": ended,
    } | more


def lifecycle(status: str = "running", kind: str = "joiner", employee_id: str = "E1", **more: Any) -> Json:
    """A lifecycle."""
    return {
        "id": f"{kind}:{employee_id}:evt-1",
        "kind": kind,
        "status": status,
        "employee_id": employee_id,
        "event_id": "evt-1",
        "event_type": "new-hire",
        "effective_at": at(-90),
        "occurred_at": at(-95),
        "policy_hash": "9f3c2ab41d07",
        "waiting_for": None,
        "object_id": None,
        "cut_at": None,
        "created_at": at(-95),
        "started_at": at(-80),
        "ended_at": None,
        "summary": None,
        "steps": [step("groups")],
    } | more


def person(employee_id: str = "E1", **more: Any) -> Json:
    """A person as ``GET /people/{employee_id}`` gives them."""
    return {
        "employee_id": employee_id,
        "object_id": "7d0c",
        "upn": "ines.moreau@practice.example",
        "given_name": "Ines",
        "family_name": "Moreau",
        "title": "Controller",
        "department": "Finance",
        "country": "NL",
        "employee_type": "employee",
        "time_zone": "Europe/Amsterdam",
        "account_enabled": True,
        "grants": [],
        "lifecycles": [],
    } | more


def receipt(kind: str, event: Json) -> Json:
    """A 202 of ``POST /hr/…``."""
    return {
        "event_id": event["event_id"],
        "employee_id": event["employee_id"],
        "status": "accepted",
        "person_workflow_id": f"person:{event['employee_id']}",
        "lifecycle_workflow_id": f"{kind}:{event['employee_id']}:{event['event_id']}",
        "links": {},
    }


def problem(status: int, detail: str, **fields: str) -> Json:
    """A problem document (RFC 9457) that names ``fields``."""
    errors = [{"field": name.replace("__", "."), "message": message} for name, message in fields.items()]
    return {"type": "urn:jml:problem:x", "title": "x", "status": status, "detail": detail, "errors": errors}
