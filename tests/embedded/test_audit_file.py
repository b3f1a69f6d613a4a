"""``jml audit verify FILE``: an export is verified by itself, with nothing running."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from api.export import as_csv, as_jsonl
from cli import app
from ledger import Entry, Ledger


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """A ledger with a few rows."""
    url = f"sqlite:///{tmp_path}/ledger.db"
    Ledger.migrate(url)
    ledger = Ledger.open(url)
    for number in range(4):
        ledger.append(Entry(f"k{number}", "step", "hr", "1", lifecycle_id=f"joiner:{number % 2}:e", personal={"n": 1}))
    return ledger


def test_an_export_holds(ledger: Ledger, tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    file.write_text("".join(as_jsonl(ledger)), "utf-8")
    ended = CliRunner().invoke(app, ["audit", "verify", str(file)])
    assert (ended.exit_code, ended.stdout) == (0, "4 records checked: valid\n")


def test_an_export_that_was_changed_does_not(ledger: Ledger, tmp_path: Path) -> None:
    file = tmp_path / "ledger.jsonl"
    rows = [json.loads(line) for line in as_jsonl(ledger)]
    rows[2]["actor"] = "somebody else"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    ended = CliRunner().invoke(app, ["audit", "verify", str(file)])
    assert ended.exit_code == 1
    assert "record 3 of joiner:0:e: the row was changed" in ended.output
    assert "NOT VALID" in ended.output


def test_what_is_no_export_is_said_in_one_line(ledger: Ledger, tmp_path: Path) -> None:
    file = tmp_path / "ledger.csv"
    file.write_text("".join(as_csv(ledger)), "utf-8")
    for place in (file, tmp_path / "nowhere"):
        ended = CliRunner().invoke(app, ["audit", "verify", str(place)])
        assert ended.exit_code == 1
        assert len(ended.output.splitlines()) == 1
        assert "cannot be read as an export in jsonl" in ended.output
