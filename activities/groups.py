"""Steps on direct memberships in groups: many in one request, each with an answer of its own."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from activities.attempt import waited
from activities.failures import StepError, details_of, failure_of
from activities.step import StepRunner, given, object_id_of, step
from connectors.errors import AlreadyMember, NotFound, WireError
from connectors.graph import GraphClient
from domain.runsheet import Grade, Outcome, StepCall

Answers = dict[str, WireError | None]
Send = Callable[[str, Sequence[str]], Awaitable[Answers]]


class Groups:
    """Activities ``groups.*``; input ``group_ids`` and, in the same order, ``names``."""

    def __init__(self, graph: GraphClient, runner: StepRunner) -> None:
        self._graph = graph
        self._runner = runner

    @property
    def activities(self) -> list[Callable[..., Any]]:
        """What a worker registers."""
        return [self.add, self.remove]

    @step("groups.add")
    async def add(self, call: StepCall) -> Outcome:
        """Make the account a direct member of all groups; being one already is success."""
        return await self._carry_out(call, self._graph.add_to_groups, AlreadyMember, member=True)

    @step("groups.remove")
    async def remove(self, call: StepCall) -> Outcome:
        """Take the account's direct memberships away; having none is success."""
        return await self._carry_out(call, self._graph.remove_from_groups, NotFound, member=False)

    async def _carry_out(self, call: StepCall, send: Send, already: type[WireError], *, member: bool) -> Outcome:
        wanted: list[str] = given(call, "group_ids")
        rest = list(wanted)

        async def look() -> Outcome | None:
            nonlocal rest
            held = {group.id for group in await self._graph.groups_of(object_id_of(call))}
            rest = [group for group in wanted if (group in held) is not member]
            return None if rest else _outcome([], wanted, "observed")

        async def change() -> Outcome:
            answers = await send(object_id_of(call), rest)
            return _judge(call, wanted, answers, already, self._runner.settle)

        return await self._runner.run(call, change, look)


def _judge(call: StepCall, wanted: Sequence[str], answers: Answers, already: type[WireError], settle: float) -> Outcome:
    """The outcome, if each group answered done or already; else the trouble to wait out, else what was refused."""
    errors = {group: error for group, error in answers.items() if error and not isinstance(error, already)}
    done = [group for group, error in answers.items() if error is None]
    if not errors:
        return _outcome(done, [group for group in wanted if group not in done], "acknowledged")
    passing = [error for group, error in errors.items() if _passes(error, group, settle)]
    if passing:
        raise max(passing, key=_urgency)
    raise _refused(call, done, errors)


def _passes(error: WireError, group: str, settle: float) -> bool:
    """Whether waiting helps. A group not found may be late, or its new member is; once settled it does not exist."""
    if isinstance(error, NotFound) and error.resource == group:
        return waited() < settle
    return error.retryable


def _urgency(error: WireError) -> tuple[bool, float]:
    """Uncertain answers count most, since the next attempt has to wait for them; then the longest wait."""
    return not error.certain, getattr(error, "retry_after", None) or 0.0


def _refused(call: StepCall, done: Sequence[str], errors: dict[str, WireError]) -> StepError:
    names = dict(zip(given(call, "group_ids"), call.input.get("names") or [], strict=False))
    first = next(iter(errors.values()))
    listed = [
        {"id": group, "name": names.get(group, group), "cause": error.cause, "error": error.message}
        for group, error in errors.items()
    ]
    told = "; ".join(f"{item['name']} ({item['cause']})" for item in listed)
    rest = {"group_ids": list(errors), "names": [names.get(group, group) for group in errors]}
    return StepError(
        first.cause,
        f"{len(done)} of {len(done) + len(errors)} groups are done; refused: {told}. {failure_of(first).message}",
        details={**details_of(first), "done": list(done), "refused": listed, "retry_input": rest},
    )


def _outcome(done: Sequence[str], already: Sequence[str], grade: Grade) -> Outcome:
    return Outcome(evidence={"done": list(done), "already": list(already)}, grade=grade)
