"""An administrator's commands as dialogs: what will happen, the reason, and a button that says it."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import streamlit as st

from ui import who
from ui.calls import ApiError, SignedOutError, Simple, Verb
from ui.problems import show
from ui.shapes import Lifecycle, Step
from ui.steps import title
from ui.words import counted, first_name, kind_look, literal

DONE = {
    "retry": "Retry accepted. The step begins anew.",
    "skip": "Skip accepted. The lifecycle goes on without the step.",
    "cancel": "Cancel accepted.",
    "hold": "On hold. Nothing new begins until it is released.",
    "release": "Released. It goes on.",
    "expedite": "Accepted. It begins now.",
}
TOAST = "toast"


def run(lifecycle: Lifecycle, verb: Verb, reason: str, **body: Any) -> bool:
    """Give the command; refusals are said in place and the dialog stays."""
    try:
        who.api().command(lifecycle.id, verb, reason, **body)
    except (ApiError, SignedOutError) as error:
        show(error, "The command was not carried out")
        return False
    st.session_state[TOAST] = DONE[verb]
    return True


def _reason(key: str, example: str) -> str:
    words = st.text_input(
        "Reason", key=key, placeholder=f"Kept in the ledger, e.g. {example}", max_chars=500, live=True
    )
    return str(words or "").strip()


def _close(label: str, key: str) -> None:
    if st.button(label, key=key):
        st.rerun()


def _confirm(label: str, key: str, *, ready: bool, act: Callable[[], bool]) -> None:
    if st.button(label, key=key, type="primary", disabled=not ready) and act():
        st.rerun()


def retry(lifecycle: Lifecycle, step: Step) -> None:
    """Begin a parked step anew with the input it has."""

    @st.dialog(f"Retry “{literal(title(step))}”", icon=":material/refresh:")
    def dialog() -> None:
        st.write("The step looks at the tenant first, and does only what is still missing.")
        reason = _reason("retry_reason", "seats were added, case 4411")
        with _buttons():
            _close("Not now", "retry_close")
            act = partial(run, lifecycle, "retry", reason, step=step.name)
            _confirm("Retry the step", "retry_confirm", ready=bool(reason), act=act)

    dialog()


def retry_with(lifecycle: Lifecycle, step: Step) -> None:
    """Begin a parked step anew with a corrected input."""

    @st.dialog("Retry with other input", icon=":material/edit:", width="medium")
    def dialog() -> None:
        st.write(f"What “{literal(title(step))}” works on. Change what is wrong and leave the rest.")
        corrected = _input_fields(step.input)
        reason = _reason("retry_with_reason", "the other licence was meant")
        with _buttons():
            _close("Not now", "retry_with_close")
            act = partial(run, lifecycle, "retry", reason, step=step.name, input=corrected)
            changed = corrected is not None and corrected != step.input
            _confirm("Retry with this input", "retry_with_confirm", ready=bool(reason) and changed, act=act)

    dialog()


def _input_fields(given: dict[str, Any]) -> dict[str, Any] | None:
    """A field for each part of the input; None while one of them cannot be read."""
    found = {name: _input_field(name, value) for name, value in given.items()}
    return None if any(value is _UNREADABLE for value in found.values()) else found


_UNREADABLE = object()


def _input_field(name: str, value: Any) -> Any:
    key = f"input_{name}"
    if isinstance(value, str) or value is None:
        written = str(st.text_input(name, value or "", key=key))
        return None if value is None and not written else written
    if isinstance(value, bool):
        return st.checkbox(name, value, key=key)
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        lines = str(st.text_area(name, "\n".join(value), key=key, help="One a line")).splitlines()
        return [line.strip() for line in lines if line.strip()]
    written = st.text_area(name, json.dumps(value, indent=2, ensure_ascii=False), key=key, help="JSON")
    try:
        return json.loads(str(written))
    except ValueError as wrong:
        st.error(f"This is not JSON: {wrong}", title=f"{name} cannot be read")
        return _UNREADABLE


def skip(lifecycle: Lifecycle, step: Step) -> None:
    """Leave a step out."""

    @st.dialog(f"Skip “{literal(title(step))}”", icon=":material/skip_next:")
    def dialog() -> None:
        st.write(
            "The step is left out and the rest goes on. The ledger keeps who skipped it and why; "
            "a leaver's certificate names it as waived."
        )
        reason = _reason("skip_reason", "done by hand, case 4411")
        with _buttons():
            _close("Keep the step", "skip_close")
            act = partial(run, lifecycle, "skip", reason, step=step.name)
            _confirm("Skip the step", "skip_confirm", ready=bool(reason), act=act)

    dialog()


def simple(lifecycle: Lifecycle, verb: Simple, words: str, button: str) -> None:
    """Hold, release and expedite: a sentence, a reason, a button."""

    @st.dialog(button, icon=":material/pause_circle:" if verb == "hold" else ":material/play_circle:")
    def dialog() -> None:
        st.write(words)
        reason = _reason(f"{verb}_reason", "agreed with HR, case 4411")
        with _buttons():
            _close("Not now", f"{verb}_close")
            _confirm(button, f"{verb}_confirm", ready=bool(reason), act=partial(run, lifecycle, verb, reason))

    dialog()


def cancel(lifecycle: Lifecycle) -> None:
    """End a lifecycle, in one of three ways of which none is chosen beforehand."""

    @st.dialog(f"Cancel this {kind_look(lifecycle.kind).word.lower()}", width="medium", icon=":material/block:")
    def dialog() -> None:
        done = sum(step.state == "done" for step in lifecycle.steps)
        st.write(f"Choose what happens to the **{counted(done, 'step')} done so far**.")
        modes = cancel_modes(lifecycle)
        mode = st.radio(
            "What happens",
            list(modes),
            index=None,
            format_func=lambda name: f"**{modes[name][0]}**",
            captions=[words for _, words in modes.values()],
            label_visibility="collapsed",
            key="cancel_mode",
        )
        _warn_of_return(lifecycle, mode)
        reason = _reason("cancel_reason", "HR withdrew the notice, case 4411")
        with _buttons():
            _close("Keep it running", "cancel_close")
            label = modes[mode][0] if mode else "Choose first"
            act = partial(run, lifecycle, "cancel", reason, mode=mode)
            _confirm(label, "cancel_confirm", ready=bool(mode and reason), act=act)

    dialog()


def cancel_modes(lifecycle: Lifecycle) -> dict[str, tuple[str, str]]:
    """The three ways with their words and counts; containment is a leaver's only."""
    done = sum(step.state == "done" for step in lifecycle.steps)
    left = sum(step.state in ("waiting", "running", "attention") for step in lifecycle.steps)
    stop = (
        f"{counted(done, 'step')} done {_stay(done)}, {counted(left, 'step')} {'is' if left == 1 else 'are'} not run."
    )
    modes = {
        "stop": ("Stop and leave everything as it is", stop),
        "restore": (
            "Give everything back",
            f"What {counted(done, 'step')} changed is undone, newest first. A new password stays new.",
        ),
    }
    if lifecycle.kind != "leaver":
        return modes
    contain = (
        "Finish containment, then stop",
        "Sign-in stays blocked. Nothing more is removed. For while HR finds out.",
    )
    return {"contain": contain} | modes


def _stay(done: int) -> str:
    return "stays" if done == 1 else "stay"


def _warn_of_return(lifecycle: Lifecycle, mode: str | None) -> None:
    if mode == "restore" and lifecycle.kind == "leaver":
        words = f"{literal(first_name(lifecycle))} can sign in again soon after you confirm."
        st.warning(words, icon=":material/lock_open:")


def _buttons() -> Any:
    return st.container(horizontal=True, horizontal_alignment="right")
