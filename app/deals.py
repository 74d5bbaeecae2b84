"""Deals as rows: the list, one deal, and all that happened in it from the first message on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from app.conversations import readable
from app.data import Row, Version
from app.period import Period

Sort = Literal["newest", "largest", "slowest", "stuck"]
SORTS: Final[tuple[Sort, ...]] = ("newest", "largest", "slowest", "stuck")
STATES: Final = ("open", "won", "lost", "chat")
MESSAGE_LIMIT: Final = 300
# What the same customer wrote after the end of a deal belongs to it for so long.
_AFTERMATH: Final = "interval 3 days"

_ORDERS: Final[dict[Sort, str]] = {
    "newest": "d.created_at desc, d.deal_key",
    "largest": "coalesce(d.company_net_amount, d.company_amount) desc nulls last, d.deal_key",
    "slowest": "d.closed_at - d.created_at desc nulls last, d.deal_key",
    "stuck": "(d.status = 'open') desc, d.stage_entered_at nulls last, d.deal_key",
}
# A deal has no channel of its own: it is of those whose conversations led up to it.
_TOUCHED: Final = """\
d.deal_key in (
    select t.deal_key from fct_deal_touches as t
    inner join {} as x on t.{} = x.{} where x.{} in ({{}})
)"""
_FILTERS: Final = {
    "source": _TOUCHED.format("dim_channels", "channel_key", "channel_key", "source_slug"),
    "channel_type": _TOUCHED.format("dim_channels", "channel_key", "channel_key", "channel_type"),
    "channel": _TOUCHED.format("dim_channels", "channel_key", "channel_key", "channel_name"),
    "team": "d.team_key in (select team_key from dim_teams where team_name in ({}))",
    "agent": _TOUCHED.format("dim_agents", "first_response_agent_key", "agent_key", "agent_name"),
}
_STATE_CONDITIONS: Final = {
    "open": "d.status = 'open'",
    "won": "d.status = 'won'",
    "lost": "d.status = 'lost'",
    "chat": "d.deal_key in (select deal_key from fct_deal_touches)",
}
_SELECT: Final = """\
select
    d.deal_key, d.created_at, d.closed_at, d.pipeline, d.stage, d.status, d.lost_reason,
    d.amount, d.currency_code, d.company_amount, d.company_paid_amount,
    d.company_refunded_amount, d.company_net_amount, d.first_paid_at, d.stage_entered_at,
    d.reopened_count, d.owner_name, d.team_key, d.lead_source, d.campaign, d.product,
    d.customer_key, d.source_slug, d.is_linked_to_chat, cu.customer_label,
    (select count(*) from fct_deal_touches as t where t.deal_key = d.deal_key)
        as conversation_count
from {} as d
left join dim_customers as cu on d.customer_key = cu.customer_key"""


@dataclass(frozen=True)
class Question:
    """Which deals to list: those created in the period."""

    period: Period | None
    filters: Mapping[str, tuple[str, ...]]
    states: Sequence[str] = ()
    sort: Sort = "newest"

    def where(self) -> tuple[str, list[Any]]:
        """Return the condition (with `where`, if there is any) and its parameters."""
        conditions: list[str] = []
        parameters: list[Any] = []
        if self.period is not None:
            conditions.append("d.created_local_date between ? and ?")
            parameters += [self.period.start, self.period.end]
        for name, values in self.filters.items():
            if values:
                conditions.append(_FILTERS[name].format(", ".join("?" for _ in values)))
                parameters += values
        statuses = [_STATE_CONDITIONS[state] for state in self.states if state != "chat"]
        if statuses:
            conditions.append(f"({' or '.join(statuses)})")
        if "chat" in self.states:
            conditions.append(_STATE_CONDITIONS["chat"])
        return ("\nwhere " + "\n    and ".join(conditions) if conditions else ""), parameters


def count(version: Version, question: Question) -> int:
    """Return how many deals the question has."""
    where, parameters = question.where()
    rows = version.read(f"select count(*) as n from fct_deals as d{where}", parameters)
    return int(rows[0]["n"])


def listing(
    version: Version, question: Question, *, limit: int, offset: int = 0
) -> tuple[list[Row], str]:
    """Return rows of the list and the SQL that made them."""
    where, parameters = question.where()
    order = f"order by {_ORDERS[question.sort]}"
    # Only the rows of the page are joined.
    page = f"(\nselect d.*\nfrom fct_deals as d{where}\n{order}\nlimit {limit} offset {offset}\n)"
    sql = f"{_SELECT.format(page)}\n{order}"
    return version.read(sql, parameters), readable(sql, parameters)


def one(version: Version, key: str) -> Row | None:
    """Return a deal, None if the published version has none of this key."""
    rows = version.read(f"{_SELECT.format('fct_deals')}\nwhere d.deal_key = ?", [key])
    return rows[0] if rows else None


_EVENTS: Final = """\
select
    event_number, event_type, occurred_at, from_pipeline, from_stage, to_pipeline, to_stage,
    to_status, enters_stage, is_reopened, is_pipeline_changed, seconds_in_previous_stage
from fct_deal_events
where deal_key = ?
order by event_number"""
_PAYMENTS: Final = """\
select payment_key, payment_type, paid_at, amount, currency_code, company_signed_amount
from fct_payments
where deal_key = ?
order by paid_at, payment_key"""
# The conversations that led up to the deal, and what the same customer wrote until it was over.
_CONVERSATIONS: Final = f"""\
select
    c.conversation_key, c.started_at, c.outcome, c.message_count, ch.channel_name, a.agent_name,
    t.link_type, t.company_last_touch_amount, t.company_first_touch_amount,
    t.company_linear_amount, t.company_position_based_amount, t.company_time_decay_amount
from fct_conversations as c
inner join fct_deals as d on d.deal_key = ?
left join fct_deal_touches as t
    on t.deal_key = d.deal_key and t.conversation_key = c.conversation_key
left join dim_channels as ch on c.channel_key = ch.channel_key
left join dim_agents as a on c.first_response_agent_key = a.agent_key
where
    t.deal_key is not null
    or (
        c.customer_key = d.customer_key
        and c.started_at >= d.created_at
        and c.started_at <= greatest(d.closed_at, d.first_paid_at, d.stage_entered_at)
        + {_AFTERMATH}
    )
order by c.started_at, c.conversation_key"""
_MESSAGES: Final = f"""\
select
    m.message_key, m.conversation_key, m.sent_at, m.author_type, m.content_type, m.is_public,
    m.is_template, m.is_courtesy, m.text_masked, m.edited_at, m.deleted_at, a.agent_name
from fct_messages as m
left join dim_agents as a on m.agent_key = a.agent_key
where m.conversation_key in ({{}})
order by m.sent_at, m.message_seq, m.message_key
limit {MESSAGE_LIMIT}"""


@dataclass(frozen=True)
class Journey:
    """All that is known to have happened in a deal, by kind and in order, and its SQL."""

    events: list[Row]
    payments: list[Row]
    conversations: list[Row]
    messages: list[Row]
    sql: str

    @property
    def is_cut(self) -> bool:
        """Whether there are more messages than these."""
        return len(self.messages) == MESSAGE_LIMIT


def journey(version: Version, key: str) -> Journey:
    """Read the history, the payments and the conversations of a deal."""
    conversations = version.read(_CONVERSATIONS, [key])
    keys = [row["conversation_key"] for row in conversations]
    messages_sql = _MESSAGES.format(", ".join("?" for _ in keys))
    read = [(sql, [key]) for sql in (_EVENTS, _PAYMENTS, _CONVERSATIONS)]
    read += [(messages_sql, keys)] if keys else []
    return Journey(
        events=version.read(_EVENTS, [key]),
        payments=version.read(_PAYMENTS, [key]),
        conversations=conversations,
        messages=version.read(messages_sql, keys) if keys else [],
        sql=";\n\n".join(readable(sql, values) for sql, values in read),
    )
