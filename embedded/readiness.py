"""How one sees that a process is ready: it answers, never a sleep."""

import asyncio
from pathlib import Path

from google.protobuf.duration_pb2 import Duration
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.namespace.v1 import NamespaceConfig
from temporalio.api.operatorservice.v1 import ListSearchAttributesRequest
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import (
    DescribeTaskQueueRequest,
    RegisterNamespaceRequest,
    UpdateNamespaceRequest,
)
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from domain.runsheet import TENANT_QUEUE, URGENT_QUEUE
from embedded import wire
from embedded.child import Probe
from settings import SettingsError
from workflows.client import connect, register_search_attributes
from workflows.contract import WORKFLOW_QUEUE

_WORKFLOWS = TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW
_ACTIVITIES = TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY
_POLLED = (
    (WORKFLOW_QUEUE, _WORKFLOWS),
    (WORKFLOW_QUEUE, _ACTIVITIES),
    (TENANT_QUEUE, _ACTIVITIES),
    (URGENT_QUEUE, _ACTIVITIES),
)


def answers(url: str, *, ca_file: Path | None = None) -> Probe:
    """Ready when ``GET url`` answers 200 (over TLS only with ``ca_file``, which may not be there yet)."""

    async def probe(_: float) -> bool:
        try:
            async with wire.client(ca_file=ca_file) as client:
                return (await client.get(url)).status_code == 200
        except (wire.NetworkError, OSError):
            return False

    return probe


def temporal_answers(address: str) -> Probe:
    """Ready when the cluster answers a health check and knows our namespace and search attributes."""

    async def probe(_: float) -> bool:
        try:
            await prepare_namespace(await connect(address))
        except (RuntimeError, RPCError):
            return False
        return True

    return probe


async def prepare_namespace(client: Client, history_days: int | None = None) -> None:
    """Register missing search attributes; with ``history_days``, set how long closed histories are kept.

    Raises ``RPCError`` if the cluster refuses.
    """
    await register_search_attributes(client)
    if history_days is not None:
        config = NamespaceConfig(workflow_execution_retention_ttl=Duration(seconds=history_days * 86_400))
        await client.workflow_service.update_namespace(
            UpdateNamespaceRequest(namespace=client.namespace, config=config)
        )


async def running_cluster(address: str, history_days: int | None = None) -> Client:
    """A client of a cluster that somebody else runs, prepared for us. Raises ``SettingsError`` naming its variable.

    With ``history_days`` the namespace is made if it is missing, and keeps histories that long; this needs a caller
    who may do so.
    """
    try:
        client = await asyncio.wait_for(connect(address), 15)
        if history_days is not None:
            await _ensure_namespace(client, history_days)
        await prepare_namespace(client, history_days)
    except (RuntimeError, RPCError, TimeoutError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise SettingsError(f"TEMPORAL_ADDRESS={address}: no Temporal that we can use ({reason})") from None
    return client


async def _ensure_namespace(client: Client, history_days: int) -> None:
    retention = Duration(seconds=history_days * 86_400)
    request = RegisterNamespaceRequest(namespace=client.namespace, workflow_execution_retention_period=retention)
    try:
        await client.workflow_service.register_namespace(request)
    except RPCError as error:
        if error.status != RPCStatusCode.ALREADY_EXISTS:
            raise
        return
    await asyncio.wait_for(_namespace_known(client), 60)


async def _namespace_known(client: Client) -> None:
    """The cluster's parts learn of a new namespace only when they refresh their lists."""
    while True:
        try:
            await client.operator_service.list_search_attributes(
                ListSearchAttributesRequest(namespace=client.namespace)
            )
        except RPCError as error:
            if error.status != RPCStatusCode.NOT_FOUND:
                raise
            await asyncio.sleep(1)
        else:
            return


def polls(address: str) -> Probe:
    """Ready when Temporal has seen somebody poll each of our queues since the worker started."""

    clients: list[Client] = []

    async def probe(started_at: float) -> bool:
        try:
            if not clients:
                clients.append(await connect(address))
            client = clients[0]
            return all([await _polled(client, queue, kind, started_at) for queue, kind in _POLLED])
        except (RuntimeError, RPCError):
            return False

    return probe


async def _polled(client: Client, queue: str, kind: "TaskQueueType.ValueType", since: float) -> bool:
    request = DescribeTaskQueueRequest(
        namespace=client.namespace, task_queue=TaskQueue(name=queue), task_queue_type=kind
    )
    answer = await client.workflow_service.describe_task_queue(request)
    return any(poller.last_access_time.ToNanoseconds() / 1e9 >= since for poller in answer.pollers)
