"""The generator: same seed, same company; sizes; boundaries that leave no doubt."""

from __future__ import annotations

import csv
import hashlib
import re
import resource
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow.compute as pc
import pytest

from pipelines.lib.text_rules import courtesy_pattern, normalise
from pipelines.sandbox import texts
from pipelines.sandbox.model import SCHEMAS, World
from pipelines.sandbox.pools import all_pools
from pipelines.sandbox.world import generate_parts, generate_world
from pipelines.sandbox.writers import write_company
from pipelines.settings import PROJECT_ROOT
from tests.sandbox.conftest import UNTIL

MOSCOW = ZoneInfo("Europe/Moscow")
SPEAKERS = ("customer", "agent", "bot")


def messages_of(world: World) -> list[dict[str, Any]]:
    return [row for row in world["messages"].to_pylist() if row["event_type"] == "message"]


def test_same_seed_gives_the_same_bytes(world: World, company: Path, tmp_path: Path) -> None:
    write_company(generate_world(seed=7, messages=12_000, until=UNTIL), tmp_path)

    def prints(folder: Path) -> dict[str, str]:
        return {
            str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }

    assert prints(tmp_path) == prints(company)


@pytest.mark.parametrize(("seed", "until"), [(8, UNTIL), (7, UNTIL - timedelta(days=1))])
def test_another_seed_or_day_gives_another_company(world: World, seed: int, until: date) -> None:
    other = generate_world(seed=seed, messages=12_000, until=until)
    assert other["messages"]["text"][:200] != world["messages"]["text"][:200]


@pytest.mark.parametrize("size", [1_000, 4_000, 60_000, 600_000])
def test_size_is_about_what_was_asked(size: int) -> None:
    written = sum(
        pc.sum(pc.equal(part["messages"]["event_type"], "message")).as_py()
        for part in generate_parts(seed=3, messages=size, until=UNTIL)
    )
    assert 0.97 * size <= written <= 1.06 * size + 150


def test_parts_share_no_ids_and_together_are_the_world() -> None:
    parts = list(generate_parts(seed=3, messages=600_000, until=UNTIL))
    assert len(parts) == 2
    for name, key in (
        ("messages", "message_id"), ("threads", "thread_id"), ("customers", "customer_id"),
        ("identities", "identity_id"), ("conversations", "conversation_id"), ("deals", "deal_id"),
        ("deal_events", "deal_event_id"), ("payments", "payment_id"), ("ratings", "rating_id"),
    ):  # fmt: skip
        ids = np.concatenate([part[name][key].to_numpy() for part in parts])
        assert len(np.unique(ids)) == len(ids), name
    phones = Counter(phone for part in parts for phone in part["customers"]["phone"].to_pylist())
    shared = sum(count - 1 for count in phones.values())
    assert max(phones.values()) == 2
    assert 0.01 < shared / phones.total() < 0.04
    users = [u.as_py() for p in parts for u in p["customers"]["telegram_user_id"].drop_null()]
    assert len(set(users)) == len(users)
    assert [part["spend"].num_rows > 0 for part in parts] == [True, False]


@pytest.mark.soak
def test_memory_does_not_grow_with_the_size() -> None:
    """Two million messages in parts need no more than a few parts' memory."""
    for _ in generate_parts(seed=1, messages=500_000, until=UNTIL):
        pass
    small = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    total = 0
    for part in generate_parts(seed=1, messages=4_000_000, until=UNTIL):
        total += part["messages"].num_rows
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert total > 4_000_000
    assert grown - small < 300 * 1024  # KiB
    assert grown < 2 * 1024 * 1024


def test_schemas_hold_and_tables_are_not_empty(world: World) -> None:
    assert set(world.tables) == set(SCHEMAS)
    for name, schema in SCHEMAS.items():
        assert world[name].schema.equals(schema), name
        assert world[name].num_rows > 0, name


def test_everything_happens_inside_the_period(world: World) -> None:
    begin = datetime.combine(world.first_day, time(0), MOSCOW)
    end = datetime.combine(UNTIL, time(23, 59, 59), MOSCOW)
    assert world.first_day == date(2024, 11, 29)
    assert world.now == end
    for name, column in (
        ("messages", "sent_at"), ("messages", "edited_at"), ("messages", "deleted_at"),
        ("deal_events", "occurred_at"), ("payments", "paid_at"), ("ratings", "rated_at"),
        ("deals", "closed_at"),
    ):  # fmt: skip
        moments = world[name][column].drop_null().to_pylist()
        assert begin - timedelta(minutes=2) <= min(moments), column
        assert max(moments) <= end, column


def test_now_cuts_off_and_changes_nothing_before() -> None:
    now = datetime(2026, 5, 31, 8, 30, tzinfo=UTC)
    whole = generate_world(seed=7, messages=20_000, until=UNTIL)
    cut = generate_world(seed=7, messages=20_000, until=UNTIL, now=now)
    assert pc.max(cut["messages"]["sent_at"]).as_py() <= now
    early = whole["messages"].filter(pc.less_equal(whole["messages"]["sent_at"], now))
    for column in ("thread_id", "sent_at", "text"):
        assert early[column].to_pylist() == cut["messages"][column].to_pylist()
    assert early.num_rows < whole["messages"].num_rows


def test_default_last_day_is_today_and_nothing_is_later_than_now() -> None:
    before = datetime.now(UTC)
    world = generate_world(messages=1_000)
    assert world.until in (before.astimezone(MOSCOW).date(), datetime.now(MOSCOW).date())
    assert pc.max(world["messages"]["sent_at"]).as_py() <= datetime.now(UTC)
    assert world.now >= before.replace(microsecond=0)


def test_every_kind_of_event_occurs(large_world: World) -> None:
    said = large_world["messages"]
    for column, words in (
        ("event_type", {"message", "handoff_requested", "handoff", "close", "no_reply_needed",
                        "bot_fallback", "service"}),
        ("author_type", {"customer", "agent", "bot", "auto_reply", "broadcast", "system"}),
        ("content_type", {"text", "voice", "image", "file", "sticker", "contact"}),
    ):  # fmt: skip
        assert set(said[column].cast("string").unique().to_pylist()) == words
    for column in ("edited_at", "deleted_at", "reply_to_seq"):
        assert 0.001 < 1 - said[column].null_count / len(said) < 0.1, column
    assert pc.any(said["is_template"]).as_py()
    conversations = large_world["conversations"]
    assert set(conversations["bot_result"].cast("string").unique().to_pylist()) == {
        None, "contained", "escalated", "abandoned",
    }  # fmt: skip
    assert set(large_world["deals"]["status"].cast("string").unique().to_pylist()) == {
        "open", "won", "lost",
    }  # fmt: skip
    assert set(large_world["deals"]["currency_code"].cast("string").unique().to_pylist()) == {
        "RUB", "EUR",
    }  # fmt: skip
    assert set(said["agent"].unique().drop_null().to_pylist()) == set(range(14))
    assert {-1, 0, 1} == set(conversations["tone"].unique().to_pylist())


def test_texts_are_made_of_many_lines(world: World) -> None:
    lines = texts.building_lines()
    assert len(lines) >= 150
    assert sum(1 for line in lines if line.isascii()) >= 30, "English"
    pools = all_pools()
    assert len(set(pools.lines_of("question"))) > 15_000
    written = [
        row["text"]
        for row in messages_of(world)
        if row["author_type"] == "customer" and not row["is_courtesy"] and len(row["text"]) > 20
    ]
    assert len(set(written)) > 0.7 * len(written)
    assert not [text for text in written if re.search(r"[{}\x01-\x08]", text)]


@pytest.mark.parametrize(
    ("seed", "until"),
    [(7, UNTIL), (1, date(2025, 3, 31)), (2, date(2026, 2, 10)), (9, date(2026, 11, 21))],
)
def test_boundaries_leave_no_doubt(seed: int, until: date) -> None:
    """Inside a need less than a day after ours; between needs more than any limit."""
    world = generate_world(seed=seed, messages=8_000, until=until)
    by_thread: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in messages_of(world):
        if row["author_type"] in SPEAKERS:
            by_thread[row["thread_id"]].append(row)
    inside = outside = tails = 0
    for rows in by_thread.values():
        for before, after in pairwise(rows):
            gap = after["sent_at"] - before["sent_at"]
            waits = before["author_type"] == "customer" and not before["is_courtesy"]
            if before["conversation_id"] != after["conversation_id"]:
                outside += 1
                assert gap > timedelta(days=8 if waits else 1, hours=1), (before, after)
            elif after["is_courtesy"] and gap > timedelta(hours=24):
                tails += 1
                assert timedelta(hours=25) <= gap <= timedelta(hours=44)
            else:
                inside += 1
                limit = timedelta(days=6, hours=1) if waits else timedelta(hours=22)
                assert gap < limit, (before, after)
    assert inside > 4_000
    assert outside > 200
    assert tails > 5


def test_courtesies_are_those_the_product_knows(world: World) -> None:
    with (PROJECT_ROOT / "config" / "courtesy_phrases.csv").open(encoding="utf-8") as file:
        pattern = re.compile(courtesy_pattern(row["phrase"] for row in csv.DictReader(file)))
    pools = all_pools()
    assert all(pattern.search(normalise(line)) for line in pools.lines_of("courtesy"))
    for kind in ("question", "addition", "follow_up", "complaint", "praise", "nudge", "greeting",
                 "odd", "outbound_reply", "statement", "button", "handoff_request"):  # fmt: skip
        thanks = [line for line in pools.lines_of(kind) if pattern.search(normalise(line))]
        assert not thanks, kind
    told = {
        row["message_id"]
        for row in messages_of(world)
        if row["author_type"] == "customer" and pattern.search(normalise(row["text"]))
    }
    assert told == {row["message_id"] for row in messages_of(world) if row["is_courtesy"]}


def test_keys_are_unique_and_refer_to_each_other(world: World) -> None:
    keys = {
        "messages": "message_id", "threads": "thread_id", "conversations": "conversation_id",
        "customers": "customer_id", "deals": "deal_id", "payments": "payment_id",
        "ratings": "rating_id", "deal_events": "deal_event_id", "spend": "spend_id",
        "identities": "identity_id",
    }  # fmt: skip
    values = {table: world[table][key].to_pylist() for table, key in keys.items()}
    for table, ids in values.items():
        assert len(set(ids)) == len(ids), table
    for table, column, of in (
        ("messages", "thread_id", "threads"), ("messages", "conversation_id", "conversations"),
        ("messages", "identity_id", "identities"), ("identities", "customer_id", "customers"),
        ("conversations", "thread_id", "threads"), ("deals", "customer_id", "customers"),
        ("deals", "conversation_id", "conversations"), ("deal_events", "deal_id", "deals"),
        ("payments", "deal_id", "deals"), ("ratings", "conversation_id", "conversations"),
    ):  # fmt: skip
        assert set(world[table][column].drop_null().to_pylist()) <= set(values[of]), column
