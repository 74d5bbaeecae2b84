"""The real data sets against the figures that came with them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import pytest
from tabular_support import Read, Reader

SetReader = Callable[[str], Read]
Reference = Callable[[str], dict[str, Any]]


def asker_figures(read: Read) -> dict[str, Any]:
    """Count by the rule "anyone but the asker": who wrote the first message of a thread asks."""
    messages = read.tables["messages"]  # noqa: F841 - DuckDB finds it by name
    [row] = duckdb.sql(
        """
        with ordered as (
            select
                *, first_value(author_source_id) over thread as asker,
                first_value(sent_at) over thread as asked_at
            from messages
            window thread as (
                partition by thread_id order by sent_at, message_seq, message_id
                rows between unbounded preceding and unbounded following
            )
        ),
        waits as (
            select thread_id, min(epoch_us(sent_at) - epoch_us(asked_at)) / 1e6 as seconds
            from ordered where author_source_id <> asker group by thread_id
        )
        select
            count(*), count(distinct thread_id), count(*) filter (author_source_id = asker),
            (select count(*) from waits), (select median(seconds) from waits),
            (select avg(seconds) from waits)
        from ordered
        """
    ).fetchall()
    names = ("messages", "threads", "inbound", "answered", "median", "mean")
    return dict(zip(names, row, strict=True))


@pytest.mark.parametrize("name", ["mozilla_thunderbird_support", "mozilla_firefox_support"])
def test_forum_has_the_messages_threads_and_first_replies_of_the_reference(
    read_set: SetReader, reference: Reference, name: str
) -> None:
    expected, read = reference(name), read_set(name)
    figures = asker_figures(read)
    assert figures["messages"] == expected["messages"]["total"] == read.summary.messages
    assert figures["threads"] == expected["overall"]["conversations"] == read.summary.chats
    assert figures["inbound"] == expected["messages"]["inbound"]
    assert figures["answered"] == expected["overall"]["answered"]
    assert figures["median"] == expected["overall"]["frt_seconds"]["median"]
    assert figures["mean"] == pytest.approx(expected["overall"]["frt_seconds"]["mean"], abs=0.01)
    assert read.summary.rejected == 0
    assert read.summary.first_at.isoformat() == expected["first_created_utc"]  # type: ignore[union-attr]
    conversations = read.rows("conversations")
    assert {row["thread_id"] for row in conversations} == set(
        read.tables["messages"].column("thread_id").to_pylist()
    )
    locales = Counter(row["locale"] for row in conversations)
    for locale, figure in expected["by_locale"].items():
        assert locales[locale] == figure["conversations"]


def test_forum_keeps_months_of_the_questions_and_state_where_the_schema_has_it(
    read_set: SetReader, reference: Reference
) -> None:
    read = read_set("mozilla_thunderbird_support")
    messages = read.tables["messages"]
    asked = [row for row in messages.to_pylist() if row["message_id"].startswith("q")]
    months = Counter(row["sent_at"].strftime("%Y-%m") for row in asked)
    by_month = reference("mozilla_thunderbird_support")["by_month"]
    assert months == {month: figure["conversations"] for month, figure in by_month.items()}
    solved = Counter(row["is_solved"] for row in read.rows("conversations"))
    assert solved == {None: 12976, False: 12737, True: 1881}
    assert {row["author_type"] for row in asked} == {None}
    assert {row["message_seq"] for row in asked} == {0}


def test_forum_text_is_plain_and_measured_before_masking(read_set: SetReader) -> None:
    texts = read_set("mozilla_firefox_support").rows("messages")
    question = next(row for row in texts if row["message_id"] == "q1271898")
    assert question["text"] == (
        "I just wish to stay on what I have been on for many years and have been content with it, "
        "please.\n\nPlease just allow me to stay on what I have been using for many years. "
        "Neil Maxwell."
    )
    assert question["text_length"] == len(question["text"])
    # A tag that a user wrote about stays; those of the forum itself are gone.
    assert not [row for row in texts if (row["text"] or "").endswith("</p>")]


def test_twitter_care_has_the_messages_and_first_replies_of_the_reference(
    read_set: SetReader, reference: Reference
) -> None:
    expected, read = reference("ibm_twitter_care"), read_set("ibm_twitter_care")
    messages = read.rows("messages")
    types = Counter(row["author_type"] for row in messages)
    assert types == {
        "customer": expected["messages"]["client"],
        "agent": expected["messages"]["agent"],
    }
    customers = {r["author_source_id"] for r in messages if r["author_type"] == "customer"}
    assert len(customers) == expected["customers"]
    threads: dict[str, dict[str, list[Any]]] = defaultdict(lambda: defaultdict(list))
    companies: dict[str, set[str]] = defaultdict(set)
    for row in messages:
        threads[row["thread_id"]][row["author_type"]].append(row["sent_at"])
        companies[row["channel_account_id"]].add(row["thread_id"])
    waits = [
        (min(times["agent"]) - min(times["customer"])).total_seconds() for times in threads.values()
    ]
    assert len(waits) == expected["overall"]["frt_seconds"]["n"]
    assert median(waits) == expected["overall"]["frt_seconds"]["median"]
    by_company = {name: f["conversations"] for name, f in expected["by_company"].items()}
    assert {name: len(ids) for name, ids in companies.items()} == by_company
    assert read.summary.rejected == 0


def test_slack_has_the_conversations_of_both_years_apart(
    shared_data: Path, reference: Reference, read: Reader, read_set: SetReader
) -> None:
    expected = reference("slack_dev_qa")
    both = read_set("slack_dev_qa")
    total = sum(figure["conversations"] for figure in expected.values())
    assert both.summary.chats == total
    for name, figure in expected.items():
        one = read([shared_data / "slack_dev_qa" / name], "slack_dev_qa")
        figures = asker_figures(one)
        assert figures["messages"] == figure["messages"]
        assert figures["threads"] == figure["conversations"]
        assert figures["answered"] == figure["first_reply_by_other_seconds"]["n"]
        replies = figure["first_reply_by_other_seconds"]  # rounded to milliseconds
        assert figures["median"] == pytest.approx(replies["median"], abs=0.001)
        assert figures["mean"] == pytest.approx(replies["mean"], abs=0.001)
        authors = {row["author_name"] for row in one.rows("messages")}
        assert len(authors) == figure["users"]
        assert one.summary.first_at.strftime("%Y-%m-%dT%H:%M:%S.%f") == figure["first"]  # type: ignore[union-attr]


def test_school_crm_has_the_deals_money_and_delays_of_the_reference(
    read_set: SetReader, reference: Reference
) -> None:
    expected, read = reference("crm_it_school"), read_set("crm_it_school")
    deals, overall = read.rows("deals"), expected["overall"]
    statuses = Counter(row["status"] for row in deals)
    assert statuses == {name: overall[name] for name in ("won", "lost", "open")}
    won = [row for row in deals if row["status"] == "won"]
    assert sum(row["amount"] or 0 for row in won) == Decimal(str(overall["won_offer_total"]))
    assert sum(row["paid_amount"] or 0 for row in won) == Decimal(str(overall["won_initial_paid"]))
    assert not [row for row in deals if row["status"] != "won" and row["paid_amount"] is not None]
    delays = [r["first_contact_seconds"] for r in deals if r["first_contact_seconds"] is not None]
    assert len(delays) == overall["sla_seconds"]["n"]
    assert median(delays) == overall["sla_seconds"]["median"]
    assert max(delays) == overall["sla_seconds"]["max"]
    sources = Counter(row["lead_source"] for row in deals)
    owners = Counter(row["owner_name"] for row in deals)
    for name, figure in expected["by_source"].items():
        assert sources[name] == figure["deals"]
    for name, figure in expected["by_owner"].items():
        assert owners[None if name == "(empty)" else name] == figure["deals"]
    assert sum(row["contact_id"] is None for row in deals) == expected["deals_without_contact_id"]
    contacts = {row["contact_id"] for row in read.rows("contacts")}
    assert len(contacts) == expected["contacts"]
    found = sum(row["contact_id"] in contacts for row in deals)
    assert found == expected["deals_with_contact_found"]
    assert read.summary.rejected == 0


def test_school_crm_has_the_spend_and_payments_of_the_reference(
    read_set: SetReader, reference: Reference
) -> None:
    expected, read = reference("crm_it_school"), read_set("crm_it_school")
    spend = read.rows("spend")
    assert len(spend) == expected["spend"]["rows"] == len({row["spend_id"] for row in spend})
    for name, figure in expected["spend"]["by_source"].items():
        rows = [row for row in spend if row["lead_source"] == name]
        assert sum(row["amount"] for row in rows) == Decimal(str(figure["spend"]))
        assert sum(row["clicks"] for row in rows) == figure["clicks"]
        assert sum(row["impressions"] for row in rows) == figure["impressions"]
    payments = {row["deal_id"]: row["amount"] for row in read.rows("payments")}
    closed = {
        row["deal_id"]: row["paid_amount"]
        for row in read.rows("deals")
        if row["status"] == "won" and row["closed_at"] and row["paid_amount"]
    }
    assert payments == closed
    assert len(payments) == 365  # of 367 closed and won with a first instalment, two are 0
    assert {row["currency_code"] for row in spend} == {"EUR"}


def test_sales_crm_has_the_deals_of_the_reference_and_rejects_none_without_date(
    read_set: SetReader, reference: Reference
) -> None:
    expected, read = reference("maven_crm_sales"), read_set("maven_crm_sales")
    deals = read.rows("deals")
    statuses = Counter(row["status"] for row in deals)
    assert statuses == {name: expected["overall"][name] for name in ("won", "lost", "open")}
    won = [row for row in deals if row["status"] == "won"]
    assert sum(row["amount"] for row in won) == expected["overall"]["won_value"]
    cycles = [(row["closed_at"] - row["created_at"]).days for row in won]
    assert median(cycles) == expected["overall"]["won_cycle_days"]["median"]
    undated = [row for row in deals if row["created_at"] is None]
    assert Counter(row["stage"] for row in undated) == {"Prospecting": 500}
    assert read.summary.rejected == 0
    agents = {row["agent_id"]: row for row in read.rows("agents")}
    managers: Counter[str] = Counter(agents[row["owner_id"]]["team"] for row in deals)
    assert managers == {name: f["deals"] for name, f in expected["by_manager"].items()}
    idle = {row["agent_name"] for row in agents.values()} - {row["owner_name"] for row in deals}
    assert sorted(idle) == expected["agents_without_any_deal"]
    contacts = {row["contact_id"] for row in read.rows("contacts")}
    assert {row["contact_id"] for row in deals if row["contact_id"]} <= contacts


def test_months_one_by_one_give_the_keys_of_all_at_once(
    shared_data: Path, read: Reader, read_set: SetReader
) -> None:
    folder = shared_data / "mozilla_firefox_support"
    keys: set[str] = set()
    for path in sorted(folder.glob("*/*.csv.gz")):
        part = read([path], "mozilla_firefox_support", source_name="test")
        for entity in ("messages", "conversations"):
            keys |= set(part.tables[entity].column("row_key").to_pylist())
    whole = read_set("mozilla_firefox_support").tables
    assert keys == {
        *whole["messages"].column("row_key").to_pylist(),
        *whole["conversations"].column("row_key").to_pylist(),
    }
    assert len(keys) == whole["messages"].num_rows + whole["conversations"].num_rows


def test_calls_become_threads_with_wait_talk_and_rating(
    read_set: SetReader, reference: Reference
) -> None:
    expected, read = reference("pwc_call_center")["overall"], read_set("pwc_call_center")
    calls: dict[str, dict[str, Any]] = defaultdict(dict)
    for row in read.rows("messages"):
        calls[row["thread_id"]][row["author_type"]] = row["sent_at"]
    answered = [call for call in calls.values() if "agent" in call]
    waits = [(call["agent"] - call["customer"]).total_seconds() for call in answered]
    talks = [(call["system"] - call["agent"]).total_seconds() for call in answered]
    assert (len(calls), len(answered)) == (expected["calls"], expected["answered"])
    assert median(waits) == expected["speed_of_answer_seconds"]["median"]
    assert max(talks) == expected["talk_seconds"]["max"]
    scores = [row["score"] for row in read.rows("ratings")]
    assert len(scores) == expected["rated"]
    assert sum(scores) / len(scores) == pytest.approx(expected["csat_mean"], abs=0.0001)
    solved = sum(bool(row["is_solved"]) for row in read.rows("conversations"))
    assert solved == expected["resolved"]
    assert read.summary.rejected == 0


def test_bank_calls_leave_out_void_ones_and_keep_the_queue(
    read_set: SetReader, reference: Reference
) -> None:
    expected, read = reference("bank_call_center_1999"), read_set("bank_call_center_1999")
    outcomes = expected["outcomes"]
    assert read.summary.chats == outcomes["AGENT"] + outcomes["HANG"]
    asked: dict[str, Any] = {}
    answered: dict[str, Any] = {}
    for row in read.rows("messages"):
        if row["author_type"] in ("customer", "agent"):
            (asked if row["author_type"] == "customer" else answered)[row["thread_id"]] = row
    waits = [
        (row["sent_at"] - asked[thread]["sent_at"]).total_seconds()
        for thread, row in answered.items()
    ]
    assert len(waits) == expected["queue_seconds_answered"]["n"]
    assert sum(waits) / len(waits) == pytest.approx(
        expected["queue_seconds_answered"]["mean"], abs=0.001
    )
    assert {row["author_name"] for row in answered.values()} - {None} == set(expected["agents"])
    assert read.summary.rejected == 0


def test_bot_dialogs_have_the_messages_and_ratings_of_the_reference(
    read_set: SetReader, reference: Reference
) -> None:
    expected, read = reference("convai2_bot_dialogs"), read_set("convai2_bot_dialogs")
    overall = expected["overall"]
    types = Counter(row["author_type"] for row in read.rows("messages"))
    assert types == {"customer": overall["human_messages"], "bot": overall["bot_messages"]}
    assert read.summary.chats == overall["dialogs"]
    ratings = read.rows("ratings")
    assert len({row["rating_id"] for row in ratings}) == len(ratings)
    csat = Counter(str(int(row["score"])) for row in ratings if row["survey_type"] == "csat")
    assert csat == overall["scores"]
    thumbs = Counter(row["score"] for row in ratings if row["survey_type"] == "thumbs")
    assert thumbs == {1.0: overall["thumbs_up"], 0.0: overall["thumbs_down"]}
