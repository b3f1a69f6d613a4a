"""Today: who needs somebody, what runs now, what comes next."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

import streamlit as st

from ui import clock, look, places, who
from ui.calls import Api, ApiError, SignedOutError
from ui.components import rows, table
from ui.names import with_names
from ui.problems import show as show_problem
from ui.shapes import Lifecycle
from ui.steps import title
from ui.words import advice, counted, kind_look, literal, status_look, waits

UPCOMING = ("Who", "What", "When", "State", "")
MOST = 12
AHEAD = timedelta(days=14)


def show() -> None:
    """The page."""
    session = who.session(used=False)
    name = session.name.split(" ")[0] if session else ""
    local = clock.now().astimezone(clock.zone())
    st.title(literal(f"{_greeting(local.hour)}, {name}"), anchor=False)
    _live(f"{local:%A} {local.day} {local:%B}")


def _greeting(hour: int) -> str:
    if 5 <= hour < 12:
        return "Good morning"
    return "Good afternoon" if 12 <= hour < 18 else "Good evening"


@st.fragment(run_every="4s")
def _live(day: str) -> None:
    api = who.api(used=False)
    try:
        waiting = _some(api, "attention") + _some(api, "awaiting_approval")
        running = _some(api, "running")
        scheduled = _some(api, "scheduled")
    except ApiError as error:
        show_problem(error, "Today cannot be shown")
        return
    except SignedOutError:
        st.rerun()
    look.subtitle(f"{day} · {_needed(len(waiting))}")
    _needs(waiting)
    _running(running)
    _upcoming(scheduled)


def _some(api: Api, status: str) -> list[Lifecycle]:
    return with_names(api, api.lifecycles(status=status).items)


def _needed(number: int) -> str:
    if not number:
        return "nothing needs somebody"
    return f"{counted(number, 'thing')} {'needs' if number == 1 else 'need'} somebody"


def _section(name: str, empty: str, found: list[Lifecycle], draw: Callable[[list[Lifecycle]], str | None]) -> None:
    st.subheader(name, anchor=False)
    if not found:
        look.note(empty)
        return
    opened = draw(found[:MOST])
    if len(found) > MOST:
        places.link("lifecycles", "Show all", "arrow_forward")
    if opened:
        places.go("lifecycle", id=opened)


def _needs(waiting: list[Lifecycle]) -> None:
    def draw(found: list[Lifecycle]) -> str | None:
        return rows.show("today_needs", [_needed_line(lifecycle) for lifecycle in found])

    _section(
        "Needs somebody", "Nothing waits for a person. What gets stuck stands here, with what to do.", waiting, draw
    )


def _needed_line(lifecycle: Lifecycle) -> rows.Line:
    stuck = [step for step in lifecycle.steps if step.state == "attention"]
    words = f"{title(stuck[0])}: {advice(stuck[0]).happened}" if stuck else "Waits for a decision."
    since = stuck[0].ended_at or stuck[0].started_at if stuck else lifecycle.effective_at
    waited = clock.roughly(clock.now() - since) if since else ""
    return _line(lifecycle, words, big=waited, small="waiting")


def _line(lifecycle: Lifecycle, words: str, *, big: str = "", small: str = "") -> rows.Line:
    return rows.Line(
        id=lifecycle.id,
        href=f"/lifecycle?{urlencode({'id': lifecycle.id})}",
        look=status_look(lifecycle.status),
        who=lifecycle.who,
        what=kind_look(lifecycle.kind).word.lower(),
        words=words,
        big=big,
        small=small,
    )


def _running(running: list[Lifecycle]) -> None:
    def draw(found: list[Lifecycle]) -> str | None:
        return rows.show("today_running", [_running_line(lifecycle) for lifecycle in found])

    _section("Running now", "Nothing runs at the moment.", running, draw)


def _running_line(lifecycle: Lifecycle) -> rows.Line:
    done = sum(step.state in ("done", "skipped") for step in lifecycle.steps)
    running = next((title(step) for step in lifecycle.steps if step.state == "running"), "")
    so_far = f"{done} of {counted(len(lifecycle.steps), 'step')} done" if lifecycle.steps else "Being planned"
    words = " · ".join(part for part in (running, so_far) if part)
    line = _line(lifecycle, words, small="running")
    return rows.Line(**{**line.__dict__, "since": lifecycle.started_at or lifecycle.effective_at})


def _upcoming(scheduled: list[Lifecycle]) -> None:
    until = clock.now() + AHEAD
    soon = [lifecycle for lifecycle in scheduled if lifecycle.effective_at and lifecycle.effective_at < until]

    def draw(found: list[Lifecycle]) -> str | None:
        return table.show("today_upcoming", "Next 14 days", UPCOMING, [_upcoming_row(lifecycle) for lifecycle in found])

    by_moment = sorted(soon, key=lambda lifecycle: lifecycle.effective_at or until)
    _section("Next 14 days", "Nobody joins, moves or leaves in the next 14 days.", by_moment, draw)


def prepared(lifecycle: Lifecycle) -> str:
    """How far a hire is whose account is made before the day."""
    done = sum(step.state == "done" for step in lifecycle.steps)
    return f"Prepared, {counted(done, 'step')} done" if done else ""


def _upcoming_row(lifecycle: Lifecycle) -> table.Row:
    kind = kind_look(lifecycle.kind)
    said = waits(lifecycle).capitalize() or prepared(lifecycle)
    cells = (
        table.Cell(lifecycle.who, tone="strong", more=lifecycle.id),
        table.Cell(kind.word, icon=kind.icon),
        table.Cell(clock.when_long(lifecycle.effective_at), more=clock.utc(lifecycle.effective_at)),
        table.Cell(look=status_look(lifecycle.status)),
        table.Cell(said, tone="muted"),
    )
    return table.Row(lifecycle.id, cells, f"/lifecycle?{urlencode({'id': lifecycle.id})}")
