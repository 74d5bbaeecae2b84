"""Every real set gives the figures that independent code computed from the raw files."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from pipelines.publishing import current_publication
from pipelines.semantics import SemanticLayer
from tests.e2e.conftest import EXPORTS, FORUMS


@pytest.fixture(scope="module")
def layer(real_home: Path) -> Iterator[SemanticLayer]:
    semantic_layer = SemanticLayer(current_publication(real_home / "published"))
    yield semantic_layer
    semantic_layer.close()


def reference(shared_data: Path, name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(
        (shared_data / "reference" / f"{name}.json").read_text(encoding="utf-8")
    )
    return content


def messages_of_exports(shared_data: Path) -> dict[str, int]:
    """Messages of each small export by name of its source, as independent code counted them."""
    telegram = {
        f"tg_{Path(file).stem.lower()}": sum(chat["messages"] for chat in chats)
        for file, chats in reference(shared_data, "telegram_exports").items()
    }
    whatsapp = {
        f"wa_{Path(file).stem.lower()}": figures["author_lines"]
        for file, figures in reference(shared_data, "whatsapp_exports").items()
    }
    return telegram | whatsapp


def ask(layer: SemanticLayer, source: str, *metrics: str, **options: Any) -> dict[str, Any]:
    where = [f"source_slug = {source}", *options.pop("where", [])]
    rows = layer.ask(metrics, where=where, **options).rows
    assert len(rows) == 1
    return rows[0]


def assert_response_times(found: dict[str, Any], expected: dict[str, Any]) -> None:
    """Counts, unanswered and percentiles exact; the mean to the reference's three decimals."""
    frt = expected["frt_seconds"]
    assert found["first_responses"] == frt["n"]
    assert found["frt_p50"] == pytest.approx(frt["median"], abs=1e-6)
    assert found["frt_p90"] == pytest.approx(frt["p90"], abs=0.051)
    assert found["afrt"] == pytest.approx(frt["mean"], abs=0.0006)


RESPONSE = ("first_responses", "frt_p50", "frt_p90", "afrt")


@pytest.mark.parametrize("name", FORUMS)
def test_forum_overall_equals_reference(layer: SemanticLayer, shared_data: Path, name: str) -> None:
    expected = reference(shared_data, name)
    found = ask(
        layer, name, "conversations_started", "unanswered", "answered_rate", "messages_total",
        "messages_in", "messages_out", "active_customers", *RESPONSE,
    )  # fmt: skip
    assert found["conversations_started"] == expected["overall"]["conversations"]
    assert found["unanswered"] == expected["overall"]["unanswered"]
    assert found["answered_rate"] == pytest.approx(expected["overall"]["answered_share"], abs=1e-6)
    assert found["messages_total"] == expected["messages"]["total"]
    assert found["messages_in"] == expected["messages"]["inbound"]
    assert found["messages_out"] == expected["messages"]["outbound"]
    assert found["active_customers"] == expected["contacts"]
    assert_response_times(found, expected["overall"])


@pytest.mark.parametrize("name", FORUMS)
def test_forum_by_month_equals_reference(
    layer: SemanticLayer, shared_data: Path, name: str
) -> None:
    expected = reference(shared_data, name)["by_month"]
    rows = layer.ask(
        ["conversations_started", "unanswered", *RESPONSE],
        where=[f"source_slug = {name}"],
        grain="month",
    ).rows
    found = {row["metric_time"].strftime("%Y-%m"): row for row in rows}
    assert set(found) == set(expected)
    for month, figures in expected.items():
        assert found[month]["conversations_started"] == figures["conversations"], month
        assert found[month]["unanswered"] == figures["unanswered"], month
        assert_response_times(found[month], figures)


@pytest.mark.parametrize("name", FORUMS)
def test_forum_by_locale_equals_reference(
    layer: SemanticLayer, shared_data: Path, name: str
) -> None:
    expected = reference(shared_data, name)["by_locale"]
    rows = layer.ask(
        ["conversations_started", "unanswered", "frt_p50"],
        by=["locale"],
        where=[f"source_slug = {name}"],
    ).rows
    found = {row["locale"]: row for row in rows}
    for locale, figures in expected.items():
        assert found[locale]["conversations_started"] == figures["conversations"], locale
        assert found[locale]["unanswered"] == figures["unanswered"], locale
        assert found[locale]["frt_p50"] == figures["frt_seconds"].get("median"), locale


@pytest.mark.parametrize("name", FORUMS)
def test_forum_agents_equal_reference(layer: SemanticLayer, shared_data: Path, name: str) -> None:
    expected = reference(shared_data, name)["agents_top20_by_messages"]
    where = [f"source_slug = {name}"]
    messages = {r["agent"]: r for r in layer.ask(["messages_out"], by=["agent"], where=where).rows}
    responses = {
        r["agent"]: r
        for r in layer.ask(["first_responses", "frt_p50"], by=["agent"], where=where).rows
    }
    for agent, figures in expected.items():
        assert messages[agent]["messages_out"] == figures["messages"], agent
        assert responses[agent]["first_responses"] == figures["first_responses"], agent
        assert responses[agent]["frt_p50"] == figures["median_frt_seconds"], agent


def test_forum_share_answered_within_hours_equals_reference(
    layer: SemanticLayer, shared_data: Path
) -> None:
    expected = reference(shared_data, FORUMS[0])["overall"]
    total = expected["conversations"]
    for hours, share in expected["within"].items():
        rows = layer.drill("afrt", where=[f"source_slug = {FORUMS[0]}"]).rows
        within = sum(1 for row in rows if row["value"] <= int(hours) * 3600)
        assert within / total == pytest.approx(share, abs=1e-6)


def test_transcoded_telegram_equals_reference_and_the_forum(
    layer: SemanticLayer, shared_data: Path
) -> None:
    expected = reference(shared_data, "telegram_transcoded_support")["2024-06_result.json"]
    found = ask(
        layer, "telegram_transcoded_support", "conversations_started", "unanswered",
        "messages_total", "messages_in", "messages_out", "active_customers", *RESPONSE,
    )  # fmt: skip
    assert found["conversations_started"] == expected["conversations"]
    assert found["unanswered"] == expected["unanswered"]
    assert found["messages_total"] == expected["messages"]
    assert found["messages_in"] == expected["inbound"]
    assert found["messages_out"] == expected["outbound"]
    assert found["active_customers"] == expected["contacts"]
    assert_response_times(found, expected)
    # The same month through the other road.
    forum = ask(
        layer, FORUMS[0], "conversations_started", "unanswered", *RESPONSE,
        start=date(2024, 6, 1), end=date(2024, 6, 30),
    )  # fmt: skip
    assert {name: found[name] for name in forum} == pytest.approx(forum)


def test_twitter_equals_reference(layer: SemanticLayer, shared_data: Path) -> None:
    expected = reference(shared_data, "ibm_twitter_care")
    found = ask(
        layer, "ibm_twitter_care", "conversations_started", "messages_in", "messages_out",
        "messages_total", "unanswered", *RESPONSE,
    )  # fmt: skip
    assert found["conversations_started"] == expected["overall"]["conversations"]
    assert found["messages_in"] == expected["messages"]["client"]
    assert found["messages_out"] == expected["messages"]["agent"]
    assert found["messages_total"] == expected["overall"]["messages"]
    assert found["unanswered"] == 0
    assert_response_times(found, expected["overall"])


def test_slack_equals_reference(layer: SemanticLayer, shared_data: Path) -> None:
    expected = reference(shared_data, "slack_dev_qa")
    for file, year in (("racket-general-2017.xml.gz", 2017), ("racket-general-2018.xml.gz", 2018)):
        rows = layer.drill("conversations_started", where=["source_slug = slack_dev_qa"]).rows
        assert len(rows) == sum(item["conversations"] for item in expected.values())
        assert expected[file]["conversations"] > 0, year
    found = ask(layer, "slack_dev_qa", "messages_total", "unanswered", "first_responses")
    assert found["messages_total"] == sum(item["messages"] for item in expected.values())
    alone = sum(item["conversations_with_one_author"] for item in expected.values())
    assert found["unanswered"] == alone
    assert found["first_responses"] == sum(
        item["first_reply_by_other_seconds"]["n"] for item in expected.values()
    )


def test_school_crm_equals_reference(layer: SemanticLayer, shared_data: Path) -> None:
    expected = reference(shared_data, "crm_it_school")
    name = "crm_it_school"
    found = ask(
        layer, name, "deals_created", "deals_won", "deals_lost", "deals_open", "deal_win_share",
        "won_amount", "won_paid_amount", "deal_first_contact", "deal_first_contact_p50",
    )  # fmt: skip
    overall = expected["overall"]
    assert found["deals_created"] == overall["deals"]
    assert found["deals_won"] == overall["won"]
    assert found["deals_lost"] == overall["lost"]
    assert found["deals_open"] == overall["open"]
    assert found["deal_win_share"] == pytest.approx(overall["win_share_of_all"], abs=1e-5)
    assert found["won_amount"] == pytest.approx(overall["won_offer_total"])
    assert found["won_paid_amount"] == pytest.approx(overall["won_initial_paid"])
    assert found["deal_first_contact"] == pytest.approx(overall["sla_seconds"]["mean"], abs=0.001)
    assert found["deal_first_contact_p50"] == overall["sla_seconds"]["median"]
    sources = {
        row["lead_source"]: row
        for row in layer.ask(
            ["deals_created", "deals_won", "deals_lost", "won_amount"],
            by=["lead_source"],
            where=[f"source_slug = {name}"],
        ).rows
    }
    for source, figures in expected["by_source"].items():
        assert sources[source]["deals_created"] == figures["deals"], source
        assert sources[source]["deals_won"] == figures["won"], source
        assert sources[source]["won_amount"] == pytest.approx(figures["won_offer_total"]), source
    assert ask(layer, name, "spend")["spend"] == pytest.approx(expected["spend"]["total"])
    spend = {
        row["lead_source"]: row["spend"]
        for row in layer.ask(["spend"], by=["lead_source"], where=[f"source_slug = {name}"]).rows
    }
    for source, figures in expected["spend"]["by_source"].items():
        assert spend[source] == pytest.approx(figures["spend"]), source


def test_sales_pipeline_equals_reference(layer: SemanticLayer, shared_data: Path) -> None:
    expected = reference(shared_data, "maven_crm_sales")
    found = ask(
        layer, "maven_crm_sales", "deals_created", "deals_won", "deals_lost", "deals_open",
        "deal_win_rate", "won_amount",
    )  # fmt: skip
    overall = expected["overall"]
    assert found["deals_created"] == overall["deals"]
    assert found["deals_won"] == overall["won"]
    assert found["deals_lost"] == overall["lost"]
    assert found["deals_open"] == overall["open"]
    assert found["deal_win_rate"] == pytest.approx(overall["win_rate_of_closed"], abs=1e-6)
    assert found["won_amount"] == pytest.approx(overall["won_value"])
    owners = {
        row["owner_name"]: row
        for row in layer.ask(
            ["deals_created", "deals_won", "won_amount"],
            by=["owner_name"],
            where=["source_slug = maven_crm_sales"],
        ).rows
    }
    for owner, figures in expected["by_agent"].items():
        assert owners[owner]["deals_created"] == figures["deals"], owner
        assert owners[owner]["won_amount"] == pytest.approx(figures["won_value"]), owner


@pytest.mark.parametrize("name", EXPORTS)
def test_small_exports_keep_every_message(
    layer: SemanticLayer, shared_data: Path, name: str
) -> None:
    found = ask(layer, name, "messages_total")
    assert found["messages_total"] == messages_of_exports(shared_data)[name]
