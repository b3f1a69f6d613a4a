"""SCIM users as they are read, kept and shown: tolerant of Entra's provisioning client, strict in what is given."""

from typing import Any

from scim2_models import Context, EnterpriseUser, ScimPolicy, User

from sandbox.answers import scim_error
from sandbox.exchange import Exchange, Refused
from sandbox.store import Doc

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
SCHEMAS = ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE]
POLICY = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)
Person = User[EnterpriseUser]


def body_of(sent: Exchange) -> Doc:
    """The JSON object sent; anything else is refused."""
    try:
        body = sent.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Refused(scim_error(400, "The body is not a JSON object.", "invalidSyntax"))
    return body


def read(body: Doc, context: Context) -> Any:
    """A user as sent; a manager may be sent as a plain string."""
    for name, value in list(body.items()):
        if name.lower() == ENTERPRISE.lower() and isinstance(value, dict):
            body[name] = {k: _manager(v) if k.lower() == "manager" else v for k, v in value.items()}
    return Person.model_validate(body, scim_ctx=context, scim_policy=POLICY)


def _manager(value: Any) -> Any:
    if isinstance(value, str):
        value = {"value": value}
    if isinstance(value, dict) and value.get("value") and not value.get("$ref"):
        return {**value, "$ref": f"../Users/{value['value']}"}
    return value


def in_dialect(body: Doc) -> Doc:
    """A patch with every manager in the documented form."""
    operations = body.get("Operations")
    if not isinstance(operations, list):
        return body
    return {**body, "Operations": [_operation(o) if isinstance(o, dict) else o for o in operations]}


def _operation(operation: Doc) -> Doc:
    path, value = str(operation.get("path") or ""), operation.get("value")
    if path.lower() == f"{ENTERPRISE}:manager".lower():
        return {**operation, "value": _manager(value)}
    if path.lower() == ENTERPRISE.lower() and isinstance(value, dict):
        return {**operation, "value": {k: _manager(v) if k.lower() == "manager" else v for k, v in value.items()}}
    if not path and isinstance(value, dict):
        return {
            **operation,
            "value": {k: _manager(v) if k.lower().endswith(":manager") else v for k, v in value.items()},
        }
    return operation


def stored(person: Any, doc: Doc, now: str) -> Doc:
    """The document of a resource as it now is, one version on."""
    person.id, person.meta, person.schemas = doc["id"], None, SCHEMAS
    resource = person.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE)
    return {**doc, "resource": resource, "changed": now, "version": doc["version"] + 1}


def person_of(doc: Doc) -> Any:
    """The resource that a document holds, as a model."""
    return Person.model_validate(doc["resource"], scim_ctx=Context.RESOURCE_QUERY_RESPONSE, scim_policy=POLICY)


def version(doc: Doc) -> str:
    """The weak entity tag of a document."""
    return f'W/"{doc["version"]}"'


def resource_of(sent: Exchange, doc: Doc, asked: Doc) -> Doc:
    """A resource with its ``meta``; ``attributes`` and ``excludedAttributes`` by their top-level names."""
    meta = {
        "resourceType": "User",
        "created": doc["created"],
        "lastModified": doc["changed"],
        "location": f"{sent.origin}/scim/v2/Users/{doc['id']}",
        "version": version(doc),
    }
    whole = {**doc["resource"], "meta": meta}
    if wanted := _tops(asked.get("attributes")):
        return {k: v for k, v in whole.items() if k.lower() in wanted | {"id", "schemas"}}
    without = _tops(asked.get("excludedAttributes")) - {"id", "schemas"}
    return {k: v for k, v in whole.items() if k.lower() not in without}


def _tops(names: Any) -> set[str]:
    listed = names.split(",") if isinstance(names, str) else names or ()
    return {_top(str(name).strip().lower()) for name in listed}


def _top(name: str) -> str:
    urn = ENTERPRISE.lower()
    return urn if name.startswith(urn) else name.rpartition(":")[2].partition(".")[0]
