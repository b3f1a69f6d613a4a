"""``/openapi.json``: what FastAPI knows of the routes, completed from the table of who may what."""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from api.errors import MEDIA_TYPE, FieldError, ProblemDocument
from api.routes import REQUESTS_PER_SECOND, RULES, Rule

WORDS = {
    401: "No credentials, or wrong ones.",
    403: "The role is missing.",
    404: "There is no such thing.",
    409: "The command makes no sense in this state.",
    413: "The body is too large.",
    422: "The request does not fit; `errors` names the fields.",
    429: f"More than {REQUESTS_PER_SECOND} requests in a second.",
    503: "What this needs is away; send the same request again after `Retry-After` seconds.",
}
SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token of the tenant for this API; its `roles` decide what it opens.",
    },
    "webhookSignature": {
        "type": "apiKey",
        "in": "header",
        "name": "webhook-signature",
        "description": "Standard Webhooks with `webhook-id` (the event id) and `webhook-timestamp`, over the raw body.",
    },
}


class Api(FastAPI):
    """The application; its document also says who may call what, and every way an answer can go wrong."""

    def openapi(self) -> dict[str, Any]:
        """The completed document, made once."""
        if not self.openapi_schema:
            document = get_openapi(
                title=self.title, version=self.version, description=self.description, routes=self.routes
            )
            components = document.setdefault("components", {})
            components["securitySchemes"] = SCHEMES
            _add_problem_schema(components.setdefault("schemas", {}))
            for rule in RULES:
                operation = document["paths"].get(rule.template, {}).get(rule.method.lower())
                if operation is not None:
                    _complete(operation, rule)
            self.openapi_schema = document
        return self.openapi_schema


def _add_problem_schema(schemas: dict[str, Any]) -> None:
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    problem = ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
    problem.pop("$defs", None)
    schemas["ProblemDocument"] = problem
    schemas["FieldError"] = FieldError.model_json_schema()


def _complete(operation: dict[str, Any], rule: Rule) -> None:
    if not rule.open:
        operation["security"] = [{"bearer": []}, *([{"webhookSignature": []}] if rule.signed else [])]
        operation["x-roles"] = sorted(rule.roles)
    for status in _statuses(operation, rule):
        operation["responses"][str(status)] = {
            "description": WORDS[status],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
        }


def _statuses(operation: dict[str, Any], rule: Rule) -> list[int]:
    found = [] if rule.open else [401, 403, 429]
    if "{" in rule.template:
        found.append(404)
    if rule.takes_body:
        found += [413, 422, 503]
    elif "422" in operation["responses"]:
        found.append(422)
    if rule.takes_body and rule.template.startswith("/lifecycles/{"):
        found.append(409)
    if rule.template.startswith(("/people/", "/graph", "/health/ready")):
        found.append(503)
    return sorted(found)
