"""Groups: static, dynamic, mail-enabled, synced, role-assignable (Microsoft Graph v1.0, resource type group)."""

from collections.abc import Iterable

from starlette.responses import Response

from sandbox.graph import directory, memberships
from sandbox.graph.call import Call, Router
from sandbox.graph.directory import SYNCED, live_group, reference, seen_group, seen_object
from sandbox.graph.dynamic import RuleError, rule
from sandbox.graph.errors import bad_request, conflict, forbidden, invalid_value, missing
from sandbox.graph.group_licences import licence_view, licences_due, refuse_licensed
from sandbox.graph.memberships import is_dynamic
from sandbox.graph.permissions import GROUPS_CREATE, GROUPS_READ, GROUPS_WRITE, MEMBERS_WRITE, ROLE_GROUPS
from sandbox.graph.query import collection, count, entity, wanted
from sandbox.graph.schema import GROUP, check_group, spelled
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
    return collection(call, (view(call, group) for group in found), GROUP, "groups", clause=clause)


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
    asked = "license" in call.query.get("select", "").lower()
    return {**group, **licence_view(call.store, group)} if asked else group


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
    for key in {key for ids in bound.values() for key in ids}:
        seen_object(call.store, key)
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
    if unified and (other := _nicknamed(call.store, values["mailNickname"])):
        raise conflict("mailNickname", f"Group_{other['id']}")


def _check_rule(text: object) -> None:
    if not text:
        raise bad_request("A value is required for property 'membershipRule' of resource 'Group'.")
    try:
        rule(str(text))
    except RuleError as error:
        raise bad_request(f"Invalid membership rule: {error}.") from error


def _nicknamed(store: Store, nickname: str) -> Doc | None:
    same = (g for g in store.all("groups") if g["mailEnabled"] and g["mailNickname"].lower() == nickname.lower())
    return next(same, None)


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
        _check_writable(call, target)
        if "isAssignableToRole" in values:
            raise bad_request("Property 'isAssignableToRole' is read-only and cannot be set.")
        if "membershipRule" in values:
            _check_rule(values["membershipRule"])
        if ruled:
            memberships.settle_all(call.store)
        target = call.store.put("groups", {**target, **values})
    for field, ids in bound.items():
        target = add_references(call, target, field, ids)
    if ruled:
        memberships.evaluate_all(call.store)
    return Response(status_code=204)


@router.add("DELETE", "groups/{group}", GROUPS_WRITE)
def delete(call: Call) -> Response:
    """``DELETE /groups/{g}``: 204, into the recycle bin; refused while the group gives licences."""
    target = live_group(call.store, call.params["group"])
    _check_writable(call, target)
    refuse_licensed(target)
    call.store.remove("groups", target["id"])
    call.store.put("deleted_groups", {**target, "deletedDateTime": call.moment()})
    if is_dynamic(target):
        memberships.evaluate_all(call.store)
    return Response(status_code=204)


# -- references --------------------------------------------------------------------------------------------------------


def _check_writable(call: Call, target: Doc) -> None:
    """Groups that Graph cannot write, and those that take a higher permission."""
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
    _check_writable(call, target)


def add_references(call: Call, target: Doc, field: str, ids: Iterable[str]) -> Doc:
    """Add members or owners, all or none."""
    if field == "_members":
        check_members_writable(call, target)
    else:
        _check_writable(call, target)
    added = list(ids)
    for key in added:
        seen_object(call.store, key)
    held = target.get(field) or []
    if not set(added).isdisjoint(held):
        raise bad_request(ALREADY.format(field.removeprefix("_")))
    if target["id"] in added:
        raise invalid_value(field.removeprefix("_"), "Group")
    changed = call.store.put("groups", {**target, field: [*held, *added]})
    after(call.store, changed, field, added)
    return changed


def after(store: Store, group: Doc, field: str, ids: Iterable[str]) -> None:
    """A change of members of a group that gives licences."""
    if field == "_members" and group.get("_licences"):
        for key in ids:
            licences_due(store, key)
