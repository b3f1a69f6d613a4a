"""What the practice tenant says it was asked: the record of its requests, and whose lifecycle each was for."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from embedded import wire
from embedded.practice_login import practice_file
from settings import Settings

_GUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}")
_WORD = re.compile(r"[A-Za-z0-9_.-]{1,64}")
Row = dict[str, Any]


@dataclass(frozen=True)
class Requests:
    """The platform's requests to the tenant in some span of time, parts of a ``$batch`` under their batch."""

    rows: list[Row] = field(default_factory=list)

    @property
    def sent(self) -> list[Row]:
        """Those that went over the wire: a ``$batch`` is one."""
        return [row for row in self.rows if not row.get("batch")]

    @property
    def throttled(self) -> int:
        """How many were answered 429, parts of a batch included."""
        return sum(row["status"] == 429 for row in self.rows)

    def by_lifecycle(self, lifecycles: Mapping[str, Row]) -> Counter[str]:
        """How many went over the wire for each lifecycle; those that name nobody (licences on sale …) are left out.

        A request belongs to the person it names, and of that person's lifecycles to the one that began last before it.
        """
        people = {str(item[key]): item["employee_id"] for item in lifecycles.values() for key in _IDS if item.get(key)}
        parts: dict[int, list[Row]] = {}
        for row in self.rows:
            if row.get("batch"):
                parts.setdefault(row["batch"], []).append(row)
        counts: Counter[str] = Counter()
        for row in self.sent:
            for person in {_person(one, people) for one in (row, *parts.get(row["n"], ()))} - {None}:
                counts[_lifecycle_at(row["at"], person, lifecycles)] += 1
        del counts[""]
        return counts


_IDS = ("object_id", "employee_id")


def _person(row: Row, people: Mapping[str, str]) -> str | None:
    """The person a request names: in its path first, since a body may name a manager too."""
    body = row.get("body")
    for text in (row["path"], str(row.get("query") or ""), _own_id(body), json.dumps(body) if body else ""):
        for name in (*_GUID.findall(text.lower()), *_WORD.findall(text)):
            if name in people:
                return people[name]
    return None


def _own_id(body: Any) -> str:
    return str(body.get("employeeId", "")) if isinstance(body, dict) else ""


def _lifecycle_at(at: str, person: str | None, lifecycles: Mapping[str, Row]) -> str:
    moment = datetime.fromisoformat(at)
    begun = [item for item in lifecycles.values() if item["employee_id"] == person]
    begun = [item for item in begun if datetime.fromisoformat(item["created_at"]) <= moment]
    return max(begun, key=lambda item: item["created_at"])["id"] if begun else ""


class TenantRecord:
    """A reader of ``GET /_sandbox/requests``."""

    def __init__(self, settings: Settings) -> None:
        """Of the practice tenant that ``settings`` name."""
        self._url, self._ca = settings.authority_url, settings.ca_file
        self._platform = practice_file(settings)["platform"]["client_id"]

    async def since(self, moment: datetime) -> Requests:
        """What the platform's service principal asked since ``moment``."""
        rows: list[Row] = []
        last = 0
        async with wire.client(self._url, ca_file=self._ca) as client:
            while True:
                page = (await client.get("/_sandbox/requests", params={"since": last})).raise_for_status().json()
                rows += [row for row in page["items"] if self._ours(row, moment)]
                if not page["items"]:
                    return Requests(rows)
                last = page["next"]

    def _ours(self, row: Row, since: datetime) -> bool:
        return row["app_id"] == self._platform and datetime.fromisoformat(row["at"]) >= since
