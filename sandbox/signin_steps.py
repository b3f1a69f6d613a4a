"""The way of a sign-in, page by page: password, Conditional Access, second factor, consent, confirmation, arrival.

A sign-in on its way is a document of kind ``flows``: ``{id, _user, amr, auth_time, issued, sid, step, began, …}``.
"""

import json
import re
import secrets
import time
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from starlette.responses import Response

from sandbox import conditional_access
from sandbox import signin_pages as pages
from sandbox.conditional_access import Attempt, Outcome
from sandbox.entra_answers import needs_assignment, not_assigned
from sandbox.entra_consent import allowed, check_exist, consent, may_consent, wanted
from sandbox.entra_evaluation import first_moment, revoked
from sandbox.entra_resources import OIDC_SCOPES, named, scopes_beyond, split_scope
from sandbox.exchange import Exchange, Refused
from sandbox.signin_ask import Ask
from sandbox.signin_factors import first_factor, is_code, new_secret
from sandbox.signin_log import WRONG_PASSWORD, note
from sandbox.store import Doc

FLOW_LIFETIME_S = 600
COOKIE = "ESTSAUTH"

_WRONG = "Your account or password is incorrect."
_DISABLED = "Your account has been disabled. Ask an administrator if you think that this is a mistake."
_BLOCKED = (
    "Your sign-in was successful, but you cannot access this right now: an administrator has blocked your sign-in."
)
_NAME = re.compile(r"[^\s@]+@[^\s@]+")


def begin(ask: Ask, session: Doc | None, prompt: str) -> Response:
    """The first page, or straight on for somebody who is signed in already; ``prompt=none`` shows no page."""
    if session is not None and prompt not in ("login", "select_account"):
        return _next(ask, {**session, "id": _flow_id(ask.sent), "confirmed": prompt != "consent"}, prompt)
    if prompt == "none":
        text = "AADSTS50058: A silent sign-in request was sent but no user is signed in."
        return ask.error("login_required", text)
    return pages.credentials(ask.action, ask.client.name, ask.query.get("login_hint", ""))


def submit(ask: Ask, form: Mapping[str, str]) -> Response:
    """A form of one of the pages."""
    if "flow" not in form:
        return _with_password(ask, form)
    flow = ask.sent.store.get("flows", form["flow"])
    if flow is None or flow["began"] + FLOW_LIFETIME_S < time.time():
        return pages.credentials(ask.action, ask.client.name, "", "Your sign-in timed out. Start again.")
    if "cancel" in form:
        ask.sent.store.remove("flows", flow["id"])
        text = "AADSTS65004: User declined to consent to access the app."
        return ask.error("access_denied", text, error_subcode="cancel")
    return _STEPS[flow["step"]](ask, flow, form)


# -- steps -------------------------------------------------------------------------------------------------------------


def _with_password(ask: Ask, form: Mapping[str, str]) -> Response:
    store = ask.sent.store
    username, password = form.get("username", "").strip(), form.get("password", "")
    store.secret("password", password)
    person = next(iter(store.find("users", "userPrincipalName", username)), None) if _NAME.fullmatch(username) else None
    amr = first_factor(ask.sent, person, password) if person else None
    if person is not None and amr is None:
        note(ask.sent, ask.client, person, WRONG_PASSWORD, "Error validating credentials.")
    if person is None or amr is None:
        return pages.credentials(ask.action, ask.client.name, username, _WRONG)
    return _next(ask, _flow(ask, person, amr), "")


def _flow(ask: Ask, person: Doc, amr: list[str]) -> Doc:
    return {
        "id": _flow_id(ask.sent),
        "_user": person["id"],
        "sid": str(uuid4()),
        "amr": amr,
        "auth_time": int(time.time()),
        "issued": first_moment(ask.sent.store.now(), person),
        "confirmed": ask.query.get("prompt") != "consent",
    }


def _flow_id(sent: Exchange) -> str:
    return sent.store.secret("flow", secrets.token_urlsafe(32))


def _with_code(ask: Ask, flow: Doc, form: Mapping[str, str]) -> Response:
    person = ask.sent.store.get("users", flow["_user"])
    if person is None:
        return pages.credentials(ask.action, ask.client.name, "", _WRONG)
    if not is_code(person["_totp_secret"], form.get("code", "").replace(" ", ""), time.time()):
        text = "You didn't enter the expected verification code. Please try again."
        return pages.one_time_code(ask.action, flow["id"], person["userPrincipalName"], text)
    return _next(ask, {**flow, "amr": [*flow["amr"], "mfa"]}, "")


def _with_new_method(ask: Ask, flow: Doc, form: Mapping[str, str]) -> Response:
    """A first authenticator app is registered while signing in, where a policy needs one."""
    secret = flow["secret"]
    if not is_code(secret, form.get("code", "").replace(" ", ""), time.time()):
        text = "You didn't enter the expected verification code. Please try again."
        return pages.registration(ask.action, flow["id"], secret, text)
    ask.sent.store.change("users", flow["_user"], _totp_secret=secret)
    return _next(ask, {**flow, "amr": [*flow["amr"], "mfa"]}, "")


def _with_consent(ask: Ask, flow: Doc, form: Mapping[str, str]) -> Response:
    person = ask.sent.store.get("users", flow["_user"]) or {}
    for resource, _, names in _lacking(ask, person, everything=not flow["confirmed"]):
        consent(ask.sent.store, ask.client, resource, names, flow["_user"])
    return _next(ask, {**flow, "confirmed": True}, "")


def _with_answer(ask: Ask, flow: Doc, form: Mapping[str, str]) -> Response:
    return _next(ask, {**flow, "answered": True}, "")


_STEPS = {"code": _with_code, "register": _with_new_method, "consent": _with_consent, "confirm": _with_answer}


# -- the way on --------------------------------------------------------------------------------------------------------


def _next(ask: Ask, flow: Doc, prompt: str) -> Response:
    """The next page that is needed, or the arrival; with ``prompt=none`` an error instead of any page."""
    person = ask.sent.store.get("users", flow["_user"])
    if person is None:
        return pages.credentials(ask.action, ask.client.name, "", _WRONG)
    silent = prompt == "none"
    if not person["accountEnabled"]:
        return _stop(ask, person, silent, "Your account is disabled", _DISABLED, 50057)
    if needs_assignment(ask.sent, ask.client.application, person):
        text = not_assigned(ask.client.application, person)
        return _stop(ask, person, silent, "Sorry, but we're having trouble signing you in", text, 50105)
    outcome = policies(ask, person, flow)
    if outcome.verdict != "allow":
        return _not_yet(ask, flow, person, outcome, silent)
    lacking = _lacking(ask, person, everything=not flow["confirmed"])
    if lacking:
        return _ask_consent(ask, flow, person, lacking, silent)
    if ask.question and not flow.get("answered"):
        return pages.confirmation(ask.action, _keep(ask, flow, "confirm"), ask.question)
    note(ask.sent, ask.client, person, 0, outcome=outcome)
    return _arrive(ask, flow)


def _keep(ask: Ask, flow: Doc, step: str, **more: object) -> str:
    """Remember where a sign-in stands; its id."""
    kept: dict[str, Any] = {**flow, "began": time.time(), "step": step, **more}
    ask.sent.store.put("flows", kept)
    return str(kept["id"])


def _stop(ask: Ask, person: Doc, silent: bool, title: str, text: str, code: int) -> Response:
    note(ask.sent, ask.client, person, code, text)
    if silent:
        return ask.error("interaction_required", f"AADSTS{code}: {text}")
    return pages.stopped(title, text, code)


def policies(ask: Ask, person: Doc, flow: Doc) -> Outcome:
    """What Conditional Access says about this sign-in to the application and all resources it names."""
    store = ask.sent.store
    names = {split_scope(scope)[0] for scope in scopes_beyond(ask.scope)} or {"https://graph.microsoft.com"}
    resources = [named(name, ask.sent.origin, store) for name in names]
    apps = frozenset({ask.client.app_id, *(resource.app_id for resource in resources if resource)})
    device = ask.client_type == "device"
    kind = "mobileAppsAndDesktopClients" if device or ask.client_type == "public" else "browser"
    transfer = "deviceCodeFlow" if device else ""
    attempt = Attempt(person, apps, tuple(flow["amr"]), flow["issued"], kind, transfer)
    return conditional_access.evaluate(store, attempt)


def _not_yet(ask: Ask, flow: Doc, person: Doc, outcome: Outcome, silent: bool) -> Response:
    """Blocked, or a second factor is wanted: of the authenticator app, which is registered first if there is none."""
    note(ask.sent, ask.client, person, outcome.code, outcome.text(ask.client.app_id), outcome=outcome)
    if silent:
        text = f"AADSTS{outcome.code}: {outcome.text(ask.client.app_id)}"
        return ask.error("interaction_required", text, claims=outcome.claims)
    if outcome.code == 70044:
        return pages.credentials(ask.action, ask.client.name, person["userPrincipalName"])
    if outcome.verdict == "block":
        text = _BLOCKED if outcome.code == 53003 else outcome.text(ask.client.app_id)
        return pages.stopped("You cannot access this right now", text, outcome.code)
    if person.get("_totp_secret"):
        return pages.one_time_code(ask.action, _keep(ask, flow, "code"), person["userPrincipalName"])
    secret = ask.sent.store.secret("totp_secret", new_secret())
    return pages.registration(ask.action, _keep(ask, flow, "register", secret=secret), secret)


def _lacking(ask: Ask, person: Doc, everything: bool) -> list[tuple[Any, str, list[str]]]:
    """Resources with the permissions that the person has not agreed to; all that were asked for if ``everything``."""
    found = []
    prefixes = dict.fromkeys(split_scope(scope)[0] for scope in scopes_beyond(ask.scope))
    for prefix in prefixes:
        scopes = " ".join(scope for scope in scopes_beyond(ask.scope) if split_scope(scope)[0] == prefix)
        target = wanted(ask.sent, scopes)
        held, lacking = allowed(ask.sent, ask.client, person["id"], target)
        names = [*held, *lacking] if everything else lacking
        names = [name for name in names if name != ".default"] or (
            _registered(ask, target.resource.app_id) if names else []
        )
        if names:
            found.append((target.resource, prefix, names))
    return found


def _registered(ask: Ask, app_id: str) -> list[str]:
    """What ``.default`` stands for: the permissions in the application's own registration, else signing in alone."""
    values = {}
    for principal in ask.sent.store.find("service_principals", "appId", app_id):
        values = {scope["id"]: scope["value"] for scope in principal.get("oauth2PermissionScopes") or ()}
    listed = ask.client.application.get("requiredResourceAccess") or ()
    ids = [access["id"] for entry in listed if entry["resourceAppId"] == app_id for access in entry["resourceAccess"]]
    return [values[key] for key in ids if key in values] or ["User.Read"]


def _ask_consent(ask: Ask, flow: Doc, person: Doc, lacking: list[tuple[Any, str, list[str]]], silent: bool) -> Response:
    names = [name for _, _, some in lacking for name in some]
    if silent:
        text = (
            f"AADSTS65001: The user or administrator has not consented to use the application with ID "
            f"'{ask.client.app_id}' named '{ask.client.name}'. Send an interactive authorization request for this user "
            "and resource."
        )
        return ask.error("interaction_required", text)
    if not all(may_consent(ask.sent.store, person, resource, some) for resource, _, some in lacking):
        text = (
            f"{ask.client.name} needs permission to access resources in your organization that only an admin "
            "can grant. "
            "Please ask an admin to grant permission to this app before you can use it."
        )
        return pages.stopped("Need admin approval", text, 90094)
    oidc = [scope for scope in ask.scope.split() if scope in OIDC_SCOPES]
    return pages.consent(ask.action, _keep(ask, flow, "consent"), ask.client.name, [*names, *oidc])


def _arrive(ask: Ask, flow: Doc) -> Response:
    """Begin or go on with a session in the browser, and hand over what was asked for."""
    store = ask.sent.store
    store.remove("flows", flow["id"])
    kept = {name: flow[name] for name in ("_user", "sid", "amr", "auth_time", "issued")}
    store.put("grants", {"id": flow["sid"], **kept})
    session = {**kept, "id": store.secret("session", secrets.token_urlsafe(32))}
    store.put("sessions", session)
    response = ask.arrive(session)
    response.set_cookie(COOKIE, session["id"], path="/", secure=True, httponly=True, samesite="lax")
    return response


def session_of(sent: Exchange, key: str, ask: Ask) -> Doc | None:
    """The browser's session, if the person may still sign in with it and is the one that is asked for."""
    session = sent.store.get("sessions", key)
    person = sent.store.get("users", session["_user"]) if session else None
    if session is None or person is None or not person["accountEnabled"] or revoked(person, session["issued"]):
        return None
    hint = ask.query.get("login_hint", "").casefold()
    if hint and hint not in (person["userPrincipalName"].casefold(), person["id"]):
        return None
    age = ask.query.get("max_age", "")
    if age.isdecimal() and session["auth_time"] + int(age) < time.time():
        return None
    return session


def checked(ask: Ask) -> None:
    """Tell the application of scopes whose resource is not in the tenant, or that a resource does not have."""
    for prefix in dict.fromkeys(split_scope(scope)[0] for scope in scopes_beyond(ask.scope)):
        scopes = " ".join(scope for scope in scopes_beyond(ask.scope) if split_scope(scope)[0] == prefix)
        try:
            check_exist(ask.sent, ask.client, wanted(ask.sent, scopes))
        except Refused as refused:
            told = json.loads(bytes(refused.response.body))
            raise Refused(ask.error(told["error"], told["error_description"].partition(" Trace ID:")[0])) from refused
