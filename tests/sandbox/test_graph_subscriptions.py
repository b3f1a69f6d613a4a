"""Change notifications: the handshake, what is sent when something changes, retries, and the end of a subscription."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import Application
from tests.sandbox.graph_hands import AT_ONCE, calling_as, eventually, form_group, hire, reference, refused
from tests.sandbox.receiver import Receiver, receiving
from tests.tenant import Tenant


@pytest.fixture(autouse=True)
def _at_once(tenant: Tenant, graph: httpx.Client) -> Iterator[None]:
    tenant.control("POST", "settings", **AT_ONCE)
    yield
    for subscription in graph.get("/v1.0/subscriptions").json()["value"]:
        graph.delete(f"/v1.0/subscriptions/{subscription['id']}")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Somebody who listens."""
    with receiving() as one:
        yield one


def _until(**away: float) -> str:
    return (datetime.now(UTC) + timedelta(**away)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _wish(receiver: Receiver, **values: Any) -> dict[str, Any]:
    return {
        "changeType": "updated,deleted",
        "notificationUrl": receiver.url,
        "resource": "users",
        "expirationDateTime": _until(days=1),
        "clientState": "only we know",
        **values,
    }


def _subscribe(graph: httpx.Client, receiver: Receiver, **values: Any) -> dict[str, Any]:
    answer = graph.post("/v1.0/subscriptions", json=_wish(receiver, **values))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_a_receiver_proves_itself_before_there_is_a_subscription(
    tenant: Tenant, graph: httpx.Client, receiver: Receiver
) -> None:
    made = _subscribe(graph, receiver, lifecycleNotificationUrl=receiver.url + "?life=1")
    assert [one["content_type"] for one in receiver.validations] == ["text/plain; charset=utf-8"] * 2
    assert " " in receiver.validations[0]["token"]
    assert made["applicationId"] == tenant.json["platform"]["client_id"]
    assert made["creatorId"] == tenant.json["platform"]["object_id"]
    assert made["latestSupportedTlsVersion"] == "v1_2"
    assert graph.get(f"/v1.0/subscriptions/{made['id']}").json()["resource"] == "users"
    assert [one["id"] for one in graph.get("/v1.0/subscriptions").json()["value"]] == [made["id"]]
    assert graph.delete(f"/v1.0/subscriptions/{made['id']}").status_code == 204
    refused(graph.get(f"/v1.0/subscriptions/{made['id']}"), 404, "ResourceNotFound")


def test_a_receiver_that_answers_wrongly_is_refused(graph: httpx.Client, receiver: Receiver) -> None:
    receiver.validated_with = "Validation%3A+still+encoded"
    refused(
        graph.post("/v1.0/subscriptions", json=_wish(receiver)), 400, "ValidationError", "validation request failed"
    )
    receiver.validated_with, receiver.media_type = None, "application/json"
    refused(
        graph.post("/v1.0/subscriptions", json=_wish(receiver)), 400, "ValidationError", "validation request failed"
    )
    gone = _wish(receiver, notificationUrl="http://127.0.0.1:9/nobody")
    refused(graph.post("/v1.0/subscriptions", json=gone), 400, "ValidationError", "cannot be reached")
    assert graph.get("/v1.0/subscriptions").json()["value"] == []


@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"expirationDateTime": None}, "expirationDateTime is a required property"),
        ({"changeType": "invented"}, "Invalid 'changeType' attribute: 'invented'."),
        ({"resource": "security/alerts"}, "Unsupported resource"),
        ({"clientState": "x" * 129}, "'clientState'"),
        ({"notificationUrl": "http://elsewhere.example/notify"}, "HTTPS"),
        ({"expirationDateTime": 41770}, "can only be 41760 minutes in the future"),
        ({"expirationDateTime": -1}, "must be in the future"),
        ({"expirationDateTime": "tomorrow"}, "expirationDateTime"),
    ],
)
def test_what_does_not_fit_is_refused(
    graph: httpx.Client, receiver: Receiver, values: dict[str, Any], text: str
) -> None:
    told = {name: _until(minutes=value) if isinstance(value, int) else value for name, value in values.items()}
    refused(graph.post("/v1.0/subscriptions", json=_wish(receiver, **told)), 400, "ValidationError", text)
    assert receiver.validations == []


def test_who_may_not_read_may_not_subscribe(
    tenant: Tenant, application: Application, receiver: Receiver, graph: httpx.Client
) -> None:
    mine = _subscribe(graph, receiver)
    with calling_as(tenant, application, "limited") as limited:
        denied = limited.post("/v1.0/subscriptions", json=_wish(receiver, resource="groups"))
        refused(denied, 403, "Authorization_RequestDenied")
        assert limited.get("/v1.0/subscriptions").json()["value"] == []
        refused(limited.delete(f"/v1.0/subscriptions/{mine['id']}"), 404, "ResourceNotFound")


def test_creation_change_and_deletion_of_a_person_are_sent(
    tenant: Tenant, graph: httpx.Client, receiver: Receiver
) -> None:
    made = _subscribe(graph, receiver)
    key = hire(graph)
    created = receiver.wait(1)[0]
    assert created["subscriptionId"] == made["id"]
    assert (created["changeType"], created["clientState"]) == ("updated", "only we know")
    assert created["resource"] == f"Users/{key}"
    assert created["tenantId"] == tenant.json["tenant_id"]
    assert created["resourceData"]["@odata.type"] == "#Microsoft.Graph.User"
    assert created["resourceData"]["id"] == key
    assert created["subscriptionExpirationDateTime"] == made["expirationDateTime"]
    graph.patch(f"/v1.0/users/{key}", json={"jobTitle": "Noticed"})
    assert receiver.wait(2)[1]["changeType"] == "updated"
    graph.delete(f"/v1.0/users/{key}")
    assert receiver.wait(3)[2]["changeType"] == "deleted"


def test_only_what_was_asked_for_is_sent(graph: httpx.Client, receiver: Receiver) -> None:
    group, other, key = form_group(graph), form_group(graph), hire(graph)
    _subscribe(graph, receiver, resource=f"/groups/{group}", changeType="updated")
    graph.patch(f"/v1.0/groups/{other}", json={"description": "nobody asked"})
    graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(key))
    assert [one["resource"] for one in receiver.wait(1)] == [f"Groups/{group}"]


def test_notifications_may_come_twice(tenant: Tenant, graph: httpx.Client, receiver: Receiver) -> None:
    _subscribe(graph, receiver)
    tenant.control("POST", "settings", notification_duplicates=True)
    hire(graph)
    first, second = receiver.wait(2)[:2]
    assert first == second


def test_a_receiver_in_trouble_is_asked_again(graph: httpx.Client, receiver: Receiver) -> None:
    _subscribe(graph, receiver)
    receiver.status = 503
    key = hire(graph)
    eventually(lambda: receiver.turned_away)
    receiver.status = 202
    assert receiver.wait(1)[0]["resource"] == f"Users/{key}"


def test_what_could_not_be_sent_for_four_hours_is_told_as_missed(
    tenant: Tenant, graph: httpx.Client, receiver: Receiver
) -> None:
    with receiving() as life:
        made = _subscribe(graph, receiver, lifecycleNotificationUrl=life.url)
        receiver.status = 500
        hire(graph)
        eventually(lambda: receiver.turned_away)
        tenant.control("POST", "settings", clock_offset_s=5 * 3600)
        missed = life.wait(1)[0]
        assert (missed["lifecycleEvent"], missed["subscriptionId"]) == ("missed", made["id"])
        assert missed["clientState"] == "only we know"
        assert "resourceData" not in missed


def test_the_end_of_a_subscription_is_announced_and_put_off_by_renewal(
    tenant: Tenant, graph: httpx.Client, receiver: Receiver
) -> None:
    with receiving() as life:
        made = _subscribe(graph, receiver, lifecycleNotificationUrl=life.url)
        tenant.control("POST", "settings", clock_offset_s=22 * 3600)
        assert life.wait(1)[0]["lifecycleEvent"] == "reauthorizationRequired"
        assert graph.post(f"/v1.0/subscriptions/{made['id']}/reauthorize").status_code == 204
        renewed = graph.patch(f"/v1.0/subscriptions/{made['id']}", json={"expirationDateTime": _until(days=3)})
        assert renewed.status_code == 200
        assert renewed.json()["expirationDateTime"] > made["expirationDateTime"]
        tenant.control("POST", "settings", clock_offset_s=4 * 24 * 3600)
        refused(graph.get(f"/v1.0/subscriptions/{made['id']}"), 404, "ResourceNotFound")


def test_a_short_life_becomes_forty_five_minutes(graph: httpx.Client, receiver: Receiver) -> None:
    made = _subscribe(graph, receiver, expirationDateTime=_until(minutes=5))
    left = datetime.fromisoformat(made["expirationDateTime"]) - datetime.now(UTC)
    assert timedelta(minutes=44) < left < timedelta(minutes=46)
