"""Conversations as rows: the list, one conversation, its messages and its waits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from app.data import Row, Version
from app.period import Period

Sort = Literal["newest", "oldest", "slowest", "longest", "busiest"]
SORTS: Final[tuple[Sort, ...]] = ("newest", "oldest", "slowest", "longest", "busiest")
STATES: Final = ("open", "unanswered", "late")
MESSAGE_LIMIT: Final = 400

# A key at the end makes every order total, so that pages never overlap.
_ORDERS: Final[dict[Sort, str]] = {
    "newest": "c.started_at desc, c.conversation_key",
    "oldest": "c.started_at, c.conversation_key",
    "slowest": "c.first_response_calendar_seconds desc nulls last, c.conversation_key",
    "longest": "c.dialog_duration_seconds desc nulls last, c.conversation_key",
    "busiest": "c.message_count desc, c.conversation_key",
}
# By keys, so that only the rows of a page are joined.
_FILTERS: Final = {
    "source": "c.channel_key in (select channel_key from dim_channels where source_slug in ({}))",
    "channel_type": (
        "c.channel_key in (select channel_key from dim_channels where channel_type in ({}))"
    ),
    "channel": "c.channel_key in (select channel_key from dim_channels where channel_name in ({}))",
    "team": "c.team_key in (select team_key from dim_teams where team_name in ({}))",
    "agent": (
        "c.first_response_agent_key in (select agent_key from dim_agents where agent_name in ({}))"
    ),
    "outcome": "c.outcome in ({})",
}
_STATE_CONDITIONS: Final = {
    "open": "c.is_open",
    "unanswered": "c.is_answered = false",
    "late": "c.is_within_target = false",
}
_FOUND: Final = "from fct_conversations as c"
_NAMED: Final = """\
left join dim_channels as ch on c.channel_key = ch.channel_key
left join dim_teams as t on c.team_key = t.team_key
left join dim_agents as a on c.first_response_agent_key = a.agent_key
left join dim_customers as cu on c.customer_key = cu.customer_key"""
_SELECT: Final = """\
select
    c.conversation_key, c.started_at, c.closed_at, c.close_reason, c.is_open, c.is_answered,
    c.awaits_human, c.interaction_type, c.initiated_by, c.outcome, c.refusal_reason, c.intent,
    c.topic, c.funnel_stage, c.message_count, c.first_response_calendar_seconds,
    c.first_response_business_seconds, c.is_within_target, c.is_within_target_business,
    c.waiting_since_at, c.first_response_at, c.dialog_duration_seconds, c.deal_count,
    c.company_attributed_amount as attributed_amount, c.definition_version, ch.channel_name,
    ch.channel_type, t.team_name, a.agent_name, cu.customer_label"""


@dataclass(frozen=True)
class Question:
    """Which conversations to list."""

    period: Period | None
    filters: Mapping[str, tuple[str, ...]]
    states: Sequence[str] = ()
    sort: Sort = "newest"
    lost_at: Sequence[str] = ()  # stages of the funnel that they got to, and no further

    def sql(self) -> tuple[str, list[Any]]:
        """Return the part of the query from `from` on (without order), and its parameters."""
        conditions: list[str] = []
        parameters: list[Any] = []
        if self.period is not None:
            conditions.append("c.started_local_date between ? and ?")
            parameters += [self.period.start, self.period.end]
        for name, values in self.filters.items():
            if values:
                conditions.append(_FILTERS[name].format(", ".join("?" for _ in values)))
                parameters += values
        conditions += [_STATE_CONDITIONS[state] for state in self.states]
        if self.lost_at:
            # Whose window has not passed may still get further.
            stages = ", ".join("?" for _ in self.lost_at)
            conditions.append(f"c.is_purchase_window_mature and c.funnel_stage in ({stages})")
            parameters += self.lost_at
        where = "\nwhere " + "\n    and ".join(conditions) if conditions else ""
        return _FOUND + where, parameters


def count(version: Version, question: Question) -> int:
    """Return how many conversations the question has."""
    sql, parameters = question.sql()
    return int(version.read(f"select count(*) as n {sql}", parameters)[0]["n"])


def listing(
    version: Version, question: Question, *, limit: int | None, offset: int = 0
) -> tuple[list[Row], str]:
    """Return rows of the list and the SQL that made them."""
    found, parameters = question.sql()
    order = f"order by {_ORDERS[question.sort]}"
    page = f"select c.*\n{found}\n{order}"
    if limit is not None:
        page += f"\nlimit {limit} offset {offset}"
    sql = f"{_SELECT}\nfrom (\n{page}\n) as c\n{_NAMED}\n{order}"
    return version.read(sql, parameters), readable(sql, parameters)


def one(version: Version, key: str) -> Row | None:
    """Return a conversation, None if the published version has none of this key."""
    rows = version.read(f"{_SELECT}\n{_FOUND}\n{_NAMED}\nwhere c.conversation_key = ?", [key])
    return rows[0] if rows else None


_MESSAGES: Final = f"""\
select
    m.message_key, m.sent_at, m.author_type, m.content_type, m.is_public, m.is_template,
    m.is_courtesy, m.text_masked, m.edited_at, m.deleted_at, a.agent_name, cu.customer_label
from fct_messages as m
left join dim_agents as a on m.agent_key = a.agent_key
left join dim_customers as cu on m.customer_key = cu.customer_key
where m.conversation_key = ?
order by m.sent_at, m.message_seq, m.message_key
limit {MESSAGE_LIMIT}"""
_WAITS: Final = """\
select
    waiting_message_key, reply_message_key, waiting_since_at, replied_at, stopped_at, is_open,
    is_first_response, is_answered, reply_calendar_seconds, reply_business_seconds,
    is_within_target, is_within_target_business
from fct_replies
where conversation_key = ?
order by waiting_since_at, reply_key"""


@dataclass(frozen=True)
class Transcript:
    """Messages and waits of a conversation, in order, and the SQL that read them."""

    messages: list[Row]
    waits: list[Row]
    sql: str


def transcript(version: Version, key: str) -> Transcript:
    """Read the messages (up to `MESSAGE_LIMIT`) and the waits of a conversation."""
    return Transcript(
        version.read(_MESSAGES, [key]),
        version.read(_WAITS, [key]),
        ";\n\n".join(readable(sql, [key]) for sql in (_MESSAGES, _WAITS)),
    )


def readable(sql: str, parameters: Sequence[Any]) -> str:
    """Return a query with its parameters in place, to be read and copied, never to be run here."""
    pieces = sql.split("?")
    values = [f"'{str(value).replace(chr(39), chr(39) * 2)}'" for value in parameters]
    return "".join(
        piece + (values[number] if number < len(values) else "")
        for number, piece in enumerate(pieces)
    )
