"""Who reports to whom: the manager of a user, and a manager's direct reports."""

from starlette.responses import Response

from sandbox.graph.call import Call, Router
from sandbox.graph.directory import SYNCED, save_user, seen_user, sent_reference, user_reference, writable_user
from sandbox.graph.errors import bad_request, not_found, unsupported_query
from sandbox.graph.permissions import USERS_READ, USERS_WRITE
from sandbox.graph.query import Expansion, mixed, selected, shape
from sandbox.graph.schema import USER
from sandbox.store import Doc, Store

router = Router()
LEVELS = 100
"""How far up ``$levels=max`` goes, which also ends where somebody manages themselves."""


@router.add("GET", "users/{user}/manager", USERS_READ)
def manager(call: Call) -> Response:
    """``GET /users/{u}/manager``: 404 for whoever has none."""
    user = seen_user(call.store, call.params["user"])
    found = _manager(call.store, user)
    if found is None:
        raise not_found("manager")
    names = selected(call, USER)
    return call.answer({"@odata.type": USER.odata, **shape(found, names)}, "directoryObjects/$entity")


@router.add("GET", "users/{user}/manager/$ref", USERS_READ)
def manager_reference(call: Call) -> Response:
    """``GET /users/{u}/manager/$ref``: the address only."""
    found = _manager(call.store, seen_user(call.store, call.params["user"]))
    if found is None:
        raise not_found("manager")
    return call.answer({"@odata.id": f"{call.root}/directoryObjects/{found['id']}"}, "$ref")


@router.add("PUT", "users/{user}/manager/$ref", USERS_WRITE)
def set_manager(call: Call) -> Response:
    """``PUT /users/{u}/manager/$ref``: 204."""
    target = writable_user(call)
    address = sent_reference(call)
    _refuse(target)
    save_user(call.store, {**target, "_manager": user_reference(call.store, address)["id"]})
    return Response(status_code=204)


@router.add("DELETE", "users/{user}/manager/$ref", USERS_WRITE)
def clear_manager(call: Call) -> Response:
    """``DELETE /users/{u}/manager/$ref``: 204; 404 where there is none."""
    target = writable_user(call)
    _refuse(target)
    if not target.get("_manager"):
        raise not_found("manager")
    save_user(call.store, {**target, "_manager": None})
    return Response(status_code=204)


def _refuse(target: Doc) -> None:
    """Whose manager is set on premises."""
    if target.get("onPremisesSyncEnabled"):
        raise bad_request(SYNCED)


@router.add("GET", "users/{user}/directReports", USERS_READ)
def direct_reports(call: Call) -> Response:
    """``GET /users/{u}/directReports``."""
    user = seen_user(call.store, call.params["user"])
    return mixed(call, [(report, USER) for report in call.store.find_seen("users", "_manager", user["id"])])


def _manager(store: Store, user: Doc) -> Doc | None:
    key = user.get("_manager")
    return store.seen("users", key) if key else None


def _expand_manager(call: Call, user: Doc, options: dict[str, str]) -> Doc | None:
    found = _manager(call.store, user)
    if found is None:
        return None
    names = [
        USER.names.get(name.strip().lower(), name.strip()) for name in options.get("select", "").split(",") if name
    ]
    above = _next_level(call, found, options)
    return {"@odata.type": USER.odata, **shape(found, names or USER.default), **above}


def _next_level(call: Call, user: Doc, options: dict[str, str]) -> Doc:
    """``$levels=max`` (or a number): the manager's manager inside, an advanced query."""
    levels = options.get("levels", "1")
    if levels != "1" and not call.advanced:
        raise unsupported_query("$levels needs $count=true and the header ConsistencyLevel: eventual.")
    left = LEVELS if levels == "max" else int(levels) if levels.isdecimal() else 1
    inner = _expand_manager(call, user, {**options, "levels": str(min(left, LEVELS) - 1)}) if left > 1 else None
    return {} if inner is None else {"manager": inner}


def _expand_reports(call: Call, user: Doc, options: dict[str, str]) -> list[Doc]:
    reports = call.store.find_seen("users", "_manager", user["id"])[:20]
    return [{"@odata.type": USER.odata, **shape(report, USER.default)} for report in reports]


EXPANSIONS: dict[str, Expansion] = {"manager": _expand_manager, "directReports": _expand_reports}
