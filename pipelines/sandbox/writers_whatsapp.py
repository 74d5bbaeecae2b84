"""WhatsApp «Export chat» files of Android (`.txt`, minutes only) and iOS (`.zip`).

One folder per telephone that exported. The words and the layouts are those that phones write.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from pipelines.sandbox.company import TEAM_ZONES
from pipelines.sandbox.model import World
from pipelines.sandbox.people import spoken_phone
from pipelines.sandbox.writers_rows import Row, said_by_thread, to_rows

_LRM: Final = "\u200e"
_NARROW: Final = "\u202f"
COPY_MARK: Final = " (1)"
GROUP_TITLE: Final = "Отель Волга и Зерно и Пар"
GROUP_FOLDER: Final = "group"
_EARLIER_EVERY: Final = 40


@dataclass(frozen=True, slots=True)
class _Words:
    """What WhatsApp itself writes in one language."""

    notice: str
    edited: str
    no_media: str
    call: str
    deleted_by_us: str
    deleted: str
    attached: str
    omitted: dict[str, str]


_RU: Final = _Words(
    "Сообщения и звонки защищены сквозным шифрованием. "
    "Третьи лица, включая WhatsApp, не могут прочитать или прослушать их.",
    "<Сообщение изменено>", "<Без медиафайлов>", "Пропущенный аудиозвонок",
    "Вы удалили данное сообщение", "Данное сообщение удалено", "файл добавлен",
    {"voice": "аудиофайл отсутствует", "image": "изображение отсутствует",
     "file": "документ отсутствует", "sticker": "стикер не добавлен"},
)  # fmt: skip
_EN: Final = _Words(
    "Messages and calls are end-to-end encrypted. No one outside of this chat, not even "
    "WhatsApp, can read or listen to them.",
    "<This message was edited>", "<Media omitted>", "Missed voice call",
    "You deleted this message", "This message was deleted", "file attached",
    {"voice": "audio omitted", "image": "image omitted", "file": "document omitted",
     "sticker": "sticker omitted"},
)  # fmt: skip
_DE: Final = _Words(
    "Nachrichten und Anrufe sind Ende-zu-Ende-verschlüsselt. Niemand außerhalb dieses Chats kann "
    "sie lesen oder anhören, nicht einmal WhatsApp.",
    "<Diese Nachricht wurde bearbeitet>", "<Medien ausgeschlossen>", "Verpasster Sprachanruf",
    "Du hast diese Nachricht gelöscht", "Diese Nachricht wurde gelöscht", "Datei angehängt",
    {"voice": "Audio weggelassen", "image": "Bild weggelassen",
     "file": "Dokument weggelassen", "sticker": "Sticker weggelassen"},
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Layout:
    """How one phone writes headers and names the file."""

    words: _Words
    header: str
    is_ios: bool
    file_name: str


_LAYOUTS: Final = {
    "android_ru": _Layout(_RU, "{at:%d.%m.%Y, %H:%M} - ", False, "Чат WhatsApp с контактом {}.txt"),
    "ios_ru": _Layout(_RU, "[{at:%d.%m.%Y, %H:%M:%S}] ", True, "WhatsApp Chat - {}.zip"),
    "android_uk": _Layout(_EN, "{at:%d/%m/%Y, %H:%M} - ", False, "WhatsApp Chat with {}.txt"),
    "android_de": _Layout(_DE, "{at:%d.%m.%y, %H:%M} - ", False, "WhatsApp Chat mit {}.txt"),
    "ios_en": _Layout(
        _EN, f"[{{at:%d/%m/%Y}}, {{hour}}:{{at:%M:%S}}{_NARROW}{{at:%p}}] ", True,
        "WhatsApp Chat - {}.zip",
    ),
}  # fmt: skip
_FILES: Final = {
    "voice": "PTT-{day:%Y%m%d}-WA{number:04d}.opus",
    "image": "IMG-{day:%Y%m%d}-WA{number:04d}.jpg",
    "file": "invoice_{number}.pdf",
    "sticker": "STK-{day:%Y%m%d}-WA{number:04d}.webp",
}


def write_whatsapp(world: World, folder: Path, source: str) -> None:
    """Write one file per WhatsApp chat of a source below `folder`.

    Some chats were exported twice: the earlier, shorter file lies beside the later one.
    """
    names = {row["identity_id"]: _shown(row["address"]) for row in to_rows(world["identities"])}
    for number, (thread, messages) in enumerate(said_by_thread(world, source)):
        owner = None if thread["agent"] is None else world.agents[thread["agent"]]
        place = folder / (owner.folder if owner else GROUP_FOLDER)
        place.mkdir(parents=True, exist_ok=True)
        title = names.get(thread["identity_id"]) or _title(world, thread)
        writer = _ChatWriter(world, thread, title, names)
        layout = _LAYOUTS[thread["layout"]]
        name = layout.file_name.format(title)
        writer.save(place / name, messages)
        if number % _EARLIER_EVERY == 7 and not layout.is_ios and len(messages) > 8:
            earlier = place / name.replace(".txt", f"{COPY_MARK}.txt")
            writer.save(earlier, messages[: len(messages) // 2])


def _title(world: World, thread: Row) -> str:
    """Name of a chat in which the customer never wrote, or of the group."""
    if thread["customer_id"] is None:
        return GROUP_TITLE
    customers = world["customers"]
    place = customers["customer_id"].index(thread["customer_id"]).as_py()
    return _shown(customers["phone"][place].as_py())


def _shown(address: str) -> str:
    """A saved name, or the number as phones show it."""
    return spoken_phone(address) if address.startswith("+") else address


class _ChatWriter:
    def __init__(self, world: World, thread: Row, title: str, names: dict[int, str]) -> None:
        self._agents = world.agents
        self._title = title
        self._names = names
        self._layout = _LAYOUTS[thread["layout"]]
        self._with_media = thread["with_media"]
        self._zone = ZoneInfo(TEAM_ZONES[thread["team"]])

    def save(self, path: Path, messages: list[Row]) -> None:
        """Write the lines of a chat."""
        line = self._ios_line if self._layout.is_ios else self._android_line
        text = "".join(line(row) for row in messages)
        if self._layout.is_ios:
            _save_zip(path, text)
        else:
            path.write_bytes(text.encode())

    def _android_line(self, message: Row) -> str:
        words = self._layout.words
        local = message["sent_at"].astimezone(self._zone)
        header = self._header(local)
        if message["event_type"] == "service":
            return f"{header}{self._notice(message)}\n"
        text = message["text"]
        if message["deleted_at"]:
            text = self._deleted(message)
        elif message["content_type"] != "text":
            text = words.no_media
            if self._with_media:
                text = f"{_file_name(message, local)} ({words.attached})"
        elif message["edited_at"]:
            text = f"{text} {words.edited}"
        return f"{header}{self._author(message)}: {text}\n"

    def _ios_line(self, message: Row) -> str:
        """iOS gives notices an author, marks what it wrote by U+200E and ends lines by CRLF."""
        words = self._layout.words
        header = self._header(message["sent_at"].astimezone(self._zone))
        if message["event_type"] == "service":
            return f"{header}{self._title}: {_LRM}{self._notice(message)}\r\n"
        text = message["text"]
        if message["deleted_at"]:
            text = f"{_LRM}{self._deleted(message)}"
        elif message["content_type"] != "text":
            header = f"{_LRM}{header}"
            text = f"{_LRM}{words.omitted[message['content_type']]}"
        elif message["edited_at"]:
            text = f"{text} {_LRM}{words.edited}"
        return f"{header}{self._author(message)}: {text}\r\n"

    def _header(self, local: datetime) -> str:
        return self._layout.header.format(at=local, hour=local.hour % 12 or 12)

    def _author(self, message: Row) -> str:
        if message["agent"] is not None:
            return self._agents[message["agent"]].name
        return self._names[message["identity_id"]]

    def _deleted(self, message: Row) -> str:
        words = self._layout.words
        return words.deleted_by_us if message["agent"] is not None else words.deleted

    def _notice(self, message: Row) -> str:
        if message["action"] == "encryption_notice":
            return self._layout.words.notice
        if message["action"] == "create_group":
            return f"{self._agents[0].name} создал(-а) группу «{self._title}»"
        return self._layout.words.call


def _file_name(message: Row, local: datetime) -> str:
    number = message["message_id"] % 10_000
    return _FILES[message["content_type"]].format(day=local, number=number)


def _save_zip(path: Path, text: str) -> None:
    # A fixed time inside: the same world gives the same bytes.
    entry = zipfile.ZipInfo("_chat.txt", date_time=(2020, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(entry, text.encode())
