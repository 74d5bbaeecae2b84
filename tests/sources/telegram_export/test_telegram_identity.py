"""Keys: the same file twice, exports of different days, chats and messages without ids."""

from __future__ import annotations

import json
from typing import Any

import pytest


def test_same_file_twice_gives_the_same_keys(
    load: Any, write: Any, message: Any, chat: Any
) -> None:
    content = {
        "personal_information": {"user_id": 1, "first_name": "О"},
        "contacts": {"list": [{"user_id": 2, "phone_number": "+79990001122"}]},
        "chats": {"list": [chat(message(), {"id": 3, "type": "unsupported"})]},
    }
    first, second = load(write(content, "a.json")), load(write(content, "b.json"))
    assert first.tables.keys() == {"messages", "agents", "contacts", "rejected_rows"}
    for entity in first.tables:
        assert first.column("row_key", entity) == second.column("row_key", entity)
    assert first.keys() != load(write(content), source_name="other").keys()


def test_newer_export_adds_only_what_is_new(load: Any, write: Any, message: Any, chat: Any) -> None:
    old = [message(number) for number in range(1, 6)]
    new = [dict(item) for item in old]
    new[1].update(text="исправлено", edited_unixtime="1780400000", edited="2026-06-02T11:33:20")
    new[2]["reactions"] = [{"type": "emoji", "count": 1, "emoji": "👍"}]  # no new version
    for item in new:
        item["from"] = "Анна Иванова"  # married: has not written anew
    new.append(message(6))
    before, after = load(write(chat(*old))), load(write(chat(*new, name="Анна Иванова")))
    known = set(before.keys())
    added = [row for row in after.rows() if row["row_key"] not in known]
    assert [row["message_id"] for row in added] == ["2", "6"]
    assert added[0]["edited_at"] is not None
    assert set(after.column("thread_id")) == set(before.column("thread_id"))


def test_repeated_message_of_a_chat_has_one_key(
    load: Any, write: Any, message: Any, chat: Any
) -> None:
    keys = load(write(chat(message(), message(), message(text="другой")))).keys()
    assert keys[0] == keys[1] != keys[2]


def test_messages_without_ids_keep_theirs_when_history_grows_at_both_ends(
    load: Any, write: Any, message: Any, chat: Any
) -> None:
    items = [{k: v for k, v in message(n).items() if k != "id"} for n in range(1, 7)]
    twice = [items[3], dict(items[3])]  # the same words twice in one second are two messages
    short = load(write(chat(items[2], *twice, items[4])))
    long = load(write(chat(*items[:3], *twice, *items[4:])))
    assert len(set(short.keys())) == 4
    assert set(short.keys()) < set(long.keys())
    assert short.column("message_seq") == [1, 2, 3, 4]


@pytest.mark.parametrize("name", ["Анна Петрова", None])
def test_chat_without_id_is_the_same_thread_in_a_later_export(
    load: Any, write: Any, message: Any, name: str | None
) -> None:
    def export(count: int) -> Any:
        content = {"name": name, "messages": [message(n) for n in range(1, count)]}
        return load(write(content)).column("thread_id")

    assert len(set(export(3) + export(9))) == 1


@pytest.mark.parametrize("name", ["Анна", None])
def test_namesakes_without_ids_stay_apart(
    load: Any, write: Any, message: Any, name: str | None
) -> None:
    chats = [{"name": name, "messages": [message(n), message(n + 1)]} for n in (1, 3, 5)]
    threads = load(write({"chats": {"list": chats}})).column("thread_id")
    again = load(write({"chats": {"list": chats[::-1]}})).column("thread_id")
    assert len(set(threads)) == 3
    assert set(again) == set(threads)


def test_order_of_keys_does_not_matter(load: Any, write: Any, message: Any, chat: Any) -> None:
    messages = [message(number, text="слово " * 40) for number in range(1, 400)]
    chats = [chat(*messages), chat(*messages, id=7), chat(message(), type="saved_messages")]
    owner = {"user_id": 777000222, "first_name": "Ольга"}
    people = {"list": [{"user_id": 5, "phone_number": "+79990001122"}]}
    usual = {"personal_information": owner, "contacts": people, "chats": {"list": chats}}
    odd = {
        "chats": {"list": [dict(reversed(item.items())) for item in chats], "about": "…"},
        "contacts": people,
        "personal_information": owner,
    }
    first, second = load(write(usual)), load(write(odd))
    for entity in ("agents", "contacts"):
        assert first.rows(entity) == second.rows(entity)
    assert first.rows() == second.rows()
    assert second.summary.skipped == 1
    assert len({row["thread_id"] for row in second.rows()}) == 2


def test_single_chat_with_messages_first_is_the_same_chat(
    load: Any, write: Any, message: Any, chat: Any
) -> None:
    usual = chat(*[message(number, text="слово " * 40) for number in range(1, 400)])
    odd = dict(reversed(usual.items()))
    assert next(iter(odd)) == "messages"
    assert len(json.dumps(odd)) > 3 * 32 * 1024
    assert load(write(odd)).rows() == load(write(usual)).rows()


@pytest.mark.parametrize("batch_rows", [1, 7, 10_000])
def test_batch_size_changes_nothing(
    load: Any, write: Any, message: Any, chat: Any, batch_rows: int
) -> None:
    path = write({"chats": {"list": [chat(message(1), message(2), id=n) for n in range(1, 50)]}})
    loaded = load(path, batch_rows=batch_rows)
    assert loaded.keys() == load(path).keys()
    assert loaded.summary == load(path).summary
