"""A screen on the demo company, without a browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from altair.utils import schemapi
from streamlit.testing.v1 import AppTest

from app import data
from app.data import Version

MAIN = Path(__file__).resolve().parents[2] / "app" / "main.py"
Open = Callable[..., AppTest]


@pytest.fixture(autouse=True)
def _no_leftovers() -> None:
    """Caches live as long as the process: no test may see another test's home."""
    st.cache_data.clear()


@pytest.fixture(autouse=True)
def _charts_are_checked() -> Iterator[None]:
    """Charts follow the schema of Vega-Lite; the app itself does not look."""
    with schemapi.debug_mode(arg=True):
        yield


@pytest.fixture
def open_app(demo_home: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Open the app on the demo company with query parameters."""
    monkeypatch.setenv("OTVET_HOME", str(demo_home))

    def opened(**params: str | list[str]) -> AppTest:
        app = AppTest.from_file(str(MAIN), default_timeout=120)
        for name, value in params.items():
            app.query_params[name.rstrip("_")] = value
        return ran(app)

    return opened


@pytest.fixture
def version(demo_home: Path, monkeypatch: pytest.MonkeyPatch) -> Version:
    """The published version of the demo company."""
    monkeypatch.setenv("OTVET_HOME", str(demo_home))
    return data.current_version()


def ran(app: AppTest) -> AppTest:
    """Run the script and fail with what it raised."""
    app.run()
    assert not app.exception, [item.message for item in app.exception]
    return app


def page(app: AppTest, name: str) -> AppTest:
    """Go to another page of the same session."""
    app.switch_page(f"views/{name}.py")
    return ran(app)


def drawn(app: AppTest) -> str:
    """Return all HTML of the page."""
    return "\n".join(str(item.value) for item in app.get("html"))
