"""From a SCIM user to a directory user, after ``provisioning_delay_ms``: Entra's default attribute mapping.

Only what SCIM has flows; what it lacks is left as it is in the directory. A record that the directory refuses (a name
that is taken, a country that is none) stays in SCIM with the reason, as a failed entry of a provisioning log says it.
"""

from sandbox.graph import background, directory
from sandbox.graph.errors import GraphError, conflict
from sandbox.graph.logs.audit_notes import SYNC_FABRIC, noted_for
from sandbox.graph.people.users import check_upn
from sandbox.graph.provisioning.inbound import ENTERPRISE, mapped
from sandbox.graph.schema import check_user
from sandbox.store import Doc, Store

_INITIATOR = {"user": None, "app": SYNC_FABRIC}


def provision(store: Store, doc: Doc) -> None:
    """Have the directory user of a SCIM user made or brought up to date."""
    background.later(store, store.settings.provisioning_delay_ms / 1000, "provision", doc["id"])


def withdraw(store: Store, doc: Doc) -> None:
    """Move the directory user of a deleted SCIM user into the recycle bin, at once: the name is free again."""
    user = store.get("users", doc["object_id"]) if doc.get("object_id") else None
    if user is not None:
        with noted_for(store, _INITIATOR, doc["id"]):
            directory.delete_user(store, user)


@background.work("provision")
def carry_out(store: Store, key: str) -> None:
    """Make or change the directory user now; what the directory refuses is noted."""
    doc = store.get("scim_users", key)
    if doc is None:
        return
    try:
        with noted_for(store, _INITIATOR, key):
            object_id = _written(store, doc)
    except GraphError as error:
        store.put("scim_users", {**doc, "refused": str(error)})
        return
    store.put("scim_users", {**doc, "object_id": object_id, "refused": None})


def _written(store: Store, doc: Doc) -> str:
    values = mapped(doc["resource"])
    values["employeeId"] = (doc["resource"].get(ENTERPRISE) or {}).get("employeeNumber") or values["employeeId"]
    check_upn(values["userPrincipalName"])
    manager = values.pop("manager")
    before = _existing(store, doc, values["employeeId"])
    present = {name: value for name, value in values.items() if value is not None}
    check_user(present)
    if other := directory.name_holder(store, values["userPrincipalName"], before["id"] if before else None):
        raise conflict("userPrincipalName", f"User_{other['id']}")
    if (found := _manager(store, manager)) is not None:
        present["_manager"] = found
    made = directory.new_user(store, present) if before is None else directory.save_user(store, {**before, **present})
    return str(made["id"])


def _existing(store: Store, doc: Doc, employee_id: str | None) -> Doc | None:
    """The user made before, else the one with the same employee id (the matching rule)."""
    if doc.get("object_id") and (found := store.get("users", doc["object_id"])):
        return found
    matches = store.find("users", "employeeId", employee_id) if employee_id else []
    return matches[0] if len(matches) == 1 else None


def _manager(store: Store, value: str | None) -> str | None:
    """A manager is named by SCIM id, else by employee id; one who is not there yet is left out."""
    if value is None:
        return None
    if scim := store.get("scim_users", value):
        return scim.get("object_id")
    found = store.find("users", "employeeId", value)
    return found[0]["id"] if len(found) == 1 else None
