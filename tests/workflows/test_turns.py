"""Who works, who waits and who has to go."""

from datetime import UTC, datetime, timedelta

from domain.events import LifecycleKind
from workflows.contract import OpenEntry
from workflows.turns import Turns

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)


def entry(kind: LifecycleKind, event_type: str, number: int, **fields: object) -> OpenEntry:
    told = {"effective_at": NOW, "occurred_at": NOW + timedelta(minutes=number), **fields}
    return OpenEntry.model_validate(
        {"lifecycle_id": f"{kind}:E1:{number}", "kind": kind, "event_type": event_type, **told}
    )


def turns(*entries: OpenEntry, turn: OpenEntry | None = None) -> Turns:
    return Turns({one.lifecycle_id: one for one in entries}, turn.lifecycle_id if turn else None, [])


def test_a_due_lifecycle_gets_a_free_turn() -> None:
    mover = entry("mover", "update", 1)
    state = turns(mover)

    state.fall_due(mover)

    assert state.next() is mover
    assert state.blockers(mover) == []


def test_the_earlier_effective_moment_goes_first() -> None:
    later, earlier = entry("mover", "update", 1), entry("mover", "update", 2, effective_at=NOW - timedelta(days=1))
    state = turns(later, earlier)
    state.fall_due(later)
    state.fall_due(earlier)

    assert state.next() is earlier


def test_of_one_moment_what_hr_entered_first_goes_first() -> None:
    second, first = entry("mover", "update", 2), entry("mover", "update", 1)
    state = turns(second, first)
    state.fall_due(second)
    state.fall_due(first)

    assert state.next() is first


def test_a_termination_goes_before_everything() -> None:
    mover, leaver = entry("mover", "update", 1), entry("leaver", "termination", 2)
    state = turns(mover, leaver)
    state.fall_due(mover)
    state.fall_due(leaver)

    assert state.next() is leaver


def test_a_waiter_waits_for_the_one_that_has_the_turn() -> None:
    joiner, mover = entry("joiner", "new-hire", 1, status="running"), entry("mover", "update", 2)
    state = turns(joiner, mover, turn=joiner)
    state.fall_due(mover)

    assert state.blockers(mover) == [joiner]
    assert state.waits_for(mover) is joiner


def test_a_termination_pre_empts_what_works_and_what_was_entered_before_it() -> None:
    working = entry("mover", "update", 9, status="running")
    before, after = entry("mover", "update", 1), entry("mover", "update", 8)
    leaver = entry("leaver", "termination", 5)
    state = turns(working, before, after, leaver, turn=working)

    assert state.pre_empted_by(leaver) == [working, before]


def test_an_update_pre_empts_nothing() -> None:
    joiner, mover = entry("joiner", "new-hire", 1, status="running"), entry("mover", "update", 2)

    assert turns(joiner, mover, turn=joiner).pre_empted_by(mover) == []


def test_a_rehire_has_to_see_the_retention_end_first() -> None:
    leaver, joiner = entry("leaver", "termination", 1, status="retained"), entry("joiner", "new-hire", 2)
    state = turns(leaver, joiner)

    assert state.blockers(joiner) == [leaver]
    assert state.must_go_for(leaver, joiner)


def test_an_update_does_not_end_a_retention() -> None:
    leaver, mover = entry("leaver", "termination", 1, status="retained"), entry("mover", "update", 2)

    assert turns(leaver, mover).blockers(mover) == []


def test_a_pending_second_look_ends_before_another_works() -> None:
    completed, mover = entry("joiner", "new-hire", 1, status="completed"), entry("mover", "update", 2)
    state = turns(completed, mover)

    assert state.blockers(mover) == [completed]
    assert state.must_go_for(completed, mover)


def test_a_leave_is_not_amended_by_a_termination_but_ends_when_that_falls_due() -> None:
    leave, leaver = entry("leaver", "leave", 1, status="retained"), entry("leaver", "termination", 2)
    state = turns(leave, leaver)

    assert state.amended_by(leaver) == []
    assert state.pre_empted_by(leaver) == [leave]


def test_a_new_hire_amends_an_unfinished_one_and_changes_amend_nothing() -> None:
    older, newer = entry("joiner", "new-hire", 1), entry("joiner", "new-hire", 2)
    change, other = entry("mover", "update", 3), entry("mover", "update", 4)
    state = turns(older, change)

    assert state.amended_by(newer) == [older]
    assert state.amended_by(other) == []


def test_a_rescind_means_the_newest_unfinished_unless_it_names_one() -> None:
    older, newer = entry("mover", "update", 1), entry("leaver", "termination", 2)
    done = entry("joiner", "new-hire", 3, status="completed")
    state = turns(older, newer, done)

    assert state.rescindable(None) is newer
    assert state.rescindable("1") is older
    assert state.rescindable("3") is None


def test_a_prepared_hire_gives_the_turn_back_and_stays_open() -> None:
    joiner = entry("joiner", "new-hire", 1, status="running")
    state = turns(joiner, turn=joiner)

    state.yielded(joiner.lifecycle_id, "scheduled")

    assert state.turn is None
    assert joiner.lifecycle_id in state.open
