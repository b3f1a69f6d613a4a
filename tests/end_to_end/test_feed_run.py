"""The sample feed, played through the running platform, comes out exactly as expected."""

import io
from datetime import UTC, datetime

import pytest
from rich.console import Console

from embedded.play import played
from tests.end_to_end.stack import Stack


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_the_sample_feed_comes_out_exactly_as_expected(stack: Stack) -> None:
    began = datetime.now(UTC)
    out = Console(file=io.StringIO(), width=140)
    results = await played(stack.settings, out)
    assert results.surprises == []
    statuses = [str(item["status"]) for item in results.seen.values()]
    counts = {status: statuses.count(status) for status in ("attention", "cancelled", "superseded")}
    assert counts == {"attention": 1, "cancelled": 1, "superseded": 3}
    assert len(results.people) == 66
    assert all(datetime.fromisoformat(row["at"]) >= began for row in results.requests.rows)
    out.print(results.table())
    assert isinstance(out.file, io.StringIO)
    shown = out.file.getvalue()
    assert "people hired: 63 of 63" in shown
    assert "95 lifecycles of 66 people" in shown
