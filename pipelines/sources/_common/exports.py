"""What readers of export files share: the summary of a file and its error."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path


class SourceFileError(Exception):
    """A file cannot be read as what it was taken for; says which file, why and what to do."""

    def __init__(self, path: Path, reason: str, remedy: str) -> None:
        super().__init__(f"{path.name}: {reason}. {remedy}")
        self.path = path
        self.reason = reason
        self.remedy = remedy


@dataclass
class AuthorCount:
    """One author of an export, in clear: shown to the user who is asked «who is us», not stored."""

    author_id: str | None
    name: str | None
    messages: int = 0


@dataclass
class ExportSummary:
    """What a reader met in a file; filled while the file is read."""

    chats: int = 0
    messages: int = 0
    rejected: int = 0
    skipped: int = 0
    us_known: bool = False
    authors: dict[tuple[str | None, str | None], AuthorCount] = field(default_factory=dict)
    first_at: datetime | None = None
    last_at: datetime | None = None
    # What the user should know of how the file was read (assumed zone, decided date order);
    # never personal data.
    notes: list[str] = field(default_factory=list)

    def count(self, author_id: str | None, name: str | None, sent_at: datetime) -> None:
        """Add one message of an author."""
        self.messages += 1
        author = self.authors.setdefault((author_id, name), AuthorCount(author_id, name))
        author.messages += 1
        self.first_at = sent_at if self.first_at is None else min(self.first_at, sent_at)
        self.last_at = sent_at if self.last_at is None else max(self.last_at, sent_at)
