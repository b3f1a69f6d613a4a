"""The form that starts a joiner."""

from datetime import date
from typing import Any

import streamlit as st

from ui import clock, look
from ui.forms import Form, given, iso
from ui.words import EMPLOYEE_TYPES, literal

FORM = Form("new_hire")
NEEDED = {
    "employee_id": "employee id",
    "given_name": "given name",
    "family_name": "family name",
    "title": "title",
    "country": "country",
    "employee_type": "employment",
    "hire_date": "first day",
}


def show() -> None:
    """The page."""
    look.heading("New hire", "Nothing happens until you confirm at the bottom.")
    form, plan = st.columns([1.35, 1], gap="large")
    with form:
        event = _person() | _job() | _days()
        FORM.submit(_label(event), given(event) | {"department": event["department"]}, "new-hire", missing(event))
    with plan, st.container(border=True):
        _plan(event)


def missing(event: dict[str, Any]) -> list[str]:
    """What an event of a hire cannot do without and does not have yet."""
    return [words for name, words in NEEDED.items() if not event.get(name)]


def _person() -> dict[str, Any]:
    left, right = st.columns(2)
    with left:
        given_name = FORM.text("given_name", "Given name")
        preferred = FORM.text("preferred_name", "Preferred name", placeholder="If another one is used")
    with right:
        family = FORM.text("family_name", "Family name", help="A dash (-) for somebody with a single name")
        employee_id = FORM.text("employee_id", "Employee id", placeholder="As HR knows them, e.g. E10342")
    email = FORM.text("personal_email", "Private e-mail", placeholder="Where the first sign-in is sent")
    return {
        "given_name": given_name,
        "family_name": family,
        "preferred_name": preferred,
        "employee_id": employee_id,
        "personal_email": email,
    }


def _job() -> dict[str, Any]:
    left, right = st.columns(2)
    with left:
        title = FORM.text("title", "Title")
        company = FORM.text("company", "Company")
        manager = FORM.text("manager_id", "Manager", placeholder="Their employee id")
    with right:
        department = FORM.text("department", "Department")
        office = FORM.text("office", "Office")
        kind = FORM.employee_type("employee")
    return {
        "title": title,
        "department": department,
        "company": company,
        "office": office,
        "manager_id": manager,
        "employee_type": kind,
    }


def _days() -> dict[str, Any]:
    left, right = st.columns(2)
    with left:
        country = FORM.country()
        first = FORM.day("hire_date", "First day", date.today())  # noqa: DTZ011 - a day on a calendar, of no zone
    with right:
        zone = FORM.zone(country)
        last = FORM.day("end_date", "Last day, if agreed already")
    return {"country": country, "time_zone": zone, "hire_date": iso(first), "end_date": iso(last)}


def _name(event: dict[str, Any]) -> str:
    first = event["preferred_name"] or event["given_name"] or ""
    return f"{first} {event['family_name'] or ''}".strip(" -")


def _label(event: dict[str, Any]) -> str:
    first = event["hire_date"]
    return f"Hire {literal(_name(event)) or 'somebody'}" + (
        f" on {clock.day(date.fromisoformat(first))}" if first else ""
    )


def _plan(event: dict[str, Any]) -> None:
    first = event["hire_date"]
    at = clock.day(date.fromisoformat(first)) if first else "First day"
    where = f" in {clock.city(event['time_zone'])}" if event["time_zone"] else ""
    job = ", ".join(part for part in (event["title"], event["department"]) if part) or "the job"
    kind = EMPLOYEE_TYPES.get(event["employee_type"] or "", "Employee").lower()
    st.markdown(f"### What happens to {literal(event['given_name'] or 'the new hire')}")
    look.plan(
        (
            (
                "before",
                "Account prepared",
                "A name is reserved; the account is made, filled from HR and kept disabled.",
            ),
            (f"{at}, 00:00", "Access given", f"Sign-in opens{where}: groups, licences and roles for {job} ({kind})."),
            ("then", "Read back", "What was written is read back from the tenant: the evidence."),
            ("then", "People told", "The manager and the administrators get word."),
        )
    )
    look.note("What cannot be done stands under Needs somebody; nothing is lost and nothing is done twice.")
