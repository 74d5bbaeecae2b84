"""Telegram Desktop exports (`result.json`) of the emulated company.

One folder per account of a salesperson, the helpdesk's archive in the same layout (the bot, the
auto-responder and the agents answer there under ids of their own, so it has no owner), and each
group exported alone. One account was exported earlier as well: its messages come twice. Keys and
their order follow Telegram Desktop's own exporter.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from pipelines.sandbox import texts
from pipelines.sandbox.company import (
    AUTO_REPLY_NAME,
    AUTO_REPLY_USER_ID,
    BOT_NAME,
    BOT_USER_ID,
    BROADCAST_NAME,
    BROADCAST_USER_ID,
    TEAM_ZONES,
    Agent,
)
from pipelines.sandbox.model import World
from pipelines.sandbox.telegram_content import instant_of, spaced, text_of, to_json
from pipelines.sandbox.writers_rows import Row, said_by_thread, to_rows

HELPDESK_FOLDER: Final = "helpdesk"
GROUP_FOLDER: Final = "group"
EARLIER_SUFFIX: Final = "_earlier"
_EARLIER_SHARE: Final = 0.6
_GROUP_TITLES: Final = ("Офис «Пульс» × Зерно и Пар", "Кофейни «Утро» — поддержка")

_NOT_INCLUDED: Final = "(File not included. Change data exporting settings to download.)"
_ABOUT: Final = (
    "Here is the data you requested. Remember: Telegram is ad free, it doesn't use your data."
)
# No emoji of thanks: an export shows it as the text, which would make the sticker a courtesy.
_STICKER: Final = "☕"
_KNOWN: Final = {
    "bot": (BOT_NAME, BOT_USER_ID),
    "auto_reply": (AUTO_REPLY_NAME, AUTO_REPLY_USER_ID),
    "broadcast": (BROADCAST_NAME, BROADCAST_USER_ID),
}


def write_telegram(world: World, folder: Path) -> None:
    """Write every Telegram chat of the world below `folder`."""
    _TelegramWriter(world, folder).write()


class _TelegramWriter:
    def __init__(self, world: World, folder: Path) -> None:
        self._world = world
        self._folder = folder
        self._zone = ZoneInfo(TEAM_ZONES["sales"])
        self._customers = {row["customer_id"]: row for row in to_rows(world["customers"])}
        self._customer_of = {
            row["identity_id"]: self._customers[row["customer_id"]]
            for row in to_rows(world["identities"])
        }

    def write(self) -> None:
        chats = said_by_thread(self._world, "telegram")
        owners: dict[int, list[tuple[Row, list[Row]]]] = {}
        helpdesk, groups = [], []
        for thread, messages in chats:
            if thread["kind"] == "helpdesk":
                helpdesk.append((thread, messages))
            elif thread["kind"] == "group":
                groups.append((thread, messages))
            else:
                owners.setdefault(thread["agent"], []).append((thread, messages))
        for number, agent in enumerate(self._world.agents):
            if number in owners:
                self._save(agent.folder, self._account(agent, owners[number]))
        if owners:
            self._write_earlier(min(owners), owners[min(owners)])
        about = "Archive of the helpdesk in the layout of a Telegram Desktop export."
        head = {"about": about}
        self._save(HELPDESK_FOLDER, self._document(head, about, helpdesk, None))
        for number, (thread, messages) in enumerate(groups, start=1):
            self._save(f"{GROUP_FOLDER}_{number}", self._chat(thread, messages))

    def _write_earlier(self, number: int, chats: list[tuple[Row, list[Row]]]) -> None:
        span = self._world.until - self._world.first_day
        day = self._world.first_day + span * _EARLIER_SHARE
        end = datetime.combine(day, time(12), self._zone).astimezone(UTC)
        earlier = [(thread, [m for m in said if m["sent_at"] <= end]) for thread, said in chats]
        agent = self._world.agents[number]
        known = [(thread, said) for thread, said in earlier if said]
        self._save(f"{agent.folder}{EARLIER_SUFFIX}", self._account(agent, known))

    def _save(self, name: str, pieces: Iterator[str]) -> None:
        path = self._folder / name / "result.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(pieces)

    def _account(self, agent: Agent, chats: list[tuple[Row, list[Row]]]) -> Iterator[str]:
        first, _, last = agent.name.partition(" ")
        people = [self._customers[thread["customer_id"]] for thread, _ in chats]
        known = {row["telegram_user_id"]: row for row in people if row["is_saved_in_telegram"]}
        head = {
            "about": _ABOUT,
            "personal_information": {
                "user_id": agent.telegram_user_id,
                "first_name": first,
                "last_name": last,
                "phone_number": spaced(agent.phone),
                "username": f"@zernopar_{agent.folder}",
                "bio": "",
            },
            "contacts": {
                "about": "The contacts of this account.",
                "list": [_contact(row, self._zone) for row in known.values()],
            },
        }
        about = "This page lists all chats from this export."
        return self._document(head, about, chats, agent)

    def _document(
        self,
        head: dict[str, Any],
        about: str,
        chats: list[tuple[Row, list[Row]]],
        agent: Agent | None,
    ) -> Iterator[str]:
        """A whole account, a message per line."""
        yield to_json(head)[:-1] + f', "chats": {{"about": {to_json(about)}, "list": [\n'
        separator = ""
        if agent is not None:
            yield to_json(self._notes(agent))
            separator = ",\n"
        for thread, messages in chats:
            yield separator
            yield from self._chat(thread, messages)
            separator = ",\n"
        yield "]}}"

    def _notes(self, agent: Agent) -> Row:
        at = datetime.combine(self._world.first_day, agent.shift_start, self._zone)
        rows = [
            {"id": number, "type": "message", **instant_of("date", at, self._zone)}
            | {"from": agent.name, "from_id": f"user{agent.telegram_user_id}"}
            | text_of(note)
            for number, note in enumerate(texts.SAVED_NOTES, start=1_000_001)
        ]
        return {"type": "saved_messages", "id": agent.telegram_user_id, "messages": rows}

    def _chat(self, thread: Row, messages: list[Row]) -> Iterator[str]:
        is_group = thread["kind"] == "group"
        zone = ZoneInfo(TEAM_ZONES[thread["team"]])
        if is_group:
            number = thread["thread_id"] // 10_000
            name, chat_id = _GROUP_TITLES[number], 1_900_200_301 + number
        else:
            customer = self._customers[thread["customer_id"]]
            name, chat_id = customer["telegram_name"], customer["telegram_user_id"]
        chat_type = "private_supergroup" if is_group else "personal_chat"
        yield to_json({"name": name, "type": chat_type, "id": chat_id})[:-1] + ', "messages": [\n'
        yield ",\n".join(
            to_json(self._message(thread, row, zone, name))
            for row in messages
            if row["deleted_at"] is None
        )
        yield "]}"

    def _message(self, thread: Row, message: Row, zone: ZoneInfo, title: str | None) -> Row:
        if message["event_type"] == "service":
            return self._service(thread, message, zone, title)
        name, author_id = self._author(message)
        row: Row = {"id": message["seq"] + 1, "type": "message"}
        row |= instant_of("date", message["sent_at"], zone)
        if message["edited_at"]:
            row |= instant_of("edited", message["edited_at"], zone)
        row |= {"from": name, "from_id": author_id}
        if message["reply_to_seq"] is not None:
            row["reply_to_message_id"] = message["reply_to_seq"] + 1
        if message["content_type"] != "text":
            row |= self._media(message)
        row |= text_of(message["text"])
        if message["text"] == texts.BOT_MENU:
            # The keyboard of the menu is not exported, buttons under the message are.
            button = {"type": "url", "text": "Наш сайт", "data": "https://zerno-par.example/"}
            row["inline_bot_buttons"] = [[button]]
        if message["has_reaction"]:
            row["reactions"] = [self._reaction(thread, message, zone)]
        return row

    def _reaction(self, thread: Row, message: Row, zone: ZoneInfo) -> Row:
        row: Row = {"type": "emoji", "count": 1, "emoji": "👍❤🔥"[message["seq"] % 3]}
        if thread["customer_id"] is not None:
            customer = self._customers[thread["customer_id"]]
            who = {
                "from": customer["telegram_name"],
                "from_id": f"user{customer['telegram_user_id']}",
            }
            local = message["sent_at"].astimezone(zone).replace(tzinfo=None)
            row["recent"] = [who | {"date": (local + timedelta(seconds=40)).isoformat()}]
        return row

    def _service(self, thread: Row, message: Row, zone: ZoneInfo, title: str | None) -> Row:
        row: Row = {"id": message["seq"] + 1, "type": "service"}
        row |= instant_of("date", message["sent_at"], zone)
        if message["action"] == "create_group":
            creator = self._world.agents[5]
            row |= {"actor": creator.name, "actor_id": f"user{creator.telegram_user_id}"}
            row |= {"action": "create_group", "title": title}
            row["members"] = [agent.name for agent in self._world.agents[5:11]]
        else:
            caller = self._world.agents[thread["agent"]]
            row |= {"actor": caller.name, "actor_id": f"user{caller.telegram_user_id}"}
            row |= {"action": "phone_call", "duration_seconds": 40 + message["seq"] % 200}
            row["discard_reason"] = "hangup"
        return row | text_of("")

    def _author(self, message: Row) -> tuple[str | None, str]:
        known = _KNOWN.get(message["author_type"])
        if known is not None:
            return known[0], f"user{known[1]}"
        if message["agent"] is not None:
            agent = self._world.agents[message["agent"]]
            return agent.name, f"user{agent.telegram_user_id}"
        customer = self._customer_of[message["identity_id"]]
        return customer["telegram_name"], f"user{customer['telegram_user_id']}"

    def _media(self, message: Row) -> Row:
        number = message["message_id"]
        size = 10_000 + number * 37 % 90_000
        content = message["content_type"]
        if content == "voice":
            return {
                "file": _NOT_INCLUDED, "file_size": size, "media_type": "voice_message",
                "mime_type": "audio/ogg", "duration_seconds": 3 + number % 50,
            }  # fmt: skip
        if content == "image":
            return {
                "photo": _NOT_INCLUDED, "photo_file_size": size, "width": 960, "height": 1280,
            }  # fmt: skip
        if content == "file":
            return {
                "file": _NOT_INCLUDED, "file_name": f"invoice_{number}.pdf",
                "file_size": size, "mime_type": "application/pdf",
            }  # fmt: skip
        if content == "sticker":
            return {
                "file": _NOT_INCLUDED, "file_name": "sticker.webp", "file_size": size,
                "thumbnail": _NOT_INCLUDED, "media_type": "sticker",
                "sticker_emoji": _STICKER, "width": 512, "height": 512,
            }  # fmt: skip
        person = self._customer_of[message["identity_id"]]
        first, _, last = person["name"].partition(" ")
        return {
            "contact_information": {
                "first_name": first, "last_name": last, "phone_number": spaced(person["phone"]),
            },
            "contact_vcard": _NOT_INCLUDED,
        }  # fmt: skip


def _contact(customer: Row, zone: ZoneInfo) -> Row:
    first, _, last = customer["name"].partition(" ")
    return {
        "user_id": customer["telegram_user_id"],
        "first_name": first,
        "last_name": last,
        "phone_number": spaced(customer["phone"]),
        **instant_of("date", customer["arrived_at"], zone),
    }
