"""WhatsApp «Export chat» files: Android in Russian (`.txt`, minutes only) and one iOS archive."""

from __future__ import annotations

import zipfile
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Final

from pipelines.sandbox.company import pretty_phone
from pipelines.sandbox.model import ZONE, Customer, Message, Thread, World

_LRM: Final = "\u200e"
_NOTICE: Final = (
    "Сообщения и звонки защищены сквозным шифрованием. "
    "Третьи лица, включая WhatsApp, не могут прочитать или прослушать их."
)
_EDITED: Final = "<Сообщение изменено>"
_NO_MEDIA: Final = "<Без медиафайлов>"
_CALL: Final = "Пропущенный аудиозвонок"
_IOS_OMITTED: Final = {
    "voice": "аудиофайл отсутствует",
    "image": "изображение отсутствует",
    "file": "документ отсутствует",
    "sticker": "стикер не добавлен",
}
_ANDROID_FILES: Final = {
    "voice": "PTT-{day:%Y%m%d}-WA{number:04d}.opus",
    "image": "IMG-{day:%Y%m%d}-WA{number:04d}.jpg",
    "file": "invoice_{number}.pdf",
    "sticker": "STK-{day:%Y%m%d}-WA{number:04d}.webp",
}


def write_whatsapp(world: World, folder: Path) -> None:
    """Write one file per WhatsApp chat of the world into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    by_thread: defaultdict[str, list[Message]] = defaultdict(list)
    for message in world.messages:
        if message.source == "whatsapp":
            by_thread[message.thread_id].append(message)
    names = _Names(world)
    for thread in world.threads:
        if thread.source != "whatsapp":
            continue
        messages = by_thread[thread.thread_id]
        if thread.is_ios:
            text = "".join(_ios_line(names, thread, row) for row in messages)
            _save_zip(folder / f"WhatsApp Chat - {thread.native_id}.zip", text)
        else:
            text = "".join(_android_line(names, thread, row) for row in messages)
            path = folder / f"Чат WhatsApp с контактом {thread.native_id}.txt"
            path.write_bytes(text.encode())


class _Names:
    """How authors are called in the exporter's telephone."""

    def __init__(self, world: World) -> None:
        self._agents = {row.agent_id: row.name for row in world.agents}
        self._customers: dict[str, Customer] = {row.customer_id: row for row in world.customers}

    def of(self, message: Message) -> str:
        if message.agent_id:
            return self._agents[message.agent_id]
        return self.customer(message.customer_id)

    def customer(self, customer_id: str | None) -> str:
        customer = self._customers[customer_id or ""]
        return customer.whatsapp_name or pretty_phone(customer.phone)


def _android_line(names: _Names, thread: Thread, message: Message) -> str:
    local = message.sent_at.astimezone(ZONE)
    header = f"{local:%d.%m.%Y, %H:%M} - "
    if message.author_type == "system":
        return f"{header}{_notice(names, thread, message)}\n"
    text = message.text
    if message.content_type != "text":
        if thread.with_media:
            name = _file_name(message, local)
            text = f"{name} (файл добавлен)" + (f"\n{text}" if text else "")
        else:
            text = _NO_MEDIA
    if message.edited_at:
        text = f"{text} {_EDITED}"
    return f"{header}{names.of(message)}: {text}\n"


def _ios_line(names: _Names, thread: Thread, message: Message) -> str:
    """iOS gives notices an author, marks what it wrote itself by U+200E and ends lines by CRLF."""
    local = message.sent_at.astimezone(ZONE)
    header = f"[{local:%d.%m.%Y, %H:%M:%S}] "
    if message.author_type == "system":
        return f"{header}{thread.title}: {_LRM}{_notice(names, thread, message)}\r\n"
    text = message.text
    if message.content_type != "text":
        header = f"{_LRM}{header}"
        text = f"{_LRM}{_IOS_OMITTED[message.content_type]}"
    if message.edited_at:
        text = f"{text} {_LRM}{_EDITED}"
    return f"{header}{names.of(message)}: {text}\r\n"


def _notice(names: _Names, thread: Thread, message: Message) -> str:
    if message.action == "encryption_notice":
        return _NOTICE
    if message.action == "create_group":
        return f"{names.customer(message.customer_id)} создал(-а) группу «{thread.title}»"
    return _CALL


def _file_name(message: Message, local: datetime) -> str:
    return _ANDROID_FILES[message.content_type].format(day=local, number=message.native_id)


def _save_zip(path: Path, text: str) -> None:
    # A fixed time inside: the same world gives the same bytes.
    entry = zipfile.ZipInfo("_chat.txt", date_time=(2020, 1, 1, 0, 0, 0))
    entry.compress_type = zipfile.ZIP_DEFLATED
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(entry, text.encode())
