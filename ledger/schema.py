"""The tables. ``records`` is append-only and chained; the others are projections and reservations that may be rebuilt.

The database itself comes from ``ledger/migrations``; a test holds the two together.
"""

from sqlalchemy import BigInteger, Column, Index, Integer, MetaData, Sequence, Table, Text, UniqueConstraint

from ledger.columns import Json, Moment

metadata = MetaData()

records = Table(
    "records",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("lifecycle_id", Text, nullable=False),
    Column("seq", Integer, nullable=False),
    Column("key", Text, nullable=False),
    Column("at", Moment, nullable=False),
    Column("kind", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("employee_id", Text),
    Column("event_id", Text),
    Column("reason", Text),
    Column("body", Text, nullable=False),
    Column("personal", Text),
    Column("salt", Text),
    Column("personal_digest", Text),
    Column("prev_hash", Text, nullable=False),
    Column("hash", Text, nullable=False),
    UniqueConstraint("key", name="records_key"),
    UniqueConstraint("lifecycle_id", "seq", name="records_chain"),
    Index("records_employee", "employee_id", "id"),
    Index("records_at", "at"),
)

# PostgreSQL only: the hash covers the id, so the id is drawn before the row is written.
record_ids = Sequence("records_id")

heads = Table(
    "heads",
    metadata,
    Column("lifecycle_id", Text, primary_key=True),
    Column("seq", Integer, nullable=False),
    Column("hash", Text, nullable=False),
)

lifecycles = Table(
    "lifecycles",
    metadata,
    Column("lifecycle_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("employee_id", Text, nullable=False),
    Column("event_id", Text),
    Column("event_type", Text),
    Column("effective_at", Moment),
    Column("occurred_at", Moment),
    Column("policy_hash", Text),
    Column("waiting_for", Text),
    Column("object_id", Text),
    Column("cut_at", Moment),
    Column("started_at", Moment),
    Column("ended_at", Moment),
    Column("summary", Text),
    Column("created_at", Moment, nullable=False),
    Column("search", Text, nullable=False),
    Index("lifecycles_newest", "created_at", "lifecycle_id"),
    Index("lifecycles_status", "status", "created_at"),
    Index("lifecycles_employee", "employee_id"),
)

steps = Table(
    "steps",
    metadata,
    Column("lifecycle_id", Text, primary_key=True),
    Column("name", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("leg", Text),
    Column("activity", Text),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("cause", Text),
    Column("last_error", Text),
    Column("input", Json, nullable=False),
    Column("evidence", Json, nullable=False),
    Column("grade", Text),
    Column("started_at", Moment),
    Column("ended_at", Moment),
    Index("steps_state", "state"),
)

people = Table(
    "people",
    metadata,
    Column("employee_id", Text, primary_key=True),
    Column("object_id", Text),
    Column("upn", Text),
    Column("attributes", Json, nullable=False),
    Column("stamps", Json, nullable=False),
    Column("search", Text, nullable=False),
)

names = Table(
    "names",
    metadata,
    Column("name", Text, primary_key=True),
    Column("spelling", Text, nullable=False),
    Column("employee_id", Text, nullable=False),
    Column("position", Integer, nullable=False),
    Column("reserved_at", Moment, nullable=False),
    Index("names_employee", "employee_id"),
)
