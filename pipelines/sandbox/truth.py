"""The true value of every metric, counted from the world's own events by plain loops.

Nothing here knows the warehouse or its models: a connector or a model is right when it arrives at
these numbers. Where the definitions leave a choice, docs/DECISIONS.md is followed. Keys are the ids
of `otvet metrics`; seconds, shares and money are as there; null is "no rows".
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import numpy as np

from pipelines.sandbox.company import TEAMS
from pipelines.sandbox.model import World
from pipelines.sandbox.truth_attribution import credits_of
from pipelines.sandbox.truth_clock import WorkingTime
from pipelines.sandbox.truth_events import (
    EXPORTS,
    MESSAGE_KINDS,
    Chat,
    Event,
    View,
    read_chats,
    rows,
)
from pipelines.sandbox.truth_figures import (
    Figures,
    Happened,
    attempt_figures,
    conversation_figures,
    message_figures,
    reply_figures,
    session_figures,
    speed_figures,
)
from pipelines.sandbox.truth_history import history_figures
from pipelines.sandbox.truth_money import (
    money_figures,
    outcomes_of,
    read_ledger,
    share,
)
from pipelines.sandbox.truth_people import recognised_people
from pipelines.sandbox.truth_rules import (
    Attempt,
    Conversation,
    add_efforts,
    conversation_of,
)

# Metrics that the world cannot state, with the reason. None so far.
NOT_STATED: Final[dict[str, str]] = {}
# Metrics that cannot be asked for one messenger only: people and CRM rows belong to no messenger.
OF_NO_MESSENGER: Final = frozenset({"contactable_customers", "active_user_share"})


def observe(world: World, view: View = EXPORTS, as_of: datetime | None = None) -> Happened:
    """Derive conversations, waits and outcomes; `as_of` stands for now (default: the world's)."""
    moment = int((as_of or world.now).timestamp())
    chats = read_chats(world, view, recognised_people(world).of_identity)
    known = {row["conversation_id"]: row for row in rows(world["conversations"])}
    conversations: list[Conversation] = []
    attempts: list[Attempt] = []
    for chat in chats:
        for need, events in chat.needs.items():
            found = conversation_of(need, chat, events, moment)
            if found is None or found.initiated_by_us:
                attempts += _attempt(chat, found, events)
            if found is not None:
                if chat.is_platform:
                    found.intent = str(known[need]["intent"])
                    found.is_spam = bool(known[need]["is_spam"])
                conversations.append(found)
    ties = add_efforts(conversations, chats)
    first = world.first_day - timedelta(days=40)
    last = world.until + timedelta(days=60)
    clocks = {team: WorkingTime(team, world.hours, world.holidays, first, last) for team in TEAMS}
    ledger = read_ledger(world)
    outcomes, credits_ = outcomes_of(ledger, conversations), credits_of(ledger, conversations)
    return Happened(moment, chats, conversations, attempts, outcomes, credits_, clocks, ties)


def _attempt(chat: Chat, found: Conversation | None, events: list[Event]) -> list[Attempt]:
    said = [event for event in events if event.kind in MESSAGE_KINDS]
    if not said:
        return []
    replies = (event.at for event in said if event.kind in ("customer", "courtesy"))
    return [Attempt(chat, said[0].at, next(replies, None) if found else None)]


def compute(
    world: World,
    view: View = EXPORTS,
    as_of: datetime | None = None,
    channel_type: str | None = None,
) -> Figures:
    """Return every metric by its id.

    Args:
        view: the road that the data takes; exports show less than the company's own tables.
        as_of: the moment that stands for now; decides what is open, overdue and mature.
        channel_type: only what belongs to one messenger; metrics that belong to none are left out.
    """
    return figures_of(observe(world, view, as_of), world, channel_type)


def figures_of(happened: Happened, world: World, channel_type: str | None = None) -> Figures:
    """Return the metrics of what was observed."""

    def chosen(chat: Chat) -> bool:
        return channel_type is None or chat.channel_type == channel_type

    conversations = [item for item in happened.conversations if chosen(item.chat)]
    chats = [chat for chat in happened.chats if chosen(chat)]
    figures: Figures = {
        **conversation_figures(happened, conversations),
        **speed_figures(happened, conversations),
        **reply_figures(happened, conversations),
        **attempt_figures([item for item in happened.attempts if chosen(item.chat)]),
        **message_figures(chats),
        **session_figures(chats),
    }
    if channel_type is None:
        figures |= money_figures(read_ledger(world)) | history_figures(world)
        figures["contactable_customers"] = figures["active_customers"]
        figures["active_user_share"] = share(
            figures["active_customers"] or 0, figures["contactable_customers"] or 0
        )
    return figures


def causal(world: World, fast_minutes: float = 5, slow_minutes: float = 30) -> dict[str, object]:
    """The causal parameters, and what they mean for this world's conversations.

    `effect_of_waiting` is the mean over the answered conversations that could buy of
    P(buy | answered after `fast_minutes`) - P(buy | after `slow_minutes`), everything else as it
    was. `naive_difference` is what a plain comparison sees: the conversion of those answered within
    ten minutes minus that of the rest.
    """
    table = world["conversations"].filter(world["conversations"]["can_buy"])
    logit = table["buy_logit_without_wait"].to_numpy()
    wait = table["wait_minutes"].to_numpy()
    bought = table["bought"].to_numpy(zero_copy_only=False)
    causes = world.causes
    effect = causes.buy_chance(logit, fast_minutes) - causes.buy_chance(logit, slow_minutes)
    fast = wait < 10
    return {
        **causes.as_dict(),
        "agents": {agent.agent_id: agent.skill for agent in world.agents},
        "conversations_that_could_buy": table.num_rows,
        "effect_of_waiting": float(effect.mean()) if table.num_rows else None,
        "naive_difference": (
            float(bought[fast].mean() - bought[~fast].mean())
            if fast.any() and not fast.all()
            else None
        ),
        "mean_buy_chance": float(np.mean(table["buy_chance"].to_numpy())) if len(table) else None,
    }
