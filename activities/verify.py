"""``records.verify``: read back by id what the steps before were to bring about. Evidence is what was read."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from temporalio import activity

from activities.attempt import beating, seed
from activities.failures import StepError, failure_of
from activities.outcomes import begin_or_recall, row_of, stored_outcome
from activities.snapshot import Directory, VanishedError
from activities.step import object_id_of
from connectors.errors import WireError
from connectors.tally import Tally, tallying
from domain.planning import Check, Verdict, judge
from domain.runsheet import URGENT_QUEUE, Outcome, StepCall
from domain.snapshot import Account, Grant
from ledger import Entry, Ledger, LifecyclePatch, StepPatch

FIRST_DELAY = 0.3
REPAIR_TRIES = 3
"""How often a repaired account is read, a settling time apart, before the repair is said to have had no effect."""
NAMED = 5
CUT = {"enabled", "sessions"}
ASKED_APART = {"group", "directory_role"}
"""What the account itself does not show: asked for only once all else is seen, since a stale answer costs a reading."""


@dataclass(frozen=True)
class _Seen:
    """What one reading showed."""

    account: Account | None
    grants: tuple[Grant, ...]
    verdicts: Sequence[Verdict]

    @property
    def missing(self) -> list[Verdict]:
        """What should be there and is not, or is there and should be gone."""
        return [verdict for verdict in self.verdicts if not verdict.seen]

    @property
    def is_cut(self) -> bool:
        """Disabled and sessions revoked, read back."""
        shown = {verdict.check.aspect for verdict in self.verdicts if verdict.seen and verdict.check.aspect in CUT}
        return shown == CUT


class Verifying:
    """Looks, and says what it saw. ``settle``: seconds until a read surely shows a write."""

    def __init__(self, ledger: Ledger, directory: Directory, settle: float) -> None:
        self._ledger = ledger
        self._directory = directory
        self._settle = settle

    @property
    def activities(self) -> list[Callable[..., Any]]:
        """What a worker registers."""
        return [self.verify]

    @activity.defn(name="records.verify")
    async def verify(self, call: StepCall) -> Outcome:
        """Done once every check of ``call.input`` is seen; until then it comes again, at longer and longer intervals.

        With ``repair`` what is missing (after ``repair_after`` attempts) is asked for again (``Outcome.again``); what
        stays missing has had no effect.
        With ``cut`` the moment at which access was seen to be gone goes into the lifecycle.
        """
        attempt = activity.info().attempt
        recorded = await asyncio.to_thread(begin_or_recall, self._ledger, call, attempt)
        if recorded is not None:
            return recorded
        tally = Tally(seed(call, attempt), urgent=activity.info().task_queue == URGENT_QUEUE)
        async with beating(attempt):
            try:
                with tallying(tally):
                    seen = await self._read(call)
                return await self._conclude(call, attempt, tally, seen)
            except (WireError, StepError) as error:
                raise failure_of(error).as_application_error(call, attempt) from error

    async def _read(self, call: StepCall) -> _Seen:
        checks = await asyncio.to_thread(self._checks, call)
        account = await self._account(object_id_of(call), checks)
        if account is None or account.deleted:
            return _Seen(account, (), judge(checks, account, ()))
        of_account = [check for check in checks if check.aspect not in ASKED_APART]
        early = _Seen(account, account.licences, judge(of_account, account, account.licences))
        if early.missing and not call.input.get("repair"):
            return early
        kinds = {check.aspect for check in checks}
        grants = await self._directory.grants(account, groups="group" in kinds, roles="directory_role" in kinds)
        return _Seen(account, grants, judge(checks, account, grants))

    async def _account(self, object_id: str, checks: Sequence[Check]) -> Account | None:
        try:
            account = await self._directory.account(object_id)
        except VanishedError:
            return None
        if account.deleted or not any(check.aspect == "manager" for check in checks):
            return account
        return await self._directory.with_manager(account)

    def _checks(self, call: StepCall) -> list[Check]:
        """What is to be seen; not what an administrator has waived by leaving its step out."""
        lifecycle = self._ledger.lifecycle(call.lifecycle_id)
        waived = {step.name for step in lifecycle.steps if step.state == "skipped"} if lifecycle else set()
        checks = [Check.model_validate(item) for item in call.input["checks"]]
        return [check for check in checks if check.step not in waived]

    async def _conclude(self, call: StepCall, attempt: int, tally: Tally, seen: _Seen) -> Outcome:
        if call.input.get("cut") and seen.is_cut and seen.account is not None:
            await asyncio.to_thread(self._record_cut, call, seen.account)
        if not seen.missing:
            outcome = Outcome(evidence=_evidence(call, seen), grade="observed")
            return await asyncio.to_thread(self._record, call, attempt, tally, outcome)
        again = _repair(seen.missing) if call.input.get("repair") else Outcome()
        waited = attempt > call.input.get("repair_after", 0) if call.round == 0 else attempt >= REPAIR_TRIES
        if again.again and waited:
            return await asyncio.to_thread(self._record, call, attempt, tally, again)
        delay = self._settle if call.round else min(FIRST_DELAY * 2 ** (attempt - 1), self._settle)
        raise StepError("NotYetSeen", _not_seen(seen), retryable=True, delay=delay, benign=True)

    def _record_cut(self, call: StepCall, account: Account) -> None:
        """The first reading that showed it counts, whatever else was still to come."""
        key = f"{call.lifecycle_id}/cut/{account.object_id}"
        entry = Entry(
            key=key,
            kind="cut",
            actor=call.actor,
            employee_id=call.employee_id,
            event_id=call.event_id,
            lifecycle_id=call.lifecycle_id,
            reason=call.reason,
            body={"object_id": account.object_id, "sessions_valid_from": account.sessions_valid_from},
        )
        self._ledger.append(entry, lifecycle=LifecyclePatch(call.lifecycle_id, cut_at=datetime.now(UTC)))

    def _record(self, call: StepCall, attempt: int, tally: Tally, outcome: Outcome) -> Outcome:
        body = {"evidence": outcome.evidence, "grade": outcome.grade, "again": outcome.again}
        counts = {"attempt": attempt, "requests": tally.requests, "throttled": tally.throttled}
        patch = StepPatch(
            call.step,
            leg=call.leg,
            activity="records.verify",
            state="waiting" if outcome.again else "done",
            attempts=attempt,
            evidence=outcome.evidence,
            grade=outcome.grade,
        )
        record = self._ledger.append(row_of(call, "step.done", body | counts, outcome), steps=[patch])
        return stored_outcome(record) or outcome


def _repair(missing: Sequence[Verdict]) -> Outcome:
    """What to begin again, and steps of their own for what no repeating brings back."""
    mending = [verdict.check.mend for verdict in missing if verdict.check.mend is not None]
    repeating = [verdict.check.step for verdict in missing if verdict.check.step is not None]
    names = list(dict.fromkeys([*repeating, *(step.name for step in mending)]))
    return Outcome(evidence={"missing": [verdict.check.label for verdict in missing]}, steps=mending, again=names)


def _evidence(call: StepCall, seen: _Seen) -> dict[str, Any]:
    """What was read, in the tenant's own words; no names of people."""
    account = seen.account
    shown: dict[str, Any] = {"object_id": object_id_of(call), "seen": [item.check.label for item in seen.verdicts]}
    if account is None or account.deleted:
        return shown | {"deleted": True}
    held = [item.model_dump(mode="json", include={"kind", "name", "id", "source"}) for item in seen.grants]
    return shown | {
        "enabled": account.enabled,
        "sessions_valid_from": account.sessions_valid_from,
        "password_changed_at": account.password_changed_at,
        "has": held,
    }


def _not_seen(seen: _Seen) -> str:
    labels = [verdict.check.label for verdict in seen.missing]
    more = f" and {len(labels) - NAMED} more" if len(labels) > NAMED else ""
    return f"The tenant does not show yet: {', '.join(labels[:NAMED])}{more}."
