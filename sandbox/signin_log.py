"""What the sign-in log is told of each attempt (Graph resource type signIn)."""

from sandbox.conditional_access import Outcome
from sandbox.entra_clients import Client, correlation
from sandbox.entra_resources import GRAPH_APP_ID, service_principal
from sandbox.exchange import Exchange
from sandbox.store import Doc, Store

WRONG_PASSWORD = 50126
_ALLOWED = Outcome("allow")


def note(
    sent: Exchange,
    client: Client,
    person: Doc,
    code: int,
    reason: str | None = None,
    *,
    outcome: Outcome = _ALLOWED,
    resource_app_id: str = GRAPH_APP_ID,
    interactive: bool = True,
) -> None:
    """Note one attempt; ``code`` is the AADSTS number of its refusal, 0 for a success."""
    # Graph's package imports Entra's check of tokens, so it can only be imported once both are there.
    from sandbox.graph.logs.audit_notes import note_sign_in

    resource = service_principal(sent.store, resource_app_id) or {"displayName": "Microsoft Graph"}
    result = "success" if outcome.verdict == "allow" else "failure"
    note_sign_in(
        sent.store,
        person,
        app_id=client.app_id,
        app_name=client.name,
        resource_name=resource["displayName"],
        resource_id=resource_app_id,
        error_code=code,
        failure_reason=reason,
        interactive=interactive,
        conditional_access=result if outcome.policies else "notApplied",
        policies=tuple(_applied(sent.store, key, result) for key in outcome.policies),
        correlation_id=correlation(sent),
        user_agent=sent.headers.get("user-agent"),
    )


def _applied(store: Store, key: str, result: str) -> Doc:
    """A policy as the log shows it (Graph resource type appliedConditionalAccessPolicy)."""
    policy = store.get("conditional_access_policies", key) or {}
    controls = (policy.get("grantControls") or {}).get("builtInControls") or []
    return {
        "id": key,
        "displayName": policy.get("displayName"),
        "enforcedGrantControls": [name[0].upper() + name[1:] for name in controls],
        "enforcedSessionControls": [],
        "result": result,
    }
