"""The worker process, as it is started."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

from domain.runsheet import TENANT_QUEUE, URGENT_QUEUE
from ledger import Entry, Ledger
from tests.tenant import Tenant, free_port
from worker import keep_sealed
from workflows.contract import SEARCH_ATTRIBUTES, WORKFLOW_QUEUE

ROOT = Path(__file__).resolve().parent.parent
TEMPORAL = shutil.which("temporal", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}")


def started(data_dir: Path, **environment: str) -> subprocess.Popen[str]:
    """A worker with this folder and environment."""
    settings = {"JML_DATA_DIR": str(data_dir), "TEMPORAL_ADDRESS": f"127.0.0.1:{free_port()}"} | environment
    own = {name: value for name, value in os.environ.items() if not name.startswith(("JML_", "TEMPORAL_"))}
    return subprocess.Popen(
        [sys.executable, "-m", "worker"],
        cwd=ROOT,
        env=own | settings,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture(scope="module")
async def temporal() -> AsyncIterator[Client]:
    """A real Temporal server that knows nothing of us yet."""
    async with await WorkflowEnvironment.start_local(dev_server_existing_path=TEMPORAL) as environment:
        yield environment.client


def test_a_worker_without_a_tenant_names_what_is_missing(tmp_path: Path) -> None:
    worker = started(tmp_path)
    _, told = worker.communicate(timeout=30)
    assert worker.returncode == 1
    assert "JML_TENANT_ID" in told
    assert "Traceback" not in told


def test_a_worker_with_a_wrong_policy_names_file_line_and_field(tenant: Tenant, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("rules: 7\n")
    worker = started(tenant.data_dir, JML_POLICY_FILE=str(policy))
    _, told = worker.communicate(timeout=30)
    assert worker.returncode == 1
    assert f"{policy}:1: rules: " in told
    assert "Traceback" not in told


def test_a_worker_with_a_database_that_cannot_be_used_names_it_without_its_password(tenant: Tenant) -> None:
    url = f"postgresql://jml:letmein@127.0.0.1:{free_port()}/jml"
    worker = started(tenant.data_dir, JML_DATABASE_URL=url)
    _, told = worker.communicate(timeout=30)
    assert worker.returncode == 1
    assert told.startswith(f"JML_DATABASE_URL={url.replace('letmein', '***')}: cannot be used")
    assert len(told.splitlines()) == 1


async def test_days_are_sealed_as_soon_as_the_ledger_can_be_written(tmp_path: Path) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir()
    url, yesterday = f"sqlite:///{here}/ledger.db", datetime.now(UTC) - timedelta(days=1)
    Ledger.migrate(url)
    earlier = Ledger.open(url, clock=lambda: yesterday)
    earlier.append(Entry("k", "step", "hr"))
    earlier.close()
    ledger = Ledger.open(f"sqlite:///{there}/ledger.db")
    sealing = asyncio.create_task(keep_sealed(ledger, again=timedelta(seconds=0.05)))
    await asyncio.sleep(0.2)
    assert not sealing.done()
    here.rename(there)
    for _ in range(200):
        if ledger.record(f"seal:{yesterday.date()}"):
            break
        await asyncio.sleep(0.05)
    assert ledger.record(f"seal:{yesterday.date()}")
    sealing.cancel()
    ledger.close()


def test_a_worker_that_waits_for_temporal_stops_at_once(tenant: Tenant) -> None:
    worker = started(tenant.data_dir)
    assert worker.stdout is not None
    assert "Temporal does not answer" in worker.stdout.readline()
    asked = time.monotonic()
    worker.send_signal(signal.SIGTERM)
    worker.communicate(timeout=15)
    assert worker.returncode == 0
    assert time.monotonic() - asked < 10


async def test_a_worker_serves_all_queues_and_stops_on_a_signal(
    tenant: Tenant, tmp_path: Path, temporal: Client
) -> None:
    worker = started(
        tenant.data_dir,
        TEMPORAL_ADDRESS=temporal.service_client.config.target_host,
        JML_DATABASE_URL=f"sqlite:///{tmp_path}/ledger.db",
    )
    try:
        for queue in (WORKFLOW_QUEUE, TENANT_QUEUE, URGENT_QUEUE):
            await _polled(temporal, queue)
        assert {key.name for key in SEARCH_ATTRIBUTES} <= await _registered(temporal)
    finally:
        worker.send_signal(signal.SIGTERM)
        said, trouble = await asyncio.to_thread(worker.communicate, timeout=30)
    assert worker.returncode == 0, trouble
    assert '"event": "serving"' in said


async def _polled(client: Client, queue: str) -> None:
    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    )
    for _ in range(600):
        if (await client.workflow_service.describe_task_queue(request)).pollers:
            return
        await asyncio.sleep(0.1)
    raise TimeoutError(f"nobody polls {queue}")


async def _registered(client: Client) -> set[str]:
    request = ListSearchAttributesRequest(namespace=client.namespace)
    return set((await client.operator_service.list_search_attributes(request)).custom_attributes)
