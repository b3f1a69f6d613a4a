"""Whose tokens an application takes instead of a secret of its own (resource type federatedIdentityCredential).

Kind ``federated_credentials``: ``{id, _application (object id), name, issuer, subject, description, audiences}``.
"""

import re
import uuid

from starlette.responses import Response

from sandbox.graph.apps.app_objects import live, seen
from sandbox.graph.call import Call, Router
from sandbox.graph.errors import bad_request, conflict, invalid_value, missing, not_found
from sandbox.graph.permissions import APPLICATIONS_READ, APPLICATIONS_WRITE
from sandbox.graph.query import collection, entity, wanted
from sandbox.graph.schema import spelled
from sandbox.graph.schema_objects import FEDERATED_CREDENTIAL
from sandbox.store import Doc

router = Router()

_PATH = "applications/{object}/federatedIdentityCredentials"
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_-]{0,119}$")
_MOST = 20


def _context(call: Call) -> str:
    return f"applications('{call.params['object']}')/federatedIdentityCredentials"


def _held(call: Call) -> list[Doc]:
    return call.store.find_seen("federated_credentials", "_application", seen(call, "applications")["id"])


def _one(call: Call) -> Doc:
    """By id, or by name (``name='…'``)."""
    key = call.params["credential"]
    name = key[5:].strip("'") if key.lower().startswith("name=") else key
    found = next((doc for doc in _held(call) if key.lower() == doc["id"] or name == doc["name"]), None)
    if found is None:
        raise not_found(key)
    return found


@router.add("GET", _PATH, APPLICATIONS_READ)
def credentials(call: Call) -> Response:
    """``GET /applications/{id}/federatedIdentityCredentials``."""
    clause = wanted(call, FEDERATED_CREDENTIAL)
    return collection(call, _held(call), FEDERATED_CREDENTIAL, _context(call), clause=clause)


@router.add("GET", _PATH + "/{credential}", APPLICATIONS_READ)
def credential(call: Call) -> Response:
    """``GET /applications/{id}/federatedIdentityCredentials/{id or name}``."""
    return entity(call, _one(call), FEDERATED_CREDENTIAL, _context(call))


@router.add("POST", _PATH, APPLICATIONS_WRITE)
def create(call: Call) -> Response:
    """``POST /applications/{id}/federatedIdentityCredentials``: 201; issuer and subject are unique in it."""
    values, application = spelled(call.body(), FEDERATED_CREDENTIAL), live(call, "applications")
    for name in ("name", "issuer", "subject", "audiences"):
        if not values.get(name):
            raise missing(name, "FederatedIdentityCredential")
    values.pop("id", None)
    others = call.store.find("federated_credentials", "_application", application["id"])
    _check(values, others)
    if len(others) >= _MOST:
        raise bad_request(f"An application can have at most {_MOST} federated identity credentials.")
    doc = {"description": None, **values, "id": str(uuid.uuid4()), "_application": application["id"]}
    call.store.put("federated_credentials", doc)
    return entity(call, doc, FEDERATED_CREDENTIAL, _context(call), status=201)


def _check(values: Doc, others: list[Doc]) -> None:
    if "name" in values and not _NAME.match(str(values["name"])):
        raise invalid_value("name", "FederatedIdentityCredential")
    audiences = values.get("audiences", ["one"])
    if not isinstance(audiences, list) or len(audiences) != 1:
        raise bad_request("A federated identity credential must have exactly one audience.")
    for other in others:
        if other["name"] == values.get("name"):
            raise conflict("name", f"FederatedIdentityCredential_{other['id']}")
        if (other["issuer"], other["subject"]) == (values.get("issuer"), values.get("subject")):
            raise bad_request("FederatedIdentityCredential with the same issuer and subject already exists on the app.")


@router.add("PATCH", _PATH + "/{credential}", APPLICATIONS_WRITE)
def update(call: Call) -> Response:
    """``PATCH /applications/{id}/federatedIdentityCredentials/{id}``: 204; the name stays as it was made."""
    values, application = spelled(call.body(), FEDERATED_CREDENTIAL), live(call, "applications")
    found = _one(call)
    if values.pop("name", found["name"]) != found["name"]:
        raise bad_request("Property 'name' is read-only and cannot be set.")
    values.pop("id", None)
    others = call.store.find("federated_credentials", "_application", application["id"])
    _check(
        {"issuer": found["issuer"], "subject": found["subject"], **values},
        [doc for doc in others if doc["id"] != found["id"]],
    )
    call.store.put("federated_credentials", {**found, **values})
    return Response(status_code=204)


@router.add("DELETE", _PATH + "/{credential}", APPLICATIONS_WRITE)
def delete(call: Call) -> Response:
    """``DELETE /applications/{id}/federatedIdentityCredentials/{id}``: 204."""
    live(call, "applications")
    call.store.remove("federated_credentials", _one(call)["id"])
    return Response(status_code=204)
