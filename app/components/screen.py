"""What every part of a screen needs: language, version, period and filters, and the address bar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from app import data
from app.components.formatting import Formatter
from app.data import About, Version
from app.i18n import Texts, texts
from app.metrics import Figures, Question
from app.period import Grain, Period
from app.state import FILTERS, Params, ViewState, parse

_SCREEN, _WRITTEN, _PAGE_PARAMS, _KEPT = "_screen", "_written", "_page_params", "_kept"
# Parameters that belong to a page: single ones, and lists.
_PAGE_KEYS = (
    "conversation", "deal", "drill", "by", "order", "lost", "pipeline", "cohort", "model",
    "deal_sort",
)  # fmt: skip
_CHOICES = ("by", "lost", "pipeline", "cohort", "model")
_PAGE_LISTS = ("at", "deal_states")
_SHARED_KEYS = ("lang", "period", "from", "to", "grain", "clock", *FILTERS)


@dataclass(frozen=True)
class Screen:
    """A screen on which something is published and at least one conversation is known."""

    texts: Texts
    formatter: Formatter
    version: Version
    about: About
    known: Period
    period: Period
    state: ViewState

    @property
    def figures(self) -> Figures:
        """The figures of this version."""
        return Figures(self.version)

    @property
    def question(self) -> Question:
        """The period and the filters, as the semantic layer is asked."""
        names = [name for name, values in self.state.filters.items() if values]
        return Question(self.period, tuple(zip(names, self.state.where(), strict=True)))

    @property
    def grain(self) -> Grain:
        """The step of charts over time."""
        return self.state.grain or self.period.natural_grain()

    def on_clock(self, metric: str) -> str:
        """Return the id of a metric of response times on the chosen clock."""
        return f"{metric}_business" if self.state.clock == "business" else metric

    def data_until(self) -> datetime | None:
        """Return the moment of the last message of any source."""
        rows = data.freshness(self.version, self.version.key)
        moments = [row["last_message_at"] for row in rows if row["last_message_at"]]
        return max(moments) if moments else None

    def filter_names(self, names: tuple[str, ...]) -> str:
        """Return the labels of filters."""
        return ", ".join(self.texts(f"dimension.{name}") for name in names)

    def filter_text(self) -> str:
        """Return the filters that are set, as text."""
        parts = [
            f"{self.texts(f'filters.{name}')}: {', '.join(values)}"
            for name, values in self.state.filters.items()
            if values
        ]
        return "; ".join(parts) or self.texts("drill.no_filters")

    def params(self, **more: str | list[str]) -> Params:
        """Return the query parameters of this screen with some added."""
        return self.state.params() | _lists(more)

    def here(self, **more: str | list[str]) -> Params:
        """Return the query parameters of this page as it stands so far, with some added."""
        chosen = {name: v for name, v in kept_in_address().items() if name in _CHOICES}
        return self.state.params() | chosen | _lists(more)


def show(screen: Screen | None) -> None:
    """Hand the screen over to the page that is about to run."""
    st.session_state[_SCREEN] = screen
    st.session_state[_PAGE_PARAMS] = {}


def shown() -> Screen | None:
    """Return the screen of this run; None where there is nothing to show figures of."""
    screen: Screen | None = st.session_state.get(_SCREEN)
    return screen


def keep_in_address(**params: str | list[str]) -> None:
    """Let a page put its own parameters into the address."""
    st.session_state[_PAGE_PARAMS] |= _lists(params)


def kept_in_address() -> Params:
    """Return what the page has put into the address so far."""
    kept: Params = st.session_state.get(_PAGE_PARAMS, {})
    return kept


def pull_address() -> None:
    """Take over what the address says, unless this app wrote it itself.

    Streamlit drops the parameters when a page link is clicked: then the widgets keep the state.
    """
    params = {name: st.query_params.get_all(name) for name in st.query_params}
    is_first = _KEPT not in st.session_state
    if not is_first:
        _hold_widgets(st.session_state[_KEPT])
        if params == st.session_state.get(_WRITTEN):
            return
    if is_first or any(name in params for name in _SHARED_KEYS):
        _fill_widgets(parse(params))
    for name in _PAGE_KEYS:
        if is_first or name in params:
            st.session_state[name] = params.get(name, [None])[0]
    for name in _PAGE_LISTS:
        if is_first or name in params or "drill" in params:
            st.session_state[name] = params.get(name, [])


def keep(state: ViewState) -> None:
    """Remember what the widgets say, for the runs in which Streamlit forgets it."""
    st.session_state[_KEPT] = state


def push_address(state: ViewState) -> None:
    """Write the state of this run into the address bar."""
    params = state.params() | st.session_state.get(_PAGE_PARAMS, {})
    st.session_state[_WRITTEN] = params
    current = {name: st.query_params.get_all(name) for name in st.query_params}
    if current != params:
        st.query_params.from_dict(params)


def _lists(params: Mapping[str, str | list[str]]) -> Params:
    return {
        name: [value] if isinstance(value, str) else list(value)
        for name, value in params.items()
        if value
    }


def _fill_widgets(state: ViewState) -> None:
    for name, value in _widget_values(state).items():
        st.session_state[name] = value


def _hold_widgets(kept: ViewState) -> None:
    """Set every widget to the value it has, or had before Streamlit lost it.

    Streamlit drops the value of widgets that were not drawn yet when the next click cut a run
    short. Setting a value makes every run send it: a widget that the browser draws anew would
    otherwise show its default and report that as the reader's choice.
    """
    for name, value in _widget_values(kept).items():
        known = st.session_state.get(name)
        st.session_state[name] = value if known is None else known


def _widget_values(state: ViewState) -> dict[str, object]:
    return {
        "clock": state.clock,
        "lang": state.language,
        "period": state.preset,
        "from": state.start,
        "to": state.end,
        "grain": state.grain or "auto",
        **{name: list(state.filters.get(name, ())) for name in FILTERS},
    }


def language_texts() -> Texts:
    """Return the texts of the chosen language."""
    return texts(st.session_state["lang"])
