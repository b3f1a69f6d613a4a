"""Licences: the tenant's stock, who has what from where, and what the directory does with licences given to groups.

``licenseAssignmentStates`` is the truth; ``assignedLicenses`` follows it and does not tell the source.
"""

from collections.abc import Iterable

from starlette.responses import Response

from sandbox.graph import background
from sandbox.graph.call import Call, Router
from sandbox.graph.directory import seen_user, stamp, writable_user
from sandbox.graph.errors import bad_request
from sandbox.graph.groups.memberships import evaluate
from sandbox.graph.licences.licence_rules import EXCHANGE_PLANS, SHAREPOINT_PLANS, dependent, exclusive, prohibited
from sandbox.graph.permissions import LICENCES_READ, LICENCES_WRITE, USERS_READ
from sandbox.graph.query import entity
from sandbox.graph.schema import USER
from sandbox.store import Doc, Store

router = Router()


def sku(store: Store, sku_id: str) -> Doc:
    """A product of the company; 400 if it has none such."""
    found = store.find("skus", "skuId", str(sku_id))
    if not found:
        raise bad_request(f"License {sku_id} does not correspond to a valid company License.")
    return found[0]


def holds(user: Doc, sku_id: str) -> bool:
    """Does the user take a seat of this product? An assignment in error takes none."""
    return any(
        state["skuId"] == sku_id and state["state"] in ("Active", "ActiveWithError")
        for state in user.get("licenseAssignmentStates") or ()
    )


def consumed(store: Store, sku_id: str) -> int:
    """How many units are taken; users in the recycle bin keep theirs until they are purged, unless set otherwise."""
    kinds = ("users",) if store.settings.licences_freed_on_deletion else ("users", "deleted_users")
    return sum(store.count_of(kind, "_products", sku_id) for kind in kinds)


def seat_left(store: Store, product: Doc) -> bool:
    """Is there a unit for one more user? Counted only where there are more people than units."""
    seats = store.seats(product)
    people = store.count("users") + store.count("deleted_users")
    return people <= seats or consumed(store, product["skuId"]) < seats


def with_states(store: Store, user: Doc, states: list[Doc]) -> Doc:
    """The user with these assignments, and ``assignedLicenses`` as their union."""
    union: dict[str, Doc] = {}
    for state in states:
        if state["state"] not in ("Active", "ActiveWithError"):
            continue
        held = union.setdefault(
            state["skuId"], {"disabledPlans": list(state["disabledPlans"]), "skuId": state["skuId"]}
        )
        held["disabledPlans"] = [plan for plan in held["disabledPlans"] if plan in state["disabledPlans"]]
    changed = {**user, "licenseAssignmentStates": states, "assignedLicenses": list(union.values())}
    _services_due(store, user, changed)
    return changed


def _services_due(store: Store, before: Doc, after: Doc) -> None:
    """Mailbox and drive follow a plan that comes after a while, one that goes at once (``graph.mail.services``)."""
    settings = store.settings
    for name, on, delay_ms in (
        ("mailbox", mailbox, settings.mailbox_delay_ms),
        ("drive", drive, settings.provisioning_delay_ms),
    ):
        if on(store, before) != on(store, after):
            background.later(store, delay_ms / 1000 if on(store, after) else 0, name, after["id"])


def plans(store: Store, licences: Iterable[Doc]) -> list[Doc]:
    """The service plans that assigned licences switch on."""
    found: dict[str, Doc] = {}
    for licence in licences:
        for product in store.find("skus", "skuId", licence["skuId"]):
            for plan in product["servicePlans"]:
                if plan["servicePlanId"] not in licence["disabledPlans"]:
                    found[plan["servicePlanId"]] = plan
    return list(found.values())


def mailbox(store: Store, user: Doc) -> bool:
    """Has the user an Exchange plan?"""
    return any(plan["servicePlanId"] in EXCHANGE_PLANS for plan in plans(store, user.get("assignedLicenses") or ()))


def drive(store: Store, user: Doc) -> bool:
    """Has the user a SharePoint plan?"""
    return any(plan["servicePlanId"] in SHAREPOINT_PLANS for plan in plans(store, user.get("assignedLicenses") or ()))


# -- stock -------------------------------------------------------------------------------------------------------------


@router.add("GET", "subscribedSkus", LICENCES_READ)
def subscribed_skus(call: Call) -> Response:
    """``GET /subscribedSkus``: no paging, no filter."""
    return call.answer({"value": [_stock(call, product) for product in call.store.all("skus")]}, "subscribedSkus")


@router.add("GET", "subscribedSkus/{sku}", LICENCES_READ)
def subscribed_sku(call: Call) -> Response:
    """``GET /subscribedSkus/{tenant id}_{sku id}``."""
    product = sku(call.store, call.params["sku"].rpartition("_")[2])
    return call.answer(_stock(call, product), "subscribedSkus/$entity")


def _stock(call: Call, product: Doc) -> Doc:
    public = {name: value for name, value in product.items() if not name.startswith("_")}
    units = {
        "suspended": 0,
        "warning": 0,
        "lockedOut": 0,
        **public["prepaidUnits"],
        "enabled": call.store.seats(product),
    }
    return {
        **public,
        "id": f"{call.sent.pipeline.tenant_id}_{product['skuId']}",
        "consumedUnits": consumed(call.store, product["skuId"]),
        "prepaidUnits": units,
    }


@router.add("GET", "users/{user}/licenseDetails", USERS_READ)
def licence_details(call: Call) -> Response:
    """``GET /users/{u}/licenseDetails``: products with their plans."""
    user = seen_user(call.store, call.params["user"])
    value = []
    for licence in user["assignedLicenses"]:
        product = sku(call.store, licence["skuId"])
        on = {plan["servicePlanId"] for plan in plans(call.store, [licence])}
        listed = [
            {**plan, "provisioningStatus": "Success" if plan["servicePlanId"] in on else "Disabled"}
            for plan in product["servicePlans"]
        ]
        value.append(
            {
                "id": product["id"],
                "skuId": product["skuId"],
                "skuPartNumber": product["skuPartNumber"],
                "servicePlans": listed,
            }
        )
    return call.answer({"value": value}, f"users('{user['id']}')/licenseDetails")


# -- direct assignment -------------------------------------------------------------------------------------------------


@router.add("POST", "users/{user}/assignLicense", LICENCES_WRITE)
def assign_licence(call: Call) -> Response:
    """``POST /users/{u}/assignLicense``: all or nothing, 200 with the user."""
    add, remove = asked(call)
    user = writable_user(call)
    states = _removed(user, remove)
    for licence in add:
        states = _added(call.store, user, states, licence)
    check_plans(call.store, states)
    changed = call.store.put("users", with_states(call.store, user, states))
    evaluate(call.store, changed)
    return entity(call, changed, USER, "users")


def asked(call: Call) -> tuple[list[Doc], list[str]]:
    """Both lists, each of which must be there."""
    body = {name.lower(): value for name, value in call.body().items()}
    missing = [name for name in ("addLicenses", "removeLicenses") if not isinstance(body.get(name.lower()), list)]
    if missing:
        raise bad_request(
            "One or more parameters of the operation 'assignLicense' are missing from the request payload. "
            f"The missing parameters are: {', '.join(missing)}."
        )
    if not all(isinstance(item, dict) for item in body["addlicenses"]):
        raise bad_request("Invalid value specified for property 'addLicenses'.")
    add = [
        {"skuId": str(item.get("skuId")).lower(), "disabledPlans": [p.lower() for p in item.get("disabledPlans") or ()]}
        for item in body["addlicenses"]
    ]
    remove = [str(item).lower() for item in body["removelicenses"]]
    if not add and not remove:
        raise bad_request("No license changes provided.")
    if twice := {str(licence["skuId"]) for licence in add} & set(remove):
        raise bad_request(f"License {min(twice)} cannot be both added and removed in one request.")
    return add, remove


def _removed(user: Doc, remove: list[str]) -> list[Doc]:
    states = list(user.get("licenseAssignmentStates") or ())
    for sku_id in remove:
        held = [state for state in states if state["skuId"] == sku_id]
        if not held:
            raise bad_request("User does not have a corresponding license.")
        direct = [state for state in held if state["assignedByGroup"] is None]
        if not direct:
            raise bad_request(
                "User license is inherited from a group membership and it cannot be removed directly from the user."
            )
        states = [state for state in states if state not in direct]
    return states


def _added(store: Store, user: Doc, states: list[Doc], licence: Doc) -> list[Doc]:
    product = sku(store, licence["skuId"])
    if not user.get("usageLocation") or prohibited(user["usageLocation"]):
        raise bad_request("License assignment cannot be done for user with invalid usage location.")
    refuse_unknown_plans(product, licence)
    if not holds_in(states, licence["skuId"]) and not seat_left(store, product):
        raise bad_request(f"Subscription with SKU {licence['skuId']} does not have any available licenses.")
    others = [s for s in states if s["skuId"] != licence["skuId"] or s["assignedByGroup"] is not None]
    return [*others, new_state(store, licence, None)]


def refuse_unknown_plans(product: Doc, licence: Doc) -> None:
    """400 of a disabled plan that the product does not have."""
    known = {plan["servicePlanId"] for plan in product["servicePlans"]}
    if unknown := [plan for plan in licence["disabledPlans"] if plan not in known]:
        raise bad_request(f"Service plan {unknown[0]} is not part of license {licence['skuId']}.")


def holds_in(states: list[Doc], sku_id: str) -> bool:
    """The same of a list of assignments."""
    return holds({"licenseAssignmentStates": states}, sku_id)


def new_state(store: Store, licence: Doc, group: str | None, error: str = "None") -> Doc:
    """An assignment as of now, direct or by a group; with an error it takes no seat."""
    return {
        "skuId": licence["skuId"],
        "disabledPlans": list(licence["disabledPlans"]),
        "assignedByGroup": group,
        "state": "Active" if error == "None" else "Error",
        "error": error,
        "lastUpdatedDateTime": stamp(store.now()),
    }


def check_plans(store: Store, states: list[Doc]) -> None:
    """Refuse plans that exclude each other, and plans without the one they need."""
    on = {plan["servicePlanId"] for plan in plans(store, [state for state in states if state["state"] == "Active"])}
    if pair := exclusive(on):
        raise bad_request(
            "License assignment failed because it contains mutually exclusive service plans: "
            f"{pair[0]} and {pair[1]} cannot be assigned together."
        )
    if need := dependent(on):
        raise bad_request(
            f"License assignment failed because service plan {need[0]} depends on the service plan(s) {need[1]}"
        )
