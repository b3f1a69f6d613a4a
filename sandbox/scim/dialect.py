"""What real clients send beside RFC 7643 and RFC 7644, rewritten into what these say.

Source: Microsoft Entra, "Develop a SCIM endpoint" and "Known issues and resolutions with SCIM 2.0 protocol compliance".
Operation names in any case, booleans as strings, dotted keys, removal by value, and filters that describe an element
that is not there are taken by the models under their policy (``sandbox.scim.kinds.POLICY``).
"""

from typing import Any

from scim2_models import EnterpriseUser

from sandbox.store import Doc

ENTERPRISE = str(EnterpriseUser.__schema__)
_MANAGER = f"{ENTERPRISE}:manager".lower()


def resource_in_dialect(body: Doc) -> Doc:
    """A resource as sent, its manager and members in the documented form."""
    return {name: _attribute(name, value) for name, value in body.items()}


def patch_in_dialect(body: Doc) -> Doc:
    """A patch as sent, every manager and member in the documented form."""
    operations = next((value for name, value in body.items() if name.lower() == "operations"), None)
    if not isinstance(operations, list):
        return body
    rest = {name: value for name, value in body.items() if name.lower() != "operations"}
    return {**rest, "Operations": [_operation(o) if isinstance(o, dict) else o for o in operations]}


def _attribute(name: str, value: Any) -> Any:
    """The value of an attribute, by the name or path that it is sent under."""
    lowered = name.lower()
    if lowered == ENTERPRISE.lower() and isinstance(value, dict):
        return {k: manager(v) if k.lower() == "manager" else v for k, v in value.items()}
    if lowered == _MANAGER:
        return manager(value)
    if lowered == "members" and isinstance(value, list):
        return [_member(item) for item in value]
    return value


def manager(value: Any) -> Any:
    """A manager may come as a plain string; its ``$ref`` follows from the value."""
    if isinstance(value, str):
        value = {"value": value} if value else None
    if isinstance(value, dict) and value.get("value") and not value.get("$ref"):
        return {**value, "$ref": f"../Users/{value['value']}"}
    return value


def _member(value: Any) -> Any:
    """A member may come as a plain id or by its address alone; only its id counts."""
    if isinstance(value, str):
        return {"value": value}
    if isinstance(value, dict) and not value.get("value") and isinstance(value.get("$ref"), str):
        return {**value, "value": value["$ref"].rstrip("/").rpartition("/")[2]}
    return value


def _operation(operation: Doc) -> Doc:
    path, value = operation.get("path"), operation.get("value")
    if str(operation.get("op")).lower() == "remove":
        return _removal(operation, path, value)
    if path:
        return {**operation, "value": _attribute(str(path), value)} if "value" in operation else operation
    if isinstance(value, dict):
        return {**operation, "value": resource_in_dialect(value)}
    return operation


def _removal(operation: Doc, path: Any, value: Any) -> Doc:
    """Members removed by value are known by their id; what else their entries say is no condition."""
    if str(path).lower() != "members" or not isinstance(value, list):
        return operation
    members = [_member(item) for item in value]
    picked = [{"value": m["value"]} if isinstance(m, dict) and m.get("value") else m for m in members]
    return {**operation, "value": picked}
