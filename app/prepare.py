"""Ask the questions of all screens once, so that the first reader need not wait for compiling.

`otvet app` runs it beside the server. It leaves plans (`pipelines.plans`); where those of this
version are there already it ends at once.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Final

from streamlit.testing.v1 import AppTest

from app import data
from app.period import GRAINS
from pipelines.publishing import NothingPublishedError

_APP: Final = Path(__file__).resolve().parent
_TIMEOUT: Final = 600  # seconds, of a view
_MARK: Final = "prepared"


def prepare() -> int:
    """Open every view with each step of its charts; returns how many were opened."""
    try:
        plans = data.current_version().layer.plans
    except NothingPublishedError:
        return 0
    if (plans.folder / _MARK).exists():
        return 0
    opened = 0
    for grain in GRAINS:
        for view in sorted((_APP / "views").glob("[a-z]*.py")):
            app = AppTest.from_file(str(_APP / "main.py"), default_timeout=_TIMEOUT)
            app.query_params["grain"] = grain
            app.switch_page(f"views/{view.name}").run()
            opened += 1
    (plans.folder / _MARK).touch()
    return opened


if __name__ == "__main__":
    os.nice(10)  # whoever is looking comes first
    logging.disable(logging.CRITICAL)
    prepare()
