"""One lifecycle: its facts, its run sheet, and what an administrator can do about it."""

from collections.abc import Callable
from urllib.parse import quote

import streamlit as st

from ui import clock, commands, look, places, who
from ui.calls import Api, ApiError, SignedOutError, Simple
from ui.components import runsheet
from ui.forms import AWAITED
from ui.names import with_names
from ui.problems import show as show_problem
from ui.shapes import Lifecycle
from ui.wiring import wired
from ui.words import EVENTS, counted, kind_look, literal, status_look, waits

WISH = "lifecycle_wish"
PACE = "lifecycle_pace"


def show() -> None:
    """The page."""
    lifecycle_id = places.asked("id")
    places.back("lifecycles")
    _say_toast()
    try:
        found = _read(who.api(), lifecycle_id)
    except ApiError as error:
        _not_there(lifecycle_id, error)
        return
    st.session_state.pop(AWAITED, None)
    st.session_state[PACE] = found.pace
    _top(found)
    st.fragment(_live, run_every=found.pace)(found)
    _open_wish(found)


def _read(api: Api, lifecycle_id: str) -> Lifecycle:
    return with_names(api, [api.lifecycle(lifecycle_id)])[0]


def _not_there(lifecycle_id: str, error: ApiError) -> None:
    """A lifecycle whose event was accepted a moment ago may have to write its first row still."""
    if error.status == 404 and st.session_state.get(AWAITED) == lifecycle_id:
        look.note("Accepted. The lifecycle is being opened; it shows itself in a moment.")
        st.fragment(_look_again, run_every="0.5s")()
    else:
        show_problem(error, "This lifecycle cannot be shown")


def _look_again() -> None:
    """The first run draws the page that waits; each later one looks whether it is there."""
    if st.session_state.pop("lifecycle_asked", False):
        st.rerun()
    st.session_state["lifecycle_asked"] = True


def _say_toast() -> None:
    words = st.session_state.pop(commands.TOAST, None)
    if words:
        st.toast(words, icon=":material/check_circle:")


def _top(found: Lifecycle) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.title(literal(found.who), anchor=False, width="content")
        with st.container(horizontal=True, width="content", vertical_alignment="center"):
            _buttons(found)


def _buttons(found: Lifecycle) -> None:
    temporal = f"{wired().temporal_ui_url}/namespaces/default/workflows/{quote(found.id, safe='')}"
    places.link("person", "Person", "person", id=found.employee_id)
    st.link_button("Temporal", temporal, icon=":material/open_in_new:", key="temporal")
    if not places.ADMINS & _roles() or found.ended:
        return
    options = _more(found)
    if options:
        chosen = st.menu_button("More", list(options), key="more", icon=":material/more_horiz:")
        if chosen:
            st.session_state[WISH] = (chosen, "")
    if st.button("Cancel…", key="cancel", icon=":material/block:"):
        st.session_state[WISH] = ("cancel", "")


def _roles() -> frozenset[str]:
    session = who.session(used=False)
    return session.roles if session else frozenset()


def _more(found: Lifecycle) -> dict[str, Callable[[], None]]:
    """What else can be done with it as it stands."""

    def simple(verb: Simple, words: str, button: str) -> Callable[[], None]:
        return lambda: commands.simple(found, verb, words, button)

    if found.status == "held":
        return {"Release…": simple("release", "It goes on where it was put on hold.", "Release it")}
    options = {
        "Hold…": simple("hold", "No new step begins; what runs is finished. It stays so until released.", "Put on hold")
    }
    if found.status == "scheduled":
        options["Begin now…"] = simple(
            "expedite", "It does not wait for its moment and begins at once.", "Begin it now"
        )
    if found.status == "retained":
        options["Delete now…"] = simple(
            "expedite",
            "The account is deleted now and not on its day. Entra keeps it restorable for 30 days.",
            "Delete it now",
        )
    return options


def _live(found: Lifecycle) -> None:
    """Facts and run sheet as they are this moment; the first drawing uses what the page has just read."""
    if st.session_state.pop("lifecycle_fresh", None) == found.id:
        try:
            found = _read(who.api(used=False), found.id)
        except ApiError as error:
            show_problem(error, "The run sheet is not up to date")
        except SignedOutError:
            st.rerun()
    st.session_state["lifecycle_fresh"] = found.id
    with st.container(key="facts"):
        _facts(found)
    asked = None
    if found.steps:
        asked = runsheet.show(found, may_act=bool(places.ADMINS & _roles()))
    else:
        _not_planned(found)
    if asked:
        st.session_state[WISH] = asked
    if asked or found.pace != st.session_state.get(PACE):
        st.session_state.pop("lifecycle_fresh", None)
        st.rerun()


def _not_planned(found: Lifecycle) -> None:
    words = {
        "scheduled": f"The run sheet is planned when its moment comes: {clock.when_long(found.effective_at)}.",
        "running": "The run sheet is being planned.",
    }
    look.note(words.get(found.status, "It ended before a run sheet was planned."))


def _facts(found: Lifecycle) -> None:
    kind = kind_look(found.kind).word
    said = (kind, EVENTS.get(found.event_type, ""), found.employee_id, waits(found))
    look.subtitle(" · ".join(part for part in said if part), status_look(found.status))
    done = sum(step.state in ("done", "skipped", "undone") for step in found.steps)
    parked = 0 if found.ended else sum(step.state == "attention" for step in found.steps)
    look.strip(
        (
            ("Takes effect", clock.when(found.effective_at), clock.utc(found.effective_at)),
            ("Access cut", _cut(found), clock.utc(found.cut_at)),
            ("Progress", f"{done} of {counted(len(found.steps), 'step')}" if found.steps else "", ""),
            ("Needs you", counted(parked, "step") if parked else "", ""),
            ("Ended", clock.when(found.ended_at) if found.ended_at else "", clock.utc(found.ended_at)),
            ("Event", found.event_id if len(found.event_id) < 25 else f"{found.event_id[:22]}…", found.event_id),
            ("Policy", found.policy_hash[:7], found.policy_hash),
        )
    )


def _cut(found: Lifecycle) -> str:
    if found.cut_at is None or found.effective_at is None:
        return ""
    after = found.cut_at - max(found.effective_at, found.started_at or found.effective_at)
    return f"{clock.took(after)} after the event" if after.total_seconds() >= 0 else clock.when(found.cut_at)


def _open_wish(found: Lifecycle) -> None:
    """Open the dialog that was asked for: here, in the body, as a fragment may not."""
    verb, step_name = st.session_state.pop(WISH, ("", ""))
    step = found.step(step_name)
    if verb == "cancel":
        commands.cancel(found)
    elif verb in _more(found):
        _more(found)[verb]()
    elif step is not None and verb in STEP_DIALOGS:
        STEP_DIALOGS[verb](found, step)


STEP_DIALOGS = {"retry": commands.retry, "retry_with": commands.retry_with, "skip": commands.skip}
