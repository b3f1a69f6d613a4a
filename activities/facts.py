"""Gathering what a plan depends on: the tenant's facts, HR's truth, and the person's other lifecycles."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from activities.snapshot import Directory, VanishedError
from domain.events import Envelope, Update
from domain.planning import Phase, Request
from domain.policy import Policy
from domain.runsheet import StepCall
from domain.snapshot import Account, Catalogue, Contact, Grant, Snapshot
from ledger import Entry, Ledger, LifecycleView, PersonPatch, PersonRow

QUICK_TRIES = 4
"""How often what is not found is looked for, a settling time apart, before it is said that it is not there."""
STAND_INS = 3
"""How far up the line a missing manager's own manager is looked for."""
READS_GRANTS: frozenset[Phase] = frozenset({"join", "move", "contain", "strip"})
READS_MANAGER: frozenset[Phase] = frozenset({"prepare", "join", "move", "strip"})


@dataclass(frozen=True)
class _Known:
    """What the ledger knows about a person and about the lifecycle at work."""

    person: PersonRow | None
    others: Sequence[LifecycleView]
    taken: frozenset[str]

    @property
    def never_had_account(self) -> bool:
        """HR told of a hire, and no lifecycle has recorded an account."""
        return self.person is not None and self.person.object_id is None and "hire_date" in self.person.attributes


class Facts:
    """Makes the request that planning answers."""

    def __init__(self, ledger: Ledger, directory: Directory, policy: Policy) -> None:
        self._ledger = ledger
        self._directory = directory
        self._policy = policy

    async def request(self, call: StepCall, attempt: int) -> Request:
        """Everything that the plan of ``call.input``'s phase depends on, read now."""
        phase: Phase = call.input["phase"]
        envelope = Envelope.model_validate(call.input["envelope"])
        known = await asyncio.to_thread(self._known, call, envelope)
        person = known.person.attributes if known.person else {}
        object_id = call.facts.get("object_id") or (known.person.object_id if known.person else None)
        account = await self._find(call.employee_id, object_id, attempt)
        return Request(
            phase=phase,
            envelope=envelope,
            person=person,
            policy=self._policy,
            snapshot=await self._snapshot(phase, account, person),
            now=datetime.now(UTC),
            taken=known.taken,
            facts=call.facts,
            has_left=any(map(_ends_employment, known.others)),
            joining=any(other.kind == "joiner" for other in known.others),
            never_had_account=attempt >= QUICK_TRIES and known.never_had_account,
        )

    def _known(self, call: StepCall, envelope: Envelope) -> _Known:
        if isinstance(envelope.event, Update) and call.input["phase"] == "move":
            self._tell(call, envelope, envelope.event)
        lifecycle = self._ledger.lifecycle(call.lifecycle_id)
        names = {step.name for step in lifecycle.steps} if lifecycle else set()
        others = [item for item in self._ledger.open_lifecycles(call.employee_id) if item.id != call.lifecycle_id]
        return _Known(self._ledger.person(call.employee_id), others, frozenset(names - {call.step}))

    def _tell(self, call: StepCall, envelope: Envelope, event: Update) -> None:
        """HR's word holds from its moment on, whatever becomes of the plan: a joiner of tomorrow goes by it."""
        changes = event.changes.given()
        entry = Entry(
            key=f"{call.lifecycle_id}/person",
            kind="person.changed",
            actor=call.actor,
            employee_id=call.employee_id,
            event_id=call.event_id,
            lifecycle_id=call.lifecycle_id,
            body={"fields": sorted(changes)},
            personal={"changes": changes},
        )
        patch = PersonPatch(call.employee_id, effective_at=envelope.effective_at, changes=changes)
        self._ledger.append(entry, person=patch)

    async def _find(self, employee_id: str, object_id: str | None, attempt: int) -> Account | None:
        """A known account that stays unseen was purged: then whoever carries the employee id now counts."""
        try:
            return await self._directory.find(employee_id, object_id)
        except VanishedError:
            if attempt < QUICK_TRIES:
                raise
            return await self._directory.find(employee_id, None)

    async def _snapshot(self, phase: Phase, account: Account | None, person: dict[str, Any]) -> Snapshot:
        whole, grants, catalogue, manager = await asyncio.gather(
            self._with_manager(phase, account),
            self._grants(phase, account),
            self._catalogue(phase),
            self._manager(phase, person),
        )
        if manager is None and phase == "strip" and whole is not None and whole.manager_id is not None:
            manager = await self._directory.contact_by_id(whole.manager_id)
        return Snapshot(account=whole, grants=grants, catalogue=catalogue, manager=manager)

    async def _with_manager(self, phase: Phase, account: Account | None) -> Account | None:
        if account is None or account.deleted or phase not in READS_MANAGER:
            return account
        return await self._directory.with_manager(account)

    async def _grants(self, phase: Phase, account: Account | None) -> tuple[Grant, ...]:
        if account is None or account.deleted or phase not in READS_GRANTS:
            return ()
        return await self._directory.grants(account, licences=phase != "contain")

    async def _catalogue(self, phase: Phase) -> Catalogue:
        if phase in ("join", "move"):
            return await self._directory.catalogue(self._policy.groups)
        block = [self._policy.block_group] if self._policy.block_group and phase in ("contain", "strip") else []
        return await self._directory.catalogue(block, licences=False)

    async def _manager(self, phase: Phase, person: dict[str, Any]) -> Contact | None:
        """HR's manager, or the nearest one up the line who has an account."""
        asked = employee_id = person.get("manager_id") if phase in READS_MANAGER else None
        for _ in range(STAND_INS):
            if employee_id is None:
                return None
            row = await asyncio.to_thread(self._ledger.person, employee_id)
            contact = await self._directory.contact(employee_id, row.object_id if row else None)
            if contact is None and row is not None and row.object_id and row.upn:
                contact = await self._not_yet_shown(row)
            if contact is not None:
                via = None if employee_id == asked else f"manager {asked} has no account: {employee_id} stands in"
                return contact.model_copy(update={"via": via})
            employee_id = row.attributes.get("manager_id") if row else None
        return None

    async def _not_yet_shown(self, row: PersonRow) -> Contact | None:
        """An account made a moment ago may not be shown yet: what was recorded of it is enough to report to it."""
        try:
            await self._directory.account(row.object_id or "")
        except VanishedError:
            return Contact(object_id=row.object_id or "", mail=row.upn or "")
        return None


def _ends_employment(other: LifecycleView) -> bool:
    """A termination whose moment has come; a parked step or a hold makes nobody an employee again."""
    return other.event_type == "termination" and other.status not in ("scheduled", "awaiting_approval")
