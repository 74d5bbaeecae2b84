"""The metrics of the funnel, of deals that chats touched, and of agents in conversations."""

from __future__ import annotations

from decimal import Decimal

from pipelines.sandbox.truth_money import Outcomes, share, total
from pipelines.sandbox.truth_rules import Conversation


def funnel_figures(outcomes: Outcomes, matured: list[Conversation]) -> dict[str, float | None]:
    """Stages of the conversations whose window has passed: each stage is part of the one before."""
    replied = [item for item in matured if (wait := item.first_wait) is not None and wait.replied]
    with_lead = [item for item in replied if item.need in outcomes.has_lead]
    return {
        "funnel_replied": len(replied),
        "funnel_lead": len(with_lead),
        "funnel_purchase": sum(item.need in outcomes.has_purchase for item in with_lead),
    }


def touched_figures(outcomes: Outcomes, every: list[Conversation]) -> dict[str, float | None]:
    """Deals that were created in the week after a conversation, each once."""
    deals: dict[int, Decimal] = {}
    for conversation in every:
        deals |= outcomes.touched.get(conversation.need, {})
    return {"touched_deals": len(deals), "touched_revenue": total(deals.values())}


def participation_figures(rows: list[Conversation]) -> dict[str, float | None]:
    """Agents in conversations: one with two agents counts twice."""
    agents = 0
    messages = 0
    with_agents = []
    for conversation in rows:
        said = [e for e in conversation.events if e.kind == "agent" and e.agent is not None]
        agents += len({event.agent for event in said})
        messages += len(said)
        if said:
            with_agents.append(conversation)
    efforts = [item.effort for item in with_agents if item.effort is not None]
    effort = sum(efforts) if efforts else None
    return {
        "participations": agents,
        "participated_conversations": len(with_agents),
        "participated_customers": len({item.customer for item in with_agents if item.customer}),
        "participation_messages": messages,
        "agent_effort": effort,
        "agent_effort_mean": None if effort is None else share(effort, agents),
    }
