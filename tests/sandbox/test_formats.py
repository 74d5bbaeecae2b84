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
IOS = re.compile(
    r"\u200e?\[(\d\d[./]\d\d[./]\d{4}, \d\d?:\d\d:\d\d(?:\u202f[AP]M)?)\] ([^:]+): (.*)"
)


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


def test_telegram_has_one_account_per_salesperson_and_the_shared_chats(
    world: World, company: Path
) -> None:
    exports = _exports(company)
    owners = {row.folder: row for row in world.agents if row.team != "support"}
    accounts = set(exports) & set(owners)
    assert set(exports) - accounts == {"helpdesk", "group_1", "group_2", "olga_earlier"}
    assert len(accounts) >= 7
    for folder in accounts:
        content = exports[folder]
        assert content["personal_information"]["user_id"] == owners[folder].telegram_user_id
        kinds = {chat["type"] for chat in content["chats"]["list"]}
        assert kinds == {"saved_messages", "personal_chat"}
    assert exports["group_1"]["type"] == "private_supergroup"
    staff = {f"user{row.telegram_user_id}" for row in world.agents}
    writers = {
        row["from_id"]
        for name in ("group_1", "group_2")
        for row in _messages(exports[name])
        if "from_id" in row
    }
    assert writers & staff
    assert len(writers - staff) >= 3


def test_telegram_messages_have_the_keys_of_the_format(company: Path) -> None:
    zone = ZoneInfo("Europe/Moscow")
    seen: set[str] = set()
    for content in _exports(company).values():
        for row in _messages(content):
            assert row["type"] in ("message", "service")
            assert row["date_unixtime"].isdecimal()
            instant = datetime.fromtimestamp(int(row["date_unixtime"]), zone)
            shown = datetime.fromisoformat(row["date"])
            # Berlin's accounts were exported by a computer in Berlin.
            assert (instant.replace(tzinfo=None) - shown).total_seconds() in (0, 3600, 7200)
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
    paths = list((company / "whatsapp").rglob("Чат WhatsApp с контактом *.txt"))
    assert len(paths) > 20
    texts = set()
    for path in paths:
        lines = path.read_text(encoding="utf-8").splitlines()
        headers = [found for line in lines if (found := ANDROID.fullmatch(line))]
        moments = [datetime.strptime(row[1], "%d.%m.%Y, %H:%M") for row in headers]  # noqa: DTZ007
        assert moments == sorted(moments)
        if "Отель" not in path.stem:
            assert "защищены сквозным шифрованием" in lines[0]
        assert headers[0][2] is None
        texts |= {row[3] for row in headers}
    assert "<Без медиафайлов>" in texts
    assert any(text.endswith("(файл добавлен)") for text in texts)
    assert any(text.endswith("<Сообщение изменено>") for text in texts)
    assert any("удалил" in text for text in texts)


def test_whatsapp_speaks_three_languages(company: Path) -> None:
    names = {path.name.rsplit(" ", 1)[0][:22] for path in company.glob("whatsapp*/*/*")}
    starts = {name[:18] for name in names}
    assert {"Чат WhatsApp с кон", "WhatsApp Chat with", "WhatsApp Chat mit "} <= starts
    german = next((company / "whatsapp_berlin").rglob("WhatsApp Chat mit *.txt"))
    first = german.read_text(encoding="utf-8").splitlines()[0]
    assert re.match(r"\d\d\.\d\d\.\d\d, \d\d:\d\d - Nachrichten und Anrufe", first)


def test_whatsapp_has_ios_archives(company: Path) -> None:
    paths = list(company.glob("whatsapp*/*/WhatsApp Chat - *.zip"))
    assert len(paths) > 3
    for path in paths:
        with zipfile.ZipFile(path) as archive:
            assert archive.namelist() == ["_chat.txt"]
            text = archive.read("_chat.txt").decode()
        headers = [found for line in text.split("\r\n") if (found := IOS.match(line))]
        assert headers[0][3].startswith(("\u200eСообщения и звонки", "\u200eMessages and calls"))
        assert path.stem.removeprefix("WhatsApp Chat - ") in {row[2] for row in headers}
        assert len({row[2] for row in headers}) <= 2


def test_phones_join_chats_and_crm(world: World, company: Path) -> None:
    crm = {row["contact_id"]: row for row in _rows(company / "crm" / "contacts.csv")}
    customers = world["customers"].to_pylist()
    known = {str(row["contact_id"]): row for row in customers if row["contact_id"]}
    assert set(crm) == set(known)
    phones = {contact: normalise_phone(row["phone"]) for contact, row in crm.items()}
    assert phones == {contact: row["phone"] for contact, row in known.items()}
    assert len({re.sub(r"\d", "0", row["phone"]) for row in crm.values()}) >= 5, "spellings"

    by_user = {row["telegram_user_id"]: row for row in customers if row["telegram_user_id"]}
    cards = 0
    for content in _exports(company).values():
        for card in content.get("contacts", {}).get("list", []):
            assert normalise_phone(card["phone_number"]) == by_user[card["user_id"]]["phone"]
            cards += 1
    assert cards > 20
    numbers = {
        normalise_phone(path.stem.removeprefix("Чат WhatsApp с контактом "))
        for path in (company / "whatsapp").rglob("*+7*.txt")
    }
    assert len(numbers & set(phones.values())) > 20


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
    assert [source.name for source in settings.project.sources] == [
        "telegram", "whatsapp", "whatsapp_berlin", "crm",
    ]  # fmt: skip
    for source in settings.project.sources:
        assert all((company / path).is_dir() for path in source.paths)
    assert settings.config_dir == company / "config"
    config = read_company_config(settings.config_dir, PROJECT_ROOT / "config")
    roles = {row.role for row in config.roster}
    assert roles == {"agent", "bot", "auto_reply", "broadcast"}
    names = {row.name for row in world.agents} | {"Марина Орлова"}
    assert {row.agent_name for row in config.roster if row.role == "agent"} == names
    assert {row.agent_id for row in config.roster if row.role == "agent"} == {
        row.agent_id for row in world.agents
    }
    assert {row.team for row in config.hours} == {"sales", "support", "berlin"}
    assert config.team_zones["berlin"] == "Europe/Berlin"
    assert len(config.holidays) == len(world.holidays)
    assert any(row.opens is None for row in config.holidays)
