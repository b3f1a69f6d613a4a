"""One person: what HR says of them, what they have in the tenant, and their lifecycles."""

from dataclasses import replace

import streamlit as st

from ui import clock, look, places, who
from ui.calls import ApiError
from ui.components import table
from ui.problems import show as show_problem
from ui.shapes import Grant, Person
from ui.views.lifecycles import COLUMNS, row
from ui.words import literal, plain, source_look

GRANTS = ("What", "Kind", "Source")


def show() -> None:
    """The page."""
    places.back("people")
    try:
        person = who.api().person(places.asked("id"))
    except ApiError as error:
        show_problem(error, "This person cannot be shown")
        return
    _top(person)
    _facts(person)
    _lifecycles(person)
    _grants(person)


def _top(person: Person) -> None:
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.title(literal(person.who), anchor=False, width="content")
        with st.container(horizontal=True, width="content"):
            for name, label in (("update", "Update…"), ("termination", "Terminate…")):
                if places.has(name) and st.button(
                    label, key=f"person_{name}", icon=f":material/{places.PLACES[name].icon}:"
                ):
                    places.go(name, employee_id=person.employee_id)


def _facts(person: Person) -> None:
    office = " · ".join(part for part in (person.say("office"), person.say("country")) if part)
    job = ", ".join(part for part in (person.say("title"), person.say("department")) if part)
    look.strip(
        (
            ("Title", job, ""),
            ("Address", person.upn, person.object_id),
            ("Manager", person.say("manager_id"), ""),
            ("Office", office, ""),
            ("Hired", clock.day_of(person.say("hire_date")), ""),
            ("Employee id", person.employee_id, ""),
        )
    )


def _lifecycles(person: Person) -> None:
    st.subheader("Lifecycles", anchor=False)
    if not person.lifecycles:
        look.note("HR has sent nothing about this person yet.")
        return
    opened = table.show(
        "person_lifecycles",
        "Lifecycles",
        COLUMNS,
        [row(replace(found, name=person.name)) for found in person.lifecycles],
    )
    if opened:
        places.go("lifecycle", id=opened)


def _grants(person: Person) -> None:
    st.subheader("Access", anchor=False)
    if not person.grants:
        look.note("Nothing in the tenant: no group, licence or role.")
        return
    table.show("person_grants", "Access", GRANTS, [_grant(index, grant) for index, grant in enumerate(person.grants)])


def _grant(index: int, grant: Grant) -> table.Row:
    cells = (
        table.Cell(grant.name, tone="strong"),
        table.Cell(plain(grant.kind)),
        table.Cell(look=source_look(grant.source)),
    )
    return table.Row(str(index), cells)
