"""The funnel: how many of the same conversations got how far, and where the others were lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Final

import streamlit as st

from app.components.screen import Screen
from app.components.tile import definition_of
from app.intervals import wilson
from app.metrics import Figure
from app.period import Preset
from app.state import address


@dataclass(frozen=True)
class Stage:
    """A stage of the funnel.

    Attributes:
        name: value of `funnel_stage`.
        metric: counts the conversations that reached it.
        before: number of the stage that its share is of; of the stages between, nothing depends on.
        time: median from the start of the conversation.
    """

    name: str
    metric: str
    before: int | None = None
    time: str | None = None


STAGES: Final = (
    Stage("first_message", "sales_conversations_matured_for_payment"),
    Stage("reply", "funnel_replied", 0, "funnel_reply_time_p50"),
    Stage("reaction", "funnel_reacted", 1, "funnel_reaction_time_p50"),
    Stage("lead", "funnel_lead", 2, "funnel_lead_time_p50"),
    Stage("payment_link", "funnel_payment_link", 3, "funnel_payment_link_time_p50"),
    Stage("payment_page", "funnel_payment_page", 3, "funnel_payment_page_time_p50"),
    Stage("purchase", "funnel_purchase", 3, "funnel_purchase_time_p50"),
    Stage("repeat_purchase", "funnel_repeat_purchase", 6, "funnel_repeat_purchase_time_p50"),
)
METRICS: Final = (*(s.metric for s in STAGES), *(s.time for s in STAGES if s.time))
_LONGER: Final[Preset] = "365d"
# Where conversations can be lost, and the stages that those got to: a payment link is no stage of
# its own, a lead that got one was lost on the way to the purchase as well.
LOST: Final[Mapping[str, tuple[str, ...]]] = {
    "first_message": ("first_message",),
    "reply": ("reply",),
    "reaction": ("reaction",),
    "lead": ("lead", "payment_link"),
    "purchase": ("purchase",),
}


def draw(screen: Screen, figures: Mapping[str, Figure]) -> None:
    """Draw the stages as bars with the share that passed each step, its interval and its time."""
    first = figures[STAGES[0].metric].value or 0
    if not first:
        st.info(screen.texts("funnel.immature"), icon=":material/hourglass_top:")
        st.button(screen.texts("funnel.longer"), on_click=_look_back, icon=":material/history:")
        return
    rows = "".join(_row(screen, figures, stage, first) for stage in STAGES)
    st.html(f'<div class="ot-funnel">{rows}</div>')
    st.caption(screen.texts("funnel.note"))


def _look_back() -> None:
    st.session_state["period"] = _LONGER


def _row(screen: Screen, figures: Mapping[str, Figure], stage: Stage, first: int) -> str:
    texts, formatter = screen.texts, screen.formatter
    figure = figures[stage.metric]
    name = escape(texts(f"funnel.stage_{stage.name}"))
    help_ = escape(definition_of(screen, figure.metric), quote=True)
    if figure.value is None:
        return (
            f'<div class="row none"><div title="{help_}">{name}'
            f'<div class="lost">{escape(texts("funnel.no_source"))}</div></div><div></div></div>'
        )
    value = int(figure.value)
    link = escape(address("funnel", screen.params(drill=stage.metric)), quote=True)
    time = figures[stage.time].value if stage.time else None
    after = "" if time is None else texts("funnel.after", time=formatter.duration(time))
    return (
        f'<div class="row"><div title="{help_}"><a href="{link}" target="_self">{name}</a>'
        f" <b>{escape(formatter.number(value))}</b>"
        f'<div class="lost">{_step(screen, figures, stage, value)}</div></div>'
        f'<div class="track"><div class="bar" style="width:{value / first:.2%}"></div>'
        f"<span>{escape(after)}</span></div></div>"
    )


def _step(screen: Screen, figures: Mapping[str, Figure], stage: Stage, value: int) -> str:
    """Return which share of the stage before came so far, and the way to those who did not."""
    texts, formatter = screen.texts, screen.formatter
    if stage.before is None:
        return ""
    before = STAGES[stage.before]
    base = int(figures[before.metric].value or 0)
    if not base:
        return ""
    band = " \u2013 ".join(formatter.share(end, 0) for end in wilson(value / base, base) or ())
    passed = escape(texts("funnel.passed", share=f"{formatter.share(value / base)} ({band})"))
    if before.name not in LOST or stage.name.startswith("payment"):
        return passed
    lost = escape(texts(f"funnel.lost_{before.name}", n=formatter.number(base - value)))
    link = escape(address("funnel", screen.params(lost=before.name)), quote=True)
    return f'{passed} · <a href="{link}" target="_self">{lost}</a>'
