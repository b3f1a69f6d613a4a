"""Channels of teams, and notices in people's activity feed (Microsoft Graph v1.0, resource types channel, teamwork)."""

import uuid
from collections.abc import Callable

from starlette.responses import Response

from sandbox.graph.call import Call, Router
from sandbox.graph.directory import seen_user
from sandbox.graph.errors import GraphError, malformed
from sandbox.graph.licences.licences import plans
from sandbox.graph.permissions import ACTIVITY_SEND, CHANNEL_MEMBERS_READ, CHANNELS_READ
from sandbox.graph.teams.teams import members_of, opened, thread
from sandbox.store import Doc

router = Router()
TEAMS_PLAN = "57ff2da0-773e-42df-b2af-ffb7a2317929"


def _channel(call: Call, team: Doc) -> Doc:
    return {
        "id": thread(team["id"], "General"),
        "createdDateTime": team["created"],
        "displayName": "General",
        "description": (call.store.seen("groups", team["id"]) or {}).get("description"),
        "isFavoriteByDefault": None,
        "email": "",
        "tenantId": call.sent.pipeline.tenant_id,
        "webUrl": f"https://teams.microsoft.com/l/channel/{thread(team['id'], 'General')}/General",
        "membershipType": "standard",
        "isArchived": False,
    }


@router.add("GET", "teams/{team}/channels", CHANNELS_READ)
def channels(call: Call) -> Response:
    """``GET /teams/{id}/channels``: the standard one."""
    team = opened(call)
    return call.answer({"@odata.count": 1, "value": [_channel(call, team)]}, f"teams('{team['id']}')/channels")


def _on_channel(read: Callable[[Call, Doc], Response]) -> Callable[[Call], Response]:
    def handler(call: Call) -> Response:
        team = opened(call)
        if call.params["channel"] != _channel(call, team)["id"]:
            raise GraphError(404, "NotFound", "The channel was not found in the team.")
        return read(call, team)

    return handler


@router.add("GET", "teams/{team}/channels/{channel}", CHANNELS_READ)
@_on_channel
def channel(call: Call, team: Doc) -> Response:
    """``GET /teams/{id}/channels/{channel id}``."""
    return call.answer(_channel(call, team), f"teams('{team['id']}')/channels/$entity")


@router.add("GET", "teams/{team}/channels/{channel}/members", CHANNEL_MEMBERS_READ)
@_on_channel
def channel_members(call: Call, team: Doc) -> Response:
    """``GET /teams/{id}/channels/{channel id}/members``: those of the team, for a standard channel."""
    return call.answer({"value": members_of(call, team)}, f"teams('{team['id']}')/channels/members")


@router.add("POST", "users/{user}/teamwork/sendActivityNotification", ACTIVITY_SEND)
def notify(call: Call) -> Response:
    """``POST /users/{u}/teamwork/sendActivityNotification``: 204; the app must be installed for the person."""
    user = seen_user(call.store, call.params["user"])
    body = call.body()
    if missing := [name for name in ("topic", "activityType", "previewText") if not body.get(name)]:
        raise malformed(f"The property '{missing[0]}' is required.")
    if not any(plan["servicePlanId"] == TEAMS_PLAN for plan in plans(call.store, user.get("assignedLicenses") or ())):
        text = (
            f"Application with AAD App Id '{call.caller.app_id}' is not authorized to generate custom text "
            f"notifications about '{body['topic'].get('value')}' to the recipient. Ensure that the expected Teams app "
            "is installed in the target scope."
        )
        raise GraphError(403, "Forbidden", text)
    notice = {"id": str(uuid.uuid4()), "at": call.moment(), "to": user["id"], "by": call.caller.app_id, "body": body}
    call.store.put("activity_notifications", notice)
    return Response(status_code=204)
