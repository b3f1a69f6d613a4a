"""States, causes, moments and steps in words."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.ui.samples import lifecycle, step
from ui import clock, commands, steps
from ui.calls import ApiError
from ui.geography import countries, zones_of
from ui.problems import explain, fields
from ui.shapes import FieldProblem, Lifecycle, Step
from ui.words import (
    CAUSES,
    STATUSES,
    STEP_STATES,
    advice,
    counted,
    leg_title,
    listed,
    literal,
    plain,
    status_look,
    waits,
)

STATES = {"waiting", "running", "done", "skipped", "attention", "undone"}
LIFECYCLE_STATES = {
    "scheduled",
    "awaiting_approval",
    "running",
    "attention",
    "held",
    "retained",
    "completed",
    "cancelled",
    "superseded",
}


def a_step(**more: Any) -> Step:
    return Step.of(step("a", **more))


def test_every_state_of_the_contract_has_a_word_and_an_icon() -> None:
    assert STEP_STATES.keys() == STATES
    assert STATUSES.keys() == LIFECYCLE_STATES
    assert all(look.word and look.icon for look in [*STEP_STATES.values(), *STATUSES.values()])


def test_nothing_is_called_failed() -> None:
    words = " ".join([look.word for look in [*STEP_STATES.values(), *STATUSES.values()]])
    assert "fail" not in words.lower()


def test_a_state_of_tomorrow_is_shown_by_its_name() -> None:
    assert status_look("awaiting_weather").word == "Awaiting weather"


@pytest.mark.parametrize("cause", CAUSES)
def test_a_known_cause_says_what_to_do(cause: str) -> None:
    found = advice(a_step(state="attention", cause=cause))
    assert found.happened.endswith(".")
    assert found.to_do.endswith(".")


def test_an_unknown_cause_is_told_in_the_errors_own_words() -> None:
    found = advice(a_step(state="attention", cause="Eclipse", last_error="The sun is gone.\ntraceback"))
    assert found.happened == "The sun is gone."


@pytest.mark.parametrize(
    ("activity", "given", "title"),
    [
        ("accounts.disable", {}, "Block sign-in"),
        ("groups.add", {"names": ["Finance", "Sales"]}, "Add to Finance, Sales"),
        ("groups.remove", {"names": ["A", "B", "C"]}, "Remove from 3 groups"),
        ("licences.assign", {"sku": "SPE_E3", "sku_id": "05e9"}, "Assign licence SPE_E3"),
        ("licences.remove", {"sku_id": "05e9"}, "Free licence 05e9"),
        ("accounts.update", {"attributes": {"jobTitle": "x", "department": "y"}}, "Set title, department"),
        ("accounts.set_manager", {"manager_object_id": None}, "Clear the manager"),
        ("mailbox.share", {}, "A"),
    ],
)
def test_a_step_is_titled_by_what_it_does(activity: str, given: dict[str, object], title: str) -> None:
    assert steps.title(a_step(activity=activity, input=given)) == title


def test_facts_are_flat_lines_without_json() -> None:
    given = {"checks": [{"aspect": "group", "name": "Finance", "id": "8"}, {"aspect": "enabled"}], "repair": False}
    shown = dict(steps.facts(a_step(input=given, evidence={"user": {"account_enabled": False}})))
    assert shown["Checks"] == "group Finance, enabled"
    assert shown["User account enabled"] == "no"
    assert not any("{" in value for value in shown.values())


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (1.44, "1.4 s"),
        (41, "41 s"),
        (119.6, "2 min 00 s"),
        (664, "11 min 04 s"),
        (7500, "2 h 05 min"),
        (273600, "3 d 4 h"),
    ],
)
def test_durations_read_as_people_say_them(seconds: float, words: str) -> None:
    assert clock.took(seconds) == words
    assert clock.took(timedelta(seconds=seconds)) == words


def test_a_moment_names_its_year_only_when_it_is_another() -> None:
    amsterdam = ZoneInfo("Europe/Amsterdam")
    this_year = clock.now().year
    assert clock.when(datetime(this_year, 11, 24, 13, 30, tzinfo=UTC), amsterdam) == "24 Nov, 14:30"
    assert clock.when(datetime(2021, 2, 3, 23, 30, tzinfo=UTC), amsterdam) == "4 Feb 2021, 00:30"
    assert clock.when(None) == "–"


@pytest.mark.parametrize("name", ["Nowhere/City", "", None, "../../etc/passwd"])
def test_an_unknown_zone_is_utc(name: str | None) -> None:
    assert clock.zone_named(name).key == "UTC"


def test_lists_and_counts_read_as_sentences() -> None:
    assert listed(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"
    assert counted(1, "step") == "1 step"
    assert counted(1284310, "try", "tries") == "1,284,310 tries"
    assert plain("NoLicenceLeft") == "No licence left"
    assert leg_title("second_look") == "Second look"


def test_who_waits_says_for_whom() -> None:
    found = Lifecycle.of(lifecycle("scheduled", waiting_for="leaver:E1:evt-9"))
    assert waits(found) == "waits for this person's leaver"


@pytest.mark.parametrize("status", [0, 403, 404, 409, 422, 429, 500, 503, 504])
def test_every_refusal_says_what_to_do(status: int) -> None:
    words = explain(ApiError(status, "The reason"))
    assert words.count(".") >= 2
    assert str(status) not in words


def test_silence_is_not_taken_for_a_refusal() -> None:
    assert "Nothing was changed" in explain(ApiError(0, "connection refused"))
    assert "may have accepted it" in explain(ApiError(504, "read timeout"))


def test_a_name_is_never_read_as_markdown() -> None:
    assert literal("Ann [x](http://y) *B*") == r"Ann \[x\]\(http\://y\) \*B\*"


def test_a_field_of_a_refusal_is_found_by_its_own_name() -> None:
    error = ApiError(422, "x", (FieldProblem("changes.title", "is too long"),))
    assert fields(error) == {"title": "is too long"}


def test_only_a_leaver_can_be_contained() -> None:
    assert list(commands.cancel_modes(Lifecycle.of(lifecycle(kind="leaver")))) == ["contain", "stop", "restore"]
    assert list(commands.cancel_modes(Lifecycle.of(lifecycle()))) == ["stop", "restore"]


def test_cancelling_counts_what_was_done_and_what_is_not_run() -> None:
    found = Lifecycle.of(lifecycle(steps=[step("a"), step("b"), step("c", "waiting")]))
    assert commands.cancel_modes(found)["stop"][1] == "2 steps done stay, 1 step is not run."


def test_countries_have_their_zones_first() -> None:
    assert countries()["DE"] == "Germany"
    assert zones_of("DE")[0] == "Europe/Berlin"
    assert len(zones_of("")) > 300
