"""The entry of the screens: language, version, filters, navigation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import streamlit as st

from app import data
from app.components import states
from app.components.drill import show_opened
from app.components.filters import language_switch, sidebar_filters
from app.components.formatting import Formatter
from app.components.health_strip import health_strip
from app.components.screen import (
    Screen,
    keep,
    language_texts,
    pull_address,
    push_address,
    show,
)
from app.components.states import guarded
from app.components.style import apply_style
from app.components.tile import open_rows
from app.i18n import Texts
from app.period import resolve
from app.state import ViewState
from pipelines.publishing import NothingPublishedError

if TYPE_CHECKING:
    from streamlit.navigation.page import StreamlitPage

_PAGES: Final = {
    "overview": "monitoring",
    "speed": "timer",
    "agents": "support_agent",
    "channels": "hub",
    "business": "payments",
    "funnel": "filter_alt",
    "deals": "handshake",
    "conversations": "forum",
    "data_health": "health_and_safety",
    "bring_data": "upload_file",
}
# The colour of the mark reads on light and on dark.
_LOGO = """\
<svg xmlns="http://www.w3.org/2000/svg" width="132" height="32" viewBox="0 0 132 32">
<path d="M4 5h24a3 3 0 0 1 3 3v13a3 3 0 0 1-3 3H15l-7 6v-6H4a3 3 0 0 1-3-3V8a3 3 0 0 1 3-3z"
 fill="#2a7fb8"/><path d="M8 17l5-5 4 4 7-7" fill="none" stroke="#fff" stroke-width="2.6"
 stroke-linecap="round" stroke-linejoin="round"/><text x="40" y="24" fill="#2a7fb8"
 font-family="Helvetica, Arial, sans-serif" font-size="23" font-weight="700">Otvet</text>
</svg>"""


def main() -> None:
    """Run one pass over the screen."""
    st.set_page_config(page_title="Otvet", page_icon="💬", layout="wide")
    apply_style()
    st.logo(_LOGO, size="large")
    pull_address()
    language_switch(language_texts())
    texts = language_texts()
    page = st.navigation(_pages(texts), position="top")
    if st.session_state.get("_page", page.url_path) != page.url_path:
        # Rows opened on one page stay there: they must not jump up on another.
        open_rows(None)
    st.session_state["_page"] = page.url_path
    strip = st.container()
    screen, state = _screen(texts)
    keep(state)
    show(screen)
    with strip:
        health_strip(screen, texts)
    with guarded(texts):
        page.run()
        if screen is not None:
            show_opened(screen)
    push_address(state)


def _pages(texts: Texts) -> list[StreamlitPage]:
    return [
        st.Page(
            f"views/{name}.py",
            title=texts(f"nav.{name}"),
            icon=f":material/{icon}:",
            default=name == "overview",
            url_path=None if name == "overview" else name,
        )
        for name, icon in _PAGES.items()
    ]


def _screen(texts: Texts) -> tuple[Screen | None, ViewState]:
    """Open the published version and read the sidebar; draw the reason where that fails."""
    try:
        version = data.current_version()
    except NothingPublishedError:
        states.nothing_published(texts)
        return None, ViewState(language=texts.language)
    known = data.known_days(version, version.key)
    if known is None:
        states.no_conversations(texts)
        return None, ViewState(language=texts.language)
    about = data.about(version, version.key)
    state = sidebar_filters(texts, known, data.filter_options(version, version.key))
    screen = Screen(
        texts=texts,
        formatter=Formatter(texts, about.currency, about.zone),
        version=version,
        about=about,
        known=known,
        period=resolve(state.preset, known, (state.start, state.end)),
        state=state,
    )
    return screen, state


main()
