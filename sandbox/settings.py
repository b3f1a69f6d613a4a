"""What can be set about the practice tenant: its environment at the start, its behaviour while it runs."""

import os
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True)
class Environment:
    """Where the tenant listens and lives; read once, at the start."""

    host: str
    port: int
    data_dir: Path
    people: int
    redirect_uris: list[str]

    @classmethod
    def read(cls) -> Self:
        """``JML_SANDBOX_HOST``, ``JML_SANDBOX_PORT``, ``JML_DATA_DIR``, ``JML_SANDBOX_PEOPLE``, ``JML_UI_PORT``."""
        env = os.environ
        console = f"http://localhost:{env.get('JML_UI_PORT', '8501')}"
        return cls(
            host=env.get("JML_SANDBOX_HOST", "127.0.0.1"),
            port=_number("JML_SANDBOX_PORT", 8443),
            data_dir=Path(env.get("JML_DATA_DIR", ".data")).absolute(),
            people=_number("JML_SANDBOX_PEOPLE", 60),
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

    Times are real milliseconds; ``throttle_*`` are the documented budgets of a large tenant per app and tenant.
    """

    latency_ms: int = 0
    lag_ms: int = 300
    dynamic_lag_ms: int = 500
    throttle: bool = True
    throttle_units_per_10s: int = 8000
    throttle_writes_per_150s: int = 3000
    seats: dict[str, int] = field(default_factory=dict)
    group_licence_lag_ms: int = 1000
    provisioning_delay_ms: int = 1000
    arm_operation_ms: int = 1000
    mailbox_delay_ms: int = 1000
    clock_offset_s: float = 0
    empty_pages: bool = False

    def changed(self, values: dict[str, Any]) -> "Settings":
        """These settings with ``values`` laid over them; an unknown name or a wrong kind of value is a ValueError."""
        known = {f.name for f in fields(self)}
        for name, value in values.items():
            if name not in known:
                raise ValueError(f"{name}: there is no such setting; known are {', '.join(sorted(known))}")
            _check(name, value, getattr(Settings(), name))
        seats = {**self.seats, **values.get("seats", {})}
        return replace(self, **{**values, "seats": seats})

    def document(self) -> dict[str, Any]:
        """All settings as JSON, unset ones too."""
        return asdict(self)


def _check(name: str, value: Any, default: Any) -> None:
    """The value must be of its default's kind; a number must not be negative (only the clock may go back)."""
    if isinstance(default, bool) != isinstance(value, bool):
        raise ValueError(f"{name}: {value!r} does not fit")
    if isinstance(default, dict):
        if not isinstance(value, dict) or not all(isinstance(v, int) and v >= 0 for v in value.values()):
            raise ValueError(f"{name}: give an object of skuPartNumber to a number of seats")
    elif not isinstance(value, (int, float)) or (value < 0 and name != "clock_offset_s"):
        raise ValueError(f"{name}: {value!r} does not fit")
