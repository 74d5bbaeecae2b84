"""Server time of each view: cold, with a new question, and with nothing new to ask.

The script of each view runs as in a session of the server, without a browser.
*Cold* is the first view after a start or a new publication: nothing is opened, nothing is cached.
*New question* is a view whose figures nobody has asked for yet; *again*, one whose figures are
cached. *Uncompiled* is a cold view whose plans (`pipelines.plans`) are gone as well. All stand side
by side for each view, in one process: seconds of the clock, and in brackets those of the
processors, which depend less on what else the machine does.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import statistics
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import streamlit as st
from streamlit.testing.v1 import AppTest

from pipelines.settings import PROJECT_ROOT
from tests.bench_inputs import append_line

VIEWS: Final = (
    "overview", "speed", "agents", "channels", "business", "conversations", "data_health",
)  # fmt: skip
_TIMEOUT: Final = 600


@dataclass(frozen=True)
class Seconds:
    """What a run took: by the clock, and of the processors."""

    wall: float
    cpu: float


def measure_views(home: Path, period: str = "all", repeats: int = 3) -> None:
    """Print a line of seconds per view.

    Args:
        home: with a published version.
        period: the preset that the views show.
        repeats: of which the median counts.
    """
    os.environ["OTVET_HOME"] = str(home)
    logging.disable(logging.WARNING)
    _seconds("overview", period)  # imports, which a server does once
    for view in VIEWS:
        names = ("uncompiled", "cold", "new question", "again")
        found: dict[str, list[Seconds]] = {name: [] for name in names}
        for _ in range(repeats):
            shutil.rmtree(home / "published" / "plans", ignore_errors=True)
            st.cache_resource.clear()
            st.cache_data.clear()
            found["uncompiled"].append(_seconds(view, period))
            st.cache_resource.clear()
            st.cache_data.clear()
            found["cold"].append(_seconds(view, period))
            st.cache_data.clear()
            found["new question"].append(_seconds(view, period))
            found["again"].append(_seconds(view, period))
        columns = "".join(
            f"  {name} {_median(taken, 'wall'):.2f} ({_median(taken, 'cpu'):.2f})"
            for name, taken in found.items()
        )
        append_line(sys.stdout, f"view: {view:<14}{period:<5}{columns}")


def _median(taken: list[Seconds], clock: Literal["wall", "cpu"]) -> float:
    return statistics.median(getattr(seconds, clock) for seconds in taken)


def _seconds(view: str, period: str) -> Seconds:
    """Run the script of a view in a new session.

    Raises:
        RuntimeError: the view could not be drawn.
    """
    app = AppTest.from_file(str(PROJECT_ROOT / "app" / "main.py"), default_timeout=_TIMEOUT)
    app.query_params["period"] = period
    app.switch_page(f"views/{view}.py")
    started, used = time.perf_counter(), time.process_time()
    app.run()
    seconds = Seconds(time.perf_counter() - started, time.process_time() - used)
    if app.exception or app.error:
        raise RuntimeError(f"{view}: {[item.value for item in (*app.exception, *app.error)]}")
    return seconds


def main() -> None:
    """Print the table of measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--period", default="all")
    parser.add_argument("--repeats", type=int, default=3)
    given = parser.parse_args()
    measure_views(given.home, given.period, given.repeats)


if __name__ == "__main__":
    main()
