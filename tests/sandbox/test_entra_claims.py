"""What tokens say, claim by claim, for applications and for people; what a client needs consent for."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest

from tests.sandbox.browser import Browser, answer_of, form_of
from tests.tenant import Tenant

PASSWORD = "Correct-Horse-7!"
REDIRECT = "https://app.practice.example/callback"


@pytest.fixture
def graph(tenant: Tenant) -> Iterator[httpx.Client]:
    """The platform's Graph."""
    with tenant.client(headers={"Authorization": f"Bearer {tenant.token()}"}) as client:
        yield client
    tenant.control("POST", "settings", reset=True)


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a token, unverified."""
    part = token.split(".")[1]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def login(tenant: Tenant, role: str) -> dict[str, Any]:
    """A practice login."""
    found: dict[str, Any] = next(one for one in tenant.json["logins"] if one["role"] == role)
    return found


def hired(graph: httpx.Client) -> dict[str, Any]:
    """Somebody new who signs in with a password alone."""
    name = f"cl{uuid4().hex[:10]}"
    body = {
        "accountEnabled": True,
        "displayName": name,
        "mailNickname": name,
        "userPrincipalName": f"{name}@practice.example",
        "passwordProfile": {"password": PASSWORD, "forceChangePasswordNextSignIn": False},
    }
    made: dict[str, Any] = graph.post("/v1.0/users", json=body).json()
    return made


def soon(ask: Any, status: int = 201) -> httpx.Response:
    """Ask until what was just made is seen."""
    for _ in range(50):
        answer: httpx.Response = ask()
        if answer.status_code == status:
            return answer
        time.sleep(0.1)
    raise AssertionError(answer.text)


class App:
    """An application made for one test, with a secret and a web address."""

    def __init__(self, tenant: Tenant, graph: httpx.Client, **body: Any) -> None:
        self.tenant, self.graph = tenant, graph
        given = {"displayName": f"App {uuid4().hex[:6]}", "web": {"redirectUris": [REDIRECT]}, **body}
        made = graph.post("/v1.0/applications", json=given).json()
        self.id, self.object_id = made["appId"], made["id"]
        self.principal = graph.post("/v1.0/servicePrincipals", json={"appId": self.id}).json()["id"]
        address = f"/v1.0/applications/{self.object_id}/addPassword"
        self.secret = soon(lambda: graph.post(address, json={}), 200).json()["secretText"]

    def address(self, **changed: str) -> str:
        """Where a sign-in begins."""
        query = {"client_id": self.id, "response_type": "code", "redirect_uri": REDIRECT, "scope": "openid", **changed}
        return f"/{self.tenant.json['tenant_id']}/oauth2/v2.0/authorize?{urlencode(query)}"

    def token(self, **form: str) -> httpx.Response:
        """The token endpoint."""
        with self.tenant.client() as client:
            data = {"client_id": self.id, "client_secret": self.secret, **form}
            return client.post(f"/{self.tenant.json['tenant_id']}/oauth2/v2.0/token", data=data)

    def redeem(self, page: httpx.Response, **form: str) -> dict[str, Any]:
        """Tokens for the code of an answer."""
        code = answer_of(page)["code"]
        body: dict[str, Any] = self.token(
            grant_type="authorization_code", code=code, redirect_uri=REDIRECT, **form
        ).json()
        return body


def entered(browser: Browser, address: str, person: dict[str, Any]) -> httpx.Response:
    """The page after user name and password."""
    return browser.submit(browser.open(address), username=person["userPrincipalName"], password=PASSWORD)


# -- applications ------------------------------------------------------------------------------------------------------


def test_an_applications_graph_token_is_of_version_1(tenant: Tenant) -> None:
    claims = claims_of(tenant.token())
    assert {
        "aud": "https://graph.microsoft.com",
        "iss": f"https://sts.windows.net/{tenant.json['tenant_id']}/",
        "idp": f"https://sts.windows.net/{tenant.json['tenant_id']}/",
        "idtyp": "app",
        "ver": "1.0",
        "app_displayname": "JML platform",
        "appid": tenant.json["platform"]["client_id"],
    }.items() <= claims.items()
    assert {"aio", "rh", "uti", "xms_tcdt", "wids", "tenant_region_scope", "nbf", "iat", "exp"} <= set(claims)
    assert "7be44c8a-adaf-4e2a-84d6-ab2649e08a13" in claims["wids"]
    assert "xms_cc" not in claims


def test_an_apis_token_names_what_kind_it_is_only_if_the_api_asks(tenant: Tenant, graph: httpx.Client) -> None:
    api = App(
        tenant,
        graph,
        identifierUris=[f"api://{uuid4()}"],
        api={"requestedAccessTokenVersion": 2},
        optionalClaims={"accessToken": [{"name": "idtyp", "essential": False}]},
    )
    asked = claims_of(tenant.token("limited", f"{api.id}/.default"))
    assert (asked["aud"], asked["ver"], asked["idtyp"]) == (api.id, "2.0", "app")
    assert "idtyp" not in claims_of(tenant.token("limited", tenant.json["api"]["scope"]))


def test_an_api_that_asks_for_no_version_gets_tokens_of_version_1_named_as_asked(
    tenant: Tenant, graph: httpx.Client
) -> None:
    name = f"api://{uuid4()}"
    App(tenant, graph, identifierUris=[name])
    claims = claims_of(tenant.token("limited", f"{name}/.default"))
    assert (claims["aud"], claims["ver"]) == (name, "1.0")
    assert claims["iss"].startswith("https://sts.windows.net/")


# -- people ------------------------------------------------------------------------------------------------------------


def test_a_persons_graph_token_is_of_version_1(tenant: Tenant, browser: Browser) -> None:
    who, console = login(tenant, "Iam.Admin"), tenant.json["console"]
    query = {
        "client_id": console["client_id"],
        "response_type": "code",
        "redirect_uri": console["redirect_uri"],
        "scope": "openid profile email offline_access User.Read",
        "client_info": "1",
    }
    address = f"/{tenant.json['tenant_id']}/oauth2/v2.0/authorize?{urlencode(query)}"
    answer = answer_of(browser.sign_in(address, who))
    info = json.loads(base64.urlsafe_b64decode(answer["client_info"] + "=="))
    assert info == {"uid": who["object_id"], "utid": tenant.json["tenant_id"]}
    assert answer["session_state"]
    with tenant.client() as client:
        form = {"grant_type": "authorization_code", "code": answer["code"], "redirect_uri": console["redirect_uri"]}
        secret = {"client_id": console["client_id"], "client_secret": console["client_secret"]}
        body = client.post(f"/{tenant.json['tenant_id']}/oauth2/v2.0/token", data={**form, **secret}).json()
    claims = claims_of(body["access_token"])
    assert body["scope"] == "email openid profile User.Read"
    assert (claims["upn"], claims["unique_name"]) == (who["username"], who["username"])
    assert (claims["idtyp"], claims["ver"], claims["scp"], claims["amr"]) == (
        "user",
        "1.0",
        "User.Read",
        ["pwd", "mfa"],
    )
    assert {"puid", "wids", "acr", "ipaddr", "given_name", "family_name", "name", "sid", "xms_tcdt"} <= set(claims)
    identity = claims_of(body["id_token"])
    assert {"aud", "iss", "oid", "tid", "sub", "preferred_username", "name", "uti", "rh", "aio"} <= set(identity)
    assert (identity["ver"], identity["email"], identity["sid"]) == ("2.0", who["username"], claims["sid"])
    assert "amr" not in identity


def test_roles_of_a_group_reach_direct_members_only(tenant: Tenant, graph: httpx.Client, browser: Browser) -> None:
    role = {"id": str(uuid4()), "value": "Boss", "displayName": "Boss", "description": "B", "isEnabled": True}
    app = App(tenant, graph, appRoles=[{**role, "allowedMemberTypes": ["User"]}])
    inner, outer = group(graph), group(graph)
    direct, nested = hired(graph), hired(graph)
    for where, member in ((outer, direct["id"]), (outer, inner), (inner, nested["id"])):
        body = {"@odata.id": f"{tenant.base_url}/v1.0/directoryObjects/{member}"}
        soon(lambda where=where, body=body: graph.post(f"/v1.0/groups/{where}/members/$ref", json=body), 204)
    given = {"principalId": outer, "resourceId": app.principal, "appRoleId": role["id"]}
    soon(lambda: graph.post(f"/v1.0/servicePrincipals/{app.principal}/appRoleAssignedTo", json=given))
    boss = claims_of(app.redeem(entered(browser, app.address(), direct))["id_token"])
    assert boss["roles"] == ["Boss"]
    with tenant.client() as client:
        other = claims_of(app.redeem(entered(Browser(client), app.address(), nested))["id_token"])
    assert "roles" not in other


def group(graph: httpx.Client) -> str:
    """A new security group."""
    name = f"g{uuid4().hex[:8]}"
    body = {"displayName": name, "mailNickname": name, "mailEnabled": False, "securityEnabled": True}
    return str(graph.post("/v1.0/groups", json=body).json()["id"])


def test_groups_come_with_the_token_until_there_are_too_many(
    tenant: Tenant, graph: httpx.Client, browser: Browser
) -> None:
    tenant.control("POST", "settings", throttle=False, lag_ms=0)
    app, person = App(tenant, graph, groupMembershipClaims="SecurityGroup"), hired(graph)
    body = {"@odata.id": f"{tenant.base_url}/v1.0/directoryObjects/{person['id']}"}
    first = group(graph)
    soon(lambda: graph.post(f"/v1.0/groups/{first}/members/$ref", json=body), 204)
    few = claims_of(app.redeem(entered(browser, app.address(), person))["id_token"])
    assert first in few["groups"]
    for _ in range(200):
        one = group(graph)
        soon(lambda one=one: graph.post(f"/v1.0/groups/{one}/members/$ref", json=body), 204)
    many = claims_of(app.redeem(browser.open(app.address()))["id_token"])
    assert "groups" not in many
    assert many["_claim_names"] == {"groups": "src1"}
    assert many["_claim_sources"]["src1"]["endpoint"].endswith(f"/users/{person['id']}/getMemberObjects")


# -- consent -----------------------------------------------------------------------------------------------------------


def test_a_new_application_asks_for_consent_once(tenant: Tenant, graph: httpx.Client, browser: Browser) -> None:
    app, person = App(tenant, graph), hired(graph)
    address = app.address(scope="openid offline_access User.Read Calendars.Read")
    page = entered(browser, address, person)
    assert "Permissions requested" in page.text
    tokens = app.redeem(browser.submit(page))
    assert claims_of(tokens["access_token"])["scp"] == "User.Read Calendars.Read"
    assert "code" in answer_of(browser.open(address))
    mine = f"/v1.0/oauth2PermissionGrants?$filter=clientId eq '{app.principal}'"
    grants: list[dict[str, Any]] = []
    for _ in range(50):
        grants = grants or graph.get(mine).json()["value"]
        time.sleep(0.02)
    assert [(one["consentType"], one["principalId"]) for one in grants] == [("Principal", person["id"])]
    refused = app.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"], scope="Mail.Read").json()
    assert (refused["error"], refused["error_codes"], refused["suberror"]) == (
        "invalid_grant",
        [65001],
        "consent_required",
    )


def test_consent_can_be_declined_and_is_not_asked_for_silently(
    tenant: Tenant, graph: httpx.Client, browser: Browser
) -> None:
    app, person = App(tenant, graph), hired(graph)
    declined = answer_of(browser.submit(entered(browser, app.address(scope="openid Mail.Read"), person), cancel="1"))
    assert (declined["error"], declined["error_subcode"]) == ("access_denied", "cancel")
    assert "code" in answer_of(entered(browser, app.address(), person))
    silent = answer_of(browser.open(app.address(scope="openid Mail.Read", prompt="none")))
    assert silent["error"] == "interaction_required"
    assert silent["error_description"].startswith("AADSTS65001")


def test_what_only_administrators_may_agree_to_says_so(tenant: Tenant, graph: httpx.Client, browser: Browser) -> None:
    app, person = App(tenant, graph), hired(graph)
    assert "AADSTS90094" in entered(browser, app.address(scope="openid Directory.ReadWrite.All"), person).text


def test_a_scope_that_an_api_does_not_have_is_told_to_the_application(
    tenant: Tenant, graph: httpx.Client, browser: Browser
) -> None:
    app = App(tenant, graph)
    scope = tenant.json["api"]["user_scope"].replace("/access", "/nothing")
    answer = answer_of(browser.open(app.address(scope=scope, state="s")))
    assert answer["error_description"].startswith("AADSTS650053")
    assert answer["state"] == "s"


# -- the authorization endpoint ----------------------------------------------------------------------------------------


def test_an_id_token_comes_straight_where_the_application_allows_it(
    tenant: Tenant, graph: httpx.Client, browser: Browser
) -> None:
    web = {"redirectUris": [REDIRECT], "implicitGrantSettings": {"enableIdTokenIssuance": True}}
    app, person = App(tenant, graph, web=web), hired(graph)
    answer = answer_of(entered(browser, app.address(response_type="code id_token", nonce="n"), person))
    assert claims_of(answer["id_token"])["nonce"] == "n"
    assert "code" in answer
    plain = answer_of(browser.open(app.address(response_type="id_token", nonce="n", response_mode="query")))
    assert plain["error"] == "unsupported_response_mode"


def test_the_person_who_is_hinted_at_is_the_one_who_signs_in(
    tenant: Tenant, graph: httpx.Client, browser: Browser
) -> None:
    app, person = App(tenant, graph), hired(graph)
    entered(browser, app.address(), person)
    assert "code" in answer_of(browser.open(app.address(login_hint=person["userPrincipalName"])))
    page = browser.open(app.address(login_hint="somebody.else@practice.example"))
    assert form_of(page).fields["username"] == "somebody.else@practice.example"
    none = answer_of(browser.open(app.address(login_hint="somebody.else@practice.example", prompt="none")))
    assert none["error"] == "login_required"


def test_an_application_of_one_tenant_is_not_served_where_all_are(
    tenant: Tenant, graph: httpx.Client, browser: Browser
) -> None:
    app = App(tenant, graph)
    page = browser.open(app.address().replace(tenant.json["tenant_id"], "common"))
    assert (page.status_code, "AADSTS50194" in page.text) == (400, True)


def test_people_who_are_not_assigned_are_kept_out(tenant: Tenant, graph: httpx.Client, browser: Browser) -> None:
    app, person = App(tenant, graph), hired(graph)
    soon(lambda: graph.patch(f"/v1.0/servicePrincipals/{app.principal}", json={"appRoleAssignmentRequired": True}), 204)
    assert "AADSTS50105" in entered(browser, app.address(), person).text


# -- time --------------------------------------------------------------------------------------------------------------


def test_codes_live_ten_minutes_and_refresh_tokens_ninety_days(
    tenant: Tenant, graph: httpx.Client, browser: Browser
) -> None:
    app, person = App(tenant, graph), hired(graph)
    address = app.address(scope="openid offline_access")
    graph_scope = {"scope": "offline_access https://graph.microsoft.com/.default"}
    late = entered(browser, address, person)
    tokens = app.redeem(browser.open(address))
    tenant.control("POST", "settings", clock_offset_s=601)
    assert app.redeem(late)["error_codes"] == [70008]
    tenant.control("POST", "settings", clock_offset_s=89 * 86400)
    renewed = app.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"], **graph_scope).json()
    assert renewed.get("error_codes") in (None, [65001])
    tenant.control("POST", "settings", clock_offset_s=91 * 86400)
    assert app.token(grant_type="refresh_token", refresh_token=tokens["refresh_token"]).json()["error_codes"] == [70008]


# -- continuous access evaluation --------------------------------------------------------------------------------------


@pytest.mark.parametrize("capable", [True, False])
def test_only_a_client_that_takes_challenges_meets_one_after_a_revocation(
    tenant: Tenant, graph: httpx.Client, browser: Browser, capable: bool
) -> None:
    console, who = tenant.json["console"], login(tenant, "Iam.Approver")
    query = {
        "client_id": console["client_id"],
        "response_type": "code",
        "redirect_uri": console["redirect_uri"],
        "scope": "openid User.Read",
    }
    address = f"/{tenant.json['tenant_id']}/oauth2/v2.0/authorize?{urlencode(query)}"
    code = answer_of(browser.sign_in(address, who))["code"]
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": console["redirect_uri"]}
    claims = {"claims": '{"access_token":{"xms_cc":{"values":["cp1"]}}}'} if capable else {}
    with tenant.client() as client:
        secret = {"client_id": console["client_id"], "client_secret": console["client_secret"]}
        body = client.post(f"/{tenant.json['tenant_id']}/oauth2/v2.0/token", data={**form, **secret, **claims}).json()
        held = {"Authorization": f"Bearer {body['access_token']}"}
        assert client.get("/v1.0/me", headers=held).status_code == 200
        graph.post(f"/v1.0/users/{who['object_id']}/revokeSignInSessions").raise_for_status()
        answer = client.get("/v1.0/me", headers=held)
    assert (body["expires_in"] == 86399) is capable
    if not capable:
        assert answer.status_code == 200
        return
    assert answer.status_code == 401
    challenge = answer.headers["www-authenticate"]
    assert 'error="insufficient_claims"' in challenge
    demanded = json.loads(base64.b64decode(challenge.partition('claims="')[2].partition('"')[0]))
    assert demanded["access_token"]["nbf"]["essential"] is True
    assert answer.json()["error"]["code"] == "InvalidAuthenticationToken"
