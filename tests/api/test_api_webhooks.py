"""Standard Webhooks in place of a token."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from standardwebhooks import Webhook
from temporalio.client import Client

from tests.api.conftest import SECOND_SECRET
from tests.api.samples import hire, somebody
from tests.api.serving import Api, fields, problem


def signed(secret: str, event_id: str, body: bytes, *, at: datetime | None = None) -> dict[str, str]:
    """The three headers of Standard Webhooks."""
    at = at or datetime.now(UTC)
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(event_id, at, body.decode("utf-8", "surrogateescape")),
        "content-type": "application/json",
    }


async def send(api: Api, headers: dict[str, str], body: bytes, path: str = "/hr/new-hire") -> httpx.Response:
    return await api.call("POST", path, headers=headers, content=body)


@pytest.fixture
def secret(tenant: Any) -> str:
    return str(tenant.json["webhook_secret"])


async def test_a_signature_opens_the_six_calls_and_its_id_is_the_event_id(api: Api, secret: str) -> None:
    bodies: dict[str, dict[str, Any]] = {
        "new-hire": hire(),
        "update": {"employee_id": somebody(), "effective_at": "2027-01-01", "changes": {"title": "Boss"}},
        "termination": {"employee_id": somebody(), "last_day": "2027-01-31", "kind": "retirement"},
        "rescind": {"employee_id": somebody()},
        "leave": {"employee_id": somebody()},
        "return": {"employee_id": somebody()},
    }
    for number, (event, content) in enumerate(bodies.items()):
        body = json.dumps(content).encode()
        answer = await send(api, signed(secret, f"msg_{number}", body), body, f"/hr/{event}")
        assert answer.status_code == 202, answer.text
        assert answer.json()["event_id"] == f"msg_{number}"


async def test_every_secret_of_the_settings_is_valid(api: Api) -> None:
    body = json.dumps(hire()).encode()
    assert (await send(api, signed(SECOND_SECRET, "msg_second", body), body)).status_code == 202


async def test_the_same_id_with_a_fresh_timestamp_is_a_senders_retry(api: Api, secret: str) -> None:
    body = json.dumps(hire()).encode()
    earlier = datetime.now(UTC) - timedelta(minutes=2)
    first = await send(api, signed(secret, "msg_retried", body, at=earlier), body)
    again = await send(api, signed(secret, "msg_retried", body), body)
    assert (first.status_code, first.json()["status"]) == (202, "accepted")
    assert (again.status_code, again.json()["status"]) == (202, "duplicate")


async def test_what_was_not_signed_so_is_401_and_starts_nothing(api: Api, secret: str, temporal: Client) -> None:
    employee_id = somebody()
    body = json.dumps(hire(employee_id=employee_id)).encode()
    good = signed(secret, "msg_bad", body)
    old = signed(secret, "msg_bad", body, at=datetime.now(UTC) - timedelta(minutes=6))
    bad: list[dict[str, str]] = [
        signed("whsec_c29tZWJvZHkgZWxzZSdzIHNlY3JldA==", "msg_bad", body),
        signed(secret, "msg_bad", body + b" "),
        old,
        {**old, "webhook-timestamp": good["webhook-timestamp"]},
        signed(secret, "msg_bad", body, at=datetime.now(UTC) + timedelta(minutes=6)),
        {**good, "webhook-id": "msg_other"},
        {**good, "webhook-signature": "v1,"},
        {**good, "webhook-signature": "nonsense"},
        {**good, "webhook-signature": "v1,!!!"},
        {**good, "webhook-timestamp": "nan"},
        {**good, "webhook-timestamp": "yesterday"},
        {name: value for name, value in good.items() if name != "webhook-id"},
        {name: value for name, value in good.items() if name != "webhook-signature"},
    ]
    for headers in bad:
        problem(await send(api, headers, body), 401)
    problem(await send(api, signed(secret, "x", b"x"), b"\xff\xfe{"), 401)
    assert (await temporal.count_workflows(f"WorkflowId = 'person:{employee_id}'")).count == 0


async def test_a_wrong_token_is_not_helped_by_a_good_signature(api: Api, secret: str) -> None:
    body = json.dumps(hire()).encode()
    headers = {**signed(secret, "msg_both", body), "authorization": "Bearer nonsense"}
    problem(await send(api, headers, body), 401)


async def test_a_signature_opens_nothing_but_hr(api: Api, secret: str) -> None:
    body = json.dumps({"cause": "Forbidden", "reason": "x"}).encode()
    problem(await send(api, signed(secret, "msg_elsewhere", body), body, "/lifecycles/retry"), 401)
    problem(await api.get("/lifecycles", headers=signed(secret, "msg_elsewhere", b"")), 401)


async def test_a_signed_body_that_does_not_fit_is_422(api: Api, secret: str) -> None:
    assert fields(await send(api, signed(secret, "msg_json", b"{"), b"{")) == {"body"}
    body = json.dumps(hire()).encode()
    assert fields(await send(api, signed(secret, "with/slash", body), body)) == {"webhook-id"}
