"""Refused requests leave a trace: one ledger row per caller, reason and minute."""

import asyncio
import logging
import time

from sqlalchemy.exc import SQLAlchemyError

from api.visit import Visit
from ledger import Entry, Ledger

RECORDED = frozenset({401, 403, 404, 405, 409, 413, 422, 429, 503})
LONGEST_PATH = 200

log = logging.getLogger(__name__)


class Refusals:
    """Writes refusals to the ledger; what was written this minute is remembered, so a flood costs no writes."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._minute = 0
        self._written: set[str] = set()

    async def record(self, visit: Visit, method: str, path: str, status: int) -> None:
        """Record that ``visit`` was refused. A ledger that cannot be written must not change the answer."""
        if status not in RECORDED or (status == 404 and method == "GET"):
            # Polling for a thing that is not there yet is no refusal.
            return
        key = self._key(visit)
        if key in self._written:
            return
        self._written.add(key)
        body = {"method": method, "path": path[:LONGEST_PATH], "status": status, "request_id": visit.request_id}
        entry = Entry(key=key, kind="request.refused", actor=visit.actor, reason=visit.reason, body=body)
        try:
            await asyncio.to_thread(self._ledger.append, entry)
        except SQLAlchemyError:
            self._written.discard(key)
            log.exception("refusal %s could not be recorded", key)

    def _key(self, visit: Visit) -> str:
        minute = int(time.time() // 60)
        if minute != self._minute:
            self._minute, self._written = minute, set()
        return f"refused:{visit.who}:{visit.reason}:{minute}"
