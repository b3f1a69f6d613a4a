"""Conditional Access: policies by Graph's API, and what they do at sign-in and at refresh."""

import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pyotp
import pytest

from tests.sandbox.browser import Browser, answer_of, form_of
from tests.tenant import Tenant

PATH = "/v1.0/identity/conditionalAccess/policies"
PASSWORD = "Correct-Horse-7!"


@pytest.fixture
def graph(tenant: Tenant) -> Iterator[httpx.Client]:
    """The platform's Graph; policies made here are deleted, so that nobody else is shut out."""
    tenant.control("POST", "settings", throttle=False)
    with tenant.client(headers={"Authorization": f"Bearer {tenant.token()}"}) as client:
        before = {policy["id"] for policy in client.get(PATH).json()["value"]}
        yield client
        for policy in client.get(PATH).json()["value"]:
            if policy["id"] not in before:
                client.delete(f"{PATH}/{policy['id']}")
    tenant.control("POST", "settings", reset=True)


@pytest.fixture
def person(graph: httpx.Client) -> dict[str, Any]:
    """Somebody new with a password and no second factor."""
    name = f"ca{uuid4().hex[:10]}"
    body = {
        "accountEnabled": True,
        "displayName": name,
        "mailNickname": name,
        "userPrincipalName": f"{name}@practice.example",
        "passwordProfile": {"password": PASSWORD, "forceChangePasswordNextSignIn": False},
    }
    created: dict[str, Any] = graph.post("/v1.0/users", json=body).json()
    return created


def policy(graph: httpx.Client, person: dict[str, Any], *controls: str, **changed: Any) -> dict[str, Any]:
    """A policy for one person."""
    body = {
        "displayName": f"For {person['displayName']}",
        "state": "enabled",
        "conditions": {
            "clientAppTypes": ["all"],
            "applications": {"includeApplications": ["All"]},
            "users": {"includeUsers": [person["id"]]},
        },
        "grantControls": {"operator": "OR", "builtInControls": list(controls)},
        **changed,
    }
    answer = graph.post(PATH, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def access_pass(graph: httpx.Client, person: dict[str, Any]) -> str:
    """A pass for one sign-in, as soon as the person can be seen."""
    passes = f"/v1.0/users/{person['id']}/authentication/temporaryAccessPassMethods"
    made: dict[str, Any] = {}
    for _ in range(40):
        made = graph.post(passes, json={"isUsableOnce": True, "lifetimeInMinutes": 60}).json()
        if "temporaryAccessPass" in made:
            break
        time.sleep(0.1)
    return str(made["temporaryAccessPass"])


def address(tenant: Tenant, **changed: str) -> str:
    """Where a sign-in begins."""
    console = tenant.json["console"]
    query = {
        "client_id": console["client_id"],
        "response_type": "code",
        "redirect_uri": console["redirect_uri"],
        "scope": "openid offline_access User.Read",
        "state": "s",
        **changed,
    }
    return f"/{tenant.json['tenant_id']}/oauth2/v2.0/authorize?{urlencode(query)}"


def with_password(tenant: Tenant, browser: Browser, person: dict[str, Any], password: str = PASSWORD) -> httpx.Response:
    """The page after user name and password."""
    return browser.submit(browser.open(address(tenant)), username=person["userPrincipalName"], password=password)


def token(tenant: Tenant, **form: str) -> httpx.Response:
    """The token endpoint, asked by the console."""
    console = tenant.json["console"]
    fixed = {"client_id": console["client_id"], "client_secret": console["client_secret"]}
    with tenant.client() as client:
        return client.post(f"/{tenant.json['tenant_id']}/oauth2/v2.0/token", data={**fixed, **form})


def redeemed(tenant: Tenant, response: httpx.Response) -> dict[str, Any]:
    """The tokens for the code of an answer."""
    form = {"grant_type": "authorization_code", "code": answer_of(response)["code"]}
    answer = token(tenant, **form, redirect_uri=tenant.json["console"]["redirect_uri"])
    assert answer.status_code == 200, answer.text
    tokens: dict[str, Any] = answer.json()
    return tokens


def refreshed(tenant: Tenant, tokens: dict[str, Any]) -> dict[str, Any]:
    """What a refresh is answered with."""
    answer: dict[str, Any] = token(tenant, grant_type="refresh_token", refresh_token=tokens["refresh_token"]).json()
    return answer


def test_the_tenant_begins_with_two_policies(graph: httpx.Client) -> None:
    found = graph.get(PATH).json()
    assert found["@odata.context"].endswith("#identity/conditionalAccess/policies")
    controls = {p["grantControls"]["builtInControls"][0] for p in found["value"] if p["state"] == "enabled"}
    assert {"block", "mfa"} <= controls


def test_a_policy_is_answered_with_every_property(graph: httpx.Client, person: dict[str, Any]) -> None:
    made = policy(graph, person, "mfa", state="disabled")
    assert made["conditions"]["users"]["excludeGroups"] == []
    assert made["conditions"]["locations"] is None
    assert made["grantControls"]["authenticationStrength"] is None
    assert graph.patch(f"{PATH}/{made['id']}", json={"displayName": "New"}).status_code == 204
    changed = graph.get(f"{PATH}/{made['id']}").json()
    assert (changed["displayName"], changed["state"]) == ("New", "disabled")
    assert changed["modifiedDateTime"]
    assert graph.delete(f"{PATH}/{made['id']}").status_code == 204
    gone = graph.get(f"{PATH}/{made['id']}")
    assert (gone.status_code, gone.json()["error"]["code"]) == (404, "NotFound")


@pytest.mark.parametrize(
    "changed",
    [
        {"state": "on"},
        {"grantControls": {"operator": "OR", "builtInControls": ["magic"]}},
        {"grantControls": {"operator": "OR", "builtInControls": ["block", "mfa"]}},
        {"conditions": None},
        {"colour": "red"},
    ],
)
def test_a_policy_that_does_not_fit_the_schema_is_refused(graph: httpx.Client, changed: dict[str, Any]) -> None:
    body = {"displayName": "x", "state": "disabled", "conditions": {}, **changed}
    answer = graph.post(PATH, json=body)
    assert (answer.status_code, answer.json()["error"]["message"][:5]) == (400, "1007:")


def test_an_application_without_the_permission_may_not_read_policies(tenant: Tenant) -> None:
    with tenant.client(headers={"Authorization": f"Bearer {tenant.token('helpdesk')}"}) as client:
        assert client.get(PATH).status_code == 403


def test_without_a_policy_a_password_is_enough(tenant: Tenant, browser: Browser, person: dict[str, Any]) -> None:
    assert "code" in answer_of(with_password(tenant, browser, person))


def test_a_block_stops_the_sign_in_and_then_the_refresh(
    tenant: Tenant, browser: Browser, graph: httpx.Client, person: dict[str, Any]
) -> None:
    tokens = redeemed(tenant, with_password(tenant, browser, person))
    made = policy(graph, person, "block")
    refusal = refreshed(tenant, tokens)
    assert (refusal["error"], refusal["error_codes"]) == ("invalid_grant", [53003])
    assert json.loads(refusal["claims"])["access_token"]["capolids"]["values"] == [made["id"]]
    assert "AADSTS53003" in browser.open(address(tenant)).text
    graph.patch(f"{PATH}/{made['id']}", json={"state": "enabledForReportingButNotEnforced"})
    assert "access_token" in refreshed(tenant, tokens)


def test_a_second_factor_that_is_wanted_later_is_asked_for_at_refresh(
    tenant: Tenant, browser: Browser, graph: httpx.Client, person: dict[str, Any]
) -> None:
    tokens = redeemed(tenant, with_password(tenant, browser, person))
    policy(graph, person, "mfa")
    refusal = refreshed(tenant, tokens)
    assert (refusal["error"], refusal["error_codes"], refusal["suberror"]) == (
        "interaction_required",
        [50079],
        "basic_action",
    )
    silent = answer_of(browser.open(address(tenant, prompt="none")))
    assert silent["error"] == "interaction_required"
    assert silent["error_description"].startswith("AADSTS50079")


def test_an_authenticator_app_is_registered_while_signing_in(
    tenant: Tenant, browser: Browser, graph: httpx.Client, person: dict[str, Any]
) -> None:
    policy(graph, person, "mfa")
    page = with_password(tenant, browser, person)
    assert "More information required" in page.text
    secret = page.text.partition('id="secret">')[2].partition("<")[0]
    wrong = browser.submit(page, code="000000")
    assert "expected verification code" in wrong.text
    tokens = redeemed(tenant, browser.submit(wrong, code=pyotp.TOTP(secret).now()))
    assert "access_token" in refreshed(tenant, tokens)
    again = browser.submit(
        browser.open(address(tenant, prompt="login")), username=person["userPrincipalName"], password=PASSWORD
    )
    assert set(form_of(again).fields) == {"flow", "code"}


@pytest.mark.parametrize(
    ("control", "code"), [("compliantDevice", 53000), ("domainJoinedDevice", 53001), ("approvedApplication", 53002)]
)
def test_what_no_device_here_can_be_is_a_block_of_its_own(
    tenant: Tenant, browser: Browser, graph: httpx.Client, person: dict[str, Any], control: str, code: int
) -> None:
    policy(graph, person, control)
    assert f"AADSTS{code}" in with_password(tenant, browser, person).text


def test_policies_of_other_people_groups_and_applications_do_not_count(
    tenant: Tenant, browser: Browser, graph: httpx.Client, person: dict[str, Any]
) -> None:
    conditions: dict[str, Any] = {
        "applications": {"includeApplications": ["All"]},
        "users": {"includeUsers": ["All"]},
    }
    elsewhere = {**conditions, "users": {"includeUsers": ["All"], "excludeUsers": [person["id"]]}}
    other_app = {"applications": {"includeApplications": [str(uuid4())]}, "users": {"includeUsers": [person["id"]]}}
    risky = {**conditions, "users": {"includeUsers": [person["id"]]}, "signInRiskLevels": ["high"]}
    for conditions in (other_app, risky):
        policy(graph, person, "block", conditions=conditions)
    made = policy(graph, person, "block", conditions=elsewhere)
    try:
        assert "code" in answer_of(with_password(tenant, browser, person))
    finally:
        graph.delete(f"{PATH}/{made['id']}")


def test_a_temporary_access_pass_is_strong_on_its_own(
    tenant: Tenant, browser: Browser, graph: httpx.Client, person: dict[str, Any]
) -> None:
    policy(graph, person, "mfa")
    made = access_pass(graph, person)
    tokens = redeemed(tenant, with_password(tenant, browser, person, made))
    assert "access_token" in refreshed(tenant, tokens)
    with tenant.client() as client:
        twice = with_password(tenant, Browser(client), person, made)
    assert "account or password is incorrect" in twice.text


def test_a_pass_that_the_policy_no_longer_allows_signs_nobody_in(
    tenant: Tenant, browser: Browser, graph: httpx.Client, person: dict[str, Any]
) -> None:
    allowed = "/v1.0/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/TemporaryAccessPass"
    made = access_pass(graph, person)
    try:
        assert graph.patch(allowed, json={"state": "disabled"}).status_code == 204
        page = with_password(tenant, browser, person, made)
        assert "account or password is incorrect" in page.text
    finally:
        graph.patch(allowed, json={"state": "enabled"})


def test_a_sign_in_that_is_too_old_must_be_renewed(
    tenant: Tenant, browser: Browser, graph: httpx.Client, person: dict[str, Any]
) -> None:
    tokens = redeemed(tenant, with_password(tenant, browser, person))
    frequency = {"value": 4, "type": "hours", "isEnabled": True, "frequencyInterval": "timeBased"}
    policy(graph, person, sessionControls={"signInFrequency": frequency}, grantControls=None)
    assert "access_token" in refreshed(tenant, tokens)
    tenant.control("POST", "settings", clock_offset_s=5 * 3600)
    assert refreshed(tenant, tokens)["error_codes"] == [70044]


def test_a_policy_for_workloads_blocks_an_application(tenant: Tenant, graph: httpx.Client) -> None:
    limited = tenant.json["limited"]
    conditions = {
        "applications": {"includeApplications": ["All"]},
        "users": {"includeUsers": ["None"]},
        "clientApplications": {"includeServicePrincipals": [limited["object_id"]]},
    }
    policy(graph, {"displayName": "workloads", "id": "None"}, "block", conditions=conditions)
    form = {"grant_type": "client_credentials", "scope": "https://graph.microsoft.com/.default"}
    with tenant.client() as client:
        answer = client.post(
            f"/{tenant.json['tenant_id']}/oauth2/v2.0/token",
            data={**form, "client_id": limited["client_id"], "client_secret": limited["client_secret"]},
        )
    assert answer.json()["error_codes"] == [53003]


def test_the_sign_in_log_says_how_an_attempt_went(
    tenant: Tenant, browser: Browser, graph: httpx.Client, person: dict[str, Any]
) -> None:
    with_password(tenant, browser, person, "wrong")
    made = policy(graph, person, "block")
    with_password(tenant, browser, person)
    graph.delete(f"{PATH}/{made['id']}")
    refreshed(tenant, redeemed(tenant, with_password(tenant, browser, person)))
    address_of = f"/v1.0/auditLogs/signIns?$filter=userId eq '{person['id']}'"
    rows: list[dict[str, Any]] = []
    deadline = time.monotonic() + 6
    while len(rows) < 3 and time.monotonic() < deadline:
        rows = graph.get(address_of).json().get("value", [])
        time.sleep(0.1)
    seen = {(row["status"]["errorCode"], row["conditionalAccessStatus"]) for row in rows}
    assert {(50126, "notApplied"), (53003, "failure"), (0, "notApplied")} <= seen
