"""A write is answered before it is seen; applications see it less evenly than people."""

import time

import httpx

from tests.fidelity.checklist.hands import App, bearing, employed, ids, switch
from tests.sandbox.graph_hands import eventually, form_group, hire, reference, user
from tests.tenant import Tenant


def test_a_change_is_acknowledged_and_read_back_old_for_a_while(tenant: Tenant, graph: httpx.Client) -> None:
    key = hire(graph, jobTitle="Old")
    switch(tenant, lag_ms=500)
    assert graph.patch(f"/v1.0/users/{key}", json={"jobTitle": "New"}).status_code == 204
    assert user(graph, key, "jobTitle")["jobTitle"] == "Old"
    eventually(lambda: user(graph, key, "jobTitle")["jobTitle"] == "New")


def test_memberships_are_read_back_old_for_a_while_from_either_side(tenant: Tenant, graph: httpx.Client) -> None:
    key, group = hire(graph), form_group(graph)

    def reads() -> tuple[bool, bool]:
        members, groups = graph.get(f"/v1.0/groups/{group}/members"), graph.get(f"/v1.0/users/{key}/memberOf")
        return key in ids(members), group in ids(groups)

    switch(tenant, lag_ms=500)
    assert graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference(key)).status_code == 204
    assert reads() == (False, False)
    eventually(reads, lambda seen: seen == (True, True))
    assert graph.delete(f"/v1.0/groups/{group}/members/{key}/$ref").status_code == 204
    assert reads() == (True, True)
    eventually(reads, lambda seen: seen == (False, False))


def test_an_application_goes_to_and_fro_between_replicas_where_a_person_stays_at_one(
    tenant: Tenant, graph: httpx.Client
) -> None:
    person = employed(graph)
    tokens = App(tenant, graph).sign_in(person, "User.Read")
    switch(tenant, lag_ms=900, replicas=3, spread=0.9)
    graph.patch(f"/v1.0/users/{person['id']}", json={"jobTitle": "Seen"})
    mine, apps, begun = list[bool](), list[bool](), time.monotonic()
    with bearing(tenant, tokens["access_token"]) as own:
        while time.monotonic() - begun < 1:
            mine.append(own.get("/v1.0/me?$select=jobTitle").json()["jobTitle"] == "Seen")
            apps.append(user(graph, person["id"], "jobTitle")["jobTitle"] == "Seen")
    assert (mine[0], mine[-1], apps[0], apps[-1]) == (False, True, False, True)
    assert mine == sorted(mine)
    assert apps != sorted(apps)
