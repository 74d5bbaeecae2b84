"""Open lines of the emulated portal: the company's chats with single customers, as sessions.

Each need of a customer is a session of the chat with them. It is open until somebody closes it, or
for four hours of silence. Broadcasts belong to no need, so no line has them.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from pipelines.sandbox.crm import Crm
from pipelines.sandbox.writers_rows import Row, to_rows

Json = dict[str, Any]
# By source of the world: connector and line.
LINES: Final = {
    "telegram": ("telegrambot", 1, "Телеграм"),
    "whatsapp": ("wz_whatsapp_c1d2e3", 2, "Ватсап продаж"),
    "whatsapp_berlin": ("whatsappbyedna", 3, "WhatsApp Berlin"),
}
_CHATS: Final = 40_000_000
_GUESTS: Final = 5_000_000  # users of the portal that stand for customers
_BOT: Final = 91
_FILES: Final = 700_000
_CLOSED_AFTER: Final = 4 * 3_600
_FILE_TYPES: Final = {"image": "image", "voice": "audio", "file": "file"}
# What lines carry of the world's messages; the portal tells the rest in words of its own.
SAID: Final = frozenset({"customer", "agent", "bot"})


def session_id(conversation: int) -> int:
    """The id of the session of a need; 0 is none."""
    return conversation + 1


@dataclass(frozen=True)
class Session:
    """A stretch of a chat; messages are rows of the world with their ids in the portal."""

    number: int
    thread: Row
    code: str
    messages: list[tuple[int, Row]]
    times: list[int]
    ended_at: int

    @property
    def begun_at(self) -> int:
        """When the first message came."""
        return self.times[0]

    @property
    def chat_id(self) -> int:
        """The chat, of which there may be many sessions."""
        return _CHATS + int(self.thread["thread_id"])

    def said(self, now: int) -> list[tuple[int, Row]]:
        """The messages until now."""
        return self.messages[: bisect_right(self.times, now)]


class OpenLines:
    """Sessions of a world by id.

    Args:
        sources: messengers that are connected.
    """

    def __init__(self, crm: Crm, sources: frozenset[str]) -> None:
        addresses = {
            row["identity_id"]: str(row["address"]) for row in to_rows(crm.world["identities"])
        }
        threads = {
            row["thread_id"]: row
            for row in to_rows(crm.world["threads"])
            if row["source"] in sources and row["identity_id"] is not None
        }
        needs: dict[int, list[tuple[int, Row]]] = {}
        ends: dict[int, int] = {}
        # Ids count upwards in time over all chats; the odd ones are the portal's own lines.
        rows = sorted(to_rows(crm.world["messages"]), key=lambda row: (row["sent_at"], row["seq"]))
        for place, row in enumerate(rows):
            need = row["conversation_id"]
            if need is None or row["thread_id"] not in threads:
                continue
            if row["event_type"] == "close":
                ends[need] = int(row["sent_at"].timestamp())
            elif row["event_type"] in ("message", "service"):
                needs.setdefault(need, []).append((2 * place + 2, row))
        self.ids_of_places = {
            (row["thread_id"], row["seq"]): number
            for messages in needs.values()
            for number, row in messages
        }
        self.sessions: dict[int, Session] = {}
        for need, messages in needs.items():
            thread = threads[messages[0][1]["thread_id"]]
            times = [int(row["sent_at"].timestamp()) for _, row in messages]
            # Who never wrote has no address in the world.
            identity = thread["identity_id"]
            code = _code(thread, addresses.get(identity, str(identity)))
            ended = max(ends.get(need, times[-1] + _CLOSED_AFTER), times[-1])
            number = session_id(need)
            self.sessions[number] = Session(number, thread, code, messages, times, ended)

    def history(
        self, session: Session, now: int, iso: Callable[[int], str], user_id: Callable[[int], int],
        names: list[str],
    ) -> Json:  # fmt: skip
        """What `imopenlines.session.history.get` answers, in no order."""
        users: Json = {}
        files: Json = {}
        messages: Json = {}
        first = session.messages[0][0] - 1
        messages[str(first)] = _line(
            session, first, 0, iso(session.begun_at), "[b]Начат диалог[/b] Иван, +7 916 123-45-67",
            [],
        )  # fmt: skip
        for number, row in session.said(now):
            sender, user = _sender(session, row, user_id, names)
            if user is not None:
                users[str(sender)] = user
            at = iso(int(row["sent_at"].timestamp()))
            params = self._params(number, row)
            if "fileId" in params:
                files[str(params["fileId"][0])] = {
                    "id": params["fileId"][0], "chatid": session.chat_id, "date": at,
                    "type": _FILE_TYPES.get(row["content_type"], "file"),
                    "name": "Иван Петров.pdf", "extension": "pdf", "size": 70_855,
                }  # fmt: skip
            text = row["text"] if row["event_type"] == "message" else "[b]Звонок[/b]"
            messages[str(number)] = _line(session, number, sender, at, text or "", params or [])
        chat = str(session.chat_id)
        keys = sorted(messages, key=_shuffled)
        return {
            "chatId": session.chat_id, "canJoin": "Y", "sessionId": session.number,
            "userId": f"chat{chat}", "sessionVoteHead": 0, "sessionCommentHead": None,
            "message": {key: messages[key] for key in keys},
            "usersMessage": {f"chat{chat}": sorted(keys, reverse=True)},
            "users": users or [], "files": files or [],
            "chat": {
                chat: {
                    "id": chat, "name": "Иван - Поддержка", "entityType": "LINES",
                    "entityId": session.code, "messageCount": len(messages), "type": "lines",
                    "entityData1": f"Y|NONE|0|N|N|{session.number}|{session.begun_at}|0|0|0",
                    "entityData2": "LEAD|0|COMPANY|0|CONTACT|0|DEAL|0",
                    "dateCreate": iso(session.begun_at),
                }
            },
        }  # fmt: skip

    def _params(self, number: int, row: Row) -> Json:
        params: Json = {}
        if row["content_type"] not in ("text", "contact", "sticker"):
            params["fileId"] = [_FILES + number]
        answered = self.ids_of_places.get((row["thread_id"], row["reply_to_seq"]))
        if answered is not None:
            params["replyId"] = answered
        if row["author_type"] == "agent":
            params["connectorMid"] = [str(number)]
        return params


def lines() -> list[Json]:
    """The lines as the list of their settings shows them."""
    return [
        {"ID": str(number), "LINE_NAME": name, "ACTIVE": "Y", "QUEUE": ["101"]}
        for _, number, name in LINES.values()
    ]


def _code(thread: Row, address: str) -> str:
    connector, line, _ = LINES[str(thread["source"])]
    account = address.removeprefix("user").removeprefix("+").replace("|", " ")
    return f"{connector}|{line}|{account}|{_GUESTS + thread['identity_id']}"


def _sender(
    session: Session, row: Row, user_id: Callable[[int], int], names: list[str]
) -> tuple[int, Json | None]:
    author = row["author_type"]
    if author not in SAID or row["event_type"] != "message":
        return 0, None
    if author == "customer":
        number, name = int(session.code.split("|")[3]), "Иван Петров"
    elif author == "bot":
        number, name = _BOT, "Робот"
    else:
        number, name = user_id(row["agent"]), names[row["agent"]]
    return number, {
        "id": str(number), "name": name, "connector": author == "customer", "bot": author == "bot",
        "extranet": author == "customer", "active": True,
    }  # fmt: skip


def _line(session: Session, number: int, sender: int, at: str, text: str, params: Any) -> Json:
    return {
        "id": str(number), "chatid": str(session.chat_id), "senderid": str(sender),
        "recipientid": f"chat{session.chat_id}", "date": at, "text": text, "textlegacy": text,
        "params": params,
    }  # fmt: skip


def _shuffled(key: str) -> str:
    return key[::-1]


def present(sessions: dict[int, Session], now: int) -> Iterator[Session]:
    """The sessions that have begun."""
    return (session for session in sessions.values() if session.begun_at <= now)
