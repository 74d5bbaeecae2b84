"""Every view: figures, states, address, languages."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from app import conversations, data
from app.components import transcript
from app.components.formatting import NONE, Formatter
from app.components.row_list import PAGE_SIZE
from app.components.tile import MIN_N, TILES
from app.data import Version
from app.i18n import texts
from tests.app.conftest import MAIN, Open, drawn, page, ran


def labels(app: AppTest) -> dict[str, str]:
    return {item.label: item.value for item in app.metric}


def test_overview_shows_every_tile_with_what_it_rests_on(open_app: Open, version: Version) -> None:
    app = open_app(lang="ru", period="all")
    catalogue = version.layer.catalogue
    shown = labels(app)
    assert list(shown) == [catalogue[spec.metric].label_ru for spec in TILES]
    started = version.layer.ask(["conversations_started"]).value("conversations_started")
    assert shown["Обращения"] == f"{started:,}".replace(",", "\u00a0")
    faces = [str(item.value) for item in app.get("html") if 'class="ot-fine"' in str(item.value)]
    assert len(faces) == len(TILES)
    for spec, face in zip(TILES, faces, strict=True):
        info = catalogue[spec.metric]
        assert "опр. v1" in face
        assert "данные до" in face
        if info.denominator:
            assert "n = " in face
        if info.unit == "share":
            assert "95 % ДИ" in face
    helps = [item.proto.help for item in app.metric]
    assert helps == [catalogue[spec.metric].definition_ru for spec in TILES]


def test_share_of_few_cases_is_compared_with_nothing(open_app: Open, version: Version) -> None:
    kinds = set()
    for agent in data.filter_options(version, version.key)["agent"][:6]:
        app = open_app(lang="en", period="30d", agent=agent)
        faces = [str(item.value) for item in app.get("html") if 'class="ot-fine"' in item.value]
        for item, face in zip(app.metric, faces, strict=True):
            base = re.search(r"n = ([\d,]+) · 95% CI", face)
            if base is None:
                continue
            is_thin = int(base[1].replace(",", "")) < MIN_N
            assert (item.proto.delta_description == texts("en")("tile.few")) == is_thin
            assert not (is_thin and item.delta)
            kinds.add(is_thin)
    assert kinds == {True, False}


def test_language_switch_changes_words_and_separators_not_figures(open_app: Open) -> None:
    app = open_app(period="all")
    assert app.query_params.get("lang") is None
    russian = labels(app)
    app.segmented_control(key="lang").set_value("en")
    ran(app)
    assert app.query_params["lang"] == "en"
    english = labels(app)
    assert "Median first response time" in english
    assert (
        russian["Доля отвеченных"].replace(",", ".").replace("\u00a0", "")
        == (english["Answered rate"])
    )


def test_filter_stands_in_the_address_and_the_address_brings_it_back(
    open_app: Open, version: Version
) -> None:
    agent = data.filter_options(version, version.key)["agent"][0]
    app = open_app(period="all", lang="en")
    app.multiselect(key="agent").set_value([agent])
    ran(app)
    assert app.query_params["agent"] == agent
    again = open_app(**app.query_params)
    assert labels(again) == labels(app)
    asked = version.layer.ask(["conversations_started"], where=[f"agent = '{agent}'"])
    assert labels(again)["Conversations"] == str(asked.value("conversations_started"))


def test_tile_that_cannot_be_filtered_is_withheld(open_app: Open, version: Version) -> None:
    agent = data.filter_options(version, version.key)["agent"][0]
    app = open_app(period="all", lang="en", agent=agent)
    assert labels(app)["Net revenue"] == "—"
    assert "Cannot be split by: Agent" in drawn(app)
    assert app.button(key="rows_net_revenue").disabled


def test_rows_open_from_the_address_with_sql(open_app: Open, version: Version) -> None:
    app = open_app(period="all", lang="en", drill="frt_p50")
    sql = [item.value for item in app.code]
    assert sum("first_response_calendar_seconds" in text for text in sql) >= 2
    rows = version.layer.drill("frt_p50").rows
    slowest = max(rows, key=lambda row: row["value"])
    assert f"conversation={slowest['conversation']}" in drawn(app)
    assert app.query_params["drill"] == "frt_p50"


def test_unknown_values_of_the_address_reach_no_query(open_app: Open) -> None:
    app = open_app(lang="en", agent="{{ 7 * 7 }}", period="never", drill="no_metric")
    assert app.query_params == {"lang": "en"}
    assert labels(app)["Conversations"] != "—"


def test_period_without_data_says_where_data_is(open_app: Open) -> None:
    app = open_app(lang="en", period="custom", from_="2001-01-01", to="2001-01-31")
    assert not app.metric
    assert "No conversations in this period" in app.info[0].value
    assert app.query_params["from"] == "2001-01-01"


def test_list_holds_what_the_period_holds(open_app: Open, version: Version) -> None:
    app = page(open_app(lang="en", period="all"), "conversations")
    total = version.layer.ask(["conversations"]).value("conversations")
    excluded = version.layer.ask(["conversations_excluded"]).value("conversations_excluded")
    assert f"Found: {total + excluded:,}" in [item.value for item in app.caption]
    assert len(app.dataframe[0].value) == PAGE_SIZE
    app.selectbox(key="sort").set_value("slowest")
    ran(app)
    waits = [value for value in app.dataframe[0].value["frt_minutes"] if value == value]
    assert waits == sorted(waits, reverse=True)


def test_conversation_shows_both_moments_and_both_clocks(open_app: Open, version: Version) -> None:
    row = version.read(
        "select * from fct_conversations where is_answered"
        " and first_response_calendar_seconds <> first_response_business_seconds"
        " order by conversation_key limit 1"
    )[0]
    app = page(open_app(lang="en", conversation=row["conversation_key"]), "conversations")
    html = drawn(app)
    zone = data.about(version, version.key).zone
    for moment in (row["waiting_since_at"], row["first_response_at"]):
        assert f"{moment.astimezone(zone):%H:%M:%S}" in html
    assert "Customer waits since" in html
    assert "First response" in html
    assert html.count('class="ot-msg') == row["message_count"]
    assert app.query_params["conversation"] == row["conversation_key"]
    assert "By the calendar" in html
    assert "In working time" in html


def test_message_text_is_escaped() -> None:
    screen: Any = SimpleNamespace(texts=texts("en"), formatter=Formatter(texts("en")))
    message = {
        "author_type": "customer",
        "content_type": "text",
        "text_masked": "<script>alert('x')</script>",
        "sent_at": datetime(2026, 1, 1, 12, tzinfo=UTC),
        "agent_name": None,
        "is_public": True,
        **dict.fromkeys(("is_template", "is_courtesy", "edited_at", "deleted_at")),
    }
    bubble = transcript.bubble(screen, message, None, None)
    assert "<script>" not in bubble
    assert "&lt;script&gt;alert(&#x27;x&#x27;)" in bubble


def test_unknown_conversation_is_said(open_app: Open) -> None:
    app = page(open_app(lang="en", conversation="nothing"), "conversations")
    assert "no such conversation" in app.warning[0].value


def test_data_health_shows_version_sources_and_checks(open_app: Open, version: Version) -> None:
    html = drawn(page(open_app(lang="en"), "data_health"))
    about = data.about(version, version.key)
    assert about.version in html
    for row in data.freshness(version, version.key):
        assert row["source_slug"] in html
    for row in version.read("select source_slug, count(*) as deals from fct_deals group by all"):
        assert f">{row['source_slug']}</td>" in html
        assert f">{row['deals']:,}</td>" in html
    failed_first = [row["status"] for row in data.checks(version, version.key)]
    assert failed_first == sorted(failed_first, key=("fail", "warn", "pass").index)


def test_passed_checks_are_counted_by_table(open_app: Open, version: Version) -> None:
    """The demo passes all of them: no list of names, but how many each table passed."""
    app = page(open_app(lang="en"), "data_health")
    rows = data.checks(version, version.key)
    assert f"All {len(rows)} checks passed." in [item.value for item in app.success]
    table = drawn(app).split("<tbody>")[-1]
    counts = re.findall(r"<td class=\"num\">([\d,]+)</td>", table)
    assert sum(int(count) for count in counts) == len(rows)
    assert table.count("fct_conversations</td>") == 2  # by dbt and by Great Expectations


@pytest.mark.parametrize("view", ["overview", "speed", "business", "data_health", "bring_data"])
@pytest.mark.parametrize("language", ["ru", "en"])
def test_empty_home_says_how_to_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, view: str, language: str
) -> None:
    monkeypatch.setenv("OTVET_HOME", str(tmp_path))
    app = AppTest.from_file(str(MAIN), default_timeout=60)
    app.query_params["lang"] = language
    ran(app)
    page(app, view)
    commands = [item.value for item in app.code]
    assert commands[0] == "make demo"
    # One way in per kind of export, each with the folder that this app reads.
    imports = [command for command in commands if "otvet import" in command]
    assert len(imports) == 3
    assert all(command.startswith(f"export OTVET_HOME={tmp_path}\n") for command in imports)
    assert "--mapping generic_deals" in imports[2]
    [crm] = [command for command in commands if "otvet doctor" in command]
    assert crm.startswith(f"export OTVET_HOME={tmp_path}\n")
    assert not app.metric


def test_new_publication_is_seen_without_a_restart(
    demo_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Caches are keyed by the real path: the same session sees the version that became current."""
    source = (demo_home / "published" / "current").resolve()
    published = tmp_path / "published"
    for name in ("20260101T000000000000Z", "20260102T000000000000Z"):
        folder = published / "v" / name
        folder.mkdir(parents=True)
        for file in ("analytics.duckdb", "semantic_manifest.json"):
            (folder / file).symlink_to(source / file)
    monkeypatch.setenv("OTVET_HOME", str(tmp_path))
    seen = []
    for name in ("20260101T000000000000Z", "20260102T000000000000Z"):
        link = published / "current"
        link.unlink(missing_ok=True)
        link.symlink_to(Path("v") / name)
        seen.append(data.current_version().publication.version)
    assert seen == ["20260101T000000000000Z", "20260102T000000000000Z"]


def test_publication_row_names_the_home(demo_home: Path, version: Version) -> None:
    row = version.read("select freshness from meta_publication")[0]
    assert set(json.loads(row["freshness"])) == {
        item["source_slug"] for item in data.freshness(version, version.key)
    }


@pytest.mark.parametrize("lang", ["ru", "en"])
def test_data_health_shows_figures_under_other_gaps(
    open_app: Open, version: Version, lang: str
) -> None:
    app = page(open_app(lang=lang), "data_health")
    formatter = Formatter(texts(lang))
    rows = version.read("select * from kpi_gap_sensitivity order by gap_hours")
    assert [row["gap_hours"] for row in rows] == [4, 12, 24, 72]
    shown = drawn(app)
    for row in rows:
        for text in (
            formatter.duration(row["gap_hours"] * 3600),
            formatter.number(row["conversations_started"]),
            formatter.share(row["first_responses"] / row["conversations_awaiting"]),
            formatter.duration(row["first_response_seconds_p50"]),
        ):
            assert f">{text}<" in shown


@pytest.mark.parametrize("lang", ["ru", "en"])
def test_data_health_tells_who_was_joined_and_who_was_not(
    open_app: Open, version: Version, lang: str
) -> None:
    shown, words = drawn(page(open_app(lang=lang), "data_health")), texts(lang)
    links = data.identity_links(version)
    decisions = {row["decision"] for row in links}
    # The emulated company has families with one phone, and people with two messengers.
    assert decisions >= {"joined", "several_cards"}
    for decision in decisions:
        rows = [row for row in links if row["decision"] == decision]
        points = {(row["point_type"], row["point_id"]) for row in rows}
        parties = {row["party_id"] for row in rows}
        persons = {row["person_key"] for row in rows} if decision == "joined" else set()
        row = shown.split(f">{words.code('identity_decision', decision)}<")[1].split("</tr>")[0]
        assert re.findall(r">([^<>]+)</td>", row) == [
            Formatter(words).number(len(points)),
            Formatter(words).number(len(parties)),
            Formatter(words).number(len(persons)) if persons else NONE,
        ]
    joined = {row["person_key"] for row in links if row["decision"] == "joined"}
    customers = version.read("select customer_key, identity_count from dim_customers")
    assert {row["customer_key"] for row in customers if row["identity_count"] > 1} <= joined


@pytest.mark.parametrize("sort", conversations.SORTS)
@pytest.mark.parametrize(
    "names", [(), ("source",), ("channel_type", "team"), ("channel", "agent")], ids="-".join
)
def test_list_is_that_of_one_joined_table(
    version: Version, names: tuple[str, ...], sort: conversations.Sort
) -> None:
    columns = {
        "source": "ch.source_slug", "channel_type": "ch.channel_type",
        "channel": "ch.channel_name", "team": "t.team_name", "agent": "a.agent_name",
    }  # fmt: skip
    known, options = (
        data.known_days(version, version.key),
        data.filter_options(version, version.key),
    )
    filters = {name: tuple(options[name][:2]) for name in names}
    conditions = "".join(
        f" and {columns[name]} in ({', '.join(repr(value) for value in values)})"
        for name, values in filters.items()
    )
    joined = version.read(
        "select c.conversation_key, ch.channel_name, t.team_name, a.agent_name, cu.customer_label"
        " from fct_conversations as c left join dim_channels as ch using (channel_key)"
        " left join dim_teams as t on c.team_key = t.team_key"
        " left join dim_agents as a on c.first_response_agent_key = a.agent_key"
        " left join dim_customers as cu on c.customer_key = cu.customer_key"
        f" where c.is_answered{conditions} order by {conversations._ORDERS[sort]}"
    )
    question = conversations.Question(known, filters, (), sort)
    answered = [row for row in conversations.listing(version, question, limit=None)[0]
                if row["is_answered"]]  # fmt: skip
    assert [{name: row[name] for name in joined[0]} for row in answered] == joined
    assert conversations.count(version, question) >= len(joined)
    pages = [
        row["conversation_key"]
        for number in range(3)
        for row in conversations.listing(version, question, limit=7, offset=7 * number)[0]
    ]
    every = conversations.listing(version, question, limit=None)[0]
    assert pages == [row["conversation_key"] for row in every][:21]
