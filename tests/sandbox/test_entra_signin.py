"""Signing in through the tenant's own pages, and what becomes of it: codes, refresh, revocation, signing out."""

import base64
import hashlib
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import httpx
import pyotp
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.sandbox.browser import Browser, answer_of, form_of
from tests.sandbox.conftest import Application
from tests.tenant import Tenant

VERIFIER = "a-verifier-that-is-long-enough-for-rfc-7636-to-be-content"
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


def _login(tenant: Tenant, role: str | None) -> dict[str, Any]:
    found: dict[str, Any] = next(login for login in tenant.json["logins"] if login["role"] == role)
    return found


def _authorize(tenant: Tenant, **changed: str) -> str:
    """The address that begins a sign-in."""
    console = tenant.json["console"]
    query = {
        "client_id": console["client_id"],
        "response_type": "code",
        "redirect_uri": console["redirect_uri"],
        "scope": f"openid profile offline_access {tenant.json['api']['user_scope']}",
        "state": "a state",
        "nonce": "a nonce",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changed,
    }
    return f"/{tenant.json['tenant_id']}/oauth2/v2.0/authorize?{urlencode(query)}"


def _token(tenant: Tenant, **form: str) -> httpx.Response:
    console = tenant.json["console"]
    secret = {"client_id": console["client_id"], "client_secret": console["client_secret"]}
    with tenant.client() as client:
        return client.post(f"/{tenant.json['tenant_id']}/oauth2/v2.0/token", data={**secret, **form})


def _redeem(tenant: Tenant, code: str, **changed: str) -> httpx.Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": tenant.json["console"]["redirect_uri"]}
    return _token(tenant, **{**form, "code_verifier": VERIFIER, **changed})


def _refresh(tenant: Tenant, tokens: dict[str, Any]) -> httpx.Response:
    return _token(tenant, grant_type="refresh_token", refresh_token=tokens["refresh_token"])


def _claims(tenant: Tenant, token: str) -> dict[str, Any]:
    with tenant.client() as client:
        keys = client.get(f"/{tenant.json['tenant_id']}/discovery/v2.0/keys").json()
    return dict(jwt.decode(token, KeySet.import_key_set(keys), algorithms=["RS256"]).claims)


@pytest.fixture
def graph_of(tenant: Tenant) -> Iterator[httpx.Client]:
    with tenant.client(headers={"Authorization": f"Bearer {tenant.token()}"}) as client:
        yield client


@pytest.mark.parametrize("role", ["Hr.Operator", "Iam.Admin", "Iam.Approver", "Iam.Auditor", None])
def test_every_practice_login_signs_in_and_has_its_role(tenant: Tenant, browser: Browser, role: str | None) -> None:
    login = _login(tenant, role)
    answer = answer_of(browser.sign_in(_authorize(tenant), login))
    assert answer["state"] == "a state"
    tokens = _redeem(tenant, answer["code"]).json()
    claims = _claims(tenant, tokens["access_token"])
    assert claims.get("roles") == ([role] if role else None)
    assert claims["scp"] == "access"
    assert claims["aud"] == tenant.json["api"]["client_id"]
    assert claims["iss"] == tenant.issuer
    assert claims["oid"] == login["object_id"]


def test_the_id_token_is_for_the_console_and_echoes_the_nonce(tenant: Tenant, browser: Browser) -> None:
    login = _login(tenant, "Iam.Admin")
    tokens = _redeem(tenant, answer_of(browser.sign_in(_authorize(tenant), login))["code"]).json()
    claims = _claims(tenant, tokens["id_token"])
    assert claims["aud"] == tenant.json["console"]["client_id"]
    assert claims["nonce"] == "a nonce"
    assert claims["preferred_username"] == login["username"]
    assert claims["sub"] != _claims(tenant, tokens["access_token"])["oid"]
    info = tokens["client_info"] + "=="
    assert login["object_id"].encode() in base64.urlsafe_b64decode(info)


def test_msal_signs_in_with_pkce_and_refreshes_silently(
    tenant: Tenant, browser: Browser, application: Application
) -> None:
    client = application("console")
    scopes = [tenant.json["api"]["user_scope"]]
    flow = client.initiate_auth_code_flow(scopes, redirect_uri=tenant.json["console"]["redirect_uri"])
    answer = answer_of(browser.sign_in(flow["auth_uri"], _login(tenant, "Hr.Operator")))
    tokens = client.acquire_token_by_auth_code_flow(flow, answer)
    assert "error" not in tokens
    account = client.get_accounts()[0]
    assert account["username"] == _login(tenant, "Hr.Operator")["username"]
    again = client.acquire_token_silent_with_error(scopes, account, force_refresh=True)
    assert again["access_token"] != tokens["access_token"]


def test_the_pages_are_plain_forms_with_labels(tenant: Tenant, browser: Browser) -> None:
    page = browser.open(_authorize(tenant))
    assert set(form_of(page).fields) == {"username", "password"}
    assert "<script" not in page.text
    assert '<label for="username">' in page.text
    login = _login(tenant, "Iam.Auditor")
    second = browser.submit(page, username=login["username"], password=login["password"])
    assert set(form_of(second).fields) == {"flow", "code"}
    assert 'autocomplete="one-time-code"' in second.text


def test_a_wrong_password_and_an_unknown_name_read_the_same(tenant: Tenant, browser: Browser) -> None:
    known = browser.submit(browser.open(_authorize(tenant)), username="iam.admin@practice.example", password="wrong")
    unknown = browser.submit(browser.open(_authorize(tenant)), username="nobody@practice.example", password="wrong")
    assert "account or password is incorrect" in known.text
    assert "account or password is incorrect" in unknown.text


def test_a_wrong_code_can_be_corrected(tenant: Tenant, browser: Browser) -> None:
    login = _login(tenant, "Iam.Admin")
    page = browser.submit(browser.open(_authorize(tenant)), username=login["username"], password=login["password"])
    code = pyotp.TOTP(login["totp_secret"]).now()
    wrong = browser.submit(page, code=f"{(int(code) + 500_000) % 1_000_000:06d}")
    assert "expected verification code" in wrong.text
    assert "code" in answer_of(browser.submit(wrong, code=f"{code[:3]} {code[3:]}"))


def test_a_second_sign_in_of_the_same_browser_asks_nothing(tenant: Tenant, browser: Browser) -> None:
    browser.sign_in(_authorize(tenant), _login(tenant, "Iam.Admin"))
    assert "code" in answer_of(browser.open(_authorize(tenant)))
    assert "code" in answer_of(browser.open(_authorize(tenant, prompt="none")))
    assert form_of(browser.open(_authorize(tenant, prompt="login")))


def test_signing_out_ends_the_browsers_session(tenant: Tenant, browser: Browser) -> None:
    browser.sign_in(_authorize(tenant), _login(tenant, "Iam.Admin"))
    logout = f"/{tenant.json['tenant_id']}/oauth2/v2.0/logout"
    back = browser.open(f"{logout}?{urlencode({'post_logout_redirect_uri': 'http://localhost:9999/bye'})}")
    assert back.headers["location"] == "http://localhost:9999/bye"
    assert answer_of(browser.open(_authorize(tenant, prompt="none")))["error"] == "login_required"
    assert form_of(browser.open(_authorize(tenant)))


def test_signing_out_never_leads_to_a_stranger(tenant: Tenant, browser: Browser) -> None:
    logout = f"/{tenant.json['tenant_id']}/oauth2/v2.0/logout"
    page = browser.open(f"{logout}?{urlencode({'post_logout_redirect_uri': 'https://evil.example/'})}")
    assert page.status_code == 200
    assert "You signed out of your account" in page.text


def test_a_redirect_address_that_is_not_registered_is_never_followed(tenant: Tenant, browser: Browser) -> None:
    page = browser.open(_authorize(tenant, redirect_uri="https://evil.example/callback"))
    assert (page.status_code, "AADSTS50011" in page.text) == (400, True)


def test_an_unknown_application_gets_a_page(tenant: Tenant, browser: Browser) -> None:
    page = browser.open(_authorize(tenant, client_id="<script>alert(1)</script>"))
    assert (page.status_code, "AADSTS700016" in page.text, "<script" in page.text) == (400, True, False)


def test_the_port_of_a_loopback_address_does_not_matter(tenant: Tenant, browser: Browser) -> None:
    moved = "http://localhost:54321/auth/callback"
    answer = browser.sign_in(_authorize(tenant, redirect_uri=moved), _login(tenant, "Iam.Admin"))
    assert answer.headers["location"].startswith(f"{moved}?code=")
    assert _redeem(tenant, answer_of(answer)["code"], redirect_uri=moved).status_code == 200


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge_method": "S1"}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
    ],
)
def test_errors_come_back_with_the_state(tenant: Tenant, browser: Browser, changed: dict[str, str], error: str) -> None:
    answer = answer_of(browser.open(_authorize(tenant, **changed)))
    assert (answer["error"], answer["state"]) == (error, "a state")


def test_the_answer_comes_in_the_fragment_or_as_a_form_where_asked(tenant: Tenant, browser: Browser) -> None:
    fragment = browser.sign_in(_authorize(tenant, response_mode="fragment"), _login(tenant, "Iam.Admin"))
    assert "#code=" in fragment.headers["location"]
    posted = form_of(browser.open(_authorize(tenant, response_mode="form_post")))
    assert posted.action == tenant.json["console"]["redirect_uri"]
    assert {"code", "state"} <= set(posted.fields)


def test_a_code_is_good_for_one_use_only(tenant: Tenant, browser: Browser) -> None:
    code = answer_of(browser.sign_in(_authorize(tenant), _login(tenant, "Iam.Admin")))["code"]
    assert _redeem(tenant, code).status_code == 200
    assert _redeem(tenant, code).json()["error_codes"] == [54005]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"code_verifier": "another verifier that is as long as the right one is"}, 501481),
        ({"code_verifier": ""}, 501481),
        ({"redirect_uri": "http://localhost:1/auth/callback"}, 500112),
        ({"code": "unknown"}, 70000),
        ({"client_secret": "wrong"}, 7000215),
    ],
)
def test_a_code_is_given_to_nobody_else(tenant: Tenant, browser: Browser, changed: dict[str, str], code: int) -> None:
    given = answer_of(browser.sign_in(_authorize(tenant), _login(tenant, "Iam.Admin")))["code"]
    refusal = _redeem(tenant, **{"code": given, **changed})
    assert refusal.json()["error_codes"] == [code]


def test_a_plain_challenge_works(tenant: Tenant, browser: Browser) -> None:
    url = _authorize(tenant, code_challenge=VERIFIER, code_challenge_method="plain")
    assert _redeem(tenant, answer_of(browser.sign_in(url, _login(tenant, "Iam.Admin")))["code"]).status_code == 200


def test_without_offline_access_there_is_no_refresh_token(tenant: Tenant, browser: Browser) -> None:
    url = _authorize(tenant, scope=f"openid {tenant.json['api']['user_scope']}")
    tokens = _redeem(tenant, answer_of(browser.sign_in(url, _login(tenant, "Iam.Admin")))["code"]).json()
    assert "refresh_token" not in tokens
    assert "id_token" in tokens


def test_scopes_of_two_resources_are_refused(tenant: Tenant, browser: Browser) -> None:
    url = _authorize(tenant, scope=f"openid {tenant.json['api']['user_scope']} User.Read")
    refusal = _redeem(tenant, answer_of(browser.sign_in(url, _login(tenant, "Iam.Admin")))["code"])
    assert refusal.json()["error_codes"] == [28002]


def test_a_used_refresh_token_stays_good(tenant: Tenant, browser: Browser) -> None:
    tokens = _redeem(tenant, answer_of(browser.sign_in(_authorize(tenant), _login(tenant, "Iam.Admin")))["code"]).json()
    first, second = _refresh(tenant, tokens), _refresh(tenant, tokens)
    assert (first.status_code, second.status_code) == (200, 200)
    assert _claims(tenant, first.json()["access_token"])["scp"] == "access"
    assert "id_token" in _refresh(tenant, first.json()).json()


def test_revoking_sessions_ends_refresh_and_browser_session(
    tenant: Tenant, browser: Browser, graph_of: httpx.Client
) -> None:
    login = _login(tenant, None)
    tokens = _redeem(tenant, answer_of(browser.sign_in(_authorize(tenant), login))["code"]).json()
    assert graph_of.post(f"/v1.0/users/{login['object_id']}/revokeSignInSessions").status_code == 200
    refusal = _refresh(tenant, tokens).json()
    assert (refusal["error"], refusal["error_codes"]) == ("invalid_grant", [50173])
    assert form_of(browser.open(_authorize(tenant)))
    assert _redeem(tenant, answer_of(browser.sign_in(_authorize(tenant), login))["code"]).status_code == 200


def test_a_disabled_person_is_told_so_and_loses_refresh(
    tenant: Tenant, browser: Browser, graph_of: httpx.Client
) -> None:
    login = _login(tenant, None)
    tokens = _redeem(tenant, answer_of(browser.sign_in(_authorize(tenant), login))["code"]).json()
    assert graph_of.patch(f"/v1.0/users/{login['object_id']}", json={"accountEnabled": False}).status_code == 204
    try:
        assert _refresh(tenant, tokens).json()["error_codes"] == [50057]
        page = browser.submit(browser.open(_authorize(tenant)), username=login["username"], password=login["password"])
        assert "Your account has been disabled" in page.text
    finally:
        graph_of.patch(f"/v1.0/users/{login['object_id']}", json={"accountEnabled": True})


def test_a_blocked_person_is_told_so(tenant: Tenant, browser: Browser, graph_of: httpx.Client) -> None:
    login = _login(tenant, None)
    group = graph_of.get("/v1.0/groups?$filter=displayName eq 'Block sign-in'").json()["value"][0]["id"]
    member = {"@odata.id": f"{tenant.base_url}/v1.0/directoryObjects/{login['object_id']}"}
    assert graph_of.post(f"/v1.0/groups/{group}/members/$ref", json=member).status_code == 204
    try:
        page = browser.submit(browser.open(_authorize(tenant)), username=login["username"], password=login["password"])
        assert "an administrator has blocked your sign-in" in page.text
    finally:
        assert graph_of.delete(f"/v1.0/groups/{group}/members/{login['object_id']}/$ref").status_code == 204


def test_a_persons_graph_token_answers_userinfo(tenant: Tenant, browser: Browser) -> None:
    url = _authorize(tenant, scope="openid User.Read")
    login = _login(tenant, "Iam.Auditor")
    tokens = _redeem(tenant, answer_of(browser.sign_in(url, login))["code"]).json()
    with tenant.client(headers={"Authorization": f"Bearer {tokens['access_token']}"}) as client:
        assert client.get("/oidc/userinfo").json()["email"] == login["username"]
