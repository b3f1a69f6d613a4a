"""Each behaviour has a switch: off in the profile ``fast``, on in ``realistic``; and the clock can be moved."""

import time
from typing import Any

import httpx

from tests.fidelity.checklist.hands import DAY_S, App, calling, employed, switch
from tests.sandbox.graph_hands import hire, user
from tests.tenant import Tenant

ON_IN_REALISTIC = (
    "latency", "lag_ms", "replicas", "dynamic_lag_ms", "dynamic_load", "group_licence_lag_ms", "provisioning_delay_ms",
    "audit_lag_ms", "arm_operation_ms", "rbac_lag_ms", "mailbox_delay_ms", "throttle", "throttle_silent", "empty_pages",
    "delta_replays", "notification_duplicates", "notification_disorder", "notification_gaps", "writes_failing_late",
    "drives_wait_for_sign_in",
)  # fmt: skip


def profile(tenant: Tenant, name: str) -> dict[str, Any]:
    """Switch to a profile; its settings."""
    tenant.control("POST", "settings", profile=name)
    return dict(tenant.control("GET", "settings"))


def test_every_behaviour_is_on_in_realistic_and_off_in_fast(tenant: Tenant) -> None:
    fast, realistic = profile(tenant, "fast"), profile(tenant, "realistic")
    for name in ON_IN_REALISTIC:
        if name == "replicas":
            assert (fast[name], realistic[name] > 1) == (1, True)
        else:
            assert (bool(fast[name]), bool(realistic[name])) == (False, True), name
    tenant.control("POST", "settings", reset=True)
    assert tenant.control("GET", "settings")["profile"] == "practice"


def test_in_fast_nothing_lags_and_nothing_is_throttled(tenant: Tenant, graph: httpx.Client) -> None:
    assert profile(tenant, "fast")["throttle"] is False
    switch(tenant, throttle_units_per_10s=1)
    key = hire(graph)
    assert graph.patch(f"/v1.0/users/{key}", json={"jobTitle": "At once"}).status_code == 204
    assert user(graph, key, "jobTitle")["jobTitle"] == "At once"
    assert {graph.get("/v1.0/subscribedSkus").status_code for _ in range(10)} == {200}


def test_in_realistic_writes_are_seen_late_and_budgets_run_out(tenant: Tenant, graph: httpx.Client) -> None:
    there = hire(graph)
    profile(tenant, "realistic")
    begun = time.monotonic()
    answers = [graph.get(f"/v1.0/users/{there}") for _ in range(10)]
    assert time.monotonic() - begun > 0.1, "answers take their time"
    assert {answer.status_code for answer in answers} == {200}
    # Shorter than in the profile: a write that is on its way for minutes holds up the change log of later tests.
    switch(tenant, lag_ms=1000, dynamic_lag_ms=0, latency={}, writes_failing_late=0)
    key = hire(graph)
    assert graph.get(f"/v1.0/users/{key}").status_code == 404
    switch(tenant, throttle_units_per_10s=6)
    statuses = [graph.get("/v1.0/subscribedSkus").status_code for _ in range(4)]
    assert statuses[0] == 200
    assert statuses[-1] == 429


def test_the_clock_moves_deleted_users_tokens_and_roles_for_a_time(tenant: Tenant, graph: httpx.Client) -> None:
    key, person, app = hire(graph), employed(graph), App(tenant, graph)
    tokens = app.sign_in(person, "openid offline_access User.Read")
    role = {
        "action": "adminAssign",
        "principalId": person["id"],
        "roleDefinitionId": "88d8e3e3-8f55-4a1e-953a-9b9898b8876b",
        "directoryScopeId": "/",
        "justification": "For a day",
        "scheduleInfo": {"expiration": {"type": "afterDuration", "duration": "P1D"}},
    }
    root = "/v1.0/roleManagement/directory"
    assert graph.post(f"{root}/roleAssignmentScheduleRequests", json=role).status_code == 201
    graph.delete(f"/v1.0/users/{key}")
    held = {"$filter": f"principalId eq '{person['id']}'"}

    def standing(client: httpx.Client) -> tuple[int, int, int]:
        """Whether the deleted user is kept, how many roles are held, and whether the refresh token is good."""
        bin_status = client.get(f"/v1.0/directory/deletedItems/{key}").status_code
        roles = len(client.get(f"{root}/roleAssignments", params=held).json()["value"])
        refreshed = app.refresh(tokens, client_secret=app.new_secret())
        return bin_status, roles, refreshed.status_code

    assert standing(graph) == (200, 1, 200)
    for days, wanted in ((2, (200, 0, 200)), (31, (404, 0, 200)), (91, (404, 0, 400))):
        switch(tenant, clock_offset_s=days * DAY_S)
        with calling(tenant) as later:
            assert standing(later) == wanted
