"""The generator: a seed, a size and a last day make one company, always the same."""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from pipelines.sandbox import texts
from pipelines.sandbox.business import Business
from pipelines.sandbox.company import (
    HOLIDAY_WEIGHT,
    HOUR_WEIGHTS,
    SALES,
    SUPPORT,
    WEEKDAY_WEIGHTS,
    Calendar,
    CustomerFactory,
    make_agents,
    make_holidays,
    make_hours,
)
from pipelines.sandbox.dialogue import SPEAKERS, Talk, describe
from pipelines.sandbox.model import (
    ZONE,
    Agent,
    Causes,
    Conversation,
    Customer,
    Intent,
    Message,
    OutboundAttempt,
    Thread,
    ThreadKind,
    World,
)

DAYS: Final = 122
DEFAULT_MESSAGES: Final = 6_000
BOT_USER_ID: Final = 700100900
AUTO_REPLY_USER_ID: Final = 700100901

AFTER_OURS: Final = timedelta(hours=26)
AFTER_NEGLECT: Final = timedelta(days=8, hours=2)


@dataclass(frozen=True, slots=True)
class _Spoken:
    """A finished talk before the world's end is known to cut it."""

    thread: Thread
    messages: list[Message]
    intent: Intent
    topic: str
    bot_result: str | None
    tried_by: Agent | None  # who wrote first, where we did


def generate_world(
    seed: int = 1, messages: int = DEFAULT_MESSAGES, until: date | None = None
) -> World:
    """Make the company's last four months.

    Args:
        seed: another seed is another company with the same staff.
        messages: about how many messages there are (within some per cent, at least a few hundred).
        until: last local day (Europe/Moscow); default: yesterday.
    """
    last = until or (datetime.now(ZONE) - timedelta(days=1)).date()
    return _Generator(seed, messages, last).run()


class _Generator:
    def __init__(self, seed: int, size: int, until: date) -> None:
        first_day = until - timedelta(days=DAYS - 1)
        self._rng = random.Random(f"otvet-sandbox:{seed}:{size}:{until}")  # noqa: S311
        self._world = World(
            seed=seed,
            size=size,
            first_day=first_day,
            until=until,
            causes=Causes(),
            bot_user_id=BOT_USER_ID,
            auto_reply_user_id=AUTO_REPLY_USER_ID,
            agents=make_agents(),
            hours=make_hours(first_day, until),
            holidays=make_holidays(first_day, until),
        )
        self._calendar = Calendar(self._world.hours, self._world.holidays)
        self._begin = datetime.combine(first_day, time(0), ZONE).astimezone(UTC)
        self._end = datetime.combine(until, time(23, 59, 59), ZONE).astimezone(UTC)
        self._factory = CustomerFactory(self._rng)
        self._threads: dict[tuple[str, str], Thread] = {}
        self._spoken: list[_Spoken] = []
        # Every message with the record number of the one it replies to.
        self._log: list[tuple[Message, int | None]] = []
        self._written = 0
        self._days = [first_day + timedelta(days=offset) for offset in range(DAYS)]
        self._day_weights = [self._day_weight(number) for number in range(DAYS)]
        self._sellers = [row for row in self._world.agents if row.team == SALES]
        self._helpers = [row for row in self._world.agents if row.team == SUPPORT]

    def run(self) -> World:
        self._groups()
        while self._written < self._world.size:
            self._customer_history()
        silent = [
            self._factory.make(self._moment(self._rng.choices(self._days, self._day_weights)[0]),
                               frozenset())
            for _ in range(max(2, len(self._world.customers) // 12))
        ]  # fmt: skip
        self._world.customers.extend(silent)
        self._finish()
        business = Business(self._rng, self._world, self._calendar, self._end)
        business.run(silent)
        business.advertise(self._world.first_day, self._world.until)
        return self._world

    # Customers and when they write

    def _day_weight(self, number: int) -> float:
        day = self._days[number]
        weight = WEEKDAY_WEIGHTS[day.weekday()] * (1 + 0.35 * number / DAYS)
        return weight * (HOLIDAY_WEIGHT if day in self._calendar.holiday_days else 1)

    def _moment(self, day: date) -> datetime:
        hour = self._rng.choices(range(24), HOUR_WEIGHTS)[0]
        second = self._rng.randrange(3_600)
        local = datetime.combine(day, time(hour, second // 60, second % 60), ZONE)
        return local.astimezone(UTC)

    def _customer_history(self) -> None:
        rng = self._rng
        kinds = (
            frozenset({"telegram"}),
            frozenset({"whatsapp"}),
            frozenset({"telegram", "whatsapp"}),
        )
        channels = rng.choices(kinds, (52, 28, 20))[0]
        at = self._moment(rng.choices(self._days, self._day_weights)[0])
        customer = self._factory.make(at, channels)
        self._world.customers.append(customer)
        intent: Intent = "sales" if rng.random() < 0.55 else "service"
        topic = rng.choice(texts.SALES_TOPICS if intent == "sales" else texts.SERVICE_TOPICS)
        seller, helper = rng.choice(self._sellers), rng.choice(self._helpers)
        ready: dict[str, datetime] = {}
        while at <= self._end:
            thread = self._choose_thread(customer, intent, seller, helper)
            at = max(at, ready.get(thread.thread_id, at))
            if at > self._end:
                break
            talk_end, waits = self._talk(thread, [customer], intent, topic, at)
            ready[thread.thread_id] = talk_end + (AFTER_NEGLECT if waits else AFTER_OURS)
            way = rng.random()
            if way < 0.42:
                break
            if way < 0.55:  # the same need again within the week, maybe elsewhere
                at = talk_end + AFTER_OURS + timedelta(seconds=rng.randrange(100 * 3_600))
            else:
                days = 2 + rng.expovariate(1 / 24)
                day = (talk_end + timedelta(days=days)).astimezone(ZONE).date()
                at = max(self._moment(day), talk_end + AFTER_OURS)
                intent = "service" if rng.random() < 0.55 else "sales"
                topic = rng.choice(
                    texts.SALES_TOPICS if intent == "sales" else texts.SERVICE_TOPICS
                )

    # Threads

    def _choose_thread(
        self, customer: Customer, intent: Intent, seller: Agent, helper: Agent
    ) -> Thread:
        rng = self._rng
        by_whatsapp = customer.telegram_user_id is None or (
            customer.whatsapp_name is not None and rng.random() < 0.5
        )
        if by_whatsapp:
            existing = self._threads.get(("whatsapp", customer.customer_id))
            return existing or self._new_thread(
                "whatsapp", customer, seller if intent == "sales" else helper
            )
        in_helpdesk = rng.random() < (0.12 if intent == "sales" else 0.72)
        if in_helpdesk:
            return self._new_thread("helpdesk", customer, None)
        return self._new_thread("account", customer, seller if intent == "sales" else helper)

    def _new_thread(self, kind: ThreadKind, customer: Customer, agent: Agent | None) -> Thread:
        owner = "" if agent is None or kind == "whatsapp" else agent.agent_id
        key = (f"{kind}{owner}", customer.customer_id)
        if key not in self._threads:
            is_whatsapp = kind == "whatsapp"
            title = customer.whatsapp_name if is_whatsapp else customer.telegram_name
            self._threads[key] = Thread(
                thread_id=f"t{len(self._threads) + 1:06d}",
                source="whatsapp" if is_whatsapp else "telegram",
                kind=kind,
                native_id=str(title if is_whatsapp else customer.telegram_user_id),
                title=title,
                agent_id=agent.agent_id if agent else None,
                customer_id=customer.customer_id,
                with_media=is_whatsapp and self._rng.random() < 0.3,
                is_ios=is_whatsapp and not any(row.is_ios for row in self._threads.values()),
            )
        return self._threads[key]

    def _groups(self) -> None:
        """Group chats with customers' companies: two in Telegram, one in WhatsApp."""
        plan: tuple[tuple[ThreadKind, str, str, str], ...] = (
            ("group", "1900200301", "Офис «Пульс» × Зерно и Пар", "telegram"),
            ("group", "1900200302", "Кофейни «Утро» — поддержка", "telegram"),
            (
                "whatsapp_group",
                "Отель Волга и Зерно и Пар",
                "Отель Волга и Зерно и Пар",
                "whatsapp",
            ),
        )
        for number, (kind, native_id, title, channel) in enumerate(plan):
            people = [self._factory.make(self._begin, frozenset({channel})) for _ in range(3)]
            self._world.customers.extend(people)
            # The second group lies in the account of an agent, the first is exported alone.
            owner = self._helpers[0] if number else None
            thread = Thread(
                thread_id=f"t{len(self._threads) + 1:06d}",
                source="whatsapp" if channel == "whatsapp" else "telegram",
                kind=kind,
                native_id=native_id,
                title=title,
                agent_id=owner.agent_id if owner else None,
                customer_id=None,
                with_media=False,
                is_ios=False,
            )
            self._threads[(kind, native_id)] = thread
            at = self._moment(self._days[number + 1])
            self._note(thread, at - timedelta(minutes=5), "create_group", people[0])
            while at <= self._end:
                self._rng.shuffle(people)
                topic = self._rng.choice(texts.SERVICE_TOPICS)
                ended, waits = self._talk(thread, people, "service", topic, at)
                pause = AFTER_NEGLECT if waits else AFTER_OURS
                later = self._moment(
                    (ended + timedelta(days=2 + self._rng.expovariate(1 / 9))).date()
                )
                at = max(later, ended + pause)

    # Talks

    def _talk(
        self, thread: Thread, people: list[Customer], intent: Intent, topic: str, start: datetime
    ) -> tuple[datetime, bool]:
        """Let one conversation or attempt happen; return its last moment and whether it waits."""
        rng = self._rng
        agents = self._staff_of(thread, intent)
        tried_by = None
        if thread.kind in ("account", "whatsapp") and rng.random() < 0.11:
            tried_by = agents[0]
            start = self._calendar.next_on_shift(tried_by, start)
            start += timedelta(seconds=rng.randrange(5, 5_000))
        talk = Talk(
            rng, self._calendar, thread=thread, people=people, agents=agents, topic=topic,
            start=start.replace(microsecond=0), record=self._record,
        )  # fmt: skip
        bot_result = None
        if tried_by:
            talk.outbound(answered=rng.random() < 0.4)
        elif thread.kind == "helpdesk":
            bot_result = talk.bot()
        else:
            talk.direct()
        self._spoken.append(_Spoken(thread, talk.messages, intent, topic, bot_result, tried_by))
        self._written += len(talk.messages)
        # An auto-reply ends nobody's waiting.
        last = [row for row in talk.messages if row.author_type in SPEAKERS][-1]
        return talk.messages[-1].sent_at, last.author_type == "customer" and not last.is_courtesy

    def _staff_of(self, thread: Thread, intent: Intent) -> list[Agent]:
        if thread.kind in ("account", "whatsapp"):
            return [row for row in self._world.agents if row.agent_id == thread.agent_id]
        staff = list(self._sellers if intent == "sales" and thread.kind != "helpdesk" else
                     self._helpers)  # fmt: skip
        self._rng.shuffle(staff)
        return staff

    def _record(self, message: Message, answers: int | None) -> int:
        self._log.append((message, answers))
        return len(self._log) - 1

    def _note(self, thread: Thread, at: datetime, action: str, by: Customer | None) -> None:
        self._record(
            Message(
                message_id="",
                thread_id=thread.thread_id,
                native_id=0,
                source=thread.source,
                sent_at=at,
                author_type="system",
                agent_id=None,
                customer_id=by.customer_id if by else None,
                content_type="text",
                text="",
                action=action,
            ),
            None,
        )

    # The end of the world

    def _finish(self) -> None:
        self._open_whatsapp_chats()
        kept = [number for number, (row, _) in enumerate(self._log) if row.sent_at <= self._end]
        kept.sort(key=lambda number: (self._log[number][0].sent_at, number))
        self._number(kept)
        self._world.messages = [self._log[number][0] for number in kept]
        alive = {row.thread_id for row in self._world.messages}
        self._world.threads = [row for row in self._threads.values() if row.thread_id in alive]
        self._keep_books()

    def _open_whatsapp_chats(self) -> None:
        # The notice stands first in the file and has the minute of the first message.
        first: dict[str, datetime] = {}
        for message, _ in self._log:
            if message.source == "whatsapp":
                known = first.get(message.thread_id, message.sent_at)
                first[message.thread_id] = min(known, message.sent_at)
        for thread in self._threads.values():
            if thread.thread_id in first:
                minute = first[thread.thread_id].replace(second=0)
                self._note(thread, minute - timedelta(minutes=1), "encryption_notice", None)

    def _number(self, kept: list[int]) -> None:
        """Give ids: one counter per Telegram account, archive and group, one per WhatsApp file."""
        threads = {row.thread_id: row for row in self._threads.values()}
        counters: defaultdict[str, int] = defaultdict(int)
        for position, number in enumerate(kept, start=1):
            message, answers = self._log[number]
            thread = threads[message.thread_id]
            shared = thread.kind in ("account", "helpdesk")
            counter = f"{thread.kind}:{thread.agent_id}" if shared else thread.thread_id
            counters[counter] += 1
            message.native_id = counters[counter]
            message.message_id = f"m{position:07d}"
            if message.edited_at and message.edited_at > self._end:
                message.edited_at = None
            if answers is not None:
                message.reply_to = self._log[answers][0].native_id

    def _keep_books(self) -> None:
        self._spoken.sort(key=lambda row: (row.messages[0].sent_at, row.messages[0].message_id))
        for talk in self._spoken:
            messages = [row for row in talk.messages if row.sent_at <= self._end]
            if not messages:
                continue
            name = f"v{len(self._world.conversations) + 1:06d}"
            conversation = describe(
                name, talk.thread, messages, intent=talk.intent, topic=talk.topic
            )
            if conversation:
                if len(messages) == len(talk.messages):
                    conversation.bot_result = talk.bot_result  # type: ignore[assignment]
                self._world.conversations.append(conversation)
                for message in messages:
                    message.conversation_id = name
            if talk.tried_by:
                self._attempt(talk.tried_by, talk.thread, messages, conversation)

    def _attempt(
        self, agent: Agent, thread: Thread, messages: list[Message], found: Conversation | None
    ) -> None:
        replies = (row.sent_at for row in messages if row.author_type == "customer")
        self._world.attempts.append(
            OutboundAttempt(
                attempt_id=f"o{len(self._world.attempts) + 1:05d}",
                thread_id=thread.thread_id,
                agent_id=agent.agent_id,
                started_at=messages[0].sent_at,
                answered_at=next(replies, None),
                conversation_id=found.conversation_id if found else None,
            )
        )
