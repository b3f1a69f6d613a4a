"""The ledger, read by those who may."""

import csv
import io
import json
from datetime import UTC, datetime

from ledger import Entry, Ledger
from tests.api.samples import somebody
from tests.api.serving import Api


def written(ledger: Ledger, who: str, count: int = 3) -> None:
    for number in range(count):
        entry = Entry(
            key=f"{who}/{number}",
            kind="test.note",
            actor="=cmd()" if number == 0 else "tester",
            employee_id=who,
            lifecycle_id=f"mover:{who}:e1",
            body={"number": number},
            personal={"given_name": "Grace Unforgettable"},
        )
        ledger.append(entry)


async def test_rows_are_filtered_and_paged_in_their_order(api: Api, ledger: Ledger) -> None:
    who, before = somebody(), datetime.now(UTC).isoformat()
    written(ledger, who)
    first = (await api.get("/audit/events", role="Iam.Auditor", params={"employee_id": who, "limit": 2})).json()
    assert [row["body"]["number"] for row in first["items"]] == [0, 1]
    assert {"id", "seq", "at", "kind", "actor", "reason", "prev_hash", "hash"} <= set(first["items"][0])
    assert "salt" not in first["items"][0]
    query = {"employee_id": who, "page_token": first["next_page_token"]}
    rest = (await api.get("/audit/events", role="Iam.Auditor", params=query)).json()
    assert [row["body"]["number"] for row in rest["items"]] == [2]
    query = {"lifecycle_id": f"mover:{who}:e1", "actor": "tester", "since": before, "newest_first": "true"}
    found = (await api.get("/audit/events", role="Iam.Admin", params=query)).json()
    assert [row["body"]["number"] for row in found["items"]] == [2, 1]


async def test_the_chain_verifies(api: Api, ledger: Ledger) -> None:
    written(ledger, somebody())
    verdict = (await api.get("/audit/verify", role="Iam.Admin")).json()
    assert verdict["valid"] is True
    assert verdict["problems"] == []
    assert verdict["checked"] >= 3


async def test_an_export_has_every_row_and_nothing_personal(api: Api, ledger: Ledger) -> None:
    who = somebody()
    written(ledger, who)
    answer = await api.get("/audit/export?format=jsonl", role="Iam.Auditor")
    assert "attachment" in answer.headers["content-disposition"]
    rows = [json.loads(line) for line in answer.text.splitlines()]
    mine = [row for row in rows if row["employee_id"] == who]
    assert [json.loads(row["body"])["number"] for row in mine] == [0, 1, 2]
    assert [row["prev_hash"] for row in mine[1:]] == [row["hash"] for row in mine[:-1]]
    assert "Unforgettable" not in answer.text
    assert "salt" not in rows[0]


async def test_a_spreadsheet_export_takes_no_cell_for_a_formula(api: Api, ledger: Ledger) -> None:
    who = somebody()
    written(ledger, who)
    answer = await api.get("/audit/export?format=csv", role="Iam.Auditor")
    assert answer.headers["content-type"].startswith("text/csv")
    mine = [row for row in csv.DictReader(io.StringIO(answer.text)) if row["employee_id"] == who]
    assert [row["actor"] for row in mine] == ["'=cmd()", "tester", "tester"]
    assert "personal" not in mine[0]


async def test_a_long_export_is_read_page_by_page(api: Api, ledger: Ledger) -> None:
    written(ledger, somebody(), 1100)
    lines = (await api.get("/audit/export", role="Iam.Auditor")).text.splitlines()
    assert len(lines) > 1100
    assert len({json.loads(line)["id"] for line in lines}) == len(lines)
