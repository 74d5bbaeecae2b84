"""Telegram Desktop exports (`result.json`) of the emulated company.

One folder per agent's account, the helpdesk's archive in the same layout (the bot, the
auto-responder and the agents answer there under ids of their own, so it has no owner), and one
group exported alone. Keys and their order follow Telegram Desktop's own exporter.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from pipelines.sandbox import texts
from pipelines.sandbox.company import pretty_phone
from pipelines.sandbox.model import ZONE, Agent, Customer, Message, Thread, World

HELPDESK_FOLDER: Final = "helpdesk"
GROUP_FOLDER: Final = "support_group"
BOT_NAME: Final = "Зерно и Пар бот"
AUTO_REPLY_NAME: Final = "Зерно и Пар: автоответ"

_NOT_INCLUDED: Final = "(File not included. Change data exporting settings to download.)"
_ABOUT: Final = (
    "Here is the data you requested. Remember: Telegram is ad free, it doesn't use your data."
)
_ENTITY: Final = re.compile(
    r"(?P<email>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<link>https?://[^\s]+|(?<![\w@])zerno-par\.example[^\s.,]*)"
    r"|(?P<phone>\+7[\d ()-]{9,16}\d)"
    r"|(?P<bot_command>(?<!\S)/[a-z]+)"
)
_STICKER: Final = {"customer": "🙏", "agent": "☕"}


def write_telegram(world: World, folder: Path) -> None:
    """Write every Telegram chat of the world below `folder`."""
    _TelegramWriter(world, folder).write()


class _TelegramWriter:
    def __init__(self, world: World, folder: Path) -> None:
        self._world = world
        self._folder = folder
        self._customers = {row.customer_id: row for row in world.customers}
        self._agents = {row.agent_id: row for row in world.agents}
        self._by_thread: defaultdict[str, list[Message]] = defaultdict(list)
        for message in world.messages:
            if message.source == "telegram":
                self._by_thread[message.thread_id].append(message)

    def write(self) -> None:
        threads = [row for row in self._world.threads if row.source == "telegram"]
        for agent in self._world.agents:
            own = [row for row in threads if row.agent_id == agent.agent_id]
            self._save(agent.folder, self._account(agent, own))
        helpdesk = [row for row in threads if row.kind == "helpdesk"]
        about = "Archive of the helpdesk in the layout of a Telegram Desktop export."
        chats = [self._chat(row) for row in helpdesk]
        self._save(HELPDESK_FOLDER, {"about": about, "chats": {"about": about, "list": chats}})
        for thread in threads:
            if thread.kind == "group" and thread.agent_id is None:
                self._save(GROUP_FOLDER, self._chat(thread))

    def _save(self, name: str, content: dict[str, Any]) -> None:
        path = self._folder / name / "result.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        # Telegram Desktop indents by one blank and keeps Cyrillic as it is.
        path.write_bytes(json.dumps(content, ensure_ascii=False, indent=1).encode())

    def _account(self, agent: Agent, threads: list[Thread]) -> dict[str, Any]:
        first, _, last = agent.name.partition(" ")
        people = [self._customers[row.customer_id] for row in threads if row.customer_id]
        return {
            "about": _ABOUT,
            "personal_information": {
                "user_id": agent.telegram_user_id,
                "first_name": first,
                "last_name": last,
                "phone_number": _spaced(agent.phone),
                "username": f"@zernopar_{agent.folder}",
                "bio": "",
            },
            "contacts": {
                "about": "The contacts of this account.",
                "list": [_contact(row) for row in people if row.telegram_in_contacts],
            },
            "chats": {
                "about": "This page lists all chats from this export.",
                "list": [self._notes(agent), *(self._chat(row) for row in threads)],
            },
            "left_chats": {"about": "Supergroups and channels that were left.", "list": []},
        }

    def _notes(self, agent: Agent) -> dict[str, Any]:
        at = datetime.combine(self._world.first_day, agent.shift_start, ZONE)
        rows = [
            {"id": number, "type": "message", **_instant("date", at + timedelta(days=number))}
            | {"from": agent.name, "from_id": f"user{agent.telegram_user_id}"}
            | _text(note)
            for number, note in enumerate(texts.SAVED_NOTES, start=1_000_001)
        ]
        return {"type": "saved_messages", "id": agent.telegram_user_id, "messages": rows}

    def _chat(self, thread: Thread) -> dict[str, Any]:
        is_group = thread.kind == "group"
        return {
            "name": thread.title,
            "type": "private_supergroup" if is_group else "personal_chat",
            "id": int(thread.native_id),
            "messages": [self._message(thread, row) for row in self._by_thread[thread.thread_id]],
        }

    def _message(self, thread: Thread, message: Message) -> dict[str, Any]:
        if message.author_type == "system":
            return self._service(thread, message)
        name, author_id = self._author(message)
        row: dict[str, Any] = {"id": message.native_id, "type": "message"}
        row |= _instant("date", message.sent_at)
        if message.edited_at:
            row |= _instant("edited", message.edited_at)
        row |= {"from": name, "from_id": author_id}
        if message.reply_to is not None:
            row["reply_to_message_id"] = message.reply_to
        row |= self._media(message)
        row |= _text(message.text)
        if message.text == texts.BOT_MENU:
            # The keyboard of the menu is not exported, buttons under the message are.
            button = {"type": "url", "text": "Наш сайт", "data": "https://zerno-par.example/"}
            row["inline_bot_buttons"] = [[button]]
        if message.reaction:
            row["reactions"] = [self._reaction(thread, message)]
        return row

    def _reaction(self, thread: Thread, message: Message) -> dict[str, Any]:
        row: dict[str, Any] = {"type": "emoji", "count": 1, "emoji": message.reaction}
        if thread.customer_id:
            customer = self._customers[thread.customer_id]
            who = {"from": customer.telegram_name, "from_id": f"user{customer.telegram_user_id}"}
            local = message.sent_at.astimezone(ZONE).replace(tzinfo=None)
            row["recent"] = [who | {"date": (local + timedelta(seconds=40)).isoformat()}]
        return row

    def _service(self, thread: Thread, message: Message) -> dict[str, Any]:
        row: dict[str, Any] = {"id": message.native_id, "type": "service"}
        row |= _instant("date", message.sent_at)
        if message.action == "create_group":
            creator = self._customers[message.customer_id or ""]
            row |= {"actor": creator.telegram_name, "actor_id": f"user{creator.telegram_user_id}"}
            row |= {"action": "create_group", "title": thread.title}
            row["members"] = [agent.name for agent in self._world.agents]
        else:
            caller = self._agents[thread.agent_id or ""]
            row |= {"actor": caller.name, "actor_id": f"user{caller.telegram_user_id}"}
            row |= {"action": "phone_call", "duration_seconds": 40 + message.native_id % 200}
            row["discard_reason"] = "hangup"
        return row | _text("")

    def _author(self, message: Message) -> tuple[str | None, str]:
        if message.author_type == "bot":
            return BOT_NAME, f"user{self._world.bot_user_id}"
        if message.author_type == "auto_reply":
            return AUTO_REPLY_NAME, f"user{self._world.auto_reply_user_id}"
        if message.agent_id:
            agent = self._agents[message.agent_id]
            return agent.name, f"user{agent.telegram_user_id}"
        customer = self._customers[message.customer_id or ""]
        return customer.telegram_name, f"user{customer.telegram_user_id}"

    def _media(self, message: Message) -> dict[str, Any]:
        size = 10_000 + message.native_id * 37 % 90_000
        if message.content_type == "voice":
            return {
                "file": _NOT_INCLUDED, "file_size": size, "media_type": "voice_message",
                "mime_type": "audio/ogg", "duration_seconds": 3 + message.native_id % 50,
            }  # fmt: skip
        if message.content_type == "image":
            return {
                "photo": _NOT_INCLUDED, "photo_file_size": size, "width": 960, "height": 1280,
            }  # fmt: skip
        if message.content_type == "file":
            return {
                "file": _NOT_INCLUDED, "file_name": f"invoice_{message.native_id}.pdf",
                "file_size": size, "mime_type": "application/pdf",
            }  # fmt: skip
        if message.content_type == "sticker":
            return {
                "file": _NOT_INCLUDED, "file_name": "sticker.webp", "file_size": size,
                "thumbnail": _NOT_INCLUDED, "media_type": "sticker",
                "sticker_emoji": _STICKER[message.author_type], "width": 512, "height": 512,
            }  # fmt: skip
        if message.content_type == "contact":
            person = self._customers[message.customer_id or ""]
            first, _, last = person.name.partition(" ")
            return {
                "contact_information": {
                    "first_name": first, "last_name": last, "phone_number": _spaced(person.phone),
                },
                "contact_vcard": _NOT_INCLUDED,
            }  # fmt: skip
        return {}


def _contact(customer: Customer) -> dict[str, Any]:
    first, _, last = customer.name.partition(" ")
    return {
        "user_id": customer.telegram_user_id,
        "first_name": first,
        "last_name": last,
        "phone_number": _spaced(customer.phone),
        **_instant("date", customer.arrived_at),
    }


def _spaced(phone: str) -> str:
    return pretty_phone(phone).replace("-", " ")


def _instant(name: str, at: datetime) -> dict[str, str]:
    """`date` in local time without offset, `date_unixtime` as a string."""
    local = at.astimezone(ZONE).replace(tzinfo=None)
    return {name: local.isoformat(timespec="seconds"), f"{name}_unixtime": str(int(at.timestamp()))}


def _text(text: str) -> dict[str, Any]:
    """`text` (a string, or a list with entities) and `text_entities`."""
    entities: list[dict[str, str]] = []
    done = 0
    for found in _ENTITY.finditer(text):
        if found.start() > done:
            entities.append({"type": "plain", "text": text[done : found.start()]})
        entities.append({"type": found.lastgroup or "plain", "text": found.group()})
        done = found.end()
    if done < len(text):
        entities.append({"type": "plain", "text": text[done:]})
    if all(entity["type"] == "plain" for entity in entities):
        return {"text": text, "text_entities": entities}
    mixed = [row["text"] if row["type"] == "plain" else row for row in entities]
    # Recent versions end the list by a string, be it empty.
    return {
        "text": mixed if isinstance(mixed[-1], str) else [*mixed, ""],
        "text_entities": entities,
    }
