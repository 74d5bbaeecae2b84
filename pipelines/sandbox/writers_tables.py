"""CRM tables, business inputs and the project file of the emulated company."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

from pipelines.sandbox.model import COMPANY_NAME, CURRENCY, ZONE, ZONE_NAME, Customer, World
from pipelines.sandbox.writers_telegram import AUTO_REPLY_NAME, BOT_NAME

Cell = str | int | Decimal | date | datetime | time | None


def write_crm(world: World, folder: Path) -> None:
    """Write contacts, deals, deal events, payments, spend and ratings; times are Moscow's."""
    agents = {row.agent_id: row for row in world.agents}
    known = [row for row in world.customers if row.contact_id]
    owners = _owners(world)
    _save(
        folder / "contacts.csv",
        "contact_id,name,phone,email,telegram_id,owner,created_at,updated_at",
        (
            (
                row.contact_id, row.name, _typed_phone(row), row.email,
                # Only those whose account the salespeople wrote down.
                f"user{row.telegram_user_id}" if row.telegram_in_contacts else None,
                owners.get(row.customer_id), row.arrived_at, row.arrived_at,
            )
            for row in known
        ),
    )  # fmt: skip
    paid: defaultdict[str, Decimal] = defaultdict(Decimal)
    for payment in world.payments:
        sign = 1 if payment.payment_type == "payment" else -1
        paid[payment.deal_id] += sign * payment.amount
    _save(
        folder / "deals.csv",
        "deal_id,contact_id,pipeline,stage,status,lost_reason,amount,paid_amount,currency,product,"
        "source,campaign,owner,team,created_at,updated_at,closed_at",
        (
            (
                row.deal_id, row.contact_id, row.pipeline, row.stage, row.status, row.lost_reason,
                row.amount, paid[row.deal_id], CURRENCY, row.product, row.lead_source, row.campaign,
                agents[row.agent_id].name, agents[row.agent_id].team, row.created_at,
                row.updated_at, row.closed_at,
            )
            for row in world.deals
        ),
    )  # fmt: skip
    _save(
        folder / "deal_events.csv",
        "event_id,deal_id,event,from_stage,to_stage,occurred_at,actor",
        (
            (
                row.deal_event_id, row.deal_id, row.event_type, row.from_stage, row.to_stage,
                row.occurred_at, agents[row.agent_id].name,
            )
            for row in world.deal_events
        ),
    )  # fmt: skip
    _save(
        folder / "payments.csv",
        "payment_id,deal_id,contact_id,type,paid_at,amount,currency",
        (
            (
                row.payment_id, row.deal_id, row.contact_id, row.payment_type, row.paid_at,
                row.amount, CURRENCY,
            )
            for row in world.payments
        ),
    )  # fmt: skip
    _save(
        folder / "spend.csv",
        "spend_id,date,source,campaign,amount,currency,impressions,clicks",
        (
            (
                row.spend_id, row.spent_on, row.lead_source, row.campaign, row.amount, CURRENCY,
                row.impressions, row.clicks,
            )
            for row in world.spend
        ),
    )  # fmt: skip
    _save(
        folder / "ratings.csv",
        "rating_id,contact_id,survey,score,rated_at",
        (
            (row.rating_id, row.contact_id, row.survey_type, row.score, row.rated_at)
            for row in world.ratings
        ),
    )


def write_config(world: World, folder: Path) -> None:
    """Write the CSV files that people edit: roster, schedules, holidays, channels."""
    roster: list[Sequence[Cell]] = []
    for agent in world.agents:
        for source, match in (("telegram", f"user{agent.telegram_user_id}"), ("*", agent.name)):
            roster.append((source, match, "agent", agent.name, agent.team, None, None))
    for user_id, role, name in (
        (world.bot_user_id, "bot", BOT_NAME),
        (world.auto_reply_user_id, "auto_reply", AUTO_REPLY_NAME),
    ):
        roster.append(("telegram", f"user{user_id}", role, name, "support", None, None))
    _save(
        folder / "roster.csv", "source_name,match,role,agent_name,team,valid_from,valid_to", roster
    )
    _save(
        folder / "working_hours.csv",
        "team,valid_from,valid_to,weekday,opens,closes",
        (
            (row.team, row.valid_from, row.valid_to, row.weekday, row.opens, row.closes)
            for row in world.hours
        ),
    )
    _save(
        folder / "holidays.csv",
        "team,date,opens,closes",
        ((row.team, row.day, row.opens, row.closes) for row in world.holidays),
    )
    channels: list[Sequence[Cell]] = [
        ("telegram", "telegram", f"user{agent.telegram_user_id}", f"Telegram: {agent.name}",
         agent.team)
        for agent in world.agents
    ]  # fmt: skip
    channels.append(("telegram", "telegram", None, "Telegram: бот и группа", "support"))
    channels.append(("whatsapp", "whatsapp", None, "WhatsApp", "support"))
    _save(
        folder / "channels.csv",
        "source_name,channel_type,channel_account_id,channel_name,team",
        channels,
    )


def write_project(folder: Path) -> None:
    """Write `otvet.toml`: company and the three sources, with paths relative to it."""
    (folder / "otvet.toml").write_bytes(
        f'''# The emulated company "{COMPANY_NAME}": generated, edit freely.
config_dir = "config"

[company]
name = "{COMPANY_NAME}"
time_zone = "{ZONE_NAME}"
currency = "{CURRENCY}"

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

[[sources]]
name = "crm"
kind = "tabular"
paths = ["crm"]
mapping = "sandbox_crm"
time_zone = "{ZONE_NAME}"
'''.encode()
    )


def _owners(world: World) -> dict[str, str]:
    """Who of the staff met each customer first, by name."""
    names = {row.agent_id: row.name for row in world.agents}
    owners: dict[str, str] = {}
    for conversation in world.conversations:
        if conversation.first_agent_id:
            owners.setdefault(conversation.customer_id, names[conversation.first_agent_id])
    return owners


def _typed_phone(customer: Customer) -> str:
    """A phone as people type it: the spelling depends on the number, so it never changes."""
    number = customer.phone[2:]
    parts = (number[:3], number[3:6], number[6:8], number[8:])
    return (
        f"+7{number}",
        "+7 ({}) {}-{}-{}".format(*parts),
        "8 {} {} {} {}".format(*parts),
        f"7{number}",
        "8({}){}-{}-{}".format(*parts),
    )[int(number) % 5]


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
        return f"{value.astimezone(ZONE):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, Decimal):
        return f"{value:.2f}"
    return str(value)
