"""Users: create, read, change, delete (Microsoft Graph v1.0, resource type user)."""

import re

from starlette.responses import Response

from sandbox.graph import directory
from sandbox.graph.call import Call, Router
from sandbox.graph.directory import DOMAINS, SYNCED, live_user, seen_user, user_reference
from sandbox.graph.errors import bad_request, conflict, forbidden, invalid_value, missing, not_implemented
from sandbox.graph.lazy import Lazy
from sandbox.graph.licences.licences import plans
from sandbox.graph.logs.audit_logs import sign_in_activity
from sandbox.graph.odata import Lead
from sandbox.graph.people.managers import EXPANSIONS
from sandbox.graph.permissions import (
    ENABLE,
    LEAVE_TIME,
    OTHER_MAILS,
    PASSWORDS,
    PHONES,
    SESSIONS_REVOKE,
    USERS_CHANGE,
    USERS_CREATE,
    USERS_DELETE,
    USERS_READ,
    USERS_UPDATE,
)
from sandbox.graph.query import collection, count, entity, search_leads, selected, shape, wanted
from sandbox.graph.roles.privileges import PASSWORD_CALLERS, guard, holds_role, refuse_restricted, restricting_units
from sandbox.graph.schema import PROFILE, USER, check_user, spelled
from sandbox.store import Doc, Store

router = Router()

_REQUIRED = ("accountEnabled", "displayName", "mailNickname", "userPrincipalName", "passwordProfile")
_LOCAL_PART = re.compile(r"^[A-Za-z0-9'._!#^~-]{1,64}$")
_NICKNAME = re.compile(r"^[^@()\\\[\]\";:<>, \x00-\x20\x7f-\uffff]{1,64}$")
_SENSITIVE = frozenset(
    {"accountEnabled", "businessPhones", "mobilePhone", "onPremisesImmutableId", "otherMails", "passwordProfile",
     "userPrincipalName"}
)  # fmt: skip
_CLOUD_OF_SYNCED = PROFILE | {
    "usageLocation", "passwordPolicies", "ageGroup", "consentProvidedForMinor", "otherMails", "preferredDataLocation"
}  # fmt: skip
_NEEDS = {
    "accountEnabled": ENABLE,
    "businessPhones": PHONES,
    "mobilePhone": PHONES,
    "otherMails": OTHER_MAILS,
    "employeeLeaveDateTime": LEAVE_TIME,
}
"""Properties with permissions of their own; a password's are decided apart, all others take ``USERS_CHANGE``."""
_BIND = {"manager@odata.bind": str}
_EXTENSIONS = {f"extensionattribute{n}": f"extensionAttribute{n}" for n in range(1, 16)}


# -- reading -----------------------------------------------------------------------------------------------------------


@router.add("GET", "users", USERS_READ)
def users(call: Call) -> Response:
    """``GET /users``."""
    clause = wanted(call, USER)
    if PROFILE & set(selected(call, USER)):
        raise not_implemented()
    found = _narrowed(call.store, clause.leads if clause else search_leads(call.query.get("search", "")))
    shown = Lazy(found, lambda user: view(call, user))
    return collection(call, shown, USER, "users", clause=clause, expansions=EXPANSIONS)


def _narrowed(store: Store, leads: list[Lead]) -> list[Doc]:
    """The users that indexes leave to look at."""
    narrowed = store.narrowed("users", leads)
    return store.seen_all("users") if narrowed is None else narrowed


@router.add("GET", "users/$count", USERS_READ)
def users_count(call: Call) -> Response:
    """``GET /users/$count``."""
    return count(call, call.store.seen_all("users"), wanted(call, USER))


@router.add("GET", "users/{user}", USERS_READ)
def user(call: Call) -> Response:
    """``GET /users/{id | userPrincipalName}``."""
    found = view(call, seen_user(call.store, call.params["user"]))
    return entity(call, found, USER, "users", expansions=EXPANSIONS)


def view(call: Call, user: Doc) -> Doc:
    """A user with the properties that are worked out when asked for."""
    asked = call.query.get("select", "").lower()
    if "plans" in asked:
        on = plans(call.store, user.get("assignedLicenses") or ())
        assigned = [
            {
                "assignedDateTime": user["createdDateTime"],
                "capabilityStatus": "Enabled",
                "service": plan["servicePlanName"],
                "servicePlanId": plan["servicePlanId"],
            }
            for plan in on
        ]
        user = {**user, "assignedPlans": assigned}
    if "onpremisesextensionattributes" in asked:
        held = user.get("onPremisesExtensionAttributes") or {}
        user = {**user, "onPremisesExtensionAttributes": {name: held.get(name) for name in _EXTENSIONS.values()}}
    if "signinactivity" in asked:
        user = {
            **user,
            "signInActivity": sign_in_activity(call, user["id"], str(call.params.get("user") or user["id"])),
        }
    if "ismanagementrestricted" in asked:
        user = {**user, "isManagementRestricted": any(restricting_units(call.store, user["id"]))}
    return user


# -- create ------------------------------------------------------------------------------------------------------------


@router.add("POST", "users", USERS_CREATE)
def create(call: Call) -> Response:
    """``POST /users``: 201 with the default properties, ``id`` first."""
    values = spelled(call.body(), USER, _BIND)
    manager = values.pop("manager@odata.bind", None)
    for name in _REQUIRED:
        if values.get(name) is None:
            raise missing(name, "User")
    if not values["passwordProfile"].get("password"):
        raise bad_request("A password must be specified to create a new user.")
    _check(call, values)
    if manager is not None:
        values["_manager"] = user_reference(call.store, manager)["id"]
    made = directory.new_user(call.store, _stored(call, values, {}))
    names = ("id", *(name for name in selected(call, USER) if name != "id"))
    headers = call.location(USER.odata, made["id"])
    return call.answer(shape(made, names), "users/$entity", 201, headers)


def _check(call: Call, values: Doc, but: str | None = None) -> None:
    """All that Graph refuses about a user's values, and names that others have."""
    check_user(values)
    if PROFILE & values.keys() and values.keys() - PROFILE:
        raise bad_request(
            f"The properties {', '.join(sorted(PROFILE & values.keys()))} cannot be written together with others."
        )
    if "userPrincipalName" in values:
        check_upn(values["userPrincipalName"])
    if "mailNickname" in values and not _NICKNAME.match(values["mailNickname"]):
        raise invalid_value("mailNickname", "User")
    if values.get("passwordProfile") is not None:
        _check_password(
            values["passwordProfile"], weak="DisableStrongPassword" in (values.get("passwordPolicies") or "")
        )
    if values.get("employeeLeaveDateTime") is not None:
        call.require(LEAVE_TIME)
        call.require(USERS_READ)
    _check_taken(call.store, values, but)


def _check_taken(store: Store, values: Doc, but: str | None) -> None:
    """Refuse sign-in names, addresses and anchors that another object of whatever kind has."""
    for name in ("userPrincipalName", "mail"):
        if values.get(name) and (found := directory.holder(store, values[name], but)):
            shown, other, kind = found
            raise conflict(shown, f"{kind.title}_{other['id']}")
    anchor = values.get("onPremisesImmutableId")
    for other in store.find("users", "onPremisesImmutableId", anchor) if anchor else ():
        if other["id"] != but:
            raise conflict("onPremisesImmutableId", f"User_{other['id']}")


def check_upn(upn: str) -> None:
    """Characters, lengths and the domain of a sign-in name."""
    local, at, domain = upn.rpartition("@")
    if not at or not _LOCAL_PART.match(local) or local[0] == "." or local[-1] == "." or len(upn) > 113:
        raise invalid_value("userPrincipalName", "User")
    if domain.lower() not in DOMAINS:
        text = (
            "The domain portion of the userPrincipalName property is invalid. You must use one of the verified domain "
            "names in your organization."
        )
        raise bad_request(text, {"code": "InvalidValue", "message": text, "target": "userPrincipalName"})


_PROFILE = {"password": str, "forceChangePasswordNextSignIn": bool, "forceChangePasswordNextSignInWithMfa": bool}


def _check_password(profile: Doc, weak: bool) -> None:
    """Eight to 256 characters of three kinds out of four, unless the user's policy allows weak ones."""
    for name, value in profile.items():
        kind = next((k for known, k in _PROFILE.items() if known.lower() == name.lower()), None)
        if kind is None and not name.startswith("@odata."):
            raise bad_request(f"Invalid property '{name}'.")
        if kind is not None and value is not None and not isinstance(value, kind):
            raise invalid_value("passwordProfile", "User")
    password = profile.get("password")
    if password is None:
        return
    classes = (r"[a-z]", r"[A-Z]", r"\d", r"[^A-Za-z0-9]")
    if not 8 <= len(password) <= 256 or (not weak and sum(bool(re.search(c, password)) for c in classes) < 3):
        text = "The specified password does not comply with password complexity requirements."
        raise bad_request(text, {"code": "PasswordComplexity", "message": text, "target": "passwordProfile"})


def _stored(call: Call, values: Doc, before: Doc) -> Doc:
    """Values as they are kept: the password apart, with the stamps that it moves; extension attributes merged."""
    stored = {name: value for name, value in values.items() if name != "passwordProfile"}
    profile = values.get("passwordProfile") or {}
    if profile.get("password"):
        stored["_password"] = call.store.secret("password", profile["password"])
        for name in ("lastPasswordChangeDateTime", "signInSessionsValidFromDateTime", "refreshTokensValidFromDateTime"):
            stored[name] = directory.stamp(call.store.now(), before.get(name))
    if "onPremisesExtensionAttributes" in stored:
        held = before.get("onPremisesExtensionAttributes") or {}
        stored["onPremisesExtensionAttributes"] = {**held, **_extensions(stored["onPremisesExtensionAttributes"])}
    if stored.get("mail"):
        stored["proxyAddresses"] = _with_primary(before.get("proxyAddresses") or [], stored["mail"])
    return stored


def _with_primary(addresses: list[str], mail: str) -> list[str]:
    """The addresses with another primary one; the former stays as an alias."""
    others = [f"smtp:{a[5:]}" if a.startswith("SMTP:") else a for a in addresses]
    return [f"SMTP:{mail}", *(a for a in others if a.lower() != f"smtp:{mail}".lower())]


def _extensions(values: Doc | None) -> Doc:
    found = {}
    for name, value in (values or {}).items():
        if name.startswith("@odata."):
            continue
        if name.lower() not in _EXTENSIONS:
            raise bad_request(f"Invalid property '{name}'.")
        found[_EXTENSIONS[name.lower()]] = value
    return found


# -- change ------------------------------------------------------------------------------------------------------------


@router.add("PATCH", "users/{user}", USERS_UPDATE)
def update(call: Call) -> Response:
    """``PATCH /users/{u}``: 204; what is left out stays, null clears."""
    values = spelled(call.body(), USER, _BIND)
    target = live_user(call.store, call.params["user"])
    manager = values.pop("manager@odata.bind", None)
    _may_change(call, target, values)
    _check(call, values, but=target["id"])
    stored = _stored(call, values, target)
    if manager is not None:
        stored["_manager"] = user_reference(call.store, manager)["id"]
    directory.save_user(call.store, {**target, **stored})
    return Response(status_code=204)


def _may_change(call: Call, target: Doc, values: Doc) -> None:
    """Permissions by property, protected targets, and properties whose master is on premises."""
    names = set(values)
    for name in names - {"passwordProfile"}:
        call.require(_NEEDS.get(name, USERS_CHANGE))
    if "accountEnabled" in names:
        call.require(USERS_READ)
    if "passwordProfile" in names and not call.caller.roles & PASSWORDS and not _may_reset(call):
        raise forbidden()
    if names & _SENSITIVE:
        guard(call, target)
    refuse_restricted(call, target["id"])
    if target.get("onPremisesSyncEnabled") and names - _CLOUD_OF_SYNCED:
        raise bad_request(SYNCED)


def _may_reset(call: Call) -> bool:
    return holds_role(call.store, call.caller.object_id, PASSWORD_CALLERS)


@router.add("DELETE", "users/{user}", USERS_DELETE)
def delete(call: Call) -> Response:
    """``DELETE /users/{u}``: 204, into the recycle bin for 30 days."""
    target = live_user(call.store, call.params["user"])
    remove_user(call, target)
    return Response(status_code=204)


def remove_user(call: Call, target: Doc) -> None:
    """Move a user into the recycle bin, if the caller may do that to them."""
    guard(call, target)
    directory.delete_user(call.store, target)


@router.add("POST", "users/{user}/revokeSignInSessions", SESSIONS_REVOKE)
def revoke_sessions(call: Call) -> Response:
    """``POST /users/{u}/revokeSignInSessions``: refresh tokens issued before now are worth nothing."""
    target = live_user(call.store, call.params["user"])
    refuse_restricted(call, target["id"])
    moved = {
        name: directory.stamp(call.store.now(), target.get(name))
        for name in ("signInSessionsValidFromDateTime", "refreshTokensValidFromDateTime")
    }
    call.store.put("users", {**target, **moved})
    return call.answer({"value": True}, "Edm.Boolean")
