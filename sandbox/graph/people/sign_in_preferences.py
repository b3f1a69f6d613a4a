"""Which second factor somebody is asked for first (Graph beta, resource type signInPreferences; v1.0 has no such path).

Kind ``sign_in_preferences``: ``{id (of the user), preferred, system}``.
"""

from starlette.responses import Response

from sandbox.graph.call import Call, Router
from sandbox.graph.directory import seen_user, writable_user
from sandbox.graph.errors import method_refused, unknown_segment
from sandbox.graph.people.authentication import SECOND_FACTORS, default_method
from sandbox.graph.permissions import METHODS_READ, METHODS_WRITE

router = Router()

_PATH = "users/{user}/authentication/signInPreferences"


def _beta_only(call: Call) -> None:
    if call.version != "beta":
        raise unknown_segment("signInPreferences")


@router.add("GET", _PATH, METHODS_READ)
def preferences(call: Call) -> Response:
    """``GET /beta/users/{u}/authentication/signInPreferences``."""
    _beta_only(call)
    user = seen_user(call.store, call.params["user"])
    held = call.store.seen("sign_in_preferences", user["id"]) or {}
    default = default_method(call.store, user["id"])
    body = {
        "isSystemPreferredAuthenticationMethodEnabled": held.get("system", False),
        "userPreferredMethodForSecondaryAuthentication": held.get("preferred")
        or (SECOND_FACTORS[default["_type"]] if default else None),
        "systemPreferredAuthenticationMethod": None,
    }
    return call.answer(body, f"users('{call.params['user']}')/authentication/signInPreferences/$entity")


@router.add("PATCH", _PATH, METHODS_WRITE)
def prefer(call: Call) -> Response:
    """``PATCH /beta/users/{u}/authentication/signInPreferences``: another default, one that is registered; 204."""
    _beta_only(call)
    body, user = call.body(), writable_user(call)
    held = call.store.get("sign_in_preferences", user["id"]) or {"id": user["id"]}
    wanted = body.get("userPreferredMethodForSecondaryAuthentication", held.get("preferred"))
    types = {doc["_type"] for doc in call.store.find("authentication_methods", "_user", user["id"])}
    if wanted is not None and wanted not in {SECOND_FACTORS[kind] for kind in types & SECOND_FACTORS.keys()}:
        raise method_refused(f"The method '{wanted}' is not registered for the user.")
    system = body.get("isSystemPreferredAuthenticationMethodEnabled", held.get("system", False))
    call.store.put("sign_in_preferences", {**held, "preferred": wanted, "system": bool(system)})
    return Response(status_code=204)
