"""Many operations in one request (RFC 7644, 3.7), references between them included, circular ones too.

A new resource's id is fixed before anything is done, so whoever refers to it can be made first. What an operation
refers to is done before it; where that fails, or failed later in a circle, the operation fails with 409.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from scim2_models import ConflictException, InvalidSyntaxException, InvalidValueException, PayloadTooLargeException

from sandbox.scim import resources
from sandbox.scim.ask import Ask, Reply
from sandbox.scim.kinds import KINDS
from sandbox.store import Doc

REQUEST = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
RESPONSE = "urn:ietf:params:scim:api:messages:2.0:BulkResponse"
MAX_OPERATIONS, MAX_PAYLOAD = 1000, 1_048_576
_METHODS = ("POST", "PUT", "PATCH", "DELETE")
_REFERENCE = re.compile(r"bulkId:(.+)")

Serve = Callable[[Ask], Reply]
"""Carries one request out, refusals answered."""


@dataclass
class Operation:
    """One operation: as sent, the id that its resource will have, and how it went."""

    sent: Doc
    key: str | None = None
    reply: Reply | None = None
    running: bool = False
    assumed: set[str] = field(default_factory=set)

    @property
    def bulk_id(self) -> str | None:
        """The sender's name for it."""
        found = self.sent.get("bulkId")
        return found if isinstance(found, str) and found else None

    @property
    def method(self) -> str:
        """Its verb."""
        return str(self.sent.get("method", "")).upper()

    @property
    def failed(self) -> bool:
        """Is it done, and refused?"""
        return self.reply is not None and self.reply.status >= 400


def bulk(ask: Ask, serve: Serve) -> Reply:
    """``POST /Bulk``: 200 with the outcome of each operation done; 413 beyond what the service announces."""
    if len(ask.sent.body) > MAX_PAYLOAD:
        raise PayloadTooLargeException(detail=f"The bulk request is larger than maxPayloadSize ({MAX_PAYLOAD} bytes).")
    body = {name.lower(): value for name, value in ask.body.items()}
    if REQUEST not in (body.get("schemas") or ()):
        raise InvalidSyntaxException(detail=f"The schemas of a bulk request must name {REQUEST}.")
    operations = body.get("operations")
    if not isinstance(operations, list) or not all(isinstance(one, dict) for one in operations):
        raise InvalidSyntaxException(detail="Operations must be a list of objects.")
    if len(operations) > MAX_OPERATIONS:
        raise PayloadTooLargeException(detail=f"There are more than maxOperations ({MAX_OPERATIONS}) operations.")
    job = _Job(ask, serve, [Operation(one) for one in operations], _limit(body.get("failonerrors")))
    return Reply(200, {"schemas": [RESPONSE], "Operations": job.outcome()})


def _limit(value: Any) -> int | None:
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise InvalidValueException(detail="failOnErrors must be a number of at least 1.")
    return value


class _Job:
    def __init__(self, ask: Ask, serve: Serve, operations: list[Operation], limit: int | None) -> None:
        self._ask, self._serve, self._operations, self._limit = ask, serve, operations, limit
        self._named: dict[str, Operation] = {}
        for operation in operations:
            if operation.method == "POST" and operation.bulk_id:
                operation.key = str(uuid4())
                self._named.setdefault(operation.bulk_id, operation)
        self._promised = frozenset(operation.key for operation in operations if operation.key)

    def outcome(self) -> list[Doc]:
        """Do the operations until too many have failed; the results of those done, in the order sent."""
        for operation in self._operations:
            if self._limit is not None and sum(o.failed for o in self._operations) >= self._limit:
                break
            self._do(operation)
        self._take_back_dangling()
        return [self._result(operation) for operation in self._operations if operation.reply is not None]

    def _do(self, operation: Operation) -> None:
        if operation.reply is not None:
            return
        operation.running = True
        operation.reply = self._refusal(operation) or self._unmet(operation) or self._carried_out(operation)
        operation.running = False

    def _refusal(self, operation: Operation) -> Reply | None:
        """What is wrong with the operation before it is looked at as a request."""
        sent = operation.sent
        if operation.method not in _METHODS:
            return _refused(f"{sent.get('method')!r} is no method of a bulk operation.")
        if not isinstance(sent.get("path"), str):
            return _refused("A bulk operation needs a path.")
        if operation.method != "DELETE" and not isinstance(sent.get("data"), dict):
            return _refused("A bulk operation of this method needs data.")
        if operation.method == "POST" and operation.bulk_id is None:
            return _refused("A POST in a bulk request needs a bulkId.")
        if operation.method == "POST" and self._named[operation.bulk_id or ""] is not operation:
            return _refused(f"The bulkId {operation.bulk_id} stands twice in this request.")
        if _segments(sent["path"])[0].lower() not in {kind.endpoint.lower() for kind in KINDS}:
            return _refused(f"Bulk operations are not supported at {sent['path']}.", "invalidPath")
        return None

    def _unmet(self, operation: Operation) -> Reply | None:
        """Do what the operation refers to; a refusal where that cannot be had."""
        for name in _references([operation.sent.get("data"), *_segments(operation.sent["path"])]):
            other = self._named.get(name)
            if other is None:
                return _conflict(f"There is no operation with the bulkId {name}.")
            if other is operation:
                continue
            if other.running:
                operation.assumed.add(name)
                continue
            self._do(other)
            if other.failed:
                return _conflict(f"The operation with the bulkId {name} has failed.")
        return None

    def _carried_out(self, operation: Operation) -> Reply:
        sent = self._resolved(operation.sent.get("data"))
        path = tuple(self._resolved(segment) for segment in _segments(operation.sent["path"]))
        tag = operation.sent.get("version")
        return self._serve(
            Ask(
                self._ask.sent, operation.method, path, content=sent,
                if_match=tag if isinstance(tag, str) else None, assigned=operation.key, promised=self._promised,
            )
        )  # fmt: skip

    def _resolved(self, value: Any) -> Any:
        if isinstance(value, dict):
            return {name: self._resolved(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self._resolved(item) for item in value]
        match = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
        return self._named[match[1]].key if match and match[1] in self._named else value

    def _take_back_dangling(self) -> None:
        """Undo what was made on the word of an operation that then failed or was never reached."""
        while dangling := [o for o in self._operations if not o.failed and any(map(self._broken, o.assumed))]:
            for operation in dangling:
                kind = next(k for k in KINDS if k.endpoint.lower() == _segments(operation.sent["path"])[0].lower())
                if operation.method == "POST" and operation.key:
                    resources.undo(self._ask.store, kind, operation.key)
                operation.reply = _conflict("An operation that this one refers to has failed.")

    def _broken(self, name: str) -> bool:
        other = self._named[name]
        return other.reply is None or other.failed

    def _result(self, operation: Operation) -> Doc:
        reply = operation.reply or Reply(500)
        result: Doc = {"method": operation.method or str(operation.sent.get("method")), "status": str(reply.status)}
        if operation.bulk_id:
            result["bulkId"] = operation.bulk_id
        if location := self._location(operation, reply):
            result["location"] = location
        if tag := reply.headers.get("ETag"):
            result["version"] = tag
        if reply.status >= 400 and reply.body is not None:
            result["response"] = reply.body
        return result

    def _location(self, operation: Operation, reply: Reply) -> str | None:
        """The resource's address, always but for a creation that failed."""
        if operation.method == "POST":
            return reply.headers.get("Location")
        path = operation.sent.get("path")
        return "/".join([self._ask.root, *map(str, map(self._resolved, _segments(path)))]) if path else self._ask.root


def _segments(path: Any) -> list[str]:
    return str(path).strip("/").split("/")


def _references(value: Any) -> list[str]:
    """The bulkIds that a value refers to."""
    if isinstance(value, dict):
        return [name for item in value.values() for name in _references(item)]
    if isinstance(value, list):
        return [name for item in value for name in _references(item)]
    match = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    return [match[1]] if match else []


def _refused(detail: str, kind: str = "invalidValue") -> Reply:
    error = InvalidValueException(detail=detail).to_error()
    error.scim_type = kind
    return error_reply(error)


def _conflict(detail: str) -> Reply:
    return error_reply(ConflictException(detail=detail).to_error())


def error_reply(error: Any) -> Reply:
    """A SCIM error (RFC 7644, 3.12), ``status`` as a string."""
    plain: Doc = error.model_dump()
    return Reply(error.status or 400, plain)
