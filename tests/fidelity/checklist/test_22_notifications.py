"""Change notifications: the handshake, what is sent how often and in which order, and the end of a subscription."""

import contextlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.fidelity.checklist.hands import App, bearing, calling, switch
from tests.sandbox.graph_hands import eventually, hire, refused
from tests.sandbox.receiver import Receiver, receiving
from tests.tenant import Tenant


@pytest.fixture(autouse=True)
def _no_subscriptions_left(graph: httpx.Client) -> Iterator[None]:
    yield
    for one in graph.get("/v1.0/subscriptions").json()["value"]:
        graph.delete(f"/v1.0/subscriptions/{one['id']}")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Somebody who listens."""
    with receiving() as one:
        yield one


def until(**away: float) -> str:
    """A moment as subscriptions have it."""
    return (datetime.now(UTC) + timedelta(**away)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def wish(receiver: Receiver, **values: Any) -> dict[str, Any]:
    """The body that subscribes to people."""
    common = {"changeType": "updated,deleted", "resource": "users", "clientState": "only we know"}
    return {**common, "notificationUrl": receiver.url, "expirationDateTime": until(days=1), **values}


def subscribe(graph: httpx.Client, receiver: Receiver, **values: Any) -> dict[str, Any]:
    """Subscribe; the subscription."""
    answer = graph.post("/v1.0/subscriptions", json=wish(receiver, **values))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def test_the_receiver_gives_the_token_back_decoded_and_as_plain_text(graph: httpx.Client, receiver: Receiver) -> None:
    subscribe(graph, receiver, lifecycleNotificationUrl=receiver.url + "?life=1")
    assert [one["content_type"] for one in receiver.validations] == ["text/plain; charset=utf-8"] * 2
    receiver.validated_with = "Validation%3A+still+encoded"
    refused(graph.post("/v1.0/subscriptions", json=wish(receiver)), 400, "ValidationError", "validation request failed")
    receiver.validated_with, receiver.media_type = None, "application/json"
    refused(graph.post("/v1.0/subscriptions", json=wish(receiver)), 400, "ValidationError", "validation request failed")


class Slow(BaseHTTPRequestHandler):
    """Takes its time for the handshake and for the first delivery."""

    handshake_s, delivery_s = 0.0, 0.0
    arrivals: list[float]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", "0")))
        token = parse_qs(urlsplit(self.path).query).get("validationToken", [""])[0]
        if token:
            time.sleep(self.handshake_s)
        else:
            self.arrivals.append(time.monotonic())
            time.sleep(self.delivery_s if len(self.arrivals) == 1 else 0)
        with contextlib.suppress(OSError):
            self.send_response(200)
            self.send_header("Content-Type", "text/plain")
            self.send_header("Content-Length", str(len(token)))
            self.end_headers()
            self.wfile.write(token.encode())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Nothing is written."""


@contextlib.contextmanager
def slow(**seconds: float) -> Iterator[tuple[str, list[float]]]:
    """A slow receiver's address, and when deliveries arrived there."""
    arrivals: list[float] = []
    handler = type("Handler", (Slow,), {**seconds, "arrivals": arrivals})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/notify", arrivals
        server.shutdown()


def test_the_handshake_has_ten_seconds_and_a_delivery_three(tenant: Tenant, receiver: Receiver) -> None:
    def ask(url: str) -> httpx.Response:
        with calling(tenant) as graph:
            return graph.post("/v1.0/subscriptions", json=wish(receiver, notificationUrl=url))

    with slow(handshake_s=4) as patient, slow(handshake_s=10.5) as late, slow(delivery_s=3.4) as tardy:
        with ThreadPoolExecutor() as pool:
            in_time, too_late = pool.submit(ask, patient[0]), pool.submit(ask, late[0])
            assert ask(tardy[0]).status_code == 201
            with calling(tenant) as graph:
                hire(graph)
            eventually(lambda: len(tardy[1]) > 1, seconds=8)
        assert tardy[1][1] - tardy[1][0] > 3, "given up after three seconds and sent again"
        assert in_time.result().status_code == 201
        refused(too_late.result(), 400, "ValidationError", "timed out")


def test_a_notification_says_what_changed_and_nothing_of_it(
    tenant: Tenant, graph: httpx.Client, receiver: Receiver
) -> None:
    made = subscribe(graph, receiver)
    key = hire(graph)
    created = receiver.wait(1)[0]
    assert (created["changeType"], created["resource"]) == ("updated", f"Users/{key}")
    assert (created["clientState"], created["subscriptionId"]) == ("only we know", made["id"])
    assert created["tenantId"] == tenant.json["tenant_id"]
    assert created["resourceData"].keys() == {"@odata.type", "@odata.id", "id", "organizationId"}
    graph.delete(f"/v1.0/users/{key}")
    assert receiver.wait(2)[1]["changeType"] == "deleted"
    refused(graph.post("/v1.0/subscriptions", json=wish(receiver, clientState="x" * 129)), 400, "ValidationError")


def test_notifications_come_twice(tenant: Tenant, graph: httpx.Client, receiver: Receiver) -> None:
    subscribe(graph, receiver)
    switch(tenant, notification_duplicates=True)
    hire(graph)
    first, second = receiver.wait(2)[:2]
    assert first == second


def test_notifications_come_in_no_order(tenant: Tenant, graph: httpx.Client, receiver: Receiver) -> None:
    subscribe(graph, receiver)
    switch(tenant, notification_disorder=True)
    made = [f"Users/{hire(graph)}" for _ in range(8)]
    came = [one["resource"] for one in receiver.wait(8)]
    assert sorted(came) == sorted(made)
    assert came != made


def test_notifications_get_lost_but_delta_tells_all(tenant: Tenant, graph: httpx.Client, receiver: Receiver) -> None:
    subscribe(graph, receiver)
    link = graph.get("/v1.0/users/delta?$deltatoken=latest").json()["@odata.deltaLink"]
    switch(tenant, notification_gaps=1)
    lost = hire(graph)
    time.sleep(0.3)
    switch(tenant, notification_gaps=0)
    came = hire(graph)
    assert [one["resource"] for one in receiver.wait(1)] == [f"Users/{came}"]
    assert {lost, came} <= {one["id"] for one in graph.get(link).json()["value"]}


def test_a_receiver_in_trouble_is_asked_again_and_after_four_hours_told_that_it_missed_something(
    tenant: Tenant, graph: httpx.Client, receiver: Receiver
) -> None:
    with receiving() as life:
        made = subscribe(graph, receiver, lifecycleNotificationUrl=life.url)
        receiver.status = 503
        key = hire(graph)
        eventually(lambda: receiver.turned_away)
        receiver.status = 202
        assert receiver.wait(1)[0]["resource"] == f"Users/{key}"
        receiver.status, receiver.turned_away = 500, 0
        hire(graph)
        eventually(lambda: receiver.turned_away)
        switch(tenant, clock_offset_s=5 * 3600)
        missed = life.wait(1)[0]
        assert (missed["lifecycleEvent"], missed["subscriptionId"]) == ("missed", made["id"])


def test_the_end_is_announced_put_off_by_renewal_and_comes(
    tenant: Tenant, graph: httpx.Client, receiver: Receiver
) -> None:
    with receiving() as life:
        made = subscribe(graph, receiver, lifecycleNotificationUrl=life.url)
        path = f"/v1.0/subscriptions/{made['id']}"
        switch(tenant, clock_offset_s=22 * 3600)
        assert life.wait(1)[0]["lifecycleEvent"] == "reauthorizationRequired"
        with calling(tenant) as later:
            renewed = later.patch(path, json={"expirationDateTime": until(days=2)})
            assert renewed.status_code == 200
            assert renewed.json()["expirationDateTime"] > made["expirationDateTime"]
        for hours, status in ((47, 200), (49, 404)):
            switch(tenant, clock_offset_s=hours * 3600)
            with calling(tenant) as later:
                assert later.get(path).status_code == status


def test_a_subscription_lives_at_most_41760_minutes_and_for_users_is_not_of_creations(
    graph: httpx.Client, receiver: Receiver
) -> None:
    for values in ({"expirationDateTime": until(minutes=41_770)}, {"changeType": "created"}):
        refused(graph.post("/v1.0/subscriptions", json=wish(receiver, **values)), 400, "ValidationError")


def test_whoever_loses_the_permission_loses_the_subscription(tenant: Tenant, graph: httpx.Client) -> None:
    app = App(tenant, graph)
    grant = app.grant("User.Read.All")
    with receiving() as receiver, receiving() as life, bearing(tenant, app.token()) as own:
        made = subscribe(own, receiver, lifecycleNotificationUrl=life.url)
        graph.delete(f"/v1.0/servicePrincipals/{app.principal}/appRoleAssignments/{grant}")
        told = life.wait(1)[0]
        assert (told["lifecycleEvent"], told["subscriptionId"]) == ("subscriptionRemoved", made["id"])
