"""Each kind of line that the format's description names, in Russian, English and some others."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.sources.whatsapp_export.reading import LRM, read, write

Expected = tuple[str, str, str | None, dict[str, Any]]


def _one(tmp_path: Path, body: str, *, ios: bool = False) -> Expected:
    header = "[01.06.2026, 12:34:56] " if ios else "01.06.2026, 12:34 - "
    lines = [f"{header}Анна: привет", f"{header}{body}", f"{header}Магазин: да"]
    rows = read(write(tmp_path / "WhatsApp Chat with Анна.txt", lines)).rows
    assert len(rows) == 3
    row = rows[1]
    metadata = json.loads(row["source_metadata"]) if row["source_metadata"] else {}
    return row["event_type"], row["content_type"], row["text"], metadata


def _media(kind: str, **metadata: str) -> Expected:
    return "message", kind, None, metadata


OMITTED = {"media": "omitted"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<Media omitted>", "other"), ("<Без медиафайлов>", "other"), ("<Файл пропущен>", "other"),
        ("<Медиа отсутствует>", "other"), ("<Medien ausgeschlossen>", "other"),
        ("<Multimedia omitido>", "other"), ("<Mídia oculta>", "other"), ("<Médias omis>", "other"),
        ("<Media omessi>", "other"), (f"{LRM}image omitted", "image"), ("video omitted", "video"),
        (f"{LRM}audio omitted", "voice"), ("sticker omitted", "sticker"), ("GIF omitted", "image"),
        ("Contact card omitted", "contact"),
        (f"Смета Иванов.pdf • {LRM}2 pages {LRM}document omitted", "file"),
        ("изображение отсутствует", "image"), ("видео отсутствует", "video"),
        ("аудиофайл отсутствует", "voice"), ("GIF отсутствует", "image"),
        ("документ отсутствует", "file"), ("стикер не добавлен", "sticker"),
        ("Карточка контакта отсутствует", "contact"), ("Bild weggelassen", "image"),
    ],
)  # fmt: skip
def test_omitted_media_gives_its_kind(body: str, expected: str, tmp_path: Path) -> None:
    assert _one(tmp_path, f"Анна: {body}") == ("message", expected, None, OMITTED)


@pytest.mark.parametrize(
    ("body", "kind", "extension", "caption"),
    [
        ("IMG-20260601-WA0002.jpg (file attached)", "image", "jpg", None),
        (f"{LRM}IMG-20260601-WA0002.jpg (файл добавлен)\nВот накладная", "image", "jpg",
         "Вот накладная"),
        ("PTT-20260601-WA0003.opus (Datei angehängt)", "voice", "opus", None),
        ("VID-1.mp4 (archivo adjunto)\nuno\ndos", "video", "mp4", "uno\ndos"),
        ("STK-1.webp (file attached)", "sticker", "webp", None),
        ("Иван Петров.vcf (файл добавлен)", "contact", "vcf", None),
        ("Договор Петров.pdf (файл добавлен)", "file", "pdf", None),
        (f"{LRM}<attached: 00000035-PHOTO-2026-06-01-21-41-55.jpg>", "image", "jpg", None),
        (f"Смотри {LRM}<attached: 00000036-VIDEO-2026-06-01.mp4>", "video", "mp4", "Смотри"),
        (f"{LRM}<вложено: 00000037-STICKER-2026.webp>", "sticker", "webp", None),
        ("<Anhang: 00000038-AUDIO-2026.opus>", "voice", "opus", None),
        ("report.petrov (file attached)", "file", None, None),
    ],
)  # fmt: skip
def test_attached_media_gives_kind_and_caption(
    body: str, kind: str, extension: str | None, caption: str | None, tmp_path: Path
) -> None:
    metadata = {"media": "attached"} | ({"extension": extension} if extension else {})
    assert _one(tmp_path, f"Анна: {body}") == ("message", kind, caption, metadata)


@pytest.mark.parametrize(
    "body",
    [
        "This message was deleted", "This message was deleted.", "You deleted this message",
        f"{LRM}You deleted this message.", "Данное сообщение удалено",
        "Вы удалили данное сообщение", "Diese Nachricht wurde gelöscht.",
        "Se eliminó este mensaje.", "Mensagem apagada",
        "Ce message a été supprimé", "Questo messaggio è stato eliminato",
        "This message was deleted by admin Boris.",
    ],
)  # fmt: skip
def test_deleted_message_is_marked(body: str, tmp_path: Path) -> None:
    assert _one(tmp_path, f"Анна: {body}") == ("message", "other", None, {"deleted": True})


@pytest.mark.parametrize(
    "suffix",
    ["<This message was edited>", f"{LRM}<This message was edited>", "<Сообщение изменено>"],
)
def test_edited_suffix_is_stripped(suffix: str, tmp_path: Path) -> None:
    assert _one(tmp_path, f"Анна: новая цена 5 {suffix}") == (
        "message",
        "text",
        "новая цена 5",
        {"edited": True},
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("null", _media("other", view_once=True)),  # type: ignore[arg-type]
        ("location: https://maps.google.com/?q=55.7,37.6", _media("location")),
        ("местоположение: https://maps.google.com/?q=55.7,37.6", _media("location")),
        ("Местоположение: https://maps.google.com/?q=55.7,37.6", _media("location")),
        ("Standort: https://maps.google.com/?q=55.7,37.6", _media("location")),
        ("live location shared", _media("location", live=True)),  # type: ignore[arg-type]
    ],
)
def test_view_once_and_locations(body: str, expected: Expected, tmp_path: Path) -> None:
    assert _one(tmp_path, f"Анна: {body}") == expected


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("Missed voice call", "missed_voice_call"), ("Missed video call", "missed_video_call"),
        ("Пропущенный аудиозвонок", "missed_voice_call"),
        ("Пропущенный видеозвонок", "missed_video_call"),
        (f"{LRM}Missed voice call, {LRM}Tap to call back", "missed_voice_call"),
        (f"{LRM}Voice call, {LRM}5 min", "voice_call"),
        ("Verpasster Sprachanruf", "missed_voice_call"),
    ],
)  # fmt: skip
def test_call_is_a_service_event(body: str, kind: str, tmp_path: Path) -> None:
    assert _one(tmp_path, f"Анна: {body}") == ("service", "other", None, {"service": kind})


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ("Messages and calls are end-to-end encrypted. No one outside…", "encryption"),
        ("Сообщения и звонки защищены сквозным шифрованием. Третьи лица…", "encryption"),
        ("Анна added Борис", "added"), ("«Анна» добавил(-а) «Борис»", "added"),
        ("Анна left", "left"), ("Анна покинул(-а) группу", "left"),
        ("Анна changed their phone number to a new number.", "number_changed"),
        ("Анна changed to +7 999 000-55-66", "number_changed"),
        ('Анна changed the subject to "Заказ: 1"', "subject_changed"),
        ('Анна создал(-а) группу "Отдел: продажи"', "group_created"),
        ("Du hast Mallory hinzugefügt.", "added"), ("Анна salió del grupo", "left"),
        ("Нечто новое", "notice"),
        ("Пропущенный аудиозвонок", "missed_voice_call"),
    ],
)  # fmt: skip
def test_android_notice_has_no_author_and_no_words(body: str, kind: str, tmp_path: Path) -> None:
    assert _one(tmp_path, body) == ("service", "other", None, {"service": kind})


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (f"Анна: {LRM}Messages and calls are end-to-end encrypted.", "encryption"),
        (f"Анна: {LRM}Сообщения и звонки защищены сквозным шифрованием.", "encryption"),
        (f"Отдел продаж: {LRM}Анна добавила Бориса", "added"),
        (f"Отдел продаж: {LRM}Нечто новое", "notice"),
    ],
)
def test_ios_notice_is_known_by_the_mark(body: str, kind: str, tmp_path: Path) -> None:
    assert _one(tmp_path, body, ios=True) == ("service", "other", None, {"service": kind})


def test_text_of_a_person_that_begins_with_the_mark_stays_text(tmp_path: Path) -> None:
    body = f"Магазин: {LRM}Хорошо, привезём"
    assert _one(tmp_path, body, ios=True) == ("message", "text", "Хорошо, привезём", {})


def test_expired_message_is_a_service_event(tmp_path: Path) -> None:
    assert _one(tmp_path, "Анна:.") == ("service", "other", None, {"service": "expired_message"})


@pytest.mark.parametrize(
    "body",
    [
        "Video call", "Missed voice call from you again", "the image omitted here", "a (b)", "<3>",
        "nullable", "location: kitchen", "Данное сообщение удалено, а зря",
    ],
)  # fmt: skip
def test_words_of_people_that_resemble_placeholders_stay_text(body: str, tmp_path: Path) -> None:
    assert _one(tmp_path, f"Анна: {body}") == ("message", "text", body, {})
