"""Estimates over additive counts: what no single aggregate of a table can say.

Pure functions; the semantic layer asks for the counts and hands them over.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp, log, sqrt
from typing import Final

_Z_95: Final = 1.959963984540054


@dataclass(frozen=True)
class WaitCount:
    """Waits of one length.

    Attributes:
        seconds: how long they lasted.
        answered: those that ended with an answer at that moment.
        censored: those last seen waiting then, with no answer known.
    """

    seconds: float
    answered: int
    censored: int


@dataclass(frozen=True)
class SurvivalPoint:
    """The share still waiting just after a moment, with its 95 % band.

    Attributes:
        seconds: the moment, counted from the start of the wait.
        at_risk: waits that lasted at least that long.
        answered, censored: how many of them ended at that moment, and how.
        share: estimated share of all waits that last longer, 0-1.
        low, high: pointwise interval of the share.
    """

    seconds: float
    at_risk: int
    answered: int
    censored: int
    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Survival:
    """A Kaplan-Meier curve: points in order of time, and how many waits it rests on."""

    points: tuple[SurvivalPoint, ...]
    n: int

    def quantile(self, part: float) -> float | None:
        """Return the first moment by which at least `part` (0-1) of the waits were answered.

        None where the curve never gets there: too many waits were last seen unanswered.
        """
        return next((p.seconds for p in self.points if p.share <= 1 - part + 1e-12), None)

    def interval(self, part: float) -> tuple[float | None, float | None]:
        """Return the 95 % interval of a quantile (Brookmeyer and Crowley 1982, Biometrics 38:29).

        The moments at which the two edges of the band pass `1 - part`; None where one never does.
        """
        level = 1 - part + 1e-12
        low = next((p.seconds for p in self.points if p.low <= level), None)
        high = next((p.seconds for p in self.points if p.high <= level), None)
        return low, high

    def share_at(self, seconds: float) -> float:
        """Return the share still waiting after `seconds`."""
        shares = [p.share for p in self.points if p.seconds <= seconds]
        return shares[-1] if shares else 1.0


def kaplan_meier(counts: Iterable[WaitCount]) -> Survival:
    """Estimate how long waits last when some were last seen unanswered.

    The product-limit estimate (Kaplan and Meier 1958, JASA 53:457): at each moment the share still
    waiting is multiplied by 1 - answered / at risk. A censored wait counts as at risk up to and
    including its own moment. The band is Greenwood's variance on the log(-log) scale, so it stays
    inside 0-1 (Kalbfleisch and Prentice 1980); where the variance is undefined it is 0-1's edge.

    Args:
        counts: in any order; counts of one moment may come in several pieces.
    """
    merged: dict[float, tuple[int, int]] = {}
    for item in counts:
        answered, censored = merged.get(item.seconds, (0, 0))
        merged[item.seconds] = answered + item.answered, censored + item.censored
    total = at_risk = sum(answered + censored for answered, censored in merged.values())
    share, variance = 1.0, 0.0
    points = []
    for seconds in sorted(merged):
        answered, censored = merged[seconds]
        if answered:
            left = at_risk - answered
            share *= left / at_risk
            variance += answered / (at_risk * left) if left else 0.0
        low, high = _band(share, variance)
        points.append(SurvivalPoint(seconds, at_risk, answered, censored, share, low, high))
        at_risk -= answered + censored
    return Survival(tuple(points), total)


def _band(share: float, variance: float) -> tuple[float, float]:
    if share >= 1:
        return 1.0, 1.0
    if share <= 0:
        return 0.0, 0.0
    spread = exp(_Z_95 * sqrt(variance) / abs(log(share)))
    return share**spread, share ** (1 / spread)
