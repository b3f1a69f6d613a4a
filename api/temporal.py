"""What the API asks of Temporal, and how it says that Temporal is away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from temporalio.client import (
    Client,
    RPCError,
    RPCTimeoutOrCancelledError,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCStatusCode

from api.errors import FieldError, Problem, unavailable
from domain.events import Envelope
from workflows.contract import PERSON_WORKFLOW, WORKFLOW_QUEUE, Command, PersonStart, person_workflow_id

WITHIN_SECONDS = 8
HEALTH_SECONDS = 3
AWAY = frozenset(
    {
        RPCStatusCode.UNAVAILABLE,
        RPCStatusCode.DEADLINE_EXCEEDED,
        RPCStatusCode.CANCELLED,
        RPCStatusCode.RESOURCE_EXHAUSTED,
    }
)


def _away() -> Problem:
    return unavailable("temporal-unavailable", "Temporal cannot be reached; send the same request again.")


@asynccontextmanager
async def reaching_temporal() -> AsyncIterator[None]:
    """Turn every way of not reaching Temporal, within our patience, into a 503 problem."""
    try:
        async with asyncio.timeout(WITHIN_SECONDS):
            yield
    except (TimeoutError, RPCTimeoutOrCancelledError):
        raise _away() from None
    except RPCError as error:
        if error.status in AWAY:
            raise _away() from None
        raise
    except RuntimeError as error:
        # A lazy client that cannot connect raises a plain RuntimeError, not an RPCError.
        if "client connect" not in str(error):
            raise
        raise _away() from None


async def send_event(client: Client, envelope: Envelope) -> None:
    """Hand the event to its person, starting them if need be; durable once this returns, workers or not."""
    async with reaching_temporal():
        await client.start_workflow(
            PERSON_WORKFLOW,
            PersonStart(employee_id=envelope.employee_id),
            id=person_workflow_id(envelope.employee_id),
            task_queue=WORKFLOW_QUEUE,
            start_signal="event",
            start_signal_args=[envelope],
            static_summary=f"Person {envelope.employee_id}",
        )


async def command(client: Client, lifecycle_id: str, verb: str, argument: Command, update_id: str) -> None:
    """Carry out an administrator's command as an update; the same ``update_id`` again changes nothing.

    Raises 409 for what makes no sense now, 422 for a step that the lifecycle has not, 503 if no worker takes it.
    """
    handle = client.get_workflow_handle(lifecycle_id)
    try:
        async with reaching_temporal(), _a_worker_taking(lifecycle_id):
            await handle.execute_update(verb, argument, id=update_id, rpc_timeout=timedelta(seconds=WITHIN_SECONDS - 1))
    except WorkflowUpdateFailedError as error:
        raise _refusal(error) from error
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        raise Problem(409, "senseless", f"Nothing was done: {lifecycle_id} is no longer open in Temporal.") from None


@asynccontextmanager
async def _a_worker_taking(lifecycle_id: str) -> AsyncIterator[None]:
    try:
        yield
    except WorkflowUpdateRPCTimeoutOrCancelledError:
        detail = f"No worker took the command for {lifecycle_id}; it may still be carried out. Send it again."
        raise unavailable("no-worker", detail) from None


def _refusal(error: WorkflowUpdateFailedError) -> Exception:
    cause = error.cause
    if isinstance(cause, ApplicationError) and cause.type == "Senseless":
        return Problem(409, "senseless", cause.message)
    if isinstance(cause, ApplicationError) and cause.type == "UnknownStep":
        return Problem(422, "unfit", cause.message, errors=[FieldError(field="step", message=cause.message)])
    return error


async def healthy(client: Client) -> bool:
    """Whether Temporal answers."""
    try:
        async with asyncio.timeout(HEALTH_SECONDS):
            return await client.service_client.check_health(timeout=timedelta(seconds=HEALTH_SECONDS))
    except (TimeoutError, RPCError, RuntimeError):
        return False
