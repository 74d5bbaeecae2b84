"""The funnel: how many of the same conversations got how far, and where the others were lost."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Final

import streamlit as st

from app.components.screen import Screen
from app.intervals import wilson
from app.metrics import Figure
from app.state import address

# Each stage counts conversations of the one before it, so the shares can be read as steps.
STAGES: Final = (
    "sales_conversations_matured_for_payment", "funnel_replied", "funnel_lead", "funnel_purchase",
)  # fmt: skip


def draw(screen: Screen, figures: Mapping[str, Figure]) -> None:
    """Draw the stages as bars with the share that passed each step, and its interval."""
    texts, formatter = screen.texts, screen.formatter
    first = figures[STAGES[0]].value or 0
    if not first:
        st.caption(texts("tile.immature"))
        return
    lines = []
    before: int | None = None
    for number, stage in enumerate(STAGES):
        value = int(figures[stage].value or 0)
        link = address("business", screen.params(drill=stage))
        step = formatter.share(value / first)
        if before:
            ends = wilson(value / before, before)
            band = " \u2013 ".join(formatter.share(end, 0) for end in ends or ())
            step = texts(
                "business.step",
                share=f"{formatter.share(value / before)} ({band})",
                lost=formatter.number(before - value),
            )
        lines.append(
            f'<div class="row"><div><a href="{escape(link, quote=True)}" target="_self">'
            f"{escape(texts(f'business.stage_{number}'))}</a>"
            f' <b>{escape(formatter.number(value))}</b><div class="lost">{escape(step)}</div></div>'
            f'<div><div class="bar" style="width:{value / first:.2%}"></div></div></div>'
        )
        before = value
    st.html(f'<div class="ot-funnel">{"".join(lines)}</div>')
    st.caption(texts("business.funnel_note"))
