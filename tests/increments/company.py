"""A random company as rows of the raw tables, load by load: what a home may see in sixty days.

Besides new messages, loads bring late ones, edits (of text, author or moment), deletions, exports
that were loaded before, contact cards that merge two authors, people who turn out to be staff (or
to have left), what a source says of its chats, deals, payments and ratings. Agents write to several
chats within seconds, so that efforts reach from chat to chat.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from pipelines.sources._common.contracts import stable_hash

START = datetime(2026, 1, 5, tzinfo=UTC)
Row = dict[str, Any]

# source -> raw dataset, rule, mode, whether messages state their author's type
SOURCES: dict[str, tuple[str, str, str, bool]] = {
    "phone": ("raw_telegram_export", "roster", "gap", False),
    "mobile": ("raw_whatsapp_export", "anyone_but_asker", "gap", False),
    "late_mobile": ("raw_whatsapp_export", "roster", "gap", False),
    "desk": ("raw_tabular", "author_type", "gap", True),
    "forum": ("raw_tabular", "anyone_but_asker", "thread", False),
}
AGENTS = tuple(f"agent{number}" for number in range(4))
_ASKED = ("Сколько стоит?", "Здравствуйте", "Где мой заказ", "спасибо", "ок", "How much is it?")
_SAID = ("Сто рублей", "Завтра, хорошо?", "Готово", "Отправили вам счёт, посмотрите, пожалуйста")
_PAUSES = (
    0, 0, 1, 7, 59, 60, 120, 299, 300, 301, 599, 600, 601, 1800, 1801, 7_200, 40_000,
    86_399, 86_400, 86_401, 200_000, 604_799, 604_800, 604_801,
)  # fmt: skip
_EVENTS = ("close", "handoff_requested", "handoff", "no_reply_needed", "reopen", "assignment")


@dataclass
class Load:
    """One day: the moment of its build and the rows that arrive, by table (`dataset.entity`)."""

    number: int
    as_of: datetime
    rows: dict[str, list[Row]] = field(default_factory=dict)

    def add(self, table: str, row: Row) -> None:
        """Append a row under the key of its content."""
        key = stable_hash(f"{name}={value}" for name, value in sorted(row.items()))
        self.rows.setdefault(table, []).append({"row_key": key, **row})


@dataclass
class _Thread:
    source: str
    thread_id: str
    customer: str
    messages: list[Row] = field(default_factory=list)


class Company:
    """Loads of a company; the same seed gives the same loads."""

    def __init__(self, seed: int, *, busy: int = 6) -> None:
        self._chance = Random(seed)
        self._busy = busy
        self._threads: list[_Thread] = []
        self._deals: list[Row] = []
        self._numbers = 0

    def loads(self, count: int) -> Iterator[Load]:
        """Yield daily loads."""
        now = START
        for number in range(count):
            now += timedelta(seconds=self._chance.choice((40_000, 86_400, 86_400, 90_001, 260_000)))
            load = Load(number, now)
            if number == 0:
                self._begin(load)
            for _ in range(self._chance.randint(1, self._busy)):
                self._talk(load)
            self._round(load)
            self._revise(load)
            self._identify(load)
            self._state(load)
            self._trade(load)
            yield load

    def one_more_message(self, number: int, as_of: datetime) -> Load:
        """A load of one message of a customer in the oldest chat, long after everything."""
        load = Load(number, as_of)
        thread = self._threads[0]
        self._say(load, thread, as_of - timedelta(days=60), thread.customer)
        return load

    def _begin(self, load: Load) -> None:
        for source in SOURCES:
            if source != "late_mobile":
                self._rule(load, source)
        for agent in AGENTS[:2]:
            self._staff(load, "phone", agent, valid_from=None)

    def _rule(self, load: Load, source: str) -> None:
        dataset, rule, mode, _ = SOURCES[source]
        load.add(
            "raw_otvet.source_rules",
            {"source_name": source, "source_kind": dataset.removeprefix("raw_"), "us_rule": rule,
             "conversation_mode": mode, "team": self._chance.choice((None, "sales"))},
        )  # fmt: skip

    def _staff(self, load: Load, source: str, agent: str, **more: Any) -> None:
        row = {"source_name": source, "agent_id": agent, "agent_name": agent.title(),
               "valid_from": self._first_day(load)}  # fmt: skip
        load.add(f"{SOURCES[source][0]}.agents", row | more)

    def _first_day(self, load: Load) -> date | None:
        """Entries about one person overlap as they may."""
        return self._chance.choice((None, load.as_of.date() - timedelta(days=3), load.as_of.date()))

    def _thread(self) -> _Thread:
        if self._threads and self._chance.random() < 0.6:
            return self._chance.choice(self._threads)
        number = len(self._threads)
        source = self._chance.choice(tuple(SOURCES))
        # Chats of two sources may carry one id, and a customer may write in several chats.
        thread = _Thread(source, f"t{number // 2}", f"c{self._chance.randrange(number + 1)}")
        if any((t.source, t.thread_id) == (source, thread.thread_id) for t in self._threads):
            thread.thread_id = f"u{number}"
        self._threads.append(thread)
        return thread

    def _moment(self, load: Load) -> datetime:
        """Mostly lately, sometimes long ago, sometimes not yet."""
        back = self._chance.choice((3_600, 86_400, 86_400, 86_400, 1_000_000, -7_200))
        moment = load.as_of - timedelta(seconds=back * self._chance.random())
        return max(moment, START).replace(microsecond=0)

    def _talk(self, load: Load) -> None:
        thread, moment = self._thread(), self._moment(load)
        for _ in range(self._chance.randint(1, 9)):
            self._say(load, thread, moment, self._author(thread))
            moment += timedelta(seconds=self._chance.choice(_PAUSES))
            if moment > load.as_of + timedelta(hours=2):
                break

    def _round(self, load: Load) -> None:
        """One agent goes through several chats, pausing about as long as an effort may last."""
        agent, moment = self._chance.choice(AGENTS), self._moment(load)
        for _ in range(self._chance.randint(0, 6)):
            self._say(load, self._thread(), moment, agent)
            moment += timedelta(seconds=self._chance.choice((0, 1, 60, 150, 299, 300, 301)))

    def _author(self, thread: _Thread) -> str:
        pick = self._chance.random()
        if pick < 0.5:
            return thread.customer
        return self._chance.choice(AGENTS) if pick < 0.9 else "robot"

    def _say(self, load: Load, thread: _Thread, moment: datetime, author: str) -> None:
        self._numbers += 1
        row = self._message(thread, f"m{self._numbers}", moment, author)
        thread.messages.append(row)
        load.add(f"{SOURCES[thread.source][0]}.messages", row)

    def _message(self, thread: _Thread, number: str, moment: datetime, author: str) -> Row:
        chance, stated = self._chance, SOURCES[thread.source][3]
        ours = author in AGENTS
        event = chance.choice(_EVENTS) if stated and chance.random() < 0.12 else "message"
        kind = "agent" if ours else "bot" if author == "robot" else "customer"
        if stated and chance.random() < 0.04:
            kind = chance.choice(("auto_reply", "broadcast", "system", "unknown"))
        text = chance.choice(_SAID if ours else _ASKED)
        return {
            "source_name": thread.source,
            "channel_type": "telegram",
            "channel_account_id": "main",
            "thread_id": thread.thread_id,
            "is_group": False,
            "message_id": number,
            "message_seq": chance.randrange(3),
            "event_type": event,
            "sent_at": moment,
            "author_type": kind if stated else None,
            "author_source_id": author if chance.random() < 0.97 else None,
            "author_name_id": f"name of {author}",
            "author_name": chance.choice((None, author.upper(), f"{author} the second")),
            "is_public": chance.random() < 0.95,
            "is_template": ours and chance.random() < 0.1,
            "content_type": "reaction" if chance.random() < 0.04 else "text",
            "text": text,
            "text_length": len(text) * chance.choice((1, 1, 40)),
            "source_conversation_id": (
                chance.choice((None, None, "one", "two")) if thread.source == "desk" else None
            ),
        }

    def _revise(self, load: Load) -> None:
        """Edits, deletions, and rows that were loaded before."""
        for _ in range(self._chance.randint(0, 3)):
            thread = self._chance.choice(self._threads)
            if not thread.messages:
                continue
            place = self._chance.randrange(len(thread.messages))
            row = dict(thread.messages[place])
            change = self._chance.choice(("text", "author", "moment", "delete", "nothing"))
            if change == "text":
                row["text"] = self._chance.choice((*_ASKED, *_SAID))
            elif change == "author":
                row["author_source_id"] = self._author(thread)
            elif change == "moment":
                row["sent_at"] += timedelta(seconds=self._chance.choice((-400_000, -61, 1, 299)))
            elif change == "delete":
                row["deleted_at"] = load.as_of
            if change != "nothing":
                row["edited_at"] = load.as_of - timedelta(seconds=self._chance.randrange(100_000))
            thread.messages[place] = row
            load.add(f"{SOURCES[thread.source][0]}.messages", row)

    def _identify(self, load: Load) -> None:
        """Cards that tell who a customer is; people who are known as staff from now on, or not."""
        chance = self._chance
        datasets = ("raw_telegram_export", "raw_whatsapp_export", "raw_tabular")
        if chance.random() < 0.4:
            customer = f"c{chance.randrange(len(self._threads) + 1)}"
            load.add(
                f"{chance.choice(datasets)}.contacts",
                {"source_name": chance.choice(tuple(SOURCES)),
                 "contact_id": f"card of {customer}", "phone_id": f"p{chance.randrange(12)}",
                 "messenger_id": customer, "updated_at": load.as_of},
            )  # fmt: skip
        if chance.random() < 0.15:
            source = chance.choice(("phone", "late_mobile", "desk", "mobile"))
            self._staff(load, source, chance.choice(AGENTS), team=chance.choice((None, "sales")),
                        role=chance.choice((None, "agent", "bot")))  # fmt: skip
        if chance.random() < 0.1:
            self._enlist(load, chance.choice((*AGENTS, "c1", "name of c2")))
        if chance.random() < 0.05:
            self._rule(load, chance.choice(tuple(SOURCES)))

    def _enlist(self, load: Load, match: str) -> None:
        """An entry of the roster; its key is that of the product: source, match, first day."""
        source = self._chance.choice(("*", "phone", "mobile"))
        since = self._first_day(load)
        load.rows.setdefault("raw_otvet.roster", []).append(
            {"row_key": stable_hash((source, match, since)), "source_name": source,
             "match_id": match, "role": self._chance.choice(("agent", "agent", "customer")),
             "agent_id": self._chance.choice((None, "agent0")), "agent_name": match.title(),
             "valid_from": since, "valid_to": None},
        )  # fmt: skip

    def _state(self, load: Load) -> None:
        """What the desk says of its chats, and how customers rate."""
        desk = [thread for thread in self._threads if thread.source == "desk"]
        if desk and self._chance.random() < 0.4:
            load.add(
                "raw_tabular.conversations",
                {"source_name": "desk", "thread_id": self._chance.choice(desk).thread_id,
                 "source_conversation_id": self._chance.choice((None, "one")),
                 "topic": self._chance.choice(("delivery", "price")),
                 "intent": self._chance.choice((None, "sales", "service")),
                 "is_spam": self._chance.random() < 0.2,
                 "is_solved": self._chance.choice((None, True))},
            )  # fmt: skip
        if desk and self._chance.random() < 0.3:
            load.add(
                "raw_tabular.ratings",
                {"source_name": "desk", "rating_id": f"r{self._chance.randrange(9)}",
                 "thread_id": self._chance.choice(desk).thread_id, "survey_type": "csat",
                 "score": float(self._chance.randint(1, 5)), "rated_at": self._moment(load)},
            )  # fmt: skip

    def _trade(self, load: Load) -> None:
        """Deals that come, change and are paid, by an exact link, a messenger or a phone."""
        chance = self._chance
        if chance.random() < 0.5:
            thread = chance.choice(self._threads)
            deal = {
                "source_name": "shop",
                "deal_id": f"d{len(self._deals)}",
                "contact_id": f"card of {thread.customer}",
                "thread_id": chance.choice((None, thread.thread_id)),
                "created_at": self._moment(load),
                "status": "open",
                "amount": Decimal(100),
                "updated_at": load.as_of,
            }
            self._deals.append(deal)
            load.add("raw_tabular.deals", deal)
            load.add(
                "raw_tabular.contacts",
                {"source_name": "shop", "contact_id": deal["contact_id"],
                 "messenger_id": chance.choice((None, thread.customer)),
                 "phone_id": f"p{chance.randrange(12)}", "updated_at": load.as_of},
            )  # fmt: skip
        if self._deals and chance.random() < 0.5:
            deal = chance.choice(self._deals)
            status = chance.choice(("won", "lost", "open"))
            load.add("raw_tabular.deals", deal | {"status": status, "updated_at": load.as_of})
            load.add(
                "raw_tabular.deal_events",
                {"source_name": "shop", "deal_event_id": f"e{load.number}",
                 "deal_id": deal["deal_id"], "event_type": "stage_changed",
                 "to_stage": status, "occurred_at": load.as_of},
            )  # fmt: skip
            load.add(
                "raw_tabular.payments",
                {"source_name": "shop", "payment_id": f"y{load.number}", "deal_id": deal["deal_id"],
                 "payment_type": chance.choice(("payment", "payment", "refund")),
                 "paid_at": self._moment(load), "amount": Decimal(chance.randint(1, 99))},
            )  # fmt: skip


def agent_of_two_chats() -> tuple[Load, Load]:
    """An agent answers in one chat; then a message turns up that the agent wrote just before.

    Returns:
        The load with the answer (text "next"), 240 s after the question, and the load with the
        message of the other chat (text "late"), written 40 s before that answer.
    """
    company, noon = Company(0), datetime(2026, 1, 7, 12, tzinfo=UTC)
    first, second = (Load(number, noon + timedelta(days=9)) for number in range(2))
    company._begin(first)
    for thread_id, author, text, seconds in (
        ("a", "anna", "?", 0), ("a", "agent0", "next", 240), ("b", "boris", "?", 0),
        ("b", "agent0", "late", 200),
    ):  # fmt: skip
        row = company._message(
            _Thread("phone", thread_id, author), text + thread_id,
            noon + timedelta(seconds=seconds), author,
        ) | {
            "author_source_id": author, "is_public": True, "is_template": False,
            "content_type": "text", "text": text, "text_length": len(text),
        }  # fmt: skip
        (second if text == "late" else first).add("raw_telegram_export.messages", row)
    return first, second
