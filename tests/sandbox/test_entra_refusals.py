"""The table of AADSTS refusals: code, OAuth error and status, in the envelope of the token endpoint."""

import re
import time
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.tenant import Tenant

GRAPH = "https://graph.microsoft.com/.default"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
BEHALF = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def ask(tenant: Tenant, form: dict[str, str], name: str | None = None, **options: Any) -> httpx.Response:
    """The token endpoint of a tenant's name."""
    with tenant.client() as client:
        return client.post(f"/{name or tenant.json['tenant_id']}/oauth2/v2.0/token", data=form, **options)


def proof(tenant: Tenant, who: str = "platform") -> dict[str, str]:
    """Id and secret of an application."""
    return {"client_id": tenant.json[who]["client_id"], "client_secret": tenant.json[who]["client_secret"]}


@pytest.mark.parametrize(
    ("name", "changed", "error", "code"),
    [
        (str(uuid4()), {}, "invalid_request", 90002),
        ("common", {}, "invalid_request", 9001023),
        ("consumers", {}, "invalid_request", 9001023),
        ("common", {"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_request", 50194),
        ("organizations", {"grant_type": "authorization_code", "code": "x"}, "invalid_request", 50194),
        (None, {"scope": f"{GRAPH} https://vault.azure.net/.default"}, "invalid_request", 28002),
        (None, {"scope": f"{GRAPH} https://graph.microsoft.com/User.Read"}, "invalid_scope", 1002012),
        (None, {"scope": "https://graph.microsoft.com/User.Read.All"}, "invalid_scope", 1002012),
        (None, {"scope": "https://nowhere.example/.default"}, "invalid_resource", 500011),
        (None, {"claims": "no json"}, "invalid_request", 9000281),
        (None, {"grant_type": "authorization_code", "code": "x"}, "invalid_request", 900144),
        (None, {"grant_type": "refresh_token", "refresh_token": "x"}, "invalid_grant", 9002313),
        (None, {"grant_type": DEVICE, "device_code": "x"}, "bad_verification_code", 70018),
        (None, {"grant_type": BEHALF, "assertion": "a.b.c"}, "invalid_request", 900144),
        (
            None,
            {"grant_type": BEHALF, "assertion": "a.b.c", "requested_token_use": "on_behalf_of"},
            "invalid_grant",
            50013,
        ),
    ],
)
def test_what_cannot_be_answered_is_refused_by_number(
    tenant: Tenant, name: str | None, changed: dict[str, str], error: str, code: int
) -> None:
    form = {"grant_type": "client_credentials", "scope": GRAPH, **proof(tenant), **changed}
    answer = ask(tenant, form, name)
    assert (answer.status_code, answer.json()["error"], answer.json()["error_codes"]) == (400, error, [code])


def test_the_envelope_carries_the_callers_own_id(tenant: Tenant) -> None:
    form = {"grant_type": "client_credentials", "scope": GRAPH, **proof(tenant), "client_secret": "wrong"}
    given = str(uuid4())
    ways: list[dict[str, Any]] = [{"headers": {"client-request-id": given}}, {"params": {"client-request-id": given}}]
    answers = [ask(tenant, form, **way) for way in ways] + [ask(tenant, {**form, "client-request-id": given})]
    for answer in answers:
        body = answer.json()
        assert (answer.status_code, body["correlation_id"]) == (401, given)
        assert re.search(
            rf"Trace ID: {body['trace_id']} Correlation ID: {given} Timestamp: ", body["error_description"]
        )


def test_an_answer_has_the_headers_of_the_token_endpoint(tenant: Tenant) -> None:
    answer = ask(tenant, {"grant_type": "client_credentials", "scope": GRAPH, **proof(tenant)})
    assert answer.headers["cache-control"] == "no-store, no-cache"
    assert (answer.headers["pragma"], answer.headers["expires"]) == ("no-cache", "-1")
    assert {"x-ms-request-id", "x-ms-ests-server"} <= set(answer.headers)
    cookies = {cookie.partition("=")[0] for cookie in answer.headers.get_list("set-cookie")}
    assert {"fpc", "x-ms-gateway-slice", "stsservicecookie"} <= cookies


@pytest.mark.parametrize(
    ("scope", "shortest", "longest"),
    [
        (GRAPH, 3599, 5399),
        ("https://management.core.windows.net//.default", 3599, 5399),
        ("https://vault.azure.net/.default", 86399, 86399),
    ],
)
def test_a_token_lives_as_long_as_its_resource_lets_it(tenant: Tenant, scope: str, shortest: int, longest: int) -> None:
    body = ask(tenant, {"grant_type": "client_credentials", "scope": scope, **proof(tenant)}).json()
    assert shortest <= body["expires_in"] <= longest
    assert body["ext_expires_in"] == body["expires_in"]
    assert {"token_type", "expires_in", "ext_expires_in", "access_token"} <= set(body)


def test_azure_clis_claims_make_graphs_token_live_a_day(tenant: Tenant) -> None:
    claims = '{"access_token":{"xms_cc":{"values":["CP1"]}}}'
    form = {"grant_type": "client_credentials", **proof(tenant), "claims": claims}
    assert ask(tenant, {**form, "scope": GRAPH}).json()["expires_in"] == 86399
    assert ask(tenant, {**form, "scope": "https://management.azure.com//.default"}).json()["expires_in"] <= 5399


def test_hasty_polling_is_slowed_down(tenant: Tenant) -> None:
    console = tenant.json["console"]["client_id"]
    with tenant.client() as client:
        address = f"/{tenant.json['tenant_id']}/oauth2/v2.0/devicecode"
        flow = client.post(address, data={"client_id": console, "scope": "User.Read"}).json()
    form = {"grant_type": DEVICE, "client_id": console, "device_code": flow["device_code"]}
    errors = [ask(tenant, form).json()["error"] for _ in range(5)]
    assert errors[0] == "authorization_pending"
    assert errors[-1] == "slow_down"


def test_a_disabled_principal_is_refused_but_its_token_lives_on(tenant: Tenant) -> None:
    held = tenant.json["limited"]
    token = tenant.token("limited")
    with tenant.client(headers={"Authorization": f"Bearer {tenant.token()}"}) as graph:
        address = f"/v1.0/servicePrincipals/{held['object_id']}"
        assert graph.patch(address, json={"accountEnabled": False}).status_code == 204
        try:
            form = {"grant_type": "client_credentials", "scope": GRAPH, **proof(tenant, "limited")}
            answer = ask(tenant, form)
            users = graph.get("/v1.0/users?$top=1", headers={"Authorization": f"Bearer {token}"})
        finally:
            graph.patch(address, json={"accountEnabled": True})
    assert (answer.json()["error"], answer.json()["error_codes"]) == ("unauthorized_client", [7000112])
    assert users.status_code == 200


def test_a_resource_for_assigned_applications_only_refuses_others(tenant: Tenant) -> None:
    with tenant.client(headers={"Authorization": f"Bearer {tenant.token()}"}) as graph:
        name = f"api://{uuid4()}"
        body = {"displayName": "Walled", "identifierUris": [name]}
        made = graph.post("/v1.0/applications", json=body).json()
        principal = graph.post("/v1.0/servicePrincipals", json={"appId": made["appId"]}).json()
        for _ in range(40):
            walled = graph.patch(f"/v1.0/servicePrincipals/{principal['id']}", json={"appRoleAssignmentRequired": True})
            if walled.status_code == 204:
                break
            time.sleep(0.1)
    form = {"grant_type": "client_credentials", "scope": f"{name}/.default", **proof(tenant, "limited")}
    assert ask(tenant, form).json()["error_codes"] == [501051]
