"""Groups: static, dynamic, mail-enabled, synced, role-assignable (Microsoft Graph v1.0, resource type group)."""

from collections.abc import Iterable

from starlette.responses import Response

from sandbox.graph import directory
from sandbox.graph.call import Call, Router
from sandbox.graph.directory import SYNCED, live_group, reference, seen_group, seen_object
from sandbox.graph.directory import holder as address_holder
from sandbox.graph.errors import bad_request, conflict, forbidden, invalid_value, missing
from sandbox.graph.groups import memberships
from sandbox.graph.groups.dynamic import RuleError, rule
from sandbox.graph.groups.memberships import is_dynamic
from sandbox.graph.lazy import Lazy
from sandbox.graph.licences.group_licences import licence_view, licences_due, refuse_licensed
from sandbox.graph.permissions import GROUPS_CREATE, GROUPS_READ, GROUPS_WRITE, MEMBERS_WRITE, ROLE_GROUPS
from sandbox.graph.query import collection, count, entity, wanted
from sandbox.graph.roles.privileges import refuse_restricted, restricting_units
from sandbox.graph.schema import GROUP, Resource, check_group, spelled
from sandbox.store import Doc, Store

router = Router()

MAIL_ENABLED = "Cannot Update a mail-enabled security groups and or distribution list."
ALREADY = "One or more added object references already exist for the following modified properties: '{}'."
MAX_BIND = 20
_BIND = {"members@odata.bind": list, "owners@odata.bind": list}
_FIELDS = {"members@odata.bind": "_members", "owners@odata.bind": "_owners"}
_REQUIRED = ("displayName", "mailEnabled", "mailNickname", "securityEnabled")


# -- reading -----------------------------------------------------------------------------------------------------------


@router.add("GET", "groups", GROUPS_READ)
def groups(call: Call) -> Response:
    """``GET /groups``."""
    clause = wanted(call, GROUP)
    named = clause.equals.get("displayName") if clause else None
    found = call.store.find_seen("groups", "displayName", named) if named else call.store.seen_all("groups")
    return collection(call, Lazy(found, lambda group: view(call, group)), GROUP, "groups", clause=clause)


@router.add("GET", "groups/$count", GROUPS_READ)
def groups_count(call: Call) -> Response:
    """``GET /groups/$count``."""
    return count(call, call.store.seen_all("groups"), wanted(call, GROUP))


@router.add("GET", "groups/{group}", GROUPS_READ)
def group(call: Call) -> Response:
    """``GET /groups/{id}``."""
    return entity(call, view(call, seen_group(call.store, call.params["group"])), GROUP, "groups")


def view(call: Call, group: Doc) -> Doc:
    """A group, with what is worked out of its licences where that is selected."""
    asked = call.query.get("select", "").lower()
    if "ismanagementrestricted" in asked:
        group = {**group, "isManagementRestricted": any(restricting_units(call.store, group["id"]))}
    return {**group, **licence_view(call.store, group)} if "license" in asked else group


# -- create, change, delete --------------------------------------------------------------------------------------------


@router.add("POST", "groups", GROUPS_CREATE)
def create(call: Call) -> Response:
    """``POST /groups``: 201; at most 20 owners and members along with it."""
    values = spelled(call.body(), GROUP, _BIND)
    bound = {_FIELDS[name]: _references(values.pop(name)) for name in _BIND if name in values}
    for name in _REQUIRED:
        if values.get(name) is None:
            raise missing(name, "Group")
    check_group(values)
    _check_kind(call, values)
    _check_bind([key for ids in bound.values() for key in ids])
    if is_dynamic(values) and "_members" in bound:
        raise forbidden()
    for field, ids in bound.items():
        for key in ids:
            _check_referenced(values, field, *seen_object(call.store, key))
    if call.caller.user:
        bound["_owners"] = list(dict.fromkeys([*bound.get("_owners", ()), call.caller.object_id]))
    made = directory.new_group(call.store, {**values, **_mail(values), **bound})
    return entity(call, made, GROUP, "groups", status=201, headers=call.location(GROUP.odata, made["id"]))


def _check_kind(call: Call, values: Doc) -> None:
    """Combinations that no group can have, rules that are none, and names that another mail-enabled group has."""
    unified, dynamic = "Unified" in (values.get("groupTypes") or ()), is_dynamic(values)
    if values["mailEnabled"] and not unified:
        raise bad_request(
            "The service does not currently support writes of mail-enabled groups. Please ensure that the "
            "mail-enablement property is unset and the security-enablement property is set."
        )
    if not values["securityEnabled"] and not unified:
        raise bad_request("A group must be security-enabled or a Microsoft 365 group.")
    if dynamic:
        _check_rule(values.get("membershipRule"))
    if values.get("isAssignableToRole"):
        call.require(ROLE_GROUPS)
        if dynamic or not values["securityEnabled"]:
            raise bad_request("A role-assignable group must be security-enabled and cannot have dynamic membership.")
    if unified:
        refuse_nickname(call.store, values["mailNickname"])


def _check_rule(text: object) -> None:
    if not text:
        raise bad_request("A value is required for property 'membershipRule' of resource 'Group'.")
    try:
        rule(str(text))
    except RuleError as error:
        raise bad_request(f"Dynamic membership rule validation error: {error}.") from error


def refuse_nickname(store: Store, nickname: str, but: str | None = None) -> None:
    """Refuse an alias that another mail-enabled group has, or whose address somebody has."""
    for other in store.find("groups", "mailNickname", nickname):
        if other["mailEnabled"] and other["id"] != but:
            raise conflict("mailNickname", f"Group_{other['id']}")
    if (found := address_holder(store, f"{nickname}@{directory.DOMAINS[0]}", but)) is not None:
        _, holding, kind = found
        raise conflict("proxyAddresses", f"{kind.title}_{holding['id']}")


def _mail(values: Doc) -> Doc:
    """A Microsoft 365 group has an address."""
    if not values["mailEnabled"]:
        return {}
    address = f"{values['mailNickname']}@{directory.DOMAINS[0]}"
    return {"mail": address, "proxyAddresses": [f"SMTP:{address}"]}


def _references(urls: object) -> list[str]:
    if not isinstance(urls, list):
        raise bad_request("The value of an '@odata.bind' must be a list of addresses.")
    return list(dict.fromkeys(reference(url) for url in urls))


def _check_bind(ids: list[str]) -> None:
    if len(ids) > MAX_BIND:
        raise bad_request(f"The number of references in one request must not exceed {MAX_BIND}.")


@router.add("PATCH", "groups/{group}", MEMBERS_WRITE)
def update(call: Call) -> Response:
    """``PATCH /groups/{g}``: properties, or up to 20 members or owners at once, all or nothing."""
    values = spelled(call.body(), GROUP, _BIND)
    target = live_group(call.store, call.params["group"])
    bound = {_FIELDS[name]: _references(values.pop(name)) for name in _BIND if name in values}
    _check_bind([key for ids in bound.values() for key in ids])
    ruled = bool({"membershipRule", "membershipRuleProcessingState", "groupTypes"} & values.keys())
    if values or "_owners" in bound:
        call.require(GROUPS_WRITE)
    if values:
        check_group(values)
        check_writable(call, target)
        _check_change(call.store, target, values)
        if ruled:
            memberships.settle_all(call.store)
        target = call.store.put("groups", {**target, **values})
    for field, ids in bound.items():
        target = add_references(call, target, field, ids)
    if ruled:
        memberships.evaluate_all(call.store)
    return Response(status_code=204)


def _check_change(store: Store, target: Doc, values: Doc) -> None:
    """What is decided at creation, rules that are none, and aliases that others have."""
    for name in ("isAssignableToRole", "mailEnabled"):
        if name in values and values[name] != target.get(name):
            raise bad_request(f"Property '{name}' is read-only and cannot be set.")
    kinds: list[str] = values.get("groupTypes") or target["groupTypes"]
    if ("Unified" in kinds) != ("Unified" in target["groupTypes"]):
        raise bad_request("The property 'groupTypes' cannot turn a group into, or from, a Microsoft 365 group.")
    if "DynamicMembership" in kinds and (target.get("isAssignableToRole") or target.get("onPremisesSyncEnabled")):
        raise bad_request("This group cannot have dynamic membership.")
    if "membershipRule" in values or ("DynamicMembership" in kinds and not is_dynamic(target)):
        _check_rule(values.get("membershipRule", target.get("membershipRule")))
    if "mailNickname" in values and "Unified" in kinds:
        refuse_nickname(store, values["mailNickname"], but=target["id"])


@router.add("DELETE", "groups/{group}", GROUPS_WRITE)
def delete(call: Call) -> Response:
    """``DELETE /groups/{g}``: 204, into the recycle bin; refused while the group gives licences."""
    remove_group(call, live_group(call.store, call.params["group"]))
    return Response(status_code=204)


def remove_group(call: Call, target: Doc) -> None:
    """Move a group into the recycle bin; where the tenant has it so, a security group is gone at once."""
    check_writable(call, target)
    refuse_licensed(target)
    call.store.remove("groups", target["id"])
    if "Unified" in target["groupTypes"] or call.store.settings.security_groups_recoverable:
        call.store.put("deleted_groups", {**target, "deletedDateTime": call.moment()})
    else:
        directory.forget(call.store, target["id"])
    if is_dynamic(target):
        memberships.evaluate_all(call.store)


# -- references --------------------------------------------------------------------------------------------------------


def check_writable(call: Call, target: Doc) -> None:
    """Groups that Graph cannot write, and those that take a higher permission or a role in their restricted unit."""
    refuse_restricted(call, target["id"])
    if target.get("onPremisesSyncEnabled"):
        raise bad_request(SYNCED)
    if target["mailEnabled"] and "Unified" not in target["groupTypes"]:
        raise bad_request(MAIL_ENABLED)
    if target.get("isAssignableToRole"):
        call.require(ROLE_GROUPS)


def check_members_writable(call: Call, target: Doc) -> None:
    """The same, and that no rule decides the membership: 403, as if a permission were missing."""
    if is_dynamic(target):
        raise forbidden()
    check_writable(call, target)


def add_references(call: Call, target: Doc, field: str, ids: Iterable[str]) -> Doc:
    """Add members or owners, all or none."""
    if field == "_members":
        check_members_writable(call, target)
    else:
        check_writable(call, target)
    added = list(ids)
    for key in added:
        _check_referenced(target, field, *seen_object(call.store, key))
    held = target.get(field) or []
    if not set(added).isdisjoint(held):
        raise bad_request(ALREADY.format(field.removeprefix("_")))
    if target["id"] in added:
        raise invalid_value(field.removeprefix("_"), "Group")
    changed = call.store.put("groups", {**target, field: [*held, *added]})
    after(call.store, changed, field, added)
    return changed


def _check_referenced(target: Doc, field: str, doc: Doc, kind: Resource) -> None:
    """Groups within Microsoft 365 and role-assignable groups, groups as owners: none can be."""
    if kind is not GROUP:
        return
    if field == "_owners" or target.get("isAssignableToRole") or "Unified" in (target.get("groupTypes") or ()):
        raise invalid_value(field.removeprefix("_"), "Group")


def after(store: Store, group: Doc, field: str, ids: Iterable[str]) -> None:
    """A change of members of a group that gives licences."""
    if field == "_members" and group.get("_licences"):
        for key in ids:
            licences_due(store, key)
