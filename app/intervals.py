"""Intervals of shares."""

from __future__ import annotations

from math import sqrt
from typing import Final

_Z_95: Final = 1.959963984540054


def wilson(share: float, n: int) -> tuple[float, float] | None:
    """Return the 95 % Wilson score interval of a share, 0-1 (Wilson 1927, JASA 22:209).

    It stays inside 0-1 and keeps its coverage for small `n` and for shares near 0 and 1, where
    the normal approximation collapses to a width of zero. None for an empty base.
    """
    if n <= 0 or not 0 <= share <= 1:
        return None
    squared = _Z_95 * _Z_95
    centre = share + squared / (2 * n)
    margin = _Z_95 * sqrt(share * (1 - share) / n + squared / (4 * n * n))
    scale = 1 + squared / n
    # Rounding must not push the ends outside of what a share can be.
    return max(0.0, (centre - margin) / scale), min(1.0, (centre + margin) / scale)
