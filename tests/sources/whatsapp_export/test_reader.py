"""Chats as a whole: names, us, groups, time zones, damaged and hostile files, privacy."""

from __future__ import annotations

import gzip
import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.sources._common.exports import SourceFileError
from pipelines.sources.whatsapp_export import settings
from pipelines.sources.whatsapp_export.people import chat_name_of_file
from pipelines.sources.whatsapp_export.reader import looks_like_export
from tests.sources.whatsapp_export.reading import LRM, pseudonym, read, write

PAIR = [
    "01.06.2026, 09:00 - Сообщения и звонки защищены сквозным шифрованием.",
    "01.06.2026, 09:01 - Анна Котова: Добрый день!",
    "",
    "Вопрос по заказу 123",
    "01.06.2026, 09:04 - Магазин: Слушаю",
]


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("WhatsApp Chat with Anna", "Anna"), ("WhatsApp Chat with Anna (1)", "Anna"),
        ("WhatsApp Chat with Anna(2)", "Anna"), ("WhatsApp_Chat_with_Anna", "Anna"),
        ("Чат WhatsApp с контактом Анна", "Анна"), ("Чат WhatsApp с Анна", "Анна"),
        ("WhatsApp Chat mit Anna", "Anna"), ("Chat de WhatsApp con Anna", "Anna"),
        ("Discussion WhatsApp avec Anna", "Anna"), ("Conversa do WhatsApp com Anna", "Anna"),
        ("Chat WhatsApp con Anna", "Anna"), ("WhatsApp-chat met Anna", "Anna"),
        ("WhatsApp Chat - Anna", "Anna"), ("Анна (1)", "Анна"),
        # macOS takes «й» apart
        ("Чат WhatsApp с контактом Андрей", "Андрей"),
    ],
)  # fmt: skip
def test_chat_name_of_file_knows_the_names_that_phones_give(stem: str, expected: str) -> None:
    assert chat_name_of_file(stem).name == expected


def test_read_export_of_personal_chat_knows_who_is_us(tmp_path: Path) -> None:
    path = write(tmp_path / "Чат WhatsApp с контактом Анна Котова.txt", PAIR)
    reading = read(path, time_zone="Europe/Moscow")

    notice, question, answer = reading.rows
    assert (notice["event_type"], notice["author_type"], notice["text"]) == (
        "service",
        "system",
        None,
    )
    assert question["text"] == "Добрый день!\n\nВопрос по заказу 123"
    assert question["text_length"] == len("Добрый день!\n\nВопрос по заказу 123")
    assert question["sent_at"] == datetime(2026, 6, 1, 6, 1, tzinfo=UTC)
    assert question["author_source_id"] == pseudonym("whatsapp_author", "Анна Котова")
    assert question["author_name_id"] == pseudonym("name", "Анна Котова")
    assert question["author_type"] is None
    assert {row["thread_id"] for row in reading.rows} == {pseudonym("whatsapp_chat", "Анна Котова")}
    assert (answer["is_group"], answer["thread_type"]) == (False, "personal")
    assert answer["message_seq"] > question["message_seq"]
    [agent] = reading.tables["agents"]
    assert agent["agent_id"] == answer["author_source_id"]
    assert (agent["agent_name"], agent["role"]) == ("Магазин", "agent")
    assert reading.summary.us_known
    assert (reading.summary.chats, reading.summary.messages) == (1, 2)
    assert reading.summary.last_at == datetime(2026, 6, 1, 6, 4, tzinfo=UTC)


def test_read_export_of_foreign_file_name_leaves_us_open(tmp_path: Path) -> None:
    reading = read(write(tmp_path / "chat.txt", PAIR))
    assert not reading.summary.us_known
    assert "agents" not in reading.tables


def test_read_export_of_silent_ios_contact_knows_us(tmp_path: Path) -> None:
    lines = [
        f"[01.06.2026, 09:00:00] Анна: {LRM}Messages and calls are end-to-end encrypted.",
        "[01.06.2026, 09:00:01] Магазин: Здравствуйте!",
    ]
    text = write(tmp_path / "_chat.txt", lines)
    with zipfile.ZipFile(tmp_path / "WhatsApp Chat - Анна.zip", "w") as archive:
        archive.write(text, "_chat.txt")
        archive.writestr("00000003-заметка.txt", "01.06.2026, 10:00 - Чужой: вложение")
    from_zip = read(tmp_path / "WhatsApp Chat - Анна.zip")
    unpacked = read(text)  # the folder has a foreign name: the first notice names the chat
    assert from_zip.summary.us_known
    assert from_zip.rows == unpacked.rows
    assert [row["agent_name"] for row in from_zip.tables["agents"]] == ["Магазин"]


def test_read_export_of_group_by_authors_or_notices(tmp_path: Path) -> None:
    three = [f"01.06.2026, 09:0{i} - {name}: да" for i, name in enumerate(("А", "Б", "В"))]
    assert {row["is_group"] for row in read(write(tmp_path / "a.txt", three)).rows} == {True}
    named = ["01.06.2026, 09:00 - А создал(-а) группу «Х»", "01.06.2026, 09:01 - А: да"]
    reading = read(write(tmp_path / "WhatsApp Chat with А.txt", named))
    assert {row["thread_type"] for row in reading.rows} == {"group"}
    assert not reading.summary.us_known


def test_read_export_normalises_phones_and_push_names(tmp_path: Path) -> None:
    lines = [
        "01.06.2026, 09:00 - \u202a+7\u00a0999\u00a0000\u201155\u201166\u202c: раз",
        "01.06.2026, 09:01 - +7 (999) 000-55-66: два, мой второй +7 999 000-77-88",
        "01.06.2026, 09:02 - ~\u00a0Вера: три",
        "01.06.2026, 09:03 - Вера: четыре",
    ]
    reading = read(write(tmp_path / "Чат WhatsApp с +7 999 000-55-66.txt", lines))
    authors = [row["author_source_id"] for row in reading.rows]
    assert authors[0] == authors[1]
    assert authors[2] == authors[3] == pseudonym("whatsapp_author", "Вера")
    [contact] = reading.tables["contacts"]
    assert contact["messenger_id"] == authors[0]
    assert contact["phone_id"] == pseudonym("phone", "+79990005566")
    assert reading.rows[0]["thread_id"] == pseudonym("whatsapp_chat", "+79990005566")
    assert "000-77" not in reading.rows[1]["text"]
    assert reading.rows[1]["text_length"] == len("два, мой второй +7 999 000-77-88")
    assert reading.summary.us_known


def test_author_with_a_colon_is_recognised(tmp_path: Path) -> None:
    lines = [
        "01.06.2026, 09:00 - Магазин: Юг: <Без медиафайлов>",
        "01.06.2026, 09:01 - Магазин: Юг: готово",
        "01.06.2026, 09:02 - Анна: Вопрос: когда?",
        "01.06.2026, 09:03 - Анна: Ещё: сколько?",
    ]
    reading = read(write(tmp_path / "chat.txt", lines))
    assert {author.name for author in reading.summary.authors.values()} == {"Магазин: Юг", "Анна"}
    assert [row["text"] for row in reading.rows] == [
        None, "готово", "Вопрос: когда?", "Ещё: сколько?",
    ]  # fmt: skip


def test_time_zone_is_noted_once_when_missing(tmp_path: Path) -> None:
    path = write(tmp_path / "chat.txt", PAIR)
    reading = read(path, time_zone=None)
    assert sum("read as UTC" in note for note in reading.summary.notes) == 1
    assert reading.messages[0]["sent_at"] == datetime(2026, 6, 1, 9, 1, tzinfo=UTC)
    with pytest.raises(SourceFileError, match="time_zone"):
        read(path, time_zone="Mars/Olympus")


def test_daylight_saving_follows_file_order(tmp_path: Path) -> None:
    walls = [
        "30.03.2025, 01:59", "30.03.2025, 02:30", "30.03.2025, 03:10",  # 2:30 does not exist
        "26.10.2025, 02:30", "26.10.2025, 02:50", "26.10.2025, 02:10", "26.10.2025, 03:00",
    ]  # fmt: skip
    lines = [f"{wall} - А: {number}" for number, wall in enumerate(walls)]
    rows = read(write(tmp_path / "chat.txt", lines), time_zone="Europe/Berlin").rows
    assert [row["sent_at"].strftime("%d %H:%M") for row in rows] == [
        "30 00:59", "30 01:30", "30 01:10", "26 00:30", "26 00:50", "26 01:10", "26 02:00",
    ]  # fmt: skip


def test_batches_have_the_asked_size(tmp_path: Path) -> None:
    lines = [f"13.06.2026, 09:00 - А: {number}" for number in range(25)]
    reading = read(write(tmp_path / "chat.txt", lines), batch_rows=10)
    assert reading.batches == [("messages", 10), ("messages", 10), ("messages", 5)]
    sequence = [row["message_seq"] for row in reading.rows]
    assert sequence == sorted(set(sequence))
    assert [row["text"] for row in reading.rows] == [str(number) for number in range(25)]


def test_file_that_comes_back_to_an_instant_keeps_ids_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings, "BLOCK_HEADERS", 4)
    days = [13, 14, 15, 16, 17, 18, 19, 20, 21, 13, 22, 14, 23]
    lines = [f"{day}.06.2026, 09:00 - А: {number}" for number, day in enumerate(days)]
    rows = read(write(tmp_path / "chat.txt", lines)).rows
    assert len({row["message_id"] for row in rows}) == len(days)


def test_undecodable_line_rejects_its_message_only(tmp_path: Path) -> None:
    path = tmp_path / "chat.txt"
    good = [line.encode() for line in PAIR]
    broken = "01.06.2026, 09:01 - Анна Котова: цена ".encode() + b"\xff\xfe\xfa"
    path.write_bytes(b"\n".join([*good[:2], broken, b"tail", good[4]]))
    reading = read(path)
    assert [row["text"] for row in reading.messages] == ["Добрый день!", "Слушаю"]
    [rejected] = reading.rejected
    assert (rejected["row_reference"], reading.summary.rejected) == ("line 3", 1)
    assert "UTF-8" in rejected["reason"]


def test_lines_before_the_first_header_are_rejected(tmp_path: Path) -> None:
    reading = read(write(tmp_path / "chat.txt", ["хвост", "", "ещё Анна Котова", *PAIR]))
    assert [row["row_reference"] for row in reading.rejected] == ["line 1", "line 3"]
    assert len(reading.messages) == 2


def test_truncated_gzip_gives_what_is_there(tmp_path: Path) -> None:
    lines = [
        f"13.06.2026, 09:{i // 60 % 60:02d} - А: номер {i} {i * 7919 % 1009}" for i in range(3000)
    ]
    whole = gzip.compress("\n".join(lines).encode())
    path = tmp_path / "chat.txt.gz"
    path.write_bytes(whole)
    assert len(read(path).rows) == 3000
    path.write_bytes(whole[: len(whole) // 2])
    reading = read(path)
    assert 500 < len(reading.rows) < 2500
    [rejected] = reading.rejected
    assert rejected["row_reference"] == f"from line {len(reading.rows) + 1}"
    assert [row["text"] for row in reading.rows] == [
        line.partition(": ")[2] for line in lines[: len(reading.rows)]
    ]
    assert looks_like_export(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"), (b"just a text\nwithout headers\n", "no line starts like"),
        ("01.06.2026, 09:00 - А: да\n".encode("utf-16"), "UTF-16"),
        ("13.06.2026, 09:00 - Анна: да\n".encode("cp1251"), "not UTF-8"),
    ],
)  # fmt: skip
def test_text_that_is_no_export_is_refused(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "chat.txt"
    path.write_bytes(content)
    with pytest.raises(SourceFileError, match=reason) as caught:
        read(path)
    assert caught.value.remedy


def _zip(path: Path, members: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def test_zip_of_android_and_of_several_chats(tmp_path: Path) -> None:
    text = "\n".join(PAIR)
    one = _zip(tmp_path / "WhatsApp Chat with Анна Котова.zip", {
        "WhatsApp Chat with Анна Котова.txt": text, "IMG-1.jpg": "x", "notes.txt": "hello",
    })  # fmt: skip
    plain = read(write(tmp_path / "WhatsApp Chat with Анна Котова.txt", PAIR))
    assert read(one).rows == plain.rows
    two = _zip(tmp_path / "all.zip", {
        "a/WhatsApp Chat with Анна Котова.txt": text, "a/WhatsApp Chat with Борис.txt": text,
        "a/readme.txt": text, "__MACOSX/a/._WhatsApp Chat with Борис.txt": "\x00",
    })  # fmt: skip
    reading = read(two)
    assert reading.summary.chats == 2
    assert len({row["thread_id"] for row in reading.rows}) == 2
    assert not reading.summary.us_known  # Boris wrote nothing in the chat of his name


def test_damaged_zips_are_refused(tmp_path: Path) -> None:
    good = _zip(tmp_path / "WhatsApp Chat - A.zip", {"_chat.txt": "\n".join(PAIR) * 50})
    assert looks_like_export(good)
    content = good.read_bytes()
    cases = {
        "cut off": content[: len(content) // 2],
        "encrypted": content.replace(
            b"PK\x03\x04\x14\x00\x00\x00", b"PK\x03\x04\x14\x00\x01\x00"
        ).replace(b"PK\x01\x02\x14\x03\x14\x00\x00\x00", b"PK\x01\x02\x14\x03\x14\x00\x01\x00"),
        "cannot be read": content[:60] + bytes(20) + content[80:],
    }
    for reason, damaged in cases.items():
        good.write_bytes(damaged)
        with pytest.raises(SourceFileError, match=reason):
            read(good)
        assert looks_like_export(good)  # its name says so: reading it says what is wrong
    other = _zip(tmp_path / "photos.zip", {"a.jpg": "x"})
    assert not looks_like_export(other)
    with pytest.raises(SourceFileError, match="no chat text"):
        read(other)


def test_decompression_bombs_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "RATIO_APPLIES_ABOVE", 100_000)
    text = "\n".join([*PAIR, "0" * 50_000_000])
    bomb = _zip(tmp_path / "WhatsApp Chat - A.zip", {"_chat.txt": text})
    with pytest.raises(SourceFileError, match="declares a text of 5"):
        read(bomb)
    packed = tmp_path / "chat.txt.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    with pytest.raises(SourceFileError, match="absurd size"):
        read(packed)


def test_endless_message_is_rejected_without_filling_memory(tmp_path: Path) -> None:
    lines = ["13.06.2026, 09:00 - А: начало", *["x" * 1000] * 1200, "13.06.2026, 09:01 - А: конец"]
    reading = read(write(tmp_path / "chat.txt", lines))
    assert [row["text"] for row in reading.rows] == ["конец"]
    assert [row["row_reference"] for row in reading.rejected] == ["line 1"]


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.txt", "\n".join(PAIR), True), ("a.txt", "hello\nworld", False),
        ("a.csv", "\n".join(PAIR), False), ("a.txt", "", False), ("a.zip", "no zip", False),
    ],
)  # fmt: skip
def test_looks_like_export(name: str, content: str, expected: bool, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_text(content)
    assert looks_like_export(path) is expected
    assert not looks_like_export(tmp_path / "missing.txt")


def test_no_original_of_a_person_leaves_the_reader(tmp_path: Path) -> None:
    secrets = [
        "Анна Котова", "Борис Зуев", "Отдел Секретный", "990005566", "999 000-55-66", "Иванов",
        "55.7", "mail@example.org", "Вера",
    ]  # fmt: skip
    lines = [
        "13.06.2026, 09:00 - Борис Зуев создал(-а) группу «Отдел Секретный»",
        "13.06.2026, 09:00 - Борис Зуев добавил(-а) +7 999 000-55-66",
        "13.06.2026, 09:01 - Анна Котова: мой номер +79990005566, почта mail@example.org",
        "13.06.2026, 09:02 - +7 999 000-55-66: Иванов.vcf (файл добавлен)",
        "13.06.2026, 09:03 - Борис Зуев: Смета Иванов.pdf • 2 pages document omitted",
        "13.06.2026, 09:04 - ~ Вера: location: https://maps.google.com/?q=55.7,37.6",
        "Борис Зуев вышел",
        "99.99.2026, 09:04 - Анна Котова: x",
        "13.06.2026, 09:05 - Анна Котова:.",
    ]
    lines[6] = "13.06.2026, 09:04 - Борис Зуев вышел(-ла)"
    path = write(tmp_path / "Чат WhatsApp с контактом Отдел Секретный.txt", lines)
    reading = read(path)
    cells = json.dumps(reading.tables, default=str, ensure_ascii=False)
    assert len(reading.rows) == 8
    assert len(reading.rejected) == 1
    for secret in secrets:
        assert secret not in cells
    assert secrets[0] not in " ".join(reading.summary.notes)
    personal = read(write(tmp_path / "Чат WhatsApp с контактом Анна Котова.txt", PAIR))
    rest = {entity: rows for entity, rows in personal.tables.items() if entity != "agents"}
    assert "Котова" not in json.dumps(rest, default=str, ensure_ascii=False)
    assert "Магазин" not in json.dumps(rest, default=str, ensure_ascii=False)
