"""A manager's way through the screens, in headless Chromium."""

from __future__ import annotations

import csv
import io
import random
import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Playwright, expect

from app.components.tile import TILES
from app.screenshots import browser_context, running_app, settle
from tests.browser.conftest import opened

pytestmark = pytest.mark.browser

TILE_COUNT = len(TILES)
PAGES = ("Overview", "Speed", "Agents", "Channels", "Business", "Conversations", "Data health")


def tiles(page: Page) -> dict[str, str]:
    """Return the values on the tiles by their labels, once all of them are drawn."""
    expect(page.locator('[data-testid="stMetric"]')).to_have_count(TILE_COUNT)
    settle(page)
    found: dict[str, str] = page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll('[data-testid="stMetric"]')].map(
            tile => ["Label", "Value"].map(
                part => tile.querySelector(`[data-testid="stMetric${part}"]`).innerText.trim())))"""
    )
    return found


def test_from_the_overview_to_a_conversation_and_to_a_shared_address(
    page: Page, address: str, playwright: Playwright, chromium: str
) -> None:
    opened(page, f"{address}/?period=all")
    expect(page.locator('[data-testid="stMetric"]').first).to_be_visible()
    russian = tiles(page)
    assert len(russian) == TILE_COUNT
    assert re.fullmatch(r"[\d\s\u00a0]+", russian["Обращения"])

    page.get_by_role("radio", name="EN").click()
    expect(page.get_by_text("Answered rate")).to_be_visible()
    settle(page)
    assert "lang=en" in page.url
    everything = tiles(page)
    assert everything["Conversations"].replace(",", "") == re.sub(r"\D", "", russian["Обращения"])

    page.get_by_label("Messenger").click()
    page.get_by_role("option", name="whatsapp").click()
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile("channel_type=whatsapp"))
    settle(page)
    filtered = tiles(page)
    assert int(filtered["Conversations"]) < int(everything["Conversations"].replace(",", ""))
    assert filtered["Net revenue"] == "—"

    page.locator(".st-key-rows_frt_p50 button").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("median of the rows' values")).to_be_visible()
    dialog.get_by_text("Show SQL").click()
    expect(dialog.locator("code").last).to_contain_text("first_response_calendar_seconds")

    with page.expect_download() as saving:
        dialog.get_by_role("button", name="Download CSV").click()
    saved = saving.value.path().read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(saved)))
    assert saving.value.suggested_filename == "otvet-frt_p50.csv"
    assert rows
    assert all(float(row["value"]) >= 0 for row in rows)

    slowest = max(rows, key=lambda row: float(row["value"]))
    link = dialog.locator(f'a[href*="{slowest["conversation"]}"]')
    link.click()
    settle(page)
    assert "/conversations?" in page.url
    assert "channel_type=whatsapp" in page.url
    transcript = page.locator(".st-key-transcript")
    expect(
        transcript.get_by_text(re.compile(r"Customer waits since .*\d\d:\d\d:\d\d"))
    ).to_be_visible()
    expect(transcript.get_by_text(re.compile(r"First response .*\d\d:\d\d:\d\d"))).to_be_visible()
    expect(transcript.locator(".ot-clocks b")).to_have_count(2)

    page.get_by_text("Show SQL").last.click()
    expect(page.locator("code").last).to_contain_text(slowest["conversation"])
    shown = transcript.inner_text()

    with browser_context(playwright, chromium) as fresh:
        other = fresh.new_page()
        opened(other, page.url)
        expect(other.locator(".st-key-transcript")).to_be_visible()
        expect(other.locator(".st-key-transcript")).to_have_text(shown, use_inner_text=True)


def test_shared_overview_shows_the_same_figures(
    page: Page, address: str, playwright: Playwright, chromium: str
) -> None:
    opened(page, f"{address}/?lang=en&period=90d&channel_type=telegram&grain=week")
    expect(page.locator('[data-testid="stMetric"]').first).to_be_visible()
    here = tiles(page)
    with browser_context(playwright, chromium, dark=True) as fresh:
        other = fresh.new_page()
        opened(other, page.url)
        expect(other.locator('[data-testid="stMetric"]').first).to_be_visible()
        assert tiles(other) == here


def test_page_links_keep_language_and_filters(page: Page, address: str) -> None:
    opened(page, f"{address}/?lang=en&period=90d&channel_type=telegram")
    page.get_by_role("link", name="Data health").click()
    expect(page.get_by_role("heading", name="Data health")).to_be_visible()
    settle(page)
    assert "lang=en" in page.url
    assert "channel_type=telegram" in page.url
    page.get_by_role("link", name="Conversations").click()
    expect(page.get_by_role("heading", name="Conversations")).to_be_visible()
    settle(page)
    expect(page).to_have_url(re.compile("period=90d"))


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.soak) for seed in range(1, 20))]
)
def test_clicks_faster_than_the_screens_keep_the_state(page: Page, address: str, seed: int) -> None:
    """Every click cuts the run of the screen before it short, wherever that run is."""
    chance = random.Random(seed)
    page.goto(f"{address}/?lang=en&period=90d&channel_type=telegram")
    page.get_by_role("link", name="Data health").wait_for()
    for _ in range(6):
        name = chance.choice(PAGES)
        page.get_by_role("link", name=name, exact=True).first.click()
        page.wait_for_timeout(chance.choice((0, 20, 100, 300, 1000)))
    expect(page.get_by_role("heading", name=re.compile(name, re.IGNORECASE))).to_be_visible()
    settle(page)
    for part in ("lang=en", "period=90d", "channel_type=telegram"):
        expect(page).to_have_url(re.compile(part))
    sidebar = page.get_by_test_id("stSidebar")
    expect(sidebar.get_by_role("combobox", name="Period")).to_have_value("90 days")
    expect(sidebar.get_by_role("button", name="Remove telegram")).to_be_visible()
    expect(page.get_by_test_id("stException")).to_have_count(0)


def place_at_rest(drawn: Locator) -> tuple[float, float]:
    """Return the corner of something drawn, once what is above it moves it no more."""
    expect(drawn).to_be_visible()
    before = None
    while (box := drawn.bounding_box()) != before or box is None:
        before = box
        drawn.page.wait_for_timeout(1000)
    return box["x"], box["y"]


def test_row_of_the_list_opens_its_conversation(page: Page, address: str) -> None:
    opened(page, f"{address}/conversations?lang=en")
    x, y = place_at_rest(page.locator('[data-testid="stDataFrame"] canvas').first)
    page.mouse.click(x + 18, y + 35 + 17)  # the box of the first row
    expect(page.locator(".st-key-transcript")).to_be_visible()
    expect(page).to_have_url(re.compile("conversation="))


def test_phone_shows_tiles_without_sideways_scrolling(
    playwright: Playwright, chromium: str, address: str
) -> None:
    with browser_context(playwright, chromium, size=(390, 844)) as context:
        page = context.new_page()
        opened(page, f"{address}/?lang=en")
        expect(page.locator('[data-testid="stMetric"]').first).to_be_visible(timeout=60_000)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_empty_home_says_how_to_start(page: Page, tmp_path: Path) -> None:
    with running_app(tmp_path) as address:
        opened(page, address)
        expect(page.get_by_text("make demo")).to_be_visible()
        expect(page.get_by_text("ничего не опубликовано").first).to_be_visible()
        expect(page.locator('[data-testid="stMetric"]')).to_have_count(0)


def test_nothing_is_asked_of_other_hosts(page: Page, address: str) -> None:
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(request.url.split("/")[2].split(":")[0]))
    opened(page, f"{address}/?lang=en")
    expect(page.locator('[data-testid="stMetric"]').first).to_be_visible()
    assert {host for host in hosts if host} == {"127.0.0.1"}
