"""Users: create, read, change, delete (Microsoft Graph v1.0, resource type user)."""

import re
from typing import Any

from starlette.responses import Response

from sandbox.graph import directory
from sandbox.graph.call import Call, Router
from sandbox.graph.directory import DOMAINS, SYNCED, live_user, privileged, reference, seen_user
from sandbox.graph.errors import bad_request, conflict, forbidden, invalid_value, missing
from sandbox.graph.licences import plans
from sandbox.graph.managers import EXPANSIONS
from sandbox.graph.permissions import (
    ENABLE,
    LEAVE_TIME,
    PASSWORDS,
    SESSIONS_REVOKE,
    USERS_CREATE,
    USERS_DELETE,
    USERS_READ,
    USERS_UPDATE,
    USERS_WRITE,
)
from sandbox.graph.query import collection, count, entity, selected, shape, wanted
from sandbox.graph.schema import USER, check_user, spelled
from sandbox.store import Doc, Store

router = Router()

_REQUIRED = ("accountEnabled", "displayName", "mailNickname", "userPrincipalName", "passwordProfile")
_LOCAL_PART = re.compile(r"^[A-Za-z0-9'._!#^~-]{1,64}$")
_NICKNAME = re.compile(r"^[^@()\\\[\]\";:<>, \x00-\x20\x7f-\uffff]{1,64}$")
_SENSITIVE = frozenset(
    {"accountEnabled", "businessPhones", "mobilePhone", "onPremisesImmutableId", "otherMails", "passwordProfile",
     "userPrincipalName"}
)  # fmt: skip
_CLOUD_OF_SYNCED = frozenset({"usageLocation", "passwordPolicies", "ageGroup", "consentProvidedForMinor"})
_BIND = {"manager@odata.bind": str}
_EXTENSIONS = {f"extensionattribute{n}": f"extensionAttribute{n}" for n in range(1, 16)}


# -- reading -----------------------------------------------------------------------------------------------------------


@router.add("GET", "users", USERS_READ)
def users(call: Call) -> Response:
    """``GET /users``."""
    clause = wanted(call, USER)
    found = _narrowed(call.store, clause.equals) if clause else call.store.seen_all("users")
    return collection(call, (view(call, user) for user in found), USER, "users", clause=clause, expansions=EXPANSIONS)


def _narrowed(store: Store, equals: dict[str, Any]) -> list[Doc]:
    """The users an indexed equality leaves to look at."""
    for name in ("userPrincipalName", "employeeId", "mail"):
        if isinstance(value := equals.get(name), str):
            return store.find_seen("users", name, value)
    if isinstance(key := equals.get("id"), str):
        found = store.seen("users", key)
        return [] if found is None else [found]
    return store.seen_all("users")


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
    _check(call, values)
    if manager is not None:
        values["_manager"] = seen_user(call.store, reference(manager))["id"]
    made = directory.new_user(call.store, _stored(call, values, {}))
    names = ("id", *(name for name in selected(call, USER) if name != "id"))
    headers = call.location(USER.odata, made["id"])
    return call.answer(shape(made, names), "users/$entity", 201, headers)


def _check(call: Call, values: Doc, but: str | None = None) -> None:
    """All that Graph refuses about a user's values, and names that others have."""
    check_user(values)
    if "userPrincipalName" in values:
        check_upn(values["userPrincipalName"])
    if "mailNickname" in values and not _NICKNAME.match(values["mailNickname"]):
        raise invalid_value("mailNickname", "User")
    if values.get("passwordProfile") is not None:
        _check_password(values["passwordProfile"])
    if values.get("employeeLeaveDateTime") is not None:
        call.require(LEAVE_TIME)
    for name, shown in (("userPrincipalName", "userPrincipalName"), ("mail", "proxyAddresses")):
        if values.get(name) and (other := directory.name_holder(call.store, values[name], but)):
            raise conflict(shown, f"User_{other['id']}")


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


def _check_password(profile: Doc) -> None:
    password = profile.get("password")
    if password is None:
        return
    classes = (r"[a-z]", r"[A-Z]", r"\d", r"[^A-Za-z0-9]")
    if (
        not isinstance(password, str)
        or not 8 <= len(password) <= 256
        or sum(bool(re.search(c, password)) for c in classes) < 3
    ):
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
        stored["proxyAddresses"] = [f"SMTP:{stored['mail']}"]
    return stored


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
        stored["_manager"] = seen_user(call.store, reference(manager))["id"]
    directory.save_user(call.store, {**target, **stored})
    return Response(status_code=204)


def _may_change(call: Call, target: Doc, values: Doc) -> None:
    """Permissions by property, protected targets, and properties whose master is on premises."""
    names = set(values)
    if "accountEnabled" in names:
        call.require(ENABLE)
    if "passwordProfile" in names and not call.caller.roles & PASSWORDS and not _may_reset(call):
        raise forbidden()
    if names - {"accountEnabled", "passwordProfile", "employeeLeaveDateTime"}:
        call.require(USERS_WRITE | {"User.ReadUpdate.All"})
    if names & _SENSITIVE:
        guard(call, target)
    if target.get("onPremisesSyncEnabled") and names - _CLOUD_OF_SYNCED:
        raise bad_request(SYNCED)


def _may_reset(call: Call) -> bool:
    return directory.holds_role(call.store, call.caller.object_id, directory.PASSWORD_CALLERS)


def guard(call: Call, target: Doc) -> None:
    """403 for a sensitive change of somebody with a directory role, unless the caller's own role is high enough."""
    if privileged(call.store, target["id"]) and not directory.holds_role(
        call.store, call.caller.object_id, directory.PRIVILEGED_CALLERS
    ):
        raise forbidden()


@router.add("DELETE", "users/{user}", USERS_DELETE)
def delete(call: Call) -> Response:
    """``DELETE /users/{u}``: 204, into the recycle bin for 30 days."""
    target = live_user(call.store, call.params["user"])
    guard(call, target)
    if target.get("onPremisesSyncEnabled"):
        raise bad_request(SYNCED)
    directory.delete_user(call.store, target)
    return Response(status_code=204)


@router.add("POST", "users/{user}/revokeSignInSessions", SESSIONS_REVOKE)
def revoke_sessions(call: Call) -> Response:
    """``POST /users/{u}/revokeSignInSessions``: refresh tokens issued before now are worth nothing."""
    target = live_user(call.store, call.params["user"])
    moved = {
        name: directory.stamp(call.store.now(), target.get(name))
        for name in ("signInSessionsValidFromDateTime", "refreshTokensValidFromDateTime")
    }
    call.store.put("users", {**target, **moved})
    return call.answer({"value": True}, "Edm.Boolean")
