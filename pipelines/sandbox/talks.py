"""The state of many conversations at once, and the log of what is said in them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.sandbox.calendar import Ints
from pipelines.sandbox.company import BERLIN, SALES, SUPPORT
from pipelines.sandbox.people import Flags

# Where a chat is kept: an agent's own Telegram account, the archive of the helpdesk behind the bot,
# WhatsApp chats (exported one by one), the same in Berlin, and groups.
THREAD_KINDS: Final = (
    "account", "helpdesk", "whatsapp", "berlin_account", "berlin_whatsapp", "group",
    "whatsapp_group",
)  # fmt: skip
ACCOUNT, HELPDESK, WHATSAPP, BERLIN_ACCOUNT, BERLIN_WHATSAPP, GROUP, WHATSAPP_GROUP = range(7)
KIND_SOURCES: Final = (
    "telegram", "telegram", "whatsapp", "telegram", "whatsapp_berlin", "telegram", "whatsapp",
)  # fmt: skip
KIND_CHANNEL_TYPES: Final = (
    "telegram", "telegram", "whatsapp", "telegram", "whatsapp", "telegram", "whatsapp",
)  # fmt: skip
# Whose opening hours a chat is measured by, and who answers where nobody owns the chat.
KIND_TEAMS: Final = (SALES, SUPPORT, SALES, BERLIN, BERLIN, SUPPORT, SALES)
IS_WHATSAPP: Final = np.array([kind == "whatsapp" for kind in KIND_CHANNEL_TYPES])
IS_BERLIN: Final = np.array([team == BERLIN for team in KIND_TEAMS])
IS_GROUP: Final = np.array([kind.endswith("group") for kind in THREAD_KINDS])

AUTHOR_TYPES: Final = ("customer", "agent", "bot", "auto_reply", "broadcast", "system")
CUSTOMER, AGENT, BOT, AUTO_REPLY, BROADCAST, SYSTEM = range(6)
EVENT_TYPES: Final = (
    "message", "handoff_requested", "handoff", "close", "no_reply_needed", "bot_fallback",
    "service",
)  # fmt: skip
MESSAGE, HANDOFF_REQUESTED, HANDOFF, CLOSE, NO_REPLY_NEEDED, BOT_FALLBACK, SERVICE = range(7)
CONTENT_TYPES: Final = ("text", "voice", "image", "file", "sticker", "contact")
TEXT, VOICE, IMAGE, FILE, STICKER, CONTACT = range(6)
ACTIONS: Final = ("phone_call", "create_group", "encryption_notice")
BOT_RESULTS: Final = ("contained", "escalated", "abandoned")

NOBODY: Final = -1
NOT_YET: Final = -1


@dataclass(slots=True)
class Talks:
    """Conversations of one round of needs, one element each; filled while they are led."""

    person: Ints  # place of the customer in the part
    kind: Ints
    owner: Ints  # agent whose chat it is, or `NOBODY`
    language: Ints
    topic: Ints
    is_outbound: Flags
    heat: NDArray[np.float64]
    now: Ints
    agent: Ints = field(init=False)
    waiting_since: Ints = field(init=False)
    first_answered: Ints = field(init=False)
    first_agent: Ints = field(init=False)
    ends_waiting: Flags = field(init=False)
    may_be_followed: Flags = field(init=False)  # nothing explicit has closed it
    bot_result: Ints = field(init=False)
    tone: Ints = field(init=False)

    def __post_init__(self) -> None:
        count = len(self.person)
        self.agent = self.owner.copy()
        self.waiting_since = np.full(count, NOT_YET, dtype=np.int64)
        self.first_answered = np.full(count, NOT_YET, dtype=np.int64)
        self.first_agent = np.full(count, NOBODY, dtype=np.int64)
        self.ends_waiting = np.zeros(count, dtype=np.bool_)
        self.may_be_followed = np.ones(count, dtype=np.bool_)
        self.bot_result = np.full(count, -1, dtype=np.int64)
        self.tone = np.zeros(count, dtype=np.int64)

    def __len__(self) -> int:
        return len(self.person)


class Log:
    """Everything said in one part, as growing lists of arrays (rows in the order of saying)."""

    NAMES: Final = (
        "talk", "at", "author", "agent", "line", "content", "event", "template", "courtesy",
        "action",
    )  # fmt: skip

    def __init__(self) -> None:
        self._chunks: dict[str, list[NDArray[np.int64]]] = {name: [] for name in self.NAMES}
        self.offset = 0  # number of the first talk of the current round in the part

    def add(
        self,
        talk: Ints,
        at: Ints,
        author: int,
        *,
        line: Ints | int = 0,
        agent: Ints | int = NOBODY,
        content: Ints | int = TEXT,
        event: int = MESSAGE,
        template: Flags | bool = False,
        courtesy: bool = False,
        action: int = -1,
    ) -> None:
        """Append one row per talk."""
        values: dict[str, object] = {
            "talk": talk + self.offset, "at": at, "author": author, "agent": agent, "line": line,
            "content": content, "event": event, "template": template, "courtesy": courtesy,
            "action": action,
        }  # fmt: skip
        for name, value in values.items():
            array = np.asarray(value, dtype=np.int64)
            if array.ndim == 0:
                array = np.full(len(talk), array)
            elif name == "at":
                array = array.copy()
            self._chunks[name].append(array)

    def columns(self) -> dict[str, Ints]:
        """Return all rows so far, by column."""
        return {
            name: np.concatenate(chunks) if chunks else np.empty(0, dtype=np.int64)
            for name, chunks in self._chunks.items()
        }
