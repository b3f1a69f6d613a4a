"""Resources of every provider as documents, found whatever the case of their ids, and ``/resources``.

A resource's document has ARM's fields, its id in lower case under ``id`` and as it was given under ``path``.
"""

import time

from starlette.responses import Response

from sandbox.azure import scopes
from sandbox.azure.call import Call, Router
from sandbox.azure.errors import another_operation, bad_request, group_not_found, resource_not_found
from sandbox.azure.filters import Filter
from sandbox.azure.paging import page
from sandbox.azure.rbac import allowed
from sandbox.azure.scopes import GROUP, SUBSCRIPTION
from sandbox.store import Doc, Store

router = Router()
_SHOWN = ("kind", "sku", "identity", "zones", "systemData", "managedBy", "extendedLocation")
_TAGS = ("tagname", "tagvalue")


def put(store: Store, kind: str, doc: Doc) -> Doc:
    """Write a document that is seen at once (ARM reads what it wrote), but that a stale read may miss."""
    return store.put(kind, doc, time.time())


def drop(store: Store, kind: str, key: str) -> None:
    """Take a document away; readers miss it at once."""
    store.remove(kind, key, time.time())


def group_of(call: Call) -> Doc:
    """The resource group of a call; 404 where there is none."""
    found = call.store.seen("azure_groups", scopes.key(group_path(call)))
    if found is None:
        raise group_not_found(call.params["group"])
    return found


def group_path(call: Call) -> str:
    """The id of a call's resource group, spelled as asked."""
    return f"/subscriptions/{call.params['subscription']}/resourceGroups/{call.params['group']}"


def find(call: Call, kind: str) -> Doc | None:
    """The resource of a call, by its group and ``name``; its group must be there."""
    group_of(call)
    return call.store.seen("azure_resources", scopes.key(f"{group_path(call)}/providers/{kind}/{call.params['name']}"))


def named(call: Call, kind: str) -> Doc:
    """The same; 404 where there is none."""
    found = find(call, kind)
    if found is None:
        raise resource_not_found(kind, call.params["name"], call.params["group"])
    return found


def listed(call: Call, kind: str) -> list[Doc]:
    """All resources of a kind in the call's subscription, or in its resource group."""
    if "group" in call.params:
        group_of(call)
        inside = scopes.key(group_path(call)) + "/"
    else:
        inside = scopes.key(f"/subscriptions/{call.params['subscription']}") + "/"
    return [doc for doc in call.store.find_seen("azure_resources", "_type", kind) if doc["id"].startswith(inside)]


def again(doc: Doc, before: Doc | None) -> Doc:
    """A PUT's document where there was one: the id keeps its spelling, and when it was made."""
    if before is None:
        return doc
    return {**doc, "path": before["path"], "name": before["name"], "_created": before["_created"]}


def new(call: Call, resource_type: str, properties: Doc, **more: object) -> Doc:
    """A new document from a PUT's body; ``location`` must be given and tags must be texts."""
    body, group = call.body(), group_of(call)
    if not isinstance(body.get("location"), str):
        raise bad_request("LocationRequired", "The location property is required for this definition.")
    path = f"{group['path']}/providers/{resource_type}/{call.params['name']}"
    tags = checked_tags(body.get("tags"))
    return document(path, resource_type, body["location"], tags, properties, call.moment(), **more)


def document(
    path: str, resource_type: str, location: str, tags: Doc, properties: Doc, created: str, **more: object
) -> Doc:
    """A resource's document."""
    return {
        "id": scopes.key(path),
        "path": path,
        "name": path.rpartition("/")[2],
        "type": resource_type,
        "location": location.replace(" ", "").lower(),
        "tags": tags,
        "properties": properties,
        "_type": resource_type.lower(),
        "_group": scopes.key("/".join(path.split("/")[:5])),
        "_created": created,
        "_changed": created,
        **more,
    }


def checked_tags(tags: object) -> Doc:
    """Tags as a resource keeps them: at most 50, texts only."""
    if tags is None:
        return {}
    if not isinstance(tags, dict) or not all(isinstance(value, str) for value in tags.values()):
        raise bad_request("InvalidRequestContent", "The request content was invalid: 'tags' are names with texts.")
    if len(tags) > 50:
        raise bad_request("InvalidTagsCount", "The number of tags cannot exceed '50'.")
    return dict(tags)


def shown(doc: Doc) -> Doc:
    """A resource as its provider answers it."""
    extra = {name: doc[name] for name in _SHOWN if doc.get(name) is not None}
    base = {"name": doc["name"], "id": doc["path"], "type": doc["type"], "location": doc["location"]}
    return {**base, "tags": doc["tags"], **extra, "properties": doc["properties"]}


def changed(call: Call, doc: Doc, **values: object) -> Doc:
    """Write a resource with some fields changed."""
    return put(call.store, "azure_resources", {**doc, **values, "_changed": call.moment()})


def free(doc: Doc) -> None:
    """409 while another operation works on the resource."""
    if doc.get("_busy"):
        raise another_operation(doc["path"])


def by_id(store: Store, scope: str) -> Doc | None:
    """A resource, a group or a subscription by its id: what tags and locks can be put on."""
    at = scopes.key(scope)
    if (found := store.seen("azure_resources", at)) or (found := store.seen("azure_groups", at)):
        return found
    parts = at.strip("/").split("/")
    return store.seen("azure_subscriptions", parts[1]) if len(parts) == 2 and parts[0] == "subscriptions" else None


# -- /resources --------------------------------------------------------------------------------------------------------


@router.add("GET", f"{SUBSCRIPTION}/resources", None)
@router.add("GET", f"{GROUP}/resources", None)
def resources(call: Call) -> Response:
    """``GET …/resources[?$filter=]``: of what the caller may read; tag filters stand alone."""
    asked = Filter(call.query.get("filter", ""))
    asked.only(*_TAGS, "resourcetype", "name", "location", "resourcegroup")
    if any(name in asked.equals for name in _TAGS) and len(asked.equals) > sum(n in asked.equals for n in _TAGS):
        text = "The filter on tags cannot be combined with filters on other properties."
        raise bad_request("InvalidFilterInQueryString", text)
    there = _inside(call)
    found = [doc for doc in there if _fits(doc, asked) and _readable(call, doc)]
    return page(call, found, lambda doc: _row(doc, call.query.get("expand", "")))


def _inside(call: Call) -> list[Doc]:
    if "group" in call.params:
        return call.store.find_seen("azure_resources", "_group", group_of(call)["id"])
    inside = scopes.key(f"/subscriptions/{call.params['subscription']}") + "/"
    return [doc for doc in call.store.seen_all("azure_resources") if doc["id"].startswith(inside)]


def _readable(call: Call, doc: Doc) -> bool:
    return allowed(call.store, call.caller.object_id, f"{doc['type']}/read", doc["path"])


def _fits(doc: Doc, asked: Filter) -> bool:
    held = {
        "resourcetype": doc["type"],
        "name": doc["name"],
        "location": doc["location"],
        "resourcegroup": doc["path"].split("/")[4],
    }
    rest = {name: value for name, value in asked.equals.items() if name not in _TAGS}
    return (
        tagged(doc, asked)
        and all(held[name].lower() == value.lower() for name, value in rest.items())
        and all(part.lower() in held.get(name, "").lower() for name, part in asked.contains.items())
    )


def tagged(doc: Doc, asked: Filter) -> bool:
    """Does it carry the tag asked for? Tag names are compared without case, values with it."""
    name, value = asked.equals.get("tagname"), asked.equals.get("tagvalue")
    held = {key.lower(): tag for key, tag in doc["tags"].items()}
    if name is None:
        return value is None or value in held.values()
    return name.lower() in held and (value is None or held[name.lower()] == value)


def _row(doc: Doc, expand: str) -> Doc:
    """A resource without its properties, as the list of all kinds shows it."""
    row = {name: value for name, value in shown(doc).items() if name != "properties"}
    wanted = {name.strip().lower() for name in expand.split(",")}
    if "createdtime" in wanted:
        row["createdTime"] = doc["_created"]
    if "changedtime" in wanted:
        row["changedTime"] = doc["_changed"]
    if "provisioningstate" in wanted:
        row["provisioningState"] = doc["properties"].get("provisioningState", "Succeeded")
    return row
