"""Speed, agents, channels and business: what stands there, where it leads, in which state."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs

import pytest
from streamlit.testing.v1 import AppTest

from app.data import Version
from app.views import agents, business, channels, speed
from tests.app.conftest import MAIN, Open, drawn, page, ran

VIEWS = ("speed", "agents", "channels", "business")
TILES = {
    "agents": [spec.metric for spec in agents.TILES],
    "channels": [spec.metric for spec in channels.TILES],
    "business": [spec.metric for spec in business.TILES],
}


def links(app: AppTest) -> list[str]:
    """Return where the cells of all tables lead."""
    return [link.replace("&amp;", "&") for link in re.findall(r'href="([^"]+)"', drawn(app))]


def opened(link: str, view: str) -> AppTest:
    """Open a link of a page in a new session, on that page from the start."""
    app = AppTest.from_file(str(MAIN), default_timeout=120)
    for name, values in parse_qs(link.partition("?")[2]).items():
        app.query_params[name] = values
    app.switch_page(f"views/{view}.py")
    return ran(app)


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("language", ["ru", "en"])
def test_view_is_drawn_with_sql_and_export(open_app: Open, view: str, language: str) -> None:
    app = page(open_app(lang=language, period="all"), view)
    assert app.metric
    assert [item.value for item in app.code if "select" in item.value.lower()]
    folded = {"ru": "Показать SQL", "en": "Show SQL"}[language]
    assert folded in [item.label for item in app.expander]
    assert {"ru": "Скачать CSV", "en": "Download CSV"}[language] in [
        item.label for item in app.get("download_button")
    ]
    # Nothing is left in the other language's letters on an English page but names of people.
    if language == "en":
        assert not re.search("[А-Яа-я]", " ".join(item.value for item in app.caption))


@pytest.mark.parametrize(("view", "metrics"), TILES.items())
def test_tiles_show_what_is_asked(
    open_app: Open, version: Version, view: str, metrics: list[str]
) -> None:
    app = page(open_app(lang="en", period="all"), view)
    catalogue = version.layer.catalogue
    shown = {item.label: item.value for item in app.metric}
    assert list(shown) == [catalogue[metric].label_en for metric in metrics]
    counted = [metric for metric in metrics if catalogue[metric].unit == "count"]
    for metric in counted:
        value = version.layer.ask([metric]).value(metric)
        assert shown[catalogue[metric].label_en] == f"{value:,}"


def test_clock_of_the_sidebar_changes_the_tiles_and_stands_in_the_address(
    open_app: Open, version: Version
) -> None:
    app = page(open_app(lang="en", period="all", clock="business"), "speed")
    labels = [item.label for item in app.metric]
    assert "Median first response time, working time" in labels
    assert app.query_params["clock"] == "business"
    median = version.layer.ask(["frt_km_p50_business"]).value("frt_km_p50_business")
    assert median is not None
    app.segmented_control(key="clock").set_value("calendar")
    ran(app)
    assert "clock" not in app.query_params
    assert "Median first response time" in [item.label for item in app.metric]


@pytest.mark.parametrize("view", VIEWS)
def test_cells_lead_to_their_rows(open_app: Open, version: Version, view: str) -> None:
    app = page(open_app(lang="en", period="all"), view)
    # A cohort is a part of the period, which the dialog says anyway.
    found = [link for link in links(app) if "at=" in link and "at=from" not in link]
    assert found
    narrowed = opened(found[0], view)
    metric = re.search(r"drill=([a-z_0-9]+)", found[0])
    assert metric is not None
    assert narrowed.query_params["drill"] in (metric[1], [metric[1]])
    assert narrowed.query_params["at"]
    labels = [tab for tab in drawn(narrowed).split("<span>") if tab.startswith("Where<")]
    assert labels, "the dialog says which cell it shows"


def test_choice_of_split_and_order_comes_back_from_the_address(open_app: Open) -> None:
    app = page(open_app(lang="en", period="all"), "speed")
    app.segmented_control(key="by").set_value("team")
    ran(app)
    app.selectbox(key="order_speed").set_value("frt_p50")
    ran(app)
    params = dict(app.query_params)
    assert params["by"] in ("team", ["team"])
    assert params["order"] in ("frt_p50", ["frt_p50"])
    again = page(open_app(lang="en", period="all", by="team", order="frt_p50"), "speed")
    assert drawn(again) == drawn(app)


@pytest.mark.parametrize("view", VIEWS)
def test_period_without_data_says_where_data_is(open_app: Open, view: str) -> None:
    app = page(open_app(lang="en", period="custom", from_="2001-01-01", to="2001-01-31"), view)
    assert not app.metric
    assert "No conversations in this period" in app.info[0].value


def test_tampered_cell_reaches_no_query(open_app: Open) -> None:
    app = open_app(lang="en", drill="frt_p50", at=["customer:x", "agent:{{ 7 * 7 }}"])
    page(app, "speed")
    shown = [item.value for item in app.warning]
    assert not app.exception
    assert all("Traceback" not in text for text in shown)


def test_rows_below_the_minimum_are_grey_and_said_so(open_app: Open, version: Version) -> None:
    days = version.layer.ask(["participations"], grain="day").rows
    day = max(row["metric_time"] for row in days if row["participations"]).isoformat()
    app = page(open_app(lang="en", period="custom", from_=day, to=day), "agents")
    assert 'class="thin"' in drawn(app)
    assert any("too few to judge" in item.value for item in app.caption)


def test_money_says_that_the_increment_is_unknown(open_app: Open) -> None:
    html = drawn(page(open_app(lang="en", period="all"), "business"))
    assert "Incremental" in html
    assert "that takes an experiment" in html


def test_funnel_only_narrows(version: Version) -> None:
    from app.components.funnel import STAGES

    asked = [version.layer.ask([stage.metric]).value(stage.metric) for stage in STAGES]
    # No source of the demo tells of payment links and pages.
    values: list[Any] = [value for value in asked if value is not None]
    assert len(values) == len(STAGES) - 2
    assert values == sorted(values, reverse=True)
    assert values[0] > values[-1] > 0


def test_cohorts_know_which_windows_are_open(version: Version) -> None:
    rows = version.layer.ask(
        ["sales_conversations_started", "sales_conversations_matured_for_payment"], grain="month"
    ).rows
    newest, oldest = rows[-1], rows[0]
    # The demo ends yesterday, so nobody of the last month had 30 days.
    assert (
        newest["sales_conversations_matured_for_payment"] < (newest["sales_conversations_started"])
    )
    assert (
        oldest["sales_conversations_matured_for_payment"] == (oldest["sales_conversations_started"])
    )


def test_answer_by_team_equals_the_answer_for_each_team(version: Version) -> None:
    metrics = ["frt_km_p50", "touched_revenue", "afrt", "conversations_awaiting"]
    rows = version.layer.ask(metrics, by=["team"]).rows
    assert [row["team"] for row in rows] == sorted(row["team"] for row in rows)
    for row in rows:
        alone = version.layer.ask(metrics, where=[f"team = '{row['team']}'"]).rows[0]
        assert {metric: row[metric] for metric in metrics} == alone


def test_speed_view_names_the_same_definitions_as_the_catalogue(
    open_app: Open, version: Version
) -> None:
    html = drawn(page(open_app(lang="en", period="all"), "speed"))
    for metric in speed._DEFINITIONS:
        assert version.layer.catalogue[metric].definition_en.replace("'", "&#x27;") in html


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("view", ["funnel", "deals"])
def test_lists_are_drawn_with_sql_and_export(open_app: Open, view: str, language: str) -> None:
    app = page(open_app(lang=language, period="all"), view)
    assert not app.warning
    assert not app.error
    assert [item.value for item in app.code if "fct_" in item.value]
    assert {"ru": "Скачать CSV", "en": "Download CSV"}[language] in [
        item.label for item in app.get("download_button")
    ]
    if language == "en":
        assert not re.search("[А-Яа-я]", " ".join(item.value for item in app.caption))


@pytest.mark.parametrize("view", ["funnel", "deals"])
def test_list_without_data_says_so(open_app: Open, view: str) -> None:
    app = page(open_app(lang="en", period="custom", from_="2001-01-01", to="2001-01-31"), view)
    expected = {"funnel": "No conversations in this period", "deals": "No deals were created"}
    assert expected[view] in app.info[0].value


def test_funnel_draws_no_conclusion_before_the_windows_have_passed(open_app: Open) -> None:
    app = page(open_app(lang="en", period="7d"), "funnel")
    assert "nothing to conclude" in app.info[0].value
    assert 'class="bar"' not in drawn(app)
    next(item for item in app.button if item.label == "Show 12 months").click()
    ran(app)
    assert app.query_params["period"] in ("365d", ["365d"])
    assert 'class="bar"' in drawn(app)


def test_lost_conversations_are_chosen_by_the_address_and_lead_to_their_words(
    open_app: Open, version: Version
) -> None:
    app = page(open_app(lang="en", period="all", lost="reply"), "funnel")
    lost = [link for link in links(app) if "conversation=" in link]
    key = parse_qs(lost[0].partition("?")[2])["conversation"][0]
    row = version.read("select * from fct_conversations where conversation_key = ?", [key])[0]
    assert row["funnel_stage"] == "reply"
    app.segmented_control(key="lost").set_value("lead")
    ran(app)
    assert app.query_params["lost"] in ("lead", ["lead"])
    read = opened(lost[0], "conversations")
    assert "ot-msg customer" in drawn(read)


def test_rule_of_attribution_is_chosen_by_the_address(open_app: Open, version: Version) -> None:
    app = page(open_app(lang="en", period="all", model="linear", by="agent"), "business")
    label = version.layer.catalogue["attributed_revenue_linear"].label_en
    assert label in drawn(app)
    cells = [link for link in links(app) if "drill=attributed_revenue_linear" in link]
    assert cells
    assert all("model=linear" in link and "by=agent" in link for link in cells)
    assert "Topic unknown" in drawn(page(open_app(lang="en", period="all", by="topic"), "business"))


def test_deal_in_the_address_is_told_as_one_story(open_app: Open, version: Version) -> None:
    key = version.read(
        "select deal_key from fct_deals where company_refunded_amount > 0"
        " and deal_key in (select deal_key from fct_deal_touches)"
        " order by created_at limit 1"
    )[0]["deal_key"]
    app = page(open_app(lang="en", period="all", deal=key), "deals")
    html = drawn(app)
    order = [html.index(part) for part in ("ot-step chat", "ot-msg customer", "Deal created")]
    assert order == sorted(order)
    assert html.index("Deal created") < html.index("refund: ")
    assert app.query_params["deal"] in (key, [key])
    unknown = page(open_app(lang="en", period="all", deal="nothing"), "deals")
    assert "no such deal" in unknown.warning[0].value


def test_rows_of_a_stage_lead_to_the_way_of_their_deal(open_app: Open) -> None:
    app = page(open_app(lang="en", period="all"), "funnel")
    stage = next(link for link in links(app) if "drill=deal_stage_lost" in link)
    rows = opened(stage, "funnel")
    assert "deals linked to a chat: " in drawn(rows)
    deal = next(link for link in links(rows) if "deal=" in link)
    assert "Deal created" in drawn(opened(deal, "deals"))
