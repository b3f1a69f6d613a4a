"""The pages' logic, without a browser: who is offered what, what is sent, what a refusal leaves behind."""

from typing import Any

import pytest

from tests.ui.conftest import Console, said
from tests.ui.samples import lifecycle, person, problem, step
from ui import places

ALL_ROLES = ["Hr.Operator", "Iam.Admin", "Iam.Approver", "Iam.Auditor"]


def fill(app: Any, form: str, **values: str) -> None:
    for name, value in values.items():
        app.text_input(key=f"{form}_{name}").set_value(value)
    app.run()


def test_a_stranger_is_asked_to_sign_in(console: Console) -> None:
    page = console.visit()
    assert "/auth/sign-in" in said(page)
    assert console.answers.asked == []


def test_a_session_that_is_over_says_so(console: Console) -> None:
    assert "You were signed out" in said(console.visit(session_id="of yesterday"))


@pytest.mark.parametrize("role", ALL_ROLES)
def test_every_role_reads_and_only_hr_starts(role: str) -> None:
    offered = set(places.offered(frozenset({role})))
    assert {"today", "lifecycles", "lifecycle", "people", "person"} <= offered
    assert ("new-hire" in offered) == (role == "Hr.Operator")


def test_somebody_without_a_role_is_told_whom_to_ask(console: Console) -> None:
    page = console.open(roles="")
    assert "no role here" in str([info.proto for info in page.info])
    assert console.answers.asked == []


def test_a_token_that_the_api_refuses_leads_to_the_sign_in(console: Console) -> None:
    console.answers.refusal = problem(401, "expired")
    assert "/auth/sign-in" in said(console.open())


def test_today_shows_who_needs_somebody(console: Console) -> None:
    parked = step("licence", "attention", cause="NoLicenceLeft", activity="licences.assign", input={"sku": "SPE_E3"})
    console.answers.lifecycles = [lifecycle("attention", steps=[parked])]
    page = console.open()
    assert not page.exception
    assert "1 thing needs somebody" in said(page)


def test_lifecycles_are_filtered_by_the_address(console: Console) -> None:
    console.open("lifecycles", status="attention", kind="leaver", q="Ines")
    asked = next(url for url in console.answers.asked if url.path == "/lifecycles" and "kind" in url.params)
    assert (asked.params["status"], asked.params["kind"], asked.params["q"]) == ("attention", "leaver", "Ines")


def test_an_unknown_filter_in_the_address_is_no_filter(console: Console) -> None:
    page = console.open("lifecycles", status="nonsense")
    assert not page.exception
    assert page.selectbox(key="lifecycles_status").value == ""


HIRE = {
    "given_name": "Lena",
    "family_name": "Fischer",
    "employee_id": "E77",
    "title": "Analyst",
    "department": "Finance",
}


def hiring(console: Console) -> Any:
    page = console.open("new-hire")
    fill(page, "new_hire", **HIRE)
    return page.selectbox(key="new_hire_country").set_value("DE").run()


def test_a_hire_cannot_be_sent_before_it_is_whole(console: Console) -> None:
    page = console.open("new-hire")
    assert page.button(key="new_hire_submit").disabled
    assert "Still missing: employee id, given name, family name, title, country." in said(page)


def test_the_button_says_whom_it_hires(console: Console) -> None:
    assert hiring(console).button(key="new_hire_submit").label.startswith("Hire Lena Fischer on ")


def test_a_hire_is_sent_as_the_contract_shapes_it(console: Console) -> None:
    hiring(console).button(key="new_hire_submit").click().run()
    path, event = console.answers.sent[0]
    assert path == "/hr/new-hire"
    assert HIRE.items() <= event.items()
    assert event["country"] == "DE"
    assert event["employee_type"] == "employee"
    assert event["event_id"].startswith("console-")
    assert "manager_id" not in event


def test_a_refused_hire_names_the_field_and_keeps_what_was_typed(console: Console) -> None:
    page = hiring(console)
    console.answers.refusal = problem(422, "The request does not fit.", title="is a job nobody has")
    page.button(key="new_hire_submit").click().run()
    assert "is a job nobody has" in said(page)
    assert page.text_input(key="new_hire_title").value == "Analyst"
    assert page.text_input(key="new_hire_given_name").value == "Lena"


def test_sending_again_after_a_refusal_is_the_same_event(console: Console) -> None:
    page = hiring(console)
    console.answers.silent = True
    page.button(key="new_hire_submit").click().run()
    assert "The platform is not answering" in str([error.proto for error in page.error])
    first = page.session_state["new_hire__event_id"]
    console.answers.silent = False
    page.button(key="new_hire_submit").click().run()
    assert console.answers.sent[0][1]["event_id"] == first


def test_an_update_sends_only_what_changed(console: Console) -> None:
    page = console.open("update", employee_id="E1")
    assert page.button(key="update_submit").disabled
    fill(page, "update", title="Head of Controlling", office="")
    page.button(key="update_submit").click().run()
    path, event = console.answers.sent[0]
    assert path == "/hr/update"
    assert event["changes"] == {"title": "Head of Controlling"}
    assert event["employee_id"] == "E1"


def test_a_field_that_is_emptied_is_cleared(console: Console) -> None:
    page = console.open("update", employee_id="E1")
    fill(page, "update", department="")
    page.button(key="update_submit").click().run()
    assert console.answers.sent[0][1]["changes"] == {"department": None}


def test_access_ends_only_once_the_name_is_typed_back(console: Console) -> None:
    page = console.open("termination", employee_id="E1")
    page.selectbox(key="termination_kind").set_value("voluntary").run()
    assert page.button(key="end_access").disabled
    fill(page, "termination", confirm="Ines Morea")
    assert page.button(key="end_access").disabled
    fill(page, "termination", confirm="ines moreau")
    page.button(key="end_access").click().run()
    path, event = console.answers.sent[0]
    assert path == "/hr/termination"
    assert event["kind"] == "voluntary"
    assert "last_day" in event
    assert "effective_at" not in event


def test_an_urgent_termination_begins_now(console: Console) -> None:
    page = console.open("termination", employee_id="E1")
    page.selectbox(key="termination_kind").set_value("involuntary")
    page.selectbox(key="termination_ends").set_value("now").run()
    fill(page, "termination", confirm="Ines Moreau")
    assert page.button(key="end_access").label == "End access of Ines Moreau now"
    page.button(key="end_access").click().run()
    event = console.answers.sent[0][1]
    assert event["urgent"] is True
    assert "last_day" not in event


def test_an_hour_of_the_last_day_is_the_persons_own(console: Console) -> None:
    page = console.open("termination", employee_id="E1")
    page.selectbox(key="termination_kind").set_value("voluntary")
    page.selectbox(key="termination_ends").set_value("moment").run()
    fill(page, "termination", confirm="Ines Moreau")
    assert page.time_input(key="termination_hour").label == "Hour in Amsterdam"
    page.button(key="end_access").click().run()
    assert console.answers.sent[0][1]["effective_at"][-6:] in ("+01:00", "+02:00")


def test_somebody_nobody_knows_can_be_terminated_by_id(console: Console) -> None:
    console.answers.people = []
    page = console.open("termination", employee_id="E404")
    assert "Nobody here has this id" in said(page)
    page.selectbox(key="termination_kind").set_value("voluntary").run()
    fill(page, "termination", confirm="E404")
    assert not page.button(key="end_access").disabled


def test_what_is_synced_will_need_somebody(console: Console) -> None:
    console.answers.people = [person(grants=[{"kind": "group", "name": "Finance-Approvers", "source": "synced"}])]
    assert "Finance-Approvers will need somebody" in said(console.open("termination", employee_id="E1"))


def test_a_person_is_found_by_typing(console: Console) -> None:
    page = console.open("update")
    fill(page, "update", employee_id="ines")
    page.button(key="update_employee_id_hit_E1").click().run()
    assert page.text_input(key="update_title").value == "Controller"


def test_a_lifecycle_shows_its_facts(console: Console) -> None:
    page = console.open("lifecycle", id="joiner:E1:evt-1")
    assert not page.exception
    assert [title.value for title in page.title] == ["Ines Moreau"]
    assert "1 of 1 step" in said(page)


def test_a_lifecycle_that_is_not_there_says_so(console: Console) -> None:
    page = console.open("lifecycle", id="joiner:E9:evt-9")
    assert "This lifecycle cannot be shown" in str([error.proto for error in page.error])


def test_a_lifecycle_just_accepted_is_waited_for(console: Console) -> None:
    session = console.open("lifecycle", id="joiner:E9:evt-9")
    session.session_state["awaited"] = "joiner:E9:evt-9"
    session.run()
    assert "Accepted. The lifecycle is being opened" in said(session)


def test_only_administrators_are_offered_commands(console: Console) -> None:
    assert any(button.key == "cancel" for button in console.open("lifecycle", id="joiner:E1:evt-1").button)
    auditor = console.open("lifecycle", roles="Iam.Auditor", id="joiner:E1:evt-1")
    assert not any(button.key == "cancel" for button in auditor.button)


def test_nothing_can_be_cancelled_that_has_ended(console: Console) -> None:
    console.answers.lifecycles = [lifecycle("completed")]
    page = console.open("lifecycle", id="joiner:E1:evt-1")
    assert not any(button.key == "cancel" for button in page.button)


def test_a_person_is_shown_with_access_and_lifecycles(console: Console) -> None:
    console.answers.people = [
        person(lifecycles=[lifecycle()], grants=[{"kind": "group", "name": "x", "source": "direct"}])
    ]
    page = console.open("person", id="E1")
    assert not page.exception
    assert "ines.moreau@practice.example" in said(page)


def test_people_are_listed(console: Console) -> None:
    page = console.open("people")
    assert not page.exception
    assert page.get("bidi_component")
