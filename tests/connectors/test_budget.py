"""The budget of one process: what it lets through, what it keeps back, and how it adapts."""

import pytest

from connectors.budget import Budget


class Clock:
    """Time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def spend(budget: Budget, times: int, *, writes: float = 0, urgent: bool = False) -> int:
    """How many of so many single units were let through."""
    return sum(budget.take(1, writes, urgent=urgent) == 0 for _ in range(times))


def test_ordinary_steps_get_four_fifths_and_containment_the_rest(clock: Clock) -> None:
    budget = Budget(units=100, writes=1000, clock=clock)
    assert spend(budget, 200) == 80
    assert spend(budget, 200, urgent=True) == 20


def test_writes_bind_before_units_in_a_mass_leave(clock: Clock) -> None:
    budget = Budget(clock=clock)
    assert spend(budget, 5000, writes=1) == 2400
    assert budget.take(1, 0) == 0
    assert spend(budget, 5000, writes=1, urgent=True) == 600


def test_processes_share_the_tenants_limits(clock: Clock) -> None:
    assert spend(Budget(units=100, processes=4, clock=clock), 100) == 20


def test_the_wait_is_long_enough_and_not_much_longer(clock: Clock) -> None:
    budget = Budget(units=100, clock=clock)
    spend(budget, 80)
    wait = budget.take(1)
    assert 9.9 < wait <= 10.2
    clock.now += wait
    assert budget.take(1) == 0


def test_old_spending_is_forgotten_little_by_little(clock: Clock) -> None:
    budget = Budget(units=100, clock=clock)
    spend(budget, 40)
    clock.now += 5
    spend(budget, 40)
    clock.now += 5.2
    assert spend(budget, 100) == 40


def test_a_batch_larger_than_the_whole_budget_is_not_refused_for_ever(clock: Clock) -> None:
    budget = Budget(units=10, writes=10, clock=clock)
    assert budget.take(20, 20) == 0
    assert budget.take(1, 1) > 0


def test_a_429_closes_the_budget_for_its_retry_after(clock: Clock) -> None:
    budget = Budget(units=100, clock=clock)
    budget.refused(7)
    assert budget.take(1, urgent=True) == 7
    clock.now += 7
    assert budget.take(1) == 0


def test_429s_shrink_the_share_and_it_grows_back(clock: Clock) -> None:
    budget = Budget(units=100, clock=clock)
    for _ in range(3):
        budget.refused(0)
    assert budget.scale == pytest.approx(0.343)
    clock.now += 10
    assert budget.scale == pytest.approx(0.543)
    clock.now += 60
    assert budget.scale == 1


def test_it_never_shrinks_to_nothing(clock: Clock) -> None:
    budget = Budget(units=100, clock=clock)
    for _ in range(50):
        budget.refused(0)
    assert budget.scale == pytest.approx(0.1)
    assert spend(budget, 20) == 8


def test_a_tenant_near_its_limit_is_spared_before_it_refuses(clock: Clock) -> None:
    budget = Budget(units=100, clock=clock)
    budget.pressed(0.5)
    assert budget.scale == 1
    budget.pressed(1.6)
    assert budget.scale == pytest.approx(0.5)


def test_real_costs_correct_the_estimate(clock: Clock) -> None:
    budget = Budget(units=100, clock=clock)
    budget.take(1)
    budget.correct(60)
    assert spend(budget, 100) == 19
