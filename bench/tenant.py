"""``python -m bench.tenant``: does the practice tenant stay quick with 20,000 people? Each call beside that of 200.

Two tenants, each a process of its own, are asked the same in turn, each through one connection. The practice profile
holds, except that nothing lags and nobody is throttled, since both would be what is measured.
"""

import http.client
import itertools
import json
import os
import platform
import ssl
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from rich.console import Console
from rich.table import Table

from tests.tenant import Tenant, free_port

SMALL, LARGE = 200, int(os.environ.get("BENCH_TENANT_PEOPLE", "20000"))
TIMES = int(os.environ.get("BENCH_TIMES", "60"))
COLUMNS = ("call", f"{SMALL} people", f"{LARGE:,} people", "ratio")
README = Path(__file__).with_name("README.md")
MARK = "## The tenant's size"


@dataclass
class Caller:
    """One connection to a tenant, with the platform's token."""

    tenant: Tenant
    token: str
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        trust = ssl.create_default_context(cafile=str(self.tenant.ca_file))
        self._connection = http.client.HTTPSConnection("localhost", self.tenant.port, context=trust, timeout=120)

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """One call below ``/v1.0``; its JSON. What is refused is a RuntimeError."""
        told = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json", **headers}
        address = path if path.startswith("/v1.0") else "/v1.0" + path
        self._connection.request(method, quote(address, safe="/?&=$%'(),:"), json.dumps(body) if body else None, told)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status >= 400:
            raise RuntimeError(f"{method} {path}: {answer.status} {content.decode()[:300]}")
        return json.loads(content) if content else None

    def hire(self) -> str:
        """Somebody new; their id."""
        name = f"bench.{next(self.numbers)}"
        body = {
            "accountEnabled": True,
            "displayName": name,
            "mailNickname": name,
            "userPrincipalName": f"{name}@practice.example",
            "usageLocation": "GB",
            "department": "Sales",
            "passwordProfile": {"password": "Quite-l0ng-enough"},
        }
        return str(self.ask("POST", "/users", body)["id"])


def main() -> None:
    """Measure, print, and with ``--write`` note the table in ``bench/README.md``."""
    rows = measured()
    table = Table(*COLUMNS)
    for name, before, after in rows:
        table.add_row(name, *_cells(before, after))
    Console(width=110).print(table)
    if "--write" in sys.argv:
        _write(rows)


def measured() -> list[tuple[str, float, float]]:
    """Milliseconds of each call (the median) at both sizes, asked in turn, so that what else runs slows both alike."""
    with (
        tempfile.TemporaryDirectory() as folder,
        _tenant(Path(folder) / "small", SMALL) as (small, *begun),
        _tenant(Path(folder) / "large", LARGE) as (large, *begun_large),
    ):
        starts = zip(("first start, seeding", "start again"), begun, begun_large, strict=True)
        found = [(name, float(before), float(after)) for name, before, after in starts]
        sizes = [_calls(_caller(tenant)) for tenant in (small, large)]
        for name, call in sizes[0].items():
            found.append((name, *_medians(call, sizes[1][name])))
    return found


def _caller(tenant: Tenant) -> Caller:
    tenant.control("POST", "settings", lag_ms=0, throttle=False, dynamic_lag_ms=0)
    return Caller(tenant, tenant.token())


@contextmanager
def _tenant(folder: Path, people: int) -> Iterator[tuple[Tenant, float, float]]:
    folder.mkdir()
    tenant = Tenant(folder, free_port(), {"JML_SANDBOX_PEOPLE": str(people)}, startup_s=300)
    try:
        first = _timed(tenant.start)
        tenant.stop()
        yield tenant, first, _timed(tenant.start)
    finally:
        tenant.stop()


def _calls(caller: Caller) -> dict[str, Callable[[], object]]:
    """What is measured; what a call needs is made before, not in it."""
    ask = caller.ask
    everybody = ask("GET", "/users?$top=999&$select=id,userPrincipalName,employeeId")["value"]
    someone = everybody[len(everybody) // 2]
    groups = {group["displayName"]: group["id"] for group in ask("GET", "/groups?$top=999")["value"]}
    large, rule = groups["Licence AAD_PREMIUM_P2"], groups["Everybody (dynamic)"]
    hired = [caller.hire() for _ in range(2 * TIMES + 2)]
    joining, leaving = iter(hired), iter(hired)
    pages, deep = _Pages(caller, f"/groups/{large}/members?$top=100"), _Pages(caller, "/users?$top=100")
    latest = ask("GET", "/users/delta?$deltatoken=latest")["@odata.deltaLink"]
    eventual = {"ConsistencyLevel": "eventual"}
    member = {"@odata.id": f"{caller.tenant.base_url}/v1.0/directoryObjects/"}
    return {
        "GET a user by id": lambda: ask("GET", f"/users/{someone['id']}"),
        "GET a user by name": lambda: ask("GET", f"/users/{someone['userPrincipalName']}"),
        "list, first page of 100": lambda: ask("GET", "/users"),
        "list, all pages one after the other": deep,
        "filter employeeId eq": lambda: ask("GET", f"/users?$filter=employeeId eq '{someone['employeeId']}'"),
        "filter department eq, page of 100": lambda: ask("GET", "/users?$filter=department eq 'Sales'&$top=100"),
        "filter startswith(displayName), page of 5": lambda: ask(
            "GET", "/users?$filter=startswith(displayName,'Zo')&$top=5"
        ),
        "filter by date, page of 100": lambda: ask(
            "GET", "/users?$count=true&$filter=employeeHireDate ge 2024-01-01T00:00:00Z&$top=100", **eventual
        ),
        "filter two properties, counted": lambda: ask(
            "GET", "/users?$count=true&$filter=department eq 'IT' and jobTitle ne 'x'&$top=5", **eventual
        ),
        "search displayName, counted": lambda: ask(
            "GET", '/users?$count=true&$search="displayName:Zoe"&$top=5', **eventual
        ),
        "PATCH a user": lambda: ask("PATCH", f"/users/{someone['id']}", {"city": str(next(caller.numbers))}),
        "POST a user": caller.hire,
        "list just after a write": lambda: (caller.hire(), ask("GET", "/users")),
        "add to the group of nearly everybody": lambda: ask(
            "POST", f"/groups/{large}/members/$ref", {"@odata.id": member["@odata.id"] + next(joining)}
        ),
        "remove from that group": lambda: ask("DELETE", f"/groups/{large}/members/{next(leaving)}/$ref"),
        "memberOf": lambda: ask("GET", f"/users/{someone['id']}/memberOf"),
        "members of that group, all pages": pages,
        "members of the dynamic group, page of 100": lambda: ask("GET", f"/groups/{rule}/members?$top=100"),
        "licences in stock": lambda: ask("GET", "/subscribedSkus"),
        "delta, one change": lambda: (
            ask("PATCH", f"/users/{someone['id']}", {"city": str(next(caller.numbers))}),
            ask("GET", _path(latest)),
        ),
    }


class _Pages:
    """Walks through a collection, one page a call, over and over."""

    def __init__(self, caller: Caller, first: str) -> None:
        self._caller, self._first, self._next = caller, first, first

    def __call__(self) -> None:
        answer = self._caller.ask("GET", self._next)
        link = answer.get("@odata.nextLink")
        self._next = _path(link) if link else self._first


def _path(link: str) -> str:
    split = urlsplit(link)
    return f"{split.path}?{split.query}"


def _medians(*calls: Callable[[], object]) -> tuple[float, float]:
    for call in calls:
        call()
    taken = [[_timed(call) for call in calls] for _ in range(TIMES)]
    small, large = (statistics.median(times) for times in zip(*taken, strict=True))
    return small, large


def _timed(call: Callable[[], object]) -> float:
    begun = time.perf_counter()
    call()
    return (time.perf_counter() - begun) * 1000


def _cells(before: float, after: float) -> tuple[str, str, str]:
    return f"{before:,.1f} ms", f"{after:,.1f} ms", f"{after / before:.2f}"


def _write(rows: list[tuple[str, float, float]]) -> None:
    """Replace this bench's part of the page; the other stays as it is."""
    before = README.read_text("utf-8").partition(MARK)[0].rstrip()
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {datetime.now(UTC):%Y-%m-%d}"
    lines = [
        "",
        "",
        MARK,
        "",
        f"Part of `make bench`, on {machine}: medians of {TIMES} calls through one connection, nothing lagging,",
        "nobody throttled. *Ratio* is what a hundred times the people cost.",
        "",
        "| " + " | ".join(COLUMNS) + " |",
        "| --- | --: | --: | --: |",
        *(f"| {name} | " + " | ".join(_cells(small, large)) + " |" for name, small, large in rows),
        "",
    ]
    README.write_text(before + "\n".join(lines), "utf-8")


if __name__ == "__main__":
    main()
