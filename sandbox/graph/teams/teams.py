"""Teams and their members (Microsoft Graph v1.0, resource types team and conversationMember)."""

import base64
import re
import uuid
from typing import Any

from starlette.responses import Response

from sandbox.graph.call import Call, Router
from sandbox.graph.directory import live_group, reference, seen_user
from sandbox.graph.errors import GraphError, malformed
from sandbox.graph.mail.outlook import chosen, listed
from sandbox.graph.permissions import (
    TEAM_MEMBERS_READ,
    TEAM_MEMBERS_WRITE,
    TEAMS_CREATE,
    TEAMS_READ,
)
from sandbox.graph.teams.rosters import make_team, owners, set_roles, team_of
from sandbox.store import Doc

router = Router()
_MEMBER = "#microsoft.graph.aadUserConversationMember"
_CAST = re.compile(r"\(?microsoft\.graph\.aadUserConversationMember/(\w+)", re.IGNORECASE)
_NAMES = [
    "createdDateTime",
    "specialization",
    "classification",
    "internalId",
    "webUrl",
    "isArchived",
    "memberSettings",
    "guestSettings",
    "messagingSettings",
    "funSettings",
    "summary",
]


def opened(call: Call) -> Doc:
    team = team_of(call.store, call.params["team"])
    if team is None:
        text = f"No team found with Group Id {call.params['team']}"
        raise GraphError(404, "NotFound", text)
    return team


def thread(key: str, name: str) -> str:
    return f"19:{uuid.uuid5(uuid.UUID(key), name).hex}@thread.tacv2"


def _basic(call: Call, team: Doc) -> Doc:
    group = call.store.seen("groups", team["id"]) or {}
    return {
        "id": team["id"],
        "createdDateTime": team["created"],
        "displayName": group.get("displayName"),
        "description": group.get("description"),
        "internalId": thread(team["id"], "General"),
        "classification": None,
        "specialization": "none",
        "visibility": str(group.get("visibility") or "Private").lower(),
        "webUrl": f"https://teams.microsoft.com/l/team/{thread(team['id'], 'General')}?groupId={team['id']}",
        "isArchived": False,
        "isMembershipLimitedToOwners": False,
        "tenantId": call.sent.pipeline.tenant_id,
    }


def _shown(call: Call, team: Doc) -> Doc:
    count = len(owners(call.store, team))
    return {
        **_basic(call, team),
        "memberSettings": {"allowCreateUpdateChannels": True, "allowDeleteChannels": True},
        "guestSettings": {"allowCreateUpdateChannels": False, "allowDeleteChannels": False},
        "messagingSettings": {"allowUserEditMessages": True, "allowUserDeleteMessages": True},
        "funSettings": {"allowGiphy": True, "giphyContentRating": "moderate"},
        "summary": {"ownersCount": count, "membersCount": len(team["roster"]) - count, "guestsCount": 0},
    }


@router.add("GET", "users/{user}/joinedTeams", TEAMS_READ)
def joined(call: Call) -> Response:
    """``GET /users/{u}/joinedTeams``: names only, the rest null."""
    user = seen_user(call.store, call.params["user"])
    for team in call.store.all("teams"):
        team_of(call.store, team["id"])
    found = [_basic(call, team) for team in call.store.find_seen("teams", "_members", user["id"])]
    value = [{name: None if name in _NAMES else value for name, value in team.items()} for team in found]
    return call.answer({"@odata.count": len(value), "value": value}, "teams")


@router.add("GET", "teams/{team}", TEAMS_READ)
@router.add("GET", "groups/{team}/team", TEAMS_READ)
def team(call: Call) -> Response:
    """``GET /teams/{id}``: a team has its group's id."""
    return call.answer(chosen(call, _shown(call, opened(call))), "teams/$entity")


@router.add("PUT", "groups/{group}/team", TEAMS_CREATE)
def create(call: Call) -> Response:
    """``PUT /groups/{id}/team``: 201; the group must be a Microsoft 365 group with an owner."""
    group = live_group(call.store, call.params["group"])
    if "Unified" not in group["groupTypes"] or not group["_owners"]:
        raise malformed("Failed to execute Templates backend request: the group must be unified and have an owner.")
    if call.store.get("teams", group["id"]):
        raise GraphError(409, "Conflict", "A team already exists for this group.")
    return call.answer(_shown(call, make_team(call.store, group)), "teams/$entity", 201)


# -- members -----------------------------------------------------------------------------------------------------------


def _member_id(call: Call, team: Doc, key: str) -> str:
    text = f"MCMjMSMj{call.sent.pipeline.tenant_id}##{team['id']}##{key}"
    return base64.b64encode(text.encode()).decode()


def _member(call: Call, team: Doc, key: str) -> Doc | None:
    user = call.store.seen("users", key)
    if user is None:
        return None
    return {
        "@odata.type": _MEMBER,
        "id": _member_id(call, team, key),
        "roles": team["roster"][key],
        "displayName": user["displayName"],
        "visibleHistoryStartDateTime": "0001-01-01T00:00:00Z",
        "userId": key,
        "email": user.get("mail"),
        "tenantId": call.sent.pipeline.tenant_id,
    }


def members_of(call: Call, team: Doc) -> list[Doc]:
    found = (_member(call, team, key) for key in team["roster"])
    return [member for member in found if member is not None]


@router.add("GET", "teams/{team}/members", TEAM_MEMBERS_READ)
def members(call: Call) -> Response:
    """``GET /teams/{id}/members``: filters by role, and by the id or mail of an Entra user."""
    team = opened(call)
    if "filter" in call.query:
        call.query["filter"] = _CAST.sub(r"\1", call.query["filter"]).rstrip(")" if _cast(call) else "")
    context = f"teams('{team['id']}')/members"
    return listed(call, members_of(call, team), "conversationMember", context, page=100)


def _cast(call: Call) -> bool:
    text = call.query["filter"]
    return text.count(")") > text.count("(") or bool(re.match(r"\(", text) and _CAST.match(text))


def _addressed(call: Call) -> tuple[Doc, Doc]:
    team = opened(call)
    found = next((m for m in members_of(call, team) if m["id"] == call.params["member"]), None)
    if found is None:
        raise GraphError(404, "NotFound", "The member was not found in the team roster.")
    return team, found


@router.add("GET", "teams/{team}/members/{member}", TEAM_MEMBERS_READ)
def member(call: Call) -> Response:
    """``GET /teams/{id}/members/{membership id}``."""
    team, found = _addressed(call)
    return call.answer(found, f"teams('{team['id']}')/members/$entity")


def _roles(body: Doc) -> list[str]:
    roles = body.get("roles") or []
    if not isinstance(roles, list) or any(role not in ("owner", "guest") for role in roles):
        raise malformed("Invalid role specified for member.")
    return [role for role in roles if role == "owner"]


def _bound(call: Call, body: Doc) -> str:
    url = body.get("user@odata.bind")
    if not isinstance(url, str):
        raise malformed("Bind requests not containing 'user@odata.bind' are not supported.")
    found = re.search(r"users(?:/|\(')([^/')]+)", url)
    key = found[1] if found else reference(url)
    return str(seen_user(call.store, key)["id"])


def _add(call: Call, team: Doc, body: Any) -> tuple[Doc, str]:
    if not isinstance(body, dict):
        raise malformed("A member must be an object.")
    key = _bound(call, body)
    return set_roles(call.store, team, key, _roles(body)), key


@router.add("POST", "teams/{team}/members", TEAM_MEMBERS_WRITE)
def add(call: Call) -> Response:
    """``POST /teams/{id}/members {"user@odata.bind", "roles"}``: 201; who is in already gets the roles."""
    team, key = _add(call, opened(call), call.body())
    return call.answer(_member(call, team, key) or {}, f"teams('{team['id']}')/members/$entity", 201)


@router.add("POST", "teams/{team}/members/add", TEAM_MEMBERS_WRITE)
def add_many(call: Call) -> Response:
    """``POST /teams/{id}/members/add {"values"}``: 200 with an outcome for each."""
    team, outcomes = opened(call), []
    for body in call.body().get("values") or ():
        team, key = _add(call, team, body)
        outcomes.append(
            {"@odata.type": "#microsoft.graph.aadUserConversationMemberResult", "userId": key, "error": None}
        )
    return call.answer({"value": outcomes}, "Collection(microsoft.graph.actionResultPart)")


def _keep_an_owner(call: Call, team: Doc, key: str) -> None:
    if owners(call.store, team) == [key]:
        raise malformed("The last owner of the team cannot be removed or made a member: name another owner first.")


@router.add("PATCH", "teams/{team}/members/{member}", TEAM_MEMBERS_WRITE)
def change(call: Call) -> Response:
    """``PATCH /teams/{id}/members/{membership id} {"roles"}``: 200."""
    team, found = _addressed(call)
    roles = _roles(call.body())
    if not roles:
        _keep_an_owner(call, team, found["userId"])
    changed = set_roles(call.store, team, found["userId"], roles)
    return call.answer(_member(call, changed, found["userId"]) or {}, f"teams('{team['id']}')/members/$entity")


@router.add("DELETE", "teams/{team}/members/{member}", TEAM_MEMBERS_WRITE)
def remove(call: Call) -> Response:
    """``DELETE /teams/{id}/members/{membership id}``: 204; the last owner stays."""
    team, found = _addressed(call)
    _keep_an_owner(call, team, found["userId"])
    set_roles(call.store, team, found["userId"], None)
    return Response(status_code=204)
