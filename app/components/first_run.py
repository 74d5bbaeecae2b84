"""How to bring one's own chats: the exact steps and commands for each kind of source."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import streamlit as st

from app.data import home
from app.i18n import Texts

# Tab -> the commands, in order; the texts of a tab say how to export.
_COMMANDS: Final = {
    "demo": ("make demo",),
    "telegram": (
        '.venv/bin/otvet import ~/Downloads/ChatExport/result.json --us "name:Anna Petrova"',
    ),
    "whatsapp": (
        ".venv/bin/otvet import ~/Downloads/whatsapp --time-zone Europe/Moscow"
        ' --us "name:Anna Petrova"',
    ),
    "tables": (
        ".venv/bin/otvet import chats.csv --mapping generic_messages --source-name site"
        ' --us "name:Anna Petrova"',
        ".venv/bin/otvet import deals.csv --mapping generic_deals --source-name crm",
        ".venv/bin/otvet import spend.csv --mapping generic_spend --source-name ads",
    ),
    "crm": (
        "cp -n otvet.example.toml otvet.toml",
        "export OTVET_AMO_TOKEN=...",
        ".venv/bin/otvet doctor",
        ".venv/bin/otvet run",
    ),
    "daily": (".venv/bin/otvet run",),
}
STEPS: Final = 3


def ways_in(texts: Texts) -> None:
    """Draw a tab per way of bringing data, and where everything is kept."""
    st.markdown(texts("first.text"))
    for tab, name in zip(
        st.tabs([texts(f"first.{name}") for name in _COMMANDS]), _COMMANDS, strict=True
    ):
        with tab:
            st.markdown(
                "\n".join(f"{n}. {texts(f'first.{name}_{n}')}" for n in range(1, STEPS + 1))
            )
            folder = [] if name == "demo" else [f"export OTVET_HOME={shown_home()}"]
            st.code("\n".join([*folder, *_COMMANDS[name]]), language="bash", wrap_lines=True)
            st.caption(texts(f"first.{name}_note"))
    st.caption(texts("first.who"))
    st.caption(texts("empty.home", home=shown_home()))


def shown_home() -> str:
    """Return the data folder as people write it: below their own folder as `~`."""
    folder = home()
    if folder.is_relative_to(Path.home()):
        return f"~/{folder.relative_to(Path.home())}"
    return str(folder)
