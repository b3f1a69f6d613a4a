"""Temporary access passes: a code that signs somebody in without any other method, for a while.

Kind ``temporary_access_passes``: ``{id, _user, temporaryAccessPass, startDateTime, lifetimeInMinutes, isUsableOnce,
createdDateTime, _used}``; the value is answered once, when it is made.

Source: Graph, resource type temporaryAccessPassAuthenticationMethod.
"""

import secrets
import string
import uuid
from datetime import timedelta

from starlette.responses import Response

from sandbox import moments
from sandbox.graph.call import Call, Router
from sandbox.graph.directory import seen_user, writable_user
from sandbox.graph.errors import method_absent, method_refused
from sandbox.graph.people.method_policy import pass_policy
from sandbox.graph.permissions import METHODS_READ, METHODS_WRITE
from sandbox.store import Doc, Store

router = Router()

_PATH = "users/{user}/authentication/temporaryAccessPassMethods"
_WRITERS = METHODS_WRITE | {"UserAuthMethod-TAP.ReadWrite.All"}
_READERS = METHODS_READ | _WRITERS | {"UserAuthMethod-TAP.Read.All"}
_LETTERS = string.ascii_letters.replace("l", "").replace("I", "").replace("O", "") + "23456789" + "!@#$%^&*+"


def usability(store: Store, one: Doc) -> tuple[bool, str]:
    """``isUsable`` and ``methodUsabilityReason`` of a pass at the tenant's time."""
    starts, now = moments.read(one["startDateTime"]), store.now()
    if starts + timedelta(minutes=one["lifetimeInMinutes"]) <= now:
        return False, "Expired"
    if one["isUsableOnce"] and one["_used"]:
        return False, "OneTimeUsed"
    policy = pass_policy(store)
    if policy["state"] != "enabled" or (policy["isUsableOnce"] and not one["isUsableOnce"]):
        return False, "DisabledByPolicy"
    if starts > now:
        return False, "NotYetValid"
    return True, "EnabledByPolicy"


def _shown(store: Store, one: Doc, value: str | None = None) -> Doc:
    usable, reason = usability(store, one)
    return {
        "id": one["id"],
        "temporaryAccessPass": value,
        "createdDateTime": one["createdDateTime"],
        "startDateTime": one["startDateTime"],
        "lifetimeInMinutes": one["lifetimeInMinutes"],
        "isUsableOnce": one["isUsableOnce"],
        "isUsable": usable,
        "methodUsabilityReason": reason,
    }


def _held(call: Call) -> list[Doc]:
    user = seen_user(call.store, call.params["user"])
    return call.store.find_seen("temporary_access_passes", "_user", user["id"])


def typed_passes(call: Call) -> list[Doc]:
    """The user's passes among all their methods."""
    kind = {"@odata.type": "#microsoft.graph.temporaryAccessPassAuthenticationMethod"}
    return [{**kind, **_shown(call.store, one)} for one in _held(call)]


def _context(call: Call, suffix: str = "") -> str:
    return f"users('{call.params['user']}')/authentication/temporaryAccessPassMethods{suffix}"


@router.add("GET", _PATH, _READERS)
def passes(call: Call) -> Response:
    """``GET …/temporaryAccessPassMethods``: none or one, never with its value."""
    return call.answer({"value": [_shown(call.store, one) for one in _held(call)]}, _context(call))


@router.add("GET", _PATH + "/{method}", _READERS)
def one_pass(call: Call) -> Response:
    """``GET …/temporaryAccessPassMethods/{id}``."""
    return call.answer(_shown(call.store, _one(call)), _context(call, "/$entity"))


def _one(call: Call) -> Doc:
    found = next((one for one in _held(call) if one["id"] == call.params["method"].lower()), None)
    if found is None:
        raise method_absent()
    return found


@router.add("DELETE", _PATH + "/{method}", _WRITERS)
def delete_pass(call: Call) -> Response:
    """``DELETE …/temporaryAccessPassMethods/{id}``: 204."""
    writable_user(call)
    call.store.remove("temporary_access_passes", _one(call)["id"])
    return Response(status_code=204)


@router.add("POST", _PATH, _WRITERS)
def create_pass(call: Call) -> Response:
    """``POST …/temporaryAccessPassMethods``: 201 with the value, this once; an earlier pass is gone then."""
    user, policy, body = writable_user(call), pass_policy(call.store), call.body()
    if policy["state"] != "enabled":
        raise method_refused("Temporary Access Pass is not enabled by the authentication methods policy for this user.")
    value = call.store.secret("temporary_access_pass", _value(policy["defaultLength"]))
    made = {
        "id": str(uuid.uuid4()),
        "_user": user["id"],
        "temporaryAccessPass": value,
        "createdDateTime": moments.ticks(call.store.now()),
        "_used": False,
        **_limits(call, body, policy),
    }
    for before in call.store.find("temporary_access_passes", "_user", user["id"]):
        call.store.remove("temporary_access_passes", before["id"])
    call.store.put("temporary_access_passes", made)
    return call.answer(_shown(call.store, made, value), _context(call, "/$entity"), 201)


def _value(length: int) -> str:
    return "".join(secrets.choice(_LETTERS) for _ in range(length))


def _limits(call: Call, body: Doc, policy: Doc) -> Doc:
    """Start, lifetime and number of uses, within what the policy allows."""
    lifetime = body.get("lifetimeInMinutes")
    lifetime = policy["defaultLifetimeInMinutes"] if lifetime is None else lifetime
    low, high = policy["minimumLifetimeInMinutes"], policy["maximumLifetimeInMinutes"]
    if not isinstance(lifetime, int) or isinstance(lifetime, bool) or not low <= lifetime <= high:
        raise method_refused(f"Invalid LifetimeInMinutes specified. The valid range between {low} and {high}.")
    once = body.get("isUsableOnce")
    once = policy["isUsableOnce"] if once is None else bool(once)
    if policy["isUsableOnce"] and not once:
        raise method_refused("A multi-use Temporary Access Pass is not allowed by the authentication methods policy.")
    return {"startDateTime": _start(call, body), "lifetimeInMinutes": lifetime, "isUsableOnce": once}


def _start(call: Call, body: Doc) -> str:
    text, now = body.get("startDateTime"), call.store.now()
    if text is None:
        return call.moment()
    try:
        starts = moments.read(str(text))
    except ValueError:
        raise method_refused(f"Invalid StartDateTime specified: '{text}'.") from None
    return moments.seconds(max(starts, now))
