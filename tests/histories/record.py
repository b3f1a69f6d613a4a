"""Records the histories that CI replays: ``make histories``. Every path a workflow can take has one."""

import asyncio
import json
import re
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from temporalio.client import Client

from tests.end_to_end.company import Company, day, moment
from tests.end_to_end.stack import make_stack
from tests.tenant import Tenant
from workflows.client import connect

HERE = Path(__file__).parent
Scenario = Callable[[Company, str], Awaitable[None]]


async def hire_move_leave(company: Company, employee: str) -> None:
    """The plain way, to the deletion."""
    await company.joined(employee, department="IT")
    await company.until(await company.move(employee, department="Finance"), "completed")
    leaver = await company.terminate(employee)
    await company.until(leaver, "retained")
    await company.until_step(leaver, "second look", "done")
    await company.command(leaver, "expedite")
    await company.until(leaver, "completed")


async def prepared_and_opened(company: Company, employee: str) -> None:
    """A hire prepared ahead, changed meanwhile, and expedited."""
    joiner = await company.hire(employee, hire_date=day(3))
    await company.until_step(joiner, "create account", "done")
    await company.until(joiner, "scheduled")
    await company.until(await company.move(employee, title="Changed"), "completed")
    await company.command(joiner, "expedite")
    await company.until(joiner, "completed")


async def prepared_and_rescinded(company: Company, employee: str) -> None:
    """A prepared hire whose account goes again."""
    joiner = await company.hire(employee, hire_date=day(3))
    await company.until_step(joiner, "create account", "done")
    await company.until(joiner, "scheduled")
    await company.receipt("rescind", {"employee_id": employee})
    await company.until(joiner, "cancelled")


async def left_and_rehired(company: Company, employee: str) -> None:
    """A retention that a rehire ends, and a termination that pre-empts the rehire."""
    await company.joined(employee)
    leaver = await company.terminate(employee)
    await company.until(leaver, "retained")
    joiner = await company.hire(employee)
    await company.until(leaver, "superseded")
    await company.until(joiner, "completed")
    again = await company.terminate(employee, last_day=day(30))
    await company.until(again, "scheduled")
    await company.command(again, "postpone", until=moment(days=40))
    await company.until(await company.terminate(employee), "retained")


async def pre_empted(company: Company, employee: str) -> None:
    """A termination right behind the hire."""
    joiner = await company.hire(employee)
    leaver = await company.terminate(employee)
    await company.until(joiner, "superseded", "completed")
    await company.until(leaver, "retained", "completed")


async def parked_and_commanded(company: Company, employee: str) -> None:
    """A refused step: skipped once, retried once, restored once, and held."""
    account = await company.joined(employee)
    for verb, body in (("skip", {"step": "attributes"}), ("retry", {}), ("cancel", {"mode": "restore"})):
        company.tenant.control("POST", "faults", path=f"/users/{account['id']}$", method="PATCH", status=403, count=1)
        mover = await company.move(employee, title=f"Refused before {verb}", department="Finance")
        await company.until_step(mover, "attributes", "attention")
        await company.command(mover, verb, **body)
        await company.until(mover, "completed", "cancelled")


async def on_leave(company: Company, employee: str) -> None:
    """A leave of absence and the return."""
    await company.joined(employee)
    leave = await company.send("leave", {"employee_id": employee, "effective_at": moment(seconds=-1)})
    await company.until(leave, "retained")
    await company.send("return", {"employee_id": employee, "effective_at": moment(seconds=-1)})
    await company.until(leave, "completed")


async def unknown(company: Company, employee: str) -> None:
    """Somebody the tenant never saw, contained as far as that goes."""
    leaver = await company.terminate(employee)
    await company.until(leaver, "attention")
    await company.command(leaver, "cancel", mode="contain")
    await company.until(leaver, "cancelled")


SCENARIOS: list[Scenario] = [
    hire_move_leave,
    prepared_and_opened,
    prepared_and_rescinded,
    left_and_rehired,
    pre_empted,
    parked_and_commanded,
    on_leave,
    unknown,
]


async def record() -> None:
    """Play every scenario on a platform of its own and keep the histories of all its workflows."""
    with tempfile.TemporaryDirectory() as place:
        stack = make_stack(Path(place))
        stack.start()
        try:
            settings = stack.settings
            client = await connect(f"127.0.0.1:{settings.temporal_port}")
            async with await stack.sender() as hr, await stack.person("Iam.Admin") as admin:
                company = Company(hr, admin, Tenant(stack.data_dir, settings.sandbox_port))
                for old in HERE.glob("*.json"):
                    old.unlink()
                for number, scenario in enumerate(SCENARIOS):
                    await scenario(company, f"H{number}")
                    await asyncio.sleep(6)  # the last second look
                    await keep(client, scenario.__name__, f"H{number}")
        finally:
            stack.stop()


async def keep(client: Client, name: str, employee: str) -> None:
    """Write down each run of the person and of their lifecycles."""
    query = f"EmployeeId = '{employee}' OR WorkflowId = 'person:{employee}'"
    number = 0
    async for line in client.list_workflows(query):
        history = await client.get_workflow_handle(line.id, run_id=line.run_id).fetch_history()
        document = {"workflow_id": line.id, "history": json.loads(history.to_json())}
        text = re.sub(r'"identity": "[^"]*"', '"identity": "worker"', json.dumps(document))
        text = re.sub(r'"name": "\d+@[^"]*"', '"name": "sticky"', text)
        kind = line.id.partition(":")[0]
        (HERE / f"{name}-{number:02}-{kind}.json").write_text(text + "\n")
        number += 1


if __name__ == "__main__":
    asyncio.run(record())
