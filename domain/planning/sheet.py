"""A run sheet in the making: steps with unique names, and the checks that will read them back."""

from collections.abc import Iterable
from typing import Any

from domain.planning.verification import Aspect, Check
from domain.policy import Policy
from domain.runsheet import CONTAINMENT, SECOND_LOOK, TENANT_QUEUE, URGENT_QUEUE, Inverse, Step

CONTAINED_LATE = 5
"""Readings of a containment that may lag before what they miss is written again."""


class Sheet:
    """Collects the steps of one plan. ``taken`` are names the lifecycle has already."""

    def __init__(self, policy: Policy, taken: Iterable[str] = ()) -> None:
        self.steps: list[Step] = []
        self.checks: list[Check] = []
        self._later: list[Check] = []
        self._policy = policy
        self._taken = set(taken)

    def add(
        self,
        name: str,
        activity: str,
        arguments: dict[str, Any] | None = None,
        *,
        leg: str,
        needs: Iterable[str] = (),
        inverse: Inverse | None = None,
        delay: float = 0,
    ) -> str:
        """A step of the ordinary queue with the policy's patience; the answer is its name on the sheet."""
        step = Step(
            name=self._unique(name),
            activity=activity,
            input=arguments or {},
            needs=list(needs),
            leg=leg,
            queue=TENANT_QUEUE,
            delay_seconds=delay,
            patience_seconds=self._policy.timings.patience_seconds,
            inverse=inverse,
        )
        return self.append(step)

    def add_urgent(
        self,
        name: str,
        activity: str,
        arguments: dict[str, Any] | None = None,
        *,
        needs: Iterable[str] = (),
        inverse: Inverse | None = None,
        on_refused: Iterable[Step] = (),
    ) -> str:
        """A step of containment: its own queue, tried without end, with a way round a refusal."""
        step = Step(
            name=self._unique(name),
            activity=activity,
            input=arguments or {},
            needs=list(needs),
            leg=CONTAINMENT,
            queue=URGENT_QUEUE,
            patience_seconds=None,
            on_refused=list(on_refused),
            inverse=inverse,
        )
        return self.append(step)

    def append(self, step: Step) -> str:
        """A step as it is."""
        self._taken.add(step.name)
        self.steps.append(step)
        return step.name

    def check(self, aspect: Aspect, step: str | None, **what: Any) -> None:
        """Something that the next verify step and the second look will read back."""
        self.checks.append(Check(aspect=aspect, step=step, **what))

    def check_later(self, aspect: Aspect, **what: Any) -> None:
        """Something that takes the tenant a while and that no step of ours writes: for the second look only."""
        self._later.append(Check(aspect=aspect, **what))

    def verify(
        self, name: str, *, needs: Iterable[str], leg: str = "verify", queue: str = TENANT_QUEUE, cut: bool = False
    ) -> str:
        """A step that reads back everything checked so far; ``cut`` notes when access was seen to be gone."""
        return self.append(self._verify_step(name, self.checks, needs, leg, queue, cut=cut))

    def verify_containment(self, *, needs: Iterable[str]) -> str:
        """Reads containment back; a write in hand when it began may undo it, so what stays missing is repeated."""
        step = self._verify_step("verify containment", self.checks, needs, CONTAINMENT, URGENT_QUEUE, cut=True)
        step.input |= {"repair": True, "repair_after": CONTAINED_LATE}
        return self.append(step)

    def second_look(self, *, needs: Iterable[str], cut: bool = False) -> str:
        """The last leg: reads everything again after a while, and asks for what is missing to be written again."""
        checks = [*self.checks, *self._later]
        step = self._verify_step("second look", checks, needs, SECOND_LOOK, TENANT_QUEUE, cut=cut)
        step.input["repair"] = True
        step.delay_seconds = self._policy.timings.second_look_seconds
        return self.append(step)

    def _verify_step(
        self, name: str, checks: list[Check], needs: Iterable[str], leg: str, queue: str, *, cut: bool
    ) -> Step:
        listed = [check.model_dump(mode="json", exclude_defaults=True) for check in checks]
        return Step(
            name=self._unique(name),
            activity="records.verify",
            input={"checks": listed, "repair": False, "cut": cut},
            needs=list(needs),
            leg=leg,
            queue=queue,
            patience_seconds=self._policy.timings.verify_deadline_seconds,
        )

    def _unique(self, name: str) -> str:
        candidate, count = name, 1
        while candidate in self._taken:
            candidate, count = f"{name} again" if count == 1 else f"{name} again {count}", count + 1
        return candidate
