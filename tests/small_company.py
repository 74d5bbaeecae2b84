"""A company small enough to import in seconds, whose people are easy to recognise.

Its exports hold personal data in every place where real ones do; `ORIGINALS` lists what must never
be found outside the vault.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

AS_OF = "2026-06-20T00:00:00+00:00"
KEY = "a secret of this test that nobody may find anywhere"
AGENT = "Светлана Опорная"
AGENT_ID = 4400110022

# Written with a word before and after, in texts of customers.
PHONES = (
    "+7 916 700-11-22", "8(916)7001133", "8 916 700 11 44", "+79167001155", "+44 20 7946 0958",
    "+49 (0)30 901820", "89167001166", "+7‑916‑700‑11‑77", "+1 (212) 555-0187",
)  # fmt: skip
EMAILS = (
    "agafya.tikhaya@private.example", "Semyon_K@Firma.Example", "x+tag-42@sub.domain.example",
)  # fmt: skip
CARDS = ("4111 1111 1111 1111", "5555555555554444", "2200-7001-2345-6781")
HANDLES = (
    "@agafya_tikhaya",
    "https://t.me/semyon_private",
    "vk.com/zabava1999",
    "wa.me/79167001188",
)
NAMES = ("Агафья Тихомирная", "Семён Кудеярный", "Zabava Unlikely", "Мирослава Загадкина")
FIELD_PHONES = ("+7 903 555-66-77", "+79035556688")
IDS = ("5550123457", "5550987651", "crm-person-90071", "crm-person-90072")

ORIGINALS = (*PHONES, *EMAILS, *CARDS, *HANDLES, *NAMES, *FIELD_PHONES, *IDS)

# What a careless copy would hold in another spelling of the same.
RESPELT = (
    "79167001122", "79167001133", "79167001144", "79167001155", "442079460958", "12125550187",
    "4111111111111111", "2200700123456781", "9035556677", "9035556688", "agafya_tikhaya",
    "semyon_private", "zabava1999", "semyon_k@firma.example",
)  # fmt: skip

CONFIG = """
[company]
name = "Small company"
time_zone = "Europe/Moscow"

[[sources]]
name = "small_telegram"
paths = ["exports/telegram"]

[[sources]]
name = "small_whatsapp"
paths = ["exports/whatsapp"]
us = "name:{agent}"
date_order = "dmy"

[[sources]]
name = "small_crm"
kind = "tabular"
mapping = "small_crm.toml"
paths = ["exports/crm"]
"""

MAPPING = """
title = "CRM of the small company"
channel_type = "email"
us = "author-type"
conversation = "gap"
currency = "RUB"

[[files]]
glob = "contacts.csv"
[[files.tables]]
entity = "contacts"
[files.tables.columns]
contact_id = "id"
phone = "phone"
email = "email"
created_at = "created"
source_metadata = { json = { comment = "comment" } }

[[files]]
glob = "deals.csv"
[[files.tables]]
entity = "deals"
[files.tables.columns]
deal_id = "id"
status = "status"
amount = "amount"
contact_id = "contact"
owner_name = "owner"
created_at = "created"
source_metadata = { json = { comment = "comment" } }

[[files]]
glob = "letters.csv"
[[files.tables]]
entity = "messages"
[files.tables.columns]
thread_id = "thread"
sent_at = "sent"
author_source_id = "author"
author_name = "name"
author_type = "role"
text = "text"
"""


def telegram_message(
    number: int, when: str, who: tuple[str, str], text: Any, **more: Any
) -> dict[str, Any]:
    """One message; `when` is an ISO instant in UTC."""
    from datetime import datetime

    moment = int(datetime.fromisoformat(when).timestamp())
    return {
        "id": number, "type": "message", "date": when[:19], "date_unixtime": str(moment),
        "from": who[1], "from_id": who[0], "text": text,
        "text_entities": [{"type": "plain", "text": text}] if isinstance(text, str) else [],
        **more,
    }  # fmt: skip


def write_telegram(folder: Path) -> None:
    """The account of the agent: two customers, an address book, forwarded and shared people."""
    us = (f"user{AGENT_ID}", AGENT)
    first, second = (f"user{IDS[0]}", NAMES[0]), (f"user{IDS[1]}", NAMES[1])
    texts = [*PHONES, *EMAILS, *CARDS, *HANDLES]
    messages = []
    for number, text in enumerate(texts):
        hour = f"2026-06-0{1 + number // 8}T{8 + number % 8:02}"
        asked = f"Запишите, пожалуйста: {text} это срочно?"
        messages += [
            telegram_message(2 * number + 1, f"{hour}:00:00+00:00", first, asked),
            telegram_message(
                2 * number + 2, f"{hour}:07:30+00:00", us, f"Записала {text}, спасибо"
            ),
        ]
    linked = [
        {"type": "phone", "text": PHONES[0]}, " и ", {"type": "email", "text": EMAILS[0]},
        {"type": "mention_name", "text": "она", "user_id": int(IDS[1])},
    ]  # fmt: skip
    other = [
        telegram_message(1, "2026-06-10T09:00:00+00:00", second, linked, forwarded_from=NAMES[0]),
        telegram_message(
            2, "2026-06-10T09:01:00+00:00", second, "",
            contact_information={
                "first_name": "Мирослава", "last_name": "Загадкина", "phone_number": FIELD_PHONES[0]
            },
        ),
        telegram_message(3, "2026-06-10T09:02:00+00:00", us, "Какая доставка вам нужна?"),
        {
            "id": 4, "type": "service", "date": "2026-06-10T12:03:00",
            "date_unixtime": "1781082180", "actor": NAMES[1], "actor_id": second[0],
            "action": "phone_call", "text": "", "text_entities": [],
        },
    ]  # fmt: skip
    account = {
        "personal_information": {
            "user_id": AGENT_ID, "first_name": "Светлана", "last_name": "Опорная",
            "phone_number": "+7 900 000 00 01", "username": "@opornaya", "bio": "",
        },
        "contacts": {
            "list": [
                {"user_id": int(IDS[0]), "first_name": NAMES[0].split()[0],
                 "last_name": NAMES[0].split()[1], "phone_number": FIELD_PHONES[1]},
            ]
        },
        "chats": {
            "list": [
                {"name": NAMES[0], "type": "personal_chat", "id": int(IDS[0]),
                 "messages": messages},
                {"name": NAMES[1], "type": "personal_chat", "id": int(IDS[1]), "messages": other},
            ]
        },
    }  # fmt: skip
    folder.mkdir(parents=True)
    (folder / "result.json").write_text(json.dumps(account, ensure_ascii=False), "utf-8")


def write_group(path: Path) -> None:
    """A group exported alone: nothing in it says who is the company."""
    people = [(f"user{IDS[0]}", NAMES[0]), (f"user{IDS[1]}", NAMES[1])]
    messages = [
        telegram_message(number + 1, f"2026-06-11T0{number}:00:00+00:00", people[number % 2], "?")
        for number in range(4)
    ]
    group = {"name": NAMES[2], "type": "private_group", "id": 77001, "messages": messages}
    path.write_text(json.dumps(group, ensure_ascii=False), encoding="utf-8")


def write_whatsapp(folder: Path) -> None:
    """Two chats: one called by a name, one by a number; the files are called alike."""
    folder.mkdir(parents=True)
    for customer in (NAMES[2], FIELD_PHONES[0]):
        lines = [
            f"13.06.2026, 10:00 - {customer}: Здравствуйте, мой номер {PHONES[1]}, есть чай?",
            f"13.06.2026, 10:05 - {AGENT}: Есть, почта {EMAILS[1]} верна?",
            f"13.06.2026, 10:06 - {customer}: Да, карта {CARDS[0]}",
            f"13.06.2026, 10:30 - {AGENT}: Не присылайте карту!",
            f"19.06.2026, 10:31 - {customer}: Где мой заказ?",
        ]
        path = folder / f"WhatsApp Chat with {customer}.txt"
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_crm(folder: Path) -> None:
    """Contacts, deals and letters; the third contact's date is broken and goes to quarantine."""
    folder.mkdir(parents=True)
    (folder / "contacts.csv").write_text(
        "id,phone,email,created,comment\n"
        f"{IDS[2]},{FIELD_PHONES[1]},{EMAILS[0]},2026-06-01 10:00:00,звонить {PHONES[3]}\n"
        f"{IDS[3]},{PHONES[2]},{EMAILS[1]},2026-06-02 10:00:00,\n"
        f"{IDS[3]},{PHONES[2]},{EMAILS[1]},{NAMES[3]},{CARDS[1]}\n",
        encoding="utf-8",
    )
    (folder / "deals.csv").write_text(
        "id,status,amount,contact,owner,created,comment\n"
        f"D1,won,1500.50,{IDS[2]},{AGENT},2026-06-03 10:00:00,оплатит {EMAILS[2]}\n"
        f"D2,lost,99,{IDS[3]},{AGENT},2026-06-04 10:00:00,\n",
        encoding="utf-8",
    )
    (folder / "letters.csv").write_text(
        "thread,sent,author,name,role,text\n"
        f"{EMAILS[1]},2026-06-05 09:00:00,{EMAILS[1]},{NAMES[3]},customer,"
        f"Мой телефон {PHONES[6]}. Сколько стоит?\n"
        f"{EMAILS[1]},2026-06-05 11:00:00,svetlana,{AGENT},agent,Сто рублей\n",
        encoding="utf-8",
    )


def write_company(home: Path) -> None:
    """Write exports and configuration into a home."""
    write_telegram(home / "exports" / "telegram")
    write_whatsapp(home / "exports" / "whatsapp")
    write_crm(home / "exports" / "crm")
    (home / "otvet.toml").write_text(CONFIG.format(agent=AGENT), encoding="utf-8")
    (home / "small_crm.toml").write_text(MAPPING, encoding="utf-8")


# A host far from UTC: nothing in the marts may depend on where the machine stands.
ENVIRONMENT = {
    "OTVET_PSEUDONYM_KEY": KEY,
    "OTVET_AS_OF": AS_OF,
    "TZ": "America/New_York",
}


def make_home(home: Path) -> Path:
    """Write the company and run the main job in a process of its own."""
    from tests.conftest import otvet

    write_company(home)
    finished = otvet(home, "run", **ENVIRONMENT)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return home
