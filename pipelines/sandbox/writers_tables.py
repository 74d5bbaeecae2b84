"""CRM tables, business inputs and the project file of the emulated company."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from pipelines.sandbox.company import (
    AUTO_REPLY_NAME,
    AUTO_REPLY_USER_ID,
    BERLIN,
    BERLIN_ZONE_NAME,
    BOT_NAME,
    BOT_USER_ID,
    BROADCAST_NAME,
    BROADCAST_USER_ID,
    COMPANY_NAME,
    CURRENCY,
    SALES,
    SUPPORT,
    TEAM_ZONES,
    ZONE_NAME,
    Agent,
    make_exchange_rates,
)
from pipelines.sandbox.model import World
from pipelines.sandbox.writers_rows import to_rows

CRM_NAME: Final = "crm"  # of the source that has the deals, files or API
BOOKS_NAME: Final = "books"  # of the tables beside an API
Cell = str | int | Decimal | date | datetime | time | None
_ZONE: Final = ZoneInfo(ZONE_NAME)
_DEAL_COLUMNS: Final = (
    "deal_id", "contact_id", "pipeline", "stage", "status", "lost_reason", "amount", "paid_amount",
    "currency_code", "product", "lead_source", "campaign", "owner", "team",
    "first_contact_seconds", "created_at", "updated_at", "closed_at",
)  # fmt: skip
# As the CRM calls the columns that the world calls otherwise.
_CRM_NAMES: Final = {
    "currency_code": "currency", "lead_source": "source", "deal_event_id": "event_id",
    "event_type": "event", "payment_type": "type", "spent_on": "date", "survey_type": "survey",
}  # fmt: skip


def write_deals(world: World, folder: Path) -> None:
    """Write contacts, deals and deal events as a CRM exports them; times are Moscow's."""
    agents = world.agents
    known = [row for row in to_rows(world["customers"]) if row["contact_id"] is not None]
    deals = to_rows(world["deals"])
    owners = {row["customer_id"]: agents[row["agent"]].name for row in reversed(deals)}
    _save_rows(
        folder / "contacts.csv",
        ("contact_id", "name", "phone", "email", "telegram_id", "owner", "created_at",
         "updated_at"),
        (
            row | {
                "phone": typed_phone(row["phone"]),
                # Only those whose account the salespeople wrote down.
                "telegram_id": f"user{row['telegram_user_id']}"
                if row["is_saved_in_telegram"] else None,
                "owner": owners.get(row["customer_id"]),
                "created_at": row["arrived_at"], "updated_at": row["arrived_at"],
            }
            for row in known
        ),
    )  # fmt: skip
    paid: defaultdict[int, Decimal] = defaultdict(Decimal)
    for payment in to_rows(world["payments"]):
        sign = 1 if payment["payment_type"] == "payment" else -1
        paid[payment["deal_id"]] += sign * payment["amount"]
    extra = (
        row | {
            "paid_amount": paid[row["deal_id"]], "owner": agents[row["agent"]].name,
            "team": agents[row["agent"]].team,
        }
        for row in deals
    )  # fmt: skip
    _save_rows(folder / "deals.csv", _DEAL_COLUMNS, extra)
    _save_rows(
        folder / "deal_events.csv",
        ("deal_event_id", "deal_id", "event_type", "from_stage", "to_stage", "occurred_at",
         "actor"),
        (row | {"actor": agents[row["agent"]].name} for row in to_rows(world["deal_events"])),
    )  # fmt: skip


def write_books(world: World, folder: Path) -> None:
    """Write payments, spend and ratings, which no CRM of this company has; times are Moscow's."""
    _save_rows(
        folder / "payments.csv",
        ("payment_id", "deal_id", "contact_id", "payment_type", "paid_at", "amount",
         "currency_code"),
        to_rows(world["payments"]),
    )  # fmt: skip
    _save_rows(
        folder / "spend.csv",
        ("spend_id", "spent_on", "lead_source", "campaign", "amount", "currency_code",
         "impressions", "clicks"),
        to_rows(world["spend"]),
    )  # fmt: skip
    _save_rows(
        folder / "ratings.csv",
        ("rating_id", "contact_id", "survey_type", "score", "rated_at"),
        to_rows(world["ratings"]),
    )


def write_config(world: World, folder: Path, *, for_tables: bool = False) -> None:
    """Write the CSV files that people edit: roster, schedules, holidays, channels, rates.

    Args:
        for_tables: the chats come as the company's own tables, which say themselves who wrote.
    """
    _save(
        folder / "roster.csv",
        "source_name,match,role,agent_name,team,valid_from,valid_to,agent_id",
        [] if for_tables else _roster(world),
    )
    _save(
        folder / "working_hours.csv",
        "team,valid_from,valid_to,weekday,opens,closes,time_zone",
        (
            (
                row.team, row.valid_from, row.valid_to, row.weekday, row.opens, row.closes,
                TEAM_ZONES[row.team],
            )
            for row in world.hours
        ),
    )  # fmt: skip
    _save(
        folder / "holidays.csv",
        "team,date,opens,closes",
        ((row.team, row.day, row.opens, row.closes) for row in world.holidays),
    )
    _save(
        folder / "exchange_rates.csv",
        "date,currency_code,rate",
        (
            (day, code, str(rate))
            for day, code, rate in make_exchange_rates(world.first_day, world.until)
        ),
    )
    channels = _table_channels(world) if for_tables else _export_channels(world)
    _save(
        folder / "channels.csv",
        "source_name,channel_type,channel_account_id,channel_name,team",
        channels,
    )


def _roster(world: World) -> list[Sequence[Cell]]:
    rows: list[Sequence[Cell]] = []
    for agent in world.agents:
        # WhatsApp knows people by name only. Elsewhere a name must not count: there are customers
        # who are called like an agent.
        named = "whatsapp_berlin" if agent.team == BERLIN else "whatsapp"
        matches = [("telegram", f"user{agent.telegram_user_id}"), (named, agent.name)]
        for source, match in matches:
            for name, valid_from, valid_to in names_by_time(agent):
                rows.append(
                    (source, match, "agent", name, agent.team, valid_from, valid_to,
                     agent.agent_id)
                )  # fmt: skip
    for user_id, role, name in (
        (BOT_USER_ID, "bot", BOT_NAME),
        (AUTO_REPLY_USER_ID, "auto_reply", AUTO_REPLY_NAME),
        (BROADCAST_USER_ID, "broadcast", BROADCAST_NAME),
    ):
        rows.append(("telegram", f"user{user_id}", role, name, SUPPORT, None, None, None))
    return rows


def names_by_time(agent: Agent) -> list[tuple[str, date | None, date | None]]:
    """What an agent was called from when to when (first day without)."""
    if agent.former_name is None:
        return [(agent.name, agent.joined, agent.left)]
    return [
        (agent.former_name, agent.joined, agent.renamed_on),
        (agent.name, agent.renamed_on, agent.left),
    ]


def _export_channels(world: World) -> list[Sequence[Cell]]:
    rows: list[Sequence[Cell]] = [
        ("telegram", "telegram", f"user{agent.telegram_user_id}", f"Telegram: {agent.name}",
         agent.team)
        for agent in world.agents
        if agent.team != SUPPORT
    ]  # fmt: skip
    rows.append(("telegram", "telegram", None, "Telegram: бот и группы", SUPPORT))
    rows.append(("whatsapp", "whatsapp", None, "WhatsApp", SALES))
    rows.append(("whatsapp_berlin", "whatsapp", None, "WhatsApp Berlin", BERLIN))
    return rows


def _table_channels(world: World) -> list[Sequence[Cell]]:
    source = "sandbox_world"
    rows: list[Sequence[Cell]] = [
        (source, "telegram", f"user{agent.telegram_user_id}", f"Telegram: {agent.name}", agent.team)
        for agent in world.agents
        if agent.team != SUPPORT
    ]
    rows.append((source, "telegram", "helpdesk", "Telegram: бот", SUPPORT))
    rows.append((source, "telegram", "group", "Telegram: группы", SUPPORT))
    rows.append((source, "whatsapp", "whatsapp", "WhatsApp", SALES))
    rows.append((source, "whatsapp", "whatsapp_berlin", "WhatsApp Berlin", BERLIN))
    return rows


_COMPANY: Final = f'''# The emulated company "{COMPANY_NAME}": generated, edit freely.
config_dir = "config"

[company]
name = "{COMPANY_NAME}"
time_zone = "{ZONE_NAME}"
currency = "{CURRENCY}"
'''
_EXPORTS: Final = f'''
[[sources]]
name = "telegram"
kind = "telegram_export"
paths = ["telegram"]
time_zone = "{ZONE_NAME}"

[[sources]]
name = "whatsapp"
kind = "whatsapp_export"
paths = ["whatsapp"]
time_zone = "{ZONE_NAME}"
date_order = "dmy"

[[sources]]
name = "whatsapp_berlin"
kind = "whatsapp_export"
paths = ["whatsapp_berlin"]
time_zone = "{BERLIN_ZONE_NAME}"
date_order = "dmy"
'''
_TABLES_OF_CRM: Final = f'''
[[sources]]
name = "{{name}}"
kind = "tabular"
paths = ["crm"]
mapping = "sandbox_crm"
time_zone = "{ZONE_NAME}"
'''
_TABLES: Final = """
[[sources]]
name = "sandbox_world"
kind = "tabular"
paths = ["sandbox_world"]
mapping = "sandbox_world"
"""


def write_project(folder: Path, *, for_tables: bool = False, crm: str | None = None) -> None:
    """Write `otvet.toml`: the company and its sources, with paths relative to it.

    Args:
        crm: section of the CRM whose API has the deals; null: they are files.
    """
    content = _COMPANY + (_TABLES if for_tables else _EXPORTS)
    if not for_tables:
        content += _TABLES_OF_CRM.format(name=CRM_NAME if crm is None else BOOKS_NAME)
    if crm is not None:
        content += f"\n{crm}"
    (folder / "otvet.toml").write_bytes(content.encode())


def typed_phone(phone: str) -> str:
    """A phone as people type it: the spelling depends on the number, so it never changes."""
    if not phone.startswith("+7"):
        return phone if int(phone[-1]) % 2 else f"{phone[:3]} {phone[3:7]} {phone[7:]}"
    number = phone[2:]
    parts = (number[:3], number[3:6], number[6:8], number[8:])
    return (
        f"+7{number}",
        "+7 ({}) {}-{}-{}".format(*parts),
        "8 {} {} {} {}".format(*parts),
        f"7{number}",
        "8({}){}-{}-{}".format(*parts),
    )[int(number) % 5]


def _save_rows(path: Path, columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> None:
    header = ",".join(_CRM_NAMES.get(name, name) for name in columns)
    _save(path, header, ([row[name] for name in columns] for row in rows))


def _save(path: Path, header: str, rows: Iterable[Sequence[Cell]]) -> None:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(header.split(","))
    writer.writerows([_cell(value) for value in row] for row in rows)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(buffer.getvalue().encode())


def _cell(value: Cell) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value.astimezone(_ZONE):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return str(value)
