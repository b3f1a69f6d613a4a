"""Reading the tenant's facts about one person: the look that a plan is made from.

By object id wherever one is known; by employee id only to find somebody nobody has met yet, since filters lag most.
"""

import asyncio
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from connectors.errors import NotFound
from connectors.graph_models import Group, LicenceState, RoleAssignment, Sku, User
from connectors.graph_reads import GraphReads
from domain.snapshot import MAX_EMPLOYEE_ID, Account, Catalogue, Contact, Grant, GroupFact, SkuFact, Source

T = TypeVar("T")
CATALOGUE_SECONDS = 600.0
CONTACT_SECONDS = 300.0
SOURCES: dict[str, Source] = {"dynamic": "dynamic", "synced": "synced", "mail_enabled": "exchange"}
PROPERTIES = (
    *("displayName", "givenName", "surname", "employeeId", "employeeType", "employeeHireDate", "jobTitle"),
    *("department", "companyName", "officeLocation", "usageLocation"),
)


class AmbiguousPersonError(LookupError):
    """Several accounts carry one employee id: whose it is only a person can say."""


class VanishedError(LookupError):
    """An account that is known by its id is not shown: a replica lags, or it was purged."""


@dataclass
class _Kept:
    """Answers that change rarely, each with the moment it is asked for again."""

    seconds: float
    values: dict[str, tuple[float, Any]] = field(default_factory=dict)
    locks: defaultdict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    async def get(self, key: str, read: Callable[[], Awaitable[T | None]]) -> T | None:
        """The kept answer, or a new one, read once for all who ask now; that there is nothing is not kept."""
        async with self.locks[key]:
            until, value = self.values.get(key, (0.0, None))
            if value is None or time.monotonic() >= until:
                value = await read()
                self.values[key] = (time.monotonic() + self.seconds, value)
            found: T | None = value
            return found


class Directory:
    """What the tenant says, in the words of the domain. ``extension`` holds employee ids over 16 characters."""

    def __init__(self, graph: GraphReads, extension: str) -> None:
        self._graph = graph
        self._extension = extension
        self._catalogue = _Kept(CATALOGUE_SECONDS)
        self._contacts = _Kept(CONTACT_SECONDS)

    async def find(self, employee_id: str, known: str | None) -> Account | None:
        """The person's account: the known one, soft-deleted or not, else the only one with the employee id.

        Raises :class:`AmbiguousPersonError`, and :class:`VanishedError` if the known one cannot be seen.
        """
        if known is not None:
            return await self.account(known)
        users = [user for user in await self._carrying(employee_id) if user.user_type != "Guest"]
        if len(users) > 1:
            ids = ", ".join(user.id for user in users)
            raise AmbiguousPersonError(
                f"{len(users)} accounts carry the employee id {employee_id} ({ids}); leave it on one of them and retry."
            )
        return await self.account(users[0].id) if users else None

    async def account(self, object_id: str) -> Account:
        """The account with this id, soft-deleted or not. Raises :class:`VanishedError`."""
        try:
            return account_of(await self._graph.user(object_id))
        except NotFound:
            deleted = await self._graph.deleted_user(object_id)
            if deleted is None:
                raise VanishedError(f"The tenant does not show account {object_id}, live or deleted.") from None
            return account_of(deleted).model_copy(update={"deleted": True})

    async def with_manager(self, account: Account) -> Account:
        """The account with who it reports to."""
        return account.model_copy(update={"manager_id": await self._graph.manager_id(account.object_id)})

    async def grants(
        self, account: Account, *, groups: bool = True, roles: bool = True, licences: bool = True
    ) -> tuple[Grant, ...]:
        """What a live account has of the kinds asked for, with the sources."""
        member_of, holds, skus = await asyncio.gather(
            self._graph.groups_of(account.object_id) if groups else _nothing(),
            self._graph.role_assignments(account.object_id) if roles else _nothing(),
            self._skus() if licences else _nothing(),
        )
        names = {sku.id: part for part, sku in (skus or {}).items()}
        named = [item.model_copy(update={"name": names.get(item.id, item.id)}) for item in account.licences]
        return (*map(_group_grant, member_of or ()), *map(_role_grant, holds or ()), *(named if licences else ()))

    async def catalogue(self, groups: Iterable[str], *, licences: bool = True) -> Catalogue:
        """The ids behind names: the given groups, and (unless not asked for) all licences and directory roles."""
        wanted = sorted(set(groups))
        found, skus, roles = await asyncio.gather(
            asyncio.gather(*(self._group(name) for name in wanted)),
            self._skus() if licences else _nothing(),
            self._roles() if licences else _nothing(),
        )
        return Catalogue(
            groups={group.name: group for group in found if group is not None}, skus=skus or {}, roles=roles or {}
        )

    async def contact(self, employee_id: str, known: str | None) -> Contact | None:
        """Somebody's live account as whom to tell and to report to; None if there is none, or more than one."""
        return await self._contacts.get(f"employee {employee_id}", lambda: self._contact(self.find(employee_id, known)))

    async def contact_by_id(self, object_id: str) -> Contact | None:
        """The same by object id."""
        return await self._contacts.get(f"object {object_id}", lambda: self._contact(self.account(object_id)))

    async def _contact(self, finding: Awaitable[Account | None]) -> Contact | None:
        try:
            account = await finding
        except (AmbiguousPersonError, VanishedError):
            return None
        if account is None or account.deleted:
            return None
        return Contact(object_id=account.object_id, mail=account.mail or account.upn)

    async def _carrying(self, employee_id: str) -> list[User]:
        extension = self._extension if len(employee_id) > MAX_EMPLOYEE_ID else None
        return await self._graph.users_by_employee_id(employee_id, extension)

    async def _group(self, name: str) -> GroupFact | None:
        return await self._catalogue.get(f"group {name}", lambda: self._read_group(name))

    async def _read_group(self, name: str) -> GroupFact | None:
        found = await self._graph.groups_by_name(name)
        if len(found) != 1:
            return None
        group = found[0]
        source = SOURCES.get(group.kind, "direct")
        return GroupFact(id=group.id, name=name, source=source, privileged=bool(group.is_assignable_to_role))

    async def _skus(self) -> dict[str, SkuFact] | None:
        return await self._catalogue.get("skus", self._read_skus)

    async def _read_skus(self) -> dict[str, SkuFact] | None:
        return {sku.sku_part_number: _sku_fact(sku) for sku in await self._graph.subscribed_skus()} or None

    async def _roles(self) -> dict[str, str] | None:
        return await self._catalogue.get("roles", self._read_roles)

    async def _read_roles(self) -> dict[str, str] | None:
        roles = await self._graph.role_definitions()
        return {role.display_name: role.id for role in roles if role.display_name} or None


def account_of(user: User) -> Account:
    """A user as the domain sees them."""
    extensions = {name: value for name, value in (user.on_premises_extension_attributes or {}).items() if value}
    read = user.model_dump(mode="json", by_alias=True)
    attributes = {name: read[name] for name in PROPERTIES} | {"onPremisesExtensionAttributes": extensions}
    return Account(
        object_id=user.id,
        upn=user.user_principal_name,
        mail=user.mail,
        enabled=bool(user.account_enabled),
        deleted=user.deleted_date_time is not None,
        synced=bool(user.on_premises_sync_enabled),
        attributes=attributes,
        sessions_valid_from=read["signInSessionsValidFromDateTime"],
        password_changed_at=read["lastPasswordChangeDateTime"],
        licences=tuple(map(_licence_grant, user.license_assignment_states)),
    )


def _group_grant(group: Group) -> Grant:
    return Grant(
        kind="group",
        name=group.display_name or group.id,
        id=group.id,
        source=SOURCES.get(group.kind, "direct"),
        privileged=bool(group.is_assignable_to_role),
    )


def _role_grant(assignment: RoleAssignment) -> Grant:
    name = assignment.role_name or assignment.role_definition_id
    return Grant(
        kind="directory_role",
        name=name,
        id=assignment.role_definition_id,
        privileged=True,
        scope=assignment.directory_scope_id,
    )


def _licence_grant(state: LicenceState) -> Grant:
    return Grant(
        kind="licence",
        name=state.sku_id,
        id=state.sku_id,
        source="direct" if state.direct else "by_group",
        disabled_plans=tuple(sorted(state.disabled_plans)),
    )


def _sku_fact(sku: Sku) -> SkuFact:
    plans = {plan.service_plan_name: plan.service_plan_id for plan in sku.service_plans if plan.service_plan_name}
    return SkuFact(id=sku.sku_id, part=sku.sku_part_number, plans=plans)


async def _nothing() -> None:
    return None
