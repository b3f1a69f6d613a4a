"""Eventual consistency: several replicas, kinds of object and ways to look, each behind by a lag of its own."""

import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from sandbox.lag import INDEX, LIST, READ, View, view
from sandbox.seed_catalogue import SPE_E3
from sandbox.settings import Settings
from sandbox.store import Store
from tests.tenant import Tenant


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    one = Store(tmp_path / "sandbox.db")
    yield one
    one.close()


@contextmanager
def looking(replica: int | None = None, way: str = READ) -> Iterator[None]:
    """Inside, the store is looked at so."""
    token = view.set(View(replica, way))
    yield
    view.reset(token)


def test_replicas_show_a_write_one_after_the_other(store: Store) -> None:
    store.set_settings(Settings(lag_ms=120, replicas=3, spread=1))
    store.put("users", {"id": "a"})
    shown = set()
    for wait in (0.001, 0.07, 0.07):
        time.sleep(wait)
        seen = 0
        for replica in range(3):
            with looking(replica):
                seen += store.seen("users", "a") is not None
        shown.add(seen)
    assert shown == {1, 2, 3}


def test_a_list_lags_longer_than_a_read_and_the_index_longest(store: Store) -> None:
    store.set_settings(Settings(lag_ms=50, lag={LIST: 2, INDEX: 4}))
    store.put("users", {"id": "a", "department": "Sales"})
    found: dict[str, float] = {}
    begun = time.monotonic()
    while len(found) < 3:
        for way in (READ, LIST, INDEX):
            with looking(way=way):
                if way not in found and store.find_seen("users", "department", "Sales"):
                    found[way] = time.monotonic() - begun
    assert 0.045 <= found[READ] < found[LIST] < found[INDEX]
    assert found[INDEX] >= 0.19


def test_a_kind_can_have_a_lag_of_its_own(store: Store) -> None:
    store.set_settings(Settings(lag_ms=1000, lag={"users": 0}))
    store.put("users", {"id": "a"})
    store.put("groups", {"id": "g"})
    assert store.seen("users", "a") is not None
    assert store.seen("groups", "g") is None


def test_without_a_lag_everything_is_seen_at_once(store: Store) -> None:
    store.set_settings(Settings(lag_ms=0, replicas=3))
    store.put("users", {"id": "a"})
    for replica in range(3):
        with looking(replica, INDEX):
            assert store.seen("users", "a") is not None


def test_what_an_index_forgot_is_still_found_by_those_who_see_it(store: Store) -> None:
    store.set_settings(Settings(lag_ms=80))
    store.put("groups", {"id": "g", "_members": ["a", "b"]}, 0)
    store.change("groups", "g", _members=["b", "c"])
    assert [group["id"] for group in store.find_seen("groups", "_members", "a")] == ["g"]
    assert store.find_seen("groups", "_members", "c") == []
    assert store.find("groups", "_members", "a") == []
    time.sleep(0.09)
    assert store.find_seen("groups", "_members", "a") == []
    assert [group["id"] for group in store.find_seen("groups", "_members", "c")] == ["g"]


# -- over the wire -----------------------------------------------------------------------------------------------------


def _somebody() -> dict[str, Any]:
    name = f"late-{uuid.uuid4().hex[:12]}"
    return {
        "accountEnabled": True,
        "displayName": name,
        "mailNickname": name,
        "userPrincipalName": f"{name}@practice.example",
        "passwordProfile": {"password": "Aa7-" + name},
    }


def _until(test: Callable[[], bool], within: float = 6) -> float:
    begun = time.monotonic()
    while not test():
        assert time.monotonic() - begun < within, "not seen in time"
        time.sleep(0.02)
    return time.monotonic()


def test_references_to_somebody_new_are_404_for_a_while(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", lag_ms=600)
    key = graph.post("/v1.0/users", json=_somebody()).json()["id"]
    reference = {"@odata.id": f"{tenant.base_url}/v1.0/directoryObjects/{key}"}
    other = graph.get("/v1.0/users?$top=1").json()["value"][0]["id"]
    group = graph.get("/v1.0/groups?$filter=displayName eq 'Block sign-in'").json()["value"][0]["id"]
    licences = {"addLicenses": [{"skuId": SPE_E3, "disabledPlans": []}], "removeLicenses": []}
    role = {"principalId": key, "roleDefinitionId": "88d8e3e3-8f55-4a1e-953a-9b9898b8876b", "directoryScopeId": "/"}
    answers = [
        graph.get(f"/v1.0/users/{key}"),
        graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference),
        graph.put(f"/v1.0/users/{other}/manager/$ref", json=reference),
        graph.post(f"/v1.0/users/{key}/assignLicense", json=licences),
        graph.post("/v1.0/roleManagement/directory/roleAssignments", json=role),
    ]
    assert [answer.status_code for answer in answers] == [404] * 5
    _until(lambda: graph.get(f"/v1.0/users/{key}").status_code == 200)
    assert graph.post(f"/v1.0/groups/{group}/members/$ref", json=reference).status_code == 204


def test_lists_filters_and_the_index_come_later_than_a_read_by_id(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", lag_ms=300, lag={"list": 2, "index": 3})
    body = _somebody()
    key = graph.post("/v1.0/users", json=body).json()["id"]
    query = {"$filter": f"displayName eq '{body['displayName']}'", "$select": "id"}
    eventual = {"ConsistencyLevel": "eventual"}
    by_id = _until(lambda: graph.get(f"/v1.0/users/{key}").status_code == 200)
    by_filter = _until(lambda: bool(graph.get("/v1.0/users", params=query).json()["value"]))
    counted = {**query, "$count": "true"}
    by_index = _until(lambda: bool(graph.get("/v1.0/users", params=counted, headers=eventual).json()["value"]))
    assert by_id + 0.1 < by_filter < by_index - 0.1


def test_a_read_may_succeed_and_the_next_one_fail(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", lag_ms=1200, replicas=3, spread=0.9)
    key = graph.post("/v1.0/users", json=_somebody()).json()["id"]
    statuses: list[int] = []
    while statuses[-12:] != [200] * 12:
        statuses.append(graph.get(f"/v1.0/users/{key}").status_code)
        time.sleep(0.02)
    first = statuses.index(200)
    assert statuses[0] == 404
    assert 404 in statuses[first:]


def test_a_change_is_read_stale_for_a_while(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", lag_ms=0)
    key = graph.post("/v1.0/users", json=_somebody()).json()["id"]
    tenant.control("POST", "settings", lag_ms=400)
    assert graph.patch(f"/v1.0/users/{key}", json={"jobTitle": "New"}).status_code == 204
    assert graph.get(f"/v1.0/users/{key}").json()["jobTitle"] is None
    _until(lambda: graph.get(f"/v1.0/users/{key}").json()["jobTitle"] == "New")


def test_a_signed_in_person_stays_at_one_replica(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", lag_ms=900, replicas=3, spread=0.9)
    me, now, city = tenant.json["logins"][1]["object_id"], int(time.time()), uuid.uuid4().hex
    claims = {
        "aud": "https://graph.microsoft.com",
        "iss": f"https://sts.windows.net/{tenant.json['tenant_id']}/",
        "exp": now + 600,
        "iat": now,
        "nbf": now,
        "tid": tenant.json["tenant_id"],
        "appid": tenant.json["console"]["client_id"],
        "oid": me,
        "scp": "User.Read",
        "ver": "1.0",
    }
    own = {"Authorization": "Bearer " + tenant.control("POST", "tokens", claims=claims)["access_token"]}
    assert graph.patch(f"/v1.0/users/{me}", json={"city": city}).status_code == 204
    seen: list[bool] = []
    begun = time.monotonic()
    while time.monotonic() - begun < 1.2:
        seen.append(graph.get("/v1.0/me?$select=city", headers=own).json()["city"] == city)
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (False, True)
