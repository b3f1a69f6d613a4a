"""What an administrator can tell a lifecycle: one update a verb, refused where it makes no sense."""

import asyncio
import contextlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from domain.runsheet import LifecycleStatus, StepRun
    from workflows import contract
    from workflows.lifecycle import Lifecycle

SOON = timedelta(seconds=5)
"""How long an answer may wait to show the end that was asked for."""


class CommandedLifecycle(Lifecycle):
    """A lifecycle with its commands. Each writes its row first, so that the answer can show what is so now."""

    def __init__(self, start: contract.LifecycleStart) -> None:
        super().__init__(start)
        self._one_at_a_time = asyncio.Lock()

    @workflow.query(name="run_sheet")
    def run_sheet(self) -> list[StepRun]:
        """The steps and how far they are."""
        return list(self.sheet.runs.values())

    @workflow.update(name="retry")
    async def retry(self, command: contract.Retry) -> None:
        """Begin a parked step (all parked ones if none is named) anew."""
        async with self._one_at_a_time:
            self._refuse_retry(command)
            runs = [self.sheet.runs[command.step]] if command.step else self.sheet.in_attention
            begun = [run.model_copy(update={"state": "waiting", "cause": None, "last_error": None}) for run in runs]
            await self._write("retry", command, status=self._status_after(solved=runs), steps=begun)
            for run in runs:
                self.sheet.retry(run.step.name, command.input)
            self.publish()

    @retry.validator
    def _refuse_retry(self, command: contract.Retry) -> None:
        if command.step is None:
            self._refuse_unless(bool(self.sheet.in_attention), "no step of this lifecycle needs somebody")
        else:
            run = self._known(command.step)
            self._refuse_unless(run.state == "attention", f"step {command.step!r} is {run.state}, not in attention")
        self._refuse_unless(command.input is None or command.step is not None, "a corrected input needs a step")

    @workflow.update(name="skip")
    async def skip(self, command: contract.Skip) -> None:
        """Leave a parked or waiting step out, as waived."""
        async with self._one_at_a_time:
            self._refuse_skip(command)
            run = self.sheet.runs[command.step]
            evidence = {"skipped_by": command.actor, "reason": command.reason}
            waived = {"state": "skipped", "grade": "waived", "evidence": evidence, "cause": None, "last_error": None}
            skipped = run.model_copy(update={**waived, "ended_at": workflow.now()})
            self.sheet.skip(command.step, evidence)
            await self._write("skip", command, status=self._status_after(), steps=[skipped])
            self.publish()

    @skip.validator
    def _refuse_skip(self, command: contract.Skip) -> None:
        run = self._known(command.step)
        self._refuse_unless(self.sheet.can_skip(run), f"step {command.step!r} is {run.state}")

    @workflow.update(name="cancel")
    async def cancel(self, command: contract.Cancel) -> None:
        """End the lifecycle in one of the three modes."""
        async with self._one_at_a_time:
            self._refuse_cancel(command)
            at_once = command.mode == "stop" or not self.sheet.runs
            await self._write("cancel", command, status=None if at_once else "running")
            self.interrupt(command.mode, command.actor, command.reason)
            if at_once:
                with contextlib.suppress(TimeoutError):
                    await workflow.wait_condition(lambda: self.over, timeout=SOON)

    @cancel.validator
    def _refuse_cancel(self, command: contract.Cancel) -> None:
        self._refuse_unless(self.status != "completed", "the lifecycle is completed; HR corrects by a new event")

    @workflow.update(name="hold")
    async def hold(self, command: contract.Command) -> None:
        """Begin no further step until released; attempts in hand end."""
        async with self._one_at_a_time:
            self._refuse_hold(command)
            self.sheet.held = True
            await self._write("hold", command, status=self._status_after())
            self.publish()

    @hold.validator
    def _refuse_hold(self, command: contract.Command) -> None:
        sensible = self.status == "running" and not self.sheet.held
        self._refuse_unless(sensible, f"a lifecycle that is {self.shown_status} cannot be held")

    @workflow.update(name="release")
    async def release(self, command: contract.Command) -> None:
        """Go on after a hold."""
        async with self._one_at_a_time:
            self._refuse_release(command)
            self.sheet.held = False
            await self._write("release", command, status=self._status_after())
            self.sheet.wake()
            self.publish()

    @release.validator
    def _refuse_release(self, command: contract.Command) -> None:
        self._refuse_unless(self.sheet.held, "the lifecycle is not held")

    @workflow.update(name="expedite")
    async def expedite(self, command: contract.Command) -> None:
        """Make the moment it waits for now: the effective moment, or a retained leaver's deletion."""
        async with self._one_at_a_time:
            self._refuse_expedite(command)
            await self._move(workflow.now(), "expedite", command)
            self.sheet.expedite()
            self.stir()

    @expedite.validator
    def _refuse_expedite(self, command: contract.Command) -> None:
        movable = self._movable or (self.status == "running" and bool(self.sheet.delayed))
        self._refuse_unless(movable, f"a lifecycle that is {self.shown_status} waits for no moment that can be moved")

    @workflow.update(name="postpone")
    async def postpone(self, command: contract.Postpone) -> None:
        """Move the moment it waits for."""
        async with self._one_at_a_time:
            self._refuse_postpone(command)
            if self.status == "scheduled":
                self.awaits_preparation = False  # the hire itself moves, and there is no time left to prepare it
            await self._move(command.until, "postpone", command)
            self.stir()

    @postpone.validator
    def _refuse_postpone(self, command: contract.Postpone) -> None:
        self._refuse_unless(self._movable, f"a lifecycle that is {self.shown_status} waits for no moment to move")
        self._refuse_unless(command.until > workflow.now(), "until lies in the past")

    @property
    def _movable(self) -> bool:
        if self.status == "retained":
            return self.delete_at is not None
        return self.status == "scheduled" and not self.asked and self.go is None

    async def _move(self, to: datetime, verb: str, command: contract.Command) -> None:
        scheduled, retained = self.status == "scheduled", self.status == "retained"
        takes_effect = scheduled and not self.awaits_preparation
        await self._write(verb, command, effective_at=to if takes_effect else None)
        if takes_effect:
            workflow.upsert_search_attributes([contract.EFFECTIVE_AT.value_set(to)])
        if retained:
            self.delete_at = to
        elif scheduled:
            self.due_at = to

    async def _write(
        self,
        verb: str,
        command: contract.Command,
        *,
        status: LifecycleStatus | None = None,
        steps: list[StepRun] | None = None,
        effective_at: datetime | None = None,
    ) -> None:
        info = workflow.current_update_info()
        body: dict[str, Any] = command.model_dump(mode="json", exclude={"actor", "reason"}, exclude_none=True)
        await self.record(
            f"command.{verb}",
            key=f"{self.lifecycle_id}/command/{info.id if info else verb}",
            actor=command.actor,
            reason=command.reason,
            body=body,
            status=status,
            steps=steps,
            effective_at=effective_at,
        )

    def _status_after(self, *, solved: Sequence[StepRun] = ()) -> LifecycleStatus:
        if [run for run in self.sheet.in_attention if run not in solved]:
            return "attention"
        return "held" if self.sheet.held else self.status

    def _known(self, step: str) -> StepRun:
        if step not in self.sheet.runs:
            raise ApplicationError(f"{self.lifecycle_id} has no step {step!r}.", type="UnknownStep")
        return self.sheet.runs[step]

    def _refuse_unless(self, sensible: bool, why: str) -> None:
        if self.over:
            raise ApplicationError(f"{self.lifecycle_id} is over: {self.status}.", type="Senseless")
        if not sensible:
            raise ApplicationError(f"Nothing was done for {self.lifecycle_id}: {why}.", type="Senseless")
