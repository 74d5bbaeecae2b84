"""The true value of every metric, counted from the world's own events by plain loops.

Nothing here knows the warehouse or its models: a connector or a model is right when it arrives at
these numbers. Where the definitions leave a choice, docs/DECISIONS.md is followed. Keys are the ids
of `otvet metrics`; seconds, shares and money are as there; null is "no rows".
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np

from pipelines.sandbox.company import TEAMS
from pipelines.sandbox.model import World
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
from pipelines.sandbox.truth_money import (
    LEAD_WINDOW,
    PURCHASE_WINDOW,
    Outcomes,
    mean,
    money_figures,
    outcomes_of,
    percentile,
    read_ledger,
    share,
    total,
)
from pipelines.sandbox.truth_people import recognised_customers
from pipelines.sandbox.truth_rules import (
    TARGET,
    Attempt,
    Conversation,
    Wait,
    add_efforts,
    conversation_of,
    deadline_status,
    human_answers,
)

Figures = dict[str, float | None]

# Metrics that the world cannot state, with the reason. None so far.
NOT_STATED: Final[dict[str, str]] = {}
# Metrics that cannot be asked for one messenger only: people and CRM rows belong to no messenger.
OF_NO_MESSENGER: Final = frozenset({"contactable_customers", "active_user_share"})
_SESSION_GAP: Final = 30 * 60


@dataclass(slots=True)
class Happened:
    """Everything that the metrics count, as one road shows it at one moment."""

    as_of: int
    chats: list[Chat]
    conversations: list[Conversation]
    attempts: list[Attempt]
    outcomes: Outcomes
    clocks: dict[str, WorkingTime]
    uncertain_efforts: int  # messages of one agent in two chats at one instant


def observe(world: World, view: View = EXPORTS, as_of: datetime | None = None) -> Happened:
    """Derive conversations, waits and outcomes; `as_of` stands for now (default: the world's)."""
    moment = int((as_of or world.now).timestamp())
    chats = read_chats(world, view, recognised_customers(world))
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
    outcomes = outcomes_of(read_ledger(world), conversations)
    return Happened(moment, chats, conversations, attempts, outcomes, clocks, ties)


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
        **_conversation_figures(happened, conversations),
        **_speed_figures(happened, conversations),
        **_reply_figures(happened, conversations),
        **_attempt_figures([item for item in happened.attempts if chosen(item.chat)]),
        **_message_figures(chats),
        **_session_figures(chats),
    }
    if channel_type is None:
        figures |= money_figures(read_ledger(world))
        figures["contactable_customers"] = figures["active_customers"]
        figures["active_user_share"] = share(
            figures["active_customers"] or 0, figures["contactable_customers"] or 0
        )
    return figures


def _conversation_figures(happened: Happened, every: list[Conversation]) -> Figures:
    as_of, outcomes = happened.as_of, happened.outcomes
    rows = [item for item in every if not item.is_spam]
    inbound = [item for item in rows if not item.initiated_by_us]
    buyers = [item for item in inbound if item.intent != "service"]
    for_lead = [item for item in buyers if item.started + LEAD_WINDOW <= as_of]
    for_purchase = [item for item in buyers if item.started + PURCHASE_WINDOW <= as_of]
    closed = [item for item in rows if item.closed is not None]
    resolution = [(item.closed or 0) - item.started for item in closed]
    working = [
        happened.clocks[item.chat.team].between(item.started, item.closed or 0) for item in closed
    ]
    efforts = [item.effort for item in rows if item.effort is not None]
    served = {item.customer for item in rows if human_answers(item) and item.customer}
    money = [outcomes.attributed[item.need] for item in every if item.need in outcomes.attributed]
    return {
        "conversations": len(every),
        "conversations_excluded": len(every) - len(rows),
        "conversations_started": len(inbound),
        "conversations_outbound": len(rows) - len(inbound),
        "conversations_finished": len(closed),
        "conversations_with_effort": len(efforts),
        "customers_served": len(served),
        "aht_active": mean(efforts),
        "aht_active_p50": percentile(sorted(efforts), 0.5),
        **_durations("dialog_duration", [_dialog_seconds(item) for item in rows], (0.5, 0.9)),
        **_durations("resolution_time", resolution, (0.5,)),
        **_durations("resolution_time", working, (0.5,), "_business"),
        "sales_conversations_matured": len(for_lead),
        "sales_conversations_matured_for_payment": len(for_purchase),
        "conv_to_lead": share(
            sum(item.need in outcomes.has_lead for item in for_lead), len(for_lead)
        ),
        "conv_to_purchase": share(
            sum(item.need in outcomes.has_purchase for item in for_purchase), len(for_purchase)
        ),
        "attributed_revenue": total(money),
    }


def _dialog_seconds(conversation: Conversation) -> int:
    said = [e.at for e in conversation.events if e.kind in ("customer", "agent", "bot")]
    return max(said) - conversation.started if said else 0


def _speed_figures(happened: Happened, every: list[Conversation]) -> Figures:
    rows = [item for item in every if not item.is_spam]
    first = [(item, wait) for item in rows if (wait := item.first_wait) is not None]
    answered = [(item, wait) for item, wait in first if wait.replied is not None]
    calendar = [(wait.replied or 0) - wait.since for _, wait in answered]
    working = [
        happened.clocks[item.chat.team].between(wait.since, wait.replied or 0)
        for item, wait in answered
    ]
    zero = sum(w == 0 and c > 0 for w, c in zip(working, calendar, strict=True))
    status = [
        deadline_status(item, wait, happened.clocks[item.chat.team], happened.as_of)
        for item in every
        if (wait := item.first_wait) is not None
    ]
    decided = len(status) - status.count("running")
    return {
        "conversations_awaiting": len(first),
        "first_responses": len(answered),
        "unanswered": len(first) - len(answered),
        "open_unanswered": sum(
            item.closed is None and wait.replied is None for item, wait in first
        ),
        "answered_rate": share(len(answered), len(first)),
        **_frt(calendar, ""),
        **_frt(working, "_business"),
        **_within("frt_within_target", "first_responses_decided", first, happened),
        "frt_business_zero_share": share(zero, len(answered)),
        **_views(rows),
        "sla_targets": decided,
        "sla_breached": status.count("breached"),
        "sla_breach_rate": share(status.count("breached"), decided),
    }


def _frt(values: list[int], suffix: str) -> Figures:
    found = _durations("frt", values, (0.5, 0.9), suffix)
    found[f"afrt{suffix}"] = found.pop(f"frt{suffix}")
    return found


def _views(rows: list[Conversation]) -> Figures:
    """From the customer's very first message to a human, a bot, the first of both (R4)."""
    by_human, by_bot, by_any = [], [], []
    for item in rows:
        asked = next(e for e in item.events if e.kind in ("customer", "courtesy"))
        human = next((e.at for e in human_answers(item) if e.place > asked.place), None)
        bot = next((e.at for e in item.events if e.kind == "bot" and e.place > asked.place), None)
        if human is not None:
            by_human.append(human - asked.at)
        if bot is not None:
            by_bot.append(bot - asked.at)
        answers = [at for at in (human, bot) if at is not None]
        if answers:
            by_any.append(min(answers) - asked.at)
    return {
        "frt_customer_view": mean(by_human),
        "frt_customer_view_p50": percentile(sorted(by_human), 0.5),
        "frt_bot": percentile(sorted(by_bot), 0.5),
        "frt_any": percentile(sorted(by_any), 0.5),
    }


def _reply_figures(happened: Happened, every: list[Conversation]) -> Figures:
    waits = [(item, wait) for item in every for wait in item.waits]
    answered = [(item, wait) for item, wait in waits if wait.replied is not None]
    calendar = [(wait.replied or 0) - wait.since for _, wait in answered]
    working = [
        happened.clocks[item.chat.team].between(wait.since, wait.replied or 0)
        for item, wait in answered
    ]
    found: Figures = {
        "waits": len(waits),
        "replies": len(answered),
        "reply_rate": share(len(answered), len(waits)),
        **_durations("reply_time", calendar, (0.5, 0.9)),
        **_durations("reply_time", working, (0.5, 0.9), "_business"),
        **_within("reply_within_target", "decided", waits, happened),
    }
    del found["decided"], found["decided_business"]
    return found


def _within(
    name: str, decided: str, waits: list[tuple[Conversation, Wait]], happened: Happened
) -> Figures:
    """The share of waits answered in time among those whose outcome is known, on both clocks."""
    counts = {"": [0, 0], "_business": [0, 0]}
    for item, wait in waits:
        clock = happened.clocks[item.chat.team]
        due = {"": wait.since + TARGET, "_business": clock.due(wait.since, TARGET)}
        for suffix, (count, in_time) in counts.items():
            if wait.replied is not None:
                took = (
                    clock.between(wait.since, wait.replied) if suffix else wait.replied - wait.since
                )
                counts[suffix] = [count + 1, in_time + (took <= TARGET)]
            elif due[suffix] <= happened.as_of:
                counts[suffix] = [count + 1, in_time]
    found: Figures = {}
    for suffix, (count, in_time) in counts.items():
        found[f"{decided}{suffix}"] = count
        found[f"{name}{suffix}"] = share(in_time, count)
    return found


def _attempt_figures(attempts: list[Attempt]) -> Figures:
    replies = sorted(item.replied - item.started for item in attempts if item.replied is not None)
    return {
        "outbound_attempts": len(attempts),
        "outbound_reply_rate": share(len(replies), len(attempts)),
        "outbound_reply_time_p50": percentile(replies, 0.5),
    }


def _message_figures(chats: list[Chat]) -> Figures:
    messages = [event for chat in chats for event in chat.events if event.is_message]
    authors = [event.author_type for event in messages]
    return {
        "messages_total": sum(author != "system" for author in authors),
        "messages_in": authors.count("customer"),
        "messages_out": authors.count("agent"),
        "messages_bot": authors.count("bot"),
        "messages_unknown_author": 0,
        "active_customers": len({e.customer for e in messages if e.author_type == "customer"}),
        "active_agents": len({e.agent for e in messages if e.author_type == "agent"}),
    }


def _session_figures(chats: list[Chat]) -> Figures:
    lengths, singles = [], 0
    for chat in chats:
        session: list[tuple[int, bool]] = []
        for event in [*(event for event in chat.events if event.is_message), None]:
            if event is None or (session and event.at - session[-1][0] > _SESSION_GAP):
                if any(by_customer for _, by_customer in session):
                    lengths.append(session[-1][0] - session[0][0])
                    singles += len(session) == 1
                session = []
            if event is not None:
                session.append((event.at, event.kind in ("customer", "courtesy")))
    return {
        "sessions": len(lengths),
        "session_length": percentile(sorted(lengths), 0.5),
        "session_length_mean": mean(lengths),
        "single_message_session_share": share(singles, len(lengths)),
    }


def _durations(
    name: str, values: Iterable[int], fractions: tuple[float, ...], suffix: str = ""
) -> Figures:
    found = sorted(values)
    figures: Figures = {f"{name}{suffix}": mean(found)}
    for fraction in fractions:
        figures[f"{name}_p{round(fraction * 100)}{suffix}"] = percentile(found, fraction)
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
