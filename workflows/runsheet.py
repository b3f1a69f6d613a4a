"""The interpreter of run sheets: it knows states and dependencies, never what a step is for."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import Any

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError, is_cancelled_exception
from temporalio.workflow import ActivityCancellationType, ActivityHandle

with workflow.unsafe.imports_passed_through():
    from domain.runsheet import Outcome, Step, StepCall, StepRun
    from workflows.causes import explain

SETTLED: frozenset[str] = frozenset({"done", "skipped", "undone"})
ATTEMPT_TIMEOUT = timedelta(seconds=90)
HEARTBEAT_TIMEOUT = timedelta(seconds=10)
RETRIES = RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(seconds=30))
REFUSED_PATIENCE = timedelta(minutes=5)
REFUSED_DELAY_S = 5.0

Listener = Callable[[StepRun], Awaitable[None]]


class RunSheet:
    """The steps of one lifecycle and how far they are.

    ``template`` is what every activity of the lifecycle is told (ids, actor); ``parked`` is awaited each time a step
    gives up, ``rested`` called each time an attempt or its parking is over and when a delay begins. ``interrupted`` is
    asked before each move: once it says yes, ``carry_out`` returns.
    """

    def __init__(
        self,
        template: StepCall,
        priority: Priority,
        *,
        parked: Listener,
        rested: Callable[[], None],
        interrupted: Callable[[], bool],
    ) -> None:
        self.runs: dict[str, StepRun] = {}
        self.facts: dict[str, Any] = {}
        self.policy_hash: str | None = None
        self.held = False
        self.delayed: dict[str, bool] = {}
        self.reason: str | None = None
        self._template = template
        self._priority = priority
        self._parked = parked
        self._rested = rested
        self._interrupted = interrupted
        self._handles: dict[str, ActivityHandle[Outcome]] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._leaving_out: frozenset[str] = frozenset()
        self._stopping = False
        self._woken = False
        self._broken: Exception | None = None

    def append(self, steps: Iterable[Step]) -> None:
        """Add steps at the end; one that is there already stays as it is."""
        for step in steps:
            self.runs.setdefault(step.name, StepRun(step=step))

    def append_inverses(self) -> None:
        """Add what undoes the steps begun so far, newest first, one after the other."""
        before: list[str] = []
        for run in reversed([run for run in self.runs.values() if self._undoable(run)]):
            inverse = run.step.inverse
            assert inverse is not None  # noqa: S101 - said by _undoable, for the type checker
            step = Step(
                name=f"undo {run.step.name}",
                activity=inverse.activity,
                input=inverse.input,
                needs=before,
                leg="restore",
                queue=run.step.queue,
                patience_seconds=run.step.patience_seconds,
            )
            # A first attempt trusts the plan's look; what is undone was not looked at when it was planned.
            self.runs.setdefault(step.name, StepRun(step=step, round=1, undoes=run.step.name))
            before = [step.name]

    async def carry_out(self, *, leaving_out: frozenset[str] = frozenset(), or_stuck: bool = False) -> None:
        """Work until every step outside the legs ``leaving_out`` is settled, or an interruption comes.

        With ``or_stuck`` also until nothing more can be done without somebody.
        """
        self._leaving_out = leaving_out
        while not (self._interrupted() or self._settled() or (or_stuck and self.stuck and not self.held)):
            self._begin_ready()
            await self._rest()
            if self._broken is not None:
                raise self._broken

    def expedite(self) -> None:
        """Begin what is delayed now."""
        self.delayed = dict.fromkeys(self.delayed, True)

    async def stop(self) -> None:
        """End the attempts in hand (each returns its result, a waiting retry is dropped) and wait for them."""
        self._stopping = True
        for handle in self._handles.values():
            handle.cancel()
        await workflow.wait_condition(lambda: not self._tasks)
        self._stopping = False

    def wake(self) -> None:
        """Something changed from outside: look at the sheet again."""
        self._woken = True

    def retry(self, name: str, corrected: dict[str, Any] | None) -> None:
        """Begin a parked step anew, with ``corrected`` in place of its input if given."""
        run = self.runs[name]
        run.state, run.cause, run.last_error, run.ended_at = "waiting", None, None, None
        run.round += 1
        run.repaired = False
        if corrected is not None:
            run.step = run.step.model_copy(update={"input": corrected})
        self.wake()

    def skip(self, name: str, evidence: dict[str, Any]) -> None:
        """Leave a parked or waiting step out; what depends on it goes on."""
        run = self.runs[name]
        run.state, run.grade, run.evidence = "skipped", "waived", evidence
        run.cause, run.last_error, run.ended_at = None, None, workflow.now()
        self.wake()

    def can_skip(self, run: StepRun) -> bool:
        """Whether nothing of it is in hand."""
        return run.state == "attention" or (run.state == "waiting" and run.step.name not in self._tasks)

    def leave_out(self, evidence: dict[str, Any], *, but: str = "") -> None:
        """Leave out everything that is not settled, the leg ``but`` excepted."""
        for run in self.runs.values():
            if run.state not in SETTLED and run.step.leg != but:
                self.skip(run.step.name, evidence)

    @property
    def in_attention(self) -> list[StepRun]:
        """The steps that wait for an administrator."""
        return [run for run in self.runs.values() if run.state == "attention"]

    @property
    def stuck(self) -> bool:
        """Nothing is attempted and nothing can begin: all that is left is parked, delayed, or waits for those."""
        resting = all(name in self.delayed for name in self._tasks)
        return resting and not any(self._ready(run) for run in self.runs.values())

    def _undoable(self, run: StepRun) -> bool:
        begun = run.state in ("done", "attention") or run.attempts > 0 or run.started_at is not None
        return begun and run.step.inverse is not None and run.state != "undone"

    def _settled(self) -> bool:
        return all(run.state in SETTLED for run in self.runs.values() if run.step.leg not in self._leaving_out)

    def _begin_ready(self) -> None:
        for run in list(self.runs.values()):
            if self._ready(run):
                self._tasks[run.step.name] = asyncio.create_task(self._perform(run))

    def _ready(self, run: StepRun) -> bool:
        if run.state != "waiting" or run.step.name in self._tasks or run.step.leg in self._leaving_out or self.held:
            return False
        return all(self.runs[name].state in SETTLED for name in run.step.needs)

    async def _rest(self) -> None:
        await workflow.wait_condition(lambda: self._woken)
        self._woken = False

    async def _perform(self, run: StepRun) -> None:
        name = run.step.name
        try:
            if await self._delayed(run.step):
                await self._attempt(run)
        except Exception as error:  # noqa: BLE001 - raised by carry_out: a defect must block the workflow, not vanish
            self._broken = error
        finally:
            self._handles.pop(name, None)
            self._tasks.pop(name, None)
            self._rested()
            self.wake()

    async def _delayed(self, step: Step) -> bool:
        """Wait the step's delay; False if the sheet is stopped meanwhile."""
        if step.delay_seconds:
            self.delayed[step.name] = False
            self._rested()
            with contextlib.suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda: self._stopping or self.delayed[step.name],
                    timeout=timedelta(seconds=step.delay_seconds),
                    timeout_summary=step.name,
                )
            del self.delayed[step.name]
        return not self._stopping

    async def _attempt(self, run: StepRun) -> None:
        run.state = "running"
        run.started_at = run.started_at or workflow.now()
        try:
            self._handles[run.step.name] = handle = self._start(run)
            outcome = await handle
        except ActivityError as error:
            if is_cancelled_exception(error):
                run.state = "waiting"
            else:
                await self._refused(run, error)
        else:
            await self._done(run, outcome)

    def _start(self, run: StepRun) -> ActivityHandle[Outcome]:
        step = run.step
        call = self._template.model_copy(
            update={
                "step": step.name,
                "leg": step.leg,
                "round": run.round,
                "input": step.input,
                "facts": self.facts,
                "reason": self.reason,
            }
        )
        return workflow.start_activity(
            step.activity,
            call,
            task_queue=step.queue,
            result_type=Outcome,
            schedule_to_close_timeout=_seconds(step.patience_seconds),
            start_to_close_timeout=ATTEMPT_TIMEOUT,
            heartbeat_timeout=HEARTBEAT_TIMEOUT,
            retry_policy=RETRIES,
            cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
            summary=step.name,
            priority=self._priority,
        )

    async def _done(self, run: StepRun, outcome: Outcome) -> None:
        if run.state == "skipped":
            return
        run.ended_at = workflow.now()
        run.attempts = max(run.attempts, 1)
        run.evidence, run.grade = outcome.evidence, outcome.grade
        self.facts.update(outcome.facts)
        self.policy_hash = outcome.policy_hash or self.policy_hash
        self.append(outcome.steps)
        if not outcome.again:
            run.state = "done"
            self._mark_undone(run)
        elif run.repaired:
            await self._park(run, "NoEffect", f"Something undoes what was written by: {', '.join(outcome.again)}.")
        else:
            self._begin_again(run, outcome.again)

    def _mark_undone(self, run: StepRun) -> None:
        if run.undoes is not None:
            self.runs[run.undoes].state = "undone"

    def _begin_again(self, verify: StepRun, names: list[str]) -> None:
        for name in names:
            self.runs[name].state = "waiting"
            self.runs[name].round += 1
        verify.state, verify.repaired = "waiting", True
        verify.round += 1
        verify.step = verify.step.model_copy(update={"needs": [*verify.step.needs, *names], "delay_seconds": 0})

    async def _refused(self, run: StepRun, error: ActivityError) -> None:
        cause, message, details = explain(error)
        run.attempts = int(details.get("attempt", run.attempts + 1))
        if cause == "Forbidden" and run.step.on_refused and not run.refused_once:
            self._put_before(run)
        elif cause == "Forbidden" and run.refused_once and self._lately_begun(run):
            self._try_later(run)
        elif run.state != "skipped":
            if details.get("retry_input"):
                run.step = run.step.model_copy(update={"input": details["retry_input"]})
            await self._park(run, cause, message)

    def _lately_begun(self, run: StepRun) -> bool:
        return run.started_at is not None and workflow.now() - run.started_at < REFUSED_PATIENCE

    def _try_later(self, run: StepRun) -> None:
        """What was put before is done, but the directory takes its time to know it."""
        run.state = "waiting"
        run.round += 1
        run.step = run.step.model_copy(update={"delay_seconds": REFUSED_DELAY_S})

    def _put_before(self, run: StepRun) -> None:
        run.refused_once = True
        run.state = "waiting"
        run.round += 1
        self.append(run.step.on_refused)
        needs = [*run.step.needs, *(step.name for step in run.step.on_refused)]
        run.step = run.step.model_copy(update={"needs": needs})

    async def _park(self, run: StepRun, cause: str, message: str) -> None:
        run.state, run.cause, run.last_error, run.ended_at = "attention", cause, message, workflow.now()
        await self._parked(run)


def _seconds(value: float | None) -> timedelta | None:
    return None if value is None else timedelta(seconds=value)
