"""Pictures of every view: `python -m app.screenshots OUT_DIR`, or `--docs docs/images`.

Starts the app on the home in `OTVET_HOME`, opens it in headless Chromium (`OTVET_CHROMIUM` or the
one on the path; none is ever downloaded) and writes PNG files in both languages, light and dark,
for a desk and a phone.
"""

from __future__ import annotations

import argparse
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final

from playwright.sync_api import BrowserContext, Page, Playwright, sync_playwright

CHROMIUM_FLAGS: Final = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
_DESK, _PHONE = (1440, 900), (390, 844)
_START_SECONDS = 90
_LOAD_MS = 60_000
_DRAW_MS = 1500  # charts and fonts draw after the script has ended
_ROOT = Path(__file__).resolve().parents[1]
_CONTENT_HEIGHT: Final = """() => Math.min(6000, Math.ceil(Math.max(
    ...[...document.querySelectorAll('[data-testid="stMain"], [data-testid="stSidebarContent"]')]
        .map(part => part.scrollHeight))))"""

FIRST_RUN: Final = "first_run"
# View -> page and query.
VIEWS: Final = {
    "overview": ("", ""),
    "rows": ("", "drill=frt_p50"),
    "speed": ("speed", "period=90d"),
    "agents": ("agents", "period=90d"),
    "channels": ("channels", "period=90d"),
    "business": ("business", "period=all"),
    "funnel": ("funnel", "period=all&lost=reaction"),
    "deals": ("deals", "period=all&deal_sort=largest&deal_states=won&deal_states=chat"),
    "conversations": ("conversations", ""),
    "data_health": ("data_health", ""),
    "bring_data": ("bring_data", ""),
}


@dataclass(frozen=True)
class Shot:
    """One picture; `is_cut` shows what fits on the screen, else the whole page."""

    name: str
    view: str
    language: str = "en"
    size: tuple[int, int] = _DESK
    dark: bool = False
    is_cut: bool = False


# What README and docs show; names are linked to, so they stay.
DOCS: Final = (
    Shot("overview", "overview", is_cut=True),
    Shot("conversations", "conversations", is_cut=True),
    Shot("speed", "speed"),
    Shot("agents", "agents"),
    Shot("channels", "channels"),
    Shot("business", "business"),
    Shot("funnel", "funnel"),
    Shot("deals", "deals", is_cut=True),
    Shot("rows", "rows"),
    Shot("first-run", FIRST_RUN, is_cut=True),
    Shot("speed-dark", "speed", dark=True, is_cut=True),
    Shot("business-phone", "business", language="ru", size=_PHONE, is_cut=True),
)


def find_chromium() -> str | None:
    """Return the browser to drive, None without one."""
    return os.environ.get("OTVET_CHROMIUM") or shutil.which("chromium")


@contextmanager
def running_app(
    home: Path, log: Path | None = None, environment: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Run the app on a home on a free port; yields its address.

    Args:
        log: file for what the server prints; without one it is dropped.
        environment: variables to set for it beside those of this process.

    Raises:
        RuntimeError: the server did not answer in time; the message holds what it printed.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [
        sys.executable, "-m", "streamlit", "run", str(_ROOT / "app" / "main.py"),
        "--server.address", "127.0.0.1", "--server.port", str(port), "--server.headless", "true",
        "--browser.gatherUsageStats", "false", "--server.fileWatcherType", "none",
    ]  # fmt: skip
    variables = {**os.environ, "OTVET_HOME": str(home), **(environment or {})}
    with log.open("w+b") if log else tempfile.TemporaryFile() as output:
        server = subprocess.Popen(command, cwd=_ROOT, env=variables, stdout=output, stderr=output)
        address = f"http://127.0.0.1:{port}"
        try:
            if not _answers(f"{address}/_stcore/health", server):
                output.seek(0)
                raise RuntimeError(f"The app did not start: {output.read().decode()[-2000:]}")
            yield address
        finally:
            server.terminate()
            server.wait(timeout=20)


@contextmanager
def browser_context(
    playwright: Playwright,
    executable: str,
    *,
    size: tuple[int, int] = _DESK,
    dark: bool = False,
) -> Iterator[BrowserContext]:
    """Open a browser with an empty profile."""
    with tempfile.TemporaryDirectory() as profile:
        context = playwright.chromium.launch_persistent_context(
            profile,
            executable_path=executable,
            args=list(CHROMIUM_FLAGS),
            viewport={"width": size[0], "height": size[1]},
            color_scheme="dark" if dark else "light",
            locale="ru-RU",
            accept_downloads=True,
        )
        try:
            yield context
        finally:
            context.close()


def settle(page: Page) -> None:
    """Wait until the page has drawn what the script sent."""
    page.wait_for_selector('[data-testid="stApp"]', timeout=_LOAD_MS)
    page.wait_for_selector(
        '[data-testid="stApp"][data-test-script-state="notRunning"]', timeout=_LOAD_MS
    )
    page.wait_for_load_state("networkidle")


def main() -> None:
    """Write the pictures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--docs", action="store_true", help="only the pictures of docs/images")
    parser.add_argument("--only", help="comma separated views")
    options = parser.parse_args()
    executable = find_chromium()
    if executable is None:
        parser.error("no chromium on the path; set OTVET_CHROMIUM")
    options.folder.mkdir(parents=True, exist_ok=True)
    wanted = options.only.split(",") if options.only else [*VIEWS, FIRST_RUN]
    home = Path(os.environ.get("OTVET_HOME") or "data").expanduser().absolute()
    with tempfile.TemporaryDirectory() as empty, sync_playwright() as playwright:
        shots = DOCS if options.docs else _all_shots()
        for (size, dark), group in groupby(shots, key=lambda shot: (shot.size, shot.dark)):
            chosen = [shot for shot in group if shot.view in wanted]
            with browser_context(playwright, executable, size=size, dark=dark) as context:
                page = context.new_page()
                for is_first_run in (False, True):
                    part = [s for s in chosen if (s.view == FIRST_RUN) == is_first_run]
                    if part:
                        # The first page names its folder: one that anybody might have.
                        folder = Path(empty) / "otvet" if is_first_run else home
                        own = {"HOME": empty} if is_first_run else {}
                        with running_app(folder, environment=own) as address:
                            for shot in part:
                                _photograph(page, address, shot, options.folder)


def _all_shots() -> list[Shot]:
    kinds = [(_DESK, False), (_DESK, True), (_PHONE, False), (_PHONE, True)]
    return [
        Shot(f"{view}-{language}-{_kind(size, dark)}", view, language, size, dark)
        for size, dark in kinds
        for language in ("ru", "en")
        for view in (*VIEWS, FIRST_RUN)
    ]


def _kind(size: tuple[int, int], dark: bool) -> str:
    return ("phone" if size == _PHONE else "desk") + ("-dark" if dark else "")


def _photograph(page: Page, address: str, shot: Shot, folder: Path) -> None:
    path, query = VIEWS.get(shot.view, ("", ""))
    page.set_viewport_size({"width": shot.size[0], "height": shot.size[1]})
    page.goto(f"{address}/{path}?lang={shot.language}&{query}")
    settle(page)
    if shot.view in ("conversations", "deals"):
        _open_first(page)
    page.wait_for_timeout(_DRAW_MS)
    if shot.view != "rows" and not shot.is_cut:
        height = page.evaluate(_CONTENT_HEIGHT)
        page.set_viewport_size({"width": shot.size[0], "height": max(shot.size[1], height)})
        page.wait_for_timeout(_DRAW_MS)
    page.screenshot(path=folder / f"{shot.name}.png")


def _open_first(page: Page) -> None:
    """Select the third row of the list: its canvas knows places only."""
    box = page.locator('[data-testid="stDataFrame"] canvas').first.bounding_box()
    if box is not None:
        page.mouse.click(box["x"] + 18, box["y"] + 35 * 3 + 17)
        page.mouse.move(5, 300)  # off the list, which shows its tools under the pointer
        page.wait_for_timeout(500)
        settle(page)


def _answers(address: str, server: subprocess.Popen[bytes]) -> bool:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=2):  # noqa: S310 - a loopback address
                return True
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    return False


if __name__ == "__main__":
    main()
