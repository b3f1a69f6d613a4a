"""Revoked, disabled, reset: no refresh any more, but access tokens live on unless their client takes challenges."""

import base64
import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.fidelity.checklist.hands import App, bearing, employed
from tests.sandbox.graph_hands import user
from tests.tenant import Tenant

SCOPE = "openid offline_access User.Read"
CHALLENGES = '{"access_token":{"xms_cc":{"values":["cp1"]}}}'


def revoke(graph: httpx.Client, key: str) -> httpx.Response:
    """End all sessions."""
    return graph.post(f"/v1.0/users/{key}/revokeSignInSessions")


def disable(graph: httpx.Client, key: str) -> httpx.Response:
    """Disable the account."""
    return graph.patch(f"/v1.0/users/{key}", json={"accountEnabled": False})


def reset(graph: httpx.Client, key: str) -> httpx.Response:
    """Give another password."""
    return graph.patch(f"/v1.0/users/{key}", json={"passwordProfile": {"password": "An0ther-one!"}})


@pytest.mark.parametrize(("act", "code"), [(revoke, 50173), (disable, 50057), (reset, 50173)])
def test_refresh_ends_and_the_access_token_works_on(
    tenant: Tenant, graph: httpx.Client, act: Callable[[httpx.Client, str], httpx.Response], code: int
) -> None:
    person, app = employed(graph), App(tenant, graph)
    tokens = app.sign_in(person, SCOPE)
    assert app.refresh(tokens).status_code == 200
    assert act(graph, person["id"]).is_success
    answer = app.refresh(tokens)
    assert (answer.status_code, answer.json()["error"], answer.json()["error_codes"]) == (400, "invalid_grant", [code])
    assert answer.json()["error_description"].startswith(f"AADSTS{code}: ")
    with bearing(tenant, tokens["access_token"]) as own:
        assert own.get("/v1.0/me").status_code == 200


@pytest.mark.parametrize("act", [revoke, disable, reset])
def test_a_client_that_takes_challenges_is_challenged_at_once(
    tenant: Tenant, graph: httpx.Client, act: Callable[[httpx.Client, str], httpx.Response]
) -> None:
    person, app = employed(graph), App(tenant, graph)
    tokens = app.sign_in(person, SCOPE, claims=CHALLENGES)
    with bearing(tenant, tokens["access_token"]) as own:
        assert own.get("/v1.0/me").status_code == 200
        assert act(graph, person["id"]).is_success
        answer = own.get("/v1.0/me")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "InvalidAuthenticationToken")
    challenge = answer.headers["www-authenticate"]
    assert 'error="insufficient_claims"' in challenge
    asked: dict[str, Any] = json.loads(base64.b64decode(challenge.partition('claims="')[2].partition('"')[0]))
    assert asked["access_token"]["nbf"]["essential"] is True


def test_the_stamp_of_valid_sessions_moves(graph: httpx.Client) -> None:
    names = ("signInSessionsValidFromDateTime", "lastPasswordChangeDateTime")
    key = employed(graph)["id"]
    before = user(graph, key, *names)
    assert revoke(graph, key).json()["value"] is True
    after = user(graph, key, *names)
    assert after[names[0]] > before[names[0]]
    assert after[names[1]] == before[names[1]]
    reset(graph, key)
    last = user(graph, key, *names)
    assert last[names[0]] > after[names[0]]
    assert last[names[1]] > after[names[1]]
