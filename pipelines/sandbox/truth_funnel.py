"""The metrics of the funnel, of deals that chats touched, and of agents in conversations."""

from __future__ import annotations

from decimal import Decimal

from pipelines.sandbox.truth_money import Outcomes, percentile, share, total
from pipelines.sandbox.truth_rules import Conversation, human_answers


def funnel_figures(outcomes: Outcomes, matured: list[Conversation]) -> dict[str, float | None]:
    """Stages of the conversations whose window has passed: each stage is part of the one before."""
    replied = [item for item in matured if (wait := item.first_wait) is not None and wait.replied]
    reacted = [(item, at) for item in replied if (at := _reaction(item)) is not None]
    with_lead = [item for item in replied if item.need in outcomes.has_lead]
    bought = [item for item in with_lead if item.need in outcomes.has_purchase]
    again = [item for item in bought if item.need in outcomes.again_after]
    leads = {item.need for item in with_lead}
    seconds = {
        "reply": [
            (wait.replied or 0) - item.started
            for item in replied
            if (wait := item.first_wait) is not None
        ],
        "reaction": [at - item.started for item, at in reacted],
        "lead": [outcomes.lead_after[item.need] for item in with_lead],
        "purchase": [outcomes.paid_after[item.need] for item in bought],
        "repeat_purchase": [outcomes.again_after[item.need] for item in again],
        # The company sends no links that its systems know of.
        "payment_link": [],
        "payment_page": [],
    }
    return {
        "funnel_replied": len(replied),
        "funnel_reacted": len(leads | {item.need for item, _ in reacted}),
        "funnel_lead": len(with_lead),
        "funnel_payment_link": None,
        "funnel_payment_page": None,
        "funnel_purchase": len(bought),
        "funnel_repeat_purchase": len(again),
        **{f"funnel_{name}_time_p50": percentile(sorted(s), 0.5) for name, s in seconds.items()},
    }


def _reaction(conversation: Conversation) -> int | None:
    """When the customer first spoke after a human had first answered them."""
    asked = next(e.place for e in conversation.events if e.kind in ("customer", "courtesy"))
    answered = next((e.place for e in human_answers(conversation) if e.place > asked), None)
    if answered is None:
        return None
    spoken = (
        e.at
        for e in conversation.events
        if e.kind in ("customer", "courtesy") and e.place > answered
    )
    return next(spoken, None)


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
