"""What the readers read back is what happened in the world."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipelines.lib.company_config import read_roster, roster_table
from pipelines.sandbox import truth
from pipelines.sandbox.company import pretty_phone
from pipelines.sandbox.model import Message, World
from pipelines.sources._common.exports import ExportSummary
from pipelines.sources._common.privacy import Pseudonymizer
from pipelines.sources.tabular.mapping import load_mapping

ZONE = "Europe/Moscow"


@pytest.fixture(scope="module")
def pseudonymizer() -> Pseudonymizer:
    return Pseudonymizer(b"0123456789abcdef0123456789abcdef")


@pytest.fixture(scope="module")
def roles(company: Path, pseudonymizer: Pseudonymizer) -> dict[str, str]:
    """Role by pseudonym, as the roster of the company tells it."""
    entries = list(read_roster(company / "config" / "roster.csv"))
    table = roster_table(entries, pseudonymizer)
    return {row["match_id"]: row["role"] for row in table.to_pylist()}


def _gather(batches: Iterable[tuple[str, pa.Table]]) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for entity, table in batches:
        rows[entity].extend(table.to_pylist())
    return rows


@pytest.fixture(scope="module")
def telegram(company: Path, pseudonymizer: Pseudonymizer) -> dict[str, dict[str, list[Any]]]:
    """Rows by folder of the export and entity."""
    reader = import_module("pipelines.sources.telegram_export.reader")
    return {
        path.parent.name: _gather(
            reader.read_export(
                path,
                source_name="telegram",
                pseudonymizer=pseudonymizer,
                summary=ExportSummary(),
                time_zone=ZONE,
            )
        )
        for path in sorted((company / "telegram").glob("*/result.json"))
    }


@pytest.fixture(scope="module")
def whatsapp(company: Path, pseudonymizer: Pseudonymizer) -> dict[str, dict[str, list[Any]]]:
    """Rows by name of the chat and entity."""
    reader = pytest.importorskip("pipelines.sources.whatsapp_export.reader")
    return {
        path.stem.removeprefix("Чат WhatsApp с контактом ").removeprefix("WhatsApp Chat - "):
        _gather(
            reader.read_export(
                path,
                source_name="whatsapp",
                pseudonymizer=pseudonymizer,
                summary=ExportSummary(),
                time_zone=ZONE,
            )
        )
        for path in sorted((company / "whatsapp").iterdir())
    }  # fmt: skip


def _by_folder(world: World) -> dict[str, list[Message]]:
    folders = {row.agent_id: row.folder for row in world.agents}
    names = {
        row.thread_id: "helpdesk"
        if row.kind == "helpdesk"
        else folders.get(row.agent_id or "", "support_group")
        for row in world.threads
    }
    found: dict[str, list[Message]] = defaultdict(list)
    for message in world.messages:
        if message.source == "telegram":
            found[names[message.thread_id]].append(message)
    return found


def _telegram_user(world: World, message: Message) -> str:
    agents = {row.agent_id: row.telegram_user_id for row in world.agents}
    customers = {row.customer_id: row.telegram_user_id for row in world.customers}
    known = {"bot": world.bot_user_id, "auto_reply": world.auto_reply_user_id}
    user = known.get(message.author_type) or agents.get(message.agent_id or "")
    return f"user{user or customers[message.customer_id or '']}"


def test_telegram_messages_come_back_exactly(
    world: World, telegram: dict[str, dict[str, list[Any]]], pseudonymizer: Pseudonymizer
) -> None:
    happened = _by_folder(world)
    assert set(telegram) == set(happened)
    for folder, messages in happened.items():
        expected = [row for row in messages if row.author_type != "system"]
        read = [row for row in telegram[folder]["messages"] if row["event_type"] == "message"]
        assert "rejected_rows" not in telegram[folder]
        wanted = Counter(
            (
                str(row.native_id),
                row.sent_at,
                row.edited_at,
                pseudonymizer.pseudonym("telegram_user", _telegram_user(world, row)),
                row.content_type,
                len(row.text),
                (pseudonymizer.mask(row.text) or None) if row.content_type != "sticker" else None,
                None if row.reply_to is None else str(row.reply_to),
            )
            for row in expected
        )
        assert wanted == Counter(
            (
                row["message_id"],
                row["sent_at"],
                row["edited_at"],
                row["author_source_id"],
                row["content_type"],
                row["text_length"],
                row["text"] if row["content_type"] != "sticker" else None,
                row["reply_to_message_id"],
            )
            for row in read
        )
        threads = {row.thread_id for row in messages}
        assert len({row["thread_id"] for row in telegram[folder]["messages"]}) == len(threads)


def test_telegram_author_types_follow_the_roster(
    world: World, telegram: dict[str, dict[str, list[Any]]], roles: dict[str, str]
) -> None:
    read = Counter(
        row["author_type"] or roles.get(row["author_source_id"], "customer")
        for entities in telegram.values()
        for row in entities["messages"]
    )
    happened = Counter(row.author_type for row in world.messages if row.source == "telegram")
    assert read == happened


def test_telegram_address_books_carry_the_phones(
    world: World, telegram: dict[str, dict[str, list[Any]]], pseudonymizer: Pseudonymizer
) -> None:
    cards = {
        (row["messenger_id"], row["phone_id"])
        for entities in telegram.values()
        for row in entities["contacts"]
    }
    alone = {row.thread_id for row in world.threads if row.kind == "account"}
    people = {row.customer_id for row in world.threads if row.thread_id in alone}
    assert cards == {
        (
            pseudonymizer.pseudonym("telegram_user", f"user{row.telegram_user_id}"),
            pseudonymizer.pseudonym("phone", row.phone),
        )
        for row in world.customers
        if row.telegram_in_contacts and row.customer_id in people
    }


def test_telegram_chats_of_two_accounts_stay_apart(
    telegram: dict[str, dict[str, list[Any]]],
) -> None:
    """A customer who writes to two agents has two chats; ids count per account and may meet."""
    keys = Counter(
        (row["thread_id"], row["message_id"])
        for entities in telegram.values()
        for row in entities["messages"]
    )
    assert not [key for key, count in keys.items() if count > 1]


def test_whatsapp_messages_come_back_to_the_minute(
    world: World, whatsapp: dict[str, dict[str, list[Any]]], roles: dict[str, str]
) -> None:
    titles = {row.thread_id: row for row in world.threads if row.source == "whatsapp"}
    happened: dict[str, list[Message]] = defaultdict(list)
    for row in world.messages:
        if row.source == "whatsapp" and row.author_type != "system":
            happened[titles[row.thread_id].native_id].append(row)
    assert set(whatsapp) == set(happened)
    ios = {row.native_id for row in titles.values() if row.is_ios}
    for name, messages in happened.items():
        entities = whatsapp[name]
        assert "rejected_rows" not in entities
        read = [row for row in entities["messages"] if row["event_type"] == "message"]
        read.sort(key=lambda row: row["message_seq"])

        def shown(at: datetime, name: str = name) -> datetime:
            return at if name in ios else at.replace(second=0)

        assert [(shown(row.sent_at), row.author_type) for row in messages] == [
            (row["sent_at"], _role(row, roles)) for row in read
        ]
        for wanted, row in zip(messages, read, strict=True):
            if wanted.content_type == "text":
                assert row["content_type"] == "text"
                assert row["text_length"] == len(wanted.text)


def _role(row: dict[str, Any], roles: dict[str, str]) -> str:
    known = roles.get(row["author_source_id"]) or roles.get(row["author_name_id"])
    return row["author_type"] or known or "customer"


def test_whatsapp_groups_and_service_lines(
    world: World, whatsapp: dict[str, dict[str, list[Any]]]
) -> None:
    group = next(row for row in world.threads if row.kind == "whatsapp_group")
    for name, entities in whatsapp.items():
        assert {row["is_group"] for row in entities["messages"]} == {name == group.native_id}
    service = sum(
        1
        for entities in whatsapp.values()
        for row in entities["messages"]
        if row["event_type"] == "service"
    )
    assert service == truth.compute(world)["messages_whatsapp_system"]


def test_crm_tables_come_back(world: World, company: Path, pseudonymizer: Pseudonymizer) -> None:
    reader = import_module("pipelines.sources.tabular.reader")
    rows = _gather(
        reader.read_tables(
            [company / "crm"],
            mapping=load_mapping("sandbox_crm"),
            source_name="crm",
            pseudonymizer=pseudonymizer,
            summary=ExportSummary(),
        )
    )
    figures = truth.compute(world)
    assert "rejected_rows" not in rows
    for entity in ("contacts", "deals", "deal_events", "ratings"):
        assert len(rows[entity]) == figures[entity]
    assert {row["phone_id"] for row in rows["contacts"]} == {
        pseudonymizer.pseudonym("phone", pretty_phone(row.phone))
        for row in world.customers
        if row.contact_id
    }
    deals = {row.deal_id: row for row in world.deals}
    for row in rows["deals"]:
        deal = deals[row["deal_id"]]
        assert (row["status"], row["stage"], row["amount"]) == (
            deal.status, deal.stage, deal.amount,
        )  # fmt: skip
        assert (row["created_at"], row["closed_at"]) == (deal.created_at, deal.closed_at)
    paid = sum(row["amount"] for row in rows["payments"] if row["payment_type"] == "payment")
    assert float(paid) == figures["paid_amount"]
    assert float(sum(row["amount"] for row in rows["spend"])) == figures["spend_amount"]
