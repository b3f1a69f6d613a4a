"""What can be set about the practice tenant: its environment at the start, its behaviour while it runs."""

import math
import os
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any, Self

from sandbox.lag import INDEX, LIST


@dataclass(frozen=True)
class Environment:
    """Where the tenant listens and lives; read once, at the start."""

    host: str
    port: int
    data_dir: Path
    people: int
    company_seed: int
    redirect_uris: list[str]

    @classmethod
    def read(cls) -> Self:
        """``JML_SANDBOX_{HOST,PORT,PEOPLE,SEED}``, ``JML_DATA_DIR``, ``JML_UI_PORT``."""
        env = os.environ
        console = f"http://localhost:{env.get('JML_UI_PORT', '8501')}"
        return cls(
            host=env.get("JML_SANDBOX_HOST", "127.0.0.1"),
            port=_number("JML_SANDBOX_PORT", 8443),
            data_dir=Path(env.get("JML_DATA_DIR", ".data")).absolute(),
            people=_number("JML_SANDBOX_PEOPLE", 60),
            company_seed=_number("JML_SANDBOX_SEED", 1),
            redirect_uris=[f"{console}/auth/callback", f"{console}/oauth2callback"],
        )


def _number(name: str, default: int) -> int:
    text = os.environ.get(name, str(default))
    if not text.isdecimal():
        raise ValueError(f"{name}: {text!r} is not a number")
    return int(text)


@dataclass(frozen=True)
class Settings:
    """How the tenant behaves; changed by ``POST /_sandbox/settings``. The defaults are the practice profile's.

    Times are real milliseconds. ``profile`` sets all of them: ``practice``, ``realistic`` (everything on, with the lags
    of real life) or ``fast`` (no lag, no throttling).

    ``lag_ms`` is how long the slowest of ``replicas`` takes to show a write by id; the fastest is quicker by the part
    ``spread`` of it. ``lag`` holds factors: by kind of object (``users``, ``groups``, …), and ``list`` and ``index``
    for these ways to look. ``latency`` (``p50`` and ``p99`` in milliseconds) is spread log-normally, on top of
    ``latency_ms``.

    ``dynamic_load`` is how many memberships by rule that nobody sees yet double the lag of the next one (0: none do).

    ``throttle_units_per_10s`` follows the number of people while it is 0. ``throttle_silent`` is the part of 429s that
    come without Retry-After. ``notification_gaps`` is the part of change notifications that never comes,
    ``writes_failing_late`` the part of Graph's writes that are done and then answered with 503 or 504.
    """

    profile: str = "practice"
    latency_ms: int = 0
    latency: dict[str, float] = field(default_factory=dict)
    lag_ms: int = 300
    lag: dict[str, float] = field(default_factory=lambda: {LIST: 1.1, INDEX: 1.2})
    replicas: int = 1
    spread: float = 0.8
    dynamic_lag_ms: int = 500
    dynamic_load: int = 0
    throttle: bool = True
    throttle_units_per_10s: int = 0
    throttle_writes_per_150s: int = 3000
    throttle_tenant_writes_per_300s: int = 18_000
    throttle_silent: float = 0
    seats: dict[str, int] = field(default_factory=dict)
    group_licence_lag_ms: int = 1000
    provisioning_delay_ms: int = 1000
    audit_lag_ms: int = 1000
    provisioning_clears_values: bool = False
    directory_sync_ms: int = 3000
    security_groups_recoverable: bool = True
    licences_freed_on_deletion: bool = False
    arm_operation_ms: int = 1000
    arm_operations_failing: int = 0
    throttle_arm_reads: int = 1100
    throttle_arm_writes: int = 800
    rbac_lag_ms: int = 500
    mailbox_delay_ms: int = 1000
    clock_offset_s: float = 0
    empty_pages: bool = False
    delta_resync: bool = False
    delta_replays: bool = False
    notification_duplicates: bool = False
    notification_disorder: bool = False
    notification_gaps: float = 0
    writes_failing_late: float = 0
    drives_wait_for_sign_in: bool = False

    def changed(self, values: dict[str, Any]) -> "Settings":
        """These settings with ``values`` laid over them; an unknown name or a wrong kind of value is a ValueError."""
        known = {f.name for f in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"{name}: there is no such setting; known are {', '.join(sorted(known))}")
            _check(name, value, getattr(Settings(), name))
        base = self.of(values["profile"]) if "profile" in values else self
        merged: dict[str, Any] = {
            name: {**getattr(base, name), **values[name]} for name in ("seats", "lag") if name in values
        }
        return replace(base, **{**values, **merged})

    @classmethod
    def of(cls, profile: str) -> "Settings":
        """All settings of a profile."""
        if profile == "fast":
            still = {f.name: 0 for f in fields(cls) if f.name.endswith("_ms")}
            return replace(cls(), **still, profile=profile, throttle=False)  # type: ignore[arg-type]
        return replace(cls(), **_REALISTIC, profile=profile) if profile == "realistic" else cls()

    def document(self) -> dict[str, Any]:
        """All settings as JSON, unset ones too."""
        return asdict(self)

    @property
    def longest(self) -> float:
        """By how much the slowest way to look lags behind a read by id."""
        return max(1.0, self.lag.get(LIST, 1.0), self.lag.get(INDEX, 1.0))

    def shares(self, random: Random | ModuleType) -> tuple[float, ...]:
        """How much of the lag each replica takes to show one write: all of it for one, less for the others."""
        if self.replicas == 1:
            return (1.0,)
        shares = [1 - self.spread * n / (self.replicas - 1) for n in range(self.replicas)]
        random.shuffle(shares)
        return tuple(shares)


_REALISTIC: dict[str, Any] = {
    "latency": {"p50": 40.0, "p99": 600.0},
    "lag_ms": 8000,
    "lag": {LIST: 2.0, INDEX: 4.0},
    "replicas": 3,
    "throttle_silent": 0.2,
    "dynamic_lag_ms": 120_000,
    "dynamic_load": 500,
    "group_licence_lag_ms": 20_000,
    "provisioning_delay_ms": 40_000,
    "audit_lag_ms": 120_000,
    "arm_operation_ms": 15_000,
    "rbac_lag_ms": 60_000,
    "mailbox_delay_ms": 300_000,
    "empty_pages": True,
    "delta_replays": True,
    "notification_duplicates": True,
    "notification_disorder": True,
    "notification_gaps": 0.01,
    "writes_failing_late": 0.002,
    "drives_wait_for_sign_in": True,
}
"""What differs from practice where all is as in real life."""


def _check(name: str, value: Any, default: Any) -> None:
    """The value must be of its default's kind; a number must not be negative (only the clock may go back)."""
    if name == "profile":
        if value not in ("practice", "realistic", "fast"):
            raise ValueError("profile: is practice, realistic or fast")
    elif isinstance(default, bool) != isinstance(value, bool):
        raise ValueError(f"{name}: {value!r} does not fit")
    elif isinstance(default, dict):
        _check_table(name, value)
    elif not isinstance(value, (int, float)) or not _fits(name, value):
        raise ValueError(f"{name}: {value!r} does not fit")


def _fits(name: str, value: float) -> bool:
    if name == "replicas":
        return isinstance(value, int) and value >= 1
    return name == "clock_offset_s" or 0 <= value <= (1 if name in _SHARES else math.inf)


_SHARES = ("spread", "throttle_silent", "notification_gaps", "writes_failing_late")
"""Settings that are a part of something: from 0 to 1."""
_TABLES = {
    "seats": "an object of skuPartNumber to a number of seats",
    "lag": "an object of a kind of object, list or index to a factor",
    "latency": "an object of p50 and p99 in milliseconds, p99 the larger, or an empty one",
}


def _check_table(name: str, value: Any) -> None:
    whole = name == "seats"
    if not isinstance(value, dict) or not all(_amount(number, whole) for number in value.values()):
        raise ValueError(f"{name}: give {_TABLES[name]}")
    if name == "latency" and value and not (value.keys() == {"p50", "p99"} and 0 < value["p50"] <= value["p99"]):
        raise ValueError(f"{name}: give {_TABLES[name]}")


def _amount(value: Any, whole: bool) -> bool:
    if isinstance(value, bool) or not isinstance(value, int if whole else (int, float)):
        return False
    return bool(value >= 0)
