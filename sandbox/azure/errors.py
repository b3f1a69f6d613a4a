"""Refusals in Azure Resource Manager's words: status, ``error.code`` and message (ARM "common deployment errors")."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.responses import Response

JSON = "application/json; charset=utf-8"
_GATEWAY = {"x-ms-failure-cause": "gateway"}


@dataclass
class ArmError(Exception):
    """One refused call."""

    status: int
    code: str
    message: str
    headers: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.status} {self.code}: {self.message}"

    def answer(self) -> Response:
        """The error envelope."""
        body = {"error": {"code": self.code, "message": self.message}}
        return Response(json.dumps(body, separators=(",", ":")), self.status, dict(self.headers), media_type=JSON)


def bad_request(code: str, message: str) -> ArmError:
    """400."""
    return ArmError(400, code, message)


def conflict(code: str, message: str) -> ArmError:
    """409."""
    return ArmError(409, code, message)


def subscription_not_found(subscription: str) -> ArmError:
    """404 of the gateway, before any provider is asked."""
    text = f"The subscription '{subscription}' could not be found."
    return ArmError(404, "SubscriptionNotFound", text, _GATEWAY)


def group_not_found(group: str) -> ArmError:
    """404 of a resource group, and of whatever would lie in it."""
    return ArmError(404, "ResourceGroupNotFound", f"Resource group '{group}' could not be found.", _GATEWAY)


def resource_not_found(kind: str, name: str, group: str) -> ArmError:
    """404 of a resource in a group that exists."""
    text = (
        f"The Resource '{kind}/{name}' under resource group '{group}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix"
    )
    return ArmError(404, "ResourceNotFound", text, _GATEWAY)


def not_authorized(client: str, object_id: str, action: str, scope: str) -> ArmError:
    """403: no role of the caller's allows the action there, or nothing is there."""
    text = (
        f"The client '{client}' with object id '{object_id}' does not have authorization to perform action "
        f"'{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, please refresh "
        "your credentials."
    )
    return ArmError(403, "AuthorizationFailed", text)


def scope_locked(scope: str, operation: str, locked: list[str]) -> ArmError:
    """409: a management lock forbids a delete or a write."""
    scopes = ",".join(f"'{one}'" for one in locked)
    text = (
        f"The scope '{scope}' cannot perform {operation} operation because following scope(s) are locked: {scopes}. "
        "Please remove the lock and try again."
    )
    return ArmError(409, "ScopeLocked", text)


def another_operation(resource: str) -> ArmError:
    """409: the resource is busy with something else."""
    text = f"Another operation on this or dependent resource is in progress. Resource: {resource}."
    return ArmError(409, "AnotherOperationInProgress", text)


def throttled(kind: str, subscription: str, actor: str, wait: int) -> ArmError:
    """429 of a token bucket that is empty ("Understand how Azure Resource Manager throttles requests")."""
    text = (
        f"Number of '{kind}' requests for subscription '{subscription}' actor '{actor}' exceeded. Please try again "
        f"after '{wait}' seconds after additional tokens are available. Refer to https://aka.ms/arm-throttling for "
        "additional information."
    )
    return ArmError(429, "SubscriptionRequestsThrottled", text, {"Retry-After": str(wait)})


def wrong_method(method: str) -> ArmError:
    """405 of a resource that exists with other verbs only."""
    return ArmError(405, "", f"The requested resource does not support http method '{method}'.")
