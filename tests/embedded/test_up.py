"""``jml up`` as a whole: what dies comes back, what was begun goes on, and nothing is left behind."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest

from tests.embedded.processes import alive
from tests.end_to_end.stack import Stack, make_stack
from workflows.client import connect
from workflows.contract import person_workflow_id

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]
CHILDREN = {"temporal", "sandbox", "worker", "api", "ui"}
HIRE = {
    "event_id": "hire-1",
    "employee_id": "77001",
    "given_name": "Zoë",
    "family_name": "Ångström",
    "title": "Accountant",
    "department": "Finance",
    "country": "SE",
    "employee_type": "employee",
    "hire_date": "2037-03-02",
}


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A platform of one's own, to be maltreated."""
    one = make_stack(tmp_path_factory.mktemp("up"))
    one.start()
    yield one
    if one.process is not None and one.process.poll() is None:
        one.stop()


def eventually(condition: Callable[[], bool], seconds: float) -> None:
    """Wait for a condition; fails when it does not come."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_it_consists_of_its_parts(platform: Stack) -> None:
    assert set(platform.children()) == CHILDREN


def test_a_second_one_on_the_same_data_is_refused(platform: Stack) -> None:
    other = make_stack(platform.data_dir)
    ended = subprocess.run(
        [sys.executable, "-m", "cli", "up"], env=other.environment, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 2
    assert platform.process is not None
    assert f"in use by `jml up`, process {platform.process.pid}" in ended.stderr


async def test_histories_are_kept_for_a_year(platform: Stack) -> None:
    client = await connect(platform.settings.temporal_target)
    answer = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="default"))
    assert answer.config.workflow_execution_retention_ttl.ToTimedelta() == timedelta(days=365)


@pytest.mark.parametrize("part", ["worker", "api", "sandbox", "temporal"])
def test_a_killed_part_comes_back_and_that_is_said(platform: Stack, part: str) -> None:
    before = platform.children()[part]
    os.kill(before, signal.SIGKILL)
    log = platform.data_dir / "up.log"
    eventually(lambda: f"{part} is back" in log.read_text("utf-8"), 60)
    assert platform.children()[part] != before
    assert f"{part} killed by SIGKILL" in log.read_text("utf-8")


async def test_what_was_begun_goes_on_after_a_restart_and_nothing_is_left_meanwhile(platform: Stack) -> None:
    async with await platform.sender() as hr:
        receipt = await hr.post("/hr/new-hire", HIRE)
    assert receipt["status"] == "accepted"
    began = time.monotonic()
    assert platform.stop(signal.SIGINT) == 0
    assert time.monotonic() - began < 30
    platform.start()
    client = await connect(platform.settings.temporal_target)
    described = await client.get_workflow_handle(person_workflow_id(HIRE["employee_id"])).describe()
    assert described.status is not None
    assert described.status.name == "RUNNING"
    assert await _lifecycles(platform, HIRE["employee_id"]) == [(receipt["lifecycle_workflow_id"], "scheduled")]


async def _lifecycles(platform: Stack, employee_id: str) -> list[tuple[str, str]]:
    """A person's lifecycles and their states, as soon as a worker has begun one."""
    async with await platform.person("Iam.Auditor") as views, asyncio.timeout(60):
        while True:
            found = await views.every("/lifecycles", employee_id=employee_id)
            if found:
                return [(item["id"], item["status"]) for item in found]
            await asyncio.sleep(0.2)


def test_no_secret_of_the_practice_tenant_is_said_or_logged(platform: Stack) -> None:
    secrets = [platform.login(None)["password"], platform.settings.console_client_secret]
    values = [str(s.get_secret_value() if hasattr(s, "get_secret_value") else s) for s in secrets if s]
    files = [platform.data_dir / "up.log", *(platform.data_dir / "logs").iterdir()]
    said = "".join(file.read_text("utf-8", "replace") for file in files)
    assert not [value for value in values if value in said]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills the children of a killed parent")
def test_nothing_is_left_when_it_is_killed(platform: Stack) -> None:
    assert platform.process is not None
    children = platform.children()
    assert set(children) == CHILDREN
    platform.process.kill()
    platform.process.wait()
    eventually(lambda: not any(alive(pid) for pid in children.values()), 5)


def test_the_next_start_finds_everything_as_it_was(platform: Stack) -> None:
    Path(platform.data_dir / "up.log").unlink()
    platform.start()
    assert set(platform.children()) == CHILDREN
    assert platform.stop() == 0
