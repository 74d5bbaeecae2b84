"""Funnel, attribution, cohorts, deals: what is shown is what the tables hold, counted plainly."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from app import conversations, data, deals
from app.components import cohort_table, deal_stages, funnel
from app.components.formatting import Formatter
from app.components.journey import moments
from app.data import Version
from app.i18n import texts
from app.metrics import Figures
from app.views import business
from tests.app.test_figures import question

FILTERS: dict[str, tuple[str, ...]] = {"none": (), "channel_and_agent": ("channel", "agent")}


@pytest.mark.parametrize("names", FILTERS.values(), ids=FILTERS.keys())
def test_lists_of_the_lost_are_the_steps_of_the_funnel(
    version: Version, names: tuple[str, ...]
) -> None:
    asked = question(version, names)
    options = data.filter_options(version, version.key)
    filters = {name: (options[name][0],) for name in names}
    values = Figures(version).values(funnel.METRICS, asked)
    lost_after = {
        funnel.STAGES[stage.before].name: values[funnel.STAGES[stage.before].metric]
        - values[stage.metric]
        for stage in funnel.STAGES
        if stage.before is not None and not stage.name.startswith("payment")
    }
    assert lost_after.keys() == funnel.LOST.keys()
    seen: set[str] = set()
    for stage, lost in lost_after.items():
        listed = conversations.Question(asked.period, filters, lost_at=funnel.LOST[stage])
        rows, _ = conversations.listing(version, listed, limit=None)
        assert conversations.count(version, listed) == len(rows) == lost, stage
        assert {row["funnel_stage"] for row in rows} <= set(funnel.LOST[stage])
        keys = {row["conversation_key"] for row in rows}
        assert not keys & seen, "each conversation is lost once"
        seen |= keys
    everything = int(values[funnel.STAGES[0].metric])
    assert len(seen) + int(values["funnel_repeat_purchase"]) == everything > 0


def test_lost_conversations_are_what_the_list_says(version: Version) -> None:
    """Judged by the messages and the payments themselves."""
    asked = question(version, ())
    said: dict[str, list[tuple[datetime, str]]] = {}
    for row in version.read(
        "select conversation_key, sent_at, author_type, is_public, is_template from fct_messages"
        " order by sent_at, message_seq"
    ):
        if row["is_public"] and not row["is_template"]:
            found = said.setdefault(row["conversation_key"], [])
            found.append((row["sent_at"], row["author_type"]))
    touches = Counter(
        row["conversation_key"]
        for row in version.read("select conversation_key from fct_deal_touches")
    )

    def keys(stage: str) -> set[str]:
        listed = conversations.Question(asked.period, {}, lost_at=funnel.LOST[stage])
        return {
            row["conversation_key"] for row in conversations.listing(version, listed, limit=None)[0]
        }

    for key in keys("reply"):
        authors = [author for _, author in said[key]]
        assert "agent" in authors
        assert "customer" not in authors[authors.index("agent") :] or authors[0] == "agent"
        assert not touches[key]
    assert not any(touches[key] for key in keys("reaction"))
    assert all(touches[key] for key in keys("lead") | keys("purchase"))


@pytest.mark.parametrize("by", business.BY)
def test_every_rule_shares_the_same_money_by_any_dimension(version: Version, by: str) -> None:
    figures, asked = Figures(version), question(version, ())
    metrics = list(business.MODELS.values())
    totals = figures.values(metrics, asked)
    assert len({round(float(value), 2) for value in totals.values()}) == 1
    rows = figures.split(metrics, asked, [by])
    for metric in metrics:
        shared = sum(float(row[metric] or 0) for row in rows)
        assert shared == pytest.approx(float(totals[metric]), abs=0.005), metric


def test_rules_give_conversations_what_the_table_of_credits_says(version: Version) -> None:
    expected = {
        row["attribution_model"]: float(row["money"])
        for row in version.read(
            "select attribution_model, sum(c.company_attributed_amount) as money"
            " from fct_attribution as c inner join fct_conversations using (conversation_key)"
            " inner join dim_channels using (channel_key)"
            " where channel_name = (select min(channel_name) from dim_channels) group by 1"
        )
    }
    asked = question(version, ("channel",))
    values = Figures(version).values(list(business.MODELS.values()), asked)
    for model, metric in business.MODELS.items():
        assert float(values[metric] or 0) == pytest.approx(expected.get(model, 0)), model


def test_stages_of_deals_are_those_of_their_history(version: Version) -> None:
    by = list(deal_stages.BY)
    rows = Figures(version).split(deal_stages.METRICS, question(version, ()), by)
    shown = {
        tuple(row[name] for name in by): [row[metric] for metric in deal_stages.METRICS[:4]]
        for row in rows
        if row["deal_stage"] is not None
    }
    history: dict[str, list[dict[str, Any]]] = {}
    for row in version.read("select * from fct_deal_events order by deal_key, event_number"):
        if row["enters_stage"]:
            history.setdefault(row["deal_key"], []).append(row)
    expected: dict[tuple[Any, ...], list[int]] = {}
    for events in history.values():
        last = {(event["to_pipeline"], event["to_stage"]): n for n, event in enumerate(events)}
        for stage, number in last.items():
            after = events[number + 1] if number + 1 < len(events) else None
            lost = after is not None and after["to_status"] == "lost"
            fate = 3 if after is None else 2 if lost else 1
            counts = expected.setdefault(stage, [0, 0, 0, 0])
            counts[0] += 1
            counts[fate] += 1
    assert shown == expected
    assert sum(counts[2] for counts in expected.values()) > 0


def test_stages_stand_in_the_order_of_the_crm_else_of_time() -> None:
    def stage(name: str, reach: float, **more: Any) -> dict[str, Any]:
        row = {"deal_pipeline": "p", "deal_stage": name, "deal_stage_reach_p50": reach}
        row |= {"deal_stage_status": "open", "deal_stage_order": None, "deal_stage_entries": 10}
        return row | more

    by_time = [stage("lost", 5, deal_stage_status="lost"), stage("b", 20), stage("a", 9)]
    by_time += [stage("won", 1, deal_stage_status="won"), stage("odd", 25)]
    # In a pipeline of many deals the odd one comes early.
    known = [*by_time, stage("odd", 2, deal_stage_entries=1000, deal_pipeline="q")]
    found = [row["deal_stage"] for row in deal_stages.ordered(by_time, known)]
    assert found == ["odd", "a", "b", "won", "lost"]
    by_crm = [stage("x", 1, deal_stage_order=2), stage("y", 9)]
    elsewhere = [*by_crm, stage("y", 9, deal_stage_order=1, deal_pipeline="q")]
    assert [row["deal_stage"] for row in deal_stages.ordered(by_crm, elsewhere)] == ["y", "x"]
    assert [row["deal_stage"] for row in deal_stages.ordered(by_crm, by_crm)] == ["x", "y"]


@pytest.mark.parametrize("grain", ["week", "month"])
def test_cohorts_hold_everybody_once_and_say_which_are_early(version: Version, grain: Any) -> None:
    figures, asked = Figures(version), question(version, ())
    rows = figures.split(cohort_table.METRICS, asked, [], grain)
    values = figures.values(cohort_table.METRICS, asked)
    for metric in (cohort_table.STARTED, cohort_table.REVENUE):
        total = sum(float(row[metric] or 0) for row in rows)
        assert total == pytest.approx(float(values[metric]))
    about = data.about(version, version.key)
    latest = {
        row["cohort"]: row["latest"]
        for row in version.read(
            f"select cast(date_trunc('{grain}', started_local_date) as date) as cohort,"
            " max(started_at) as latest from fct_conversations where initiated_by = 'customer'"
            " and not is_spam and intent <> 'service' group by 1"
        )
    }
    found: Counter[bool] = Counter()
    for row in (row for row in rows if row[cohort_table.STARTED]):
        for conversion in cohort_table.CONVERSIONS:
            ends = latest[row["metric_time"]] + timedelta(days=conversion.days)
            is_ripe = ends <= about.as_of
            assert cohort_table.is_whole(row, conversion) == is_ripe, (row, conversion)
            found[is_ripe] += 1
    assert found[True] > 0
    assert found[False] > 0


def test_list_of_deals_is_the_metric_and_its_money(version: Version) -> None:
    asked = question(version, ())
    listed = deals.Question(asked.period, {})
    metrics = ["deals_created", "deals_won", "deals_lost"]
    values = Figures(version).values(metrics, asked)
    assert deals.count(version, listed) == values["deals_created"] > 0
    for state, metric in (("won", "deals_won"), ("lost", "deals_lost")):
        chosen = deals.Question(asked.period, {}, (state,))
        assert deals.count(version, chosen) == values[metric]
    both = deals.Question(asked.period, {}, ("won", "lost"), "largest")
    rows, sql = deals.listing(version, both, limit=1000)
    assert len(rows) == values["deals_won"] + values["deals_lost"]
    assert "fct_deals" in sql
    assert "?" not in sql


def test_list_of_deals_of_a_channel_is_what_its_conversations_touched(version: Version) -> None:
    asked = question(version, ("channel",))
    channel = data.filter_options(version, version.key)["channel"][0]
    listed = deals.Question(None, {"channel": (channel,)})
    rows, _ = deals.listing(version, listed, limit=1000)
    touched = Figures(version).rows("touched_deals", asked).rows
    assert {row["deal_key"] for row in rows} == {row["deal"] for row in touched}
    assert len(rows) == deals.count(version, listed) > 0


def test_journey_of_a_deal_holds_all_of_it_in_order(version: Version) -> None:
    chosen = deals.Question(None, {}, ("won", "chat"), "largest")
    rows, _ = deals.listing(version, chosen, limit=5)
    refunded = version.read("select deal_key from fct_deals where company_refunded_amount > 0")
    keys = [*(row["deal_key"] for row in rows), *(row["deal_key"] for row in refunded[:2])]
    about = data.about(version, version.key)
    formatter = Formatter(texts("en"), about.currency, about.zone)

    class Stub:
        texts = formatter.texts
        about = data.about(version, version.key)

        def params(self, **more: Any) -> dict[str, Any]:
            return more

    screen: Any = Stub()
    screen.formatter = formatter
    for key in keys:
        deal, read = deals.one(version, key), deals.journey(version, key)
        assert deal is not None
        paid = sum(row["company_signed_amount"] or 0 for row in read.payments)
        assert paid == (deal["company_net_amount"] or 0)
        assert read.events[0]["event_type"] == "created"
        stages = [row["to_stage"] for row in read.events if row["enters_stage"]]
        assert stages[-1] == deal["stage"]
        linked = {
            row["conversation_key"]
            for row in version.read(
                "select conversation_key from fct_deal_touches where deal_key = ?", [key]
            )
        }
        assert linked <= {row["conversation_key"] for row in read.conversations}
        assert sum(row["message_count"] for row in read.conversations) <= len(read.messages)
        drawn = sorted(moments(screen, read))
        parts = (read.events, read.payments, read.conversations, read.messages)
        assert len(drawn) == sum(map(len, parts))
        assert [moment.at for moment in drawn] == sorted(moment.at for moment in drawn)
