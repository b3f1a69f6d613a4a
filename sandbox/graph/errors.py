"""Refusals in Microsoft Graph's words: status, ``error.code``, message and details of the public error documents."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

Detail = Mapping[str, str]


@dataclass
class GraphError(Exception):
    """One refused call."""

    status: int
    code: str
    message: str
    details: Sequence[Detail] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.status} {self.code}: {self.message}"


def bad_request(message: str, *details: Detail) -> GraphError:
    """400 of the directory itself."""
    return GraphError(400, "Request_BadRequest", message, details)


def malformed(message: str) -> GraphError:
    """400 of the gateway: a path, an OData option or a body it cannot read."""
    return GraphError(400, "BadRequest", message)


def unsupported_query(message: str) -> GraphError:
    """400 of a query that the directory's index does not answer."""
    return GraphError(400, "Request_UnsupportedQuery", message)


def not_found(key: str) -> GraphError:
    """404, for objects that never were, are gone, or are not seen yet."""
    text = f"Resource '{key}' does not exist or one of its queried reference-property objects are not present."
    return GraphError(404, "Request_ResourceNotFound", text)


def not_implemented() -> GraphError:
    """501 of a property that is kept outside of the directory."""
    return GraphError(501, "NotImplemented", "This operation target is not yet supported.")


def forbidden() -> GraphError:
    """403: the permission is missing, or the target is protected; the two cannot be told apart."""
    return GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")


def mailbox_forbidden() -> GraphError:
    """403 of mail, calendars and mailbox settings, which Exchange answers in its own words."""
    return GraphError(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")


def logs_forbidden() -> GraphError:
    """403 of the logs, whose service names the permission that is missing."""
    text = "Calling principal does not have required MSGraph permissions AuditLog.Read.All"
    return GraphError(403, "Authentication_MSGraphPermissionMissing", text)


def unknown_segment(segment: str) -> GraphError:
    """400 of a path that does not exist."""
    return malformed(f"Resource not found for the segment '{segment}'.")


def wrong_method() -> GraphError:
    """405 of a path that exists with other verbs only."""
    return GraphError(405, "Request_BadRequest", "Specified HTTP method is not allowed for the request target.")


def method_refused(message: str) -> GraphError:
    """400 as the services of authentication methods word it."""
    return GraphError(400, "badRequest", message)


def method_absent() -> GraphError:
    """404 of an authentication method that the user does not have."""
    return GraphError(404, "resourceNotFound", "The requested authentication method was not found for the user.")


def conflict(name: str, other: str) -> GraphError:
    """400 (not 409) of a value that another object holds already; ``other`` is like ``User_<guid>``."""
    text = f"Another object with the same value for property {name} already exists."
    return bad_request(
        text,
        {"code": "ObjectConflict", "message": text, "target": name},
        {"code": "ConflictingObjects", "message": text, "target": other},
    )


def invalid_value(name: str, resource: str) -> GraphError:
    """400 of an empty or ill-typed value."""
    text = f"Invalid value specified for property '{name}' of resource '{resource}'."
    return bad_request(text, {"code": "InvalidValue", "message": text, "target": name})


def missing(name: str, resource: str) -> GraphError:
    """400 of a required property that is not there."""
    text = f"A value is required for property '{name}' of resource '{resource}'."
    return bad_request(text, {"code": "MissingRequiredProperty", "message": text, "target": name})
