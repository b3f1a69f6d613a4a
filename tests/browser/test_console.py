"""The console as people use it: sign in, hire somebody, watch the run sheet finish, end the access again."""

import re

import pyotp
import pytest
from playwright.sync_api import Locator, Page, expect

from tests.end_to_end.stack import Stack

pytestmark = pytest.mark.slow

RUN_MS = 60_000


def sign_in(page: Page, stack: Stack, role: str, path: str = "/") -> None:
    """Password, then one-time code, at the practice tenant's own pages."""
    who = stack.login(role)
    page.goto(path)
    page.get_by_role("link", name="Sign in").click()
    page.get_by_label("User name").fill(who["username"])
    page.get_by_label("Password").fill(who["password"])
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("One-time code").fill(pyotp.TOTP(who["totp_secret"]).now())
    page.get_by_role("button", name="Verify").click()


def field(page: Page, key: str) -> Locator:
    """The input of the widget with this key."""
    return page.locator(f".st-key-{key} input")


def choose(page: Page, key: str, words: str) -> None:
    """Pick an option of the select box with this key by typing it: long lists are drawn in part only."""
    field(page, key).fill(words)
    page.get_by_role("option", name=words, exact=True).click()
    expect(field(page, key)).to_have_value(words)


def hire(page: Page, employee_id: str, given_name: str, family_name: str) -> None:
    """Fill in the form and send it."""
    values = {
        "given_name": given_name,
        "family_name": family_name,
        "employee_id": employee_id,
        "title": "Analyst",
        "department": "Finance",
    }
    for name, value in values.items():
        field(page, f"new_hire_{name}").fill(value)
    choose(page, "new_hire_country", "Germany (DE)")
    page.get_by_role("button", name=f"Hire {given_name} {family_name}").click()


def run_sheet_finishes(page: Page) -> None:
    """Every step of the sheet, planned and looked at twice, is done."""
    expect(page.locator("li.row[data-step='second look'][data-state='done']")).to_be_visible(timeout=RUN_MS)
    expect(page.locator("li.row:not([data-state='done'])")).to_have_count(0)


def test_somebody_is_hired_and_their_access_ended_again(page: Page, stack: Stack) -> None:
    sign_in(page, stack, "Hr.Operator", "/new-hire")
    hire(page, "B77001", "Lena", "Fischer")

    expect(page.get_by_role("heading", name="Lena Fischer", exact=True)).to_be_visible()
    run_sheet_finishes(page)
    expect(page.get_by_text("Completed")).to_be_visible()
    expect(page.get_by_text("Create the account")).to_be_visible()

    page.get_by_role("link", name="Person").click()
    page.get_by_role("button", name="Terminate…").click()
    choose(page, "termination_kind", "Voluntary")
    choose(page, "termination_ends", "Now")
    expect(page.get_by_role("button", name="End access of")).to_be_disabled()
    field(page, "termination_confirm").fill("Lena Fischer")
    page.get_by_role("button", name="End access of Lena Fischer now").click()

    run_sheet_finishes(page)
    expect(page.get_by_text("Retained")).to_be_visible()
    expect(page.get_by_text(re.compile("after the event"))).to_be_visible()


def test_what_needs_somebody_is_found_and_cancelled(page: Page, stack: Stack) -> None:
    sign_in(page, stack, "Hr.Operator", "/termination?employee_id=B40404")
    expect(page.get_by_text("Nobody here has this id")).to_be_visible()
    choose(page, "termination_kind", "Involuntary")
    choose(page, "termination_ends", "Now")
    field(page, "termination_confirm").fill("B40404")
    page.get_by_role("button", name="End access of B40404 now").click()
    expect(page.get_by_text("The tenant knows nobody with this employee id.")).to_be_visible(timeout=RUN_MS)
    expect(page.get_by_role("button", name="Cancel…")).to_have_count(0)

    page.context.clear_cookies()
    sign_in(page, stack, "Iam.Admin")
    page.get_by_role("link", name="B40404").click()
    page.get_by_role("button", name="Cancel…").click()
    confirm = page.locator(".st-key-cancel_confirm button")
    expect(confirm).to_be_disabled()
    page.get_by_text("Stop and leave everything as it is").click()
    page.get_by_label("Reason").fill("no such person, agreed with HR")
    confirm.click()
    expect(page.get_by_text("Cancelled")).to_be_visible()


def test_a_deep_link_survives_the_sign_in_and_signing_out_ends_it(page: Page, stack: Stack) -> None:
    sign_in(page, stack, "Iam.Auditor", "/lifecycles?kind=leaver&status=retained")
    expect(page).to_have_url(re.compile(r"/lifecycles\?.*status=retained"))
    expect(field(page, "lifecycles_kind")).to_have_value("Leaver")
    expect(page.get_by_role("link", name="New hire")).to_have_count(0)

    page.locator("[data-testid=stSidebarUserContent] button").click()
    page.get_by_role("link", name="Sign out").click()
    page.goto("/lifecycles")
    expect(page.get_by_role("link", name="Sign in")).to_be_visible()


def test_no_script_style_or_connection_is_refused_by_the_policy(page: Page, stack: Stack) -> None:
    refused: list[str] = []
    page.on("console", lambda message: refused.append(message.text) if "Content Security" in message.text else None)
    sign_in(page, stack, "Hr.Operator", "/lifecycles")
    expect(page.get_by_role("heading", name="Lifecycles")).to_be_visible()
    page.get_by_role("link", name="Today").click()
    expect(page.get_by_role("heading", name="Next 14 days")).to_be_visible()
    assert refused == []
