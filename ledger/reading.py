"""Lists and single things, read from the projections and the rows."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, select, tuple_

from domain.runsheet import FINISHED
from ledger.columns import moment_of, utc_text
from ledger.models import LifecycleView, Page, ParkedStep, PersonRow, Record, StepView
from ledger.paging import BadPageToken, key_of, page, page_size, token_of
from ledger.schema import lifecycles, people, records, steps
from ledger.writing import record_of


def _contains(column: ColumnElement[str], q: str) -> ColumnElement[bool]:
    return column.contains(q.casefold(), autoescape=True)


# --- records


def records_page(
    connection: Connection,
    filters: dict[str, str | None],
    since: datetime | None,
    page_token: str | None,
    limit: int,
    newest_first: bool,
) -> Page[Record]:
    """See :meth:`ledger.Ledger.records`."""
    query = select(records)
    for name, value in filters.items():
        if value is not None:
            query = query.where(records.c[name] == value)
    if since is not None:
        query = query.where(records.c.at >= since)
    if page_token is not None:
        (after,) = key_of(page_token, int)
        query = query.where(records.c.id < after if newest_first else records.c.id > after)
    limit = page_size(limit)
    order = records.c.id.desc() if newest_first else records.c.id
    rows = connection.execute(query.order_by(order).limit(limit + 1)).all()
    return page(rows, limit, record_of, lambda record: token_of(record.id))


# --- lifecycles

_LINE = [column for column in lifecycles.columns if column.name not in ("lifecycle_id", "search")]
_STEP = [column for column in steps.columns if column.name != "lifecycle_id"]


def _steps_of(connection: Connection, ids: Iterable[str]) -> dict[str, list[StepView]]:
    query = (
        select(steps.c.lifecycle_id, *_STEP)
        .where(steps.c.lifecycle_id.in_(list(ids)))
        .order_by(steps.c.lifecycle_id, steps.c.position, steps.c.name)
    )
    found: defaultdict[str, list[StepView]] = defaultdict(list)
    for row in connection.execute(query).mappings():
        found[row["lifecycle_id"]].append(StepView(**{column.name: row[column.name] for column in _STEP}))
    return found


def _views(connection: Connection, rows: Iterable[Row[Any]]) -> list[LifecycleView]:
    lines = [row._mapping for row in rows]
    found = _steps_of(connection, [line["lifecycle_id"] for line in lines])
    return [
        LifecycleView(
            id=line["lifecycle_id"],
            steps=found.get(line["lifecycle_id"], []),
            **{column.name: line[column.name] for column in _LINE},
        )
        for line in lines
    ]


def lifecycle(connection: Connection, lifecycle_id: str) -> LifecycleView | None:
    """See :meth:`ledger.Ledger.lifecycle`."""
    rows = connection.execute(select(lifecycles).where(lifecycles.c.lifecycle_id == lifecycle_id)).all()
    views = _views(connection, rows)
    return views[0] if views else None


def _newest_after(page_token: str) -> ColumnElement[bool]:
    created, lifecycle_id = key_of(page_token, str, str)
    try:
        at = moment_of(created)
    except ValueError as error:
        raise BadPageToken("page_token: belongs to another list") from error
    return tuple_(lifecycles.c.created_at, lifecycles.c.lifecycle_id) < (at, lifecycle_id)


def _lifecycle_query(filters: dict[str, str | None], q: str | None) -> Select[Any]:
    query = select(lifecycles)
    for name, value in filters.items():
        if value is not None:
            query = query.where(lifecycles.c[name] == value)
    if q:
        named = select(people.c.employee_id).where(_contains(people.c.search, q))
        query = query.where(_contains(lifecycles.c.search, q) | lifecycles.c.employee_id.in_(named))
    return query


def lifecycles_page(
    connection: Connection, filters: dict[str, str | None], q: str | None, page_token: str | None, limit: int
) -> Page[LifecycleView]:
    """See :meth:`ledger.Ledger.lifecycles`."""
    query = _lifecycle_query(filters, q)
    if page_token is not None:
        query = query.where(_newest_after(page_token))
    limit = page_size(limit)
    order = (lifecycles.c.created_at.desc(), lifecycles.c.lifecycle_id.desc())
    rows = connection.execute(query.order_by(*order).limit(limit + 1)).all()
    items = _views(connection, rows[:limit])
    more = len(rows) > limit
    return Page(items, token_of(utc_text(items[-1].created_at), items[-1].id) if more else None)


def open_lifecycles(connection: Connection, employee_id: str) -> list[LifecycleView]:
    """See :meth:`ledger.Ledger.open_lifecycles`."""
    unfinished = lifecycles.c.status.not_in(sorted(FINISHED))
    query = select(lifecycles).where(lifecycles.c.employee_id == employee_id, unfinished)
    return _views(connection, connection.execute(query.order_by(lifecycles.c.created_at)).all())


def parked(connection: Connection, cause: str | None) -> list[ParkedStep]:
    """See :meth:`ledger.Ledger.parked`."""
    query = (
        select(steps.c.lifecycle_id, steps.c.name, steps.c.cause)
        .join(lifecycles, lifecycles.c.lifecycle_id == steps.c.lifecycle_id)
        .where(steps.c.state == "attention", lifecycles.c.status.not_in(sorted(FINISHED)))
        .order_by(lifecycles.c.created_at, steps.c.lifecycle_id, steps.c.position)
    )
    if cause is not None:
        query = query.where(steps.c.cause == cause)
    return [ParkedStep(*row) for row in connection.execute(query)]


# --- people


def _person(row: Row[Any]) -> PersonRow:
    line = row._mapping
    zone = line["attributes"].get("time_zone")
    return PersonRow(
        line["employee_id"], line["object_id"], line["upn"], zone, dict(line["attributes"]), dict(line["stamps"])
    )


def person(connection: Connection, employee_id: str) -> PersonRow | None:
    """See :meth:`ledger.Ledger.person`."""
    row = connection.execute(select(people).where(people.c.employee_id == employee_id)).one_or_none()
    return None if row is None else _person(row)


def people_page(connection: Connection, q: str | None, page_token: str | None, limit: int) -> Page[PersonRow]:
    """See :meth:`ledger.Ledger.people`."""
    query = select(people)
    if q:
        query = query.where(_contains(people.c.search, q))
    if page_token is not None:
        (after,) = key_of(page_token, str)
        query = query.where(people.c.employee_id > after)
    limit = page_size(limit)
    rows = connection.execute(query.order_by(people.c.employee_id).limit(limit + 1)).all()
    return page(rows, limit, _person, lambda person: token_of(person.employee_id))
