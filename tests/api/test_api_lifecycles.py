"""Lists and details from the ledger; commands where there is nothing to command."""

import time
from datetime import UTC, datetime

import pytest
from temporalio.client import Client

from api.errors import Problem
from api.temporal import command
from ledger import Entry, Ledger, LifecyclePatch, StepPatch
from tests.api.samples import hire, somebody
from tests.api.serving import Api, fields, problem
from workflows.contract import Command


def projected(ledger: Ledger, employee_id: str, number: int, kind: str = "joiner", status: str = "running") -> str:
    """A lifecycle in the ledger with one parked step."""
    lifecycle_id = f"{kind}:{employee_id}:e{number}"
    ledger.append(
        Entry(f"event:{employee_id}:e{number}", "event", "hr", employee_id, f"e{number}", lifecycle_id),
        lifecycle=LifecyclePatch(
            lifecycle_id,
            event_type="new-hire",
            status=status,
            effective_at=datetime(2027, 1, 1, tzinfo=UTC),
            policy_hash="abc",
        ),
        steps=[
            StepPatch(
                "licence SPE_E3",
                leg="licences",
                activity="licences.assign",
                state="attention",
                attempts=3,
                cause="NoLicenceLeft",
                last_error="no seat",
                input={"sku": "SPE_E3"},
            )
        ],
    )
    return lifecycle_id


async def test_a_lifecycle_is_shown_as_the_contract_says(api: Api, ledger: Ledger) -> None:
    lifecycle_id = projected(ledger, somebody(), 1, status="attention")
    answer = await api.get(f"/lifecycles/{lifecycle_id}", role="Iam.Auditor")
    shown = answer.json()
    assert {"id", "kind", "status", "employee_id", "event_id", "effective_at", "policy_hash", "steps", "cut_at"} <= set(
        shown
    )
    assert (shown["id"], shown["kind"], shown["status"]) == (lifecycle_id, "joiner", "attention")
    assert shown["effective_at"] == "2027-01-01T00:00:00Z"
    step = shown["steps"][0]
    assert (step["name"], step["state"], step["cause"]) == ("licence SPE_E3", "attention", "NoLicenceLeft")
    assert step["input"] == {"sku": "SPE_E3"}
    assert step["grade"] is None
    quoted = lifecycle_id.replace(":", "%3A")
    assert (await api.get(f"/lifecycles/{quoted}", role="Iam.Auditor")).json()["id"] == lifecycle_id


async def test_lists_are_filtered_and_paged_newest_first(api: Api, ledger: Ledger) -> None:
    who = somebody()
    ids = [projected(ledger, who, number, kind) for number, kind in enumerate(["joiner", "mover", "leaver"])]
    first = (await api.get(f"/lifecycles?employee_id={who}&limit=2", role="Hr.Operator")).json()
    assert [item["id"] for item in first["items"]] == [ids[2], ids[1]]
    token = first["next_page_token"]
    rest = await api.get("/lifecycles", role="Hr.Operator", params={"employee_id": who, "page_token": token})
    assert [item["id"] for item in rest.json()["items"]] == [ids[0]]
    assert rest.json()["next_page_token"] is None
    movers = await api.get(f"/lifecycles?kind=mover&status=running&q={who}", role="Hr.Operator")
    assert [item["id"] for item in movers.json()["items"]] == [ids[1]]


@pytest.mark.parametrize("verb", ["retry", "cancel", "hold", "approve", "reject"])
@pytest.mark.parametrize("lifecycle_id", ["joiner:E0:nothing", "nonsense", "joiner:E0:%00", "x:y:z"])
async def test_an_unknown_lifecycle_is_404(api: Api, lifecycle_id: str, verb: str) -> None:
    role = "Iam.Approver" if verb in ("approve", "reject") else "Iam.Admin"
    body = {"reason": "test", **({"mode": "stop"} if verb == "cancel" else {})}
    problem(await api.post(f"/lifecycles/{lifecycle_id}/{verb}", body, role=role), 404)
    problem(await api.get(f"/lifecycles/{lifecycle_id}", role=role), 404)


@pytest.mark.parametrize(
    ("verb", "body", "field"),
    [
        ("hold", {}, "reason"),
        ("hold", {"reason": " "}, "reason"),
        ("retry", {"reason": "x", "input": {"a": 1}}, "step"),
        ("retry", {"reason": "x", "step": "s", "input": [1]}, "input"),
        ("retry", {"reason": "x", "step": "s", "input": {"a": float("nan")}}, "input"),
        ("retry", {"reason": "x", "step": "s", "input": {"a": ["\ud800"]}}, "input"),
        ("retry", {"reason": "\ud800"}, "reason"),
        ("skip", {"reason": "x"}, "step"),
        ("cancel", {"reason": "x"}, "mode"),
        ("cancel", {"reason": "x", "mode": "explode"}, "mode"),
        ("postpone", {"reason": "x"}, "until"),
        ("postpone", {"reason": "x", "until": "2027-01-01T00:00:00"}, "until"),
        ("release", {"reason": "x", "colour": "red"}, "colour"),
    ],
)
async def test_a_command_that_does_not_fit_names_its_field(
    api: Api, ledger: Ledger, verb: str, body: dict[str, object], field: str
) -> None:
    lifecycle_id = projected(ledger, somebody(), 1)
    assert fields(await api.post(f"/lifecycles/{lifecycle_id}/{verb}", body, role="Iam.Admin")) == {field}


@pytest.mark.parametrize("status", ["completed", "cancelled", "superseded"])
async def test_a_finished_lifecycle_takes_no_command(api: Api, ledger: Ledger, status: str) -> None:
    lifecycle_id = projected(ledger, somebody(), 1, status=status)
    answer = await api.post(f"/lifecycles/{lifecycle_id}/cancel", {"reason": "x", "mode": "stop"}, role="Iam.Admin")
    assert status in problem(answer, 409)["detail"]


@pytest.mark.parametrize("verb", ["approve", "reject"])
async def test_nothing_awaits_approval(api: Api, ledger: Ledger, verb: str) -> None:
    lifecycle_id = projected(ledger, somebody(), 1)
    answer = await api.post(f"/lifecycles/{lifecycle_id}/{verb}", {"reason": "x"}, role="Iam.Approver")
    assert "awaits no approval" in problem(answer, 409)["detail"]


async def test_a_lifecycle_whose_workflow_was_ended_by_hand_takes_no_command(api: Api, ledger: Ledger) -> None:
    lifecycle_id = projected(ledger, somebody(), 1)
    answer = await api.post(f"/lifecycles/{lifecycle_id}/hold", {"reason": "x"}, role="Iam.Admin")
    assert "no longer open" in problem(answer, 409)["detail"]


async def test_a_command_that_no_worker_takes_is_503_in_time(api: Api, temporal: Client) -> None:
    """A person's workflow stands in for a lifecycle's: what matters is that it is open and nobody works on it."""
    who = somebody()
    await api.post("/hr/new-hire", hire(employee_id=who), role="Hr.Operator")
    begun = time.monotonic()
    with pytest.raises(Problem) as caught:
        await command(temporal, f"person:{who}", "hold", Command(actor="a", reason="r"), "hold:1")
    assert (caught.value.status, caught.value.reason) == (503, "no-worker")
    assert "Retry-After" in caught.value.headers
    assert time.monotonic() - begun < 9


async def test_retrying_a_cause_that_nothing_is_parked_for_retries_nothing(api: Api) -> None:
    answer = await api.post("/lifecycles/retry", {"cause": "NeverHeardOf", "reason": "x"}, role="Iam.Admin")
    assert (answer.status_code, answer.json()) == (200, {"retried": [], "left": 0})
    assert fields(await api.post("/lifecycles/retry", {"reason": "x"}, role="Iam.Admin")) == {"cause"}
