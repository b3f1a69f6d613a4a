"""How long a sign-in lasts."""

from dataclasses import dataclass

import pytest

from ui.sessions import ABSOLUTE_SECONDS, FLOW_SECONDS, IDLE_SECONDS, Session, SessionStore


@dataclass
class Clock:
    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


class Tokens:
    def access_token(self) -> str | None:
        return "t"


def a_session() -> Session:
    return Session("Maja", "maja@x", frozenset({"Iam.Admin"}), Tokens())


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> SessionStore:
    return SessionStore(clock)


def test_a_session_ends_when_nothing_is_done(store: SessionStore, clock: Clock) -> None:
    session_id = store.open(a_session())
    clock.now += IDLE_SECONDS
    assert store.get(session_id) is None


def test_using_it_keeps_it(store: SessionStore, clock: Clock) -> None:
    session_id = store.open(a_session())
    for _ in range(4):
        clock.now += IDLE_SECONDS - 1
        assert store.get(session_id)


def test_a_page_that_only_watches_does_not_keep_it(store: SessionStore, clock: Clock) -> None:
    session_id = store.open(a_session())
    clock.now += IDLE_SECONDS - 1
    assert store.get(session_id, used=False)
    clock.now += 2
    assert store.get(session_id, used=False) is None


def test_no_session_lasts_for_ever(store: SessionStore, clock: Clock) -> None:
    session_id = store.open(a_session())
    end = clock.now + ABSOLUTE_SECONDS
    while clock.now + IDLE_SECONDS / 2 < end:
        clock.now += IDLE_SECONDS / 2
        assert store.get(session_id)
    clock.now = end
    assert store.get(session_id) is None


def test_ids_are_long_and_never_the_same(store: SessionStore) -> None:
    ids = {store.open(a_session()) for _ in range(50)}
    assert len(ids) == 50
    assert all(len(session_id) >= 43 for session_id in ids)


@pytest.mark.parametrize("session_id", [None, "", "made up"])
def test_an_id_that_was_never_given_is_nobody(store: SessionStore, session_id: str | None) -> None:
    assert store.get(session_id) is None


def test_a_closed_session_is_gone(store: SessionStore) -> None:
    session_id = store.open(a_session())
    store.close(session_id)
    assert store.get(session_id) is None


def test_a_sign_in_under_way_is_taken_once(store: SessionStore) -> None:
    flow_id = store.begin({"state": "s"}, "/people")
    found = store.take_flow(flow_id)
    assert found is not None
    assert found.back_to == "/people"
    assert store.take_flow(flow_id) is None


def test_a_sign_in_that_takes_too_long_is_forgotten(store: SessionStore, clock: Clock) -> None:
    flow_id = store.begin({}, "/")
    clock.now += FLOW_SECONDS
    assert store.take_flow(flow_id) is None
