"""What every part of a screen needs: language, version, period and filters, and the address bar."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from app import data
from app.components.formatting import Formatter
from app.data import About, Version
from app.i18n import Texts, texts
from app.metrics import Figures, Question
from app.period import Period
from app.state import FILTERS, Params, ViewState, parse

_SCREEN, _WRITTEN, _PAGE_PARAMS = "_screen", "_written", "_page_params"
_PAGE_KEYS = ("conversation", "drill")
_SHARED_KEYS = ("lang", "period", "from", "to", "grain", *FILTERS)


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

    def data_until(self) -> datetime | None:
        """Return the moment of the last message of any source."""
        rows = data.freshness(self.version, self.version.key)
        moments = [row["last_message_at"] for row in rows if row["last_message_at"]]
        return max(moments) if moments else None

    def filter_names(self, names: tuple[str, ...]) -> str:
        """Return the labels of filters."""
        return ", ".join(self.texts(f"filters.{name}") for name in names)

    def filter_text(self) -> str:
        """Return the filters that are set, as text."""
        parts = [
            f"{self.texts(f'filters.{name}')}: {', '.join(values)}"
            for name, values in self.state.filters.items()
            if values
        ]
        return "; ".join(parts) or self.texts("drill.no_filters")

    def params(self, **more: str) -> Params:
        """Return the query parameters of this screen with some added."""
        return self.state.params() | {name: [value] for name, value in more.items()}


def show(screen: Screen | None) -> None:
    """Hand the screen over to the page that is about to run."""
    st.session_state[_SCREEN] = screen
    st.session_state[_PAGE_PARAMS] = {}


def shown() -> Screen | None:
    """Return the screen of this run; None where there is nothing to show figures of."""
    screen: Screen | None = st.session_state.get(_SCREEN)
    return screen


def keep_in_address(**params: str) -> None:
    """Let a page put its own parameters into the address."""
    st.session_state[_PAGE_PARAMS] |= {name: [value] for name, value in params.items()}


def pull_address() -> None:
    """Take over what the address says, unless this app wrote it itself.

    Streamlit drops the parameters when a page link is clicked: then the widgets keep the state.
    """
    params = {name: st.query_params.get_all(name) for name in st.query_params}
    is_first = _WRITTEN not in st.session_state
    if not is_first and params == st.session_state[_WRITTEN]:
        return
    if is_first or any(name in params for name in _SHARED_KEYS):
        _fill_widgets(parse(params))
    for name in _PAGE_KEYS:
        if is_first or name in params:
            st.session_state[name] = params.get(name, [None])[0]


def push_address(state: ViewState) -> None:
    """Write the state of this run into the address bar."""
    params = state.params() | st.session_state.get(_PAGE_PARAMS, {})
    st.session_state[_WRITTEN] = params
    current = {name: st.query_params.get_all(name) for name in st.query_params}
    if current != params:
        st.query_params.from_dict(params)


def _fill_widgets(state: ViewState) -> None:
    session = st.session_state
    session["lang"] = state.language
    session["period"] = state.preset
    session["from"], session["to"] = state.start, state.end
    session["grain"] = state.grain or "auto"
    for name in FILTERS:
        session[name] = list(state.filters.get(name, ()))


def language_texts() -> Texts:
    """Return the texts of the chosen language."""
    return texts(st.session_state["lang"])
