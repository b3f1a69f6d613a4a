"""What the checks of the checklist do over and over: tokens, raw calls, applications and people of their own."""

import base64
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import httpx

from tests.sandbox.browser import Browser, answer_of
from tests.sandbox.graph_hands import eventually, somebody
from tests.tenant import Tenant

GRAPH = "https://graph.microsoft.com/.default"
GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"
PASSWORD = "Correct-Horse-7!"
REDIRECT = "https://app.practice.example/callback"
EVENTUAL = {"ConsistencyLevel": "eventual"}
DAY_S = 86_400


def switch(tenant: Tenant, **values: Any) -> None:
    """Change how the tenant behaves; it is put back after each test."""
    tenant.control("POST", "settings", **values)


@contextmanager
def calling(tenant: Tenant, who: str = "platform", scope: str = GRAPH) -> Iterator[httpx.Client]:
    """Raw HTTPS with the token of an application of sandbox.json."""
    with bearing(tenant, tenant.token(who, scope)) as client:
        yield client


@contextmanager
def bearing(tenant: Tenant, token: str) -> Iterator[httpx.Client]:
    """Raw HTTPS with a token."""
    with tenant.client(headers={"Authorization": f"Bearer {token}"}) as client:
        yield client


def decoded(token: str, part: int = 1) -> dict[str, Any]:
    """A token's claims (1) or its header (0), unverified."""
    text = token.split(".")[part]
    found: dict[str, Any] = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    return found


def ids(answer: httpx.Response) -> list[str]:
    """The ids of a collection."""
    assert answer.status_code == 200, answer.text
    return [one["id"] for one in answer.json()["value"]]


def employed(graph: httpx.Client, **values: Any) -> dict[str, Any]:
    """A new person who signs in with a password alone; id and name."""
    profile = {"password": PASSWORD, "forceChangePasswordNextSignIn": False}
    answer = graph.post("/v1.0/users", json=somebody(passwordProfile=profile, **values))
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


class App:
    """An application registered for one test, with a secret, a web address and just these permissions of Graph."""

    def __init__(self, tenant: Tenant, graph: httpx.Client, *permissions: str, **body: Any) -> None:
        self._tenant, self._graph = tenant, graph
        given = {"displayName": f"App {uuid.uuid4().hex[:8]}", "web": {"redirectUris": [REDIRECT]}, **body}
        made = graph.post("/v1.0/applications", json=given)
        assert made.status_code == 201, made.text
        self.id, self.object_id = made.json()["appId"], made.json()["id"]
        self.principal = graph.post("/v1.0/servicePrincipals", json={"appId": self.id}).json()["id"]
        self.secret = self.new_secret()
        for permission in permissions:
            self.grant(permission)

    def new_secret(self, **credential: str) -> str:
        """Another secret."""
        body = {"passwordCredential": credential} if credential else {}
        answer = self._graph.post(f"/v1.0/applications/{self.object_id}/addPassword", json=body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["secretText"])

    def grant(self, permission: str) -> str:
        """Give an application permission of Graph; the id of the grant."""
        query = {"$filter": f"appId eq '{GRAPH_APP_ID}'"}
        resource = self._graph.get("/v1.0/servicePrincipals", params=query).json()["value"][0]
        role = next(role["id"] for role in resource["appRoles"] if role["value"] == permission)
        body = {"principalId": self.principal, "resourceId": resource["id"], "appRoleId": role}
        answer = self._graph.post(f"/v1.0/servicePrincipals/{self.principal}/appRoleAssignments", json=body)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def ask(self, **form: str) -> httpx.Response:
        """The token endpoint, by client credentials unless told otherwise."""
        data = {"client_id": self.id, "client_secret": self.secret, "scope": GRAPH, "grant_type": "client_credentials"}
        with self._tenant.client() as client:
            return client.post(f"/{self._tenant.json['tenant_id']}/oauth2/v2.0/token", data={**data, **form})

    def token(self, **form: str) -> str:
        """An access token."""
        answer = self.ask(**form)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["access_token"])

    def sign_in(self, person: dict[str, Any], scope: str, **form: str) -> dict[str, Any]:
        """The tokens of a person who signs in and agrees."""
        asked = {"client_id": self.id, "response_type": "code", "redirect_uri": REDIRECT, "scope": scope}
        with self._tenant.client() as client:
            browser = Browser(client)
            page = browser.open(f"/{self._tenant.json['tenant_id']}/oauth2/v2.0/authorize?{urlencode(asked)}")
            page = browser.submit(page, username=person["userPrincipalName"], password=PASSWORD)
            if page.status_code == 200:
                page = browser.submit(page)
        code = answer_of(page)["code"]
        answer = self.ask(grant_type="authorization_code", code=code, redirect_uri=REDIRECT, scope=scope, **form)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def refresh(self, tokens: dict[str, Any], **form: str) -> httpx.Response:
        """Redeem a refresh token."""
        return self.ask(
            grant_type="refresh_token", refresh_token=tokens["refresh_token"], scope=tokens["scope"], **form
        )


def status_of(client: httpx.Client, path: str, status: int, seconds: float = 5) -> httpx.Response:
    """Read until the status is this one; the answer."""
    return eventually(lambda: client.get(path), lambda answer: answer.status_code == status, seconds)
