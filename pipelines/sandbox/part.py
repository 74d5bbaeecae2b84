"""One part of a world: a block of customers with a seed of its own, from needs to tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.sandbox import talks as t
from pipelines.sandbox.calendar import DAY, HOUR, Ints, Shifts, WallClock
from pipelines.sandbox.causes import Causes
from pipelines.sandbox.needs import AFTER_NEGLECT, AFTER_OURS, Needs
from pipelines.sandbox.people import Flags, People, make_people
from pipelines.sandbox.pools import Pools
from pipelines.sandbox.rhythm import Rhythm

# Measured: messages that one customer writes and gets in the period, and how much fewer in a
# short one. A part draws more customers than it needs and keeps the first ones.
_PER_CUSTOMER: Final = 26.0
_SPARE: Final = 1.5
_GROUP_SHARE: Final = 0.08
_CONVERSATION_MESSAGES: Final = 9
_GROUPS: Final = ((t.GROUP, 3), (t.GROUP, 3), (t.WHATSAPP_GROUP, 3))
_BROADCAST_DAYS: Final = (0.2, 0.45, 0.7, 0.9)
# Ids leave room for a part: at most this many conversations, messages, deals in each.
ID_STRIDE: Final = 10**8
IDENTITY_SLOTS: Final = 4
THREAD_SLOTS: Final = 10_000


@dataclass(frozen=True, slots=True)
class Frame:
    """What all parts of a world share."""

    first_day: date
    until: date
    begin: int
    end: int  # of the last local day: what is drawn does not depend on `now`
    now: int
    causes: Causes
    shifts: Shifts
    rhythm: Rhythm
    clocks: tuple[WallClock, WallClock]
    pools: Pools


@dataclass(slots=True)
class Part:
    """The people, the books and the sorted log of a part; `spoken` are columns per message."""

    number: int
    people: People
    books: dict[str, NDArray[Any]]
    spoken: dict[str, NDArray[Any]]
    rng: np.random.Generator

    groups: list[tuple[int, Ints]]

    def conversation_id(self, talk: Ints) -> Ints:
        """Ids of needs."""
        return self.number * ID_STRIDE + talk


def make_part(frame: Frame, number: int, size: int, seed: np.random.SeedSequence) -> Part:
    """Make about `size` messages of customers who write to nobody outside this part."""
    rng = np.random.default_rng(seed)
    count = max(24, int(size / _PER_CUSTOMER * _SPARE) + 8)
    in_berlin = np.zeros(count, dtype=np.bool_)
    day = frame.rhythm.arrivals(rng, count)
    arrived = frame.rhythm.moments(rng, day, frame.clocks, in_berlin)
    people = make_people(rng, number, arrived, frame.begin, frame.end)
    needs = Needs(
        rng, people, frame.shifts, frame.rhythm, frame.clocks, frame.causes, frame.pools, frame.end
    )
    groups = _groups(people) if number == 0 else []
    for kind, members in groups:
        share = size * _GROUP_SHARE / len(groups) / _CONVERSATION_MESSAGES
        needs.lead_group(kind, members, int(np.clip(share, 2, 110)), frame.begin)
    needs.lead_all()
    part = Part(number, people, needs.books.joined(), needs.log.columns(), rng, groups)
    _place(part)
    _cut(part, frame, size)
    _add_notices(part, frame)
    _sort(part)
    return part


def _groups(people: People) -> list[tuple[int, Ints]]:
    """Three groups of three customers, who are customers on their own as well."""
    found = []
    free_telegram = np.flatnonzero(people.has_telegram & ~people.in_berlin)
    free_whatsapp = np.flatnonzero(
        people.has_whatsapp & ~people.in_berlin & (people.phone_changed_at == 2**60)
    )
    for kind, count in _GROUPS:
        if kind == t.GROUP:
            members, free_telegram = free_telegram[:count], free_telegram[count:]
        else:
            members, free_whatsapp = free_whatsapp[:count], free_whatsapp[count:]
        found.append((kind, members))
    return found


def _place(part: Part) -> None:
    """Decide thread and identity of each need."""
    people, books = part.people, part.books
    person, kind = books["person"], books["kind"]
    by_whatsapp = t.IS_WHATSAPP[kind]
    changed = by_whatsapp & (books["begun"] >= people.phone_changed_at[person])
    has_old = people.phone_changed_at[person] < 2**60
    # 0: the Telegram account; 1: the number of today; 2: the number before.
    slot = np.where(by_whatsapp, np.where(has_old & ~changed, 2, 1), 0)
    customer = people.number[person]
    books["identity"] = customer * IDENTITY_SLOTS + slot
    books["thread"] = customer * THREAD_SLOTS + kind * 1_000 + slot * 100 + books["owner"] + 1
    order = np.arange(len(person))
    books["is_kept"] = np.ones(len(person), dtype=np.bool_)
    for number, (group_kind, members) in enumerate(part.groups):
        rows = order[(kind == group_kind) & (person == members[0])] if len(members) else order[:0]
        books["thread"][rows] = number * THREAD_SLOTS + group_kind * 1_000 + 900
        free_at = 0
        for row in rows[np.argsort(books["begun"][rows], kind="stable")]:
            if books["begun"][row] < free_at:
                books["is_kept"][row] = False
                continue
            pause = AFTER_NEGLECT if books["ends_waiting"][row] else AFTER_OURS
            free_at = int(books["ended"][row]) + pause


def _cut(part: Part, frame: Frame, size: int) -> None:
    """Forget what comes after now, and the customers that the size does not need."""
    people, books, spoken = part.people, part.books, part.spoken
    talk = spoken["talk"]
    kept = (spoken["at"] <= frame.end) & books["is_kept"][talk]
    is_message = kept & (spoken["event"] == t.MESSAGE)
    in_group = t.IS_GROUP[books["kind"]]
    person = books["person"]
    own = is_message & ~in_group[talk]
    by_person = np.bincount(person[talk[own]], minlength=len(people))
    total = np.cumsum(by_person) + int((is_message & in_group[talk]).sum())
    last = int(np.searchsorted(total, size)) + 1
    # A shared phone needs the one whose phone it is; that one stands before.
    needed = max(last, 12) if part.number == 0 else last
    kept &= (spoken["at"] <= frame.now) & ((person[talk] < needed) | in_group[talk])
    # A few more are known to the CRM only.
    wanted = max(needed + needed // 25 + 2, _last_member(books, in_group))
    part.people = _first(people, min(wanted, len(people)))
    part.spoken = {name: column[kept] for name, column in spoken.items()}


def _last_member(books: dict[str, NDArray[Any]], in_group: Flags) -> int:
    # Members are among the first customers; three of a kind are found in the first forty.
    return int(books["person"][in_group].max(initial=0)) + 40 if in_group.any() else 0


def _first(people: People, count: int) -> People:
    values = {name: getattr(people, name) for name in People.__slots__}
    return People(**{name: value[:count] for name, value in values.items()})


def _add_notices(part: Part, frame: Frame) -> None:
    """Rows that belong to no need: notices of WhatsApp, of groups, and broadcasts."""
    books, spoken = part.books, part.spoken
    thread = books["thread"][spoken["talk"]]
    found, first = np.unique(thread, return_index=True)
    begun = np.full(len(found), np.iinfo(np.int64).max)
    np.minimum.at(begun, np.searchsorted(found, thread), spoken["at"])
    kind = books["kind"][spoken["talk"][first]]
    spoken["thread"] = thread
    spoken["conversation"] = part.conversation_id(spoken["talk"])
    whatsapp = np.flatnonzero(t.IS_WHATSAPP[kind])
    minute = begun[whatsapp] // 60 * 60 - 60
    _append(part, found[whatsapp], minute, t.SYSTEM, event=t.SERVICE, action=2)
    grouped = np.flatnonzero(t.IS_GROUP[kind])
    _append(part, found[grouped], begun[grouped] - 50, t.SYSTEM, event=t.SERVICE, action=1)
    helpdesk = np.flatnonzero(kind == t.HELPDESK)
    span = (frame.now - frame.begin) // DAY
    for number, share in enumerate(_BROADCAST_DAYS):
        at = frame.begin + int(span * share) * DAY + 8 * HOUR
        old = helpdesk[begun[helpdesk] < at]
        told = old[part.rng.random(len(old)) < 0.15]
        moments = at + np.arange(len(told)) % 600
        sub = np.full(len(told), number)
        line = frame.pools.draw(part.rng, "broadcast", len(told), 0, sub)
        sent = moments <= frame.now
        _append(part, found[told[sent]], moments[sent], t.BROADCAST, line=line[sent])


def _append(
    part: Part, thread: Ints, at: Ints, author: int, *, line: Ints | int = 0,
    event: int = t.MESSAGE, action: int = -1,
) -> None:  # fmt: skip
    count = len(thread)
    values: dict[str, Any] = {
        "talk": -1, "at": at, "author": author, "agent": -1, "line": line, "content": t.TEXT,
        "event": event, "template": 0, "courtesy": 0, "action": action, "thread": thread,
        "conversation": -1,
    }  # fmt: skip
    for name, value in values.items():
        column = np.broadcast_to(np.asarray(value, dtype=np.int64), (count,))
        part.spoken[name] = np.concatenate([part.spoken[name], column])


def _sort(part: Part) -> None:
    """Order by thread and time; what is said in one second keeps the order of saying."""
    spoken = part.spoken
    # Notices stand before the first message of their minute, hence the author decides last.
    order = np.lexsort((np.arange(len(spoken["at"])), spoken["at"], spoken["thread"]))
    part.spoken = {name: column[order] for name, column in spoken.items()}
