"""The metrics of chats, counted by plain loops over what happened."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from pipelines.sandbox.truth_attribution import Credit, credit_figures
from pipelines.sandbox.truth_clock import WorkingTime
from pipelines.sandbox.truth_events import Chat
from pipelines.sandbox.truth_funnel import funnel_figures, participation_figures, touched_figures
from pipelines.sandbox.truth_money import (
    LEAD_WINDOW,
    PURCHASE_WINDOW,
    Outcomes,
    mean,
    percentile,
    share,
    total,
)
from pipelines.sandbox.truth_rules import (
    TARGET,
    Attempt,
    Conversation,
    Wait,
    deadline_status,
    human_answers,
)

Figures = dict[str, float | None]

_SESSION_GAP: Final = 30 * 60


@dataclass(slots=True)
class Happened:
    """Everything that the metrics count, as one road shows it at one moment."""

    as_of: int
    chats: list[Chat]
    conversations: list[Conversation]
    attempts: list[Attempt]
    outcomes: Outcomes
    credits: list[Credit]
    clocks: dict[str, WorkingTime]
    uncertain_efforts: int  # messages of one agent in two chats at one instant


def conversation_figures(happened: Happened, every: list[Conversation]) -> Figures:
    """Metrics of conversations by their start."""
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
        **credit_figures(happened.credits, every),
        "sales_conversations_started": len(buyers),
        **funnel_figures(outcomes, for_purchase),
        **touched_figures(outcomes, every),
        **participation_figures(rows),
    }


def _dialog_seconds(conversation: Conversation) -> int:
    said = [e.at for e in conversation.events if e.kind in ("customer", "agent", "bot")]
    return max(said) - conversation.started if said else 0


def speed_figures(happened: Happened, every: list[Conversation]) -> Figures:
    """Metrics of the first response and its target."""
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
        **median_waits(happened, first),
        **_within("frt_within_target", "first_responses_decided", first, happened),
        "frt_business_zero_share": share(zero, len(answered)),
        **_views(rows),
        "sla_targets": decided,
        "sla_breached": status.count("breached"),
        "sla_breach_rate": share(status.count("breached"), decided),
    }


def median_waits(happened: Happened, first: list[tuple[Conversation, Wait]]) -> Figures:
    """The time by which half of those who wait have an answer (Kaplan and Meier), on both clocks.

    A wait without an answer lasts until it was stopped, the conversation was over, or now.
    """
    found: dict[str, list[tuple[int, bool]]] = {"": [], "_business": []}
    for item, wait in first:
        ends = (end for end in (wait.replied, wait.stopped, item.closed) if end is not None)
        until = wait.replied or min([*ends, happened.as_of])
        clock = happened.clocks[item.chat.team]
        answered = wait.replied is not None
        found[""].append((until - wait.since, answered))
        found["_business"].append((clock.between(wait.since, until), answered))
    return {f"frt_km_p50{suffix}": _half_answered(waits) for suffix, waits in found.items()}


def _half_answered(waits: list[tuple[int, bool]]) -> float | None:
    """When the product of the shares that go on waiting falls to a half."""
    steps = sorted((_three_digits(seconds), answered) for seconds, answered in waits)
    waiting, share_left = len(steps), 1.0
    for moment in sorted({moment for moment, _ in steps}):
        ended = [answered for at, answered in steps if at == moment]
        share_left *= 1 - sum(ended) / waiting
        if share_left <= 0.5 + 1e-12:
            return moment
        waiting -= len(ended)
    return None


def _three_digits(seconds: int) -> int:
    """Waits are compared by their first three digits: a second, ten seconds, some minutes."""
    step = 1 if seconds < 1_000 else 10 if seconds < 10_000 else 100 if seconds < 100_000 else 1_000
    return seconds - seconds % step


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


def reply_figures(happened: Happened, every: list[Conversation]) -> Figures:
    """Metrics of every wait for a human."""
    waits = [(item, wait) for item in every for wait in item.waits]
    answered = [(item, wait) for item, wait in waits if wait.replied is not None]
    calendar = [(wait.replied or 0) - wait.since for _, wait in answered]
    working = [
        happened.clocks[item.chat.team].between(wait.since, wait.replied or 0)
        for item, wait in answered
    ]
    return {
        "waits": len(waits),
        "replies": len(answered),
        "reply_rate": share(len(answered), len(waits)),
        **_durations("reply_time", calendar, (0.5, 0.9)),
        **_durations("reply_time", working, (0.5, 0.9), "_business"),
        **_within("reply_within_target", "waits_decided", waits, happened),
    }


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
                counts[suffix] = [count + 1, in_time + (wait.replied <= due[suffix])]
            elif due[suffix] <= happened.as_of:
                counts[suffix] = [count + 1, in_time]
    found: Figures = {}
    for suffix, (count, in_time) in counts.items():
        found[f"{decided}{suffix}"] = count
        found[f"{name}{suffix}"] = share(in_time, count)
    return found


def attempt_figures(attempts: list[Attempt]) -> Figures:
    """Metrics of our first words to customers."""
    replies = sorted(item.replied - item.started for item in attempts if item.replied is not None)
    return {
        "outbound_attempts": len(attempts),
        "outbound_reply_rate": share(len(replies), len(attempts)),
        "outbound_reply_time_p50": percentile(replies, 0.5),
    }


def message_figures(chats: list[Chat]) -> Figures:
    """Metrics of messages."""
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


def session_figures(chats: list[Chat]) -> Figures:
    """Metrics of bursts of activity: a pause of more than half an hour begins the next."""
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
