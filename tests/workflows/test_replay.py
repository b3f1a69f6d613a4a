"""Histories recorded from every path replay on today's code."""

import json
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory
from temporalio.worker import Replayer

from workflows.client import jml_plugin
from workflows.registry import WORKFLOWS

HISTORIES = sorted((Path(__file__).parent.parent / "histories").glob("*.json"))


def test_every_kind_of_workflow_has_a_recorded_history() -> None:
    assert {path.stem.rpartition("-")[2] for path in HISTORIES} == {"joiner", "leaver", "mover", "person"}


@pytest.fixture(params=HISTORIES, ids=lambda path: path.stem)
def history(request: pytest.FixtureRequest) -> WorkflowHistory:
    document = json.loads(request.param.read_text("utf-8"))
    return WorkflowHistory.from_json(document["workflow_id"], document["history"])


async def test_a_recorded_history_replays(history: WorkflowHistory) -> None:

    result = await Replayer(workflows=WORKFLOWS, plugins=[jml_plugin()]).replay_workflow(history)

    assert result.replay_failure is None
