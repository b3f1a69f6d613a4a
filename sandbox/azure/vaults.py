"""``Microsoft.KeyVault/vaults``: with access policies or RBAC, soft-deleted, and their names kept while they are."""

import re
from collections.abc import Callable

from starlette.responses import Response

from sandbox.azure import scopes
from sandbox.azure.call import Call, Router, empty
from sandbox.azure.errors import ArmError, bad_request, conflict
from sandbox.azure.groups import remove_resource
from sandbox.azure.paging import page
from sandbox.azure.resources import again, changed, checked_tags, find, listed, named, new, put, shown
from sandbox.azure.scopes import GROUP, SUBSCRIPTION
from sandbox.azure.vault_state import KIND, address, at, expire, purge, vault_named
from sandbox.store import Doc

router = Router()
_PROVIDER = "Microsoft.KeyVault"
_ONE = f"{GROUP}/providers/{KIND}/{{name}}"
_DELETED = f"{SUBSCRIPTION}/providers/{_PROVIDER}/locations/{{region}}/deletedVaults/{{name}}"
_NAME = re.compile(r"[A-Za-z](?!.*--)[A-Za-z0-9-]{1,22}[A-Za-z0-9]")
_RBAC_BY_DEFAULT = "2026-02-01"
"""From this api-version on new vaults use RBAC unless they say otherwise."""


def _shown(call: Call, doc: Doc) -> Doc:
    body = shown(doc)
    body["properties"] = {**body["properties"], "vaultUri": address(call.sent, doc["name"])}
    return body


def author(call: Call, before: Doc | None = None) -> Doc:
    """``systemData``: who made and who last changed it."""
    user = call.store.get("users", call.caller.object_id)
    who = user["userPrincipalName"] if user else call.caller.app_id
    kind, now = "User" if user else "Application", call.moment()
    made = before or {"createdBy": who, "createdByType": kind, "createdAt": now}
    return {**made, "lastModifiedBy": who, "lastModifiedByType": kind, "lastModifiedAt": now}


@router.add("GET", f"{SUBSCRIPTION}/providers/{KIND}", f"{KIND}/read")
@router.add("GET", f"{GROUP}/providers/{KIND}", f"{KIND}/read")
def vaults(call: Call) -> Response:
    """``GET …/vaults``."""
    return page(call, listed(call, KIND.lower()), lambda doc: _shown(call, doc))


@router.add("GET", f"{SUBSCRIPTION}/providers/{_PROVIDER}/managedHSMs", f"{_PROVIDER}/managedHSMs/read")
@router.add("GET", f"{GROUP}/providers/{_PROVIDER}/managedHSMs", f"{_PROVIDER}/managedHSMs/read")
@router.add("GET", f"{SUBSCRIPTION}/providers/{_PROVIDER}/deletedManagedHSMs", f"{_PROVIDER}/deletedManagedHSMs/read")
def managed_hsms(call: Call) -> Response:
    """``GET …/managedHSMs``, deleted ones too: there are none."""
    return page(call, [])


@router.add("GET", _ONE, f"{KIND}/read")
def show(call: Call) -> Response:
    """``GET …/vaults/{name}``."""
    return call.answer(_shown(call, named(call, KIND)))


@router.add("POST", f"{SUBSCRIPTION}/providers/{_PROVIDER}/checkNameAvailability", f"{KIND}/read")
def check_name(call: Call) -> Response:
    """``POST …/checkNameAvailability``: a deleted vault's name is taken too."""
    name = str(call.body().get("name"))
    expire(call.store)
    if _kept(call, name) or vault_named(call.store, name):
        text = f"The name '{name}' is already in use."
        return call.answer({"nameAvailable": False, "reason": "AlreadyExists", "message": text})
    return call.answer({"nameAvailable": True})


@router.add("PUT", _ONE, f"{KIND}/write")
def create(call: Call) -> Response:
    """``PUT …/vaults/{name}``: 201 when new, else 200; ``createMode: recover`` brings a deleted one back."""
    name, given = call.params["name"], call.properties()
    if not _NAME.fullmatch(name):
        raise bad_request("VaultNameNotValid", f"The vault name '{name}' is invalid.")
    before = find(call, KIND)
    kept = None if before else _kept(call, name)
    if kept is not None:
        return _recovered(call, kept, given)
    if before is None and vault_named(call.store, name):
        text = f"The vault name '{name}' is already in use. Vault names are globally unique so it is possible that the "
        raise conflict("VaultAlreadyExists", text + "name is already taken.")
    doc = new(call, KIND, _properties(call, given, before), systemData=author(call, _made(before)))
    doc = put(call.store, "azure_resources", again(doc, before))
    return call.answer(_shown(call, doc), 200 if before else 201)


def _made(before: Doc | None) -> Doc | None:
    held = before["systemData"] if before else None
    return {name: held[name] for name in ("createdBy", "createdByType", "createdAt")} if held else None


def _properties(call: Call, given: Doc, before: Doc | None) -> Doc:
    """What is given, checked, and what a vault has anyway."""
    rbac = given.get("enableRbacAuthorization")
    if rbac is None:
        rbac = before["properties"]["enableRbacAuthorization"] if before else call.version >= _RBAC_BY_DEFAULT
    if "sku" not in given or "tenantId" not in given:
        raise bad_request("BadRequest", "The parameters 'sku' and 'tenantId' of the vault are required.")
    if "accessPolicies" not in given and not rbac and given.get("createMode") != "recover":
        raise bad_request("BadRequest", "The parameter 'accessPolicies' of the vault is required.")
    days = given.get("softDeleteRetentionInDays", 90)
    if not isinstance(days, int) or not 7 <= days <= 90:
        raise bad_request("BadRequest", "The property 'softDeleteRetentionInDays' must be between 7 and 90.")
    protected: Doc = {"enablePurgeProtection": True} if given.get("enablePurgeProtection") else {}
    if given.get("networkAcls"):
        protected["networkAcls"] = given["networkAcls"]
    return {
        "sku": given["sku"],
        "tenantId": given["tenantId"],
        "accessPolicies": [policy(one) for one in given.get("accessPolicies") or []],
        "enabledForDeployment": bool(given.get("enabledForDeployment")),
        "enableSoftDelete": True,
        "softDeleteRetentionInDays": days,
        "enableRbacAuthorization": rbac,
        **protected,
        "provisioningState": "Succeeded",
        "publicNetworkAccess": given.get("publicNetworkAccess") or "Enabled",
    }


def policy(given: Doc) -> Doc:
    """One access policy: a principal's permissions by kind of object."""
    if not isinstance(given, dict) or not isinstance(given.get("objectId"), str):
        raise bad_request("BadRequest", "An access policy of the vault has no 'objectId'.")
    application = {"applicationId": given["applicationId"]} if given.get("applicationId") else {}
    base = {"tenantId": given.get("tenantId"), "objectId": given["objectId"].lower()}
    return {**base, **application, "permissions": given.get("permissions") or {}}


@router.add("PATCH", _ONE, f"{KIND}/write")
def update(call: Call) -> Response:
    """``PATCH …/vaults/{name}``: tags and properties."""
    doc, given, body = named(call, KIND), call.properties(), call.body()
    if doc["properties"].get("enablePurgeProtection") and given.get("enablePurgeProtection") is False:
        raise bad_request("BadRequest", "The property 'enablePurgeProtection' cannot be set to false.")
    merged = {**doc["properties"], **{name: value for name, value in given.items() if value is not None}}
    merged["accessPolicies"] = [policy(one) for one in merged["accessPolicies"]]
    tags = checked_tags(body["tags"]) if "tags" in body else doc["tags"]
    return call.answer(_shown(call, _kept_with(call, doc, merged, tags)))


def _kept_with(call: Call, doc: Doc, properties: Doc, tags: Doc) -> Doc:
    return changed(call, doc, properties=properties, tags=tags, systemData=author(call, _made(doc)))


@router.add("DELETE", _ONE, f"{KIND}/delete")
def delete(call: Call) -> Response:
    """``DELETE …/vaults/{name}``: 200, kept for its retention; 204 if there is none."""
    doc = find(call, KIND)
    if doc is None:
        return empty(204)
    remove_resource(call.store, doc)
    return empty(200)


# -- access policies ---------------------------------------------------------------------------------------------------

_Change = Callable[[list[str], list[str]], list[str]]
_CHANGES: dict[str, _Change] = {
    "add": lambda held, given: [*held, *(one for one in given if one.lower() not in {h.lower() for h in held})],
    "remove": lambda held, given: [one for one in held if one.lower() not in {g.lower() for g in given}],
    "replace": lambda held, given: given,
}


@router.add("PUT", f"{_ONE}/accessPolicies/{{operation}}", f"{KIND}/accessPolicies/write")
def access_policies(call: Call) -> Response:
    """``PUT …/vaults/{name}/accessPolicies/{add|replace|remove}``: 201 when a principal is new, else 200."""
    doc, operation = named(call, KIND), call.params["operation"].lower()
    if operation not in _CHANGES:
        raise bad_request("BadRequest", f"The operation kind '{call.params['operation']}' is invalid.")
    given = [policy(one) for one in call.properties().get("accessPolicies") or []]
    held: dict[tuple[str, str], Doc] = {_key(one): one for one in doc["properties"]["accessPolicies"]}
    fresh = any(_key(one) not in held for one in given) and operation != "remove"
    for one in given:
        _apply(held, one, operation)
    properties = {**doc["properties"], "accessPolicies": list(held.values())}
    _kept_with(call, doc, properties, doc["tags"])
    key = f"{doc['path']}/accessPolicies/"
    body = {"id": key, "type": f"{KIND}/accessPolicies", "properties": {"accessPolicies": list(held.values())}}
    return call.answer(body, 201 if fresh else 200)


def _key(one: Doc) -> tuple[str, str]:
    return one["objectId"], one.get("applicationId", "")


def _apply(held: dict[tuple[str, str], Doc], given: Doc, operation: str) -> None:
    """Change one principal's permissions; whoever has none left is no longer there."""
    before = held.get(_key(given), {**given, "permissions": {}})
    kinds = {**before["permissions"], **given["permissions"]} if operation != "replace" else given["permissions"]
    changed_ = {
        kind: _CHANGES[operation](
            list(before["permissions"].get(kind) or []), list(given["permissions"].get(kind) or [])
        )
        for kind in kinds
    }
    if operation == "remove" and not any(given["permissions"].values()):
        changed_ = {}
    if any(changed_.values()):
        held[_key(given)] = {**before, "permissions": changed_}
    else:
        held.pop(_key(given), None)


# -- deleted vaults ----------------------------------------------------------------------------------------------------


def _kept(call: Call, name: str) -> Doc | None:
    expire(call.store)
    return call.store.get("azure_deleted_vaults", name.lower())


def _recovered(call: Call, kept: Doc, given: Doc) -> Response:
    if str(given.get("createMode", "")).lower() != "recover":
        text = (
            "A vault with the same name already exists in deleted state. You need to either recover or purge existing "
            "key vault. Follow this link https://go.microsoft.com/fwlink/?linkid=2149745 for more information on soft "
            "delete."
        )
        raise conflict("ConflictError", text)
    call.store.remove("azure_deleted_vaults", kept["id"])
    return call.answer(_shown(call, put(call.store, "azure_resources", kept["vault"])))


@router.add("GET", f"{SUBSCRIPTION}/providers/{_PROVIDER}/deletedVaults", f"{_PROVIDER}/deletedVaults/read")
def deleted_vaults(call: Call) -> Response:
    """``GET …/deletedVaults``."""
    expire(call.store)
    inside = scopes.key(f"/subscriptions/{call.params['subscription']}") + "/"
    there = call.store.seen_all("azure_deleted_vaults")
    found = [kept for kept in there if kept["vault"]["id"].startswith(inside)]
    return page(call, found, lambda kept: _deleted_shown(call, kept))


@router.add("GET", _DELETED, f"{_PROVIDER}/locations/deletedVaults/read")
def deleted_vault(call: Call) -> Response:
    """``GET …/locations/{region}/deletedVaults/{name}``."""
    return call.answer(_deleted_shown(call, _found(call)))


@router.add("POST", f"{_DELETED}/purge", f"{_PROVIDER}/locations/deletedVaults/purge/action")
def purge_vault(call: Call) -> Response:
    """``POST …/deletedVaults/{name}/purge``: 200; purge protection forbids it."""
    kept = _found(call)
    if kept["vault"]["properties"].get("enablePurgeProtection"):
        text = f"Operation 'DeletedVaultPurge' is not allowed: purge protection of the vault '{kept['id']}' is enabled."
        raise bad_request("MethodNotAllowed", text)
    purge(call.store, kept)
    return empty(200)


def _found(call: Call) -> Doc:
    kept = _kept(call, call.params["name"])
    if kept is None:
        text = f"The specified deleted vault '{call.params['name']}' does not exist."
        raise ArmError(404, "DeletedVaultNotFound", text)
    return kept


def _deleted_shown(call: Call, kept: Doc) -> Doc:
    vault = kept["vault"]
    root = f"/subscriptions/{scopes.subscription_of(vault['path'])}/providers/{_PROVIDER}/locations/{vault['location']}"
    properties = {
        "vaultId": vault["path"],
        "location": vault["location"],
        "deletionDate": at(kept["deleted"]),
        "scheduledPurgeDate": at(kept["purge"]),
        "tags": vault["tags"],
    }
    return {
        "id": f"{root}/deletedVaults/{vault['name']}",
        "name": vault["name"],
        "type": f"{_PROVIDER}/deletedVaults",
        "properties": properties,
    }
