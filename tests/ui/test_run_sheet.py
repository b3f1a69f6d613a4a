"""What the run sheet's component is given to draw."""

from datetime import timedelta
from typing import Any

import pytest

from tests.ui.samples import NOW, at, lifecycle, step
from ui.components import runsheet
from ui.shapes import Lifecycle


def drawn(*steps: dict[str, Any], status: str = "running", may_act: bool = True) -> dict[str, Any]:
    return runsheet.data(Lifecycle.of(lifecycle(status, steps=list(steps))), NOW, may_act=may_act)


def line(*steps: dict[str, Any], **more: Any) -> dict[str, Any]:
    found: dict[str, Any] = drawn(*steps, **more)["legs"][0]["steps"][0]
    return found


def test_steps_stand_under_their_legs_in_sheet_order() -> None:
    legs = drawn(step("a", leg="account"), step("b", leg="groups"), step("c", leg="account"))["legs"]
    assert [(leg["title"], [one["name"] for one in leg["steps"]]) for leg in legs] == [
        ("Account", ["a", "c"]),
        ("Groups", ["b"]),
    ]


def test_a_leg_counts_what_is_done_and_what_is_not() -> None:
    legs = drawn(step("a"), step("b", "attention"), step("c", "waiting"), step("d", "skipped"))["legs"]
    assert legs[0]["summary"] == "1 of 4 done · 1 needs you · 1 skipped"
    assert legs[0]["took"] == ""


def test_a_leg_that_has_ended_says_how_long_it_took() -> None:
    legs = drawn(step("a", started_at=at(-60), ended_at=at(-50)), step("b", started_at=at(-55), ended_at=at(-19)))[
        "legs"
    ]
    assert legs[0]["took"] == "41 s"


@pytest.mark.parametrize(
    ("state", "verbs"),
    [("attention", ["retry", "retry_with", "skip"]), ("waiting", ["skip"]), ("running", []), ("done", [])],
)
def test_a_step_offers_what_makes_sense_in_its_state(state: str, verbs: list[str]) -> None:
    assert [act["verb"] for act in line(step("a", state))["acts"]] == verbs


def test_nothing_is_offered_to_who_may_not() -> None:
    assert line(step("a", "attention"), may_act=False)["acts"] == []


def test_nothing_is_offered_once_it_has_ended() -> None:
    assert line(step("a", "waiting"), status="cancelled")["acts"] == []


def test_what_needs_somebody_says_what_to_do_and_shows_its_evidence() -> None:
    parked = step(
        "a", "attention", attempts=4, cause="NoLicenceLeft", last_error="400 no seat", evidence={"status": 400}
    )
    found = line(parked)
    assert found["said"] == {"happened": "No seat of this licence is free.", "to_do": "Buy or free a seat, then retry."}
    assert {"Answer": "400 no seat", "Cause": "NoLicenceLeft", "Status": "400"}.items() <= dict(found["facts"]).items()


def test_once_it_has_ended_nobody_is_needed() -> None:
    found = drawn(step("a", "attention", cause="NoLicenceLeft"), status="cancelled")["legs"][0]
    assert found["summary"] == "0 of 1 done · 1 left open"
    assert found["steps"][0]["word"] == "Left open"
    assert found["steps"][0]["said"]["to_do"] == ""


def test_what_is_tried_again_says_what_stands_in_the_way() -> None:
    found = line(step("a", "running", attempts=2, last_error="429, asked to wait 10 s"))
    assert found["said"]["to_do"] == "429, asked to wait 10 s"


def test_the_axis_ends_now_while_somebody_is_needed() -> None:
    assert drawn(step("a", "attention"))["until"] == NOW.timestamp()
    assert drawn(step("a", ended_at=at(-50)))["until"] == (NOW - timedelta(seconds=50)).timestamp()


def test_a_sheet_that_has_not_begun_has_no_axis() -> None:
    assert drawn(step("a", "waiting"))["from"] is None


def test_a_running_step_takes_as_long_as_it_runs() -> None:
    assert line(step("a", "running", started_at=at(-75)))["took"] == "75 s"
