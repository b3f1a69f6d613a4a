"""The log of changes behind delta queries: what it notes, that it lasts, and that it is bounded."""

from pathlib import Path

import pytest

from sandbox.graph.changes import changes
from sandbox.graph.changes.changes import log_of
from sandbox.settings import Settings
from sandbox.store import Doc, Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store whose writes are seen at once."""
    one = Store(tmp_path / "store.db")
    one.set_settings(Settings().changed({"lag_ms": 0}))
    one.put("users", _user("before"))
    return one


def _user(key: str, **values: object) -> Doc:
    return {"id": key, "displayName": key, **values}


def test_what_was_before_the_first_look_is_no_change(store: Store) -> None:
    log = log_of(store)
    assert log.between("users", 0, log.last) == []


def test_changes_of_one_object_are_told_together(store: Store) -> None:
    start = log_of(store).last
    store.change("users", "before", jobTitle="One")
    store.change("users", "before", department="Two", _manager="chief", _secret="no name of Graph's")
    store.change("users", "before", _manager="other")
    (changed,) = log_of(store).between("users", start, log_of(store).last)
    assert (changed.id, changed.names, changed.whole) == ("before", {"jobTitle", "department"}, False)
    assert changed.moved == {"manager": {"chief": False, "other": True}}


def test_a_write_that_changes_nothing_is_no_change(store: Store) -> None:
    start = log_of(store).last
    store.put("users", _user("before"))
    assert log_of(store).last == start


def test_members_come_and_go(store: Store) -> None:
    store.put("groups", {"id": "g", "_members": ["a", "b"]})
    start = log_of(store).last
    store.change("groups", "g", _members=["a", "b", "c"])
    store.change("groups", "g", _members=["a", "c"])
    (changed,) = log_of(store).between("groups", start, log_of(store).last)
    assert changed.moved == {"members": {"c": True, "b": False}}


def test_the_log_lasts(store: Store, tmp_path: Path) -> None:
    start = log_of(store).last
    store.put("users", _user("new"))
    last = log_of(store).last
    store.close()
    again = log_of(Store(tmp_path / "store.db"))
    assert again.last == last
    assert [changed.id for changed in again.between("users", start, last)] == ["new"]


def test_a_new_company_has_a_new_log(store: Store) -> None:
    old = log_of(store).start
    store.put("users", _user("new"))
    last = log_of(store).last
    store.clear()
    assert log_of(store).start > old
    assert log_of(store).start >= last
    assert log_of(store).between("users", 0, log_of(store).last) == []


def test_the_log_is_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "KEPT", 10)
    monkeypatch.setattr(changes, "PRUNED_AT_ONCE", 5)
    start = log_of(store).start
    for number in range(11):
        store.put("users", _user(f"u{number}"))
    assert store.count("changes") == 6
    assert log_of(store).start > start
