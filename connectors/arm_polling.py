"""Azure's asynchronous operations: what was accepted is asked for until it is done, has failed, or time is up.

Source: Azure Resource Manager, "Track asynchronous Azure operations".
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from connectors.answers import Answer
from connectors.errors import NotFound, OperationFailed, StillRunning, Throttled, Unavailable
from connectors.http import Wire

_PAUSE = 5.0
_DONE = frozenset({"succeeded", "failed", "canceled"})


@dataclass(frozen=True)
class Operation:
    """An operation that was accepted: where it is asked for, and by which of the three ways.

    It is plain data, so that another attempt, or another process, can go on asking.
    """

    way: Literal["status", "location", "resource"]
    address: str
    retry_after: float = _PAUSE


@dataclass(frozen=True)
class Progress:
    """How far an operation is; ``result`` is the body of the last answer, where there is one."""

    done: bool
    retry_after: float
    result: Mapping[str, Any] | None = field(default=None, repr=False)


def started(answer: Answer, resource: str) -> Operation | None:
    """The operation that an answer began; None if all is done already.

    ``Azure-AsyncOperation`` is preferred to ``Location``; without both, ``provisioningState`` of the resource (its
    address with ``api-version``) is what tells.
    """
    pause = answer.retry_after or _PAUSE
    if link := answer.headers.get("azure-asyncoperation"):
        return Operation("status", link, pause)
    if answer.status == 202 and (link := answer.headers.get("location")):
        return Operation("location", link, pause)
    state = _state(answer.body)
    return None if state is None or state in _DONE else Operation("resource", resource, pause)


class Polling:
    """Asks for operations. Raises ``OperationFailed`` for one that failed, beside the types of every call.

    Source: learn.microsoft.com/azure/azure-resource-manager/management/async-operations.
    """

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def look(self, operation: Operation) -> Progress:
        """Ask once. A failed operation answers 200 and says so in its body: it is raised as ``OperationFailed``.

        ``GET {operation}``, its address; needs no permission beyond that of the call that began it.
        """
        answer = await self._wire.request("GET", operation.address)
        pause = answer.retry_after or _PAUSE
        if operation.way == "location":
            return Progress(answer.status != 202, pause, answer.body)
        state = _status(answer.body) if operation.way == "status" else _state(answer.body)
        if state in ("failed", "canceled"):
            raise _failed(answer, state)
        return Progress(state == "succeeded" or state is None, pause, answer.body)

    async def finish(self, operation: Operation | None, deadline: float) -> Mapping[str, Any] | None:
        """Ask until it is done, as ``look``, at most for ``deadline`` seconds; the last answer's body.

        For commands and tools: a Temporal activity calls ``look`` and raises with the delay instead of sleeping.
        A 429 and a 5xx are waited out. Raises ``StillRunning`` with the operation when the time is up.
        """
        if operation is None:
            return None
        ends, pause = time.monotonic() + deadline, operation.retry_after
        while time.monotonic() + pause <= ends:
            await asyncio.sleep(pause)
            try:
                progress = await self.look(operation)
            except (Throttled, Unavailable) as error:
                pause = error.retry_after or _PAUSE
                continue
            if progress.done:
                return progress.result
            pause = progress.retry_after
        raise StillRunning(f"The operation was not done within {deadline:g} seconds.", address=operation.address)

    async def finish_deletion(self, operation: Operation | None, deadline: float) -> None:
        """The same as ``finish`` for a deletion, where a resource that is no longer there is the end."""
        try:
            await self.finish(operation, deadline)
        except NotFound:
            return


def _status(body: Any) -> str | None:
    return str(body["status"]).lower() if isinstance(body, dict) and body.get("status") else None


def _state(body: Any) -> str | None:
    properties = body.get("properties") if isinstance(body, dict) else None
    state = properties.get("provisioningState") if isinstance(properties, dict) else None
    return str(state).lower() if state else None


def _failed(answer: Answer, state: str) -> OperationFailed:
    error = answer.body.get("error") or {}
    code = str(error.get("code") or state)
    return OperationFailed(
        f"The operation {state}: {code}: {error.get('message') or 'no reason was given'}",
        status=answer.status,
        code=code,
        request_id=answer.request_id,
        client_request_id=answer.client_request_id,
    )
