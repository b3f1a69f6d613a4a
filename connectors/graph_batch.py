"""Graph's ``$batch``: up to twenty writes in one request, each with an answer and an id of its own."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from connectors import tally
from connectors.answers import Answer, failure
from connectors.errors import Unavailable, WireError
from connectors.http import Wire

LIMIT = 20
_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True)
class Part:
    """One write of a batch; ``name`` is how the caller finds its answer."""

    name: str
    method: str
    path: str
    body: Mapping[str, Any] | None = None


async def send_batch(wire: Wire, parts: Sequence[Part]) -> dict[str, WireError | None]:
    """Send writes twenty at a time; for each part's name its error, or None if it went through.

    An error of the whole batch is raised. ``POST /$batch``; source: Graph, json-batching. Parts are independent (the
    documentation's all-parallel case), and their answers come in any order.
    """
    answers: dict[str, WireError | None] = {}
    for start in range(0, len(parts), LIMIT):
        answers |= await _send(wire, parts[start : start + LIMIT])
    return answers


async def _send(wire: Wire, parts: Sequence[Part]) -> dict[str, WireError | None]:
    sent_as = {str(number): (part, tally.write_request_id()) for number, part in enumerate(parts, start=1)}
    body = {"requests": [_request(number, part, sent) for number, (part, sent) in sent_as.items()]}
    answer = await wire.request("POST", "/$batch", body=body, cost=len(parts), writes=len(parts))
    responses = {str(item.get("id")): item for item in answer.json().get("responses", [])}
    return {part.name: _outcome(wire, responses.get(number), part, sent) for number, (part, sent) in sent_as.items()}


def _request(number: str, part: Part, client_request_id: str) -> dict[str, Any]:
    headers = {"client-request-id": client_request_id} | (_JSON if part.body is not None else {})
    request: dict[str, Any] = {"id": number, "method": part.method, "url": part.path, "headers": headers}
    return request | ({"body": part.body} if part.body is not None else {})


def _outcome(wire: Wire, item: Mapping[str, Any] | None, part: Part, client_request_id: str) -> WireError | None:
    if item is None:
        tally.note_uncertain()
        return Unavailable(
            f"{part.method} {part.path}: the batch has no answer for it", client_request_id=client_request_id
        )
    answer = Answer.of_part(item, client_request_id)
    wire.learn(answer)
    if answer.status < 400:
        return None
    error = failure(f"{part.method} {part.path}", answer)
    if not error.certain:
        tally.note_uncertain()
    return error
