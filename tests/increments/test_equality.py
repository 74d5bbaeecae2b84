"""After any loads an increment leaves what a full build makes: every mart, every row and column."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.increments.company import Company, agent_of_two_chats
from tests.increments.compiled import CompiledHome


def run_loads(seed: int, count: int) -> CompiledHome:
    """Build load by load and compare after each one."""
    home, kept = CompiledHome(), 0
    for load in Company(seed).loads(count):
        home.load(load)
        # By the last build the windows of purchases have passed.
        now = load.as_of + timedelta(days=40 if load.number == count - 1 else 0)
        home.build(now, increment=load.number > 0)
        home.build_fresh(now)
        assert home.differences() == {}, f"seed {seed}, load {load.number}"
        known = home.count("intermediate.int_known_threads")
        kept += known - home.count("intermediate.int_touched_threads")
    assert kept > 0, "nothing was ever kept, so nothing was compared"
    return home


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.soak)])
def test_increments_equal_full_builds(seed: int) -> None:
    home = run_loads(seed, 7)

    empty = [table for table in home.marts() if home.count(f"marts.{table}") == 0]
    assert set(empty) <= {"fct_costs", "meta_quarantine"}


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(3, 9))
def test_increments_equal_full_builds_after_sixty_loads(seed: int) -> None:
    run_loads(seed, 60)


@pytest.mark.parametrize("seed", [2, pytest.param(1, marks=pytest.mark.soak)])
def test_builds_that_end_half_way_lose_nothing(seed: int) -> None:
    """Every second build ends after some models; loads, people and "now" go on meanwhile."""
    home = CompiledHome()
    models = home.models
    for load in Company(seed).loads(7):
        home.load(load)
        if load.number % 2 and load.number > 2:
            # Anywhere behind the first facts, and right before the state is written.
            until = models - 1 if load.number % 4 == 1 else models * (60 + load.number) // 100
            home.build(load.as_of, increment=True, until=until)
            continue
        home.build(load.as_of, increment=load.number > 0)
        home.build_fresh(load.as_of)
        assert home.differences() == {}, f"load {load.number}"


def test_untouched_threads_are_not_entered() -> None:
    home = CompiledHome()
    company = Company(3)
    for load in company.loads(25):
        home.load(load)
    home.build(load.as_of, increment=False)
    later = load.as_of.replace(year=load.as_of.year + 1)
    home.build(later, increment=True)  # by then everything is decided
    everything = home.count("intermediate.int_known_threads")

    home.build(later, increment=True)
    assert home.count("intermediate.int_touched_threads") == 0
    assert home.count("intermediate.int_messages__unioned") == 0

    home.load(company.one_more_message(load.number + 1, later))
    home.build(later, increment=True)
    home.build_fresh(later)
    assert home.differences() == {}
    assert home.count("intermediate.int_touched_threads") == 1 < everything
    assert home.count("intermediate.int_messages__unioned") < home.count("marts.fct_messages") / 5


def test_next_message_of_the_agent_is_measured_anew() -> None:
    """A late message of an agent shortens the effort of the agent's next one, in another chat."""
    home, (first, second) = CompiledHome(), agent_of_two_chats()
    home.load(first)
    home.build(first.as_of, increment=False)
    assert _efforts(home) == {"next": 240}

    home.load(second)
    home.build(first.as_of, increment=True)

    assert _efforts(home) == {"late": 200, "next": 40}
    assert home.count("intermediate.int_changed_threads") == 1
    assert home.count("intermediate.int_touched_threads") == 2


def _efforts(home: CompiledHome) -> dict[str, int]:
    return dict(
        home.connection.execute(
            "select text_masked, effort_seconds from marts.fct_messages where author_type = 'agent'"
        ).fetchall()
    )
