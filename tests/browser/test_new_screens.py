"""From an empty home to one's own figures, and what a second browser sees of them."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright, expect

from app.screenshots import browser_context, running_app, settle
from pipelines.publishing import note_failure
from tests.browser.conftest import opened
from tests.conftest import otvet
from tests.small_company import AGENT, ENVIRONMENT, NAMES, write_telegram

pytestmark = pytest.mark.browser


def test_from_an_empty_home_to_the_rows_of_an_own_export(page: Page, tmp_path: Path) -> None:
    home = tmp_path / "home"
    write_telegram(tmp_path / "export")
    with running_app(home) as address:
        opened(page, f"{address}/?lang=en")
        page.get_by_role("tab", name="Telegram").click()
        command = page.get_by_text("result.json").locator("visible=true")
        expect(command.first).to_be_visible()

        finished = otvet(
            home, "import", tmp_path / "export" / "result.json", "--us", f"name:{AGENT}",
            **ENVIRONMENT,
        )  # fmt: skip
        assert finished.returncode == 0, finished.stdout + finished.stderr
        page.get_by_role("button", name="Check again").click()
        tile = page.locator(".st-key-tile_conversations_started")
        expect(tile).to_be_visible()
        settle(page)

        page.goto(f"{address}/speed?lang=en&period=all&by=team")
        cell = page.locator('table a[href*="drill=conversations_awaiting"]').first
        expect(cell).to_be_visible()
        shown = cell.inner_text()
        cell.click()
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_text("sum of the rows' values")).to_be_visible()
        expect(dialog.locator(".ot-facts > div").first).to_have_text(f"Value{shown}")
        with page.expect_download() as saving:
            dialog.get_by_role("button", name="Download CSV").click()
        saved = saving.value.path().read_text(encoding="utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(saved)))
        assert sum(int(row["value"]) for row in rows) == int(shown)

        dialog.locator("table a").first.click()
        expect(page.locator(".st-key-transcript")).to_be_visible()
        body = page.locator(".st-key-transcript").inner_text()
        assert not any(name in body for name in NAMES)
        page.get_by_text("Show SQL").last.click()
        expect(page.locator("code").last).to_contain_text("fct_replies")


def test_shared_cell_shows_the_same_rows_in_a_second_browser(
    page: Page, address: str, playwright: Playwright, chromium: str
) -> None:
    opened(page, f"{address}/agents?lang=en&period=all&clock=business")
    link = page.locator('table a[href*="drill=reply_time_p50_business"]').first
    expect(link).to_be_visible()
    link.click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_text("Where", exact=True)).to_be_visible()
    expect(dialog.get_by_text("median of the rows' values")).to_be_visible()
    settle(page)
    assert "clock=business" in page.url
    assert "at=agent" in page.url
    here = dialog.locator(".ot-facts").inner_text()
    with browser_context(playwright, chromium, dark=True) as fresh:
        other = fresh.new_page()
        opened(other, page.url)
        facts = other.get_by_role("dialog").locator(".ot-facts")
        expect(facts).to_have_text(here, use_inner_text=True)


def test_from_the_funnel_to_the_words_of_a_lost_conversation(page: Page, address: str) -> None:
    opened(page, f"{address}/funnel?lang=en&period=all")
    lost = page.locator('.ot-funnel a[href*="lost=reaction"]')
    expect(lost).to_be_visible()
    count = re.sub(r"\D", "", lost.inner_text())
    lost.click()
    expect(page.get_by_text(f"Found: {count}", exact=True)).to_be_visible()
    settle(page)
    assert "lost=reaction" in page.url
    with page.expect_download() as saving:
        page.locator(".st-key-csv_lost-reaction button").click()
    saved = saving.value.path().read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(saved)))
    assert len(rows) == int(count)
    assert {row["funnel_stage"] for row in rows} == {"reaction"}

    page.locator('table a[href*="conversation="]').first.click()
    transcript = page.locator(".st-key-transcript")
    expect(transcript.locator(".ot-msg.customer").first).to_be_visible()
    expect(transcript.locator(".ot-msg.agent").first).to_be_visible()


def test_every_screen_is_drawn_and_none_scrolls_sideways_on_a_phone(
    playwright: Playwright, chromium: str, address: str
) -> None:
    with browser_context(playwright, chromium, size=(390, 844)) as context:
        page = context.new_page()
        for view in ("speed", "agents", "channels", "business"):
            opened(page, f"{address}/{view}?lang=ru&period=all")
            expect(
                page.locator(".stVegaLiteChart canvas, .stVegaLiteChart svg").first
            ).to_be_visible()
            expect(page.locator('[data-testid="stAlert"]')).to_have_count(0)
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, view
        for view, part in (("funnel", ".ot-funnel .bar"), ("deals", '[data-testid="stDataFrame"]')):
            opened(page, f"{address}/{view}?lang=ru&period=all")
            expect(page.locator(part).first).to_be_visible()
            assert page.evaluate("document.documentElement.scrollWidth") <= 390, view


def test_failed_update_is_said_while_the_version_before_stays(
    page: Page, demo_home: Path, tmp_path: Path
) -> None:
    (tmp_path / "published" / "v").mkdir(parents=True)
    source = (demo_home / "published" / "current").resolve()
    (tmp_path / "published" / "v" / source.name).symlink_to(source)
    (tmp_path / "published" / "current").symlink_to(Path("v") / source.name)
    with running_app(tmp_path) as address:
        opened(page, f"{address}/speed?lang=en")
        expect(page.locator('[data-testid="stMetric"]').first).to_be_visible()
        expect(page.get_by_text(re.compile("update failed"))).to_have_count(0)
        note_failure(tmp_path / "published", "models: fct_messages failed")
        page.get_by_text("Working", exact=True).click()
        expect(page.get_by_text(re.compile("update failed")).first).to_be_visible()
        expect(page.locator('[data-testid="stMetric"]').first).to_be_visible()
        page.get_by_role("link", name="Data health").click()
        expect(page.get_by_text("models: fct_messages failed")).to_be_visible()
