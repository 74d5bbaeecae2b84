"""Where conversations begin and end: rules E1 to E7, walked event by event."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.oracle.courtesy import is_courtesy
from tests.oracle.records import Event, Kind, Row, Rules, Stretch

OURS = (Kind.HUMAN, Kind.TEMPLATE, Kind.BOT)
MESSAGES = (Kind.NEED, Kind.COURTESY, Kind.HUMAN, Kind.TEMPLATE, Kind.BOT)
WAITING = (Kind.NEED, Kind.HANDOFF)
CUSTOMER = (Kind.NEED, Kind.COURTESY)


def kind_of(event: Event) -> Kind:
    """Say what an event does (E2, E3). `reopen` changes nothing, so it is neutral."""
    if event.event_type in ("handoff", "handoff_requested"):
        return Kind.HANDOFF
    if event.event_type == "no_reply_needed":
        return Kind.NO_REPLY
    if event.event_type == "close":
        return Kind.CLOSE
    if event.event_type != "message" or not event.is_public or event.content_type == "reaction":
        return Kind.NEUTRAL
    if event.author_type == "customer":
        return Kind.COURTESY if is_courtesy(event.text) else Kind.NEED
    if event.author_type == "agent":
        return Kind.TEMPLATE if event.is_template else Kind.HUMAN
    return Kind.BOT if event.author_type == "bot" else Kind.NEUTRAL


@dataclass
class Walk:
    """State of the walk over one stream; `endless` streams know no inactivity limit (E7)."""

    rules: Rules
    endless: bool
    stretches: list[Stretch] = field(default_factory=list)
    attempts: list[list[Row]] = field(default_factory=list)
    conversation: Stretch | None = None  # the open one
    closed: Stretch | None = None  # the last closed one
    attempt: list[Row] = field(default_factory=list)  # ours, not answered yet

    def limit(self) -> timedelta:
        """How long after its last message the open conversation lives on (E3, E4)."""
        assert self.conversation is not None
        return timedelta.max if self.endless else limit_of(self.conversation.rows[-1], self.rules)

    def take(self, row: Row) -> None:
        """Place one non-neutral event."""
        if row.kind in (Kind.HANDOFF, Kind.NO_REPLY):
            self.take_control(row)
            return
        self.close_if_silent(row.at)
        if self.conversation is not None:
            if row.kind is not Kind.TEMPLATE:
                self.conversation.rows.append(row)
            if row.kind is Kind.CLOSE:
                self.end(row.at, "explicit")
        elif row.kind in OURS:
            self.take_ours(row)
        elif row.kind in CUSTOMER:
            self.take_customers(row)
        # A close outside every conversation changes nothing.

    def take_control(self, row: Row) -> None:
        """A hand-off or "no reply needed" changes who waits while the last message holds (E4).

        What holds is the limit of that message itself: a "no reply needed" that ended the waiting
        since does not keep a later hand-off out.
        """
        if self.conversation is None:
            return
        last = last_message(self.conversation.rows)
        if self.endless or row.at - last.at <= limit_of(last, self.rules):
            self.conversation.rows.append(row)

    def close_if_silent(self, now: datetime) -> None:
        """Close the open conversation if its limit ran out before this moment (E4)."""
        if self.conversation is None:
            return
        last, limit = last_message(self.conversation.rows), self.limit()
        if now - last.at > limit:
            waiting = self.conversation.rows[-1].kind in WAITING
            self.end(last.at + limit, "abandoned" if waiting else "inactivity")

    def end(self, at: datetime, reason: str) -> None:
        """Close the open conversation."""
        assert self.conversation is not None
        self.conversation.ended_at, self.conversation.end_reason = at, reason
        self.closed, self.conversation = self.conversation, None

    def take_ours(self, row: Row) -> None:
        """An agent's or bot's message outside starts or continues an attempt (E6)."""
        if self.attempt and not self.within_attempt(row):
            self.give_up_attempt()
        self.attempt.append(row)

    def take_customers(self, row: Row) -> None:
        """A customer's message outside: a tail, an answer to an attempt, or a new need."""
        courtesy = row.kind is Kind.COURTESY
        answers_farewell = self.is_farewell() and self.within_attempt(row)
        soon = self.after_close(row) and (self.closed_explicitly() or not self.attempt)
        if courtesy and (soon or answers_farewell):
            assert self.closed is not None
            self.closed.rows.append(row)
            self.closed.tail_ids.add(row.event.message_id)
            return
        if self.attempt and self.within_attempt(row):
            self.open([*self.attempt, row], "us")
            self.attempt = []
        else:
            self.give_up_attempt()
            self.open([row], "customer")

    def open(self, rows: list[Row], initiated_by: str) -> None:
        """Begin a conversation."""
        self.conversation = Stretch(rows, initiated_by)
        self.stretches.append(self.conversation)

    def within_attempt(self, row: Row) -> bool:
        """True iff the row comes within G of the attempt's last message."""
        return self.endless or row.at - self.attempt[-1].at <= self.rules.gap

    def closed_explicitly(self) -> bool:
        """True iff the last closed conversation ended by an explicit close."""
        return self.closed is not None and self.closed.end_reason == "explicit"

    def after_close(self, row: Row) -> bool:
        """True iff the row comes at most G after the last close."""
        if self.closed is None or self.closed.ended_at is None:
            return False
        return row.at - self.closed.ended_at <= self.rules.gap

    def is_farewell(self) -> bool:
        """True iff the pending attempt, left unanswered, belongs to an explicit close."""
        return bool(self.attempt) and self.closed_explicitly() and self.after_close(self.attempt[0])

    def give_up_attempt(self) -> None:
        """The pending attempt stays unanswered: a farewell of the closed conversation, or none."""
        if self.is_farewell():
            assert self.closed is not None
            self.closed.rows.extend(self.attempt)
            self.closed.tail_ids.update(row.event.message_id for row in self.attempt)
        elif self.attempt:
            self.attempts.append(self.attempt)
        self.attempt = []


def limit_of(row: Row, rules: Rules) -> timedelta:
    """The cap while the customer waits after this event, else G (E3)."""
    return rules.cap if row.kind in WAITING else rules.gap


def last_message(rows: list[Row]) -> Row:
    """The last row that is a message: messages measure the gap, events do not (E4)."""
    return [row for row in rows if row.kind in MESSAGES][-1]


def split_stream(
    rows: list[Row], rules: Rules, *, endless: bool
) -> tuple[list[Stretch], list[list[Row]]]:
    """Split the ordered rows of one stream into conversations and unanswered attempts."""
    walk = Walk(rules, endless)
    for row in rows:
        if row.kind is not Kind.NEUTRAL:
            walk.take(row)
    walk.give_up_attempt()
    for stretch in walk.stretches:
        stretch.rows.sort(key=lambda row: row.order)
    outside = {row.order for attempt in walk.attempts for row in attempt}
    candidates = [row for row in rows if row.order not in outside]
    carry_neutral_rows(candidates, walk.stretches, rules, endless=endless)
    return walk.stretches, walk.attempts


def whole_thread(rows: list[Row], rules: Rules) -> tuple[list[Stretch], list[list[Row]]]:
    """Take a thread as one conversation, from its first message by customer, agent or bot (E7)."""
    starts = [i for i, row in enumerate(rows) if row.kind in OURS + CUSTOMER]
    if not starts:
        return [], []
    body = rows[starts[0] :]
    if not any(row.kind in CUSTOMER for row in body):
        return [], [[row for row in body if row.kind in OURS]]
    stretch = Stretch([body[0]], "customer" if body[0].kind in CUSTOMER else "us")
    closed: Row | None = None  # the close that stands: nothing but courtesies within G since
    for row in body[1:]:
        if closed and row.kind in (Kind.HANDOFF, Kind.NO_REPLY):
            stretch.neutral_rows.append(row)
            continue
        if row.kind in (Kind.NEUTRAL, Kind.TEMPLATE):
            stretch.neutral_rows.append(row)
            continue
        stretch.rows.append(row)
        if row.kind is Kind.CLOSE:
            closed = closed or row
        elif not (closed and row.kind is Kind.COURTESY and row.at - closed.at <= rules.gap):
            closed = None
    return [stretch], []


def carry_neutral_rows(
    rows: list[Row], stretches: list[Stretch], rules: Rules, *, endless: bool
) -> None:
    """Give each neutral row the conversation that is open at its moment (E2).

    Rows that were placed nowhere because they do nothing where they stand (control events while
    nothing is open, templates inside a conversation) are neutral too. `rows` comes without the
    messages of unanswered attempts.
    """
    owner = {row.order: stretch for stretch in stretches for row in stretch.rows}
    for row in rows:
        if row.order in owner:
            continue
        begun = [stretch for stretch in stretches if stretch.rows[0].order < row.order]
        if not begun:
            continue
        last = begun[-1]
        if _within_limit(row, last, rules, endless=endless):
            last.neutral_rows.append(row)


def _within_limit(row: Row, stretch: Stretch, rules: Rules, *, endless: bool) -> bool:
    """True iff the conversation has neither been closed nor run out at the row's moment."""
    before = [
        other
        for other in stretch.rows
        if other.order < row.order and other.event.message_id not in stretch.tail_ids
    ]
    if before[-1].kind is Kind.CLOSE:
        return False
    return endless or row.at - last_message(before).at <= limit_of(before[-1], rules)
