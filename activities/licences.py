"""Steps on licences assigned to a person directly; those a group gives come and go with the group."""

from collections.abc import Callable
from typing import Any

from activities.failures import StepError
from activities.step import StepRunner, given, object_id_of, step
from connectors.errors import InheritedLicence, NoSuchLicence, UsageLocationMissing
from connectors.graph import GraphClient
from domain.runsheet import Grade, Outcome, StepCall


class Licences:
    """Activities ``licences.*``; input ``sku_id`` and, for people, ``sku``."""

    def __init__(self, graph: GraphClient, runner: StepRunner) -> None:
        self._graph = graph
        self._runner = runner

    @property
    def activities(self) -> list[Callable[..., Any]]:
        """What a worker registers."""
        return [self.assign, self.remove]

    @step("licences.assign")
    async def assign(self, call: StepCall) -> Outcome:
        """Assign the licence directly, with input ``disabled_plans`` switched off."""
        sku_id = given(call, "sku_id")
        disabled: list[str] = call.input.get("disabled_plans") or []

        async def look() -> Outcome | None:
            held = (await self._graph.user(object_id_of(call))).direct_licences
            return _outcome(call, "observed") if set(held.get(sku_id, {"none"})) == set(disabled) else None

        async def change() -> Outcome:
            try:
                await self._graph.assign_licence(object_id_of(call), sku_id, disabled)
            except UsageLocationMissing as error:
                await self._refuse_unless_late(call, error)
            return _outcome(call, "acknowledged")

        return await self._runner.run(call, change, look)

    @step("licences.remove")
    async def remove(self, call: StepCall) -> Outcome:
        """Remove the direct assignment; not having one, or having it by a group only, is success."""
        sku_id = given(call, "sku_id")

        async def look() -> Outcome | None:
            held = (await self._graph.user(object_id_of(call))).direct_licences
            return None if sku_id in held else _outcome(call, "observed")

        async def change() -> Outcome:
            try:
                await self._graph.remove_licences(object_id_of(call), [sku_id])
            except (NoSuchLicence, InheritedLicence):
                return _outcome(call, "observed")
            return _outcome(call, "acknowledged")

        return await self._runner.run(call, change, look)

    async def _refuse_unless_late(self, call: StepCall, error: UsageLocationMissing) -> None:
        """Licensing sees a new usage location later than reads do: then it is worth waiting."""
        user = await self._graph.user(object_id_of(call))
        if not user.usage_location:
            raise error
        raise StepError(
            "NotYetSeen",
            f"The usage location {user.usage_location} is set, but licensing does not see it yet.",
            retryable=True,
            delay=self._runner.settle,
            benign=True,
        ) from error


def _outcome(call: StepCall, grade: Grade) -> Outcome:
    return Outcome(evidence={"sku_id": given(call, "sku_id"), "sku": call.input.get("sku")}, grade=grade)
