"""The causal parameters of the emulated company, and the chances they give.

Everything that decides whether a customer buys or comes back is here, so that a method that
estimates an effect from the company's data can be held against the truth. What makes it hard, on
purpose: hot customers are answered faster and buy more often; skilled agents are faster and sell
better; at night everybody waits long and fewer people want to buy. The plain comparison of fast and
slow answers therefore misses the effect of waiting.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Causes:
    """Coefficients on the log-odds, unless said otherwise.

    Chance to buy of an answered conversation with the intent to buy::

        logistic(buy_base + buy_wait * ln(1 + wait minutes) + buy_heat * heat
                 + the answering agent's skill + buy_script * has the new script
                 + buy_night * (asked between 22 and 7 local))

    A conversation that nobody answers brings no deal. One that does not buy still becomes a lead,
    which is lost or forgotten, with the chance `lead_without_purchase`.

    Chance to come back with another need::

        logistic(back_base + back_wait * ln(1 + wait minutes) + back_bought * has bought)

    where an unanswered customer counts as having waited `back_unanswered_minutes`.
    """

    buy_base: float = -0.35
    buy_wait: float = -0.28
    buy_heat: float = 0.9
    buy_script: float = 0.25
    buy_night: float = -0.4
    lead_without_purchase: float = 0.35
    back_base: float = 1.35
    back_wait: float = -0.09
    back_bought: float = 0.6
    back_unanswered_minutes: float = 10_000.0
    # How much faster a hot customer is answered: the delay is multiplied by exp(-heat * this).
    priority: float = 0.45
    # Share of conversations that the new script variant is drawn for, by a fair coin of its own.
    script_share: float = 0.5

    def buy_logit_without_wait(
        self, heat: Floats, skill: Floats, has_script: Floats, at_night: Floats
    ) -> Floats:
        """Everything of the log-odds to buy that the wait does not change."""
        return (
            self.buy_base
            + self.buy_heat * heat
            + skill
            + self.buy_script * has_script
            + self.buy_night * at_night
        )

    def buy_chance(self, logit_without_wait: Floats, wait_minutes: Floats | float) -> Floats:
        """The chance to buy after a wait."""
        return logistic(logit_without_wait + self.buy_wait * np.log1p(wait_minutes))

    def back_chance(self, wait_minutes: Floats, bought: Floats) -> Floats:
        """The chance to come back with another need."""
        return logistic(
            self.back_base + self.back_wait * np.log1p(wait_minutes) + self.back_bought * bought
        )

    def as_dict(self) -> dict[str, Any]:
        """The parameters by name."""
        return asdict(self)


def logistic(value: Floats) -> Floats:
    """1 / (1 + exp(-value))."""
    result: Floats = 1.0 / (1.0 + np.exp(-value))
    return result
