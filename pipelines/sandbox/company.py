"""Staff, opening hours and customers of the emulated company."""

from __future__ import annotations

import random
from datetime import date, datetime, time, timedelta
from typing import Final

from pipelines.sandbox.model import ZONE, Agent, Customer, DayHours, Holiday

SALES: Final = "sales"
SUPPORT: Final = "support"

# Chance weights of customers' messages by local hour and weekday.
HOUR_WEIGHTS: Final = (
    4, 3, 2, 1, 1, 2, 6, 16, 40, 72, 92, 96, 86, 82, 84, 84, 80, 76, 62, 50, 42, 34, 22, 10,
)  # fmt: skip
WEEKDAY_WEIGHTS: Final = (1.25, 1.15, 1.1, 1.05, 1.1, 0.8, 0.65)
HOLIDAY_WEIGHT: Final = 0.45

# name, team, Telegram id, phone, skill, speed, shift, rota, folder of the export
_STAFF: Final = (
    ("Ольга Смирнова", SALES, 700100101, "+74950000101", 0.55, 1.6, (9, 18), None, "olga"),
    ("Денис Ковалёв", SALES, 700100102, "+74950000102", 0.0, 0.9, (10, 19), None, "denis"),
    ("Марина Орлова", SALES, 700100103, "+74950000103", -0.45, 0.55, (9, 19), None, "marina"),
    ("Артём Лебедев", SUPPORT, 700100104, "+74950000104", 0.2, 1.3, (9, 21), 0, "artem"),
    ("Юлия Фомина", SUPPORT, 700100105, "+74950000105", 0.0, 1.0, (9, 21), 1, "yulia"),
    ("Тимур Гареев", SUPPORT, 700100106, "+74950000106", -0.2, 0.7, (9, 21), 2, "timur"),
)

_FEMALE: Final = (
    "Анна", "Екатерина", "Светлана", "Наталья", "Ирина", "Дарья", "Алина", "Полина", "Вера",
    "Татьяна", "Елена", "Ксения", "Людмила", "Жанна",
)  # fmt: skip
_MALE: Final = (
    "Иван", "Сергей", "Алексей", "Дмитрий", "Павел", "Михаил", "Руслан", "Никита", "Олег",
    "Константин", "Фёдор", "Егор", "Виктор", "Борис",
)  # fmt: skip
_LAST: Final = (
    "Петров", "Кузнецов", "Волков", "Морозов", "Соколов", "Зайцев", "Павлов", "Семёнов", "Голубев",
    "Виноградов", "Богданов", "Воробьёв", "Фёдоров", "Беляев", "Тарасов", "Белов", "Комаров",
    "Киселёв", "Ильин", "Максимов", "Поляков", "Сорокин", "Жуков", "Щербаков", "Блинов", "Рябов",
)  # fmt: skip
_ENGLISH: Final = (
    "Emma Clark", "Jack Miller", "Laura Stone", "Peter Novak", "Sofia Rossi", "Tom Baker",
    "Nina Berg", "Oscar Lind",
)  # fmt: skip

PAID_SOURCES: Final[dict[str, str]] = {
    "yandex_direct": "yd_search_brand",
    "vk_ads": "vk_video",
    "telegram_ads": "tg_channels",
}
_SOURCE_WEIGHTS: Final[dict[str, float]] = {
    "yandex_direct": 30, "vk_ads": 20, "telegram_ads": 15, "organic": 22, "referral": 13,
}  # fmt: skip

_FIXED_HOLIDAYS: Final = frozenset(
    {(1, 1), (1, 2), (1, 7), (2, 23), (3, 8), (5, 1), (5, 9), (6, 12), (11, 4)}
)
_ALL_CLOSED: Final = frozenset({(1, 1), (1, 2), (1, 7)})


def make_agents() -> list[Agent]:
    """Return the six employees, always the same."""
    return [
        Agent(
            agent_id=f"a{number}",
            name=name,
            team=team,
            telegram_user_id=user_id,
            phone=phone,
            skill=skill,
            speed=speed,
            shift_start=time(shift[0]),
            shift_end=time(shift[1]),
            rota=rota,
            folder=folder,
        )
        for number, (name, team, user_id, phone, skill, speed, shift, rota, folder) in enumerate(
            _STAFF, start=1
        )
    ]


def make_hours(first_day: date, until: date) -> list[DayHours]:
    """Return the weekly schedules; support stays an hour longer from the middle of the world on.

    `valid_to` is the first day on which a version no longer holds; null = still valid.
    """
    begins = date(first_day.year - 1, 1, 1)
    change = first_day + (until - first_day) / 2
    rows = [DayHours(SALES, begins, None, weekday, time(9), time(19)) for weekday in range(1, 6)]
    rows.append(DayHours(SALES, begins, None, 6, time(10), time(17)))
    for weekday in range(1, 8):
        rows.append(DayHours(SUPPORT, begins, change, weekday, time(9), time(20)))
        rows.append(DayHours(SUPPORT, change, None, weekday, time(9), time(21)))
    return rows


def make_holidays(first_day: date, until: date) -> list[Holiday]:
    """Return the public holidays of Russia around the world's days, and the short last of December.

    Sales is closed on all of them; support keeps short hours on most.
    """
    rows = []
    for offset in range((until - first_day).days + 60):
        day = first_day + timedelta(days=offset)
        key = (day.month, day.day)
        if key in _ALL_CLOSED:
            rows.append(Holiday("*", day, None, None))
        elif key in _FIXED_HOLIDAYS:
            rows.append(Holiday(SALES, day, None, None))
            rows.append(Holiday(SUPPORT, day, time(10), time(18)))
        elif key == (12, 31):
            rows.append(Holiday("*", day, time(9), time(15)))
    return rows


class Calendar:
    """When teams are open and agents are on shift."""

    def __init__(self, hours: list[DayHours], holidays: list[Holiday]) -> None:
        self._hours = hours
        self._holidays = {(row.team, row.day): row for row in holidays}
        self.holiday_days = {row.day for row in holidays}
        self._cache: dict[tuple[str, date], tuple[time, time] | None] = {}

    def team_hours(self, team: str, day: date) -> tuple[time, time] | None:
        """Return opening and closing time of a local day, null when closed."""
        if (team, day) not in self._cache:
            self._cache[(team, day)] = self._find(team, day)
        return self._cache[(team, day)]

    def is_open(self, team: str, at: datetime) -> bool:
        """Whether the team is open at an instant."""
        local = at.astimezone(ZONE)
        hours = self.team_hours(team, local.date())
        return hours is not None and hours[0] <= local.time() < hours[1]

    def next_on_shift(self, agent: Agent, at: datetime) -> datetime:
        """Return the first instant not before `at` at which the agent is on shift.

        Raises:
            ValueError: the agent has no shift within two weeks (the schedule is broken).
        """
        local = at.astimezone(ZONE)
        for offset in range(15):
            day = local.date() + timedelta(days=offset)
            hours = self.team_hours(agent.team, day)
            if hours is None or (
                agent.rota is not None and (day.toordinal() - agent.rota) % 3 == 0
            ):
                continue
            opens = datetime.combine(day, max(hours[0], agent.shift_start), ZONE)
            closes = datetime.combine(day, min(hours[1], agent.shift_end), ZONE)
            start = max(opens, local)
            if start < closes:
                return start.astimezone(at.tzinfo)
        raise ValueError(f"{agent.agent_id} has no shift within two weeks after {at}")

    def _find(self, team: str, day: date) -> tuple[time, time] | None:
        holiday = self._holidays.get((team, day)) or self._holidays.get(("*", day))
        if holiday is not None:
            return (holiday.opens, holiday.closes) if holiday.opens and holiday.closes else None
        for row in self._hours:
            if (
                row.team == team
                and row.weekday == day.isoweekday()
                and row.valid_from <= day
                and (row.valid_to is None or day < row.valid_to)
            ):
                return (row.opens, row.closes)
        return None


class CustomerFactory:
    """Makes customers one by one; phones, messenger ids and saved names never repeat."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._taken: set[str | int] = set()
        self._count = 0

    def make(self, arrived_at: datetime, channels: frozenset[str]) -> Customer:
        """Return a new customer who has the named messengers (`telegram`, `whatsapp`)."""
        rng = self._rng
        self._count += 1
        language = "en" if rng.random() < 0.08 else "ru"
        name = rng.choice(_ENGLISH) if language == "en" else self._russian_name()
        phone = self._unique_phone()
        has_email = rng.random() < 0.6
        telegram_id = self._unique_id() if "telegram" in channels else None
        telegram_name = None
        if telegram_id is not None and rng.random() >= 0.02:
            telegram_name = self._telegram_name(name)
        return Customer(
            customer_id=f"c{self._count:06d}",
            name=name,
            language=language,
            phone=phone,
            email=f"client{self._count}@mail.example" if has_email else None,
            telegram_user_id=telegram_id,
            telegram_name=telegram_name,
            telegram_in_contacts=telegram_name is not None and rng.random() < 0.6,
            whatsapp_name=self._whatsapp_name(name, phone) if "whatsapp" in channels else None,
            contact_id=f"{50_000 + self._count}" if rng.random() < 0.88 or not channels else None,
            lead_source=rng.choices(list(_SOURCE_WEIGHTS), list(_SOURCE_WEIGHTS.values()))[0],
            arrived_at=arrived_at,
        )

    def _russian_name(self) -> str:
        if self._rng.random() < 0.55:
            return f"{self._rng.choice(_FEMALE)} {self._rng.choice(_LAST)}а"
        return f"{self._rng.choice(_MALE)} {self._rng.choice(_LAST)}"

    def _unique_phone(self) -> str:
        while True:
            phone = f"+7999{self._rng.randrange(10_000_000):07d}"
            if phone not in self._taken:
                self._taken.add(phone)
                return phone

    def _unique_id(self) -> int:
        while True:
            user_id = self._rng.randrange(100_000_000, 6_900_000_000)
            if user_id not in self._taken:
                self._taken.add(user_id)
                return user_id

    def _telegram_name(self, name: str) -> str:
        first = name.split()[0]
        return self._rng.choice((name, name, name, first, f"{first} ☕", f"{first}."))

    def _whatsapp_name(self, name: str, phone: str) -> str:
        # Mostly unsaved: the export then shows the number. Saved names are unique in a telephone.
        if self._rng.random() < 0.7:
            return pretty_phone(phone)
        saved = f"{name} клиент"
        while saved in self._taken:
            saved = f"{name} {self._rng.randrange(2, 99_999)}"
        self._taken.add(saved)
        return saved


def pretty_phone(phone: str) -> str:
    """Return `+7 999 123-45-67` for `+79991234567`, as messengers show it."""
    return f"{phone[:2]} {phone[2:5]} {phone[5:8]}-{phone[8:10]}-{phone[10:12]}"
