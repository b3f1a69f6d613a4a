"""Cmdlets on distribution groups and mobile devices."""

from sandbox.exchange_admin_command import Command, Failed, address, cmdlet, mail_group, mailbox, not_found, recipient
from sandbox.exchange_admin_command import synced as synced_refusal
from sandbox.graph.groups.groups import after
from sandbox.graph.mail.services import erase, write
from sandbox.store import Doc, Store

_TASKS = "Microsoft.Exchange.Management.Tasks"


def _kind(group: Doc) -> str:
    return "MailUniversalSecurityGroup" if group.get("securityEnabled") else "MailUniversalDistributionGroup"


def _shown(group: Doc) -> Doc:
    return {
        "Identity": group["displayName"],
        "Name": group["mailNickname"],
        "Alias": group["mailNickname"],
        "DisplayName": group["displayName"],
        "PrimarySmtpAddress": group["mail"],
        "ExternalDirectoryObjectId": group["id"],
        "Guid": group["id"],
        "RecipientType": _kind(group),
        "RecipientTypeDetails": _kind(group),
        "IsDirSynced": bool(group.get("onPremisesSyncEnabled")),
        "ManagedBy": group.get("_owners") or [],
    }


def _group(command: Command, name: str = "Identity") -> Doc:
    identity = command.text(name)
    found = mail_group(command.store, identity)
    if found is None:
        raise not_found(identity)
    return found


@cmdlet("Get-DistributionGroup", "Identity Filter Anr ManagedBy RecipientTypeDetails SortBy")
def get_group(command: Command) -> list[Doc]:
    """One distribution group, or all; Microsoft 365 groups are none."""
    if command.has("Identity"):
        return [_shown(_group(command))]
    groups = command.store.all("groups")
    return [_shown(g) for g in groups if g.get("mailEnabled") and "Unified" not in (g.get("groupTypes") or ())]


@cmdlet("Get-DistributionGroupMember", "Identity IncludeSoftDeletedObjects")
def get_members(command: Command) -> list[Doc]:
    """The members of a distribution group."""
    found = (_member(command.store, key) for key in _group(command).get("_members") or ())
    return [item for item in found if item is not None]


def _member(store: Store, key: str) -> Doc | None:
    found = store.get("users", key) or store.get("groups", key)
    if found is None:
        return None
    box = store.get("mailboxes", key)
    kind = box["type"] if box else ("MailUser" if "userPrincipalName" in found else _kind(found))
    return {
        "Identity": found["displayName"],
        "Name": found["mailNickname"],
        "DisplayName": found["displayName"],
        "PrimarySmtpAddress": address(found),
        "ExternalDirectoryObjectId": key,
        "RecipientType": "UserMailbox" if box else kind,
        "RecipientTypeDetails": kind,
    }


@cmdlet("Add-DistributionGroupMember", "Identity Member BypassSecurityGroupManagerCheck")
def add_member(command: Command) -> list[Doc]:
    """Add a recipient; Entra shows it after its own lag."""
    group, who = _writable(command), recipient(command.store, command.text("Member"))
    if who["id"] in group["_members"]:
        raise Failed(
            f"{_TASKS}.MemberAlreadyExistsException",
            f'The recipient "{command.text("Member")}" is already a member of the group "{group["displayName"]}".',
        )
    _write(command.store, group, [*group["_members"], who["id"]], who["id"])
    return []


@cmdlet("Remove-DistributionGroupMember", "Identity Member BypassSecurityGroupManagerCheck")
def remove_member(command: Command) -> list[Doc]:
    """Take a recipient out."""
    group, who = _writable(command), recipient(command.store, command.text("Member"))
    if who["id"] not in group["_members"]:
        raise Failed(
            f"{_TASKS}.MemberNotFoundException",
            f'The recipient "{command.text("Member")}" isn\'t a member of the group "{group["displayName"]}".',
        )
    _write(command.store, group, [key for key in group["_members"] if key != who["id"]], who["id"])
    return []


def _writable(command: Command) -> Doc:
    group = _group(command)
    if group.get("onPremisesSyncEnabled"):
        raise synced_refusal(command.name, "Members", command.text("Identity"))
    return group


def _write(store: Store, group: Doc, members: list[str], changed: str) -> None:
    after(store, store.put("groups", {**group, "_members": members}), "_members", [changed])


# -- mobile devices ----------------------------------------------------------------------------------------------------


def _device(device: Doc) -> Doc:
    return {name: value for name, value in device.items() if not name.startswith("_") and name != "id"}


def _found(command: Command) -> Doc:
    identity = command.text("Identity")
    for device in command.store.all("mobile_devices"):
        if identity.lower() in (str(device["Identity"]).lower(), str(device["Guid"]).lower(), device["id"].lower()):
            return device
    raise not_found(identity)


@cmdlet("Get-MobileDevice", "Identity Mailbox ActiveSync OWAforDevices RestApi UniversalOutlook Filter SortBy")
def get_devices(command: Command) -> list[Doc]:
    """The mobile devices that synchronise a mailbox."""
    if command.has("Mailbox"):
        owner, _ = mailbox(command.store, command.text("Mailbox"))
        return [_device(device) for device in command.store.find("mobile_devices", "_mailbox", owner["id"])]
    if command.has("Identity"):
        return [_device(_found(command))]
    return [_device(device) for device in command.store.all("mobile_devices")]


@cmdlet("Clear-MobileDevice", "Identity AccountOnly Cancel NotificationEmailAddresses")
def clear_device(command: Command) -> list[Doc]:
    """Wipe a device, or only the account on it: pending until the device connects next."""
    device = _found(command)
    wipe = "AccountOnlyDeviceWipePending" if command.flag("AccountOnly") else "DeviceWipePending"
    write(
        command.store, "mobile_devices", {**device, "DeviceWipeStatus": "DeviceOk" if command.flag("Cancel") else wipe}
    )
    return []


@cmdlet("Remove-MobileDevice", "Identity")
def remove_device(command: Command) -> list[Doc]:
    """End a device's partnership with the mailbox."""
    erase(command.store, "mobile_devices", _found(command)["id"])
    return []
