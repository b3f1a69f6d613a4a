"""Administrators' consent for everybody (``/adminconsent``, "Admin consent on the Microsoft identity platform")."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from sandbox import moments
from sandbox import signin_pages as pages
from sandbox.answers import NO_STORE
from sandbox.entra_clients import Client, form_of, tenant_of
from sandbox.entra_consent import consent, may_consent
from sandbox.entra_resources import GRAPH_APP_ID, Resource, service_principal
from sandbox.exchange import Exchange, Refused, exchange
from sandbox.signin_ask import addresses, client_to_sign_in, same_address, traced
from sandbox.signin_steps import COOKIE, begin, session_of, submit
from sandbox.store import Doc


@dataclass(frozen=True)
class ConsentAsk:
    """An administrator is to agree to all that an application's registration lists."""

    sent: Exchange
    client: Client
    query: Mapping[str, str]
    client_type: str = "web"
    scope: str = "openid"

    @property
    def action(self) -> str:
        """Where the forms post to: this same address."""
        return f"{self.sent.path}?{self.sent.query}"

    @property
    def question(self) -> str:
        """What is agreed to."""
        names = [name for _, some, roles in self.wanted() for name in [*some, *roles.values()]]
        return f"{self.client.name} asks for the whole organization: {', '.join(names) or 'to sign people in'}."

    def wanted(self) -> list[tuple[Doc, list[str], dict[str, str]]]:
        """Each resource with the delegated and the application permissions that the registration lists."""
        found = []
        for entry in self.client.application.get("requiredResourceAccess") or ():
            target = service_principal(self.sent.store, entry["resourceAppId"])
            if target is None:
                continue
            scopes = {s["id"]: s["value"] for s in target.get("oauth2PermissionScopes") or ()}
            roles = {r["id"]: r["value"] for r in target.get("appRoles") or ()}
            ids = [access["id"] for access in entry["resourceAccess"]]
            found.append((target, [scopes[i] for i in ids if i in scopes], {i: roles[i] for i in ids if i in roles}))
        return found

    def arrive(self, session: Doc) -> Response:
        """Grant it all, if the person may, and go back."""
        person = self.sent.store.get("users", session["_user"]) or {}
        if not may_consent(self.sent.store, person, Resource("graph", "", GRAPH_APP_ID), ["Directory.ReadWrite.All"]):
            text = (
                "Only an administrator can agree for the whole organization. Sign in with an administrator's account."
            )
            return pages.stopped("Need admin approval", text, 90094)
        for target, names, roles in self.wanted():
            if names:
                consent(self.sent.store, self.client, Resource("api", "", target["appId"]), names, None)
            for role_id in roles:
                self._assign(target, role_id)
        return self._back({"admin_consent": "True", "tenant": self.sent.pipeline.tenant_id})

    def _assign(self, target: Doc, role_id: str) -> None:
        """Give the application's principal one application permission."""
        store, principal = self.sent.store, self.client.principal
        held = store.find("app_role_assignments", "principalId", principal["id"])
        if any((a["resourceId"], a["appRoleId"]) == (target["id"], role_id) for a in held):
            return
        assignment = {
            "id": f"{principal['id'][:18]}{role_id[18:]}",
            "appRoleId": role_id,
            "createdDateTime": moments.seconds(store.now()),
            "principalDisplayName": principal["displayName"],
            "principalId": principal["id"],
            "principalType": "ServicePrincipal",
            "resourceDisplayName": target["displayName"],
            "resourceId": target["id"],
        }
        store.put("app_role_assignments", assignment)

    def error(self, error: str, description: str, **extra: str) -> Response:
        """Back with what went wrong."""
        return self._back({"error": error, "error_description": traced(self.sent, description), **extra})

    def _back(self, fields: Mapping[str, str]) -> Response:
        values = {**fields, **({"state": self.query["state"]} if "state" in self.query else {})}
        target = self.query.get("redirect_uri", "")
        mark = "&" if "?" in target else "?"
        return RedirectResponse(f"{target}{mark}{urlencode(values)}", 302, NO_STORE)


async def admin_consent(request: Request) -> Response:
    """``GET`` and ``POST /{tenant}/adminconsent?client_id&redirect_uri&state``, also under ``/v2.0``."""
    sent = exchange(request)
    tenant_of(sent, request.path_params["tenant"])
    query = dict(parse_qsl(sent.query))
    client = client_to_sign_in(sent, query.get("client_id", ""))
    redirect = query.get("redirect_uri", "")
    if not any(same_address(redirect, known) for known, _ in addresses(client.application)):
        text = f"The redirect URI '{redirect}' does not match those configured for the application."
        raise Refused(pages.stopped("Sign in", text, 50011, 400))
    ask = ConsentAsk(sent, client, query)
    if sent.method == "POST":
        return submit(ask, form_of(sent))
    return begin(ask, session_of(sent, request.cookies.get(COOKIE, ""), ask), "")


routes = [
    Route("/{tenant}/adminconsent", admin_consent, methods=["GET", "POST"]),
    Route("/{tenant}/v2.0/adminconsent", admin_consent, methods=["GET", "POST"]),
]
