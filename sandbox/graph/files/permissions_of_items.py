"""Who may do what with a file or folder (Microsoft Graph v1.0, resource type permission)."""

from typing import Any

from starlette.responses import Response

from sandbox import moments
from sandbox.graph.call import Call, Router
from sandbox.graph.files.drives import find, on_items, opened, refused, root, shown_item, writable
from sandbox.graph.mail.delivery import user_at
from sandbox.graph.mail.services import erase, grant, write
from sandbox.graph.permissions import FILES_READ, FILES_WRITE
from sandbox.store import Doc, Store

router = Router()
_ROLES = ("read", "write", "owner")
_OWNER = "owner"


def _of_item(store: Store, drive: Doc, item: Doc) -> list[Doc]:
    """An item's own permissions, then those of the folders above; expired ones are over, the owner's is the root's."""
    found: list[Doc] = []
    at: Doc | None = item
    while at is not None:
        for permission in store.find_seen("drive_permissions", "_item", at["id"]):
            if not permission["expires"] or moments.read(permission["expires"]) > store.now():
                found.append({**permission, "from": None if at is item else at})
        if at["_parent"] is None:
            found.append(_owners(drive, None if at is item else at))
        at = _parent(store, drive, at)
    return found


def _parent(store: Store, drive: Doc, item: Doc) -> Doc | None:
    key = item["_parent"]
    top = root(drive)
    return top if key == top["id"] else (store.get("drive_items", key) if key else None)


def _owners(drive: Doc, above: Doc | None) -> Doc:
    person = {**drive["owner"], "loginName": f"i:0#.f|membership|{drive['owner']['email']}"}
    return {"id": _OWNER, "roles": ["owner"], "user": person, "expires": None, "from": above}


def _shown(store: Store, drive: Doc, permission: Doc) -> Doc:
    person = permission["user"]
    user = {name: person[name] for name in ("displayName", "email", "id")}
    body: Doc = {
        "id": permission["id"],
        "roles": permission["roles"],
        "shareId": None,
        "grantedTo": {"user": user},
        "grantedToV2": {"user": user, "siteUser": {**user, "id": "1", "loginName": person["loginName"]}},
        "hasPassword": False,
    }
    if permission["expires"]:
        body["expirationDateTime"] = permission["expires"]
    if above := permission.get("from"):
        reference = shown_item(store, drive, above)["parentReference"]
        body["inheritedFrom"] = {**reference, "id": above["id"], "path": f"/drives/{drive['id']}/root:"}
    return body


def _context(drive: Doc, item: Doc) -> str:
    return f"drives('{drive['id']}')/items('{item['id']}')/permissions"


@on_items(router, "POST", "/invite", FILES_WRITE)
def invite(call: Call) -> Response:
    """``POST …/invite``: 200 with the permissions; an application invites nobody who is not in the tenant yet."""
    drive = writable(call)
    item = find(call, drive)
    body = call.body()
    roles, expires = _roles(body.get("roles")), _expiry(call, body.get("expirationDateTime"))
    recipients = body.get("recipients")
    if not isinstance(recipients, list) or not recipients:
        raise refused("invalidRequest", "At least one recipient is needed.")
    people = [_person(call.store, recipient) for recipient in recipients]
    made = [grant(call.store, drive["id"], item["id"], person, roles, expires) for person in people]
    needed = body.get("requireSignIn", True) is not False
    value = [
        {**_shown(call.store, drive, one), "invitation": {"email": one["user"]["email"], "signInRequired": needed}}
        for one in made
    ]
    return call.answer({"value": value}, "Collection(permission)")


def _roles(roles: Any) -> list[str]:
    if not isinstance(roles, list) or not roles or any(role not in _ROLES for role in roles):
        raise refused("invalidRequest", "The roles must be one or more of read, write and owner.")
    return [str(role) for role in roles]


def _expiry(call: Call, text: Any) -> str | None:
    if text is None:
        return None
    try:
        at = moments.read(str(text))
        late = at > call.store.now()
    except ValueError as error:
        raise refused("invalidRequest", f"The expiration '{text}' is not a date and time.") from error
    if not late:
        raise refused("invalidRequest", "The expiration must lie in the future.")
    return moments.seconds(at)


def _person(store: Store, recipient: Any) -> Doc:
    found = None
    if isinstance(recipient, dict):
        key = recipient.get("objectId")
        found = store.get("users", str(key).lower()) if key else user_at(store, str(recipient.get("email") or ""))
    if found is None:
        text = "The recipients could not be resolved: an application cannot invite new guests."
        raise refused("noResolvedUsers", text)
    return found


@on_items(router, "GET", "/permissions", FILES_READ)
def permissions(call: Call) -> Response:
    """``GET …/permissions``: the item's own and the inherited ones."""
    drive = opened(call)
    item = find(call, drive)
    value = [_shown(call.store, drive, one) for one in _of_item(call.store, drive, item)]
    return call.answer({"value": value}, _context(drive, item))


def _one(call: Call, drive: Doc, item: Doc) -> Doc:
    held = _of_item(call.store, drive, item)
    found = next((one for one in held if one["id"] == call.params["permission"]), None)
    if found is None:
        raise refused("itemNotFound", "The resource could not be found.", 404)
    return found


def _own(call: Call, drive: Doc, item: Doc) -> Doc:
    found = _one(call, drive, item)
    if found["from"] is not None or found["id"] == _OWNER:
        raise refused("accessDenied", "Only sharing permissions of the item itself can be changed.", 403)
    return {name: value for name, value in found.items() if name != "from"}


@on_items(router, "GET", "/permissions/{permission}", FILES_READ)
def permission(call: Call) -> Response:
    """``GET …/permissions/{p}``."""
    drive = opened(call)
    item = find(call, drive)
    return call.answer(_shown(call.store, drive, _one(call, drive, item)), _context(drive, item) + "/$entity")


@on_items(router, "PATCH", "/permissions/{permission}", FILES_WRITE)
def change(call: Call) -> Response:
    """``PATCH …/permissions/{p} {"roles", "expirationDateTime"}``: 200."""
    drive = writable(call)
    item = find(call, drive)
    found, body = _own(call, drive, item), call.body()
    if "roles" in body:
        found["roles"] = _roles(body["roles"])
    if "expirationDateTime" in body:
        found["expires"] = _expiry(call, body["expirationDateTime"])
    changed = write(call.store, "drive_permissions", found)
    return call.answer(_shown(call.store, drive, changed), _context(drive, item) + "/$entity")


@on_items(router, "DELETE", "/permissions/{permission}", FILES_WRITE)
def delete(call: Call) -> Response:
    """``DELETE …/permissions/{p}``: 204."""
    drive = writable(call)
    erase(call.store, "drive_permissions", _own(call, drive, find(call, drive))["id"])
    return Response(status_code=204)
