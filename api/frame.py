"""What every answer has: security headers, the request's id, a line in the metrics and, if refused, in the ledger."""

import logging
import time

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import SECURITY_HEADERS
from api.metrics import Metrics
from api.refusals import Refusals
from api.visit import Visit, begin

log = logging.getLogger(__name__)


class Frame:
    """The outermost middleware; the refusal is recorded before the caller hears of it."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request within the frame."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        visit, started, status = begin(scope), time.perf_counter(), 500
        metrics: Metrics = scope["app"].state.metrics

        async def framed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                await _note_refusal(scope, visit, status)
                headers = MutableHeaders(scope=message)
                headers.update({**SECURITY_HEADERS, "X-Request-Id": visit.request_id})
            await send(message)

        try:
            await self._app(scope, receive, framed)
        finally:
            seconds = time.perf_counter() - started
            metrics.request(scope["method"], visit.template, status, seconds)
            # The template and not the path: whom somebody looked for is no business of the log.
            log.info("%s %s %s %.0f ms %s", scope["method"], visit.template, status, seconds * 1000, visit.request_id)


async def _note_refusal(scope: Scope, visit: Visit, status: int) -> None:
    if visit.reason is None:
        return
    metrics: Metrics = scope["app"].state.metrics
    refusals: Refusals = scope["app"].state.refusals
    metrics.refused(visit.reason)
    await refusals.record(visit, scope["method"], scope["path"], status)
