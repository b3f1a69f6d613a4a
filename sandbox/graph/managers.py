"""Who reports to whom: the manager of a user, and a manager's direct reports."""

from starlette.responses import Response

from sandbox.graph.call import Call, Router
from sandbox.graph.directory import SYNCED, live_user, reference, seen_user
from sandbox.graph.errors import bad_request, malformed, not_found
from sandbox.graph.permissions import USERS_READ, USERS_WRITE
from sandbox.graph.query import Expansion, mixed, selected, shape
from sandbox.graph.schema import USER
from sandbox.store import Doc, Store

router = Router()


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
    target = live_user(call.store, call.params["user"])
    address = call.body().get("@odata.id")
    if not address:
        raise malformed("The request body must contain an '@odata.id'.")
    if target.get("onPremisesSyncEnabled"):
        raise bad_request(SYNCED)
    call.store.put("users", {**target, "_manager": seen_user(call.store, reference(address))["id"]})
    return Response(status_code=204)


@router.add("DELETE", "users/{user}/manager/$ref", USERS_WRITE)
def clear_manager(call: Call) -> Response:
    """``DELETE /users/{u}/manager/$ref``: 204; 404 where there is none."""
    target = live_user(call.store, call.params["user"])
    if not target.get("_manager"):
        raise not_found("manager")
    call.store.put("users", {**target, "_manager": None})
    return Response(status_code=204)


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
    return {"@odata.type": USER.odata, **shape(found, names or USER.default)}


def _expand_reports(call: Call, user: Doc, options: dict[str, str]) -> list[Doc]:
    reports = call.store.find_seen("users", "_manager", user["id"])[:20]
    return [{"@odata.type": USER.odata, **shape(report, USER.default)} for report in reports]


EXPANSIONS: dict[str, Expansion] = {"manager": _expand_manager, "directReports": _expand_reports}
