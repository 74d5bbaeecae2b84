"""The causes are in the data, and the plain comparison does not show them."""

from __future__ import annotations

import numpy as np
import pyarrow.compute as pc
import pytest

from pipelines.sandbox import truth
from pipelines.sandbox.causes import Causes
from pipelines.sandbox.model import World
from pipelines.sandbox.world import generate_world
from tests.sandbox.conftest import UNTIL


@pytest.fixture(scope="module")
def million() -> World:
    return generate_world(seed=11, messages=600_000, until=UNTIL)


def test_purchases_are_drawn_by_the_stored_chance(million: World) -> None:
    table = million["conversations"].filter(million["conversations"]["can_buy"])
    chance, bought = table["buy_chance"].to_numpy(), table["bought"].to_numpy(zero_copy_only=False)
    assert len(chance) > 20_000
    for low, high in ((0.0, 0.1), (0.1, 0.3), (0.3, 0.6), (0.6, 1.0)):
        rows = (chance >= low) & (chance < high)
        error = np.sqrt((chance[rows] * (1 - chance[rows])).sum())
        assert abs(bought[rows].sum() - chance[rows].sum()) < 4 * error, (low, high)
    causes = million.causes
    again = causes.buy_chance(
        table["buy_logit_without_wait"].to_numpy(), table["wait_minutes"].to_numpy()
    )
    np.testing.assert_allclose(again, chance)
    other = million["conversations"].filter(pc.invert(million["conversations"]["can_buy"]))
    assert not pc.any(other["bought"]).as_py()


def test_naive_comparison_misses_the_effect_of_waiting(million: World) -> None:
    """Hot customers are answered faster and skilled agents are faster: both also sell more."""
    causal = truth.causal(million)
    true, naive = causal["effect_of_waiting"], causal["naive_difference"]
    assert isinstance(true, float)
    assert isinstance(naive, float)
    assert 0.05 < true < 0.12
    assert naive > 1.5 * true
    still = truth.causal(
        generate_world(seed=11, messages=300_000, until=UNTIL, causes=Causes(buy_wait=0.0))
    )
    assert still["effect_of_waiting"] == 0
    assert still["naive_difference"] > 0.04  # type: ignore[operator]


def test_confounders_move_both_the_wait_and_the_chance(million: World) -> None:
    table = million["conversations"].filter(million["conversations"]["can_buy"])
    wait = np.log1p(table["wait_minutes"].to_numpy())
    heat = table["heat"].to_numpy()
    logit = table["buy_logit_without_wait"].to_numpy()
    assert np.corrcoef(heat, wait)[0, 1] < -0.05
    assert np.corrcoef(heat, logit)[0, 1] > 0.5
    skill = np.array([agent.skill for agent in million.agents])[table["first_agent"].to_numpy()]
    short = wait < np.median(wait)
    assert skill[short].mean() > skill[~short].mean()


def test_script_and_skill_add_what_the_parameters_say(million: World) -> None:
    """With everything else in the stored log-odds, the two groups differ by the coefficient."""
    table = million["conversations"].filter(million["conversations"]["can_buy"])
    script = table["has_script"].to_numpy(zero_copy_only=False)
    logit = table["buy_logit_without_wait"].to_numpy()
    assert 0.48 < script.mean() < 0.52
    gap = logit[script].mean() - logit[~script].mean()
    assert gap == pytest.approx(million.causes.buy_script, abs=0.03)


def test_waiting_keeps_customers_from_coming_back(million: World) -> None:
    """Seen in what happens, not only in the stored chance."""
    table = million["conversations"].select(
        ["customer_id", "begun_at", "wait_minutes", "ends_waiting"]
    )
    rows = table.sort_by([("customer_id", "ascending"), ("begun_at", "ascending")]).to_pandas()
    settled = rows[rows["begun_at"] < rows["begun_at"].max() - np.timedelta64(150, "D")]
    back = rows["customer_id"].shift(-1) == rows["customer_id"]
    fast = settled.index[settled["wait_minutes"] < 5]
    slow = settled.index[settled["wait_minutes"] > 600]
    assert back[fast].mean() > back[slow].mean() + 0.05
