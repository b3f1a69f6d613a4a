"""The kinds of resources that the target has, and how they are kept, read and shown."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

from scim2_models import Context, EnterpriseUser, Group, Meta, ResponseParameters, ScimPolicy, User
from scim2_models.resources.group import GroupMember
from scim2_models.resources.user import GroupMembership

from sandbox.scim.ask import Ask
from sandbox.store import Doc, Store

POLICY = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)
"""What Entra's provisioning client needs to be tolerated."""
Person = User[EnterpriseUser]


@dataclass(frozen=True)
class Kind:
    """A resource type: its endpoint, its model, and the kind of document that holds it."""

    name: str
    endpoint: str
    model: Any
    documents: str


USERS = Kind("User", "Users", Person, "scim_users")
GROUPS = Kind("Group", "Groups", Group, "scim_groups")
KINDS = (USERS, GROUPS)
_CACHED = 4096
_cache: OrderedDict[tuple[str, str], tuple[Doc, Any]] = OrderedDict()


def version(doc: Doc) -> str:
    """The weak entity tag of a document."""
    return f'W/"{doc["version"]}"'


def stored(ask: Ask, kind: Kind, resource: Any, doc: Doc) -> Doc:
    """The document of a resource as it now is, one version on, with the fields that it is found by."""
    resource.id, resource.meta, resource.schemas = doc["id"], None, [str(kind.model.__schema__)]
    if kind is USERS:
        resource.groups = None
        _without_manager_name(resource)
    else:
        resource.members = _members(ask.store, resource.members)
    plain = resource.model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE)
    return {**doc, "resource": plain, "changed": ask.now(), "version": doc["version"] + 1, **_found_by(kind, plain)}


def _without_manager_name(person: Any) -> None:
    enterprise = person[EnterpriseUser]
    if enterprise is not None and enterprise.manager is not None:
        enterprise.manager.display_name = None


def _members(store: Store, members: list[Any] | None) -> list[Any] | None:
    """Each member once, without what is worked out when it is shown; a display name of the sender's own stays."""
    kept: dict[str, Any] = {}
    for member in members or ():
        found = found_anywhere(store, member.value)
        own = member.display if found is None or member.display != name_of(*found) else None
        kept.setdefault(member.value, GroupMember(value=member.value, display=own))
    return list(kept.values()) or None


def _found_by(kind: Kind, plain: Doc) -> Doc:
    if kind is GROUPS:
        return {"displayName": plain.get("displayName"), "_members": [m["value"] for m in plain.get("members") or ()]}
    enterprise = plain.get(str(EnterpriseUser.__schema__)) or {}
    return {
        "userName": plain["userName"],
        "externalId": plain.get("externalId"),
        "_manager": (enterprise.get("manager") or {}).get("value"),
    }


def as_kept(kind: Kind, doc: Doc) -> Any:
    """The resource that a document holds, as a model that nobody may change."""
    key = (kind.documents, doc["id"])
    held, resource = _cache.get(key, (None, None))
    if held is not doc:
        resource = _read(kind, doc)
        _cache[key] = (doc, resource)
        if len(_cache) > _CACHED:
            _cache.popitem(last=False)
    return resource


def _read(kind: Kind, doc: Doc) -> Any:
    resource = kind.model.model_validate(doc["resource"], scim_ctx=Context.RESOURCE_QUERY_RESPONSE, scim_policy=POLICY)
    resource.meta = Meta(
        resource_type=kind.name,
        created=doc["created"],
        last_modified=doc["changed"],
        location=f"../{kind.endpoint}/{doc['id']}",
        version=version(doc),
    )
    return resource


def as_seen(ask: Ask, kind: Kind, doc: Doc) -> Any:
    """The resource as it is shown: with its address, its groups, and what is known of members and manager."""
    resource = as_kept(kind, doc).model_copy(deep=True)
    resource.meta.location = f"{ask.root}/{kind.endpoint}/{doc['id']}"
    if kind is USERS:
        resource.groups = _groups_of(ask, doc["id"]) or None
        _name_manager(ask, resource)
    for member in resource.members or () if kind is GROUPS else ():
        _describe(ask, member)
    return resource


def shown(ask: Ask, kind: Kind, doc: Doc, asked: ResponseParameters[Any] | None = None) -> Doc:
    """A resource as JSON, with the attributes asked for (RFC 7644, 3.9)."""
    plain: Doc = as_seen(ask, kind, doc).model_dump(scim_ctx=Context.RESOURCE_QUERY_RESPONSE, response_parameters=asked)
    return plain


def name_of(kind: Kind, doc: Doc) -> str:
    """What people call it."""
    plain = doc["resource"]
    return str(plain.get("displayName") or plain.get("userName") or kind.name)


def found_anywhere(store: Store, key: str) -> tuple[Kind, Doc] | None:
    """A user or group by id."""
    return next(((kind, doc) for kind in KINDS if (doc := store.get(kind.documents, key)) is not None), None)


def _describe(ask: Ask, member: Any) -> None:
    if (found := found_anywhere(ask.store, member.value)) is None:
        return
    kind, doc = found
    member.ref, member.type = f"{ask.root}/{kind.endpoint}/{doc['id']}", kind.name
    member.display = member.display or name_of(kind, doc)


def _groups_of(ask: Ask, key: str) -> list[Any]:
    """The groups that somebody is in, by others too (RFC 7643, 4.1.2)."""
    found: dict[str, Any] = {}
    waiting = [(key, "direct")]
    while waiting:
        member, how = waiting.pop(0)
        for group in ask.store.find("scim_groups", "_members", member):
            if group["id"] in found:
                continue
            url = f"{ask.root}/Groups/{group['id']}"
            found[group["id"]] = GroupMembership(value=group["id"], ref=url, display=name_of(GROUPS, group), type=how)
            waiting.append((group["id"], "indirect"))
    return list(found.values())


def _name_manager(ask: Ask, person: Any) -> None:
    enterprise = person[EnterpriseUser]
    if enterprise is None or enterprise.manager is None:
        return
    manager = ask.store.get("scim_users", enterprise.manager.value or "")
    if manager is not None:
        enterprise.manager.ref = f"{ask.root}/Users/{manager['id']}"
        enterprise.manager.display_name = manager["resource"].get("displayName")
