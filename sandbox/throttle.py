"""What a Graph call costs, and the budgets it is paid from (learn.microsoft.com/graph/throttling-limits, "Identity").

Token buckets: resource units per 10 s and writes per 150 s for each app, writes per 5 min for all apps together, and
the limits that other services have of their own.
"""

import math
import random
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from sandbox.answers import graph_error
from sandbox.exchange import Exchange
from sandbox.settings import Settings
from sandbox.store import Store

READ_ONLY_POSTS = re.compile(
    r"/(?:getMemberGroups|checkMemberGroups|getMemberObjects|checkMemberObjects|getByIds|validateProperties"
    r"|listKeys|listServiceSas|checkNameAvailability|\.search|\$batch)$|/oauth2/(?:v2\.0/|deviceauth)|^/devicelogin|/adminconsent$|^/oidc/",
    re.IGNORECASE,
)
_GET_CMDLET = re.compile(rb'"CmdletName"\s*:\s*"Get-', re.IGNORECASE)
_OF_SOMEBODY = r"/(?:me|users/[^/]+|groups/[^/]+|directoryObjects/[^/]+|servicePrincipals/[^/]+)/"
_COSTS = [
    (re.compile(pattern, re.IGNORECASE), cost)
    for pattern, cost in (
        (_OF_SOMEBODY + r"check(?:MemberGroups|MemberObjects)|/isMemberOf|/domains/[^/]+/domainNameReferences", 4),
        (r"/subscribedSkus|/contracts|/directoryObjects/getByIds|/getObjectsById", 3),
        (r"/groups/[^/]+/members(?:/(?:microsoft\.)?graph\.\w+)?", 3),
        (r"/groups/[^/]+/transitiveMembers(?:/.*)?", 5),
        (r"/users|/applications(?:/[^/]+/extensionProperties)?|/oauth2PermissionGrants(?:/[^/]+)?", 2),
        (r"/servicePrincipals/[^/]+/appRoleAssignments", 2),
        (_OF_SOMEBODY + r"(?:memberOf|transitiveMemberOf|ownedObjects|licenseDetails|getMember\w+)(?:/.*)?", 2),
    )
]
"""Resource units of what costs more than one; a path is without version and key syntax."""


@dataclass(frozen=True)
class Limit:
    """A service's own limit beside the resource units: ``requests`` in ``seconds`` for an app, or the whole tenant."""

    paths: re.Pattern[str]
    requests: int
    seconds: float
    tenant: bool = False
    retry_after: bool = True
    methods: frozenset[str] | None = None

    def fits(self, sent: Exchange, path: str) -> bool:
        """Does the limit hold for this call?"""
        return (self.methods is None or sent.method in self.methods) and self.paths.match(path) is not None


def limit(pattern: str, requests: int, seconds: float, **rest: Any) -> Limit:
    """A limit on the paths below the version that begin with a pattern."""
    return Limit(re.compile(pattern, re.IGNORECASE), requests, seconds, **rest)


LIMITS: list[Limit] = [
    limit(r"/auditLogs/|/reports/(?!authenticationMethods)", 5, 10),
    limit(r"/identity/conditionalAccess/|/identityProtection/", 1, 1, tenant=True, retry_after=False),
    limit(r"/security/cases/ediscoveryCases", 5, 60),
    limit(r"/invitations", 150, 5, tenant=True),
    limit(r"/schemaExtensions|/\w+/[^/]+/extensions", 455, 10),
]
"""Those of "Microsoft Graph service-specific throttling limits" that are not the directory's own."""

MAILBOX_CONCURRENCY = 4
MAILBOX_MS = 20
"""What a mailbox takes at least for a call: without it no two calls would ever meet there."""
_MAILBOX = re.compile(
    r"/users/([^/]+)/(?:messages|mailFolders|sendMail|events|calendars?|calendarView|contacts|contactFolders"
    r"|mailboxSettings)(?:/|$)",
    re.IGNORECASE,
)


def mutates(sent: Exchange) -> bool:
    """Does this call write? POSTs that only ask, sign-in and tokens do not, whatever their method."""
    if sent.method in ("GET", "HEAD", "OPTIONS") or READ_ONLY_POSTS.search(sent.path):
        return False
    return not (sent.path.lower().startswith("/adminapi/") and _GET_CMDLET.search(sent.body))


def cost(sent: Exchange) -> int:
    """Resource units: a write 1; a read by its path, ``$select`` and ``$top`` < 20 one less, ``$expand`` one more."""
    if mutates(sent):
        return 1
    path = below_version(sent)
    base = next((units for pattern, units in _COSTS if pattern.fullmatch(path)), 1)
    query = sent.query.replace("%24", "$")
    top = re.search(r"\$top=(\d+)", query)
    cheaper = ("$select=" in query) + (top is not None and int(top[1]) < 20)
    return max(1, base - cheaper + ("$expand=" in query))


def below_version(sent: Exchange) -> str:
    """The path as the tables above spell it: ``/users('x')/memberOf`` is ``/users/x/memberOf``."""
    path = "/" + sent.path.partition("/")[2].partition("/")[2]
    return re.sub(r"\('?([^()']*)'?\)", lambda key: f"/{key[1]}" if key[1] else "", path)


def mailbox(sent: Exchange) -> str | None:
    """Whose mailbox a call is for."""
    found = _MAILBOX.match(below_version(sent))
    return found[1].lower() if found else None


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
    """The budgets of every app and of the tenant.

    Whoever is refused must wait: calls before the delay is over are refused without a look at the budget.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, object], Bucket] = {}
        self._penalties: dict[tuple[str, object], float] = {}
        self._refused: dict[tuple[str, object], float] = {}
        self._luck = random.Random(7)  # noqa: S311 - no secret
        self.arm: dict[str, Bucket] = {}

    def clear(self) -> None:
        """Everybody's budget is full again."""
        self._buckets.clear()
        self._penalties.clear()
        self._refused.clear()
        self.arm.clear()

    def charge(self, sent: Exchange, app: str, settings: Settings) -> tuple[Response | None, dict[str, str]]:
        """Pay for a call: a 429 if a budget does not suffice, and the headers of the answer."""
        units = cost(sent)
        headers = {"x-ms-resource-unit": str(units)}
        if not settings.throttle:
            return None, headers
        now, dues = self._clock(), self._dues(sent, app, units, settings)
        for due in dues:
            if wait := self._wait(due, now):
                silent = not due.retry_after or self._luck.random() < settings.throttle_silent
                percentage = self._demand(due)
                return _throttled(sent, app, due, None if silent else wait, percentage), headers
        for due in dues:
            self._buckets[due.key].level -= due.amount
        used = max(self._buckets[due.key].used for due in dues if due.shown)
        if used >= ALARM:
            headers["x-ms-throttle-limit-percentage"] = f"{used:.2f}"
        return None, headers

    def _dues(self, sent: Exchange, app: str, units: int, settings: Settings) -> list["Due"]:
        """All that a call is paid from."""
        dues = [Due(("units", app), units, units_per_10s(sent.store, settings), 10, "ResourceUnitLimitExceeded")]
        if mutates(sent):
            writes, tenant = settings.throttle_writes_per_150s, settings.throttle_tenant_writes_per_300s
            dues.append(Due(("writes", app), 1, writes, 150, "WriteLimitExceeded", limit="Write"))
            dues.append(Due(("writes", ""), 1, tenant, 300, "WriteLimitExceeded", "Tenant", "Write", shown=False))
        path = below_version(sent)
        for number, own in enumerate(LIMITS):
            if own.fits(sent, path):
                key = (f"limit/{number}", "" if own.tenant else app)
                scope = "Tenant" if own.tenant else "Tenant_Application"
                dues.append(
                    Due(key, 1, own.requests, own.seconds, "RequestLimitExceeded", scope, "ReadWrite", False,
                        own.retry_after)
                )  # fmt: skip
        return dues

    def _wait(self, due: "Due", now: float) -> float:
        """Seconds until this can be paid; the delay once told is kept, whatever comes in meanwhile."""
        bucket = self._buckets.setdefault(due.key, Bucket(0, due.seconds, 0, now))
        bucket.refill(due.size, now)
        wait = max(self._penalties.get(due.key, 0) - now, bucket.wait(due.amount))
        if wait <= 0:
            self._refused.pop(due.key, None)
            return 0
        self._penalties[due.key] = max(self._penalties.get(due.key, 0), now + wait)
        self._refused[due.key] = self._refused.get(due.key, 0) + due.amount
        return wait

    def _demand(self, due: "Due") -> float:
        """How much of the limit is asked for, what was refused included."""
        asked = self._buckets[due.key].used + self._refused.get(due.key, 0) / max(due.size, 1)
        return min(MOST, max(1.0, asked))


ALARM, MOST = 0.8, 1.8
"""Between what ``x-ms-throttle-limit-percentage`` moves."""


@dataclass(frozen=True)
class Due:
    """One budget that a call is paid from, and how its refusal is worded."""

    key: tuple[str, object]
    amount: float
    size: float
    seconds: float
    reason: str
    scope: str = "Tenant_Application"
    limit: str = "ReadWrite"
    shown: bool = True
    retry_after: bool = True


def units_per_10s(store: Store, settings: Settings) -> int:
    """The set number, else that of the tenant's size: under 50, up to 500, or more people."""
    people = store.count("users")
    return settings.throttle_units_per_10s or (3500 if people < 50 else 5000 if people <= 500 else 8000)


def _throttled(sent: Exchange, app: str, due: Due, wait: float | None, percentage: float) -> Response:
    text = f"Too many requests from Identifier:{app} under category:throttle.aad.ags.directory.app."
    headers = {
        "Cache-Control": "private",
        "x-ms-throttle-scope": f"{due.scope}/{due.limit}/{app}/{sent.pipeline.tenant_id}",
        "x-ms-throttle-information": due.reason,
        "x-ms-throttle-limit-percentage": f"{percentage:.2f}",
    }
    if wait is not None:
        # In a batch it was seen with decimals (microsoft-graph-docs, issue 3877).
        headers["Retry-After"] = str(math.ceil(wait)) if sent.outer is None else f"{max(wait, 0.001):.3f}"
    return graph_error(sent, 429, "TooManyRequests", text, headers=headers)


def crowded(sent: Exchange) -> Response:
    """429 of a mailbox that serves four requests of one app already (Outlook service limits)."""
    text = "Application is over its MailboxConcurrency limit."
    return graph_error(sent, 429, "ApplicationThrottled", text, headers={"Retry-After": "1"})
