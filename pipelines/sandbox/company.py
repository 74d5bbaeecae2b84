"""Staff, teams, opening hours and holidays of the emulated company; the same for every seed.

The company «Зерно и Пар» has two teams in Moscow and a branch in Berlin that answers in English and
keeps German hours and holidays. People join, leave, are renamed and fall ill.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Final

COMPANY_NAME: Final = "Зерно и Пар"
ZONE_NAME: Final = "Europe/Moscow"
BERLIN_ZONE_NAME: Final = "Europe/Berlin"
CURRENCY: Final = "RUB"

SALES: Final = "sales"
SUPPORT: Final = "support"
BERLIN: Final = "berlin"
TEAMS: Final = (SALES, SUPPORT, BERLIN)
TEAM_ZONES: Final = {SALES: ZONE_NAME, SUPPORT: ZONE_NAME, BERLIN: BERLIN_ZONE_NAME}

BOT_USER_ID: Final = 700100900
AUTO_REPLY_USER_ID: Final = 700100901
BROADCAST_USER_ID: Final = 700100902
BOT_NAME: Final = "Зерно и Пар бот"
AUTO_REPLY_NAME: Final = "Зерно и Пар: автоответ"
BROADCAST_NAME: Final = "Зерно и Пар: новости"


@dataclass(frozen=True, slots=True)
class Agent:
    """One employee; `skill` is their true effect on the chance to buy, `speed` divides delays.

    `joined` and `left` bound the employment (`left` is the first day without them); from
    `renamed_on` on the person is called `name`, before it `former_name`.
    """

    agent_id: str
    name: str
    team: str
    telegram_user_id: int
    phone: str
    skill: float
    speed: float
    shift_start: time
    shift_end: time
    rota: int | None  # off on every third day, counted from here; null: off when the team is
    folder: str
    joined: date | None = None
    left: date | None = None
    former_name: str | None = None
    renamed_on: date | None = None


@dataclass(frozen=True, slots=True)
class DayHours:
    """Opening hours of a team on one weekday (1 = Monday) while this version is valid.

    `valid_to` is the first day on which it no longer holds; null = still valid.
    """

    team: str
    valid_from: date
    valid_to: date | None
    weekday: int
    opens: time
    closes: time


@dataclass(frozen=True, slots=True)
class Holiday:
    """A day with other hours; both null = closed. Team `*` = every team."""

    team: str
    day: date
    opens: time | None
    closes: time | None


# name, team, skill, speed, shift, rota, folder; when they come and go, as a share of the period.
_STAFF: Final = (
    ("Ольга Смирнова", SALES, 0.55, 1.6, (9, 18), None, "olga"),
    ("Денис Ковалёв", SALES, 0.0, 0.9, (10, 19), None, "denis"),
    ("Марина Белова", SALES, -0.45, 0.55, (9, 19), None, "marina"),
    ("Кирилл Зуев", SALES, -0.1, 0.8, (9, 18), None, "kirill"),
    ("Софья Орлова", SALES, 0.3, 1.2, (10, 19), None, "sofya"),
    ("Артём Лебедев", SUPPORT, 0.2, 1.3, (9, 21), 0, "artem"),
    ("Юлия Фомина", SUPPORT, 0.0, 1.0, (9, 21), 1, "yulia"),
    ("Тимур Гареев", SUPPORT, -0.2, 0.7, (9, 21), 2, "timur"),
    ("Инна Власова", SUPPORT, 0.1, 1.1, (9, 21), 0, "inna"),
    ("Роман Дьяков", SUPPORT, -0.05, 0.9, (9, 21), 1, "roman"),
    ("Галина Кравец", SUPPORT, 0.15, 1.4, (12, 21), 2, "galina"),
    ("Emma Clark", BERLIN, 0.25, 1.2, (8, 17), None, "emma"),
    ("Lukas Weber", BERLIN, -0.15, 0.8, (9, 18), None, "lukas"),
    ("Nora Lindgren", BERLIN, 0.05, 1.0, (8, 17), None, "nora"),
)
_LEAVES: Final = {"kirill": 0.6, "inna": 0.45}
_JOINS: Final = {"sofya": 0.35, "roman": 0.5, "nora": 0.55}
_RENAMED: Final = {"marina": (0.4, "Марина Орлова")}
# Who takes over the chats of an account whose owner is not there.
SUCCESSORS: Final = {"kirill": "olga", "sofya": "denis", "nora": "emma"}


def make_agents(first_day: date, until: date) -> list[Agent]:
    """Return the fourteen employees; their dates follow the period."""
    span = (until - first_day).days

    def day(share: float | None) -> date | None:
        return None if share is None else first_day + timedelta(days=int(span * share))

    agents = []
    for number, (name, team, skill, speed, shift, rota, folder) in enumerate(_STAFF, start=1):
        renamed, former = _RENAMED.get(folder, (None, None))
        agents.append(
            Agent(
                agent_id=f"a{number:02d}",
                name=name,
                team=team,
                telegram_user_id=700100100 + number,
                phone=f"+49302000{number:04d}" if team == BERLIN else f"+7495000{number:04d}",
                skill=skill,
                speed=speed,
                shift_start=time(shift[0]),
                shift_end=time(shift[1]),
                rota=rota,
                folder=folder,
                joined=day(_JOINS.get(folder)),
                left=day(_LEAVES.get(folder)),
                former_name=former,
                renamed_on=day(renamed),
            )
        )
    return agents


def make_hours(first_day: date, until: date) -> list[DayHours]:
    """Return the weekly schedules; support stays an hour longer from the middle of the period."""
    begins = date(first_day.year - 2, 1, 1)
    change = first_day + (until - first_day) / 2
    rows = [DayHours(SALES, begins, None, weekday, time(9), time(19)) for weekday in range(1, 6)]
    rows.append(DayHours(SALES, begins, None, 6, time(10), time(17)))
    for weekday in range(1, 8):
        rows.append(DayHours(SUPPORT, begins, change, weekday, time(9), time(20)))
        rows.append(DayHours(SUPPORT, change, None, weekday, time(9), time(21)))
    rows += [DayHours(BERLIN, begins, None, weekday, time(8), time(18)) for weekday in range(1, 6)]
    return rows


_RUSSIAN_HOLIDAYS: Final = frozenset(
    {(1, 1), (1, 2), (1, 7), (2, 23), (3, 8), (5, 1), (5, 9), (6, 12), (11, 4)}
)
_ALL_CLOSED: Final = frozenset({(1, 1), (1, 2), (1, 7)})
_GERMAN_HOLIDAYS: Final = frozenset({(1, 1), (5, 1), (10, 3), (12, 25), (12, 26)})


def make_holidays(first_day: date, until: date) -> list[Holiday]:
    """Return the public holidays around the period, and the short last day of December.

    In Moscow sales is closed on all of them and support keeps short hours on most.
    """
    rows = []
    for offset in range((until - first_day).days + 60):
        day = first_day + timedelta(days=offset)
        key = (day.month, day.day)
        if key in _ALL_CLOSED:
            rows.append(Holiday(SALES, day, None, None))
            rows.append(Holiday(SUPPORT, day, None, None))
        elif key in _RUSSIAN_HOLIDAYS:
            rows.append(Holiday(SALES, day, None, None))
            rows.append(Holiday(SUPPORT, day, time(10), time(18)))
        if key in _GERMAN_HOLIDAYS:
            rows.append(Holiday(BERLIN, day, None, None))
        if key == (12, 31):
            rows.append(Holiday("*", day, time(9), time(15)))
    return rows


def make_exchange_rates(first_day: date, until: date) -> list[tuple[date, str, Decimal]]:
    """Return day, currency and roubles for one unit, in no order of days.

    Euros change on the 1st, 11th and 21st of a month, to rates of four decimals; dollars are there
    too, though nobody pays in them.
    """
    days = (first_day + timedelta(days=offset) for offset in range((until - first_day).days + 1))
    changes = [first_day, *(day for day in days if day.day in (1, 11, 21) and day != first_day)]
    rates = [(day, "USD", Decimal("81.5")) for day in changes[:1]]
    for day in reversed(changes):
        kopecks = 9_200 + (day.month * 131 + day.day * 17) % 900
        rates.append((day, "EUR", Decimal(kopecks * 100 + day.day).scaleb(-4)))
    return rates
