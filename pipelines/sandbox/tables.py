"""The tables of one part, made of its columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from pipelines.sandbox import model, texts
from pipelines.sandbox import talks as t
from pipelines.sandbox.calendar import HOUR, Ints
from pipelines.sandbox.part import ID_STRIDE, IDENTITY_SLOTS, THREAD_SLOTS, Part
from pipelines.sandbox.people import Flags
from pipelines.sandbox.pools import AGENT, EMAIL, LANGUAGES, NAME, PHONE, TOPICS, Pools

_EDITED: Final = 0.02
_DELETED: Final = 0.012
_REPLIED: Final = 0.06
_REACTED: Final = 0.015
_TALKATIVE: Final = (0.6, 0.25, 0.15)  # how much each member of a group writes


def customers_table(part: Part) -> pa.Table:
    """The customers of a part."""
    people = part.people
    first = people.first_name
    decorated = pc.binary_join_element_wise(first, pa.scalar(" ☕"), "")
    choice = part.rng.integers(0, 6, size=len(people))
    shown = pc.choose(
        pa.array(np.select([choice < 3, choice < 5], [0, 1], 2)), people.name, first, decorated
    )
    missing = ~people.has_telegram
    number = pa.array(people.number).cast(pa.string())
    return pa.table(
        {
            "customer_id": people.number,
            "name": people.name,
            "language": model.words(LANGUAGES, people.speaks_english.astype(np.int64)),
            "phone": people.phone,
            "email": pc.binary_join_element_wise("client", number, "@mail.example", ""),
            "contact_id": pa.array(people.number + 50_000, mask=~people.has_contact),
            "telegram_user_id": pa.array(people.telegram_user_id, mask=missing),
            "telegram_name": pc.if_else(
                pa.array(missing | people.is_deleted_account), pa.scalar(None, "string"), shown
            ),
            "is_saved_in_telegram": people.is_saved_in_telegram,
            "in_berlin": people.in_berlin,
            "lead_source": people.lead_source,
            "arrived_at": model.instants(people.arrived_at),
        },
        schema=model.CUSTOMERS,
    )


def conversations_table(part: Part, now: int) -> pa.Table:
    """The needs of which something was said; what an answer after now decides is not known yet."""
    books = part.books
    rows = np.unique(part.spoken["talk"])
    rows = rows[rows >= 0]
    chosen = {name: column[rows] for name, column in books.items()}
    answered = ~np.isnan(chosen["wait_minutes"]) & (chosen["first_answered"] <= now)
    is_sales = chosen["topic"] < len(texts.SALES_TOPICS)
    # The helpdesk marks a few conversations with its bot as spam.
    is_spam = (chosen["bot_result"] == 2) & (chosen["identity"] % 7 == 3)
    return pa.table(
        {
            "conversation_id": part.conversation_id(rows),
            "thread_id": chosen["thread"],
            "customer_id": part.people.number[chosen["person"]],
            "topic": model.words(TOPICS, chosen["topic"]),
            "intent": model.words(("service", "sales"), is_sales.astype(np.int64)),
            "is_outbound": chosen["is_outbound"],
            "is_spam": is_spam,
            "tone": chosen["tone"].astype(np.int8),
            "bot_result": model.words(t.BOT_RESULTS, chosen["bot_result"]),
            "begun_at": model.instants(chosen["begun"]),
            "ended_at": model.instants(chosen["ended"]),
            "ends_waiting": chosen["ends_waiting"],
            "first_agent": model.small(chosen["first_agent"]),
            "wait_minutes": pa.array(chosen["wait_minutes"], mask=~answered),
            "heat": chosen["heat"],
            "has_script": chosen["has_script"],
            "can_buy": chosen["can_buy"] & answered,
            "buy_logit_without_wait": chosen["buy_logit_without_wait"],
            "buy_chance": chosen["buy_chance"],
            "bought": chosen["bought"] & answered,
            "back_chance": chosen["back_chance"],
        },
        schema=model.CONVERSATIONS,
    )


def slots_of_people(part: Part, agents: Sequence[str]) -> tuple[pa.Array, int]:
    """What may stand in the slot of a line: nothing, agents, then names, phones, e-mails."""
    people = part.people
    number = pa.array(people.number).cast(pa.string())
    email = pc.binary_join_element_wise("client", number, "@mail.example", "")
    spoken = people.phone  # as the customer types it, without blanks
    first = len(agents) + 1
    return pa.concat_arrays([pa.array(["", *agents]), people.first_name, spoken, email]), first


def slot_numbers(part: Part, kind: NDArray[np.int8], first: int) -> Ints:
    """Place in `slots_of_people` for each message; `kind` is the line's kind of slot."""
    spoken, count = part.spoken, len(part.people)
    person = np.where(spoken["talk"] >= 0, part.books["person"][spoken["talk"]], 0)
    result: Ints = np.select(
        [kind == AGENT, kind == NAME, kind == PHONE, kind == EMAIL],
        [
            np.maximum(spoken["agent"], 0) + 1,
            first + person,
            first + count + person,
            first + 2 * count + person,
        ],
        0,
    )
    return result


def threads_table(part: Part) -> pa.Table:
    """The chats in which something stands; what they are is part of their id."""
    thread = np.unique(part.spoken["thread"])
    kind = thread % THREAD_SLOTS // 1_000
    slot = thread % 1_000 // 100
    owner = np.where(slot == 9, 0, thread % 100) - 1
    customer = thread // THREAD_SLOTS
    in_group = t.IS_GROUP[kind]
    by_whatsapp = t.IS_WHATSAPP[kind]
    draw = part.rng.random(len(thread))
    moscow = np.select([draw < 0.75, draw < 0.9], [0, 1], 2)
    berlin = np.select([draw < 0.4, draw < 0.7], [2, 3], 4)
    layout = np.where(t.IS_BERLIN[kind], berlin, moscow)
    layout = np.where(in_group, 0, layout)
    return pa.table(
        {
            "thread_id": thread,
            "kind": model.words(t.THREAD_KINDS, kind),
            "source": _by_kind(t.KIND_SOURCES, kind),
            "channel_type": _by_kind(t.KIND_CHANNEL_TYPES, kind),
            "team": _by_kind(t.KIND_TEAMS, kind),
            "agent": model.small(owner),
            "customer_id": pa.array(customer, mask=in_group),
            "identity_id": pa.array(customer * IDENTITY_SLOTS + slot, mask=in_group),
            "layout": model.words(model.WHATSAPP_LAYOUTS, np.where(by_whatsapp, layout, -1)),
            "with_media": by_whatsapp & (part.rng.random(len(thread)) < 0.3),
        },
        schema=model.THREADS,
    )


def _by_kind(values: Sequence[str], kind: Ints) -> pa.Array:
    distinct = tuple(dict.fromkeys(values))
    return model.words(distinct, np.array([distinct.index(value) for value in values])[kind])


def identities_table(part: Part, used: pa.ChunkedArray) -> pa.Table:
    """The accounts and numbers that customers wrote from; `used` are their ids in messages."""
    people = part.people
    identity = np.unique(used.drop_null().to_numpy())
    slot, number = identity % IDENTITY_SLOTS, identity // IDENTITY_SLOTS
    row = pa.array(np.searchsorted(people.number, number))
    in_berlin = people.in_berlin[row.to_numpy()]
    saved = pa.array(people.is_saved_in_whatsapp[row.to_numpy()] & (slot > 0))
    user = pc.binary_join_element_wise(
        "user", pa.array(people.telegram_user_id).cast(pa.string()), ""
    )
    book_name = pc.binary_join_element_wise(
        people.name, pa.array(people.number).cast(pa.string()), " "
    )
    phone = pc.if_else(pa.array(slot == 2), people.old_phone.take(row), people.phone.take(row))
    by_telegram = pa.array(slot == 0)
    in_crm = pa.array(people.is_saved_in_telegram).take(row)
    shows_phone = pc.if_else(by_telegram, in_crm, pc.invert(saved))
    address = pc.if_else(by_telegram, user.take(row), pc.if_else(saved, book_name.take(row), phone))
    source = np.where(slot == 0, 0, np.where(in_berlin, 2, 1))
    return pa.table(
        {
            "identity_id": identity,
            "customer_id": number,
            "source": model.words(("telegram", "whatsapp", "whatsapp_berlin"), source),
            "address": address,
            "phone_on_card": pc.if_else(shows_phone, phone, pa.scalar(None, pa.string())),
            "is_named_in_crm": pc.and_(by_telegram, in_crm),
        },
        schema=model.IDENTITIES,
    )


def messages_table(part: Part, pools: Pools, agents: Sequence[str], now: int) -> pa.Table:
    """Everything said, in the order of thread and time."""
    spoken, rng = part.spoken, part.rng
    count = len(spoken["at"])
    thread, at = spoken["thread"], spoken["at"]
    begins = np.flatnonzero(np.r_[True, thread[1:] != thread[:-1]])
    seq = np.arange(count) - np.repeat(begins, np.diff(np.r_[begins, count]))
    is_message = spoken["event"] == t.MESSAGE
    by_person = is_message & (spoken["author"] <= t.AGENT)
    plain = by_person & (spoken["content"] == t.TEXT) & (spoken["courtesy"] == 0)
    follows = _follows(spoken, by_person)
    edited = np.where(plain & (rng.random(count) < _EDITED), at + rng.integers(6, 150, count), now)
    # Only what stands in the middle of a burst, so that its end moves no boundary.
    deletable = follows & plain & (spoken["template"] == 0) & (spoken["event"] == t.MESSAGE)
    deletable &= rng.random(count) < _DELETED * 5
    deleted = np.where(deletable, at + rng.integers(20, HOUR, count), now)
    identity, customer_wrote = _identities(part)
    answers = np.r_[False, by_person[:-1]] & by_person & ~follows & (seq > 0)
    answers &= ~np.r_[False, deleted[:-1] < now] & (rng.random(count) < _REPLIED)
    reacted = (spoken["author"] == t.AGENT) & plain & (rng.random(count) < _REACTED)
    slots, first = slots_of_people(part, agents)
    line = spoken["line"]
    return pa.table(
        {
            "message_id": part.number * ID_STRIDE + np.arange(count),
            "thread_id": thread,
            "seq": seq.astype(np.int32),
            "conversation_id": pa.array(spoken["conversation"], mask=spoken["talk"] < 0),
            "sent_at": model.instants(at),
            "event_type": model.words(t.EVENT_TYPES, spoken["event"]),
            "author_type": model.words(t.AUTHOR_TYPES, spoken["author"]),
            "agent": model.small(spoken["agent"]),
            "identity_id": pa.array(identity, mask=~customer_wrote),
            "content_type": model.words(t.CONTENT_TYPES, spoken["content"]),
            "text": pools.text(line, slots, slot_numbers(part, pools.slot[line], first)),
            "is_template": spoken["template"] == 1,
            "is_courtesy": spoken["courtesy"] == 1,
            "edited_at": model.instants(edited, edited >= now),
            "deleted_at": model.instants(deleted, deleted >= now),
            "reply_to_seq": pa.array((seq - 1).astype(np.int32), mask=~answers),
            "has_reaction": reacted,
            "action": model.words(t.ACTIONS, spoken["action"]),
        },
        schema=model.MESSAGES,
    )


def _follows(spoken: dict[str, NDArray[np.int64]], by_person: Flags) -> Flags:
    """Whether the row before is by the same person in the same private conversation."""
    same = by_person[1:] & by_person[:-1]
    for name in ("talk", "author", "agent"):
        same &= spoken[name][1:] == spoken[name][:-1]
    same &= spoken["courtesy"][:-1] == 0
    kind = spoken["thread"] % THREAD_SLOTS // 1_000
    result: Flags = np.r_[False, same] & ~t.IS_GROUP[kind]
    return result


def _identities(part: Part) -> tuple[Ints, Flags]:
    """Who of the customers wrote each row; in groups the members take turns by chance."""
    spoken, books = part.spoken, part.books
    talk = np.maximum(spoken["talk"], 0)
    identity = books["identity"][talk]
    by_customer = (spoken["author"] == t.CUSTOMER) & (spoken["talk"] >= 0)
    for number, (kind, members) in enumerate(part.groups):
        thread = number * THREAD_SLOTS + kind * 1_000 + 900
        rows = np.flatnonzero((spoken["thread"] == thread) & by_customer)
        if not len(rows):
            continue
        speaker = part.rng.choice(members, size=len(rows), p=_TALKATIVE[: len(members)])
        slot = int(t.IS_WHATSAPP[kind])
        identity[rows] = part.people.number[speaker] * IDENTITY_SLOTS + slot
    return identity, by_customer
