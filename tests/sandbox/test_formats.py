"""What is written is what the applications write: keys, layouts, spellings, links of identities."""

from __future__ import annotations

import csv
import json
import re
import zipfile
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pipelines.lib.company_config import read_company_config
from pipelines.sandbox.model import World
from pipelines.settings import PROJECT_ROOT, load_settings
from pipelines.sources._common.privacy import normalise_phone
from pipelines.sources.tabular.mapping import load_mapping

ANDROID = re.compile(r"(\d\d\.\d\d\.\d{4}, \d\d:\d\d) - (?:([^:\n]+): )?(.*)")
IOS = re.compile(r"\u200e?\[(\d\d\.\d\d\.\d{4}, \d\d:\d\d:\d\d)\] ([^:]+): (.*)")


def _exports(company: Path) -> dict[str, dict[str, Any]]:
    return {
        path.parent.name: json.loads(path.read_text(encoding="utf-8"))
        for path in sorted((company / "telegram").glob("*/result.json"))
    }


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _messages(content: dict[str, Any]) -> list[dict[str, Any]]:
    chats = content["chats"]["list"] if "chats" in content else [content]
    return [message for chat in chats for message in chat["messages"]]


def test_telegram_has_one_account_per_agent_and_the_shared_chats(
    world: World, company: Path
) -> None:
    exports = _exports(company)
    assert set(exports) == {row.folder for row in world.agents} | {"helpdesk", "support_group"}
    for agent in world.agents:
        content = exports[agent.folder]
        assert content["personal_information"]["user_id"] == agent.telegram_user_id
        kinds = {chat["type"] for chat in content["chats"]["list"]}
        assert {"saved_messages", "personal_chat"} <= kinds
        assert kinds <= {"saved_messages", "personal_chat", "private_supergroup"}
    assert exports["support_group"]["type"] == "private_supergroup"
    writers = {row["from_id"] for row in _messages(exports["support_group"]) if "from_id" in row}
    staff = {f"user{row.telegram_user_id}" for row in world.agents}
    assert len(writers & staff) >= 2
    assert writers - staff


def test_telegram_messages_have_the_keys_of_the_format(company: Path) -> None:
    zone = ZoneInfo("Europe/Moscow")
    seen: set[str] = set()
    for content in _exports(company).values():
        for row in _messages(content):
            assert row["type"] in ("message", "service")
            assert row["date_unixtime"].isdecimal()
            instant = datetime.fromtimestamp(int(row["date_unixtime"]), zone)
            assert row["date"] == instant.replace(tzinfo=None).isoformat()
            joined = "".join(part["text"] for part in row["text_entities"])
            text = row["text"]
            if isinstance(text, list):
                text = "".join(part if isinstance(part, str) else part["text"] for part in text)
                seen.add("mixed")
            assert text == joined
            if row["type"] == "service":
                assert row["action"] in ("create_group", "phone_call")
                assert row["actor_id"].startswith("user")
            else:
                assert re.fullmatch(r"user\d+", row["from_id"])
                assert row["from"] is None or row["from"]
            seen |= row.keys() | {part["type"] for part in row["text_entities"]}
    assert {
        "edited_unixtime", "reply_to_message_id", "photo", "media_type", "contact_information",
        "mixed", "link", "phone", "email", "bot_command", "inline_bot_buttons",
    } <= seen  # fmt: skip


def test_telegram_ids_are_unique_in_a_chat_and_replies_point_into_it(company: Path) -> None:
    for content in _exports(company).values():
        chats = content["chats"]["list"] if "chats" in content else [content]
        assert len({(chat["type"], chat["id"]) for chat in chats}) == len(chats)
        for chat in chats:
            ids = [row["id"] for row in chat["messages"]]
            assert ids == sorted(set(ids))
            replies = {
                r["reply_to_message_id"] for r in chat["messages"] if "reply_to_message_id" in r
            }
            assert replies <= set(ids)


def test_whatsapp_android_has_minutes_and_a_notice_first(company: Path) -> None:
    paths = list((company / "whatsapp").glob("Чат WhatsApp с контактом *.txt"))
    assert len(paths) > 20
    texts = set()
    for path in paths:
        lines = path.read_text(encoding="utf-8").splitlines()
        headers = [found for line in lines if (found := ANDROID.fullmatch(line))]
        assert "защищены сквозным шифрованием" in lines[0]
        assert headers[0][2] is None
        moments = [datetime.strptime(row[1], "%d.%m.%Y, %H:%M") for row in headers]  # noqa: DTZ007
        assert moments == sorted(moments)
        texts |= {row[3] for row in headers}
    assert "<Без медиафайлов>" in texts
    assert any(text.endswith("(файл добавлен)") for text in texts)
    assert any(text.endswith("<Сообщение изменено>") for text in texts)


def test_whatsapp_has_one_ios_archive(company: Path) -> None:
    (path,) = (company / "whatsapp").glob("WhatsApp Chat - *.zip")
    with zipfile.ZipFile(path) as archive:
        assert archive.namelist() == ["_chat.txt"]
        text = archive.read("_chat.txt").decode()
    headers = [found for line in text.split("\r\n") if (found := IOS.match(line))]
    assert headers[0][3].startswith("\u200eСообщения и звонки")
    name = path.stem.removeprefix("WhatsApp Chat - ")
    assert name in {row[2] for row in headers}
    assert len({row[2] for row in headers}) == 2


def test_phones_join_chats_and_crm(world: World, company: Path) -> None:
    crm = {row["contact_id"]: row for row in _rows(company / "crm" / "contacts.csv")}
    known = {row.contact_id: row for row in world.customers if row.contact_id}
    assert set(crm) == set(known)
    phones = {contact: normalise_phone(row["phone"]) for contact, row in crm.items()}
    assert phones == {contact: row.phone for contact, row in known.items()}
    assert len({re.sub(r"\d", "0", row["phone"]) for row in crm.values()}) >= 4, "spellings"

    by_user = {row.telegram_user_id: row for row in world.customers if row.telegram_user_id}
    cards = 0
    for content in _exports(company).values():
        for card in content.get("contacts", {}).get("list", []):
            assert normalise_phone(card["phone_number"]) == by_user[card["user_id"]].phone
            cards += 1
    assert cards > 20
    numbers = {normalise_phone(path.stem.removeprefix("Чат WhatsApp с контактом "))
               for path in (company / "whatsapp").glob("*+7*.txt")}  # fmt: skip
    assert len(numbers & set(phones.values())) > 20
    assert numbers <= {row.phone for row in world.customers}


def test_crm_tables_refer_to_each_other(company: Path) -> None:
    crm = company / "crm"
    contacts = {row["contact_id"] for row in _rows(crm / "contacts.csv")}
    deals = {row["deal_id"] for row in _rows(crm / "deals.csv")}
    assert {row["contact_id"] for row in _rows(crm / "deals.csv")} <= contacts
    assert {row["deal_id"] for row in _rows(crm / "deal_events.csv")} == deals
    assert {row["deal_id"] for row in _rows(crm / "payments.csv")} <= deals
    assert {row["contact_id"] for row in _rows(crm / "ratings.csv")} <= contacts


def test_mapping_names_columns_that_the_tables_have(company: Path) -> None:
    mapping = load_mapping("sandbox_crm")
    entities = {table.entity for files in mapping.files for table in files.tables}
    assert entities == {"contacts", "deals", "deal_events", "payments", "spend", "ratings"}
    for files in mapping.files:
        with (company / "crm" / files.glob).open(encoding="utf-8", newline="") as file:
            assert files.required_columns() <= set(next(csv.reader(file)))


def test_project_and_configuration_are_valid(world: World, company: Path) -> None:
    settings = load_settings({"OTVET_CONFIG": str(company / "otvet.toml")})
    assert [source.name for source in settings.project.sources] == ["telegram", "whatsapp", "crm"]
    for source in settings.project.sources:
        assert all((company / path).is_dir() for path in source.paths)
    assert settings.config_dir == company / "config"
    config = read_company_config(settings.config_dir, PROJECT_ROOT / "config")
    roles = {row.role for row in config.roster}
    assert roles == {"agent", "bot", "auto_reply"}
    assert {row.agent_name for row in config.roster if row.role == "agent"} == {
        row.name for row in world.agents
    }
    assert {row.team for row in config.hours} == {"sales", "support"}
    assert len(config.holidays) == len(world.holidays)
    assert any(row.opens is None for row in config.holidays)
