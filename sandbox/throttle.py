"""What a Graph call costs, and the budgets it is paid from (learn.microsoft.com/graph/throttling-limits, "Identity").

Two token buckets per app and tenant: resource units per 10 s, and writes per 150 s.
"""

import math
import re
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from starlette.responses import Response

from sandbox.answers import graph_error
from sandbox.exchange import Exchange
from sandbox.settings import Settings

READ_ONLY_POSTS = re.compile(
    r"/(?:getMemberGroups|checkMemberGroups|getMemberObjects|checkMemberObjects|getByIds|validateProperties"
    r"|listKeys|listServiceSas|\.search|\$batch)$|/oauth2/v2\.0/|^/oidc/",
    re.IGNORECASE,
)
_COSTS = [
    (re.compile(pattern + "$", re.IGNORECASE), cost)
    for pattern, cost in (
        (r"/.*/checkMemberGroups", 4),
        (
            r"/subscribedSkus|/directoryObjects/getByIds|/groups/[^/]+/members(?:/microsoft\.graph\.user|/graph\.user)?",
            3,
        ),
        (r"/groups/[^/]+/transitiveMembers(?:/.*)?", 5),
        (r"/users|/applications|/oauth2PermissionGrants|/servicePrincipals/[^/]+/appRoleAssignments", 2),
        (
            r"/(?:users|groups)/[^/]+/(?:memberOf|transitiveMemberOf|ownedObjects|licenseDetails|getMemberGroups)(?:/.*)?",
            2,
        ),
    )
]


def mutates(sent: Exchange) -> bool:
    """Does this call write? POSTs that only ask, sign-in and tokens do not, whatever their method."""
    return sent.method not in ("GET", "HEAD", "OPTIONS") and not READ_ONLY_POSTS.search(sent.path)


def cost(sent: Exchange) -> int:
    """Resource units: a write 1; a read by its path, ``$select`` and ``$top`` < 20 one less, ``$expand`` one more."""
    if mutates(sent):
        return 1
    path = sent.path.partition("/")[2].partition("/")[2]
    base = next((units for pattern, units in _COSTS if pattern.fullmatch("/" + path)), 1)
    query = sent.query.replace("%24", "$")
    top = re.search(r"\$top=(\d+)", query)
    cheaper = ("$select=" in query) + (top is not None and int(top[1]) < 20)
    return max(1, base - cheaper + ("$expand=" in query))


@dataclass
class Bucket:
    """A token bucket that refills evenly; ``level`` is what is left of ``size``."""

    size: float
    period_s: float
    level: float
    at: float

    def refill(self, size: float, now: float) -> None:
        """Add what has come in since the last time; a changed size changes the level with it."""
        self.level = min(size, self.level + size - self.size + max(0.0, now - self.at) * size / self.period_s)
        self.size, self.at = size, now

    def wait(self, amount: float) -> float:
        """Seconds until ``amount`` can be paid; 0 if at once."""
        return max(0.0, (amount - self.level) * self.period_s / self.size) if self.size else self.period_s

    @property
    def used(self) -> float:
        """The share of the budget that is spent."""
        return 1 - self.level / self.size if self.size else 1.0


class Budget:
    """The budgets of every app."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._units: dict[str, Bucket] = defaultdict(lambda: Bucket(0, 10, 0, clock()))
        self._writes: dict[str, Bucket] = defaultdict(lambda: Bucket(0, 150, 0, clock()))

    def clear(self) -> None:
        """Everybody's budget is full again."""
        self._units.clear()
        self._writes.clear()

    def charge(self, sent: Exchange, app: str, settings: Settings) -> tuple[Response | None, dict[str, str]]:
        """Pay for a call: a 429 if the budget does not suffice, and the headers of the answer."""
        units = cost(sent)
        headers = {"x-ms-resource-unit": str(units)}
        if not settings.throttle:
            return None, headers
        now, writes = self._clock(), int(mutates(sent))
        unit_bucket, write_bucket = self._units[app], self._writes[app]
        unit_bucket.refill(settings.throttle_units_per_10s, now)
        write_bucket.refill(settings.throttle_writes_per_150s, now)
        if wait := unit_bucket.wait(units):
            return _throttled(sent, app, wait, "ResourceUnitLimitExceeded"), headers
        if writes and (wait := write_bucket.wait(writes)):
            return _throttled(sent, app, wait, "WriteLimitExceeded"), headers
        unit_bucket.level -= units
        write_bucket.level -= writes
        used = max(unit_bucket.used, write_bucket.used if writes else 0)
        if used >= 0.8:
            headers["x-ms-throttle-limit-percentage"] = f"{used:.2f}"
        return None, headers


def _throttled(sent: Exchange, app: str, wait: float, limit: str) -> Response:
    text = f"Too many requests from Identifier:{app} under category:throttle.aad.ags.directory.app."
    kind = "ReadWrite" if mutates(sent) else "Read"
    return graph_error(
        sent,
        429,
        "TooManyRequests",
        text,
        headers={
            "Retry-After": str(math.ceil(wait)),
            "Cache-Control": "private",
            "x-ms-throttle-scope": f"Tenant_Application/{kind}/{app}/{sent.pipeline.tenant_id}",
            "x-ms-throttle-information": limit,
        },
    )
