"""Ask the questions of all screens once, so that no reader has to wait for them.

A publication runs it on the version that is about to become current: `python -m app.prepare FOLDER
[MEMORY_LIMIT]` leaves the answers for the periods that are looked at first in the folder of that
version (`app.answers`). `otvet app` runs it without a folder, beside the server: then it leaves
plans (`pipelines.plans`) for every step of the charts, and ends at once where all this is there for
the current version.
"""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import streamlit as st
from streamlit.testing.v1 import AppTest

from app import data
from app.period import DEFAULT_PRESET, GRAINS
from pipelines.publishing import NothingPublishedError

_APP: Final = Path(__file__).resolve().parent
_TIMEOUT: Final = 600  # seconds, of a view
_MARK: Final = "prepared"
# Longer periods take seconds of a large version; shorter ones are answered when they are asked.
PERIODS: Final = (DEFAULT_PRESET, "90d", "365d", "all")


def prepare() -> int:
    """Open every view with each step of its charts; returns how many were opened.

    A large version whose answers this code cannot use, as after an update, is prepared as well.
    """
    try:
        version = data.current_version()
    except NothingPublishedError:
        return 0
    opened, plans = 0, version.layer.plans.folder
    if not (plans / _MARK).exists():
        opened += sum(_open_views({"grain": grain}) for grain in GRAINS)
        (plans / _MARK).touch()
    if version.publication.is_large and not version.answers.folder.exists():
        opened += prepare_version(version.publication.folder)
    return opened


def prepare_version(folder: Path, memory_limit: str | None = None) -> int:
    """Keep the answers of every view of a version; returns how many views were opened.

    Args:
        folder: of the version, which need not be current.
        memory_limit: of DuckDB, e.g. `4GB`; by default its own.
    """
    # What this process knows already would not be asked, and so not be kept.
    _forget()
    os.environ[data.PREPARED] = str(folder)
    try:
        if memory_limit:
            # One instance serves all connections of a process to a file.
            data.current_version().connection.execute(f"set memory_limit = '{memory_limit}'")
        return sum(_open_views({"period": period}) for period in PERIODS)
    finally:
        del os.environ[data.PREPARED]
        _forget()


def _forget() -> None:
    st.cache_data.clear()
    st.cache_resource.clear()


def _open_views(params: Mapping[str, str]) -> int:
    """Open every view in a session of its own, with these query parameters."""
    views = sorted((_APP / "views").glob("[a-z]*.py"))
    for view in views:
        app = AppTest.from_file(str(_APP / "main.py"), default_timeout=_TIMEOUT)
        for name, value in params.items():
            app.query_params[name] = value
        app.switch_page(f"views/{view.name}").run()
    return len(views)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)
    if len(sys.argv) > 1:
        prepare_version(Path(sys.argv[1]), *sys.argv[2:])
    else:
        os.nice(10)  # whoever is looking comes first
        prepare()
