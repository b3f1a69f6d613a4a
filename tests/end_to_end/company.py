"""The running platform from outside: HR sends, an administrator commands, the tenant tells what is so."""

import asyncio
import itertools
import time
import uuid
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from embedded.wire import Api
from tests.tenant import Tenant

Json = dict[str, Any]
PATIENCE_S = 60
_numbers = itertools.count(1)


def somebody() -> str:
    """An employee id that nobody had before."""
    return f"T{uuid.uuid4().hex[:6]}{next(_numbers)}"


def moment(**ahead: float) -> str:
    """A moment from now, as the API takes it."""
    return (datetime.now(UTC) + timedelta(**ahead)).isoformat()


def day(ahead: int = 0) -> str:
    """A date from today (UTC)."""
    return (datetime.now(UTC) + timedelta(days=ahead)).date().isoformat()


class Company:
    """What tests do to the platform and ask of it."""

    def __init__(self, hr: Api, admin: Api, tenant: Tenant) -> None:
        self.hr = hr
        self.admin = admin
        self.tenant = tenant

    async def hire(self, employee_id: str, **fields: Any) -> str:
        """Send a hire of today; the lifecycle's id."""
        hire = {
            "employee_id": employee_id,
            "given_name": "Ada",
            "family_name": f"Byron {employee_id}",
            "title": "Analyst",
            "department": "Sales",
            "country": "NL",
            "employee_type": "employee",
            "hire_date": day(-1),
        }
        return await self.send("new-hire", hire | fields)

    async def move(self, employee_id: str, *, effective_at: str | None = None, **changes: Any) -> str:
        """Send a change, due now unless told; the lifecycle's id."""
        at = effective_at or moment(seconds=-1)
        return await self.send("update", {"employee_id": employee_id, "effective_at": at, "changes": changes})

    async def terminate(self, employee_id: str, **fields: Any) -> str:
        """Send a termination, due now unless told; the lifecycle's id."""
        due = {} if {"last_day", "effective_at"} & fields.keys() else {"effective_at": moment(seconds=-1)}
        return await self.send("termination", {"employee_id": employee_id, "kind": "voluntary"} | due | fields)

    async def send(self, event: str, body: Json) -> str:
        """Send an event; the id of its lifecycle (of its target for rescind and return)."""
        return str((await self.receipt(event, body))["lifecycle_workflow_id"])

    async def receipt(self, event: str, body: Json) -> Json:
        """Send an event with an id of its own; the receipt."""
        receipt: Json = await self.hr.post(f"/hr/{event}", {"event_id": f"ev-{uuid.uuid4().hex[:12]}"} | body)
        return receipt

    async def command(self, lifecycle_id: str, verb: str, **body: Any) -> Json:
        """An administrator's command; the lifecycle as it then is."""
        answer: Json = await self.admin.post(f"/lifecycles/{lifecycle_id}/{verb}", {"reason": "a test wants it"} | body)
        return answer

    async def lifecycle(self, lifecycle_id: str) -> Json:
        """A lifecycle as the API shows it."""
        found: Json = await self.admin.get(f"/lifecycles/{lifecycle_id}")
        return found

    async def until(self, lifecycle_id: str, *statuses: str, within: float = PATIENCE_S) -> Json:
        """Wait until a lifecycle has one of these statuses."""
        deadline = time.monotonic() + within
        while True:
            found = await self._maybe(lifecycle_id)
            if found is not None and found["status"] in statuses:
                return found
            assert time.monotonic() < deadline, f"{lifecycle_id} is not {statuses} but {_short(found)}"
            await asyncio.sleep(0.15)

    async def until_step(self, lifecycle_id: str, step: str, *states: str, within: float = PATIENCE_S) -> Json:
        """Wait until a step of a lifecycle is in one of these states."""
        deadline = time.monotonic() + within
        while True:
            found = await self._maybe(lifecycle_id)
            for line in found["steps"] if found else []:
                if line["name"] == step and line["state"] in states:
                    return dict(line)
            assert time.monotonic() < deadline, f"{step} of {lifecycle_id} is not {states}: {_short(found)}"
            await asyncio.sleep(0.1)

    async def eventually(self, holds: Callable[[], bool], within: float = 10) -> None:
        """Wait until the tenant, whose reads lag behind its writes, shows it."""
        deadline = time.monotonic() + within
        while not holds():
            assert time.monotonic() < deadline, "the tenant does not show it"
            await asyncio.sleep(0.1)

    async def joined(self, employee_id: str, **fields: Any) -> Json:
        """Hire somebody and wait until they are there; their account."""
        await self.until(await self.hire(employee_id, **fields), "completed")
        return self.account(employee_id)

    def account(self, employee_id: str) -> Json:
        """The live account with this employee id; exactly one."""
        (found,) = self.accounts(employee_id)
        return found

    def accounts(self, employee_id: str) -> list[Json]:
        """The live accounts with this employee id."""
        select = "id,displayName,userPrincipalName,accountEnabled,jobTitle,department,usageLocation,assignedLicenses"
        path = f"/v1.0/users?$filter=employeeId eq '{employee_id}'&$select={select}"
        return list(self.graph(path)["value"])

    def groups(self, object_id: str) -> set[str]:
        """The names of somebody's static groups."""
        found = self.graph(f"/v1.0/users/{object_id}/memberOf/microsoft.graph.group")["value"]
        return {group["displayName"] for group in found if "DynamicMembership" not in group["groupTypes"]}

    def roles(self, object_id: str) -> set[str]:
        """The names of somebody's directory roles."""
        path = "/v1.0/roleManagement/directory/roleAssignments"
        query = f"?$filter=principalId eq '{object_id}'&$expand=roleDefinition"
        return {item["roleDefinition"]["displayName"] for item in self.graph(path + query)["value"]}

    def graph(self, path: str) -> Json:
        """Ask the tenant itself."""
        headers = {"Authorization": f"Bearer {self.tenant.token()}"}
        with self.tenant.client() as client:
            answer = client.get(path, headers=headers)
        answer.raise_for_status()
        found: Json = answer.json()
        return found

    def mark(self) -> int:
        """Where the tenant's request record ends now."""
        return self.tenant.mark()

    def written_twice(self, since: int, about: str) -> list[tuple[str, ...]]:
        """Successful writes that name ``about`` and came more than once after ``since``."""
        rows = [row for row in self.tenant.requests(since) if row["mutating"] and row["status"] < 300]
        writes = [(row["method"], row["path"], str(row["body"])) for row in rows]
        counted = Counter(write for write in writes if about in write[1] + write[2])
        return [write for write, times in counted.items() if times > 1]

    async def _maybe(self, lifecycle_id: str) -> Json | None:
        found = await self.admin.every("/lifecycles", employee_id=lifecycle_id.split(":")[1])
        return await self.lifecycle(lifecycle_id) if lifecycle_id in {line["id"] for line in found} else None


def _short(found: Json | None) -> str:
    if found is None:
        return "nowhere"
    steps = [f"{step['name']}: {step['state']} {step['cause'] or ''}" for step in found["steps"]]
    return f"{found['status']} ({'; '.join(steps)})"
