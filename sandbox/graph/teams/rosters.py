"""Who is in a team: Teams keeps its own list, which follows the group's members and owners after a while.

A change in Teams reaches the group at once; one of the group reaches Teams later ("Teams and Microsoft 365 groups").
"""

from sandbox.graph import background
from sandbox.graph.directory import stamp
from sandbox.graph.mail.services import write
from sandbox.store import Doc, Store


def group_roster(group: Doc) -> dict[str, list[str]]:
    """A group's people as a team has them: id → roles."""
    people: dict[str, list[str]] = {key: [] for key in group.get("_members") or ()}
    people.update({key: ["owner"] for key in group.get("_owners") or ()})
    return people


def new_team(group: Doc, created: str) -> Doc:
    """A team behind a group."""
    roster = group_roster(group)
    return {"id": group["id"], "created": created, "roster": roster, "synced": roster, "_members": list(roster)}


def team_of(store: Store, group_id: str) -> Doc | None:
    """A team, once what is to come from its group has been noticed; None where there is none."""
    team, group = store.seen("teams", group_id.lower()), store.get("groups", group_id.lower())
    if team is None or group is None:
        return None
    if group_roster(group) != team["synced"] and store.get("pending", f"roster:{group_id}") is None:
        background.later(store, store.settings.provisioning_delay_ms / 1000, "roster", group["id"])
    return team


@background.work("roster")
def follow_group(store: Store, group_id: str) -> None:
    """Teams takes over what has changed in the group since they were last alike."""
    team, group = store.get("teams", group_id), store.get("groups", group_id)
    if team is None or group is None:
        return
    now, synced = group_roster(group), team["synced"]
    roster = {key: roles for key, roles in team["roster"].items() if key in now or key not in synced}
    roster.update({key: roles for key, roles in now.items() if synced.get(key) != roles})
    write(store, "teams", {**team, "roster": roster, "synced": now, "_members": list(roster)})


def set_roles(store: Store, team: Doc, key: str, roles: list[str] | None) -> Doc:
    """Somebody's place in a team, None for none any more; the group has it too."""
    roster = {who: held for who, held in team["roster"].items() if who != key}
    if roles is not None:
        roster[key] = roles
    group = _in_group(store, team["id"], key, roles)
    synced = group_roster(group) if team["synced"] == team["roster"] else {**team["synced"], key: roles or []}
    if roles is None:
        synced.pop(key, None)
    changed = {**team, "roster": roster, "synced": synced, "_members": list(roster)}
    return write(store, "teams", changed)


def _in_group(store: Store, group_id: str, key: str, roles: list[str] | None) -> Doc:
    group = store.get("groups", group_id) or {}
    members = [other for other in group["_members"] if other != key] + ([key] if roles is not None else [])
    owners = [other for other in group["_owners"] if other != key] + ([key] if roles else [])
    return store.put("groups", {**group, "_members": members, "_owners": owners})


def owners(store: Store, team: Doc) -> list[str]:
    """The owners who are still in the directory."""
    return [key for key, roles in team["roster"].items() if "owner" in roles and store.get("users", key)]


def make_team(store: Store, group: Doc) -> Doc:
    """Put a team behind a group."""
    options = [*dict.fromkeys([*group["resourceProvisioningOptions"], "Team"])]
    store.put("groups", {**group, "resourceProvisioningOptions": options})
    return write(store, "teams", new_team(group, stamp(store.now())))
