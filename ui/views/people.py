"""Who is known: found by name, address or employee id."""

from urllib.parse import urlencode

import streamlit as st

from ui import look, places, who
from ui.calls import ApiError
from ui.components import table
from ui.problems import show as show_problem
from ui.shapes import Person

COLUMNS = ("Name", "Title", "Department", "Address", "Employee id")


def show() -> None:
    """The page."""
    look.heading("People", "Everybody HR has sent an event about.")
    q = st.text_input(
        "Search",
        key="people_q",
        placeholder="Name, address or employee id",
        icon=":material/search:",
        label_visibility="collapsed",
        live=True,
    )
    try:
        page = who.api().people(q=str(q or "").strip() or None)
    except ApiError as error:
        show_problem(error, "The people cannot be shown")
        return
    if not page.items:
        look.note("Nobody fits. People stand here once HR has sent their first event." if q else "Nobody is known yet.")
        return
    opened = table.show("people", "People", COLUMNS, [_row(person) for person in page.items])
    if page.next_page_token:
        st.caption("There are more. Type a name to narrow them down.")
    if opened:
        places.go("person", id=opened)


def _row(person: Person) -> table.Row:
    cells = (
        table.Cell(person.who, tone="strong"),
        table.Cell(person.say("title")),
        table.Cell(person.say("department")),
        table.Cell(person.upn, tone="muted", more=person.upn),
        table.Cell(person.employee_id, tone="muted"),
    )
    return table.Row(person.employee_id, cells, f"/person?{urlencode({'id': person.employee_id})}")
