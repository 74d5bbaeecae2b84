"""Keys of messages that have no id: the same in every export of a chat (reasons: README.md)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pyarrow as pa

from pipelines.sources._common.contracts import stable_hashes, stable_text_hash
from pipelines.sources.whatsapp_export import settings

_COMPLETE: Final = 0xFF


class InstantCounters:
    """Counts the messages of each instant, of everybody and of each author, in file order.

    Instants are wall-clock seconds: the zone and the reading of a repeated hour may change, the
    wall clock in the file does not.
    """

    def __init__(self, floors: Sequence[int]) -> None:
        """`floors`: per block of headers, the earliest instant of this and all later blocks."""
        self._floors = floors
        self._all: dict[int, int] = {}
        self._of_author: dict[tuple[int, str | None], int] = {}

    def count(self, wall: int, author: str | None) -> tuple[int, int]:
        """Count one message; returns its number within the instant and among its author's."""
        position = self._all[wall] = self._all.get(wall, 0) + 1
        key = (wall, author)
        ordinal = self._of_author[key] = self._of_author.get(key, 0) + 1
        return position, ordinal

    def forget(self, headers: int) -> None:
        """Drop instants that the file does not come back to; call it before each header."""
        if not headers or headers % settings.BLOCK_HEADERS:
            return
        # The message before this header belongs to the block before and is not counted yet.
        floor = self._floors[headers // settings.BLOCK_HEADERS - 1]
        self._all = {wall: n for wall, n in self._all.items() if wall >= floor}
        self._of_author = {key: n for key, n in self._of_author.items() if key[0] >= floor}


def message_id(thread_id: str, wall: int, author: str | None, ordinal: int) -> str:
    """Identity of a message: chat, wall-clock instant, author and number among the author's.

    Not the text: an edited or deleted line is the same message. One joined part, because few
    parts hash three times as fast as many; none of these can hold the separator.
    """
    return stable_text_hash(f"{thread_id}|{wall}|{author}|{ordinal}")


def version_rank(*, lines_of_cut_instant: int | None, is_group: bool, detail: int) -> str:
    """Beginning of the row key of one version of a message; of two the greater one is better.

    It holds what decides between exports that disagree: first the one that saw the instant
    completely, or more of it; then the one that knows the chat as a group; then the richer content
    (`Content.detail`).

    Args:
        lines_of_cut_instant: how many lines of the instant the file has, where its beginning may
            be cut off; None for all other instants.
        is_group: whether the chat is one.
        detail: of the content.
    """
    seen = _COMPLETE if lines_of_cut_instant is None else min(lines_of_cut_instant, _COMPLETE - 1)
    return f"{seen:02x}{is_group:d}{detail:x}"


def version_keys(ranks: Sequence[str], fields: Sequence[str], texts: pa.Array) -> list[str]:
    """Row keys of versions: the rank, then a hash, so that equal versions have equal keys.

    Args:
        ranks: see `version_rank`.
        fields: everything else that a version holds, joined.
        texts: as they are stored.
    """
    hashes = stable_hashes(fields, texts)
    return [rank + key[len(rank) :] for rank, key in zip(ranks, hashes, strict=True)]
