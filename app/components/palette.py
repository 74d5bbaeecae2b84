"""Colours of the charts: one set for light and dark, told apart by colour-blind readers too.

The hues are those of Okabe and Ito (2008), moved where needed to a lightness that has a contrast
of at least 3:1 (WCAG 2.2, 1.4.11) on both backgrounds of `.streamlit/config.toml`. A test computes
the contrasts, and the distances between neighbours as people with protanopia and deuteranopia see
them. Colour never stands alone: series have legends, changes have arrows, intervals are drawn.
"""

from __future__ import annotations

from typing import Final

BLUE: Final = "#1f78b4"
ORANGE: Final = "#c96a10"
GREEN: Final = "#0c9752"
PURPLE: Final = "#a5506f"
GREY: Final = "#7c8798"

# In the order in which series take them.
SERIES: Final = (BLUE, ORANGE, GREEN, PURPLE, GREY)
GOOD: Final = BLUE
BAD: Final = ORANGE
QUIET: Final = GREY

# From nearly nothing to a full hue: reads on both backgrounds, and in grey.
SEQUENTIAL_BLUE: Final = ("rgba(31,120,180,0.06)", "rgba(31,120,180,1)")
SEQUENTIAL_ORANGE: Final = ("rgba(201,106,16,0.06)", "rgba(201,106,16,1)")
