"""What Exchange, OneDrive and Teams hold of the seeded company from the start; ids are the same every time.

Days of meetings follow the day of seeding, so that there are always some to come.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sandbox.graph.directory import security_identifier
from sandbox.graph.licences.licences import drive as drive_plan
from sandbox.graph.licences.licences import mailbox as mailbox_plan
from sandbox.graph.mail import meetings, services
from sandbox.graph.mail.delivery import recipient
from sandbox.graph.mail.outlook import zoned
from sandbox.graph.teams.rosters import new_team
from sandbox.seed_apps import assign_role, grant
from sandbox.seed_catalogue import EXCHANGE_ADMINISTRATOR, TENANT_ID, app_role, made
from sandbox.store import Doc, Store

SINCE = "2024-01-08T09:00:00Z"
DOMAIN = "practice.example"
EXCHANGE_APP_ID = "00000002-0000-0ff1-ce00-000000000000"
MANAGE_AS_APP = "dc50a0fb-09a3-484d-be87-e023b12c6440"
_RESOURCES = (("reception", "Reception", "SharedMailbox"), ("room.london", "Room London", "RoomMailbox"))


def seed(store: Store, employees: list[Doc]) -> None:
    """Mailboxes and drives of whoever is licensed, and of everything that behaves differently at least one."""
    for name, title, kind in _RESOURCES:
        _resource(store, name, title, kind)
    _provision(store)
    people = [employees[n % len(employees)] for n in range(20)]
    _rights(store, people)
    _rules(store, people)
    _meetings(store, people)
    _devices(store, people)
    _files(store, people)
    _groups(store, people)
    _administration(store)


def _provision(store: Store) -> None:
    """Mailbox and drive of everybody with a plan for them; few combinations of licences, many people."""
    entitled: dict[str, tuple[bool, bool]] = {}
    for user in store.all("users"):
        licences = repr(user.get("assignedLicenses"))
        if licences not in entitled:
            entitled[licences] = mailbox_plan(store, user), drive_plan(store, user)
        mailbox, drive = entitled[licences]
        if mailbox:
            store.put("mailboxes", services.new_mailbox(user["id"], SINCE), 0)
        if drive:
            store.put("drives", services.new_drive(user, SINCE), 0)


def _resource(store: Store, name: str, title: str, kind: str) -> None:
    """A mailbox nobody signs in to: shared, or a room; it needs no licence."""
    key, upn = made(f"user/{name}"), f"{name}@{DOMAIN}"
    model = store.get("users", made("user/iam-notices")) or {}
    unlicensed: Doc = {"accountEnabled": False, "assignedLicenses": [], "licenseAssignmentStates": []}
    names = {"displayName": title, "givenName": None, "surname": None, "mailNickname": name, "mail": upn}
    address = {"userPrincipalName": upn, "proxyAddresses": [f"SMTP:{upn}"]}
    own = {"id": key, "securityIdentifier": security_identifier(key)}
    store.put("users", {**model, **own, **names, **address, **unlicensed}, 0)
    store.put("mailboxes", services.new_mailbox(key, SINCE, kind), 0)


def _rights(store: Store, people: list[Doc]) -> None:
    """Rights of one person on the mailbox and the calendar of another, forwarding, and a litigation hold."""
    helper, chief, keeper = people[7], people[1], people[9]
    full = [{"user": helper["mail"], "rights": ["FullAccess"]}]
    _change(store, made("user/reception"), rights=full, send_as=[helper["mail"]])
    _change(store, chief["id"], rights=full, exchange={"GrantSendOnBehalfTo": [helper["mail"]]},
            folders={"calendar": {helper["mail"]: {"rights": ["Editor"], "flags": "Delegate"}}})  # fmt: skip
    hold = {"LitigationHoldEnabled": True, "LitigationHoldDate": SINCE, "LitigationHoldOwner": "practice"}
    _change(store, keeper["id"], exchange={**hold, "LitigationHoldDuration": "Unlimited"})
    store.put("exchange_organisation", {"id": "config", "InPlaceHolds": [f"mbx{UUID(made('policy/delete')).hex}:1"]}, 0)


def _change(store: Store, user_id: str, **values: object) -> None:
    store.put("mailboxes", {**(store.get("mailboxes", user_id) or {}), **values}, 0)


def _rules(store: Store, people: list[Doc]) -> None:
    """Inbox rules: one that forwards outside, one that tidies up."""
    rules = (
        (people[8], "Forward to private", {"forwardTo": [_outside("private@elsewhere.example")]}),
        (people[6], "Newsletters", {"markAsRead": True, "stopProcessingRules": True}),
    )
    for person, name, actions in rules:
        doc = {
            "id": f"AQAAA{UUID(made(f'rule/{name}')).hex}=",
            "_mailbox": person["id"],
            "displayName": name,
            "sequence": 1,
            "isEnabled": True,
            "hasError": False,
            "isReadOnly": False,
            "conditions": {"subjectContains": ["newsletter"]} if name == "Newsletters" else {},
            "actions": actions,
        }
        store.put("message_rules", doc, 0)


def _outside(address: str) -> Doc:
    return {"emailAddress": {"name": address, "address": address}}


def _meetings(store: Store, people: list[Doc]) -> None:
    """Each head's weekly meeting without end, a meeting to come, one gone by."""
    day = store.now().replace(hour=9, minute=0, second=0, microsecond=0)
    room = {"type": "resource", "emailAddress": {"name": "Room London", "address": f"room.london@{DOMAIN}"}}
    for chief, others in ((people[1], (5, 9)), (people[2], (6, 10)), (people[5], (1, 9))):
        attendees = [{"type": "required", **recipient(people[n])} for n in others]
        weekly = {
            "pattern": {"type": "weekly", "interval": 1, "daysOfWeek": ["monday"], "firstDayOfWeek": "sunday"},
            "range": {"type": "noEnd", "startDate": "2024-01-08"},
        }
        first = datetime.fromisoformat(SINCE)
        _meeting(store, chief, "Team meeting", first, {"attendees": attendees, "recurrence": weekly})
        _meeting(store, chief, "Budget review", day + timedelta(days=14), {"attendees": [*attendees, room]})
        _meeting(store, chief, "Kick-off", day - timedelta(days=30), {"attendees": attendees})


def _meeting(store: Store, organiser: Doc, subject: str, start: datetime, values: Doc) -> None:
    raw = UUID(made(f"event/{organiser['id']}/{subject}"))
    times = {"subject": subject, "start": zoned(start), "end": zoned(start + timedelta(hours=1))}
    meetings.create(store, organiser, {**values, **times}, f"AAMkA{raw.hex}AAA=", raw.hex.upper())


def _devices(store: Store, people: list[Doc]) -> None:
    """Phones that synchronise a mailbox."""
    for number, person in enumerate((people[5], people[8])):
        key = made(f"mobile/{person['id']}")
        doc = {
            "id": key,
            "_mailbox": person["id"],
            "Identity": f"{person['mailNickname']}\\ExchangeActiveSyncDevices\\Hx§Outlook§{UUID(key).hex[:16].upper()}",
            "Guid": key,
            "FriendlyName": "Outlook for iOS and Android",
            "DeviceId": UUID(key).hex.upper(),
            "DeviceType": "Outlook",
            "DeviceModel": "Outlook for iOS and Android",
            "DeviceOS": ("iOS 17.5", "Android 14")[number],
            "ClientType": "Outlook",
            "DeviceAccessState": "Allowed",
            "DeviceWipeStatus": "DeviceOk",
            "UserDisplayName": person["displayName"],
            "FirstSyncTime": SINCE,
        }
        store.put("mobile_devices", doc, 0)


def _files(store: Store, people: list[Doc]) -> None:
    """A folder of work, shared with a colleague."""
    owner = people[5]
    drive = services.drive_id(owner["id"])
    folder = services.item_id(UUID(made(f"folder/{owner['id']}")))
    doc = {
        "id": folder,
        "_drive": drive,
        "_parent": services.root_id(drive),
        "name": "Handover",
        "folder": True,
        "size": 0,
        "created": SINCE,
        "modified": SINCE,
        "version": 1,
        "sequence": 0,
        "by": {"displayName": owner["displayName"], "id": owner["id"], "email": owner["mail"]},
    }
    store.put("drive_items", doc, 0)
    services.grant(store, drive, folder, people[9], ["read"])


def _groups(store: Store, people: list[Doc]) -> None:
    """Distribution lists, one of them synced, and two teams, one with a single owner among the employees."""
    _copied(store, "All offices", [p["id"] for p in people[:8]], securityEnabled=False)
    synced = {"securityEnabled": False, "onPremisesSyncEnabled": True, "onPremisesLastSyncDateTime": SINCE}
    _copied(store, "Works council", [p["id"] for p in people[10:14]], **synced)
    unified = {"groupTypes": ["Unified"], "securityEnabled": False, "resourceProvisioningOptions": ["Team"]}
    members = list(dict.fromkeys(p["id"] for p in people[5:9]))
    project = _copied(store, "Project Aurora", members, _owners=[people[6]["id"]], visibility="Private", **unified)
    news = store.get("groups", made("group/Company news")) or {}
    news = store.put("groups", {**news, "_owners": [people[0]["id"]], "resourceProvisioningOptions": ["Team"]}, 0)
    for group in (news, project):
        store.put("teams", new_team(group, SINCE), 0)


def _copied(store: Store, name: str, members: list[str], **values: object) -> Doc:
    """Another mail-enabled group."""
    key, nickname = made(f"group/{name}"), name.lower().replace(" ", "-")
    model = store.get("groups", made("group/Announcements")) or {}
    own = {"id": key, "displayName": name, "mailNickname": nickname, "mail": f"{nickname}@{DOMAIN}"}
    identifier = {"securityIdentifier": security_identifier(key), "proxyAddresses": [f"SMTP:{nickname}@{DOMAIN}"]}
    members = list(dict.fromkeys(members))
    return store.put("groups", {**model, **own, **identifier, "_members": members, "_owners": [], **values}, 0)


def _administration(store: Store) -> None:
    """Exchange's own service principal, and the platform's permissions and role there."""
    roles = {"Exchange.ManageAsApp": MANAGE_AS_APP, "Exchange.ManageAsAppV2": made("app-role/Exchange.ManageAsAppV2")}
    principal = {
        "id": made("principal/exchange"),
        "appId": EXCHANGE_APP_ID,
        "displayName": "Office 365 Exchange Online",
        "appDisplayName": "Office 365 Exchange Online",
        "accountEnabled": True,
        "appOwnerOrganizationId": TENANT_ID,
        "appRoleAssignmentRequired": False,
        "createdDateTime": SINCE,
        "servicePrincipalNames": [EXCHANGE_APP_ID, "https://outlook.office365.com"],
        "servicePrincipalType": "Application",
        "signInAudience": "AzureADMultipleOrgs",
        "appRoles": [app_role(value, role_id, ("Application",)) for value, role_id in roles.items()],
        "oauth2PermissionScopes": [],
    }
    store.put("service_principals", principal, 0)
    for role_id in roles.values():
        grant(store, made("principal/platform"), "ServicePrincipal", made("principal/exchange"), role_id)
    assign_role(store, made("principal/platform"), EXCHANGE_ADMINISTRATOR)
