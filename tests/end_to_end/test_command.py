"""The ``jml`` command against the running platform."""

import asyncio
import json
import os
import subprocess
import sys

import pytest

from tests.end_to_end.company import somebody
from tests.end_to_end.stack import Stack

HIRE = {
    "event_id": "hire-1",
    "given_name": "Ana",
    "family_name": "Ferreira",
    "title": "Accountant",
    "department": "Finance",
    "country": "PT",
    "employee_type": "employee",
    "hire_date": "2037-03-02",
}


def jml(stack: Stack, *words: str, token: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command in the platform's environment."""
    environment = stack.environment | {"JML_TOKEN": token}
    return subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "cli", *words], env=environment, capture_output=True, text=True, check=False
    )


@pytest.fixture
async def scheduled(stack: Stack) -> str:
    """The id of a joiner that waits for its day."""
    employee_id = somebody()
    async with await stack.sender() as hr:
        receipt = await hr.post("/hr/new-hire", HIRE | {"employee_id": employee_id})
    async with await stack.person("Iam.Auditor") as views, asyncio.timeout(30):
        while True:
            if await views.every("/lifecycles", employee_id=employee_id):
                return str(receipt["lifecycle_workflow_id"])
            await asyncio.sleep(0.1)


async def test_show_prints_a_lifecycle_as_json_where_nobody_watches(stack: Stack, scheduled: str) -> None:
    await stack.person("Iam.Auditor")
    ended = jml(stack, "show", scheduled, token=stack.tokens["Iam.Auditor"])
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["status"] == "scheduled"


async def test_cancel_ends_a_lifecycle(stack: Stack, scheduled: str) -> None:
    await stack.person("Iam.Admin")
    ended = jml(stack, "cancel", scheduled, "--reason", "typo in HR", token=stack.tokens["Iam.Admin"])
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["id"] == scheduled
    async with await stack.person("Iam.Auditor") as views, asyncio.timeout(30):
        while True:
            if (await views.get(f"/lifecycles/{scheduled}"))["status"] == "cancelled":
                return
            await asyncio.sleep(0.1)


async def test_a_role_that_may_not_is_told_so_in_one_line(stack: Stack, scheduled: str) -> None:
    await stack.person("Iam.Auditor")
    ended = jml(stack, "retry", scheduled, "--reason", "again", token=stack.tokens["Iam.Auditor"])
    assert ended.returncode == 1
    assert "403" in ended.stderr
    assert "the token lacks the role for it" in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_without_a_token_the_variable_is_named(stack: Stack) -> None:
    ended = jml(stack, "show", "joiner:x:y")
    assert ended.returncode == 1
    assert "JML_TOKEN is missing, wrong or expired" in ended.stderr


async def test_the_ledger_verifies(stack: Stack) -> None:
    await stack.person("Iam.Auditor")
    ended = jml(stack, "audit", "verify", token=stack.tokens["Iam.Auditor"])
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "records checked: valid" in ended.stdout


def test_the_doctor_finds_a_running_platform_well(stack: Stack) -> None:
    temporal = f"127.0.0.1:{stack.settings.temporal_port}"
    ended = subprocess.run(
        [sys.executable, "-m", "cli", "doctor"],
        env=stack.environment | {"TEMPORAL_ADDRESS": temporal},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    lines = [line.split(":")[0] for line in ended.stdout.splitlines()]
    seven = ("settings", "policy", "space", "Temporal", "sign-in", "ledger", "API")
    assert lines[:7] == [f"ok  {what}" for what in seven]
    assert {"permissions", "directory role", "credential", "Exchange", "Azure", "SCIM"} <= {
        line.removeprefix("ok  ") for line in lines[7:]
    }


def test_the_default_policy_is_fine_and_a_wrong_one_names_its_lines(stack: Stack, tmp_path: os.PathLike[str]) -> None:
    assert jml(stack, "policy", "check", stack.settings.policy_file.as_posix()).returncode == 0
    wrong = os.path.join(tmp_path, "wrong.yaml")
    with open(wrong, "w", encoding="utf-8") as file:
        file.write("version: 1\nauthority: pigeon\n")
    ended = jml(stack, "policy", "check", wrong)
    assert ended.returncode == 1
    assert f"{wrong}:2: authority:" in ended.stderr


async def test_a_token_for_the_command_comes_from_the_command(stack: Stack, scheduled: str) -> None:
    signed_in = jml(stack, "token", "Iam.Auditor")
    assert signed_in.returncode == 0, signed_in.stderr

    shown = jml(stack, "show", scheduled, token=signed_in.stdout.strip())

    assert shown.returncode == 0, shown.stderr


def test_the_practice_logins_are_shown_with_their_codes(stack: Stack) -> None:
    shown = jml(stack, "logins")

    assert shown.returncode == 0, shown.stderr
    assert stack.login("Iam.Admin")["username"] in shown.stdout
    assert stack.login("Iam.Admin")["password"] in shown.stdout


def test_logins_are_the_practice_tenants_only(stack: Stack) -> None:
    elsewhere = stack.environment | {"JML_DATA_DIR": "/nowhere"}
    shown = subprocess.run(
        [sys.executable, "-m", "cli", "logins"], env=elsewhere, capture_output=True, text=True, check=False
    )

    assert shown.returncode == 2
    assert "JML_DATA_DIR" in shown.stderr
