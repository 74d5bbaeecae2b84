"""Facts of the models in the oracle's terms, so that both can be compared value by value."""

from __future__ import annotations

from typing import Any

import duckdb

from tests.engine import rows
from tests.oracle.engine import Result

_CONVERSATIONS = """
select
    c.source_slug,
    t.thread_id,
    f.message_id as first_message_id,
    c.initiated_by,
    c.interaction_type,
    c.started_at,
    c.last_message_at,
    c.closed_at,
    c.close_reason,
    c.is_open,
    c.is_finished,
    c.first_response_at,
    a.agent_name as first_response_agent_id,
    c.first_response_calendar_seconds,
    c.first_response_business_seconds,
    c.frt_customer_view_seconds,
    c.frt_bot_seconds,
    c.frt_any_seconds,
    c.is_answered,
    c.is_within_target,
    case s.status when 'breached' then true when 'running' then null
        else case when s.status is not null then false end end as is_sla_breached,
    c.dialog_duration_seconds,
    c.message_count,
    c.customer_message_count,
    c.agent_message_count,
    c.bot_message_count,
    c.agent_count
from marts.fct_conversations as c
inner join intermediate.int_threads as t on c.thread_key = t.thread_key
inner join intermediate.int_messages__unioned as f on c.first_message_key = f.message_key
left join marts.dim_agents as a on c.first_response_agent_key = a.agent_key
left join marts.fct_sla_events as s on c.conversation_key = s.conversation_key
"""

_MESSAGES = """
select t.source_slug, t.thread_id, f.message_id as first_message_id, m.message_id
from marts.fct_messages as x
inner join intermediate.int_messages__unioned as m on x.message_key = m.message_key
inner join intermediate.int_threads as t on m.thread_key = t.thread_key
inner join marts.fct_conversations as c on x.conversation_key = c.conversation_key
inner join intermediate.int_messages__unioned as f on c.first_message_key = f.message_key
order by m.sent_at, m.message_seq, m.message_id
"""

_REPLIES = """
select
    t.source_slug,
    t.thread_id,
    f.message_id as first_message_id,
    w.message_id as waiting_message_id,
    r.waiting_since_at,
    r.replied_at,
    a.agent_name as agent_id,
    r.reply_calendar_seconds as calendar_seconds,
    r.reply_business_seconds as business_seconds,
    r.is_first_response,
    r.is_answered,
    r.is_open
from marts.fct_replies as r
inner join marts.fct_conversations as c on r.conversation_key = c.conversation_key
inner join intermediate.int_threads as t on c.thread_key = t.thread_key
inner join intermediate.int_messages__unioned as f on c.first_message_key = f.message_key
inner join intermediate.int_messages__unioned as w on r.waiting_message_key = w.message_key
left join marts.dim_agents as a on r.agent_key = a.agent_key
"""

_ATTEMPTS = """
select t.source_slug, t.thread_id, m.message_id as first_message_id
from marts.fct_outbound_attempts as o
inner join intermediate.int_threads as t on o.thread_key = t.thread_key
inner join intermediate.int_messages__unioned as m on o.first_message_key = m.message_key
where not o.is_replied
"""

_SESSIONS = """
select
    t.source_slug,
    t.thread_id,
    s.started_at,
    s.ended_at,
    s.session_length_seconds as length_seconds,
    s.message_count,
    s.is_customer_active
from marts.fct_sessions as s
inner join intermediate.int_threads as t on s.thread_key = t.thread_key
"""

_EFFORT = """
select t.source_slug, t.thread_id, m.message_id, x.effort_seconds
from marts.fct_messages as x
inner join intermediate.int_messages__unioned as m on x.message_key = m.message_key
inner join intermediate.int_threads as t on m.thread_key = t.thread_key
where x.effort_seconds is not null
"""

REPLY_COLUMNS = (
    "waiting_message_id", "waiting_since_at", "replied_at", "agent_id", "calendar_seconds",
    "business_seconds", "is_first_response", "is_answered", "is_open",
)  # fmt: skip
SESSION_COLUMNS = (
    "started_at", "ended_at", "length_seconds", "message_count", "is_customer_active",
)  # fmt: skip


def facts_of_models(connection: duckdb.DuckDBPyConnection) -> dict[str, dict[Any, Any]]:
    """Return conversations, their messages, replies, attempts, sessions and effort by key."""
    carried: dict[Any, list[str]] = {}
    for row in rows(connection, _MESSAGES):
        key = (row["source_slug"], row["thread_id"], row["first_message_id"])
        carried.setdefault(key, []).append(row["message_id"])
    conversations = {}
    for row in rows(connection, _CONVERSATIONS):
        key = (row.pop("source_slug"), row.pop("thread_id"), row.pop("first_message_id"))
        conversations[key] = {**row, "message_ids": carried.get(key, [])}
    return {
        "conversations": conversations,
        "replies": {
            (r["source_slug"], r["thread_id"], r["first_message_id"], r["waiting_message_id"]): {
                column: r[column] for column in REPLY_COLUMNS
            }
            for r in rows(connection, _REPLIES)
        },
        "attempts": {
            (r["source_slug"], r["thread_id"], r["first_message_id"]): True
            for r in rows(connection, _ATTEMPTS)
        },
        "sessions": {
            (r["source_slug"], r["thread_id"], r["started_at"], r["message_count"]): {
                column: r[column] for column in SESSION_COLUMNS
            }
            for r in rows(connection, _SESSIONS)
        },
        "effort": {
            (r["source_slug"], r["thread_id"], r["message_id"]): round(r["effort_seconds"], 6)
            for r in rows(connection, _EFFORT)
        },
    }


def facts_of_oracle(result: Result) -> dict[str, dict[Any, Any]]:
    """Return the same of an oracle's result."""
    names = None
    conversations = {}
    sources = {}
    for item in result.conversations:
        names = names or [
            name
            for name in vars(item)
            if name
            not in ("source_slug", "thread_id", "first_message_id", "row_ids", "sla_deadline_at")
        ]
        conversations[item.source_slug, item.thread_id, item.first_message_id] = {
            name: getattr(item, name) for name in names
        }
        sources[item.thread_id, item.first_message_id] = item.source_slug
    return {
        "conversations": conversations,
        "replies": {
            (
                sources[reply.thread_id, reply.first_message_id],
                reply.thread_id,
                reply.first_message_id,
                reply.waiting_message_id,
            ): {column: getattr(reply, column) for column in REPLY_COLUMNS}
            for reply in result.replies
        },
        "attempts": {
            (item.source_slug, item.thread_id, item.first_message_id): True
            for item in result.attempts
        },
        "sessions": {
            (item.source_slug, item.thread_id, item.started_at, item.message_count): {
                column: getattr(item, column) for column in SESSION_COLUMNS
            }
            for item in result.sessions
        },
        "effort": {key: round(float(value), 6) for key, value in result.effort_seconds.items()},
    }


def differences(models: dict[str, Any], oracle: dict[str, Any]) -> list[str]:
    """List what differs, one readable line each."""
    found = []
    for part in oracle:
        for key in sorted(set(models[part]) | set(oracle[part]), key=str):
            ours, theirs = models[part].get(key), oracle[part].get(key)
            if ours == theirs:
                continue
            if isinstance(ours, dict) and isinstance(theirs, dict):
                found += [
                    f"{part} {key} {name}: models {ours[name]!r}, oracle {theirs[name]!r}"
                    for name in theirs
                    if ours[name] != theirs[name]
                ]
            else:
                found.append(f"{part} {key}: models {ours!r}, oracle {theirs!r}")
    return found
