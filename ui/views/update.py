"""The form that starts a mover: what HR changes about somebody, and from when."""

from datetime import date
from typing import Any

import streamlit as st

from ui import clock, look
from ui.forms import Form, find_person, iso
from ui.shapes import Person
from ui.words import literal

FORM = Form("update")
FIELDS = {
    "title": "title",
    "department": "department",
    "manager_id": "manager",
    "office": "office",
    "company": "company",
    "given_name": "given name",
    "family_name": "family name",
    "country": "country",
    "employee_type": "employment",
    "time_zone": "time zone",
}


def show() -> None:
    """The page."""
    look.heading("Update", "A new job, manager, office or name. Nothing happens until you confirm at the bottom.")
    form, plan = st.columns([1.35, 1], gap="large")
    with form:
        person = find_person(FORM)
        if person is None:
            return
        found, effective = _fields(person), _effective()
        changed = changes(person, found)
        event = {"employee_id": person.employee_id, "effective_at": iso(effective), "changes": changed}
        lacking = ([] if changed else ["a change"]) + ([] if effective else ["the day"])
        FORM.submit(_label(person, effective), event, "update", lacking)
    with plan, st.container(border=True):
        _plan(person, changed, effective)


def changes(person: Person, found: dict[str, str | None]) -> dict[str, str | None]:
    """What differs from HR's truth; a field that was emptied is cleared by null."""
    return {name: value for name, value in found.items() if (value or "") != person.say(name)}


def _fields(person: Person) -> dict[str, str | None]:
    left, right = st.columns(2)
    found: dict[str, str | None] = {}
    with left:
        for name, label in (
            ("title", "Title"),
            ("manager_id", "Manager"),
            ("company", "Company"),
            ("given_name", "Given name"),
        ):
            found[name] = FORM.text(name, label, person.say(name))
        found["country"] = FORM.country(person.say("country"))
    with right:
        for name, label in (("department", "Department"), ("office", "Office")):
            found[name] = FORM.text(name, label, person.say(name))
        found["employee_type"] = FORM.employee_type(person.say("employee_type"))
        found["family_name"] = FORM.text("family_name", "Family name", person.say("family_name"))
        found["time_zone"] = FORM.zone(found["country"], person.say("time_zone"))
    return found


def _effective() -> date | None:
    today = date.today()  # noqa: DTZ011 - a day on a calendar, of no zone
    return FORM.day("effective_at", "Takes effect on", today)


def _label(person: Person, effective: date | None) -> str:
    return f"Change {literal(person.who)}" + (f" on {clock.day(effective)}" if effective else "")


def _plan(person: Person, changed: dict[str, Any], effective: date | None) -> None:
    st.markdown(f"### What changes for {literal(person.name.split(' ')[0] or person.employee_id)}")
    if not changed:
        look.note("Change a field on the left and see here what becomes of it.")
        return
    at = clock.day(effective) if effective else "The day"
    lines = [
        (at, FIELDS[name].capitalize(), f"{person.say(name) or 'none'} → {value or 'none'}")
        for name, value in changed.items()
    ]
    lines.append(("then", "New access", "Groups, licences and roles of the new job are given and read back."))
    lines.append(("then", "Old access", "What only the old job gave is taken away once the new access is seen."))
    look.plan(lines)
