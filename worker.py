"""The worker process: workflows, and every side effect they ask for. ``python -m worker``.

A composition root: it reads the settings, opens the ledger and the tenant, and serves three queues on one connection,
so that a backlog of ordinary steps leaves containment its own slots.
"""

import asyncio
import contextlib
import json
import logging
import signal
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Worker

from activities import step_activities
from activities.plan import Planning
from activities.records import Records
from activities.snapshot import Directory
from activities.verify import Verifying
from connectors.clients import Clients
from connectors.graph import GraphClient
from connectors.scim import ScimClient
from domain.policy import Policy, PolicyError
from domain.runsheet import TENANT_QUEUE, URGENT_QUEUE
from ledger import DatabaseUnusableError, Ledger
from settings import Settings, SettingsError, load_settings
from workflows.client import connect, register_search_attributes
from workflows.contract import WORKFLOW_QUEUE
from workflows.registry import WORKFLOWS

STICKY_TIMEOUT = timedelta(seconds=1)
"""How long a workflow task waits for the worker that has the workflow in memory: short, since that one may be dead."""
GRACE = timedelta(seconds=15)
"""How long steps in hand may finish after a signal to stop."""
FIRST_WAIT, LONGEST_WAIT = 0.5, 10.0
SEAL_AFTER = timedelta(minutes=5)
"""How long after midnight (UTC) a day is sealed: the last of its transactions have ended by then."""
SEAL_AGAIN = timedelta(minutes=10)
SLOTS = {WORKFLOW_QUEUE: 50, TENANT_QUEUE: 50, URGENT_QUEUE: 50}

log = structlog.get_logger("worker")
Activities = Sequence[Callable[..., Any]]


def main() -> int:
    """Run until SIGTERM or SIGINT; 0 then, 1 if the settings or the policy are wrong."""
    configure_logging()
    try:
        asyncio.run(serve())
    except (SettingsError, PolicyError) as error:
        print(error, file=sys.stderr)  # noqa: T201 - one clear line for whoever started it
        return 1
    return 0


def configure_logging() -> None:
    """One JSON object a line, ours and the libraries'."""
    stages: list[Any] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(structlog.tracebacks.ExceptionDictTransformer(show_locals=False)),
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=stages,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(default=str),
        ],
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(formatter)
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("alembic").setLevel(logging.WARNING)
    structlog.configure(
        processors=[*stages[:2], *stages[3:], structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


async def serve() -> None:
    """Open everything, serve the queues, and close everything after a signal."""
    settings = load_settings("worker")
    policy = load_policy(settings)
    stopped = _stop_signal()
    async with ledger_of(settings) as ledger, tenant(settings) as (graph, scim), AsyncExitStack() as stack:
        client = await _patiently(settings, stopped)
        if client is None:
            return
        stack.callback(asyncio.create_task(keep_sealed(ledger), name="seals").cancel)
        for worker in workers(client, graph, scim, ledger, policy):
            await stack.enter_async_context(worker)
        log.info("serving", queues=list(SLOTS), policy=policy.hash, tenant=settings.tenant_id)
        await stopped.wait()
        log.info("stopping", grace_seconds=GRACE.total_seconds())


def load_policy(settings: Settings) -> Policy:
    """The policy of this profile; in practice the tenant's own list of protected people counts as well."""
    protected: list[str] = []
    if settings.profile == "practice" and settings.sandbox_file.exists():
        found = json.loads(settings.sandbox_file.read_text("utf-8"))
        protected = [person["object_id"] for person in found.get("protected", [])]
    return Policy.load(settings.policy_file, settings.profile, protected)


@asynccontextmanager
async def tenant(settings: Settings) -> AsyncIterator[tuple[GraphClient, ScimClient | None]]:
    """Clients of the tenant with the platform's own credentials and this process's share of the request budget."""
    async with Clients(settings) as clients:
        yield clients.graph(), clients.scim()


@asynccontextmanager
async def ledger_of(settings: Settings) -> AsyncIterator[Ledger]:
    """The ledger, brought to this version's schema first. Raises ``SettingsError`` if the database cannot be used."""
    try:
        await asyncio.to_thread(Ledger.migrate, settings.database_url)
    except DatabaseUnusableError as error:
        raise SettingsError(f"JML_DATABASE_URL={error}") from None
    ledger = Ledger.open(settings.database_url, full_sync=settings.profile == "production")
    try:
        yield ledger
    finally:
        ledger.close()


async def keep_sealed(ledger: Ledger, again: timedelta = SEAL_AGAIN) -> None:
    """Seal the days that are over, now and after every midnight (UTC). What fails is logged and tried ``again``."""
    while True:
        tomorrow = datetime.combine(datetime.now(UTC).date() + timedelta(days=1), datetime.min.time(), UTC)
        wait = tomorrow + SEAL_AFTER - datetime.now(UTC)
        try:
            days = await asyncio.to_thread(ledger.seal_days)
            log.info("days sealed", days=[str(day) for day in days])
        except SQLAlchemyError as error:
            log.warning("days not sealed", error=str(error).splitlines()[0], again_in_seconds=again.total_seconds())
            wait = again
        await asyncio.sleep(wait.total_seconds())


def workers(
    client: Client, graph: GraphClient, scim: ScimClient | None, ledger: Ledger, policy: Policy
) -> list[Worker]:
    """One worker a queue: workflows and their records; the tenant's steps; containment's, with slots of their own."""
    steps = tenant_activities(graph, scim, ledger, policy)
    return [
        _worker(client, WORKFLOW_QUEUE, Records(ledger).activities, workflows=WORKFLOWS),
        _worker(client, TENANT_QUEUE, steps),
        _worker(client, URGENT_QUEUE, steps),
    ]


def tenant_activities(
    graph: GraphClient, scim: ScimClient | None, ledger: Ledger, policy: Policy
) -> list[Callable[..., Any]]:
    """Every activity that reads or writes the tenant, planning and verification included."""
    settle = policy.timings.settle_seconds
    directory = Directory(graph, policy.naming.long_employee_id_attribute)
    return [
        *step_activities(
            graph, scim, ledger, settle, sender=policy.notices.sender, attention_to=policy.notices.attention_to
        ),
        *Planning(ledger, directory, policy).activities,
        *Verifying(ledger, directory, settle).activities,
    ]


def _worker(client: Client, queue: str, activities: Activities, *, workflows: Sequence[type] = ()) -> Worker:
    return Worker(
        client,
        task_queue=queue,
        activities=activities,
        workflows=workflows,
        max_concurrent_activities=SLOTS[queue],
        sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
        graceful_shutdown_timeout=GRACE,
    )


async def _patiently(settings: Settings, stopped: asyncio.Event) -> Client | None:
    """A client as soon as the cluster answers; None if we are to stop before that."""
    address, wait = settings.temporal_target, FIRST_WAIT
    keys = [key.get_secret_value() for key in settings.payload_keys]
    while not stopped.is_set():
        try:
            client = await connect(address, payload_keys=keys)
            await register_search_attributes(client)
        except (RuntimeError, RPCError) as error:
            log.warning("Temporal does not answer", address=address, error=str(error)[:200], again_in_seconds=wait)
        else:
            return client
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stopped.wait(), wait)
        wait = min(wait * 2, LONGEST_WAIT)
    return None


def _stop_signal() -> asyncio.Event:
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    return stopped


if __name__ == "__main__":
    sys.exit(main())
