"""A page of rows: what is listed, a list by pages of which one row is opened, and that row."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeVar

import streamlit as st

from app.components import export, html
from app.components.header import show_sql
from app.components.picker import pick_row
from app.components.screen import Screen, keep_in_address
from app.data import Row, Version

_EXPORT_LIMIT: Final = 50_000
PAGE_SIZE: Final = 25

Question = TypeVar("Question", contravariant=True)
Asked = TypeVar("Asked")
Order = TypeVar("Order", bound=str)


class Rows(Protocol[Question]):
    """A module that reads rows of one kind."""

    def count(self, version: Version, question: Question, /) -> int:
        """Return how many rows the question has."""

    def listing(
        self, version: Version, question: Question, /, *, limit: int, offset: int = 0
    ) -> tuple[list[Row], str]:
        """Return a page of the list and the SQL that made it."""

    def one(self, version: Version, key: str, /) -> Row | None:
        """Return one row by its key, None if the version has none of it."""


@dataclass(frozen=True)
class RowList(Generic[Asked]):
    """How rows of one kind are shown.

    Attributes:
        group: of the page's texts.
        name: of one row, under which the key of the opened one is kept; its key column is
            `<name>_key`.
        icon: before anything is opened.
        rows: reads them.
        exported: columns of the download.
        line: what the list shows of a row.
        columns: how Streamlit draws that.
        draw: draws the opened row; returns the SQL behind it.
        nothing: says more where the list is empty.
    """

    group: str
    name: str
    icon: str
    rows: Rows[Asked]
    exported: Sequence[str]
    line: Callable[[Screen, Row], Row]
    columns: Callable[[Screen], dict[str, Any]]
    draw: Callable[[Screen, Row], str]
    nothing: Callable[[Screen], None] = lambda _: None


def head(
    screen: Screen, group: str, prefix: str, sorts: Sequence[Order], states: Sequence[str]
) -> tuple[Order, tuple[str, ...]]:
    """Draw the title, and the choices of order and states; returns what is chosen.

    Args:
        group: of the page's texts.
        prefix: of the names of both choices, in the session, the address and the texts.
    """
    texts = screen.texts
    st.title(f"{texts(f'{group}.title')} · {screen.formatter.period(screen.period)}", anchor=False)
    html.lead(texts(f"{group}.lead"))
    order, shown = f"{prefix}sort", f"{prefix}states"
    if st.session_state.get(order) not in sorts:
        st.session_state[order] = sorts[0]
    chosen = st.session_state.get(shown) or ()
    st.session_state[shown] = [name for name in chosen if name in states]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        sort = st.selectbox(
            texts("conversations.sort"),
            sorts,
            key=order,
            format_func=lambda name: texts(f"{prefix}sort.{name}"),
            width=230,
        )
        picked = st.pills(
            texts("conversations.state"),
            states,
            selection_mode="multi",
            key=shown,
            format_func=lambda name: texts(f"{prefix}state.{name}"),
        )
    return sort, tuple(picked)


def browse(screen: Screen, listed: RowList[Asked], question: Asked) -> None:
    """Draw the list and, beside it, the row that is opened."""
    left, right = st.columns([3, 2], gap="medium")
    with left:
        _list(screen, listed, question)
    with right:
        _opened(screen, listed)


def _list(screen: Screen, listed: RowList[Asked], question: Asked) -> None:
    texts, version = screen.texts, screen.version
    total = listed.rows.count(version, question)
    if total == 0:
        st.info(texts(f"{listed.group}.none"), icon=":material/search_off:")
        listed.nothing(screen)
        return
    place = st.container()
    with st.container(horizontal=True, vertical_alignment="center"):
        pages = -(-total // PAGE_SIZE)
        # Another question has other pages: its key makes the first one the start again.
        key = f"{listed.group}_{hash(str(question))}"
        page = st.pagination(pages, key=key) if pages > 1 else 1
        st.caption(texts("conversations.found", n=screen.formatter.number(total)))
        export.download(
            texts,
            texts(f"{listed.group}.export_name"),
            lambda: listed.rows.listing(version, question, limit=_EXPORT_LIMIT)[0],
            listed.exported,
        )
    rows, sql = listed.rows.listing(
        version, question, limit=PAGE_SIZE, offset=(page - 1) * PAGE_SIZE
    )
    with place:
        pick_row(
            screen,
            listed.name,
            [row[f"{listed.name}_key"] for row in rows],
            [listed.line(screen, row) for row in rows],
            listed.columns(screen),
            texts(f"{listed.group}.title"),
        )
    show_sql(screen, sql)


def _opened(screen: Screen, listed: RowList[Asked]) -> None:
    texts, key = screen.texts, st.session_state.get(listed.name)
    if not key:
        st.info(texts(f"{listed.group}.pick"), icon=listed.icon)
        return
    row = listed.rows.one(screen.version, key)
    if row is None:
        st.warning(texts(f"{listed.group}.unknown"), icon=":material/link_off:")
        return
    keep_in_address(**{listed.name: key})
    show_sql(screen, listed.draw(screen, row))
