"""One person: drops duplicates, starts lifecycles, gives them their turn. It has no timer and reads no clock."""

from datetime import timedelta
from typing import Any

from pydantic import BaseModel
from temporalio import workflow
from temporalio.common import Priority, RetryPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.workflow import ActivityHandle, ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from domain.events import Envelope, Rescind, Return
    from domain.runsheet import TENANT_QUEUE
    from workflows import contract
    from workflows.contract import OpenEntry, PersonCarried, PersonStart
    from workflows.person_rows import event_row, lost_row, notice_about, search_attributes
    from workflows.turns import Turns

SEEN_KEPT = 200
LEDGER_TIMEOUT = timedelta(seconds=30)


@workflow.defn
class PersonWorkflow:
    """Open exactly as long as one of the person's lifecycles is."""

    @workflow.init
    def __init__(self, start: PersonStart) -> None:
        self.employee_id = start.employee_id
        carried = start.carried or PersonCarried()
        self.turns = Turns(carried.open, carried.turn, carried.queue)
        self.seen = carried.seen
        self.object_id = carried.object_id
        self.inbox: list[BaseModel] = []
        self.notices: list[ActivityHandle[Any]] = []

    @workflow.run
    async def run(self, start: PersonStart) -> None:
        """Take one message after the other until no lifecycle is open."""
        if start.carried is None:
            await self._recall()
        while self.inbox or self.turns.open or self.notices:
            await workflow.wait_condition(lambda: bool(self.inbox) or any(one.done() for one in self.notices))
            self._let_go_of_notices()
            if self.inbox:
                await self._take(self.inbox.pop(0))
            if self.turns.open and not self.inbox and self._is_long():
                workflow.continue_as_new(PersonStart(employee_id=self.employee_id, carried=self._carried()))

    def _let_go_of_notices(self) -> None:
        """A workflow that ends takes its open activities with it, so notices are waited for until sent or given up."""
        for notice in self.notices:
            if notice.done() and (error := notice.exception()) is not None:
                workflow.logger.warning("A notice to the administrators was given up: %s", error)
        self.notices = [notice for notice in self.notices if not notice.done()]

    def _is_long(self) -> bool:
        return not self.notices and workflow.info().is_continue_as_new_suggested()

    @workflow.signal(name="event")
    def on_event(self, envelope: Envelope) -> None:
        """HR says something about this person."""
        self.inbox.append(envelope)

    @workflow.signal(name="due")
    def on_due(self, message: contract.Due) -> None:
        """A lifecycle's moment has come."""
        self.inbox.append(message)

    @workflow.signal(name="yielded")
    def on_yielded(self, message: contract.Yielded) -> None:
        """A lifecycle needs the turn no longer."""
        self.inbox.append(message)

    @workflow.signal(name="ended")
    def on_ended(self, message: contract.Ended) -> None:
        """A lifecycle is over."""
        self.inbox.append(message)

    async def _take(self, message: BaseModel) -> None:
        match message:
            case Envelope():
                await self._event(message)
            case contract.Due():
                await self._due(message)
            case contract.Yielded():
                self.object_id = message.object_id or self.object_id
                self.turns.yielded(message.lifecycle_id, message.status)
            case contract.Ended():
                self.object_id = message.object_id or self.object_id
                await self._ended(message.lifecycle_id)
        await self._advance()

    # --- events -----------------------------------------------------------------------------------------------

    async def _event(self, envelope: Envelope) -> None:
        if await self._is_known(envelope.event_id):
            return
        self.seen = [*self.seen, envelope.event_id][-SEEN_KEPT:]
        match envelope.event:
            case Rescind():
                await self._rescind(envelope, envelope.event)
            case Return():
                await self._return(envelope)
            case _:
                await self._start(envelope)

    async def _is_known(self, event_id: str) -> bool:
        if event_id in self.seen:
            return True
        call = contract.SeenCall(employee_id=self.employee_id, event_id=event_id)
        return bool(await self._read("records.seen", call, bool))

    async def _start(self, envelope: Envelope) -> None:
        entry = OpenEntry(
            lifecycle_id=envelope.lifecycle_id or "",
            kind=envelope.kind or "mover",
            event_type=envelope.event.type,
            effective_at=envelope.effective_at,
            occurred_at=envelope.occurred_at,
        )
        for older in self.turns.amended_by(entry):
            entry.after = older.lifecycle_id
            await self._supersede(older, entry)
        self.turns.add(entry)
        if envelope.due:
            await self._fall_due(entry)
        go = self._go_at_start(entry)
        if not await self._start_child(envelope, entry, go):
            self.turns.ended(entry.lifecycle_id)

    def _go_at_start(self, entry: OpenEntry) -> contract.Go | None:
        if self.turns.next() is not entry or self.turns.blockers(entry):
            return None
        self.turns.give(entry)
        return contract.Go(object_id=self.object_id)

    async def _start_child(self, envelope: Envelope, entry: OpenEntry, go: contract.Go | None) -> bool:
        try:
            await workflow.start_child_workflow(
                contract.LIFECYCLE_WORKFLOWS[entry.kind],
                contract.LifecycleStart(envelope=envelope, go=go),
                id=entry.lifecycle_id,
                parent_close_policy=ParentClosePolicy.ABANDON,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                search_attributes=search_attributes(self.employee_id, entry),
                static_summary=f"{entry.kind.capitalize()} of {self.employee_id}, {entry.effective_at:%Y-%m-%d %H:%M}Z",
                priority=Priority(priority_key=contract.PRIORITY[entry.kind]),
            )
        except WorkflowAlreadyStartedError:
            return False
        return True

    async def _rescind(self, envelope: Envelope, event: Rescind) -> None:
        target = self.turns.rescindable(event.target_event_id)
        message = contract.TakenBack(event_id=envelope.event_id, actor=envelope.actor)
        if target is not None and await self._signal(target, "rescind", message):
            target.ending = True
            await self._write_event(envelope, {"rescinds": target.lifecycle_id})
        else:
            note = "Nothing unfinished to rescind: correct it by a new event."
            await self._write_unmet(envelope, {"rescinds": None, "note": note})

    async def _return(self, envelope: Envelope) -> None:
        leave = self.turns.leave()
        message = contract.Returned(
            event_id=envelope.event_id, actor=envelope.actor, effective_at=envelope.effective_at
        )
        if leave is not None and await self._signal(leave, "return", message):
            leave.ending = leave.ending or envelope.due
            await self._write_event(envelope, {"returns": leave.lifecycle_id})
        else:
            await self._write_unmet(envelope, {"returns": None, "note": "There is no leave to return from."})

    async def _write_unmet(self, envelope: Envelope, outcome: dict[str, Any]) -> None:
        await self._write_event(envelope, outcome)
        self._tell_administrators(envelope, outcome)

    async def _ended(self, lifecycle_id: str) -> None:
        entry = self.turns.open.get(lifecycle_id)
        self.turns.ended(lifecycle_id)
        holder = self.turns.open.get(entry.told) if entry and entry.told else None
        if holder is not None:
            await self._signal(holder, "waiting", contract.Waiting(by=""))

    # --- turns ------------------------------------------------------------------------------------------------

    async def _due(self, message: contract.Due) -> None:
        entry = self.turns.open.get(message.lifecycle_id)
        if entry is None:
            return
        if entry.lifecycle_id == self.turns.turn:  # it was found in the ledger, and does not know
            await self._signal(entry, "go", contract.Go(object_id=self.object_id))
        else:
            await self._fall_due(entry)

    async def _fall_due(self, entry: OpenEntry) -> None:
        self.turns.fall_due(entry)
        for other in self.turns.pre_empted_by(entry):
            await self._supersede(other, entry)

    async def _advance(self) -> None:
        """Give the turn to the next due lifecycle, or tell who waits for whom."""
        entry = self.turns.next()
        if entry is None:
            return
        blockers = self.turns.blockers(entry)
        for blocker in blockers:
            await self._supersede_if_it_must_go(blocker, entry)
        if self.turns.turn is None and not self.turns.blockers(entry):
            self.turns.give(entry)
            await self._signal(entry, "go", contract.Go(object_id=self.object_id))
        else:
            await self._tell_who_waits()

    async def _supersede_if_it_must_go(self, blocker: OpenEntry, entry: OpenEntry) -> None:
        if self.turns.must_go_for(blocker, entry):
            await self._supersede(blocker, entry)

    async def _tell_who_waits(self) -> None:
        for waiter in self.turns.waiters():
            holder = self.turns.waits_for(waiter)
            if holder is None or waiter.told == holder.lifecycle_id:
                continue
            waiter.told = holder.lifecycle_id
            await self._signal(waiter, "waiting", contract.Waiting(waiting_for=holder.lifecycle_id))
            if waiter.event_type != "leave":  # a leave's plan does not cover what a mover would leave undone
                await self._signal(holder, "waiting", contract.Waiting(by=waiter.lifecycle_id))

    async def _supersede(self, older: OpenEntry, by: OpenEntry) -> None:
        if older.superseded_by is None:
            older.superseded_by = by.lifecycle_id
            await self._signal(older, "supersede", contract.Supersede(by=by.lifecycle_id))

    async def _signal(self, entry: OpenEntry, name: str, message: BaseModel) -> bool:
        """Tell a lifecycle, and whether that reached it; one that is closed without having said so counts as ended."""
        try:
            await workflow.get_external_workflow_handle(entry.lifecycle_id).signal(name, message)
        except ApplicationError as error:
            if error.type != "ExternalWorkflowExecutionNotFound":
                raise
            if not self._said_goodbye(entry):
                await self._write(lost_row(self.employee_id, entry))
                self.inbox.append(contract.Ended(lifecycle_id=entry.lifecycle_id, state="cancelled"))
            return False
        return True

    def _said_goodbye(self, entry: OpenEntry) -> bool:
        ends = [message for message in self.inbox if isinstance(message, contract.Ended)]
        return any(message.lifecycle_id == entry.lifecycle_id for message in ends)

    # --- ledger -----------------------------------------------------------------------------------------------

    async def _recall(self) -> None:
        """A person that starts with nothing carried may have lifecycles all the same: the ledger knows."""
        found: list[contract.OpenLifecycle] = await self._read(
            "records.open_lifecycles", self.employee_id, list[contract.OpenLifecycle]
        )
        for line in found:
            self.object_id = line.object_id or self.object_id
            self.turns.recall(line)
        for entry in list(self.turns.open.values()):
            await self._signal(entry, "waiting", contract.Waiting())

    async def _read(self, activity: str, argument: Any, result: type) -> Any:
        return await workflow.execute_local_activity(
            activity, argument, result_type=result, start_to_close_timeout=LEDGER_TIMEOUT, summary=activity
        )

    async def _write_event(self, envelope: Envelope, outcome: dict[str, Any]) -> None:
        await self._write(event_row(envelope, outcome))

    async def _write(self, call: contract.RecordCall) -> None:
        await workflow.execute_activity(
            "records.write",
            call,
            start_to_close_timeout=LEDGER_TIMEOUT,
            retry_policy=RetryPolicy(maximum_interval=timedelta(seconds=30)),
            summary=call.kind,
        )

    def _tell_administrators(self, envelope: Envelope, body: dict[str, Any]) -> None:
        call = notice_about(envelope, body)
        notice = workflow.start_activity(
            "notices.attention",
            call,
            task_queue=TENANT_QUEUE,
            schedule_to_close_timeout=timedelta(hours=1),
            start_to_close_timeout=timedelta(seconds=60),
            summary=call.step,
        )
        self.notices.append(notice)

    def _carried(self) -> PersonCarried:
        return PersonCarried(
            open=self.turns.open,
            turn=self.turns.turn,
            queue=self.turns.queue,
            seen=self.seen,
            object_id=self.object_id,
        )
