"""A headless Chromium and the app on the demo company."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright, expect, sync_playwright

from app.screenshots import browser_context, find_chromium, running_app, settle

# A machine under load draws slowly; what is asserted is what appears, never how fast.
expect.set_options(timeout=60_000)


@pytest.fixture(scope="module")
def chromium() -> str:
    """The browser of the machine; none is ever downloaded."""
    executable = find_chromium()
    if executable is None:
        message = "no chromium on the path; set OTVET_CHROMIUM"
        if os.environ.get("CI") == "true":
            pytest.fail(message)
        pytest.skip(message)
    return executable


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def address(demo_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app on the demo company; whatever the journeys do, it never raises."""
    log = tmp_path_factory.mktemp("app") / "server.log"
    with running_app(demo_home, log) as url:
        yield url
    printed = log.read_text(encoding="utf-8", errors="replace")
    assert "Traceback" not in printed, printed[-6000:]


@pytest.fixture
def page(playwright: Playwright, chromium: str) -> Iterator[Page]:
    with browser_context(playwright, chromium) as context:
        page = context.new_page()
        page.set_default_timeout(60_000)
        yield page


def opened(page: Page, url: str) -> None:
    page.goto(url)
    settle(page)
