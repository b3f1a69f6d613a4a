"""The console's parts at the practice tenant, and its pages over answers of an API."""

import html
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import pyotp
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from streamlit.util import calc_hash

import ui
from tests.tenant import Tenant
from tests.ui.samples import Json, lifecycle, person, problem, receipt
from ui.directory import http_session
from ui.sessions import Session, SessionStore
from ui.sign_in import SignIn
from ui.wiring import Wiring, install

SCRIPT = Path(ui.__file__).with_name("console.py")
KINDS = {"new-hire": "joiner", "update": "mover", "termination": "leaver"}


@pytest.fixture
def sign_in(tenant: Tenant) -> SignIn:
    """The console's registration in the practice tenant."""
    found = tenant.json
    return SignIn(
        tenant_id=found["tenant_id"],
        authority_url=found["base_url"],
        client_id=found["console"]["client_id"],
        client_secret=found["console"]["client_secret"],
        redirect_uri=found["console"]["redirect_uri"],
        home_uri="http://localhost:8501/",
        scope=found["api"]["user_scope"],
        http=http_session(Path(found["ca_file"])),
    )


def login(tenant: Tenant, role: str | None) -> Json:
    """The practice login with this role."""
    found: Json = next(one for one in tenant.json["logins"] if one["role"] == role)
    return found


def at_the_tenant(tenant: Tenant, auth_uri: str, role: str | None = "Hr.Operator") -> httpx.URL:
    """Go through the tenant's sign-in pages as a browser would; the address it sends back to."""
    who = login(tenant, role)
    with tenant.client() as browser:
        page = browser.get(auth_uri)
        page = browser.post(_action(page), data={"username": who["username"], "password": who["password"]})
        flow = re.search(r'name="flow" value="([^"]+)"', page.text)
        assert flow, page.text
        code = pyotp.TOTP(who["totp_secret"]).now()
        page = browser.post(_action(page), data={"flow": html.unescape(flow[1]), "code": code})
    assert page.is_redirect, page.text
    return httpx.URL(page.headers["location"])


def _action(page: httpx.Response) -> str:
    action = re.search(r'action="([^"]+)"', page.text)
    assert action, page.text
    return urljoin(str(page.url), html.unescape(action[1]))


@dataclass
class Answers:
    """An API that answers what a test says, and remembers what it was asked."""

    lifecycles: list[Json] = field(default_factory=lambda: [lifecycle()])
    people: list[Json] = field(default_factory=lambda: [person()])
    refusal: Json | None = None
    silent: bool = False
    sent: list[tuple[str, Json]] = field(default_factory=list)
    asked: list[httpx.URL] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        """One request."""
        self.asked.append(request.url)
        if self.silent:
            raise httpx.ConnectError("connection refused", request=request)
        if self.refusal:
            return httpx.Response(self.refusal["status"], json=self.refusal)
        if request.method == "POST":
            return self._take(request)
        return self._give(request.url)

    def _take(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        self.sent.append((request.url.path, body))
        _, room, name, *_ = request.url.path.split("/")
        if room == "hr":
            return httpx.Response(202, json=receipt(KINDS[name], body))
        return httpx.Response(200, json=self.lifecycles[0])

    def _give(self, url: httpx.URL) -> httpx.Response:
        room, _, wanted = url.path.strip("/").partition("/")
        found, key = (self.people, "employee_id") if room == "people" else (self.lifecycles, "id")
        if not wanted:
            return httpx.Response(200, json={"items": _filtered(found, url), "next_page_token": None})
        one = next((item for item in found if item[key] == wanted), None)
        return httpx.Response(200, json=one) if one else httpx.Response(404, json=problem(404, f"No {wanted}."))


def _filtered(found: list[Json], url: httpx.URL) -> list[Json]:
    exact = {name: url.params[name] for name in ("kind", "status") if name in url.params}
    return [item for item in found if all(item.get(name) == value for name, value in exact.items())]


class Token:
    """An access token that always holds."""

    def access_token(self) -> str | None:
        """The token."""
        return "a-token"


@dataclass
class Console:
    """The pages over :class:`Answers`."""

    answers: Answers
    sessions: SessionStore

    def open(self, page: str = "", roles: str = "Hr.Operator Iam.Admin", **query: str) -> AppTest:
        """A page as somebody with these roles sees it; run once."""
        session_id = self.sessions.open(Session("Maja Brandt", "maja@x", frozenset(roles.split()), Token()))
        return self.visit(page, session_id, **query)

    def visit(self, page: str = "", session_id: str | None = None, **query: str) -> AppTest:
        """A page with whatever session the browser brings."""
        app = AppTest.from_file(str(SCRIPT), default_timeout=20)
        app.session_state["session_id"] = session_id
        for name, value in query.items():
            app.query_params[name] = value
        # AppTest.switch_page knows pages that are files only; ours are functions, known by their address.
        app._page_hash = calc_hash(page)
        return app.run()


@pytest.fixture
def console() -> Iterator[Console]:
    """The console's pages, without a browser."""
    answers, sessions = Answers(), SessionStore()
    http = httpx.Client(base_url="http://api", transport=httpx.MockTransport(answers))
    install(Wiring(sessions, http, "http://temporal"))
    st.cache_data.clear()
    yield Console(answers, sessions)
    http.close()


def said(app: AppTest) -> str:
    """Everything the page says, for looking for words."""
    kinds: list[Callable[[AppTest], Any]] = [
        lambda page: page.title,
        lambda page: page.markdown,
        lambda page: page.error,
        lambda page: page.caption,
        lambda page: page.info,
        lambda page: page.get("html"),
    ]
    found = [element for kind in kinds for element in kind(app)]
    return "\n".join(str(getattr(element, "value", None) or getattr(element.proto, "body", "")) for element in found)
