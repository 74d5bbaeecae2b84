"""Server time of each view: after a publication, with a new question, and with nothing new to ask.

A server of its own runs the app; a client opens a view as a browser does and waits for the end of
the script, so sending the view is in the time and drawing it is not.
*Cold* is the first view after a publication: nothing is opened, nothing is in memory.
*Unprepared* is one of a version without kept answers (`app.answers`), *again* one whose figures are
in memory. *New question*, *one channel*, *one agent* are views of an opened version whose figures
nobody has asked for yet: of a period a day shorter, or with a filter for the busiest. Plans
(`pipelines.plans`) are there, as after any day of use.
All stand side by side for each view: seconds of the clock, and in brackets those of the server's
processors, which depend less on what else the machine does.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlencode

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.sync.client import connect

from app.period import Period, Preset, resolve
from app.screenshots import running_app
from pipelines.publishing import Publication, current_publication, new_version_name, switch
from tests.bench_inputs import append_line

VIEWS: Final = (
    "overview", "speed", "agents", "channels", "business", "funnel", "deals", "conversations",
    "data_health",
)  # fmt: skip
PERIODS: Final[tuple[Preset, ...]] = ("30d", "365d", "all")
_FILTERS: Final = {
    "channel": "select channel_name from fct_conversations join dim_channels using (channel_key)",
    "agent": (
        "select agent_name from fct_conversations"
        " join dim_agents on first_response_agent_key = agent_key"
    ),
}
_TIMEOUT: Final = 600


@dataclass(frozen=True)
class Seconds:
    """What a run took: by the clock, and of the processors."""

    wall: float
    cpu: float


def measure_views(
    home: Path, period: Preset = "all", repeats: int = 3, views: Sequence[str] = VIEWS
) -> None:
    """Print a line of seconds per view, and the peak memory of the server.

    Args:
        home: with a published version.
        period: the preset that the views show.
        repeats: of which the median counts.
    """
    published = home / "published"
    original = current_publication(published)
    prepared = f"period={period}"
    unasked = {"new question": _one_day_less(original, period)} | {
        f"one {name}": f"{prepared}&{urlencode({name: value})}"
        for name, value in _busiest(original).items()
    }
    with running_app(home) as address:
        server = _server(address)
        names = ("unprepared", "cold", "again", *unasked)
        for view in views:
            found: dict[str, list[Seconds]] = {name: [] for name in names}
            for _ in range(repeats):
                with _published_again(published, original, prepared=False):
                    found["unprepared"].append(_open(server, address, view, prepared))
                with _published_again(published, original, prepared=True):
                    found["cold"].append(_open(server, address, view, prepared))
                    found["again"].append(_open(server, address, view, prepared))
                    for name, query in unasked.items():
                        found[name].append(_open(server, address, view, query))
            columns = "".join(
                f"  {name} {_median(taken, 'wall'):.2f} ({_median(taken, 'cpu'):.2f})"
                for name, taken in found.items()
            )
            append_line(sys.stdout, f"view: {view:<14}{period:<5}{columns}")
        peak = server.memory_info().rss / 2**20
        append_line(sys.stdout, f"view: memory of the server at the end {peak:,.0f} MiB")


@contextmanager
def _published_again(published: Path, original: Publication, *, prepared: bool) -> Iterator[None]:
    """Publish the same tables once more, and take that back afterwards."""
    name = new_version_name()
    again = Publication(name, published / "v" / name)
    again.folder.mkdir()
    os.link(original.database, again.database)
    shutil.copyfile(original.manifest, again.manifest)
    if prepared and original.answers.exists():
        shutil.copytree(original.answers, again.answers)
    switch(published, again)
    try:
        yield
    finally:
        switch(published, original)
        shutil.rmtree(again.folder)


def _busiest(publication: Publication) -> dict[str, str]:
    """Return the channel and the agent with most conversations, by the name of their filter."""
    with publication.connect() as connection:
        found = {
            name: connection.execute(f"select mode(value) from ({sql}) as given(value)").fetchone()
            for name, sql in _FILTERS.items()
        }
    return {name: str(row[0]) for name, row in found.items() if row is not None}


def _one_day_less(publication: Publication, period: Preset) -> str:
    """Return the query of the period without its first day."""
    with publication.connect() as connection:
        row = connection.execute(
            "select min(started_local_date), max(started_local_date) from fct_conversations"
        ).fetchone()
    assert row is not None
    shown = resolve(period, Period(*row))
    return f"period=custom&from={shown.start + timedelta(days=1)}&to={shown.end}"


def _server(address: str) -> psutil.Process:
    port = int(address.rpartition(":")[2])
    return next(
        process
        for process in psutil.Process().children(recursive=True)
        if any(item.laddr.port == port for item in process.net_connections())
    )


def _median(taken: list[Seconds], clock: Literal["wall", "cpu"]) -> float:
    return statistics.median(getattr(seconds, clock) for seconds in taken)


def _cpu(server: psutil.Process) -> float:
    times = server.cpu_times()
    return float(times.user + times.system)


def _open(server: psutil.Process, address: str, view: str, query: str) -> Seconds:
    """Open a view in a new session and wait until its script has ended.

    Raises:
        RuntimeError: the view could not be drawn.
    """
    message = BackMsg()
    message.rerun_script.query_string = query
    message.rerun_script.page_name = "" if view == "overview" else view
    used, started = _cpu(server), time.perf_counter()
    stream = f"{address.replace('http', 'ws', 1)}/_stcore/stream"
    with connect(stream, subprotocols=["streamlit"], max_size=None, compression=None) as socket:  # type: ignore[list-item]
        socket.send(message.SerializeToString())
        while True:
            answer = ForwardMsg.FromString(socket.recv(timeout=_TIMEOUT))
            if answer.WhichOneof("type") == "script_finished":
                break
            shown = answer.delta.new_element
            if shown.WhichOneof("type") == "exception" or shown.alert.format == shown.alert.ERROR:
                raise RuntimeError(f"{view}: {shown}")
        return Seconds(time.perf_counter() - started, _cpu(server) - used)


def main() -> None:
    """Print the table of measurements."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("--period", choices=PERIODS, default="all")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--views", choices=VIEWS, nargs="+", default=VIEWS)
    given = parser.parse_args()
    measure_views(given.home.absolute(), given.period, given.repeats, given.views)


if __name__ == "__main__":
    main()
