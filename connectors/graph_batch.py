"""Graph's ``$batch``: up to twenty calls in one request, each with an answer and an id of its own."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from connectors import tally
from connectors.answers import Answer, failure
from connectors.errors import Throttled, Unavailable, WireError
from connectors.graph_wire import refuse_object_deletion
from connectors.http import Wire, shown

LIMIT = 20
_JSON = {"Content-Type": "application/json"}
_FIRST_PAUSE = 0.5


@dataclass(frozen=True)
class Part:
    """One call of a batch; ``name`` is how the caller finds its answer."""

    name: str
    method: str
    path: str
    body: Mapping[str, Any] | None = field(default=None, repr=False)
    headers: Mapping[str, str] | None = None

    @property
    def writes(self) -> bool:
        """Does it change anything, so that it must not be sent again without a look?"""
        return self.method != "GET"


@dataclass(frozen=True)
class Outcome:
    """How one part went: its error, or (None) its success with whatever body came."""

    error: WireError | None
    body: Any = field(default=None, repr=False)


class Batch:
    """Any calls together. An error of the whole batch is raised, those of parts stand in their outcomes."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def send(self, parts: Sequence[Part], *, patience: float = 0.0) -> dict[str, Outcome]:
        """Send calls, twenty at a time and independent of each other; for each part's name its outcome.

        Within ``patience`` seconds, parts that were refused for the moment are sent again after their ``Retry-After``:
        any that were throttled (429), and reads that failed (5xx). A write answered 5xx may have taken effect: it is
        never repeated, its error says so (``certain`` False). Activities leave ``patience`` at 0, since Temporal waits
        better. ``POST /$batch``; the permissions are those of the parts. Source: Graph, json-batching. Raises the types
        of ``connectors.errors`` for the batch as a whole, ``ValueError`` for a deletion that would not be of a
        relation.
        """
        for part in parts:
            refuse_object_deletion(part.method, part.path)
        outcomes: dict[str, Outcome] = {}
        for start in range(0, len(parts), LIMIT):
            outcomes |= await self._patiently(parts[start : start + LIMIT], patience)
        return outcomes

    async def _patiently(self, parts: Sequence[Part], patience: float) -> dict[str, Outcome]:
        until, pause = time.monotonic() + patience, _FIRST_PAUSE
        outcomes: dict[str, Outcome] = {}
        waiting = list(parts)
        while True:
            outcomes |= await self._once(waiting, patience)
            waiting = [part for part in waiting if _again(part, outcomes[part.name].error)]
            wait = max((_wait(outcomes[part.name].error, pause) for part in waiting), default=0.0)
            if not waiting or time.monotonic() + wait > until:
                return outcomes
            await asyncio.sleep(wait)
            pause *= 2

    async def _once(self, parts: Sequence[Part], patience: float) -> dict[str, Outcome]:
        """One request; where there is patience, a refusal of the whole for its pace is one of each part."""
        try:
            return await _send(self._wire, parts)
        except Throttled as error:
            if not patience:
                raise
            return {part.name: Outcome(error) for part in parts}


def _again(part: Part, error: WireError | None) -> bool:
    return isinstance(error, Throttled) or (isinstance(error, Unavailable) and (error.certain or not part.writes))


def _wait(error: WireError | None, otherwise: float) -> float:
    told = error.retry_after if isinstance(error, Throttled | Unavailable) else None
    return otherwise if told is None else told


async def send_batch(wire: Wire, parts: Sequence[Part]) -> dict[str, WireError | None]:
    """Send calls without patience; for each part's name its error, or None if it went through (see ``Batch.send``)."""
    return {name: outcome.error for name, outcome in (await Batch(wire).send(parts)).items()}


async def _send(wire: Wire, parts: Sequence[Part]) -> dict[str, Outcome]:
    sent_as = {str(number): (part, _id(part)) for number, part in enumerate(parts, start=1)}
    body = {"requests": [_request(number, part, sent) for number, (part, sent) in sent_as.items()]}
    writes = sum(part.writes for part in parts)
    answer = await wire.request("POST", "/$batch", body=body, cost=len(parts), writes=writes)
    responses = {str(item.get("id")): item for item in answer.json().get("responses", [])}
    return {part.name: _outcome(wire, responses.get(number), part, sent) for number, (part, sent) in sent_as.items()}


def _id(part: Part) -> str:
    """Each sending has an id of its own, also when it is the second of the same part."""
    return tally.write_request_id() if part.writes else str(uuid4())


def _request(number: str, part: Part, client_request_id: str) -> dict[str, Any]:
    headers = {
        "client-request-id": client_request_id,
        **(_JSON if part.body is not None else {}),
        **(part.headers or {}),
    }
    request: dict[str, Any] = {"id": number, "method": part.method, "url": part.path, "headers": headers}
    return request | ({"body": part.body} if part.body is not None else {})


def _outcome(wire: Wire, item: Mapping[str, Any] | None, part: Part, client_request_id: str) -> Outcome:
    what = f"{part.method} {shown(part.path)}"
    if item is None:
        return Outcome(
            _noted(part, Unavailable(f"{what}: the batch has no answer for it", client_request_id=client_request_id))
        )
    answer = Answer.of_part(item, client_request_id)
    wire.learn(answer)
    if answer.succeeded:
        return Outcome(None, answer.body)
    return Outcome(_noted(part, failure(what, answer)), answer.body)


def _noted(part: Part, error: WireError) -> WireError:
    if part.writes and not error.certain:
        tally.note_uncertain()
    return error
