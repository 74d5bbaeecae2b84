"""Pictures of every view for the README: `python -m app.screenshots OUT_DIR`.

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
from collections.abc import Iterator
from contextlib import contextmanager
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
_ROOT = Path(__file__).resolve().parents[1]


def find_chromium() -> str | None:
    """Return the browser to drive, None without one."""
    return os.environ.get("OTVET_CHROMIUM") or shutil.which("chromium")


@contextmanager
def running_app(home: Path) -> Iterator[str]:
    """Run the app on a home on a free port; yields its address.

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
    environment = {**os.environ, "OTVET_HOME": str(home)}
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(command, cwd=_ROOT, env=environment, stdout=log, stderr=log)
        address = f"http://127.0.0.1:{port}"
        try:
            if not _answers(f"{address}/_stcore/health", server):
                log.seek(0)
                raise RuntimeError(f"The app did not start: {log.read().decode()[-2000:]}")
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
    folder: Path = parser.parse_args().folder
    executable = find_chromium()
    if executable is None:
        parser.error("no chromium on the path; set OTVET_CHROMIUM")
    folder.mkdir(parents=True, exist_ok=True)
    home = Path(os.environ.get("OTVET_HOME") or "data").expanduser().absolute()
    with running_app(home) as address, sync_playwright() as playwright:
        for size, dark in ((_DESK, False), (_DESK, True), (_PHONE, False)):
            with browser_context(playwright, executable, size=size, dark=dark) as context:
                name = "phone" if size == _PHONE else "dark" if dark else "desk"
                _photograph(context.new_page(), address, folder, name)


def _photograph(page: Page, address: str, folder: Path, name: str) -> None:
    for language in ("ru", "en"):
        for view in ("overview", "rows", "conversations", "data_health"):
            path = "" if view in ("overview", "rows") else view
            rows = "&drill=frt_p50" if view == "rows" else ""
            page.goto(f"{address}/{path}?lang={language}{rows}")
            settle(page)
            if view == "conversations":
                _open_first(page)
            page.wait_for_timeout(1200)  # charts and fonts draw after the script has ended
            page.screenshot(path=folder / f"{view}-{language}-{name}.png")
            if view == "overview" and name == "desk":
                page.set_viewport_size({"width": _DESK[0], "height": 2350})
                page.wait_for_timeout(1500)
                page.screenshot(path=folder / f"{view}-{language}-{name}-full.png")
                page.set_viewport_size({"width": _DESK[0], "height": _DESK[1]})


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
