"""Damaged files: nothing before the damage is lost, the place of the damage is named."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any

import pytest

CHATS, MESSAGES = 12, 40


@pytest.fixture
def export(message: Any, chat: Any) -> bytes:
    chats = [
        chat(
            *[message(number, text=f"{index}: «слово» \\ {number} " * 8)
              for number in range(1, MESSAGES + 1)],
            id=index,
        )
        for index in range(1, CHATS + 1)
    ]  # fmt: skip
    return json.dumps(
        {"chats": {"about": "…", "list": chats}}, ensure_ascii=False, indent=1
    ).encode()


def _ends_of_messages(export: bytes) -> list[int]:
    """Where each message ends: the close of an object at the depth of messages."""
    marker, ends, position = b"\n     }", [], 0
    while (position := export.find(marker, position)) >= 0:
        position += len(marker)
        ends.append(position)
    return ends


def _check(loaded: Any, whole: int) -> None:
    assert len(loaded.rows()) == whole
    (damage,) = loaded.rows("rejected_rows")
    assert "damaged or cut off" in damage["reason"]
    if 0 < whole < CHATS * MESSAGES and whole % MESSAGES:
        chat, number = divmod(whole, MESSAGES)
        assert damage["row_reference"] == f"chat {chat + 1}, message {number + 1}"


@pytest.mark.parametrize("seed", range(20))
def test_cut_file_gives_every_message_before_the_cut(
    seed: int, export: bytes, load: Any, write: Any
) -> None:
    ends = _ends_of_messages(export)
    assert len(ends) == CHATS * MESSAGES
    cut = random.Random(seed).randrange(200, len(export) - 5)
    _check(load(write(export[:cut])), sum(end <= cut for end in ends))


@pytest.mark.parametrize("after", [-1, 0, 1, 2])
@pytest.mark.parametrize("number", [1, 39, 40, 41, 300, 480])
def test_cut_at_the_edge_of_a_message_is_exact(
    after: int, number: int, export: bytes, load: Any, write: Any
) -> None:
    end = _ends_of_messages(export)[number - 1]
    _check(load(write(export[: end + after])), number if after >= 0 else number - 1)


@pytest.mark.parametrize("garbage", [b"\xff\xfe", b"\\q", b"\n\n", b'"]}', b"\x00"])
def test_garbage_in_the_middle_keeps_what_stands_before(
    garbage: bytes, export: bytes, load: Any, write: Any
) -> None:
    place = export.index("7: «слово»".encode())
    damaged = export[:place] + garbage + export[place:]
    _check(load(write(damaged)), 6 * MESSAGES)


def test_cut_gzip_gives_what_can_be_unpacked(export: bytes, load: Any, tmp_path: Path) -> None:
    packed = gzip.compress(export)
    path = tmp_path / "cut.json.gz"
    path.write_bytes(packed[: len(packed) * 2 // 3])
    loaded = load(path)
    assert 0 < len(loaded.rows()) < CHATS * MESSAGES
    (damage,) = loaded.rows("rejected_rows")
    chat, number = divmod(len(loaded.rows()), MESSAGES)
    assert damage["row_reference"] == f"chat {chat + 1}, message {number + 1}"


def test_cut_single_chat_and_cut_address_book_are_named(
    load: Any, write: Any, message: Any, chat: Any
) -> None:
    text = json.dumps(chat(message(1), message(2)))
    loaded = load(write(text[: text.rindex('{"id"')]))
    assert loaded.column("message_id") == ["1"]
    assert loaded.column("row_reference", "rejected_rows") == ["chat 1, message 2"]

    people = [{"user_id": n, "first_name": "А", "phone_number": ""} for n in range(1, 4)]
    text = json.dumps({"contacts": {"list": people}})
    loaded = load(write(text[: text.rindex(', {"user_id"')]))
    assert len(loaded.rows("contacts")) == 2
    assert loaded.column("row_reference", "rejected_rows") == ["contact 3"]


def test_text_after_the_end_is_damage_and_costs_nothing(
    load: Any, write: Any, message: Any, chat: Any
) -> None:
    loaded = load(write(json.dumps(chat(message(1), message(2))) + "\n\n{"))
    assert loaded.column("message_id") == ["1", "2"]
    assert len(loaded.rows("rejected_rows")) == 1
    blanks = load(write(json.dumps(chat(message(1), message(2))) + " \n" * 100_000))
    assert len(blanks.rows()) == 2
    assert blanks.rows("rejected_rows") == []


def test_cut_file_completed_later_repeats_no_key(export: bytes, load: Any, write: Any) -> None:
    part, whole = load(write(export[: len(export) // 2])), load(write(export))
    assert set(part.keys()) < set(whole.keys())
