"""Keeping ``lifecycles``, ``steps`` and ``people`` in step with the rows that change them."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, and_, bindparam, func, insert, select, update

from domain.runsheet import FINISHED
from ledger.columns import storable, utc_text
from ledger.database import Database
from ledger.models import LifecyclePatch, PersonPatch, StepPatch
from ledger.schema import lifecycles, people, steps

STEP_ENDED = frozenset({"done", "skipped", "undone"})
NAMED = ("given_name", "family_name", "preferred_name", "title", "department")


def _given(patch: LifecyclePatch | StepPatch) -> dict[str, Any]:
    """The patch's fields that change something; an empty text means NULL."""
    values = {field.name: getattr(patch, field.name) for field in fields(patch)}
    return {name: _stored(value) for name, value in values.items() if value is not None}


def _stored(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value) or None
    return value


def search_text(*parts: object) -> str:
    """What ``q`` is looked for in. Folded here: SQLite's own ``lower`` knows ASCII only."""
    return storable(" ".join(str(part) for part in parts if part).casefold()) or ""


class _Lines:
    """The statements on one table, built once: building takes SQLAlchemy longer than the database to carry them out."""

    def __init__(self, table: Table, *keys: str) -> None:
        match = and_(*(table.c[key] == bindparam(f"key_{key}") for key in keys))
        self._keys = keys
        self._find = select(table).where(match).with_for_update()
        self._insert = insert(table)
        self._update = update(table).where(match)

    def find(self, connection: Connection, *key: str) -> dict[str, Any] | None:
        row = connection.execute(self._find, self._bound(*key)).mappings().one_or_none()
        return None if row is None else dict(row)

    def write(self, connection: Connection, old: dict[str, Any] | None, new: dict[str, Any]) -> None:
        if old is None:
            connection.execute(self._insert, new)
        elif old != new:
            connection.execute(self._update, new | self._bound(*(new[key] for key in self._keys)))

    def _bound(self, *key: str) -> dict[str, str]:
        return {f"key_{name}": value for name, value in zip(self._keys, key, strict=True)}


_LIFECYCLES = _Lines(lifecycles, "lifecycle_id")
_STEPS = _Lines(steps, "lifecycle_id", "name")
_PEOPLE = _Lines(people, "employee_id")
_LAST_POSITION = select(func.max(steps.c.position)).where(steps.c.lifecycle_id == bindparam("lifecycle"))


# --- lifecycles


def _new_line(lifecycle_id: str, now: datetime) -> dict[str, Any]:
    kind, _, rest = lifecycle_id.partition(":")
    employee_id, _, event_id = rest.partition(":")
    line: dict[str, Any] = dict.fromkeys(column.name for column in lifecycles.columns)
    line |= {"kind": kind, "employee_id": employee_id, "event_id": event_id or None}
    return line | {"status": "scheduled", "created_at": now}


def _stamps(status: str, line: dict[str, Any], now: datetime) -> dict[str, Any]:
    started = line["started_at"] or (now if status == "running" else None)
    if status not in FINISHED:
        return {"started_at": started, "ended_at": None}
    was_finished = line["status"] in FINISHED
    return {"started_at": started, "ended_at": line["ended_at"] if was_finished and line["ended_at"] else now}


def patch_lifecycle(connection: Connection, patch: LifecyclePatch, now: datetime) -> None:
    """Insert or update a line of ``lifecycles``."""
    old = _LIFECYCLES.find(connection, patch.lifecycle_id)
    line = old or _new_line(patch.lifecycle_id, now)
    stamps = _stamps(patch.status, line, now) if patch.status else {}
    new = line | stamps | _given(patch)
    new["search"] = search_text(patch.lifecycle_id, new["object_id"], new["summary"])
    _LIFECYCLES.write(connection, old, new)


# --- steps


def _new_step(connection: Connection, lifecycle_id: str, name: str) -> dict[str, Any]:
    last = connection.scalar(_LAST_POSITION, {"lifecycle": lifecycle_id})
    position = 0 if last is None else last + 1
    step: dict[str, Any] = dict.fromkeys(column.name for column in steps.columns)
    step |= {"lifecycle_id": lifecycle_id, "name": name, "position": position}
    return step | {"state": "waiting", "attempts": 0, "input": {}, "evidence": {}}


def _step_follows(state: str | None, now: datetime) -> dict[str, Any]:
    if state is None:
        return {}
    follows: dict[str, Any] = {"ended_at": now if state in STEP_ENDED else None}
    if state == "done":
        follows |= {"cause": None, "last_error": None}
    return follows


def patch_steps(connection: Connection, lifecycle_id: str, patches: Sequence[StepPatch], now: datetime) -> None:
    """Insert or update steps of one lifecycle."""
    for patch in patches:
        old = _STEPS.find(connection, lifecycle_id, patch.name)
        step = old or _new_step(connection, lifecycle_id, patch.name)
        _STEPS.write(connection, old, step | _step_follows(patch.state, now) | _given(patch))


def begin_step(database: Database, lifecycle_id: str, name: str, attempt: int, now: datetime) -> None:
    """See :meth:`ledger.Ledger.begin_step`."""
    with database.write() as connection:
        database.lock(connection, lifecycle_id)
        line = _LIFECYCLES.find(connection, lifecycle_id)
        if line and line["status"] == "scheduled":
            patch_lifecycle(connection, LifecyclePatch(lifecycle_id, status="running"), now)
        step = _STEPS.find(connection, lifecycle_id, name)
        started = (step and step["started_at"]) or now
        patch = StepPatch(name, state="running", attempts=attempt, started_at=started)
        patch_steps(connection, lifecycle_id, [patch], now)


# --- people


def patch_person(connection: Connection, patch: PersonPatch) -> None:
    """Insert or update a person; an attribute yields only to a change that takes effect no earlier."""
    old = _PEOPLE.find(connection, patch.employee_id)
    person = old or {"employee_id": patch.employee_id, "object_id": None, "upn": None, "attributes": {}, "stamps": {}}
    at = utc_text(patch.effective_at)
    stamps = person["stamps"]
    fresh = {name: value for name, value in (patch.changes or {}).items() if stamps.get(name, "") <= at}
    new = person | {
        "attributes": person["attributes"] | fresh,
        "stamps": stamps | dict.fromkeys(fresh, at),
        "object_id": _replaced(person["object_id"], patch.object_id),
        "upn": _replaced(person["upn"], patch.upn),
    }
    named = (new["attributes"].get(name) for name in NAMED)
    new["search"] = search_text(patch.employee_id, new["upn"], new["object_id"], *named)
    _PEOPLE.write(connection, old, new)


def _replaced(old: str | None, new: str | None) -> str | None:
    return old if new is None else new or None
