"""Workflows and real activities in this process, on a real server whose clock can be skipped."""

import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.testing import WorkflowEnvironment

import worker
from ledger import Ledger
from settings import Settings
from tests.tenant import Tenant
from workflows.client import jml_plugin
from workflows.contract import SEARCH_ATTRIBUTES

TEMPORAL = shutil.which("temporal", path=str(Path(sys.executable).parent))


@pytest.fixture(scope="session")
def settings(tenant: Tenant, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of a worker beside the practice tenant, with a ledger of its own."""
    found = tenant.json
    return Settings(
        data_dir=tmp_path_factory.mktemp("workflows"),
        tenant_id=found["tenant_id"],
        authority_url=found["base_url"],
        graph_url=found["base_url"],
        ca_file=found["ca_file"],
        client_id=found["platform"]["client_id"],
        client_secret=found["platform"]["client_secret"],
    )


@pytest.fixture(scope="session")
async def skipping() -> AsyncIterator[WorkflowEnvironment]:
    """The development server with a clock of its own for each workflow, which jumps over what is only waited for."""
    flag = ["--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true"]
    async with await WorkflowEnvironment.start_time_skipping_v2(
        dev_server_existing_path=TEMPORAL,
        dev_server_extra_args=flag,
        search_attributes=SEARCH_ATTRIBUTES,
        plugins=[jml_plugin()],
    ) as environment:
        yield environment


@pytest.fixture(scope="session")
async def client(skipping: WorkflowEnvironment, settings: Settings) -> AsyncIterator[Client]:
    """A client of that server, with a worker that serves it."""
    async with (
        worker.tenant(settings) as (graph, scim),
        worker.ledger_of(settings) as ledger,
        AsyncExitStack() as stack,
    ):
        for one in worker.workers(skipping.client, graph, scim, ledger, worker.load_policy(settings)):
            await stack.enter_async_context(one)
        yield skipping.client


@pytest.fixture(scope="session")
def ledger(client: Client, settings: Settings) -> Ledger:
    """What that worker wrote."""
    return Ledger.open(settings.database_url)
