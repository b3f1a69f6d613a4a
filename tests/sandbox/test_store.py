"""The tenant's state: lag, indexes, taking back, survival."""

import time
from pathlib import Path

import pytest

from sandbox.settings import Settings
from sandbox.store import Change, Store, journal, staleness


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "sandbox.db")


def _lag(store: Store, milliseconds: int) -> None:
    store.set_settings(Settings(lag_ms=milliseconds))


def test_a_created_document_is_true_at_once_and_seen_after_the_lag(store: Store) -> None:
    _lag(store, 50)
    store.put("users", {"id": "a", "displayName": "A"})
    assert store.get("users", "a") is not None
    assert store.seen("users", "a") is None
    assert store.seen_all("users") == []
    time.sleep(0.06)
    assert store.seen("users", "a") == {"id": "a", "displayName": "A"}
    assert len(store.seen_all("users")) == 1


def test_a_change_and_a_removal_are_seen_late_too(store: Store) -> None:
    _lag(store, 50)
    store.put("users", {"id": "a", "jobTitle": "old"}, visible_at=0)
    store.change("users", "a", jobTitle="new")
    assert (store.seen("users", "a") or {})["jobTitle"] == "old"
    store.remove("users", "a")
    assert store.get("users", "a") is None
    assert [doc["id"] for doc in store.seen_all("users")] == ["a"]
    time.sleep(0.06)
    assert store.seen("users", "a") is None


def test_a_stale_reader_sees_even_older_state(store: Store) -> None:
    _lag(store, 0)
    store.put("users", {"id": "a", "jobTitle": "old"}, visible_at=0)
    store.change("users", "a", jobTitle="new")
    assert (store.seen("users", "a") or {})["jobTitle"] == "new"
    token = staleness.set(2)
    assert (store.seen("users", "a") or {})["jobTitle"] == "old"
    staleness.reset(token)


def test_an_index_finds_without_case_and_never_what_was_renamed(store: Store) -> None:
    _lag(store, 0)
    store.put("users", {"id": "a", "userPrincipalName": "Ann@practice.example"})
    assert len(store.find_seen("users", "userPrincipalName", "ANN@practice.example")) == 1
    store.change("users", "a", userPrincipalName="other@practice.example")
    assert store.find("users", "userPrincipalName", "ann@practice.example") == []
    assert len(store.find("users", "userPrincipalName", "other@practice.example")) == 1


def test_a_list_is_indexed_by_each_of_its_values(store: Store) -> None:
    store.put("groups", {"id": "g", "displayName": "G", "_members": ["a", "b"]})
    assert [group["id"] for group in store.find("groups", "_members", "b")] == ["g"]
    store.change("groups", "g", _members=["a"])
    assert store.find("groups", "_members", "b") == []


def test_a_value_held_twice_is_found_until_both_are_gone(store: Store) -> None:
    store.put("groups", {"id": "g", "_members": ["a", "A"]})
    store.change("groups", "g", _members=["A"])
    assert [group["id"] for group in store.find("groups", "_members", "a")] == ["g"]
    store.change("groups", "g", _members=[])
    assert store.find("groups", "_members", "a") == []


def test_lookups_leave_what_can_fit_and_nothing_else(store: Store) -> None:
    for key, name, city in (("a", "Zoe Xu", "York"), ("b", "Ann Zoll", "York"), ("c", "Bob", "Hull")):
        store.put("users", {"id": key, "displayName": name, "city": city}, 0)

    def found(*leads: tuple[str, str, str]) -> set[str] | None:
        docs = store.narrowed("users", leads)
        return None if docs is None else {doc["id"] for doc in docs}

    assert found(("eq", "city", "york")) == {"a", "b"}
    assert found(("startswith", "displayName", "zo")) == {"a"}
    assert found(("startswith", "_words", "zo")) == {"a", "b"}
    assert found(("startswith", "displayName", "zo"), ("eq", "id", "c")) == {"a", "c"}
    assert found(("eq", "aboutMe", "x")) is None
    store.change("users", "a", displayName="Yan Xu")
    store.put("users", {"id": "d", "displayName": "Zola"}, 0)
    assert found(("startswith", "displayName", "zo")) == {"a", "d"}


def test_lookups_by_order_find_both_sides_of_a_moment(store: Store) -> None:
    for day in range(1, 6):
        store.put("users", {"id": str(day), "employeeHireDate": f"2024-01-0{day}T00:00:00Z"}, 0)
    store.put("users", {"id": "none", "employeeHireDate": None}, 0)

    def found(verb: str) -> list[str]:
        docs = store.narrowed("users", [(verb, "employeeHireDate", "2024-01-03t00:00:00z")])
        assert docs is not None
        return [doc["id"] for doc in docs]

    assert [found(verb) for verb in ("ge", "gt", "le", "lt")] == [
        ["3", "4", "5"],
        ["4", "5"],
        ["1", "2", "3"],
        ["1", "2"],
    ]
    store.put("users", {"id": "3", "employeeHireDate": "2024-01-09T00:00:00Z"}, 0)
    assert found("gt") == ["4", "5", "3"]


def test_members_are_kept_row_by_row_in_their_order(tmp_path: Path) -> None:
    store = Store(tmp_path / "sandbox.db")
    ids = [f"u{n}" for n in range(2000)]
    store.put("groups", {"id": "g", "_members": ids})
    store.flush()
    store.change("groups", "g", _members=[*(key for key in ids if key != "u7"), "new"])
    store.close()
    again = Store(tmp_path / "sandbox.db")
    assert (again.get("groups", "g") or {})["_members"] == [*ids[:7], *ids[8:], "new"]
    assert [group["id"] for group in again.find("groups", "_members", "new")] == ["g"]
    assert again.find("groups", "_members", "u7") == []


def test_a_field_without_an_index_is_refused(store: Store) -> None:
    with pytest.raises(KeyError, match=r"users\.aboutMe has no index"):
        store.find("users", "aboutMe", "Likes tea")


def test_journalled_changes_can_be_undone_as_if_they_had_never_been(store: Store) -> None:
    store.put("users", {"id": "a", "jobTitle": "old"}, visible_at=0)
    changes: list[Change] = []
    token = journal.set(changes)
    store.change("users", "a", jobTitle="new")
    store.put("users", {"id": "b"})
    journal.reset(token)
    store.undo(changes)
    assert store.get("users", "a") == store.seen("users", "a") == {"id": "a", "jobTitle": "old"}
    assert store.get("users", "b") is None


def test_journalled_changes_can_be_written_back(store: Store) -> None:
    _lag(store, 0)
    store.put("users", {"id": "a", "jobTitle": "old"}, visible_at=0)
    changes: list[Change] = []
    token = journal.set(changes)
    store.change("users", "a", jobTitle="newer")
    store.change("users", "a", jobTitle="newest")
    store.put("users", {"id": "b"})
    journal.reset(token)
    store.revert(changes)
    assert (store.seen("users", "a") or {})["jobTitle"] == "old"
    assert store.get("users", "b") is None


def test_everything_survives_closing(tmp_path: Path) -> None:
    store = Store(tmp_path / "sandbox.db")
    store.set_settings(Settings(latency_ms=7))
    store.put("users", {"id": "a", "employeeId": "E1"})
    store.put("users", {"id": "b"})
    store.remove("users", "b")
    number = store.record({"path": "/x"})
    store.secret("password", "Aa7-x")
    store.close()
    again = Store(tmp_path / "sandbox.db")
    assert [doc["id"] for doc in again.seen_all("users")] == ["a"]
    assert [doc["id"] for doc in again.find("users", "employeeId", "e1")] == ["a"]
    assert again.settings.latency_ms == 7
    assert again.requests(0, 10) == [{"n": number, "path": "/x"}]
    assert again.record({"path": "/y"}) == number + 1
    assert list(again.secrets()) == [{"kind": "password", "value": "Aa7-x"}]


def test_what_was_flushed_survives_a_killed_process(tmp_path: Path) -> None:
    store = Store(tmp_path / "sandbox.db")
    store.put("users", {"id": "a"})
    store.flush()
    assert Store(tmp_path / "sandbox.db").get("users", "a") == {"id": "a"}


def test_clearing_keeps_keys_identities_and_the_record(store: Store) -> None:
    store.put("keys", {"id": "k"})
    store.put("users", {"id": "a"})
    store.record({"path": "/x"})
    store.clear()
    assert store.all("users") == []
    assert store.get("keys", "k") is not None
    assert len(store.requests(0, 10)) == 1


def test_the_clock_can_be_moved(store: Store) -> None:
    before = store.now()
    store.set_settings(Settings(clock_offset_s=86_400))
    assert (store.now() - before).days == 1


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ({"lag": 1}, "lag"),
        ({"lag_ms": -1}, "lag_ms"),
        ({"lag_ms": True}, "lag_ms"),
        ({"throttle": 1}, "throttle"),
        ({"seats": {"SPE_E3": "many"}}, "seats"),
    ],
)
def test_a_setting_that_does_not_fit_is_named(values: dict[str, object], named: str) -> None:
    with pytest.raises(ValueError, match=f"^{named}:"):
        Settings().changed(values)


def test_seats_are_set_product_by_product() -> None:
    settings = Settings().changed({"seats": {"SPE_E3": 5}}).changed({"seats": {"ENTERPRISEPACK": 6}})
    assert settings.seats == {"SPE_E3": 5, "ENTERPRISEPACK": 6}
