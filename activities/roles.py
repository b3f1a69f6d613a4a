"""Steps on directory roles assigned to a person directly."""

from collections.abc import Callable
from typing import Any

from activities.step import StepRunner, given, object_id_of, step
from connectors.errors import AlreadyAssigned, NotFound
from connectors.graph import WHOLE_DIRECTORY, GraphClient
from connectors.graph_models import RoleAssignment
from domain.runsheet import Grade, Outcome, StepCall


class Roles:
    """Activities ``roles.*``; input ``role_id`` (of the role definition) and, for people, ``role``.

    Input ``scope`` is the ``directoryScopeId``; without one the assignment for the whole directory is meant.
    """

    def __init__(self, graph: GraphClient, runner: StepRunner) -> None:
        self._graph = graph
        self._runner = runner

    @property
    def activities(self) -> list[Callable[..., Any]]:
        """What a worker registers."""
        return [self.assign, self.remove]

    @step("roles.assign")
    async def assign(self, call: StepCall) -> Outcome:
        """Assign the role in the scope; having it there already is success."""

        async def look() -> Outcome | None:
            held = await self._held(call)
            return _outcome(call, "observed", held) if held else None

        async def change() -> Outcome:
            try:
                await self._graph.assign_role(object_id_of(call), given(call, "role_id"), _scope(call))
            except AlreadyAssigned:
                return _outcome(call, "observed")
            return _outcome(call, "acknowledged")

        return await self._runner.run(call, change, look)

    @step("roles.remove")
    async def remove(self, call: StepCall) -> Outcome:
        """Remove the direct assignment of the role in the scope; having none there is success."""

        async def look() -> Outcome | None:
            return None if await self._held(call) else _outcome(call, "observed")

        async def change() -> Outcome:
            held = await self._held(call)
            for assignment in held:
                await self._remove(assignment)
            return _outcome(call, "acknowledged" if held else "observed", held)

        return await self._runner.run(call, change, look)

    async def _held(self, call: StepCall) -> list[RoleAssignment]:
        """By principal: an assignment's own id is known to the tenant alone."""
        wanted = given(call, "role_id").lower(), _scope(call).lower()
        held = await self._graph.role_assignments(object_id_of(call))
        return [assignment for assignment in held if _role_and_scope(assignment) == wanted]

    async def _remove(self, assignment: RoleAssignment) -> None:
        try:
            await self._graph.remove_role_assignment(assignment.id)
        except NotFound:
            # Somebody was faster, or the list was stale: gone is what was wanted.
            return


def _outcome(call: StepCall, grade: Grade, assignments: list[RoleAssignment] | None = None) -> Outcome:
    ids = [assignment.id for assignment in assignments or []]
    role = {"role_id": given(call, "role_id"), "role": call.input.get("role"), "scope": _scope(call)}
    return Outcome(evidence=role | {"assignments": ids}, grade=grade)


def _scope(call: StepCall) -> str:
    return str(call.input.get("scope") or WHOLE_DIRECTORY)


def _role_and_scope(assignment: RoleAssignment) -> tuple[str, str]:
    scope = assignment.directory_scope_id or WHOLE_DIRECTORY
    return assignment.role_definition_id.lower(), scope.lower()
