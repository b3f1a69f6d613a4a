"""Passwords, secrets and tokens stand nowhere but where they belong."""

import sqlite3
from pathlib import Path

from tests.end_to_end.company import Company, somebody
from tests.end_to_end.stack import Stack

SHORTEST = 8


def contents(data_dir: Path) -> bytes:
    """Everything the platform keeps: histories, ledger and logs, as bytes."""
    for name in ("temporal.db", "ledger.db"):
        with sqlite3.connect(data_dir / name) as database:
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    kept = [data_dir / "temporal.db", data_dir / "ledger.db"]
    logs = [path for path in (data_dir / "logs").iterdir() if not path.name.startswith("sandbox")]
    return b"".join(path.read_bytes() for path in [*kept, *logs])


async def test_no_secret_is_in_a_history_the_ledger_or_a_log(stack: Stack, company: Company) -> None:
    employee = somebody()
    await company.joined(employee, department="IT")
    await company.until(await company.terminate(employee), "retained")

    secrets = [item for item in company.tenant.control("GET", "secrets")["items"] if len(item["value"]) >= SHORTEST]
    kept = contents(stack.data_dir)

    assert secrets
    assert employee.encode() in kept
    assert [item["kind"] for item in secrets if item["value"].encode() in kept] == []


async def test_the_ledgers_chain_is_whole(company: Company) -> None:
    verdict = await company.admin.get("/audit/verify")

    assert verdict["valid"], verdict["problems"]
    assert verdict["checked"] > 0
