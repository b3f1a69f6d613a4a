"""What happens to tokens: expired secrets, rolling keys, lifetimes, clocks, consent that comes and goes."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from tests.fidelity.checklist.hands import DAY_S, GRAPH, App, bearing, decoded, employed, switch
from tests.sandbox.graph_hands import ABSENT, refused
from tests.tenant import Tenant


def answered(tenant: Tenant, token: str) -> int:
    """How Graph answers a token."""
    with bearing(tenant, token) as client:
        return client.get("/v1.0/users?$top=1").status_code


def published(tenant: Tenant) -> KeySet:
    """The keys as published now."""
    with tenant.client() as client:
        return KeySet.import_key_set(client.get(f"/{tenant.json['tenant_id']}/discovery/v2.0/keys").json())


def test_an_expired_secret_is_401_while_another_works(tenant: Tenant, graph: httpx.Client) -> None:
    app = App(tenant, graph)
    short = app.new_secret(endDateTime=(datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ"))
    assert app.ask(client_secret=short).status_code == 200
    switch(tenant, clock_offset_s=3700)
    answer = app.ask(client_secret=short)
    assert (answer.status_code, answer.json()["error"], answer.json()["error_codes"]) == (
        401, "invalid_client", [7000222],
    )  # fmt: skip
    assert answer.json()["error_description"].startswith("AADSTS7000222: ")
    assert app.ask().status_code == 200
    assert app.ask(client_secret="wrong").json()["error_codes"] == [7000215]


def test_keys_roll_in_the_middle_of_the_run(tenant: Tenant) -> None:
    old, before = tenant.token(), published(tenant)
    tenant.control("POST", "keys", roll=True)
    new = tenant.token()
    assert decoded(new, 0)["kid"] not in {key.kid for key in before}
    with pytest.raises(JoseError):
        jwt.decode(new, before, algorithms=["RS256"])
    for token in (old, new):
        assert jwt.decode(token, published(tenant), algorithms=["RS256"]).claims["aud"]
        assert answered(tenant, token) == 200


def test_lifetimes_lie_between_an_hour_and_an_hour_and_a_half(tenant: Tenant, graph: httpx.Client) -> None:
    app = App(tenant, graph)
    answers = [app.ask().json() for _ in range(12)]
    lives = {answer["expires_in"] for answer in answers}
    assert len(lives) > 1
    assert all(3599 <= life <= 5399 for life in lives)
    assert answers[0].keys() == {"token_type", "expires_in", "ext_expires_in", "access_token"}
    claims = decoded(answers[0]["access_token"])
    assert abs(claims["exp"] - claims["iat"] - answers[0]["expires_in"]) <= 300


@pytest.mark.parametrize(
    ("times", "status"),
    [({"exp": -240}, 200), ({"exp": -360}, 401), ({"nbf": 240}, 200), ({"nbf": 360}, 401)],
)
def test_clocks_may_differ_by_five_minutes(tenant: Tenant, times: dict[str, int], status: int) -> None:
    claims, now = decoded(tenant.token()), int(datetime.now(UTC).timestamp())
    moved = {**claims, **{name: now + seconds for name, seconds in times.items()}}
    assert answered(tenant, tenant.control("POST", "tokens", claims=moved)["access_token"]) == status


def test_refresh_tokens_and_codes_age_by_the_tenants_clock(tenant: Tenant, graph: httpx.Client) -> None:
    app = App(tenant, graph)
    tokens = app.sign_in(employed(graph), "openid offline_access User.Read")
    for days, code in ((89, None), (91, [70008])):
        switch(tenant, clock_offset_s=days * DAY_S)
        secret = app.new_secret()
        assert app.refresh(tokens, client_secret=secret).json().get("error_codes") == code


def test_consent_removed_means_a_token_without_the_role_and_403(tenant: Tenant, graph: httpx.Client) -> None:
    app = App(tenant, graph)
    grant = app.grant("User.Read.All")
    old = app.token()
    assert graph.delete(f"/v1.0/servicePrincipals/{app.principal}/appRoleAssignments/{grant}").status_code == 204
    new = app.token()
    assert (decoded(old)["roles"], decoded(new).get("roles")) == (["User.Read.All"], None)
    with bearing(tenant, new) as client:
        refused(client.get("/v1.0/users"), 403, "Authorization_RequestDenied")
    assert answered(tenant, old) == 200, "what was issued is good until it ends"


def test_a_new_permission_needs_a_new_token(tenant: Tenant, graph: httpx.Client) -> None:
    app = App(tenant, graph, "User.Read.All")
    old = app.token()
    app.grant("User.ReadWrite.All")
    for token, expected in ((old, 403), (app.token(), 404)):
        with bearing(tenant, token) as client:
            assert client.patch(f"/v1.0/users/{ABSENT}", json={"jobTitle": "X"}).status_code == expected


def test_an_application_never_gets_a_refresh_token(tenant: Tenant, graph: httpx.Client) -> None:
    answer = App(tenant, graph).ask(scope=GRAPH).json()
    assert not {"refresh_token", "id_token"} & answer.keys()
