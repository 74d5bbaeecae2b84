"""What is worth knowing of the entities behind a figure: when, where, who, which conversation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from app.data import Row, Version


def context_of(rows: Sequence[Row], entity: str, version: Version) -> dict[str, Row]:
    """Return what is worth knowing of the entities behind a figure, by their id."""
    sql = _CONTEXT.get(entity)
    ids = [row[entity] for row in rows if row.get(entity) is not None]
    if sql is None or not ids:
        return {}
    found = version.read(sql.format(ids=", ".join("?" for _ in ids)), ids)
    return {row["id"]: row for row in found}


_CONTEXT: Final[dict[str, str]] = {
    "conversation": """
        select
            c.conversation_key as id, c.conversation_key, c.started_at as happened_at,
            ch.channel_name, a.agent_name, cu.customer_label, c.outcome as detail
        from fct_conversations as c
        left join dim_channels as ch on c.channel_key = ch.channel_key
        left join dim_agents as a on c.first_response_agent_key = a.agent_key
        left join dim_customers as cu on c.customer_key = cu.customer_key
        where c.conversation_key in ({ids})""",
    "reply": """
        select
            r.reply_key as id, r.conversation_key, r.waiting_since_at as happened_at,
            ch.channel_name, a.agent_name, cu.customer_label, null as detail
        from fct_replies as r
        left join dim_channels as ch on r.channel_key = ch.channel_key
        left join dim_agents as a on r.agent_key = a.agent_key
        left join dim_customers as cu on r.customer_key = cu.customer_key
        where r.reply_key in ({ids})""",
    "message": """
        select
            m.message_key as id, m.conversation_key, m.sent_at as happened_at,
            ch.channel_name, a.agent_name, cu.customer_label, left(m.text_masked, 80) as detail
        from fct_messages as m
        left join dim_channels as ch on m.channel_key = ch.channel_key
        left join dim_agents as a on m.agent_key = a.agent_key
        left join dim_customers as cu on m.customer_key = cu.customer_key
        where m.message_key in ({ids})""",
    "session": """
        select
            s.session_key as id, null as conversation_key, s.started_at as happened_at,
            ch.channel_name, null as agent_name, null as customer_label,
            cast(s.message_count as varchar) as detail
        from fct_sessions as s
        left join dim_channels as ch on s.channel_key = ch.channel_key
        where s.session_key in ({ids})""",
    "deal": """
        select
            d.deal_key as id, null as conversation_key, d.deal_key, d.created_at as happened_at,
            d.source_slug as channel_name, d.owner_name as agent_name, cu.customer_label,
            concat_ws(' · ', d.pipeline, d.stage) as detail
        from fct_deals as d
        left join dim_customers as cu on d.customer_key = cu.customer_key
        where d.deal_key in ({ids})""",
    "deal_event": """
        select
            e.deal_event_key as id, null as conversation_key, e.deal_key,
            e.occurred_at as happened_at,
            d.source_slug as channel_name, d.owner_name as agent_name, cu.customer_label,
            concat_ws(' · ', d.pipeline, d.stage) as detail
        from fct_deal_events as e
        inner join fct_deals as d on e.deal_key = d.deal_key
        left join dim_customers as cu on d.customer_key = cu.customer_key
        where e.deal_event_key in ({ids})""",
    "deal_touch": """
        select
            t.deal_touch_key as id, t.conversation_key, t.deal_key, c.started_at as happened_at,
            ch.channel_name, a.agent_name, cu.customer_label,
            concat_ws(' · ', d.pipeline, d.stage) as detail
        from fct_deal_touches as t
        inner join fct_conversations as c on t.conversation_key = c.conversation_key
        inner join fct_deals as d on t.deal_key = d.deal_key
        left join dim_channels as ch on t.channel_key = ch.channel_key
        left join dim_agents as a on t.first_response_agent_key = a.agent_key
        left join dim_customers as cu on t.customer_key = cu.customer_key
        where t.deal_touch_key in ({ids})""",
    "payment": """
        select
            p.payment_key as id, null as conversation_key, p.deal_key, p.paid_at as happened_at,
            p.source_slug as channel_name, null as agent_name, cu.customer_label,
            p.payment_type as detail
        from fct_payments as p
        left join fct_deals as d on p.deal_key = d.deal_key
        left join dim_customers as cu on d.customer_key = cu.customer_key
        where p.payment_key in ({ids})""",
    "customer": """
        select
            customer_key as id, null as conversation_key, last_message_at as happened_at,
            null as channel_name, null as agent_name, customer_label, null as detail
        from dim_customers
        where customer_key in ({ids})""",
    "outbound_attempt": """
        select
            o.outbound_attempt_key as id, o.conversation_key, o.started_at as happened_at,
            ch.channel_name, a.agent_name, null as customer_label, null as detail
        from fct_outbound_attempts as o
        left join dim_channels as ch on o.channel_key = ch.channel_key
        left join dim_agents as a on o.agent_key = a.agent_key
        where o.outbound_attempt_key in ({ids})""",
}
