"""Who the company is in an export, and what else is stated of a source as a whole."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import pyarrow as pa

from pipelines.lib.company_config import RosterEntry, read_roster
from pipelines.lib.raw_tables import Kind
from pipelines.settings import ConfigurationError
from pipelines.sources._common.exports import AuthorCount, ExportSummary
from pipelines.sources.tabular import reader as tabular
from pipelines.sources.tabular.mapping import Mapping

UsRule = Literal["roster", "anyone_but_asker"]
ConversationMode = Literal["gap", "thread"]

SOURCE_RULES = pa.schema(
    [
        pa.field("source_name", pa.string(), nullable=False),
        pa.field("source_kind", pa.string(), nullable=False),
        pa.field("us_rule", pa.string(), nullable=False),
        pa.field("conversation_mode", pa.string(), nullable=False),
        pa.field("team", pa.string()),
    ]
)


class WhoIsUsError(Exception):
    """Nothing says which author is the company; carries the question and the candidates.

    The message holds names in clear: it is for the terminal, never for a log.
    """

    def __init__(self, source_name: str, authors: Sequence[AuthorCount]) -> None:
        self.source_name = source_name
        self.authors = sorted(authors, key=lambda author: -author.messages)
        names = ", ".join(
            f"«{author.name or author.author_id}» ({author.messages})"
            for author in self.authors[:10]
        )
        super().__init__(
            f"Who is the company in '{source_name}'? The authors are {names}. "
            "Answer with --us name:NAME, --us roster:FILE or --us anyone-but-asker, "
            "or add the people to config/roster.csv."
        )


def who_is_us(
    answer: str | None,
    mapping: Mapping | None,
    source_name: str,
    roster: Sequence[RosterEntry],
    summary: ExportSummary,
    ask: Callable[[WhoIsUsError], str] | None,
) -> tuple[UsRule, list[RosterEntry]]:
    """Return the rule that tells who is us, and the people that an answer names.

    Args:
        answer: in the form of `--us`; null where nothing was said.
        ask: called when nothing tells; returns an answer.

    Raises:
        WhoIsUsError: nothing tells, and nobody can be asked.
        ConfigurationError: the answer is not of the form of `--us`.
    """
    us_rule: UsRule = "roster"
    known = summary.us_known or any(
        entry.source_name in ("*", source_name) and entry.role == "agent" for entry in roster
    )
    if mapping is not None:
        mapped_rule, _, _ = tabular.source_rules(mapping)
        us_rule = "anyone_but_asker" if mapped_rule == "anyone-but-asker" else "roster"
        known = known or mapped_rule is not None or _states_authors(mapping)
    if answer is None and not known and summary.authors:
        question = WhoIsUsError(source_name, list(summary.authors.values()))
        if ask is None:
            raise question
        answer = ask(question)
    return _answer(answer, source_name) if answer is not None else (us_rule, [])


def source_rules(
    source_name: str,
    kind: Kind,
    us_rule: UsRule,
    conversation: ConversationMode | None,
    team: str | None,
) -> pa.Table:
    """Return the row of `source_rules`; conversations follow the gap unless stated otherwise."""
    row = {
        "source_name": source_name,
        "source_kind": kind,
        "us_rule": us_rule,
        "conversation_mode": conversation or "gap",
        "team": team,
    }
    return pa.Table.from_pylist([row], schema=SOURCE_RULES)


def mapped_conversation(mapping: Mapping | None) -> ConversationMode | None:
    """Return what a mapping says of conversations, if it says anything."""
    if mapping is None:
        return None
    return "thread" if tabular.source_rules(mapping)[1] == "thread" else "gap"


def _states_authors(mapping: Mapping) -> bool:
    return any(
        table.entity == "messages" and "author_type" in table.columns
        for files in mapping.files
        for table in files.tables
    )


def _answer(answer: str, source_name: str) -> tuple[UsRule, list[RosterEntry]]:
    """Read the form of `--us`: roster:FILE, name:NAME or anyone-but-asker."""
    if answer == "anyone-but-asker":
        return "anyone_but_asker", []
    if answer.startswith("name:") and len(answer) > 5:
        names = [name.strip() for name in answer[5:].split(";") if name.strip()]
        return "roster", [
            RosterEntry(source_name=source_name, match=name, agent_name=name) for name in names
        ]
    if answer.startswith("roster:") and len(answer) > 7:
        path = Path(answer[7:])
        if not path.is_file():
            raise ConfigurationError(f"--us {answer}: there is no file {path}.")
        return "roster", list(read_roster(path))
    raise ConfigurationError(
        f"--us {answer!r}: write name:NAME (several with ;), roster:FILE or anyone-but-asker."
    )
