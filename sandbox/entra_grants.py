"""The token endpoint: authorization code, refresh token, client credentials (Entra, "OAuth 2.0 … flow" documents)."""

import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl
from uuid import uuid4

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.answers import NO_STORE
from sandbox.entra_clients import Client, authenticate, refuse, tenant_of
from sandbox.entra_resources import OIDC_SCOPES, Resource, granted_roles, named, split_scope
from sandbox.entra_tokens import LIFETIME_S
from sandbox.exchange import Exchange, exchange
from sandbox.store import Doc

REFRESH_LIFETIME_S = 90 * 86400


async def token(request: Request) -> Response:
    """``POST /{tenant}/oauth2/v2.0/token``, form-encoded only."""
    sent = exchange(request)
    tenant = tenant_of(sent, request.path_params["tenant"])
    form = dict(parse_qsl(sent.body.decode(errors="replace"), keep_blank_values=True))
    grant = form.get("grant_type")
    if not grant:
        refuse(sent, 900144, "invalid_request", "The request body must contain the following parameter: 'grant_type'.")
    client = authenticate(sent, form, tenant)
    if grant == "client_credentials":
        body = _client_credentials(sent, client, form)
    elif grant == "authorization_code":
        body = _authorization_code(sent, client, form)
    elif grant == "refresh_token":
        body = _refresh_token(sent, client, form)
    else:
        refuse(sent, 70003, "unsupported_grant_type", f"The app requested an unsupported grant type '{grant}'.")
    return JSONResponse(body, headers={**NO_STORE, "x-ms-request-id": sent.request_id})


def _required(sent: Exchange, form: Mapping[str, str], name: str) -> str:
    value = form.get(name)
    if not value:
        refuse(sent, 900144, "invalid_request", f"The request body must contain the following parameter: '{name}'.")
    return value


# -- applications ----------------------------------------------------------------------------------------------------


def _client_credentials(sent: Exchange, client: Client, form: Mapping[str, str]) -> Doc:
    """Never a refresh token; roles only where they were granted (a token without them is issued all the same)."""
    scope = _required(sent, form, "scope")
    if client.method == "0":
        refuse(sent, 7000218, "invalid_client", "The request body must contain 'client_assertion' or 'client_secret'.")
    if len(scope.split()) != 1 or not scope.endswith("/.default"):
        text = f"The provided value for scope {scope} is not valid. Client credential flows must have a scope value "
        refuse(sent, 1002012, "invalid_scope", text + "with /.default suffixed to the resource identifier.")
    resource = _resource(sent, scope.removesuffix("/.default"))
    roles = granted_roles(sent.store, client.principal["id"], resource)
    claims = {
        "oid": client.principal["id"],
        "sub": client.principal["id"],
        **_app_claims(client, resource),
        **({"roles": roles} if roles else {}),
    }
    access = sent.pipeline.tokens.access(resource, sent.origin, claims)
    return {
        "token_type": "Bearer",
        "expires_in": LIFETIME_S - 1,
        "ext_expires_in": LIFETIME_S - 1,
        "access_token": access,
    }


def _app_claims(client: Client, resource: Resource) -> Doc:
    if resource.ours:
        return {"azp": client.app_id, "azpacr": client.method}
    return {
        "appid": client.app_id,
        "appidacr": client.method,
        "app_displayname": client.application["displayName"],
        "idtyp": "app",
    }


def _resource(sent: Exchange, name: str) -> Resource:
    resource = named(name, sent.origin, sent.store)
    if resource is None:
        text = f"The resource principal named {name} was not found in the tenant named Practice."
        refuse(sent, 500011, "invalid_resource", text)
    return resource


# -- people ----------------------------------------------------------------------------------------------------------


def _authorization_code(sent: Exchange, client: Client, form: Mapping[str, str]) -> Doc:
    value = _required(sent, form, "code")
    redirect = _required(sent, form, "redirect_uri")
    code = sent.store.get("codes", value)
    if code is None or code["client_id"] != client.app_id:
        refuse(sent, 70000, "invalid_grant", "Provided grant is invalid or malformed.")
    if code["used"]:
        refuse(sent, 54005, "invalid_grant", "OAuth2 Authorization code was already redeemed.")
    if code["expires"] < time.time():
        refuse(sent, 70008, "invalid_grant", "The provided authorization code has expired.")
    if redirect != code["redirect_uri"]:
        text = "The redirect_uri does not match the one provided when requesting the authorization code."
        refuse(sent, 500112, "invalid_grant", text)
    if not _proves(code, form.get("code_verifier")):
        refuse(sent, 501481, "invalid_grant", "The Code_Verifier does not match the code_challenge.")
    sent.store.change("codes", value, used=True)
    person = _person(sent, code["user"], code["issued"])
    return _person_tokens(sent, client, person, form.get("scope") or code["scope"], code)


def _proves(code: Doc, verifier: str | None) -> bool:
    """RFC 7636, section 4.6; a code asked for without a challenge needs no verifier."""
    challenge = code["challenge"]
    if challenge is None:
        return verifier is None
    if verifier is None:
        return False
    if code["challenge_method"] == "S256":
        verifier = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
    return hmac.compare_digest(verifier.encode(), challenge.encode())


def _refresh_token(sent: Exchange, client: Client, form: Mapping[str, str]) -> Doc:
    """Use does not end a refresh token; disabling, revoking and a new password do."""
    value = _required(sent, form, "refresh_token")
    held = sent.store.get("refresh_tokens", value)
    if held is None or held["client_id"] != client.app_id:
        refuse(sent, 9002313, "invalid_grant", "Invalid request. The refresh token is malformed.")
    if held["expires"] < time.time():
        refuse(sent, 70008, "invalid_grant", "The refresh token has expired due to inactivity.")
    person = _person(sent, held["_user"], held["issued"])
    return _person_tokens(sent, client, person, form.get("scope") or held["scope"], held)


def _person(sent: Exchange, object_id: str, issued: str) -> Doc:
    """The person a grant was made for, if it still holds: there, enabled, neither revoked nor with a new password."""
    person = sent.store.get("users", object_id)
    if person is None:
        refuse(sent, 50034, "invalid_grant", f"The user account {object_id} does not exist in the directory.")
    if not person["accountEnabled"]:
        refuse(sent, 50057, "invalid_grant", "The user account is disabled.")
    if revoked(person, issued):
        text = "The provided grant has expired due to it being revoked, a fresh auth token is needed."
        refuse(sent, 50173, "invalid_grant", text, suberror="bad_token")
    return person


def revoked(person: Doc, issued: str) -> bool:
    """Was a sign-in of ``issued`` ended since? The directory's stamps have whole seconds, so the same second counts."""
    begun = datetime.fromisoformat(issued).replace(microsecond=0)
    return any(begun <= stamp for stamp in stamps(person))


def stamps(person: Doc) -> list[datetime]:
    """The moments up to which a person's sign-ins are worth nothing."""
    names = ("signInSessionsValidFromDateTime", "lastPasswordChangeDateTime")
    return [datetime.fromisoformat(person[name]) for name in names if person.get(name)]


def _person_tokens(sent: Exchange, client: Client, person: Doc, scope: str, grant: Doc) -> Doc:
    resource, permissions = _asked(sent, scope)
    wanted = set(scope.split()) | (set(grant["scope"].split()) & OIDC_SCOPES)
    subject = pairwise(person["id"], client.app_id)
    claims = {
        "oid": person["id"],
        "sub": subject,
        "scp": " ".join(permissions),
        "name": person["displayName"],
        "sid": grant["sid"],
        **_person_claims(sent, client, person, resource),
    }
    body = {
        "token_type": "Bearer",
        "scope": " ".join([*(f"{resource.audience}/{p}" if resource.kind != "graph" else p for p in permissions)]),
        "expires_in": LIFETIME_S - 1,
        "ext_expires_in": LIFETIME_S - 1,
        "access_token": sent.pipeline.tokens.access(resource, sent.origin, claims),
        "client_info": _base64({"uid": person["id"], "utid": sent.pipeline.tenant_id}),
    }
    if "offline_access" in wanted:
        body["refresh_token"] = _new_refresh_token(sent, client, person, scope, grant)
    if "openid" in wanted:
        body["id_token"] = _id_token(sent, client, person, subject, grant)
    return body


def _asked(sent: Exchange, scope: str) -> tuple[Resource, list[str]]:
    """The one resource that a person's scopes name, and the permissions there; OpenID's own scopes aside."""
    pairs = [split_scope(s) for s in scope.split() if s not in OIDC_SCOPES]
    names = {name for name, _ in pairs} or {"https://graph.microsoft.com"}
    if len(names) > 1:
        text = f"The provided value for the input parameter 'scope' is not valid. It names several resources: {scope}."
        refuse(sent, 28002, "invalid_request", text)
    resource = _resource(sent, names.pop())
    permissions = [permission for _, permission in pairs] or ["User.Read"]
    return resource, [("access" if resource.ours else "User.Read") if p == ".default" else p for p in permissions]


def _person_claims(sent: Exchange, client: Client, person: Doc, resource: Resource) -> Doc:
    if resource.ours:
        roles = granted_roles(sent.store, person["id"], resource)
        return {
            "azp": client.app_id,
            "azpacr": client.method,
            "preferred_username": person["userPrincipalName"],
            **({"roles": roles} if roles else {}),
        }
    return {
        "appid": client.app_id,
        "appidacr": client.method,
        "app_displayname": client.application["displayName"],
        "idtyp": "user",
        "acr": "1",
        "amr": ["pwd", "mfa"],
        "upn": person["userPrincipalName"],
        "unique_name": person["userPrincipalName"],
        "given_name": person["givenName"],
        "family_name": person["surname"],
    }


def _new_refresh_token(sent: Exchange, client: Client, person: Doc, scope: str, grant: Doc) -> str:
    value = sent.store.secret("refresh_token", "1.A" + secrets.token_urlsafe(96))
    sent.store.put(
        "refresh_tokens",
        {
            "id": value,
            "client_id": client.app_id,
            "_user": person["id"],
            "scope": " ".join({*grant["scope"].split(), *scope.split()} & OIDC_SCOPES) + " " + _beyond(scope),
            "sid": grant["sid"],
            "auth_time": grant["auth_time"],
            "issued": grant["issued"],
            "expires": time.time() + REFRESH_LIFETIME_S,
        },
    )
    return value


def _beyond(scope: str) -> str:
    return " ".join(s for s in scope.split() if s not in OIDC_SCOPES)


def _id_token(sent: Exchange, client: Client, person: Doc, subject: str, grant: Doc) -> str:
    """A v2 ID token; its ``roles`` are those on the client itself, as in Entra, not those on the API."""
    now = int(time.time())
    own = Resource("api", client.app_id, client.app_id)
    roles = granted_roles(sent.store, person["id"], own)
    claims: dict[str, Any] = {
        "aud": client.app_id,
        "iss": f"{sent.origin}/{sent.pipeline.tenant_id}/v2.0",
        "iat": now,
        "nbf": now,
        "exp": now + LIFETIME_S,
        "auth_time": grant["auth_time"],
        "name": person["displayName"],
        "oid": person["id"],
        "preferred_username": person["userPrincipalName"],
        "sid": grant["sid"],
        "sub": subject,
        "tid": sent.pipeline.tenant_id,
        "uti": uuid4().hex[:22],
        "rh": f"1.{uuid4().hex}.",
        "ver": "2.0",
        **({"nonce": grant["nonce"]} if grant.get("nonce") else {}),
        **({"email": person["mail"]} if person["mail"] and "email" in grant["scope"].split() else {}),
        **({"roles": roles} if roles else {}),
    }
    return sent.pipeline.tokens.sign(claims)


def pairwise(object_id: str, app_id: str) -> str:
    """``sub``: differs from application to application for the same person."""
    digest = hashlib.sha256(f"{object_id}{app_id}".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def _base64(document: Doc) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")
