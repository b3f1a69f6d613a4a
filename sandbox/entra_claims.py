"""What tokens say: v2 claims for our APIs, v1 claims for Microsoft's own.

"ID token claims reference" and "Access token claims reference" of the Microsoft identity platform.
"""

import base64
import hashlib
import time
from dataclasses import dataclass
from typing import Any

from sandbox.entra_clients import Client
from sandbox.entra_resources import Resource, granted_roles, groups_of, roles_of
from sandbox.entra_tokens import ID_LIFETIME_S, unique
from sandbox.exchange import Exchange
from sandbox.store import Doc

MOST_GROUPS = 200
_EVERY_APPLICATION = "0997a1d0-0d1d-4acb-b408-d5ca73121e90"
_EVERY_MEMBER = "b79fbf4d-3ef9-4689-8143-76b194e85509"
_CAPABLE = "cp1"


@dataclass(frozen=True)
class SignedIn:
    """A person who signed in, and how: the grant has ``sid auth_time amr issued nonce``."""

    person: Doc
    grant: Doc


def application_claims(sent: Exchange, client: Client, resource: Resource, capable: bool) -> Doc:
    """Of an application itself: ``roles`` only where they were granted."""
    principal = client.principal["id"]
    roles = granted_roles(sent.store, principal, resource)
    return {
        "oid": principal,
        "sub": principal,
        **_client_claims(client, resource),
        **({} if resource.version == 2 else _microsoft_application(sent, principal, client)),
        **({"idtyp": "app"} if resource.version == 1 or "idtyp" in _optional(sent, resource) else {}),
        **({"roles": roles} if roles else {}),
        **({"xms_cc": [_CAPABLE]} if capable and resource.version == 1 else {}),
    }


def _microsoft_application(sent: Exchange, principal: str, client: Client) -> Doc:
    return {
        "app_displayname": client.name,
        "idp": sent.pipeline.tokens.issuer_v1,
        "tenant_region_scope": "EU",
        "wids": [_EVERY_APPLICATION, *sorted(roles_of(sent.store, principal))],
        "xms_tcdt": 1704704400,
    }


def _client_claims(client: Client, resource: Resource) -> Doc:
    if resource.version == 2:
        return {"azp": client.app_id, "azpacr": client.method}
    return {"appid": client.app_id, "appidacr": client.method}


def person_claims(
    sent: Exchange, client: Client, resource: Resource, who: SignedIn, scopes: list[str], capable: bool
) -> Doc:
    """Of a signed-in person, through an application."""
    person = who.person
    roles = granted_roles(sent.store, person["id"], resource) if resource.ours else []
    return {
        "oid": person["id"],
        "sub": pairwise(person["id"], resource.app_id if resource.version == 2 else client.app_id),
        "scp": " ".join(scopes),
        "name": person["displayName"],
        "sid": who.grant["sid"],
        **_client_claims(client, resource),
        **(_our_person(person) if resource.version == 2 else _microsoft_person(sent, client, who)),
        **groups_claims(sent, resource.app_id, person),
        **({"roles": roles} if roles else {}),
        **({"xms_cc": [_CAPABLE]} if capable and resource.version == 1 else {}),
    }


def _our_person(person: Doc) -> Doc:
    return {"preferred_username": person["userPrincipalName"]}


def _microsoft_person(sent: Exchange, client: Client, who: SignedIn) -> Doc:
    person = who.person
    member = [_EVERY_MEMBER] if person.get("userType") != "Guest" else []
    names = {"given_name": person.get("givenName"), "family_name": person.get("surname")}
    return {
        "acct": 0 if member else 1,
        "acr": "1",
        "amr": who.grant["amr"],
        "app_displayname": client.name,
        **{claim: name for claim, name in names.items() if name},
        "idtyp": "user",
        "ipaddr": "127.0.0.1",
        "puid": "1003" + hashlib.sha256(person["id"].encode()).hexdigest()[:12].upper(),
        "tenant_region_scope": "EU",
        "unique_name": person["userPrincipalName"],
        "upn": person["userPrincipalName"],
        "wids": [*sorted(roles_of(sent.store, person["id"])), *member],
        "xms_tcdt": 1704704400,
    }


def id_token(sent: Exchange, client: Client, who: SignedIn, wanted: set[str]) -> str:
    """A v2 ID token; its ``roles`` are those on the client itself, as in Entra, not those on the API."""
    now, person, grant = int(time.time()), who.person, who.grant
    roles = granted_roles(sent.store, person["id"], Resource("api", client.app_id, client.app_id))
    profile = {"name": person["displayName"], "preferred_username": person["userPrincipalName"]}
    claims: dict[str, Any] = {
        "aud": client.app_id,
        "iss": f"{sent.origin}/{sent.pipeline.tenant_id}/v2.0",
        "iat": now,
        "nbf": now,
        "exp": now + ID_LIFETIME_S,
        "aio": base64.b64encode(hashlib.sha256(unique().encode()).digest()).decode(),
        "oid": person["id"],
        "rh": f"1.{unique()}.",
        "sid": grant["sid"],
        "sub": pairwise(person["id"], client.app_id),
        "tid": sent.pipeline.tenant_id,
        "uti": unique(),
        "ver": "2.0",
        **profile,
        **_optional_of_id(sent, client, who),
        **({"nonce": grant["nonce"]} if grant.get("nonce") else {}),
        **({"email": person["mail"]} if person.get("mail") and "email" in wanted else {}),
        **groups_claims(sent, client.app_id, person),
        **({"roles": roles} if roles else {}),
    }
    return sent.pipeline.tokens.sign(claims)


def _optional_of_id(sent: Exchange, client: Client, who: SignedIn) -> Doc:
    """``auth_time`` and ``login_hint`` as the application's ``optionalClaims`` ask for them; the console needs one."""
    asked = {claim["name"] for claim in (client.application.get("optionalClaims") or {}).get("idToken") or ()}
    found = {"auth_time": who.grant["auth_time"]}
    if "login_hint" in asked:
        found["login_hint"] = base64.urlsafe_b64encode(who.person["userPrincipalName"].encode()).decode()
    return found


def _optional(sent: Exchange, resource: Resource) -> set[str]:
    """The optional claims that an API wants in access tokens."""
    application = next(iter(sent.store.find("applications", "appId", resource.app_id)), None) or {}
    return {claim["name"] for claim in (application.get("optionalClaims") or {}).get("accessToken") or ()}


def groups_claims(sent: Exchange, app_id: str, person: Doc) -> Doc:
    """``groups`` as the application's ``groupMembershipClaims`` asks; above 200, where to read them instead."""
    application = next(iter(sent.store.find("applications", "appId", app_id)), None) or {}
    wanted = {kind.strip() for kind in (application.get("groupMembershipClaims") or "None").split(",")}
    found: Doc = {}
    if wanted & {"DirectoryRole", "All"}:
        found["wids"] = sorted(roles_of(sent.store, person["id"]))
    if not wanted & {"SecurityGroup", "All", "ApplicationGroup"}:
        return found
    groups = [group for group in groups_of(sent.store, person["id"]) if "All" in wanted or group["securityEnabled"]]
    if wanted == {"ApplicationGroup"}:
        groups = [group for group in groups if _assigned(sent, app_id, group)]
    if len(groups) <= MOST_GROUPS:
        return {**found, "groups": sorted(group["id"] for group in groups)} if groups else found
    endpoint = f"{sent.origin}/v1.0/users/{person['id']}/getMemberObjects"
    return {**found, "_claim_names": {"groups": "src1"}, "_claim_sources": {"src1": {"endpoint": endpoint}}}


def _assigned(sent: Exchange, app_id: str, group: Doc) -> bool:
    held = sent.store.find("app_role_assignments", "principalId", group["id"])
    targets = {principal["id"] for principal in sent.store.find("service_principals", "appId", app_id)}
    return any(assignment["resourceId"] in targets for assignment in held)


def pairwise(object_id: str, app_id: str) -> str:
    """``sub``: differs from application to application for the same person."""
    digest = hashlib.sha256(f"{object_id}{app_id}".encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
