"""What a grant of a signed-in person is answered with: access, refresh and ID tokens.

Whenever tokens are issued the person is looked at anew, and Conditional Access is evaluated.
"""

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass

from sandbox import conditional_access
from sandbox.conditional_access import Attempt
from sandbox.entra_claims import SignedIn, id_token, person_claims
from sandbox.entra_clients import Client, refuse
from sandbox.entra_consent import Wanted, allowed, refuse_consent, wanted
from sandbox.entra_evaluation import LONG_LIVED, capable, revoked, stamps
from sandbox.entra_resources import OIDC_SCOPES, Resource, is_assigned, scopes_beyond, service_principal
from sandbox.entra_tokens import LONG_LIFETIME_S, lifetime
from sandbox.exchange import Exchange
from sandbox.store import Doc

REFRESH_LIFETIME_S = 90 * 86400
SPA_LIFETIME_S = 86400


@dataclass(frozen=True)
class Asked:
    """What a token request is for: the scopes of this request, those that the sign-in had, and the capability."""

    scope: str
    oidc: frozenset[str]
    able: bool


def asked_for(sent: Exchange, form: Mapping[str, str], grant: Doc) -> Asked:
    """The scopes of this request, else the sign-in's; OpenID's own scopes stay as the sign-in had them."""
    scope = form.get("scope") or ""
    oidc = frozenset({*scope.split(), *grant["scope"].split()}) & OIDC_SCOPES
    return Asked(" ".join(scopes_beyond(scope) or scopes_beyond(grant["scope"])), oidc, capable(sent, form))


def answer(sent: Exchange, client: Client, grant: Doc, asked: Asked) -> Doc:
    """Access token, and as the scopes say refresh and ID token; the person and the policies are looked at anew."""
    who = SignedIn(still_valid(sent, grant), {"amr": ["pwd", "mfa"], **grant})
    target = wanted(sent, asked.scope)
    _check_policies(sent, client, who, target.resource)
    _check_assigned(sent, client, who.person)
    permissions, lacking = allowed(sent, client, who.person["id"], target)
    if lacking:
        refuse_consent(sent, client)
    body = _access(sent, client, who, target, permissions, asked)
    if "offline_access" in asked.oidc:
        body["refresh_token"] = _new_refresh_token(sent, client, who, asked)
    if "openid" in asked.oidc:
        body["id_token"] = id_token(sent, client, who, set(asked.oidc))
    return {**body, "client_info": client_info(who.person["id"], sent.pipeline.tenant_id)}


def _access(sent: Exchange, client: Client, who: SignedIn, target: Wanted, permissions: list[str], asked: Asked) -> Doc:
    resource = target.resource
    long = asked.able and resource.kind in LONG_LIVED
    lives_s = LONG_LIFETIME_S if long else lifetime()
    shown = sorted(asked.oidc - {"offline_access"})
    claims = person_claims(sent, client, resource, who, permissions or shown or ["openid"], asked.able)
    return {
        "token_type": "Bearer",
        "scope": " ".join([*shown, *target.spelled(permissions)]),
        "expires_in": lives_s - 1,
        "ext_expires_in": lives_s - 1,
        **({"refresh_in": lives_s // 2 - 1} if long else {}),
        "access_token": sent.pipeline.tokens.access(resource, sent.origin, claims, lives_s),
    }


def still_valid(sent: Exchange, grant: Doc) -> Doc:
    """The person a grant was made for, if it still holds: there, enabled, neither revoked nor with a new password."""
    person = sent.store.get("users", grant["_user"])
    if person is None:
        text = (
            f"The user account {grant['_user']} does not exist in the {sent.pipeline.tenant_id} directory. To sign "
            "into this application, the account must be added to the directory."
        )
        refuse(sent, 50034, "invalid_grant", text)
    if not person["accountEnabled"]:
        refuse(sent, 50057, "invalid_grant", "The user account is disabled.")
    if revoked(person, grant["issued"]):
        text = (
            "The provided grant has expired due to it being revoked, a fresh auth token is needed. The user might have "
            f"changed or reset their password. The grant was issued on '{_moment(grant['issued'])}' and the "
            "TokensValidFrom date (before which tokens are not valid) for this user is "
            f"'{_moment(max(stamps(person)).isoformat())}'."
        )
        refuse(sent, 50173, "invalid_grant", text, suberror="bad_token")
    return person


def _moment(iso: str) -> str:
    return iso[:19] + ".0000000Z"


def _check_policies(sent: Exchange, client: Client, who: SignedIn, resource: Resource) -> None:
    """Conditional Access is evaluated at every refresh too."""
    native, device = who.grant.get("client_type") in ("public", "device"), who.grant.get("client_type") == "device"
    attempt = Attempt(
        who.person,
        frozenset({resource.app_id, client.app_id}),
        tuple(who.grant["amr"]),
        who.grant["issued"],
        "mobileAppsAndDesktopClients" if native else "browser",
        "deviceCodeFlow" if device else "",
    )
    outcome = conditional_access.evaluate(sent.store, attempt)
    if outcome.verdict == "allow":
        return
    error = "invalid_grant" if outcome.verdict == "block" else "interaction_required"
    suberror = "message_only" if outcome.verdict == "block" else "basic_action"
    text = outcome.text(resource.app_id)
    refuse(sent, outcome.code, error, text, suberror=suberror, claims=outcome.claims)


def _check_assigned(sent: Exchange, client: Client, person: Doc) -> None:
    if not client.principal.get("appRoleAssignmentRequired"):
        return
    if not is_assigned(sent.store, person["id"], client.principal):
        refuse(sent, 50105, "invalid_grant", not_assigned(client.application, person))


def not_assigned(application: Doc, person: Doc) -> str:
    """The words of AADSTS50105."""
    return (
        f"Your administrator has configured the application {application['displayName']} ('{application['appId']}') to "
        f"block users unless they are specifically granted ('assigned') access to the application. The signed in user "
        f"'{person['userPrincipalName']}' is blocked because they are not a direct member of a group with access, nor "
        "had access directly assigned by an administrator. Please contact your administrator to assign access to this "
        "application."
    )


def needs_assignment(sent: Exchange, application: Doc, person: Doc) -> bool:
    """Is the person kept out of an application that only assigned people may use?"""
    principal = service_principal(sent.store, application["appId"])
    return bool(
        principal
        and principal.get("appRoleAssignmentRequired")
        and not is_assigned(sent.store, person["id"], principal)
    )


def _new_refresh_token(sent: Exchange, client: Client, who: SignedIn, asked: Asked) -> str:
    """Ninety days from now; a single-page app's a day from the sign-in."""
    now, grant = sent.store.now().timestamp(), who.grant
    ends = grant.get("ends") or now + (SPA_LIFETIME_S if grant.get("client_type") == "spa" else REFRESH_LIFETIME_S)
    value = sent.store.secret("refresh_token", "1.A" + secrets.token_urlsafe(96))
    kept = {name: grant.get(name) for name in ("sid", "auth_time", "amr", "issued", "client_type")}
    sent.store.put(
        "refresh_tokens",
        {
            **kept,
            "id": value,
            "client_id": client.app_id,
            "client_type": grant.get("client_type", "web"),
            "_user": who.person["id"],
            "scope": " ".join([*sorted(asked.oidc), asked.scope]).strip(),
            "expires": ends,
            "ends": ends if grant.get("client_type") == "spa" else None,
        },
    )
    return value


def client_info(object_id: str, tenant_id: str) -> str:
    """What MSAL makes an account's id of."""
    text = json.dumps({"uid": object_id, "utid": tenant_id})
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
