"""What the launcher needs to sign in: one-time codes, forms, and letters for a run."""

import json
from pathlib import Path

import pyotp
import pytest

from embedded.play import next_letters
from embedded.practice_login import Form, SignInError, one_time_code

LOGIN = {
    "username": "a@practice.example",
    "password": "correct horse",
    "totp_secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
}


@pytest.mark.parametrize("now", [59, 1_111_111_109, 1_234_567_890, 20_000_000_000])
def test_codes_are_those_of_an_authenticator_app(now: int) -> None:
    assert one_time_code(LOGIN["totp_secret"], now) == pyotp.TOTP(LOGIN["totp_secret"]).at(now)


def test_a_form_is_filled_with_what_it_asks_for_and_keeps_what_it_hides() -> None:
    page = """<form method="post" action="/sign-in?x=1">
        <input name="username" type="email"><input name="password" type="password">
        <input type="hidden" name="flow" value="a&quot;b"><input type="submit"></form>"""
    form = Form.of(page)
    assert form.action == "/sign-in?x=1"
    assert form.filled(LOGIN) == {"username": LOGIN["username"], "password": LOGIN["password"], "flow": 'a"b'}


def test_a_code_is_put_where_a_code_is_asked_for() -> None:
    filled = Form.of('<form action="/"><input name="code" autocomplete="one-time-code"></form>').filled(LOGIN)
    assert filled["code"].isdigit()
    assert len(filled["code"]) == 6


def test_a_page_without_a_form_is_an_error_that_shows_it() -> None:
    with pytest.raises(SignInError, match="no form on the sign-in page: '<h1>Stopped"):
        Form.of("<h1>Stopped</h1>")


def test_each_run_gets_letters_that_none_had(tmp_path: Path) -> None:
    file = tmp_path / "feed.json"
    assert [next_letters(file) for _ in range(28)][::27] == ["A", "AB"]
    assert json.loads(file.read_text("utf-8"))[:3] == ["A", "B", "C"]
