"""The first schema: chained records that refuse change, and the projections."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

HASHED = (
    *("id", "lifecycle_id", "seq", "key", "at", "kind", "actor", "employee_id", "event_id", "reason", "body"),
    *("personal_digest", "prev_hash", "hash"),
)


def upgrade() -> None:
    """Make all tables and guard ``records``."""
    _records()
    _projections()
    _names()
    if op.get_bind().dialect.name == "postgresql":
        op.execute(sa.schema.CreateSequence(sa.Sequence("records_id")))
        _guard_postgresql()
    else:
        _guard_sqlite()


def downgrade() -> None:
    """Refuse: a ledger is not unmade."""
    raise RuntimeError("the ledger's records cannot be taken away by a migration")


def _text(name: str, *, null: bool = True, primary: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=null and not primary, primary_key=primary)


def _number(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _id() -> sa.Column[int]:
    kind = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    return sa.Column("id", kind, nullable=False, primary_key=True, autoincrement=False)


def _records() -> None:
    op.create_table(
        "records",
        _id(),
        _text("lifecycle_id", null=False),
        _number("seq"),
        _text("key", null=False),
        _text("at", null=False),
        _text("kind", null=False),
        _text("actor", null=False),
        _text("employee_id"),
        _text("event_id"),
        _text("reason"),
        _text("body", null=False),
        _text("personal"),
        _text("salt"),
        _text("personal_digest"),
        _text("prev_hash", null=False),
        _text("hash", null=False),
        sa.UniqueConstraint("key", name="records_key"),
        sa.UniqueConstraint("lifecycle_id", "seq", name="records_chain"),
    )
    op.create_index("records_employee", "records", ["employee_id", "id"])
    op.create_index("records_at", "records", ["at"])
    op.create_table("heads", _text("lifecycle_id", primary=True), _number("seq"), _text("hash", null=False))


def _projections() -> None:
    op.create_table(
        "lifecycles",
        _text("lifecycle_id", primary=True),
        _text("kind", null=False),
        _text("status", null=False),
        _text("employee_id", null=False),
        _text("event_id"),
        _text("event_type"),
        _text("effective_at"),
        _text("occurred_at"),
        _text("policy_hash"),
        _text("waiting_for"),
        _text("object_id"),
        _text("cut_at"),
        _text("started_at"),
        _text("ended_at"),
        _text("summary"),
        _text("created_at", null=False),
        _text("search", null=False),
    )
    op.create_index("lifecycles_newest", "lifecycles", ["created_at", "lifecycle_id"])
    op.create_index("lifecycles_status", "lifecycles", ["status", "created_at"])
    op.create_index("lifecycles_employee", "lifecycles", ["employee_id"])
    op.create_table(
        "steps",
        _text("lifecycle_id", primary=True),
        _text("name", primary=True),
        _number("position"),
        _text("leg"),
        _text("activity"),
        _text("state", null=False),
        _number("attempts"),
        _text("cause"),
        _text("last_error"),
        _text("input", null=False),
        _text("evidence", null=False),
        _text("grade"),
        _text("started_at"),
        _text("ended_at"),
    )
    op.create_index("steps_state", "steps", ["state"])
    op.create_table(
        "people",
        _text("employee_id", primary=True),
        _text("object_id"),
        _text("upn"),
        _text("attributes", null=False),
        _text("stamps", null=False),
        _text("search", null=False),
    )


def _names() -> None:
    op.create_table(
        "names",
        _text("name", primary=True),
        _text("spelling", null=False),
        _text("employee_id", null=False),
        _number("position"),
        _text("reserved_at", null=False),
    )
    op.create_index("names_employee", "names", ["employee_id"])


def _guard_sqlite() -> None:
    same = " AND ".join(f"NEW.{column} IS OLD.{column}" for column in HASHED)
    refuse = "SELECT RAISE(ABORT, 'records are append-only');"
    op.execute(f"CREATE TRIGGER records_no_delete BEFORE DELETE ON records BEGIN {refuse} END")
    op.execute(
        "CREATE TRIGGER records_no_update BEFORE UPDATE ON records"
        f" WHEN NOT (NEW.personal IS NULL AND NEW.salt IS NULL AND {same}) BEGIN {refuse} END"
    )
    # INSERT OR REPLACE deletes the old row without asking the trigger against deletion.
    op.execute(
        "CREATE TRIGGER records_no_replace BEFORE INSERT ON records WHEN EXISTS (SELECT 1 FROM records"
        " WHERE id = NEW.id OR key = NEW.key OR (lifecycle_id = NEW.lifecycle_id AND seq = NEW.seq))"
        " BEGIN SELECT RAISE(ABORT, 'records are append-only'); END"
    )


def _guard_postgresql() -> None:
    same = " AND ".join(f"NEW.{column} IS NOT DISTINCT FROM OLD.{column}" for column in HASHED)
    op.execute(
        "CREATE FUNCTION records_guard() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF TG_OP = 'UPDATE' THEN"
        f" IF NEW.personal IS NULL AND NEW.salt IS NULL AND {same} THEN RETURN NEW; END IF;"
        " END IF;"
        " RAISE EXCEPTION 'records are append-only' USING ERRCODE = 'restrict_violation';"
        " END $$"
    )
    op.execute(
        "CREATE TRIGGER records_no_change BEFORE UPDATE OR DELETE ON records"
        " FOR EACH ROW EXECUTE FUNCTION records_guard()"
    )
    op.execute(
        "CREATE TRIGGER records_no_truncate BEFORE TRUNCATE ON records"
        " FOR EACH STATEMENT EXECUTE FUNCTION records_guard()"
    )
