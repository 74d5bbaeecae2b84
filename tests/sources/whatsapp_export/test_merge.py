"""Random chats rendered by an independent writer come back exactly; overlapping exports merge."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources.whatsapp_export.reading import Reading, pick_versions, pseudonym, read, write

Message = tuple[datetime, str, str]


def _half(at: datetime) -> str:
    return "AM" if at.hour < 12 else "PM"


def _hour(at: datetime) -> int:
    return at.hour % 12 or 12


# Each layout: writer of a header, whether it has seconds, and the order it must be told.
LAYOUTS: dict[str, tuple[Callable[[datetime], str], bool, str | None]] = {
    "ru": (lambda t: f"{t:%d.%m.%Y}, {t:%H:%M} - ", False, None),
    "us": (
        lambda t: f"{t.month}/{t.day}/{t:%y}, {_hour(t)}:{t:%M}\u202f{_half(t)} - ", False, "mdy",
    ),
    "gb": (lambda t: f"{t:%d/%m/%Y}, {t:%H:%M} - ", False, "dmy"),
    "in": (lambda t: f"{t:%d/%m/%y}, {_hour(t)}:{t:%M} {_half(t).lower()} - ", False, "dmy"),
    "es": (
        lambda t: f"{t:%Y-%m-%d} {_hour(t)}:{t:%M} {_half(t)[0].lower()}. m. - ", False, None,
    ),
    "fi": (lambda t: f"{t.day}.{t.month}.{t.year} klo {t:%H.%M} - ", False, None),
    "ios": (lambda t: f"\u200e[{t:%d.%m.%Y}, {t:%H:%M:%S}] ", True, None),
    "ios us": (
        lambda t: f"[{t.month}/{t.day}/{t:%y}, {_hour(t)}:{t:%M:%S}\u202f{_half(t)}] ", True, "mdy",
    ),
    "ios time first": (lambda t: f"[{t:%H:%M:%S}, {t.day}/{t.month}/{t:%y}] ", True, "dmy"),
    "very old ios": (lambda t: f"{t:%d/%m/%y}, {t:%H:%M:%S}: ", True, "dmy"),
}  # fmt: skip

AUTHORS = ("Анна", "Магазин", "Bob Smith", "+7 999 000-55-66", "~ Вера")
# Letters and signs that cannot make a placeholder, a header or something to mask.
TEXTS = st.text(
    alphabet=st.sampled_from("абвгд abc,!?:;()*_🙂é\u00a0\n"), min_size=1, max_size=30
).map(lambda text: f"x{text}y")


@st.composite
def _chats(draw: st.DrawFn, *, largest_step: int = 40 * 60) -> list[Message]:
    at = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(seconds=draw(st.integers(0, 60_000_000)))
    messages = []
    for _ in range(draw(st.integers(1, 25))):
        # Many messages share a minute, as in a busy chat.
        at += timedelta(seconds=draw(st.one_of(st.just(0), st.integers(0, largest_step))))
        messages.append((at, draw(st.sampled_from(AUTHORS)), draw(TEXTS)))
    return messages


def _render(messages: list[Message], layout: str) -> list[str]:
    header = LAYOUTS[layout][0]
    return [f"{header(at)}{author}: {text}" for at, author, text in messages]


def _load(messages: list[Message], layout: str, name: str = "chat.txt", **options: Any) -> Reading:
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / name, _render(messages, layout), end=options.pop("end", "\n"))
        return read(path, date_order=LAYOUTS[layout][2], **options)


def _plain(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["sent_at"], row["author_name_id"], row["text"], row["content_type"]


def _expected(messages: list[Message], layout: str) -> list[tuple[Any, ...]]:
    seconds = LAYOUTS[layout][1]
    return [
        (
            at if seconds else at.replace(second=0),
            pseudonym("name", author.removeprefix("~ ")),
            text,
            "text",
        )
        for at, author, text in messages
    ]


@given(messages=_chats(), layout=st.sampled_from(sorted(LAYOUTS)), crlf=st.booleans())
@settings(max_examples=120, deadline=None)
def test_rendered_chat_reads_back_exactly(messages: list[Message], layout: str, crlf: bool) -> None:
    reading = _load(messages, layout, end="\r\n" if crlf else "\n", batch_rows=7)
    assert [_plain(row) for row in reading.rows] == _expected(messages, layout)
    assert len({row["message_id"] for row in reading.rows}) == len(messages)
    in_order = sorted(reading.rows, key=lambda row: (row["sent_at"], row["message_seq"]))
    assert in_order == reading.rows
    assert reading.rejected == []


def _instant(at: datetime, layout: str) -> datetime:
    return at if LAYOUTS[layout][1] else at.replace(second=0)


@given(data=st.data(), messages=_chats(largest_step=150), layout=st.sampled_from(sorted(LAYOUTS)))
@settings(max_examples=120, deadline=None)
def test_overlapping_exports_in_any_order_give_the_whole(
    data: st.DataObject, messages: list[Message], layout: str
) -> None:
    # The newer export begins anywhere, also within a minute; the older one ends anywhere after
    # that minute is over.
    start = data.draw(st.integers(0, len(messages) - 1))
    first = _instant(messages[start][0], layout)
    after = [i for i, (at, _, _) in enumerate(messages) if _instant(at, layout) > first]
    end = data.draw(st.integers(min(after, default=len(messages)), len(messages)))
    older, newer = _load(messages[:end], layout), _load(messages[start:], layout)
    whole = _load(messages, layout)

    expected_ids = {row["message_id"] for row in whole.rows}
    for readings in ((older, newer), (newer, older), (newer, whole, older)):
        merged = pick_versions(*readings)
        assert {row["message_id"] for row in merged} == expected_ids
        assert [_plain(row) for row in merged] == _expected(messages, layout)


@given(messages=_chats(), layout=st.sampled_from(sorted(LAYOUTS)))
@settings(max_examples=25, deadline=None)
def test_the_same_export_twice_gives_the_same_rows(messages: list[Message], layout: str) -> None:
    first, second = _load(messages, layout), _load(messages, layout, batch_rows=3)
    assert first.rows == second.rows
    copy = _load(messages, layout, name="chat (1).txt")
    assert copy.rows == first.rows


HEAD = "13.06.2026, 09:00 - Сообщения и звонки защищены сквозным шифрованием."


def _pair(tmp_path: Path, older: list[str], newer: list[str]) -> list[dict[str, Any]]:
    name = "Чат WhatsApp с контактом Анна.txt"
    readings = []
    for folder, lines in (("older", older), ("newer", newer)):
        (tmp_path / folder).mkdir()
        readings.append(read(write(tmp_path / folder / name, lines)))
    forward, backward = pick_versions(*readings), pick_versions(*reversed(readings))
    assert [row["row_key"] for row in forward] == [row["row_key"] for row in backward]
    return forward


def test_edited_and_deleted_lines_replace_the_older_version(tmp_path: Path) -> None:
    rows = _pair(
        tmp_path,
        [
            HEAD,
            "13.06.2026, 09:00 - Анна: раз",
            "13.06.2026, 09:00 - Анна: два",
            "13.06.2026, 09:00 - Магазин: три",
            "13.06.2026, 09:01 - Магазин: четыре <Сообщение изменено>",
        ],
        [
            HEAD,
            "13.06.2026, 09:00 - Анна: раз!\nи ещё <Сообщение изменено>",
            "13.06.2026, 09:00 - Анна: два",
            "13.06.2026, 09:00 - Магазин: Вы удалили данное сообщение",
            "13.06.2026, 09:01 - Магазин: Вы удалили данное сообщение",
            "13.06.2026, 09:01 - Магазин: пять",
        ],
    )
    assert [row["text"] for row in rows[1:]] == ["раз!\nи ещё", "два", None, None, "пять"]
    assert [row["edited_at"] is not None for row in rows[1:]] == [True, False, True, True, False]
    assert all(row["edited_at"] in (None, row["sent_at"]) for row in rows)
    assert all(row["deleted_at"] is None for row in rows)
    assert rows[3]["source_metadata"] == '{"deleted": true}'


def test_exports_with_and_without_media_do_not_double(tmp_path: Path) -> None:
    rows = _pair(
        tmp_path,
        [
            HEAD,
            "13.06.2026, 09:01 - Анна: IMG-1.jpg (файл добавлен)\nподпись",
            "13.06.2026, 09:01 - Анна: PTT-2.opus (файл добавлен)",
            "13.06.2026, 09:02 - Анна: срочно",
        ],
        [
            HEAD,
            "13.06.2026, 09:01 - Анна: <Без медиафайлов>",
            "13.06.2026, 09:01 - Анна: <Без медиафайлов>",
            "13.06.2026, 09:02 - Анна:.",
        ],
    )
    assert [(row["content_type"], row["text"]) for row in rows[1:]] == [
        ("image", "подпись"),
        ("voice", None),
        ("text", "срочно"),
    ]


def test_cut_first_minute_gives_way_to_the_complete_one(tmp_path: Path) -> None:
    minute = [f"13.06.2026, 09:00 - Анна: {text}" for text in ("раз", "два", "три", "четыре")]
    later = ["13.06.2026, 09:05 - Магазин: да"]
    rows = _pair(tmp_path, [HEAD, *minute, *later], [*minute[2:], *later])
    assert [row["text"] for row in rows[1:]] == ["раз", "два", "три", "четыре", "да"]
    # Two exports that both begin within the minute: the one that saw more of it counts.
    (tmp_path / "cut").mkdir()
    rows = _pair(tmp_path / "cut", [*minute[1:], *later], [*minute[3:], *later])
    assert [row["text"] for row in rows] == ["два", "три", "четыре", "да"]
