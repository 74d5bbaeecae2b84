"""Identity of chats, also where a file gives a chat's name, type and id after its messages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pipelines.sources._common.contracts import stable_hash
from pipelines.sources.telegram_export.chats import chat_identifier
from pipelines.sources.telegram_export.document import ChatPart, ExportWalk, Owner


class Headers:
    """What is known of the chats of a file; reads the file a second time only if it must."""

    def __init__(self, path: Path, source_name: str) -> None:
        self._path = path
        self._source_name = source_name
        self._scanned: dict[tuple[str, int], dict[str, Any]] | None = None
        self._owner: dict[str, Any] | None = None

    def of(self, part: ChatPart) -> dict[str, Any]:
        """The keys of a chat that identify it: `type`, `id` and `name`."""
        if part.closed or {"type", "id"} <= part.fields.keys():
            return part.fields
        return self._scan().get(part.key, part.fields)

    def owner(self) -> dict[str, Any] | None:
        """`personal_information` of a file that gives it after the chats, or not at all."""
        self._scan()
        return self._owner

    def thread(self, part: ChatPart) -> str:
        """Identity of a chat in clear, the same in a later export of the chat.

        A user and a channel can share an id, so the type belongs to it. A chat without an id is
        known by its name within the source; without a name, or when the file has two of that name,
        by its first message as well: strangers' chats must not become one.
        """
        fields = self.of(part)
        chat_id = chat_identifier(fields)
        kind = fields.get("type")
        prefix = kind if isinstance(kind, str) else "chat"
        if chat_id is not None:
            return f"{prefix}:{chat_id}"
        name = fields.get("name")
        thread = f"{self._source_name}:{prefix}:{name if isinstance(name, str) else ''}"
        if not name or self._is_shared(name):
            thread += f":{_beginning(part.items)}"
        return thread

    def _is_shared(self, name: object) -> bool:
        names = [fields.get("name") for fields in self._scan().values()]
        return names.count(name) > 1

    def _scan(self) -> dict[tuple[str, int], dict[str, Any]]:
        if self._scanned is None:
            self._scanned = {}
            for piece in ExportWalk(self._path):
                if isinstance(piece, Owner):
                    self._owner = piece.fields
                elif isinstance(piece, ChatPart) and piece.closed:
                    keys = piece.fields.keys() & {"type", "id", "name"}
                    self._scanned[piece.key] = {key: piece.fields[key] for key in keys}
        return self._scanned


def _beginning(items: list[Any]) -> str:
    first = items[0] if items and isinstance(items[0], dict) else {}
    keys = ("date_unixtime", "date", "from_id", "from", "actor", "type")
    return stable_hash(first.get(key) for key in keys)
