"""``POST /$batch``: up to 20 calls in one, each through the whole pipeline (Microsoft Graph, "Combine requests")."""

import asyncio
import base64
import binascii
import json
import random
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from sandbox.exchange import Exchange
from sandbox.graph.call import Call
from sandbox.graph.errors import GraphError, malformed
from sandbox.pipeline import serve
from sandbox.store import Doc

MAX_PARTS = 20
_SPELLING = {
    name.lower(): name
    for name in ("Cache-Control", "Content-Type", "Location", "OData-Version", "Retry-After", "WWW-Authenticate")
}


@dataclass
class _Part:
    id: str
    sent: Exchange
    needs: list[str]


async def batch(call: Call) -> Response:
    """200 with every part's own answer, in any order; 400 for the whole if it is not well-formed."""
    parts = _parts(call)
    answers = await _carried_out(parts)
    shuffled = [answers[part.id] for part in parts]
    random.shuffle(shuffled)
    return Response(json.dumps({"responses": shuffled}, ensure_ascii=False), 200, media_type="application/json")


def _parts(call: Call) -> list[_Part]:
    requests = call.body().get("requests")
    if not isinstance(requests, list) or not requests:
        raise malformed("Invalid batch payload format.")
    if len(requests) > MAX_PARTS:
        text = f"Number of batch request steps exceeds the maximum value of {MAX_PARTS}."
        raise GraphError(400, "MaximumValueExceeded", text)
    parts = [_part(call, request) for request in requests]
    known = {part.id.lower() for part in parts}
    if len(known) < len(parts):
        raise malformed("Invalid batch payload: the request ids must be unique.")
    for part in parts:
        if unknown := [need for need in part.needs if need.lower() not in known]:
            raise malformed(
                f"Invalid batch payload: request '{part.id}' depends on the unknown request '{unknown[0]}'."
            )
    _check_order(parts)
    return parts


def _part(call: Call, request: Any) -> _Part:
    """One request of the body: ids may be numbers, addresses absolute, ``dependsOn`` spelled as SDKs do."""
    if not isinstance(request, dict) or request.get("id") in (None, ""):
        raise malformed("Invalid batch payload: every request needs an id.")
    key = str(request["id"])
    method, url = request.get("method"), request.get("url")
    if not isinstance(method, str) or not isinstance(url, str) or not url:
        raise malformed(f"Invalid batch payload: request '{key}' needs a method and a url.")
    headers = request.get("headers") or {}
    needs = request.get("dependsOn") or request.get("depends_on") or []
    if not isinstance(headers, dict) or not isinstance(needs, list):
        raise malformed(
            f"Invalid batch payload: the headers or the dependencies of request '{key}' are not well-formed."
        )
    body = _body(key, request, headers)
    return _Part(key, call.sent.part(method, url, headers, body), [str(need) for need in needs])


def _body(key: str, request: Doc, headers: Doc) -> bytes:
    body = request.get("body")
    if body is None:
        return b""
    if not any(name.lower() == "content-type" for name in headers):
        raise malformed(f"Invalid batch payload: request '{key}' has a body and no Content-Type header.")
    if isinstance(body, str):
        return _decoded(key, body)
    return json.dumps(body).encode()


def _decoded(key: str, body: str) -> bytes:
    """Base64, in its ordinary or its URL alphabet, with or without padding."""
    plain = body.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except binascii.Error as error:
        raise malformed(f"Invalid batch payload: the body of request '{key}' is neither JSON nor base64.") from error


def _check_order(parts: list[_Part]) -> None:
    """Dependencies must come to an end."""
    left = {part.id.lower(): {need.lower() for need in part.needs} for part in parts}
    while left:
        ready = [key for key, needs in left.items() if not needs & left.keys()]
        if not ready:
            raise malformed("Invalid batch payload: the requests depend on each other in a circle.")
        for key in ready:
            del left[key]


async def _carried_out(parts: list[_Part]) -> dict[str, Doc]:
    """Every part as soon as those it depends on are done; together where nothing says otherwise."""
    answers: dict[str, Doc] = {}
    by_id = {part.id.lower(): part for part in parts}
    left = list(parts)
    while left:
        ready = [part for part in left if all(by_id[need.lower()].id in answers for need in part.needs)]
        done = await asyncio.gather(*(_answered(part, by_id, answers) for part in ready))
        answers.update(zip((part.id for part in ready), done, strict=True))
        left = [part for part in left if part.id not in answers]
    return answers


async def _answered(part: _Part, by_id: dict[str, _Part], answers: dict[str, Doc]) -> Doc:
    if any(answers[by_id[need.lower()].id]["status"] >= 400 for need in part.needs):
        error = {"code": "FailedDependency", "message": "A request that this one depends on has failed."}
        return {"id": part.id, "status": 424, "headers": {"Content-Type": "application/json"}, "body": {"error": error}}
    response = await serve(part.sent)
    headers = {_SPELLING.get(k, k): v for k, v in response.headers.items() if k != "content-length"}
    answer: Doc = {"id": part.id, "status": response.status_code, "headers": headers}
    if content := bytes(response.body):
        answer["body"] = _content(content, response.headers.get("content-type", ""))
    return answer


def _content(content: bytes, media_type: str) -> Any:
    """JSON as it is, a plain count as a number, all else in base64."""
    if media_type.startswith("application/json") or (media_type.startswith("text/plain") and content.isdigit()):
        return json.loads(content)
    return base64.b64encode(content).decode()
