"""The generator: same seed, same company; sizes; boundaries that leave no doubt."""

from __future__ import annotations

import csv
import hashlib
import re
from collections import Counter, defaultdict
from datetime import date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from pipelines.lib.text_rules import courtesy_pattern, normalise
from pipelines.sandbox import texts
from pipelines.sandbox.model import ROW_CLASSES, ZONE, Message, World
from pipelines.sandbox.world import generate_world
from pipelines.sandbox.writers import write_company
from pipelines.settings import PROJECT_ROOT
from tests.sandbox.conftest import UNTIL

OURS = ("agent", "bot")


def _fingerprint(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_same_seed_gives_the_same_bytes(world: World, company: Path, tmp_path: Path) -> None:
    write_company(generate_world(seed=7, messages=3_000, until=UNTIL), tmp_path)
    assert _fingerprint(tmp_path) == _fingerprint(company)


def test_another_seed_or_day_gives_another_company(world: World) -> None:
    first = [row.text for row in world.messages[:200]]
    for seed, until in ((8, UNTIL), (7, UNTIL - timedelta(days=1))):
        other = generate_world(seed=seed, messages=3_000, until=until)
        assert [row.text for row in other.messages[:200]] != first


@pytest.mark.parametrize("size", [600, 3_000, 12_000])
def test_size_is_about_what_was_asked(size: int) -> None:
    world = generate_world(seed=3, messages=size, until=UNTIL)
    written = sum(1 for row in world.messages if row.author_type != "system")
    # Groups are there from the first day whatever the size; the world's end cuts some talks.
    assert 0.93 * size <= written <= 1.1 * size


def test_everything_happens_inside_the_four_months(world: World) -> None:
    begin = datetime.combine(world.first_day, time(0), ZONE)
    end = datetime.combine(world.until, time(23, 59, 59), ZONE)
    assert world.until == UNTIL
    assert world.first_day == date(2026, 1, 30)
    moments = [row.sent_at for row in world.messages]
    moments += [row.edited_at for row in world.messages if row.edited_at]
    moments += [row.occurred_at for row in world.deal_events]
    moments += [row.paid_at for row in world.payments] + [row.rated_at for row in world.ratings]
    assert begin <= min(moments)
    assert max(moments) <= end
    assert all(moment.microsecond == 0 for moment in moments)


def test_default_last_day_is_yesterday_in_moscow() -> None:
    before = datetime.now(ZONE).date()
    world = generate_world(messages=300)
    after = datetime.now(ZONE).date()
    assert before <= world.until + timedelta(days=1) <= after


def test_every_kind_of_event_occurs(world: World) -> None:
    authors = Counter((row.source, row.author_type) for row in world.messages)
    assert {key for key in authors if key[0] == "telegram"} == {
        ("telegram", kind) for kind in ("customer", "agent", "bot", "auto_reply", "system")
    }
    contents = {row.content_type for row in world.messages}
    assert contents == {"text", "voice", "image", "file", "sticker", "contact"}
    assert any(row.edited_at for row in world.messages)
    assert any(row.reply_to is not None for row in world.messages)
    assert any(row.is_bot_fallback for row in world.messages)
    assert any(row.sent_at.astimezone(ZONE).hour < 6 for row in world.messages)
    assert {row.bot_result for row in world.conversations} >= {
        "contained", "escalated", "abandoned",
    }  # fmt: skip
    assert {row.status for row in world.deals} == {"open", "won", "lost"}
    assert {row.answered_at is None for row in world.attempts} == {True, False}
    assert {row.agent_id for row in world.messages if row.author_type == "agent"} == {
        row.agent_id for row in world.agents
    }
    assert {row.intent for row in world.conversations} == {"sales", "service"}


def test_texts_are_made_of_many_lines(world: World) -> None:
    lines = texts.building_lines()
    assert len(lines) >= 150
    assert sum(1 for line in lines if line.isascii()) >= 30, "English"
    written = [
        row.text
        for row in world.messages
        if row.author_type == "customer" and not row.is_courtesy and len(row.text) > 20
    ]
    assert len(set(written)) > 0.7 * len(written)
    assert not [text for text in written if "{" in text or "}" in text]


@pytest.mark.parametrize(
    ("seed", "until"),
    [(7, UNTIL), (1, date(2025, 3, 31)), (2, date(2026, 2, 10)), (9, date(2026, 11, 21))],
)
def test_boundaries_leave_no_doubt(seed: int, until: date) -> None:
    """Inside a conversation less than 20 h after ours; outside more than any limit."""
    world = generate_world(seed=seed, messages=4_000, until=until)
    by_thread: defaultdict[str, list[Message]] = defaultdict(list)
    for row in world.messages:
        if row.author_type in ("customer", *OURS):
            by_thread[row.thread_id].append(row)
    talk_of_attempt = {
        (row.thread_id, row.started_at): row.attempt_id
        for row in world.attempts
        if row.conversation_id is None
    }
    inside = outside = 0
    for rows in by_thread.values():
        for before, after in pairwise(rows):
            gap = after.sent_at - before.sent_at
            waits = before.author_type == "customer" and not before.is_courtesy
            same = before.conversation_id == after.conversation_id
            if same and (after.thread_id, after.sent_at) not in talk_of_attempt:
                inside += 1
                limit = timedelta(days=6) if waits else timedelta(hours=20)
                assert gap < limit, (before, after)
            else:
                outside += 1
                limit = timedelta(days=8) if waits else timedelta(hours=25)
                assert gap > limit, (before, after)
    assert inside > 1_000
    assert outside > 100


def test_conversations_are_kept_as_they_happened(world: World) -> None:
    members: defaultdict[str, list[Message]] = defaultdict(list)
    for row in world.messages:
        if row.conversation_id and row.author_type in ("customer", *OURS):
            members[row.conversation_id].append(row)
    assert set(members) == {row.conversation_id for row in world.conversations}
    for conversation in world.conversations:
        rows = members[conversation.conversation_id]
        assert conversation.message_count == len(rows)
        assert conversation.started_at == rows[0].sent_at
        assert conversation.last_message_at == rows[-1].sent_at
        assert (conversation.initiated_by == "us") == (rows[0].author_type == "agent")
        assert {row.thread_id for row in rows} == {conversation.thread_id}
        if conversation.first_answered_at is None:
            asked = conversation.waiting_since
            late = [r for r in rows if r.author_type == "agent" and asked and r.sent_at >= asked]
            assert not late
        else:
            answer = next(r for r in rows if r.sent_at == conversation.first_answered_at)
            assert answer.author_type == "agent"
            assert answer.agent_id == conversation.first_agent_id


def test_courtesies_are_those_the_product_knows(world: World) -> None:
    with (PROJECT_ROOT / "config" / "courtesy_phrases.csv").open(encoding="utf-8") as file:
        pattern = re.compile(courtesy_pattern(row["phrase"] for row in csv.DictReader(file)))
    customers = [row for row in world.messages if row.author_type == "customer" and row.text]
    told = {row.message_id for row in customers if pattern.search(normalise(row.text))}
    assert told == {row.message_id for row in customers if row.is_courtesy}


def test_answers_come_mostly_in_working_hours(world: World) -> None:
    # A few diligent people answer from home; nobody works by night.
    answers = [
        row.sent_at.astimezone(ZONE)
        for row in world.messages
        if row.author_type == "agent"
    ]  # fmt: skip
    inside = sum(1 for at in answers if 9 <= at.hour < 21)
    assert inside / len(answers) > 0.95


def test_wait_lowers_the_chance_of_a_deal() -> None:
    world = generate_world(seed=5, messages=30_000, until=UNTIL)
    bought = {row.conversation_id for row in world.deals}
    customers = {row.customer_id for row in world.customers if row.contact_id}
    shares = []
    for low, high in ((0, 15), (240, 10_000)):
        rows = [
            row.conversation_id in bought
            for row in world.conversations
            if row.intent == "sales"
            and row.customer_id in customers
            and row.waiting_since
            and row.first_answered_at
            and low <= (row.first_answered_at - row.waiting_since).total_seconds() / 60 < high
        ]
        assert len(rows) > 100
        shares.append(sum(rows) / len(rows))
    assert shares[0] > shares[1] + 0.15


def test_tables_have_a_column_for_every_field(world: World) -> None:
    for name, row_class in ROW_CLASSES.items():
        table = world.table(name)
        assert table.num_rows == len(getattr(world, name)) > 0
        assert table.schema.names == list(row_class.__annotations__)
        for column in table.schema:
            assert column.nullable or table[column.name].null_count == 0, (name, column.name)


def test_keys_are_unique(world: World) -> None:
    keys = {
        "messages": "message_id", "threads": "thread_id", "conversations": "conversation_id",
        "customers": "customer_id", "deals": "deal_id", "payments": "payment_id",
        "ratings": "rating_id", "deal_events": "deal_event_id", "spend": "spend_id",
    }  # fmt: skip
    for table, key in keys.items():
        values = [getattr(row, key) for row in getattr(world, table)]
        assert len(set(values)) == len(values), table
    phones = [row.phone for row in world.customers]
    assert len(set(phones)) == len(phones)
