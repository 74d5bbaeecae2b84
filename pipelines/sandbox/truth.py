"""The world's figures, counted by plain code over its own events.

Nothing here knows the warehouse: a connector or a model is right when it arrives at these numbers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from decimal import Decimal
from statistics import fmean, median

from pipelines.sandbox.model import Conversation, World

Figures = dict[str, float | int]


def compute(world: World) -> Figures:
    """Return the figures by name; money in roubles, durations in seconds.

    Conversations follow the rules of docs/DECISIONS.md; the gaps of the world leave no doubt at the
    default inactivity gap. `customers_who_wrote` counts people, `customer_identities_who_wrote`
    counts their accounts in each messenger. A bot's conversation awaits a human from the first
    message after the hand-off.
    """
    return {
        **_messages(world),
        **_threads(world),
        **_conversations(world),
        **_business(world),
    }


def _messages(world: World) -> Figures:
    figures: Figures = {
        "messages": sum(1 for row in world.messages if row.author_type != "system"),
        "service_rows": sum(1 for row in world.messages if row.author_type == "system"),
        "messages_in": sum(1 for row in world.messages if row.author_type == "customer"),
        "messages_out": sum(1 for row in world.messages if row.author_type == "agent"),
        "messages_edited": sum(1 for row in world.messages if row.edited_at),
        "bot_fallbacks": sum(1 for row in world.messages if row.is_bot_fallback),
        "bot_handoffs": sum(1 for row in world.messages if row.is_handoff),
    }
    counts = Counter((row.source, row.author_type) for row in world.messages)
    for (source, author_type), count in sorted(counts.items()):
        figures[f"messages_{source}_{author_type}"] = count
    return figures


def _threads(world: World) -> Figures:
    writers = {
        (row.source, row.customer_id) for row in world.messages if row.author_type == "customer"
    }
    kinds = Counter(row.kind for row in world.threads)
    return {
        "threads": len(world.threads),
        "threads_telegram": sum(1 for row in world.threads if row.source == "telegram"),
        "threads_whatsapp": sum(1 for row in world.threads if row.source == "whatsapp"),
        "threads_group": kinds["group"] + kinds["whatsapp_group"],
        "threads_helpdesk": kinds["helpdesk"],
        "customers_who_wrote": len({customer for _, customer in writers}),
        "customer_identities_who_wrote": len(writers),
    }


def _conversations(world: World) -> Figures:
    rows = world.conversations
    # Groups and outbound talks have rules of their own: the plain figures are about the rest.
    inbound = [row for row in rows if row.initiated_by == "customer"]
    direct = [row for row in inbound if row.kind != "helpdesk"]
    waits = [wait for row in direct if (wait := _wait(row)) is not None]
    results = Counter(row.bot_result for row in rows)
    return {
        "conversations": len(rows),
        "conversations_started": len(inbound),
        "conversations_initiated_by_us": len(rows) - len(inbound),
        "conversations_telegram": _count(row.source == "telegram" for row in rows),
        "conversations_whatsapp": _count(row.source == "whatsapp" for row in rows),
        "conversations_sales": _count(row.intent == "sales" for row in rows),
        "conversations_service": _count(row.intent == "service" for row in rows),
        "conversations_group": _count(row.kind in ("group", "whatsapp_group") for row in rows),
        "conversations_bot": _count(row.kind == "helpdesk" for row in rows),
        "conversations_bot_contained": results["contained"],
        "conversations_bot_escalated": results["escalated"],
        "conversations_bot_abandoned": results["abandoned"],
        # Without the bot's: there "unanswered" depends on how the hand-off is told.
        "direct_conversations": len(direct),
        "direct_conversations_answered": len(waits),
        "direct_conversations_unanswered": len(direct) - len(waits),
        "direct_first_response_seconds_mean": fmean(waits) if waits else 0.0,
        "direct_first_response_seconds_median": median(waits) if waits else 0.0,
        "outbound_attempts": len(world.attempts),
        "outbound_attempts_answered": _count(row.answered_at is not None for row in world.attempts),
    }


def _wait(row: Conversation) -> float | None:
    if row.waiting_since is None or row.first_answered_at is None:
        return None
    return (row.first_answered_at - row.waiting_since).total_seconds()


def _business(world: World) -> Figures:
    status = Counter(row.status for row in world.deals)
    ratings = [row.score for row in world.ratings if row.survey_type == "csat"]
    return {
        "contacts": _count(row.contact_id is not None for row in world.customers),
        "deals": len(world.deals),
        "deals_open": status["open"],
        "deals_won": status["won"],
        "deals_lost": status["lost"],
        "deals_from_chats": _count(row.conversation_id is not None for row in world.deals),
        "deal_events": len(world.deal_events),
        "deals_won_amount": _money(row.amount for row in world.deals if row.status == "won"),
        "payments": _count(row.payment_type == "payment" for row in world.payments),
        "refunds": _count(row.payment_type == "refund" for row in world.payments),
        "paid_amount": _money(r.amount for r in world.payments if r.payment_type == "payment"),
        "refunded_amount": _money(r.amount for r in world.payments if r.payment_type == "refund"),
        "spend_amount": _money(row.amount for row in world.spend),
        "ratings": len(world.ratings),
        "csat_answers": len(ratings),
        "csat_positive": _count(score >= 4 for score in ratings),
        "nps_answers": len(world.ratings) - len(ratings),
    }


def _count(hits: Iterable[bool]) -> int:
    return sum(1 for hit in hits if hit)


def _money(amounts: Iterable[Decimal]) -> float:
    return float(sum(amounts, Decimal(0)))
