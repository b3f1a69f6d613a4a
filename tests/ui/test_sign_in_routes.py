"""The addresses of signing in and out, with a browser's cookies."""

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from tests.tenant import Tenant
from tests.ui.conftest import at_the_tenant
from ui.headers import SecurityHeaders
from ui.routes import SignInRoutes, back_to
from ui.sessions import COOKIE, SessionStore
from ui.sign_in import SignIn

CALLBACK = "/auth/callback"


@pytest.fixture
def sessions() -> SessionStore:
    return SessionStore()


def browser_of(sign_in: SignIn, sessions: SessionStore, *, secure: bool = False) -> TestClient:
    app = Starlette(
        routes=SignInRoutes(sign_in, sessions, secure).routes(),
        middleware=[Middleware(SecurityHeaders, secure=secure)],
    )
    return TestClient(app, base_url="https://console" if secure else "http://console", follow_redirects=False)


@pytest.fixture
def browser(sign_in: SignIn, sessions: SessionStore) -> TestClient:
    return browser_of(sign_in, sessions)


def signed_in(tenant: Tenant, browser: TestClient, wanted: str = "/lifecycles?kind=leaver") -> str:
    """Sign in; where the console sends the browser afterwards."""
    start = browser.get("/auth/sign-in", params={"back_to": wanted})
    assert start.status_code == 303
    answer = at_the_tenant(tenant, start.headers["location"])
    done = browser.get(CALLBACK, params=dict(answer.params))
    assert done.status_code == 303
    location: str = done.headers["location"]
    return location


def test_one_comes_back_to_where_one_was(tenant: Tenant, browser: TestClient) -> None:
    assert signed_in(tenant, browser) == "/lifecycles?kind=leaver"


def test_the_cookie_leads_to_the_session(tenant: Tenant, browser: TestClient, sessions: SessionStore) -> None:
    signed_in(tenant, browser)
    session = sessions.get(browser.cookies[COOKIE])
    assert session is not None
    assert session.roles == {"Hr.Operator"}


def test_no_token_is_in_any_cookie(tenant: Tenant, browser: TestClient, sessions: SessionStore) -> None:
    signed_in(tenant, browser)
    session = sessions.get(browser.cookies[COOKIE])
    assert session is not None
    token = session.tokens.access_token()
    assert token is not None
    assert token not in "".join(browser.cookies.values())
    assert all(len(value) < 100 for value in browser.cookies.values())


def test_scripts_and_other_sites_get_no_cookie(sign_in: SignIn, sessions: SessionStore) -> None:
    cookie = browser_of(sign_in, sessions).get("/auth/sign-in").headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie


def test_over_tls_cookies_stay_on_tls(sign_in: SignIn, sessions: SessionStore) -> None:
    answer = browser_of(sign_in, sessions, secure=True).get("/auth/sign-in")
    assert "secure" in answer.headers["set-cookie"].lower()
    assert "strict-transport-security" in answer.headers


def test_a_callback_counts_once(tenant: Tenant, browser: TestClient) -> None:
    start = browser.get("/auth/sign-in")
    answer = dict(at_the_tenant(tenant, start.headers["location"]).params)
    assert browser.get(CALLBACK, params=answer).headers["location"] == "/"
    assert browser.get(CALLBACK, params=answer).headers["location"] == "/?sign_in=expired"


def test_a_callback_in_another_browser_is_refused(
    tenant: Tenant, browser: TestClient, sign_in: SignIn, sessions: SessionStore
) -> None:
    start = browser.get("/auth/sign-in")
    answer = dict(at_the_tenant(tenant, start.headers["location"]).params)
    stranger = browser_of(sign_in, sessions)
    assert stranger.get(CALLBACK, params=answer).headers["location"] == "/?sign_in=expired"
    assert COOKIE not in stranger.cookies


def test_a_refused_sign_in_leads_back_with_a_word(browser: TestClient) -> None:
    start = browser.get("/auth/sign-in", params={"back_to": "/lifecycle?id=x"})
    state = dict(part.split("=") for part in start.headers["location"].split("?")[1].split("&"))["state"]
    answer = browser.get(CALLBACK, params={"state": state, "error": "access_denied"})
    assert answer.headers["location"] == "/lifecycle?id=x&sign_in=declined"


def test_a_tenant_that_is_away_is_told(tenant: Tenant, sign_in: SignIn, sessions: SessionStore) -> None:
    sign_in.authority_url = "https://localhost:1"
    answer = browser_of(sign_in, sessions).get("/auth/sign-in", params={"back_to": "/people"})
    assert answer.headers["location"] == "/people?sign_in=unreachable"


def test_signing_out_ends_the_session_here_and_there(
    tenant: Tenant, browser: TestClient, sessions: SessionStore
) -> None:
    signed_in(tenant, browser)
    session_id = browser.cookies[COOKIE]
    answer = browser.get("/auth/sign-out")
    assert "/oauth2/v2.0/logout?" in answer.headers["location"]
    assert sessions.get(session_id) is None
    assert COOKIE not in browser.cookies


def test_a_second_sign_in_ends_the_first_session(tenant: Tenant, browser: TestClient, sessions: SessionStore) -> None:
    signed_in(tenant, browser)
    first = browser.cookies[COOKIE]
    signed_in(tenant, browser)
    assert browser.cookies[COOKIE] != first
    assert sessions.get(first) is None


@pytest.mark.parametrize(
    "wanted",
    [None, "", "//evil.example", "/\\evil.example", "https://evil.example", "evil", "/auth/sign-out", "/a\r\nX: y"],
)
def test_nobody_is_led_elsewhere(wanted: str | None) -> None:
    assert back_to(wanted) == "/"


def test_pages_of_the_console_are_led_to() -> None:
    assert back_to("/lifecycle?id=joiner:E1:evt-1") == "/lifecycle?id=joiner:E1:evt-1"


def test_answers_carry_security_headers(browser: TestClient) -> None:
    headers = browser.get("/auth/callback").headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert "unsafe-inline" not in headers["content-security-policy"].split("script-src")[1].split(";")[0]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
