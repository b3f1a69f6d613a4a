"""What the three forms share: fields with their refusals under them, a person to find, sending, the receipt."""

import re
import uuid
from collections.abc import Mapping, Sequence
from datetime import date
from html import escape
from typing import Any

import streamlit as st

from ui import places, who
from ui.calls import Api, ApiError, EventKind, SignedOutError
from ui.geography import countries, zones_of
from ui.problems import fields
from ui.problems import show as show_problem
from ui.shapes import Person, Receipt
from ui.words import EMPLOYEE_TYPES, literal

EMPLOYEE_ID = re.compile(r"[A-Za-z0-9_.-]{1,64}")
AWAITED = "awaited"
HITS = 8


class Form:
    """One form of a page: its fields' keys start with its name, and refusals stay until it is sent again."""

    def __init__(self, name: str) -> None:
        self.name = name

    def key(self, field: str) -> str:
        """The key of a field's widget, by which tests find it too."""
        return f"{self.name}_{field}"

    def text(self, field: str, label: str, value: str = "", **more: Any) -> str | None:
        """A line of text; None where it is empty."""
        written = st.text_input(label, value, key=self.key(field), max_chars=256, live=True, **more)
        self.refusal(field)
        return str(written or "").strip() or None

    def choice(
        self, field: str, label: str, options: Mapping[str, str], value: str | None = None, **more: Any
    ) -> str | None:
        """One of several; nothing is chosen beforehand unless ``value`` says so."""
        names = list(options)
        index = names.index(value) if value in names else None
        chosen = st.selectbox(
            label,
            names,
            index=index,
            key=self.key(field),
            format_func=lambda name: options[name],
            placeholder=more.pop("placeholder", "Choose"),
            **more,
        )
        self.refusal(field)
        return str(chosen) if chosen else None

    def day(self, field: str, label: str, value: date | None = None, **more: Any) -> date | None:
        """A date."""
        chosen = st.date_input(label, value, key=self.key(field), format="DD/MM/YYYY", **more)
        self.refusal(field)
        return chosen if isinstance(chosen, date) else None

    def country(self, value: str | None = None) -> str | None:
        """A country by name; what is sent is its code."""
        shown = {code: f"{name} ({code})" for code, name in countries().items()}
        return self.choice("country", "Country", shown, value)

    def zone(self, country: str | None, value: str | None = None) -> str | None:
        """A time zone, the country's own first; left open, the policy's zone holds."""
        shown = {name: name.replace("_", " ") for name in zones_of(country or "")}
        return self.choice("time_zone", "Time zone", shown, value, placeholder="The policy's")

    def employee_type(self, value: str | None = None) -> str | None:
        """Employee, contractor or intern."""
        return self.choice("employee_type", "Employment", EMPLOYEE_TYPES, value)

    def refusal(self, field: str) -> None:
        """What the API said about this field when the form was last sent."""
        words = self._refusals().get(field)
        if words:
            st.html(f'<p class="jml-refusal" role="alert">{escape(words)}</p>')

    def _refusals(self) -> Mapping[str, str]:
        error = self._refusal()
        return fields(error) if isinstance(error, ApiError) else {}

    def submit(self, label: str, event: dict[str, Any], kind: EventKind, missing: Sequence[str], **more: Any) -> None:
        """The button, what is still missing, and on a press the event; a refusal leaves everything as typed."""
        if missing:
            st.caption(f"Still missing: {', '.join(missing)}.")
        ready = not missing and more.pop("ready", True)
        if st.button(
            label, type="primary", disabled=not ready, key=more.pop("key", self.key("submit")), width="stretch"
        ):
            self._send(kind, event)
        self._show_refusal()

    def _send(self, kind: EventKind, event: dict[str, Any]) -> None:
        sent_as = st.session_state.setdefault(f"{self.name}__event_id", f"console-{uuid.uuid4().hex[:16]}")
        st.session_state.pop(f"{self.name}__refusal", None)
        try:
            receipt = who.api().send(kind, {"event_id": sent_as} | event)
        except (ApiError, SignedOutError) as error:
            st.session_state[f"{self.name}__refusal"] = error
            st.rerun()
        else:
            st.session_state.pop(f"{self.name}__event_id")
            _lead_on(receipt)

    def _refusal(self) -> ApiError | SignedOutError | None:
        """How the API answered when the form was last sent, until it is sent again."""
        found: ApiError | SignedOutError | None = st.session_state.get(f"{self.name}__refusal")
        return found

    def _show_refusal(self) -> None:
        error = self._refusal()
        if error is None:
            return
        show_problem(error, "Nothing was started")
        for field, words in self._refusals().items():
            if self.key(field) not in st.session_state:
                st.caption(literal(f"{field.replace('_', ' ')}: {words}"))


def _lead_on(receipt: Receipt) -> None:
    st.session_state["toast"] = "HR had sent this before." if receipt.status == "duplicate" else "Accepted."
    if not receipt.lifecycle_id:
        places.go("person", id=receipt.employee_id)
    st.session_state[AWAITED] = receipt.lifecycle_id
    places.go("lifecycle", id=receipt.lifecycle_id)


@st.cache_data(scope="session", ttl=10, show_spinner=False)
def _people(_api: Api, q: str) -> list[Person]:
    return list(_api.people(q=q).items[:HITS])


@st.cache_data(scope="session", ttl=30, show_spinner=False)
def _person(_api: Api, employee_id: str) -> Person | None:
    try:
        return _api.person(employee_id)
    except ApiError as error:
        if error.status == 404:
            return None
        raise


def find_person(form: Form) -> Person | None:
    """Find one person by typing; an id that nobody here has may be used too, as HR can be ahead of the directory."""
    key = form.key("employee_id")
    chosen = st.session_state.get(f"{key}__chosen") or places.asked("employee_id")
    try:
        if chosen:
            return _chosen(key, chosen)
        _search(key)
    except ApiError as error:
        show_problem(error, "People cannot be looked up")
        return Person(chosen, "", "", "") if chosen else None
    return None


def _chosen(key: str, employee_id: str) -> Person:
    person = _person(who.api(), employee_id)
    job = [person.say("title"), person.say("department")] if person else ["Nobody here has this id"]
    shown = person or Person(employee_id, "", "", "")
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        with st.container(gap=None, width="content"):
            st.markdown(f"**{literal(shown.who)}**")
            st.caption(" · ".join(part for part in (", ".join(filter(None, job)), employee_id) if part))
        if st.button("Somebody else", key=f"{key}_change", type="tertiary"):
            st.session_state.pop(f"{key}__chosen", None)
            st.query_params.clear()
            st.rerun()
    return shown


def _search(key: str) -> None:
    words = st.text_input(
        "Person", key=key, placeholder="Name, address or employee id", icon=":material/search:", live=True
    )
    q = str(words or "").strip()
    if not q:
        return
    hits = _people(who.api(), q)
    for person in hits:
        job = ", ".join(part for part in (person.say("title"), person.say("department"), person.employee_id) if part)
        _hit(key, person.employee_id, f"{literal(person.who)} · {literal(job)}")
    if EMPLOYEE_ID.fullmatch(q) and all(person.employee_id != q for person in hits):
        _hit(key, q, f"Use the employee id {q}, which nobody here has")


def _hit(key: str, employee_id: str, words: str) -> None:
    if st.button(words, key=f"{key}_hit_{employee_id}", type="tertiary", icon=":material/person:"):
        st.session_state[f"{key}__chosen"] = employee_id
        st.rerun()


def iso(day: date | None) -> str | None:
    """A date as the API takes it."""
    return day.isoformat() if day else None


def given(event: Mapping[str, Any]) -> dict[str, Any]:
    """Without what was left open."""
    return {name: value for name, value in event.items() if value is not None}
