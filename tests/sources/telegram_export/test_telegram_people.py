"""Who is us, contacts, privacy."""

from __future__ import annotations

import re
from typing import Any

import pytest

from pipelines.sources._common.contracts import ENTITIES
from pipelines.sources._common.privacy import Pseudonymizer

OWNER = {
    "user_id": 777000222,
    "first_name": "Ольга",
    "last_name": "Смирнова",
    "phone_number": "+7 999 000 33 44",
    "username": "@olga_support",
    "bio": "лучшая поддержка",
}
CONTACT = {
    "user_id": 555000111,
    "first_name": "Анна",
    "last_name": "Петрова",
    "phone_number": "+7 999 000 11 22",
    "date": "2026-05-01T10:00:00",
    "date_unixtime": "1777618800",
}


@pytest.fixture
def ours(message: Any) -> Any:
    def make(number: int = 1, **keys: Any) -> Any:
        return message(number, **{"from": "Ольга Смирнова", "from_id": "user777000222", **keys})

    return make


def test_owner_of_the_account_is_the_agent_and_the_channel_account(
    load: Any, write: Any, message: Any, ours: Any, chat: Any, pseudonymizer: Pseudonymizer
) -> None:
    chats = [chat(message(), ours(2)), chat(ours(3), id=9)]
    loaded = load(write({"personal_information": OWNER, "chats": {"list": chats}}))
    me = pseudonymizer.pseudonym("telegram_user", "user777000222")
    (agent,) = loaded.rows("agents")
    assert (agent["agent_id"], agent["agent_name"], agent["role"]) == (
        me, "Ольга Смирнова", "agent",
    )  # fmt: skip
    assert set(loaded.column("channel_account_id")) == {me}
    assert loaded.summary.us_known
    assert loaded.column("author_source_id")[1:] == [me, me]


def test_us_of_single_chats_is_whoever_is_not_the_peer(
    load: Any, write: Any, message: Any, ours: Any, chat: Any, pseudonymizer: Pseudonymizer
) -> None:
    loaded = load(write(chat(message(), ours(2), ours(3))))
    assert loaded.column("agent_id", "agents") == [
        pseudonymizer.pseudonym("telegram_user", "user777000222")
    ]
    assert loaded.column("agent_name", "agents") == ["Ольга Смирнова"]
    assert loaded.column("channel_account_id") == [None] * 3


def test_agent_met_in_many_chats_gives_one_row(
    load: Any, write: Any, message: Any, ours: Any, chat: Any
) -> None:
    chats = [chat(message(from_id=f"user{number}"), ours(2), id=number) for number in range(1, 6)]
    loaded = load(write({"chats": {"list": chats}}))
    assert len(loaded.rows("agents")) == 1


@pytest.mark.parametrize(
    "keys",
    [{"id": 4}, {"type": "private_group"}, {"id": None}, {"type": None}],
    ids=["peer never writes", "group", "no id", "no type"],
)
def test_us_stays_unknown_without_evidence(
    load: Any, write: Any, message: Any, ours: Any, chat: Any, keys: dict[str, Any]
) -> None:
    loaded = load(write(chat(message(), ours(2), **keys)))
    assert loaded.rows("agents") == []
    assert not loaded.summary.us_known
    assert loaded.summary.authors.keys() == {
        ("user555000111", "Анна Петрова"),
        ("user777000222", "Ольга Смирнова"),
    }


def test_chat_in_which_only_the_peer_writes_tells_nothing_about_us(
    load: Any, write: Any, message: Any, chat: Any
) -> None:
    loaded = load(write(chat(message())))
    assert (loaded.rows("agents"), loaded.summary.us_known) == ([], False)


def test_contact_joins_its_messages_and_its_phone(
    load: Any, write: Any, message: Any, chat: Any, pseudonymizer: Pseudonymizer
) -> None:
    content = {
        "contacts": {"about": "…", "list": [CONTACT]},
        "chats": {"list": [chat(message())]},
    }
    loaded = load(write(content))
    (contact,) = loaded.rows("contacts")
    assert contact["contact_id"] == contact["messenger_id"] == loaded.column("author_source_id")[0]
    assert contact["phone_id"] == pseudonymizer.pseudonym("phone", "89990001122")


def test_contact_without_an_account_is_known_by_its_phone(
    load: Any, write: Any, pseudonymizer: Pseudonymizer
) -> None:
    people = [
        {**CONTACT, "user_id": 0, "phone_number": "00380501234567"},
        {**CONTACT, "user_id": 0, "phone_number": ""},
    ]
    loaded = load(write({"contacts": {"list": people}}))
    (contact,) = loaded.rows("contacts")
    assert contact["phone_id"] == pseudonymizer.pseudonym("phone", "+380501234567")
    assert contact["messenger_id"] is None
    (rejected,) = loaded.rows("rejected_rows")
    assert (rejected["resource"], rejected["row_reference"]) == ("contacts", "contact 2")


def test_no_table_holds_a_name_a_phone_an_id_or_a_title(
    load: Any, write: Any, message: Any, ours: Any, chat: Any
) -> None:
    group = chat(
        message(5, media_type="audio_file", file_name="Песня Анны.mp3", performer="Петрова"),
        message(6, contact_information={"first_name": "Пётр", "phone_number": "+79161234567"}),
        {"id": 7, "type": "service", "date_unixtime": "1780304700", "actor": "Ольга Смирнова",
         "actor_id": "user777000222", "action": "edit_group_title", "title": "Ремонт Петровой"},
        message(8, type="story"),
        message(9, author="Смирнова", forwarded_from="Склад Иванова", via_bot="@anna_bot"),
        name="Ремонт у Петровой", type="private_group", id=4242424242,
    )  # fmt: skip
    personal = chat(
        message(1, text="перезвоните +7 999 000-11-22 или anna@example.com"),
        ours(2, text=["пишите ", {"type": "mention", "text": "@olga_support"}]),
        {"type": "message", "date": "2026-06-01T12:00:00", "from": "Анна Петрова", "text": "ой"},
    )
    content = {
        "personal_information": OWNER,
        "contacts": {"list": [CONTACT, {"first_name": "Анна"}]},
        "chats": {"list": [personal, group]},
    }
    path = write(content, "Анна Петрова.json")
    for loaded in (load(path), load(write(chat(message(), name="Анна Петрова", id=None)))):
        cells = [
            str(cell)
            for entity in ENTITIES
            for row in loaded.rows(entity)
            for column, cell in row.items()
            if column != "agent_name" and cell is not None
        ]
        everything = "\n".join(cells)
        assert len(cells) > 15
        secrets = (
            "Анна", "Анны", "Петров", "Ольга", "Смирнов", "Иванов", "Пётр", "Ремонт", "Песня",
            "999", "9161234567", "555000111", "777000222", "4242424242", "olga", "anna", "бот",
        )  # fmt: skip
        # Pseudonyms are hexadecimal and could hold three nines by chance: they are cut out.
        visible = _without_pseudonyms(everything)
        assert [secret for secret in secrets if secret in visible] == []


def _without_pseudonyms(text: str) -> str:
    return re.sub(r"[0-9a-f]{10,}", "#", text)


def test_masked_text_keeps_the_length_of_the_original(
    load: Any, write: Any, message: Any, chat: Any
) -> None:
    text = "мой номер +7 999 000-11-22"
    (row,) = load(write(chat(message(text=text)))).rows()
    assert row["text_length"] == len(text)
    assert row["text"].startswith("мой номер [phone:")


def test_groups_with_one_author_are_noted_as_a_one_sided_export(
    load: Any, write: Any, message: Any, ours: Any, chat: Any
) -> None:
    def group(*messages: Any) -> Any:
        return chat(*messages, type="private_group", id=len(messages))

    one_sided = load(write({"chats": {"list": [group(ours(1)), group(ours(1), ours(2))]}}))
    (note,) = one_sided.summary.notes
    assert note.startswith("2 group(s) hold messages of one author only")
    assert load(write(group(ours(1), message(2)))).summary.notes == []
    assert load(write(chat(message(1)))).summary.notes == []
