"""ARM's token buckets per subscription, principal and kind of call, and the headers that tell what is left.

Source: learn.microsoft.com/azure/azure-resource-manager/management/request-limits-and-throttling. A subscription as a
whole has fifteen times the budget of one principal.
"""

import math
import time

from sandbox.azure import scopes
from sandbox.azure.errors import throttled
from sandbox.exchange import Exchange
from sandbox.throttle import Bucket

_REFILL_PER_S = {"reads": 25, "writes": 10, "deletes": 10}
_PRINCIPALS = 15


def charge(sent: Exchange, actor: str) -> dict[str, str]:
    """Pay for a call; the headers that tell what is left. An empty bucket is a 429."""
    kind = {"GET": "reads", "HEAD": "reads", "DELETE": "deletes"}.get(sent.method, "writes")
    subscription = scopes.subscription_of(sent.path)
    where = "subscription" if subscription else "tenant"
    settings = sent.store.settings
    size = settings.throttle_arm_reads if kind == "reads" else settings.throttle_arm_writes
    own = _bucket(sent, f"{subscription}/{actor}/{kind}", size, kind)
    whole = _bucket(sent, f"{subscription}//{kind}", size * _PRINCIPALS, kind)
    if settings.throttle and (wait := max(own.wait(1), whole.wait(1))):
        raise throttled(kind.removesuffix("s"), subscription or "", actor, math.ceil(wait))
    own.level -= settings.throttle
    whole.level -= settings.throttle
    return {
        f"x-ms-ratelimit-remaining-{where}-{kind}": str(max(0, int(own.level))),
        f"x-ms-ratelimit-remaining-{where}-global-{kind}": str(max(0, int(whole.level))),
    }


def _bucket(sent: Exchange, name: str, size: int, kind: str) -> Bucket:
    now, refill = time.monotonic(), _REFILL_PER_S[kind] * (_PRINCIPALS if "//" in name else 1)
    bucket = sent.pipeline.budget.arm.setdefault(name, Bucket(0, 1, 0, now))
    bucket.period_s = max(size, 1) / refill
    bucket.refill(size, now)
    return bucket
