"""Figures under other gaps: what the oracle gives when that gap is the rule."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from statistics import median

import pytest

from tests.engine import EngineRules, rows, run_models
from tests.oracle.engine import Event, Rules, run

AS_OF = datetime(2025, 6, 1, tzinfo=UTC)
GAPS = (4, 12, 24, 72)
_MICRO = timedelta(microseconds=1)
# Each gap and the cap exactly met, just missed and just passed, and the silences of life.
SILENCES = (
    *(timedelta(hours=h) + d for h in (*GAPS, 168) for d in (-_MICRO, timedelta(0), _MICRO)),
    *(timedelta(minutes=m) for m in (0, 1, 1, 5, 5, 30, 200, 300, 900, 3000, 20_000)),
)
WORDS = {
    "customer": ("order 12 please", "where is it?", "price list"),
    "courtesy": ("thanks", "ok"),
    "agent": ("soon", "which colour?"),
    "bot": ("hello",),
    "template": ("we have news",),
    "note": ("call back",),
}


def chats(seed: int, count: int) -> list[Event]:
    """Draw chats of customers, agents, and some bots, templates, closes and notes."""
    rng = Random(seed)
    return [event for number in range(count) for event in _chat(rng, f"c{seed}-{number}")]


def _chat(rng: Random, thread: str) -> Iterable[Event]:
    sides = ["customer"] * 5 + ["agent"] * 5 + ["courtesy", "note"]
    sides += rng.choice(([], [], ["bot"], ["template"], ["close"]))
    now = datetime(2024, 9, 2, 6, tzinfo=UTC)
    for number in range(rng.randint(1, 14)):
        now += rng.choice(SILENCES)
        side = rng.choice(sides)
        author = {"courtesy": "customer", "template": "agent", "note": "agent"}.get(side, side)
        yield Event(
            source_slug="random",
            thread_id=thread,
            message_id=f"{thread}-{number:03d}",
            message_seq=number,
            event_type="close" if side == "close" else "message",
            sent_at=now,
            author_type="system" if side == "close" else author,
            author_id=None if side == "close" else f"{author}-{thread}",
            is_public=side != "note",
            is_template=side == "template",
            text=None if side == "close" else rng.choice(WORDS[side]),
        )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_figures_under_a_gap_are_those_of_the_oracle_with_that_gap(seed: int) -> None:
    events = chats(seed, 400)
    models = run_models(events, EngineRules(as_of=AS_OF))
    plain = {
        row["thread_id"]
        for row in rows(
            models,
            "select distinct thread_id from intermediate.int_gap_conversations"
            " inner join intermediate.int_threads using (thread_key)",
        )
    }
    assert len(plain) > 120, "too few chats are plain to compare"
    for figures in rows(models, "select * from marts.kpi_gap_sensitivity"):
        rules = replace(Rules(as_of=AS_OF), gap=timedelta(hours=figures["gap_hours"]))
        found = [c for c in run(events, rules).conversations if c.thread_id in plain]
        started = [c for c in found if c.initiated_by == "customer"]
        waits = [
            c.first_response_calendar_seconds
            for c in started
            if c.bot_message_count == 0 and c.first_response_calendar_seconds is not None
        ]
        assert figures["conversations_started"] == len(started)
        assert figures["conversations_awaiting"] == sum(c.bot_message_count == 0 for c in started)
        assert figures["first_responses"] == len(waits)
        assert figures["first_response_seconds_p50"] == median(waits)
        assert figures["first_response_seconds_mean"] == pytest.approx(sum(waits) / len(waits))


def test_a_longer_gap_joins_conversations() -> None:
    models = run_models(chats(4, 300), EngineRules(as_of=AS_OF))
    found = rows(models, "select * from marts.kpi_gap_sensitivity order by gap_hours")
    assert [row["gap_hours"] for row in found] == list(GAPS)
    counts = [row["conversations_started"] for row in found]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > counts[-1]
