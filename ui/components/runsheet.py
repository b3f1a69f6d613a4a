"""The run sheet as a timeline: a leg a box, a step a line that opens."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from ui import clock, steps
from ui.components import component, nothing
from ui.shapes import Lifecycle, Step
from ui.words import GRADES, Look, advice, leg_title, state_look

_draw = component("runsheet")
LEFT = "left"
LEFT_OPEN = Look("Left open", "error")
_ACTS = {
    "attention": (("retry", "Retry", True), ("retry_with", "Retry with other input…", False), ("skip", "Skip…", False)),
    "waiting": (("skip", "Skip…", False),),
}


def show(lifecycle: Lifecycle, *, may_act: bool) -> tuple[str, str] | None:
    """Draw it; what was asked for as verb and step, once."""
    result = _draw(key="runsheet", data=data(lifecycle, clock.now(), may_act=may_act), on_act_change=nothing)
    asked = result.act
    return (str(asked["verb"]), str(asked["step"])) if asked else None


def data(lifecycle: Lifecycle, now: datetime, *, may_act: bool) -> dict[str, Any]:
    """What the component draws, every word ready."""
    began = [step.started_at for step in lifecycle.steps if step.started_at]
    start = min(began, default=None)
    return {
        "from": start.timestamp() if start else None,
        "from_words": clock.of_day(start) if start else "",
        "until": _until(lifecycle, now).timestamp(),
        "now": now.timestamp(),
        "legs": _legs(lifecycle, now, may_act and not lifecycle.ended),
    }


def _until(lifecycle: Lifecycle, now: datetime) -> datetime:
    """The axis ends with the last step, or now while something runs or waits for somebody."""
    if any(step.state in ("running", "attention") for step in lifecycle.steps):
        return now
    return max((step.ended_at for step in lifecycle.steps if step.ended_at), default=now)


def _legs(lifecycle: Lifecycle, now: datetime, may_act: bool) -> list[dict[str, Any]]:
    grouped: dict[str, list[tuple[int, Step]]] = {}
    for index, step in enumerate(_left_open(lifecycle) if lifecycle.ended else lifecycle.steps):
        grouped.setdefault(step.leg, []).append((index, step))
    return [
        {
            "title": leg_title(leg),
            "summary": _summary([step for _, step in found]),
            "took": clock.took(_length([step for _, step in found])),
            "steps": [_line(index, step, now, may_act) for index, step in found],
        }
        for leg, found in grouped.items()
    ]


def _left_open(lifecycle: Lifecycle) -> list[Step]:
    """Once a lifecycle has ended nobody is needed any more: what was parked is only left open."""
    return [replace(step, state=LEFT) if step.state == "attention" else step for step in lifecycle.steps]


def _summary(found: Sequence[Step]) -> str:
    def of(state: str) -> int:
        return sum(step.state == state for step in found)

    parts = [f"{of('done')} of {len(found)} done"]
    parts += [f"{of(state)} {word}" for state, word in _OTHERS.items() if of(state)]
    return " · ".join(parts)


_OTHERS = {"running": "running", "attention": "needs you", LEFT: "left open", "skipped": "skipped", "undone": "undone"}


def _length(found: Sequence[Step]) -> float | None:
    """How long a leg took from its first start to its last end, once all of it has ended."""
    began = [step.started_at for step in found if step.started_at]
    over = [step.ended_at for step in found if step.ended_at]
    if not began or any(step.state in ("waiting", "running", "attention") for step in found) or not over:
        return None
    return (max(over) - min(began)).total_seconds()


def _line(index: int, step: Step, now: datetime, may_act: bool) -> dict[str, Any]:
    look = LEFT_OPEN if step.state == LEFT else state_look(step.state)
    return {
        "index": index,
        "name": step.name,
        "title": steps.title(step),
        "state": step.state,
        "word": look.word,
        "icon": look.icon,
        "attempts": step.attempts,
        "note": steps.note(step),
        "started": step.started_at.timestamp() if step.started_at else None,
        "ended": step.ended_at.timestamp() if step.ended_at else None,
        "took": clock.took(_took(step, now)),
        "said": _said(step),
        "facts": _facts(step),
        "acts": [dict(zip(("verb", "label", "primary"), act, strict=True)) for act in _acts(step, may_act)],
    }


def _acts(step: Step, may_act: bool) -> tuple[tuple[str, str, bool], ...]:
    """What can be done about it; the platform's own steps, which plan and read back, take no other input."""
    acts = _ACTS.get(step.state, ()) if may_act else ()
    own = step.activity.startswith("records.")
    return tuple(act for act in acts if not (own and act[0] == "retry_with"))


def _took(step: Step, now: datetime) -> float | None:
    if step.started_at is None or (step.ended_at is None and step.state != "running"):
        return None
    return ((step.ended_at or now) - step.started_at).total_seconds()


def _said(step: Step) -> dict[str, str] | None:
    """What somebody must know: in attention what to do, while it is tried again what stands in the way."""
    if step.state in ("attention", LEFT):
        found = advice(step)
        return {"happened": found.happened, "to_do": found.to_do if step.state == "attention" else ""}
    if step.state == "running" and step.last_error:
        return {"happened": "Being tried again by itself.", "to_do": step.last_error}
    return None


def _facts(step: Step) -> list[tuple[str, str]]:
    lines = [("Started", clock.of_day(step.started_at))] if step.started_at else []
    lines += [("Ended", clock.of_day(step.ended_at))] if step.ended_at else []
    lines += steps.facts(step)
    lines += [("Answer", step.last_error)] if step.last_error and step.state != "running" else []
    lines += [("Cause", step.cause)] if step.cause else []
    lines += [("Grade", GRADES.get(step.grade, step.grade))] if step.grade else []
    return lines or [("Step", step.name)]
