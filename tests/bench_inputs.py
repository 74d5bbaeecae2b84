"""Files for the measurements of the import paths: any number of messages, in constant memory."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import TextIO

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from pipelines.sources._common.contracts import TIMESTAMP

_WORDS = (
    "заказ", "доставка", "когда", "привезут", "оплата", "здравствуйте", "спасибо", "курс", "можно",
    "изменить", "адрес", "счёт", "менеджер", "проверим", "сегодня", "завтра", "order", "delivery",
    "price", "please", "thanks", "refund", "invoice", "team",
)  # fmt: skip
_START = datetime(2025, 1, 1, 6, tzinfo=UTC)
_BATCH = 50_000

# As the message contract names its columns, so that nothing but privacy and keys is computed.
TABLE = pa.schema(
    [
        ("thread_id", pa.string()),
        ("message_id", pa.string()),
        ("message_seq", pa.int64()),
        ("sent_at", TIMESTAMP),
        ("author_type", pa.string()),
        ("author_source_id", pa.string()),
        ("author_name", pa.string()),
        ("content_type", pa.string()),
        ("text", pa.string()),
        ("reply_to_message_id", pa.string()),
    ]
)


def write_mapping(folder: Path, suffix: str) -> Path:
    """Write a mapping of `TABLE` whose columns map one to one."""
    columns = "\n".join(f'{name} = "{name}"' for name in TABLE.names)
    path = folder / "bench_messages.toml"
    path.write_text(
        f'channel_type = "chat"\nus = "author-type"\nconversation = "gap"\ntime_zone = "UTC"\n'
        f'[[files]]\nglob = "*.{suffix}"\n[[files.tables]]\nentity = "messages"\n'
        f"[files.tables.columns]\n{columns}\n",
        encoding="utf-8",
    )
    return path


def write_telegram(path: Path, count: int) -> None:
    """Write an account's `result.json`, indented as Telegram Desktop does."""
    with path.open("w", encoding="utf-8") as file:
        file.write(
            '{\n "about": "…",\n "personal_information": {\n  "user_id": 1,\n'
            '  "first_name": "Анна"\n },\n "chats": {\n  "about": "…",\n  "list": ['
        )
        for number, messages in enumerate(_chats(count)):
            file.write("," if number else "")
            head = {"name": f"Клиент {number}", "type": "personal_chat", "id": 1000 + number}
            items = [_telegram_message(*message, number) for message in messages]
            text = json.dumps(head | {"messages": items}, ensure_ascii=False, indent=1)
            file.write("\n   " + text.replace("\n", "\n   "))
        file.write("\n  ]\n }\n}\n")


def write_whatsapp(path: Path, count: int) -> None:
    """Write a chat of `count` lines (a message has 1.2) as an Android phone does."""
    lines = 0
    with path.open("w", encoding="utf-8") as file:
        for _, sent_at, is_ours, text in _messages():
            author = "Анна" if is_ours else "Клиент"
            extra = "\nи ещё строка" if lines % 5 == 0 else ""
            file.write(f"{sent_at:%d.%m.%Y, %H:%M} - {author}: {text}{extra}\n")
            lines += 2 if extra else 1
            if lines >= count:
                break


def write_table(path: Path, count: int) -> None:
    """Write `TABLE` as CSV or Parquet, by the suffix."""
    is_parquet = path.suffix == ".parquet"
    writer = pq.ParquetWriter(path, TABLE) if is_parquet else pa_csv.CSVWriter(path, TABLE)
    with writer:
        for table in tables(count):
            writer.write_table(table)


def tables(count: int) -> Iterator[pa.Table]:
    """Yield batches of `TABLE`, `count` rows in all."""
    rows = _rows(count)
    while batch := list(islice(rows, _BATCH)):
        columns = zip(*batch, strict=True)
        yield pa.table(
            [pa.array(values, field.type) for values, field in zip(columns, TABLE, strict=True)],
            schema=TABLE,
        )


def _rows(count: int) -> Iterator[tuple[object, ...]]:
    for thread, messages in enumerate(_chats(count)):
        for number, sent_at, is_ours, text in messages:
            role, author = ("agent", "a1") if is_ours else ("customer", f"c{thread}")
            reply = str(number - 1) if number % 5 == 0 else None
            yield (
                f"t{thread}", str(number), number, sent_at, role, author, author.upper(),
                "text", text, reply,
            )  # fmt: skip


def _chats(count: int) -> Iterator[list[tuple[int, datetime, bool, str]]]:
    """Yield chats of 5 to 60 messages."""
    sizes = random.Random(7)
    messages = islice(_messages(), count)
    while chat := list(islice(messages, sizes.randint(5, 60))):
        yield chat


def _messages() -> Iterator[tuple[int, datetime, bool, str]]:
    """Yield number, instant, whether we wrote it, and a text: one in thirty holds a contact."""
    chance = random.Random(42)
    halves = [" ".join(chance.choices(_WORDS, k=chance.randint(1, 9))) for _ in range(3000)]
    number = 0
    while True:
        number += 1
        text = f"{chance.choice(halves)} {chance.choice(halves)}"
        if number % 40 == 0:
            text += f" +7916{chance.randrange(10**7):07d}"
        elif number % 97 == 0:
            text += f" user{number}@example.org"
        elif number % 11 == 0:
            text += f" {chance.randrange(10**5)}"
        yield number, _START + timedelta(seconds=20 * number), chance.random() < 0.5, text


def _telegram_message(
    number: int, sent_at: datetime, is_ours: bool, text: str, chat: int
) -> dict[str, object]:
    message: dict[str, object] = {
        "id": number,
        "type": "message",
        "date": f"{sent_at:%Y-%m-%dT%H:%M:%S}",
        "date_unixtime": str(int(sent_at.timestamp())),
        "from": "Анна" if is_ours else f"Клиент {chat}",
        "from_id": "user1" if is_ours else f"user{1000 + chat}",
        "text": text,
        "text_entities": [{"type": "plain", "text": text}],
    }
    if number % 5 == 0:
        message["reply_to_message_id"] = number - 1
    if number % 20 == 0:
        message |= {"photo": "(File not included.)", "width": 1280, "height": 720}
    if number % 33 == 0:
        message |= {
            "edited": f"{sent_at:%Y-%m-%dT%H:%M:%S}",
            "edited_unixtime": str(int(sent_at.timestamp()) + 60),
        }
    return message


def append_line(file: TextIO, text: str) -> None:
    """Write a line at once: measurements take long and are watched."""
    file.write(text + "\n")
    file.flush()
