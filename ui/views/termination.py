"""The form that starts a leaver; the name is typed back before access ends."""

from datetime import date, datetime, time
from typing import Any

import streamlit as st

from ui import clock, look
from ui.forms import Form, find_person, given, iso
from ui.shapes import Person
from ui.words import TERMINATION_KINDS, literal

FORM = Form("termination")
ENDS = {"policy": "At the policy's hour", "moment": "At another hour", "now": "Now"}
DELETION = {"policy": "As the policy says", "0": "At once", "30": "30 days", "90": "90 days", "365": "A year"}


def show() -> None:
    """The page."""
    look.heading("Termination", "Nothing happens until you confirm at the bottom.")
    form, plan = st.columns([1.2, 1], gap="large")
    with form:
        person = find_person(FORM)
        if person is None:
            return
        event = {"employee_id": person.employee_id} | _kind() | _moment(person) | _heirs()
        _confirm(person, event)
    with plan, st.container(border=True):
        _plan(person, event)


def _kind() -> dict[str, Any]:
    left, right = st.columns(2)
    with left:
        kind = FORM.choice("kind", "Kind", TERMINATION_KINDS)
    with right:
        after = FORM.choice("delete_after_days", "Delete the account after", DELETION, "policy") or "policy"
    return {"kind": kind, "delete_after_days": None if after == "policy" else int(after)}


def _moment(person: Person) -> dict[str, Any]:
    left, right = st.columns(2)
    with right:
        ends = FORM.choice("ends", "Access ends", ENDS, "policy") or "policy"
    if ends == "now":
        with left:
            st.caption("Everything begins at once, before anything else that waits.")
        return {"effective_at": clock.now().isoformat(timespec="seconds"), "urgent": True}
    with left:
        last = FORM.day("last_day", "Last day", date.today())  # noqa: DTZ011 - a day on a calendar, of no zone
    if ends == "policy" or last is None:
        return {"last_day": iso(last)}
    zone = clock.zone_named(person.say("time_zone"))
    hour = st.time_input(f"Hour in {clock.city(zone.key)}", time(17, 0), key=FORM.key("hour")) or time(17, 0)
    return {"effective_at": datetime.combine(last, hour, tzinfo=zone).isoformat()}


def _heirs() -> dict[str, Any]:
    left, right = st.columns(2)
    with left:
        files = FORM.text("transfer_to", "Files go to", placeholder="Employee id; else the manager")
    with right:
        mail = FORM.text("forward_mail_to", "Mail goes to", placeholder="Employee id; else the manager")
    reason = FORM.text("reason", "Reason", placeholder="Kept in the ledger, e.g. case 4411")
    hold = st.checkbox("Legal hold: the account is kept until it is lifted", key=FORM.key("legal_hold"))
    return {"transfer_to": files, "forward_mail_to": mail, "reason": reason, "legal_hold": True if hold else None}


def missing(event: dict[str, Any]) -> list[str]:
    """What an event of a termination cannot do without and does not have yet."""
    lacking = [] if event.get("kind") else ["the kind"]
    return lacking if event.get("last_day") or event.get("effective_at") else [*lacking, "the last day"]


def _confirm(person: Person, event: dict[str, Any]) -> None:
    with st.container(border=True):
        typed = st.text_input(
            f"Type **{literal(person.who)}** to confirm",
            key=FORM.key("confirm"),
            placeholder=person.who,
            live=True,
            autocomplete="off",
        )
        same = str(typed or "").strip().casefold() == person.who.casefold()
        label = f"End access of {literal(person.who)} {_when(person, event)}".strip()
        FORM.submit(label, given(event), "termination", missing(event), ready=same, key="end_access")


def _when(person: Person, event: dict[str, Any]) -> str:
    if event.get("urgent"):
        return "now"
    if event.get("last_day"):
        return f"on {clock.day(date.fromisoformat(event['last_day']))}"
    if event.get("effective_at"):
        moment = datetime.fromisoformat(event["effective_at"])
        return f"on {clock.when(moment, clock.zone_named(person.say('time_zone')))}"
    return ""


def _plan(person: Person, event: dict[str, Any]) -> None:
    at = _when(person, event).removeprefix("on ") or "Last day"
    days = event.get("delete_after_days")
    kept = "as the policy says" if days is None else f"after {days} d"
    st.markdown(f"### What happens to {literal(person.name.split(' ')[0] or person.employee_id)}")
    look.plan(
        (
            (at, "Containment", "Sign-in blocked, sessions revoked, password randomised, read back from the tenant."),
            ("then", "Take access away", "Directory roles, groups and licences, as the tenant says they are."),
            ("then", "Read back", "What is gone is read back: the evidence of the certificate."),
            (
                "on hold" if event.get("legal_hold") else kept,
                "Delete account",
                "Until then everything can be given back.",
            ),
        )
    )
    synced = [grant.name for grant in person.grants if grant.source == "synced"]
    if synced:
        look.note(
            f"{', '.join(synced)} will need somebody: synced from on-premises, and to be changed there.", "orange"
        )
    if person.grants:
        st.caption(f"{len(person.grants)} grants in the tenant now.")
