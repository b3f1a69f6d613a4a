"""Authentication methods, temporary access passes and the policy over them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from tests.sandbox.conftest import Application
from tests.sandbox.graph_hands import ABSENT, AT_ONCE, calling_as, hire, refused
from tests.tenant import Tenant

PASSWORD = "28c10230-6103-485e-b985-444c60001490"
MOBILE, ALTERNATE = "3179e48a-750b-4051-897c-87b9720928f7", "b6332ec1-7057-4abe-9331-3d72feddfe41"
PASS_POLICY = "/v1.0/policies/authenticationMethodsPolicy/authenticationMethodConfigurations/temporaryAccessPass"


@pytest.fixture(autouse=True)
def _at_once(tenant: Tenant, graph: httpx.Client) -> None:
    tenant.control("POST", "settings", **AT_ONCE)


def _at(key: str, rest: str) -> str:
    return f"/v1.0/users/{key}/authentication/{rest}"


def _phone(graph: httpx.Client, key: str, kind: str = "mobile", number: str = "+1 2065555555") -> httpx.Response:
    return graph.post(_at(key, "phoneMethods"), json={"phoneNumber": number, "phoneType": kind})


def _pass(graph: httpx.Client, key: str, **body: Any) -> dict[str, Any]:
    answer = graph.post(_at(key, "temporaryAccessPassMethods"), json=body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def _kinds(graph: httpx.Client, key: str) -> list[str]:
    found = graph.get(_at(key, "methods")).json()["value"]
    return [item["@odata.type"].removeprefix("#microsoft.graph.") for item in found]


def test_everybody_has_a_password_of_the_same_id_and_never_shows_it(graph: httpx.Client) -> None:
    key = hire(graph)
    assert _kinds(graph, key) == ["passwordAuthenticationMethod"]
    held = graph.get(_at(key, "passwordMethods")).json()["value"]
    assert [(one["id"], one["password"]) for one in held] == [(PASSWORD, None)]
    assert graph.get(_at(key, f"methods/{PASSWORD}")).json()["@odata.type"].endswith("passwordAuthenticationMethod")
    refused(graph.delete(_at(key, f"passwordMethods/{PASSWORD}")), 405, "Request_BadRequest")


def test_a_phone_is_added_changed_and_deleted(graph: httpx.Client) -> None:
    key = hire(graph)
    made = _phone(graph, key)
    assert (made.status_code, made.json()["id"]) == (201, MOBILE)
    changed = graph.patch(_at(key, f"phoneMethods/{MOBILE}"), json={"phoneNumber": "+44 7700900123"})
    assert (changed.status_code, changed.json()["phoneNumber"]) == (200, "+44 7700900123")
    assert _kinds(graph, key) == ["passwordAuthenticationMethod", "phoneAuthenticationMethod"]
    assert graph.delete(_at(key, f"phoneMethods('{MOBILE}')")).status_code == 204
    refused(graph.delete(_at(key, f"phoneMethods/{MOBILE}")), 404, "resourceNotFound")


def test_a_user_has_one_phone_of_each_type(graph: httpx.Client) -> None:
    key = hire(graph)
    refused(_phone(graph, key, "alternateMobile"), 400, "badRequest", "mobile phone is needed")
    assert _phone(graph, key).status_code == 201
    refused(_phone(graph, key), 400, "badRequest", "already has a phone")
    assert _phone(graph, key, "alternateMobile").json()["id"] == ALTERNATE
    refused(_phone(graph, key, "office", "12345"), 400, "badRequest", "phone number")
    refused(_phone(graph, key, "home"), 400, "badRequest", "phoneType")


def test_a_mobile_stays_while_there_is_an_alternate(graph: httpx.Client) -> None:
    key = hire(graph)
    _phone(graph, key)
    _phone(graph, key, "alternateMobile")
    refused(graph.delete(_at(key, f"phoneMethods/{MOBILE}")), 400, "badRequest")
    assert graph.delete(_at(key, f"phoneMethods/{ALTERNATE}")).status_code == 204
    assert graph.delete(_at(key, f"phoneMethods/{MOBILE}")).status_code == 204


def test_an_address_is_kept_once(graph: httpx.Client) -> None:
    key = hire(graph)
    made = graph.post(_at(key, "emailMethods"), json={"emailAddress": "kate@elsewhere.example"})
    assert (made.status_code, made.json()["emailAddress"]) == (201, "kate@elsewhere.example")
    refused(graph.post(_at(key, "emailMethods"), json={"emailAddress": "k@e.example"}), 400, "badRequest")
    path = _at(key, f"emailMethods/{made.json()['id']}")
    assert graph.patch(path, json={"emailAddress": "k@e.example"}).json()["emailAddress"] == "k@e.example"
    assert graph.delete(path).status_code == 204


def test_the_default_method_is_deleted_last(graph: httpx.Client) -> None:
    """Somebody of the seeded company who has a phone, registered first, and an authenticator."""
    key = _with_two_factors(graph)
    preferences = f"/beta/users/{key}/authentication/signInPreferences"
    refused(graph.get(_at(key, "signInPreferences")), 400, "BadRequest", "segment 'signInPreferences'")
    app = graph.get(_at(key, "microsoftAuthenticatorMethods")).json()["value"][0]["id"]
    change = {"userPreferredMethodForSecondaryAuthentication": "push"}
    assert graph.patch(preferences, json=change).status_code == 204
    answer = graph.delete(_at(key, f"microsoftAuthenticatorMethods/{app}"))
    refused(answer, 400, "badRequest", "matches the user's current default authentication method")
    change = {"userPreferredMethodForSecondaryAuthentication": "sms"}
    assert graph.patch(preferences, json=change).status_code == 204
    assert graph.get(preferences).json()["userPreferredMethodForSecondaryAuthentication"] == "sms"
    assert graph.delete(_at(key, f"microsoftAuthenticatorMethods/{app}")).status_code == 204
    for phone in graph.get(_at(key, "phoneMethods")).json()["value"][::-1]:
        assert graph.delete(_at(key, f"phoneMethods/{phone['id']}")).status_code == 204


def _with_two_factors(graph: httpx.Client) -> str:
    people = graph.get("/v1.0/users", params={"$select": "id,employeeId", "$top": "999"}).json()["value"]
    for person in (p for p in people if (p["employeeId"] or "").startswith("P000")):
        if {"phoneAuthenticationMethod", "microsoftAuthenticatorAuthenticationMethod"} <= set(
            _kinds(graph, person["id"])
        ):
            return str(person["id"])
    raise AssertionError("nobody has a phone and an authenticator")


def test_the_seeded_company_has_every_kind_of_method(graph: httpx.Client) -> None:
    people = graph.get("/v1.0/users", params={"$select": "id", "$top": "40"}).json()["value"]
    kinds = {kind for person in people for kind in _kinds(graph, person["id"])}
    assert kinds >= {
        "fido2AuthenticationMethod",
        "microsoftAuthenticatorAuthenticationMethod",
        "windowsHelloForBusinessAuthenticationMethod",
        "phoneAuthenticationMethod",
    }


def test_a_pass_is_shown_once(tenant: Tenant, graph: httpx.Client) -> None:
    key = hire(graph)
    made = _pass(graph, key, lifetimeInMinutes=60, isUsableOnce=True)
    assert len(made["temporaryAccessPass"]) >= 8
    assert (made["isUsable"], made["methodUsabilityReason"]) == (True, "EnabledByPolicy")
    listed = graph.get(_at(key, "temporaryAccessPassMethods")).json()["value"]
    assert [(one["id"], one["temporaryAccessPass"]) for one in listed] == [(made["id"], None)]
    assert "temporaryAccessPassAuthenticationMethod" in _kinds(graph, key)
    secrets = tenant.control("GET", "secrets")["items"]
    assert {"kind": "temporary_access_pass", "value": made["temporaryAccessPass"]} in secrets
    assert graph.delete(_at(key, f"temporaryAccessPassMethods/{made['id']}")).status_code == 204
    refused(graph.delete(_at(key, f"temporaryAccessPassMethods/{made['id']}")), 404, "resourceNotFound")


def test_a_second_pass_replaces_the_first(graph: httpx.Client) -> None:
    key = hire(graph)
    first, second = _pass(graph, key), _pass(graph, key)
    assert first["temporaryAccessPass"] != second["temporaryAccessPass"]
    listed = graph.get(_at(key, "temporaryAccessPassMethods")).json()["value"]
    assert [one["id"] for one in listed] == [second["id"]]


@pytest.mark.parametrize("lifetime", [9, 43201, "60"])
def test_a_lifetime_outside_of_the_bounds_is_refused(graph: httpx.Client, lifetime: object) -> None:
    answer = graph.post(_at(hire(graph), "temporaryAccessPassMethods"), json={"lifetimeInMinutes": lifetime})
    refused(answer, 400, "badRequest", "Invalid LifetimeInMinutes specified. The valid range between 10 and 43200.")


def test_a_pass_for_later_becomes_usable_and_ends(tenant: Tenant, graph: httpx.Client) -> None:
    key = hire(graph)
    starts = (datetime.now(UTC) + timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M:%SZ")
    made = _pass(graph, key, startDateTime=starts, lifetimeInMinutes=10)
    assert (made["isUsable"], made["methodUsabilityReason"], made["startDateTime"]) == (False, "NotYetValid", starts)
    path = _at(key, f"temporaryAccessPassMethods/{made['id']}")
    tenant.control("POST", "settings", clock_offset_s=2 * 3600 + 60)
    assert graph.get(path).json()["methodUsabilityReason"] == "EnabledByPolicy"
    tenant.control("POST", "settings", clock_offset_s=2 * 3600 + 660)
    assert graph.get(path).json()["methodUsabilityReason"] == "Expired"


def test_the_policy_decides_about_passes(graph: httpx.Client) -> None:
    key = hire(graph)
    assert graph.get(PASS_POLICY).json()["state"] == "enabled"
    try:
        assert graph.patch(PASS_POLICY, json={"isUsableOnce": True}).status_code == 204
        answer = graph.post(_at(key, "temporaryAccessPassMethods"), json={"isUsableOnce": False})
        refused(answer, 400, "badRequest", "multi-use")
        assert _pass(graph, key)["isUsableOnce"] is True
        graph.patch(PASS_POLICY, json={"state": "disabled"})
        refused(graph.post(_at(key, "temporaryAccessPassMethods"), json={}), 400, "badRequest", "not enabled")
        held = graph.get(_at(key, "temporaryAccessPassMethods")).json()["value"]
        assert [one["methodUsabilityReason"] for one in held] == ["DisabledByPolicy"]
    finally:
        graph.patch(PASS_POLICY, json={"state": "enabled", "isUsableOnce": False})
    policy = graph.get("/v1.0/policies/authenticationMethodsPolicy").json()
    assert "TemporaryAccessPass" in {one["id"] for one in policy["authenticationMethodConfigurations"]}
    refused(graph.patch(PASS_POLICY, json={"defaultLength": 4}), 400, "Request_BadRequest", "defaultLength")


def test_a_password_is_not_reset_by_an_application(graph: httpx.Client) -> None:
    path = _at(hire(graph), f"methods/{PASSWORD}/resetPassword")
    refused(graph.post(path, json={"newPassword": "Quite-l0ng-enough"}), 403, "Authorization_RequestDenied")


def test_methods_take_their_own_permission(tenant: Tenant, application: Application, graph: httpx.Client) -> None:
    key = hire(graph)
    with calling_as(tenant, application, "helpdesk") as helpdesk:
        for path in ("methods", "phoneMethods", "temporaryAccessPassMethods"):
            refused(helpdesk.get(_at(key, path)), 403, "Authorization_RequestDenied")
        refused(_phone(helpdesk, key), 403, "Authorization_RequestDenied")
    refused(graph.get(_at(ABSENT, "methods")), 404, "Request_ResourceNotFound", ABSENT)
