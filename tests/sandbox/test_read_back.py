"""What the readers read back from each file is what happened in the world."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from pipelines.lib.company_config import read_roster
from pipelines.lib.company_tables import roster_table
from pipelines.sandbox.model import World
from pipelines.sandbox.writers_rows import said_by_thread
from pipelines.sources._common.exports import ExportSummary
from pipelines.sources._common.privacy import Pseudonymizer
from pipelines.sources.tabular.mapping import load_mapping
from pipelines.sources.tabular.reader import read_tables
from pipelines.sources.telegram_export.reader import read_export as read_telegram
from pipelines.sources.whatsapp_export.reader import read_export as read_whatsapp

Rows = dict[str, list[dict[str, Any]]]
ZONES = {"whatsapp": "Europe/Moscow", "whatsapp_berlin": "Europe/Berlin"}


@pytest.fixture(scope="module")
def pseudonymizer() -> Pseudonymizer:
    return Pseudonymizer(b"0123456789abcdef0123456789abcdef")


@pytest.fixture(scope="module")
def roles(company: Path, pseudonymizer: Pseudonymizer) -> dict[str, str]:
    """Role by pseudonym, as the roster of the company tells it."""
    entries = list(read_roster(company / "config" / "roster.csv"))
    table = roster_table(entries, pseudonymizer)
    return {row["match_id"]: row["role"] for row in table.to_pylist()}


def _gather(batches: Iterable[tuple[str, pa.Table]]) -> Rows:
    rows: Rows = defaultdict(list)
    for entity, table in batches:
        rows[entity].extend(table.to_pylist())
    return rows


@pytest.fixture(scope="module")
def telegram(company: Path, pseudonymizer: Pseudonymizer) -> dict[str, Rows]:
    """Rows by folder of the export and entity."""
    return {
        path.parent.name: _gather(
            read_telegram(
                path, source_name="telegram", pseudonymizer=pseudonymizer,
                summary=ExportSummary(), time_zone="Europe/Moscow",
            )
        )
        for path in sorted((company / "telegram").glob("*/result.json"))
    }  # fmt: skip


@pytest.fixture(scope="module")
def whatsapp(company: Path, pseudonymizer: Pseudonymizer) -> dict[str, Rows]:
    """Rows by path of the file below the company and entity."""
    return {
        str(path.relative_to(company)): _gather(
            read_whatsapp(
                path, source_name=source, pseudonymizer=pseudonymizer,
                summary=ExportSummary(), time_zone=zone, date_order="dmy",
            )
        )
        for source, zone in ZONES.items()
        for path in sorted((company / source).rglob("*"))
        if path.is_file()
    }  # fmt: skip


def _telegram_user(world: World, message: dict[str, Any], users: dict[int, int]) -> str:
    known = {"bot": 700100900, "auto_reply": 700100901, "broadcast": 700100902}
    if message["author_type"] in known:
        return f"user{known[message['author_type']]}"
    if message["agent"] is not None:
        return f"user{world.agents[message['agent']].telegram_user_id}"
    return f"user{users[message['identity_id'] // 4]}"


def test_telegram_messages_come_back_exactly(
    world: World, telegram: dict[str, Rows], pseudonymizer: Pseudonymizer
) -> None:
    users = dict(
        zip(
            world["customers"]["customer_id"].to_pylist(),
            world["customers"]["telegram_user_id"].to_pylist(),
            strict=True,
        )
    )
    wanted: Counter[tuple[object, ...]] = Counter()
    for _, messages in said_by_thread(world, "telegram"):
        for row in messages:
            if row["event_type"] == "message" and row["deleted_at"] is None:
                text, content = row["text"], row["content_type"]
                reply_to = row["reply_to_seq"]
                key = (
                    str(row["seq"] + 1), row["sent_at"], row["edited_at"],
                    pseudonymizer.pseudonym("telegram_user", _telegram_user(world, row, users)),
                    content, len(text),
                    (pseudonymizer.mask(text) or None) if content != "sticker" else None,
                    None if reply_to is None else str(reply_to + 1),
                )  # fmt: skip
                wanted[key] += 1
    found: Counter[tuple[object, ...]] = Counter(
        (
            row["message_id"], row["sent_at"], row["edited_at"], row["author_source_id"],
            row["content_type"], row["text_length"],
            row["text"] if row["content_type"] != "sticker" else None,
            row["reply_to_message_id"],
        )
        for folder, entities in telegram.items()
        if not folder.endswith("_earlier")
        for row in entities["messages"]
        if row["event_type"] == "message"
    )  # fmt: skip
    assert found == wanted
    assert not [folder for folder, rows in telegram.items() if "rejected_rows" in rows]


def test_earlier_telegram_export_repeats_rows_of_the_later_one(telegram: dict[str, Rows]) -> None:
    (earlier,) = [folder for folder in telegram if folder.endswith("_earlier")]
    before = {row["row_key"] for row in telegram[earlier]["messages"]}
    after = {row["row_key"] for row in telegram[earlier.removesuffix("_earlier")]["messages"]}
    assert len(before) > 20
    assert before < after


def test_telegram_author_types_follow_the_roster(
    world: World, telegram: dict[str, Rows], roles: dict[str, str]
) -> None:
    read = Counter(
        row["author_type"] or roles.get(row["author_source_id"], "customer")
        for folder, entities in telegram.items()
        if not folder.endswith("_earlier")
        for row in entities["messages"]
    )
    happened = Counter(
        row["author_type"]
        for _, messages in said_by_thread(world, "telegram")
        for row in messages
        if row["deleted_at"] is None
    )
    assert read == happened


def test_cards_show_the_phones_that_the_world_says_they_show(
    world: World, telegram: dict[str, Rows], whatsapp: dict[str, Rows], company: Path,
    pseudonymizer: Pseudonymizer,
) -> None:  # fmt: skip
    crm = _gather(
        read_tables(
            [company / "crm"], mapping=load_mapping("sandbox_crm"), source_name="crm",
            pseudonymizer=pseudonymizer, summary=ExportSummary(),
        )
    )  # fmt: skip
    assert "rejected_rows" not in crm
    shown = {
        (row["messenger_id"], row["phone_id"])
        for entities in (*telegram.values(), *whatsapp.values(), crm)
        for row in entities.get("contacts", [])
        if row["messenger_id"] and row["phone_id"]
    }
    wrote = {}
    for row in world["identities"].to_pylist():
        kind = "telegram_user" if row["source"] == "telegram" else "whatsapp_author"
        address = row["address"]
        wrote[pseudonymizer.pseudonym(kind, address)] = row["phone_on_card"]  # type: ignore[arg-type]
    expected = {
        (account, pseudonymizer.pseudonym("phone", phone))
        for account, phone in wrote.items()
        if phone
    }
    assert {pair for pair in shown if pair[0] in wrote} == expected
    assert len(expected) > 40


def test_whatsapp_messages_come_back_as_each_layout_shows_them(
    world: World, whatsapp: dict[str, Rows], roles: dict[str, str]
) -> None:
    happened: Counter[tuple[object, ...]] = Counter()
    layouts = set()
    for thread, messages in said_by_thread(world, *ZONES):
        layouts.add(thread["layout"])
        for row in messages:
            if row["event_type"] == "message":
                at: datetime = row["sent_at"]
                if thread["layout"].startswith("android"):
                    at = at.replace(second=0)
                plain = row["content_type"] == "text" and row["deleted_at"] is None
                length = len(row["text"]) if plain else None
                happened[(at, row["author_type"], length)] += 1
    read = Counter(
        (row["sent_at"], _role(row, roles), row["text_length"])
        for path, entities in whatsapp.items()
        if " (1)" not in path
        for row in entities["messages"]
        if row["event_type"] == "message"
    )
    assert read == happened
    assert not [path for path, rows in whatsapp.items() if "rejected_rows" in rows]
    assert layouts == {"android_ru", "ios_ru", "android_uk", "android_de", "ios_en"}


def _role(row: dict[str, Any], roles: dict[str, str]) -> str:
    known = roles.get(row["author_source_id"]) or roles.get(row["author_name_id"])
    return row["author_type"] or known or "customer"


def test_whatsapp_groups_and_repeated_exports(whatsapp: dict[str, Rows]) -> None:
    groups = {
        path for path, rows in whatsapp.items() if any(row["is_group"] for row in rows["messages"])
    }
    assert len(groups) == 1
    assert "Отель Волга" in groups.pop()
    copies = [path for path in whatsapp if " (1)" in path]
    assert copies
    for path in copies:
        later = {row["message_id"] for row in whatsapp[path.replace(" (1)", "")]["messages"]}
        assert {row["message_id"] for row in whatsapp[path]["messages"]} < later


def test_crm_tables_come_back(world: World, company: Path, pseudonymizer: Pseudonymizer) -> None:
    rows = _gather(
        read_tables(
            [company / "crm"], mapping=load_mapping("sandbox_crm"), source_name="crm",
            pseudonymizer=pseudonymizer, summary=ExportSummary(),
        )
    )  # fmt: skip
    for entity in ("deals", "deal_events", "ratings", "payments", "spend"):
        assert len(rows[entity]) == world[entity].num_rows, entity
    deals = {str(row["deal_id"]): row for row in world["deals"].to_pylist()}
    for row in rows["deals"]:
        deal = deals[row["deal_id"]]
        for column in ("status", "stage", "amount", "currency_code", "created_at", "closed_at",
                       "first_contact_seconds"):  # fmt: skip
            assert row[column] == deal[column], column
    for entity in ("payments", "spend"):
        wanted = sum(world[entity]["amount"].to_pylist())
        assert sum(row["amount"] for row in rows[entity]) == wanted
