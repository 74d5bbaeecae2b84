"""Sessions of a thread and the estimated effort of agents: rules T2 and T3."""

from __future__ import annotations

from tests.oracle.boundaries import CUSTOMER, kind_of
from tests.oracle.records import Event, Kind, Row, Rules, Session, Stretch, whole_seconds


def sessions_of(rows: list[Row], rules: Rules) -> list[Session]:
    """Cut the ordered rows of one thread wherever two messages lie more than the gap apart."""
    bursts: list[list[Row]] = []
    for row in rows:
        if row.event.event_type != "message":
            continue
        if bursts and row.at - bursts[-1][-1].at <= rules.session_gap:
            bursts[-1].append(row)
        else:
            bursts.append([row])
    return [
        Session(
            source_slug=burst[0].event.source_slug,
            thread_id=burst[0].event.thread_id,
            first_message_id=burst[0].event.message_id,
            started_at=burst[0].at,
            ended_at=burst[-1].at,
            length_seconds=whole_seconds(burst[0].at, burst[-1].at),
            message_count=len(burst),
            is_customer_active=any(row.kind in CUSTOMER for row in burst),
        )
        for burst in bursts
    ]


def effort_of(
    events: list[Event], stretches: list[Stretch], rules: Rules
) -> dict[tuple[str, str, str], int]:
    """Estimate the seconds behind every public agent's message, by (source, thread, message)."""
    customer_before = _customers_last_message(stretches)
    previous: dict[tuple[str, str], Row] = {}
    effort: dict[tuple[str, str, str], int] = {}
    for event in sorted(
        events, key=lambda e: (e.sent_at, e.thread_id, e.message_seq, e.message_id)
    ):
        row = Row(event, kind_of(event))
        if row.kind is not Kind.HUMAN:
            continue
        mine = previous.get((event.source_slug, event.author_id)) if event.author_id else None
        key = (event.source_slug, event.thread_id, event.message_id)
        effort[key] = _effort(row, mine, customer_before.get(key), rules)
        if event.author_id:
            previous[(event.source_slug, event.author_id)] = row
    return effort


def _effort(row: Row, mine: Row | None, customers: Row | None, rules: Rules) -> int:
    """Effort of one message from the agent's previous one and the customer's last one."""
    before = [other.at for other in (mine, customers) if other is not None]
    if before and row.at - max(before) <= rules.effort_cap:
        return whole_seconds(max(before), row.at)
    typing = len(row.event.text or "") // rules.typing_characters_per_second
    typing = max(rules.typing_floor_seconds, min(typing, int(rules.effort_cap.total_seconds())))
    return typing if mine is None else min(typing, whole_seconds(mine.at, row.at))


def _customers_last_message(stretches: list[Stretch]) -> dict[tuple[str, str, str], Row]:
    """For every agent's message of a conversation, the customer's last message before it."""
    found: dict[tuple[str, str, str], Row] = {}
    for stretch in stretches:
        last: Row | None = None
        for row in stretch.rows:
            if row.kind in CUSTOMER:
                last = row
            elif row.kind is Kind.HUMAN and last is not None:
                event = row.event
                found[(event.source_slug, event.thread_id, event.message_id)] = last
    return found
