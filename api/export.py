"""The ledger as a file, a page at a time, so that neither memory nor a long transaction grows with it."""

import csv
import io
import json
from collections.abc import Iterator

from ledger import Ledger, Record

PAGE = 1000
LEFT_OUT = frozenset({"personal", "salt"})
# A spreadsheet takes a cell beginning with one of these for a formula (OWASP, CSV injection).
FORMULA = ("=", "+", "-", "@", "\t", "\r")

Row = dict[str, str | int | None]


def as_jsonl(ledger: Ledger) -> Iterator[str]:
    """One JSON object a line, ``body`` as the very text that was hashed."""
    for row in _rows(ledger):
        yield json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n"


def as_csv(ledger: Ledger) -> Iterator[str]:
    """A line a record under a header; cells that look like formulas are made harmless by an apostrophe."""
    header = [name for name in _columns() if name not in LEFT_OUT]
    yield _csv_line(header)
    for row in _rows(ledger):
        yield _csv_line([row[name] for name in header])


def _rows(ledger: Ledger) -> Iterator[Row]:
    token: str | None = None
    while True:
        page = ledger.records(page_token=token, limit=PAGE)
        for record in page.items:
            yield {name: value for name, value in record.columns().items() if name not in LEFT_OUT}
        token = page.next_page_token
        if token is None:
            return


def _columns() -> list[str]:
    renamed = {"body_json": "body", "personal_json": "personal"}
    return [renamed.get(name, name) for name in Record.__slots__]


def _csv_line(cells: list[str] | list[str | int | None]) -> str:
    buffer = io.StringIO()
    csv.writer(buffer).writerow([_harmless(cell) for cell in cells])
    return buffer.getvalue()


def _harmless(cell: str | int | None) -> str | int | None:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell
