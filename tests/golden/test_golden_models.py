"""The models on the golden conversations: every value that a person computed by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import pytest

from pipelines.lib.business_calendar import Holiday, WorkingHours, build_calendar
from tests.engine import EngineRules, rows, run_models, seconds
from tests.golden import cases
from tests.oracle.engine import run
from tests.parity import differences, facts_of_models, facts_of_oracle

FIRST_DAY, LAST_DAY = date(2023, 1, 1), date(2026, 12, 31)


@pytest.fixture(scope="module")
def models() -> duckdb.DuckDBPyConnection:
    """All golden cases in one build; cases with working hours are sources of their own team."""
    schedules = cases.load_case_schedules()
    modes, teams = dict(cases.MODES), {}
    events = []
    for case in cases.load_case_ids():
        for event in cases.load_events(case):
            if case in schedules:
                name = f"{event.source_slug}_{schedules[case]}"
                modes[name] = modes[event.source_slug]
                teams[name] = schedules[case]
                event = _renamed(event, name)
            events.append(event)
    rules = cases.rules()
    return run_models(
        events,
        EngineRules(
            as_of=rules.as_of,
            gap_seconds=seconds(rules.gap),
            cap_seconds=seconds(rules.cap),
            session_gap_seconds=seconds(rules.session_gap),
            target_seconds=rules.target_seconds,
            modes=modes,
            teams=teams,
            calendar=_calendar(set(teams.values())),
        ),
    )


def _renamed(event: Any, source_slug: str) -> Any:
    from dataclasses import replace

    return replace(event, source_slug=source_slug)


def _calendar(names: set[str]) -> Any:
    known = cases.load_schedules()
    hours, zones = [], {}
    holidays = []
    for name in sorted(names):
        schedule = known[name]
        zones[name] = schedule.zone
        hours += [
            WorkingHours(
                team=name,
                valid_from=opening.valid_from,
                valid_to=opening.valid_to + timedelta(days=1) if opening.valid_to else None,
                weekday=opening.weekday,
                opens=_clock(opening.opens),
                closes=_clock(opening.closes),
            )
            for opening in schedule.openings
        ]
        holidays += [
            Holiday(name, item.day, _maybe_clock(item.opens), _maybe_clock(item.closes))
            for item in schedule.holidays
        ]
    return build_calendar(hours, holidays, zones, "UTC", LAST_DAY, FIRST_DAY)


def _clock(text: str) -> timedelta:
    hour, minute = text.split(":")
    return timedelta(hours=int(hour), minutes=int(minute))


def _maybe_clock(text: str | None) -> timedelta | None:
    return _clock(text) if text else None


@pytest.mark.parametrize("case", cases.load_case_ids())
def test_golden_case_models_give_every_expected_value(
    models: duckdb.DuckDBPyConnection, case: str
) -> None:
    found = {
        (row["thread_id"], row["first_message_id"]): row for row in rows(models, _CONVERSATIONS)
    }
    expected = [r for r in cases.load_expected_conversations() if r["case"] == case]
    assert expected or case in {r["case"] for r in cases.load_expected_outbound_attempts()}
    threads = {event.thread_id for event in cases.load_events(case)}
    assert {key for key in found if key[0] in threads} == {
        (r["thread_id"], r["first_message_id"]) for r in expected
    }
    for row in expected:
        ours = found[row["thread_id"], row["first_message_id"]]
        for name, text in row.items():
            if name in ours:
                assert _as_text(ours[name]) == text, (case, row["thread_id"], name)


def test_golden_replies_models_give_every_expected_value(
    models: duckdb.DuckDBPyConnection,
) -> None:
    found = {(r["thread_id"], r["waiting_message_id"]): r for r in rows(models, _REPLIES)}
    expected = cases.load_expected_replies()
    assert set(found) == {(r["thread_id"], r["waiting_message_id"]) for r in expected}
    for row in expected:
        ours = found[row["thread_id"], row["waiting_message_id"]]
        for name, text in row.items():
            if name in ours:
                assert _as_text(ours[name]) == text, (row["case"], row["thread_id"], name)


def test_golden_cases_without_schedule_equal_the_oracle(
    models: duckdb.DuckDBPyConnection,
) -> None:
    events = [
        event
        for case in cases.load_case_ids()
        if case not in cases.load_case_schedules()
        for event in cases.load_events(case)
    ]
    ours = facts_of_models(models)
    plain = {
        part: {key: value for key, value in found.items() if key[0] in cases.MODES}
        for part, found in ours.items()
    }
    assert differences(plain, facts_of_oracle(run(events, cases.rules()))) == []


@pytest.mark.parametrize("case", cases.load_business_time(), ids=lambda case: case.case)
def test_business_time_calendar_counts_the_seconds_a_person_counted(case: Any) -> None:
    calendar = _calendar({case.schedule})
    assert _open_seconds(calendar, case.start, case.end) == case.expected_seconds


def _open_seconds(calendar: Any, start: datetime, end: datetime) -> int:
    """Open seconds by the macro's own arithmetic: two look-ups and a subtraction."""
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    connection.register("calendar", calendar)
    sql = """
        select open_seconds_before * 1000000
            + case when is_open then epoch_us(?::timestamptz) - epoch_us(segment_start_at)
                else 0 end
        from calendar
        where utc_date = cast(timezone('UTC', ?::timestamptz) as date)
            and ?::timestamptz >= segment_start_at and ?::timestamptz < segment_end_at
    """
    values = []
    for instant in (start, end):
        found = connection.execute(sql, [instant.astimezone(UTC)] * 4).fetchall()
        assert len(found) == 1, f"{instant} meets {len(found)} segments"
        values.append(found[0][0])
    return int((values[1] - values[0]) // 1_000_000)


def _as_text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, datetime):
        text = value.astimezone(UTC).isoformat()
        return text.replace("+00:00", "Z")
    return str(value)


_CONVERSATIONS = """
select
    t.thread_id, f.message_id as first_message_id, c.initiated_by, c.interaction_type,
    c.started_at, c.last_message_at, c.closed_at, c.close_reason, c.is_open, c.is_finished,
    c.first_response_at, c.first_response_calendar_seconds, c.first_response_business_seconds,
    c.frt_customer_view_seconds, c.frt_bot_seconds, c.frt_any_seconds, c.is_answered,
    c.is_within_target, c.dialog_duration_seconds, c.message_count, c.customer_message_count,
    c.agent_message_count, c.bot_message_count, c.agent_count,
    case when s.status = 'breached' then true when s.status <> 'running' then false end
        as is_sla_breached
from marts.fct_conversations as c
inner join intermediate.int_threads as t on c.thread_key = t.thread_key
inner join intermediate.int_messages__unioned as f on c.first_message_key = f.message_key
left join marts.fct_sla_events as s on c.conversation_key = s.conversation_key
"""

_REPLIES = """
select
    t.thread_id, w.message_id as waiting_message_id, r.waiting_since_at, r.replied_at,
    r.reply_calendar_seconds as calendar_seconds, r.reply_business_seconds as business_seconds,
    r.is_first_response, r.is_answered, r.is_open
from marts.fct_replies as r
inner join marts.fct_conversations as c on r.conversation_key = c.conversation_key
inner join intermediate.int_threads as t on c.thread_key = t.thread_key
inner join intermediate.int_messages__unioned as w on r.waiting_message_key = w.message_key
"""
