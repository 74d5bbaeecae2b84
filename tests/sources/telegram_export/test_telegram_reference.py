"""The public test exports give the counts that were taken from them independently."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipelines.sources._common.privacy import Pseudonymizer
from pipelines.sources.telegram_export.reader import looks_like_export

FILES = (
    "chatminer_batch_export.json",
    "chatminer_single_export.json",
    "chatstyle_personal_ru.json",
    "mlomb_big_20_authors_5475_messages.json",
    "tgparser_personal_chat.json",
)
# From `date_unixtime`, which wins over `date` (in the last file they differ by 20 minutes).
INSTANTS = {
    "chatminer_batch_export.json": ("2018-12-05T10:39:10Z", "2018-12-05T10:49:24Z"),
    "chatminer_single_export.json": ("2018-12-05T10:39:10Z", "2018-12-05T10:49:24Z"),
    "chatstyle_personal_ru.json": ("2023-05-01T12:01:00Z", "2023-05-01T12:12:00Z"),
    "mlomb_big_20_authors_5475_messages.json": (
        "2017-01-01T06:20:09.248Z",
        "2019-12-31T18:19:24.288Z",
    ),
    "tgparser_personal_chat.json": ("2024-01-15T10:50:00Z", "2024-01-16T09:00:00Z"),
}


def _reference(data: Path, name: str) -> Any:
    return json.loads((data / "reference" / name).read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", FILES)
def test_counts_of_public_exports_equal_the_reference(
    name: str, shared_data: Path, load: Any
) -> None:
    path = shared_data / "telegram_exports" / name
    (expected,) = _reference(shared_data, "telegram_exports.json")[name]
    loaded = load(path)
    messages = [row for row in loaded.rows() if row["event_type"] == "message"]
    service = [row for row in loaded.rows() if row["event_type"] == "service"]
    facts = [json.loads(row["source_metadata"] or "{}") for row in messages]

    assert looks_like_export(path)
    assert loaded.summary.chats == 1
    assert loaded.summary.rejected == 0
    assert len(messages) == loaded.summary.messages == expected["messages"]
    assert len(service) == expected["service"]
    actions = Counter(json.loads(row["source_metadata"])["service_action"] for row in service)
    assert actions == expected["service_actions"]
    assert sum(row["text_length"] for row in messages) == expected["text_characters"]
    assert sum(row["text_length"] == 0 for row in messages) == expected["empty_text"]
    assert sum(row["content_type"] != "text" for row in messages) == expected["with_media"]
    assert sum(row["reply_to_message_id"] is not None for row in messages) == expected["replies"]
    assert sum(row["edited_at"] is not None for row in messages) == expected["edited"]
    assert sum("forwarded" in fact for fact in facts) == expected["forwarded"]


@pytest.mark.parametrize("name", FILES)
def test_senders_and_span_of_public_exports_equal_the_reference(
    name: str, shared_data: Path, load: Any
) -> None:
    (expected,) = _reference(shared_data, "telegram_exports.json")[name]
    summary = load(shared_data / "telegram_exports" / name).summary

    per_name: Counter[str] = Counter()
    per_id: Counter[str] = Counter()
    for author in summary.authors.values():
        per_name[str(author.name)] += author.messages
        per_id[str(author.author_id).removeprefix("user")] += author.messages
    assert per_name == expected["per_sender"]
    assert per_id == {
        sender.removeprefix("user"): count for sender, count in expected["per_sender_id"].items()
    }
    assert [summary.first_at, summary.last_at] == [
        datetime.fromisoformat(moment).astimezone(UTC) for moment in INSTANTS[name]
    ]


def test_support_threads_give_the_reference_of_the_transcoded_export(
    shared_data: Path, load: Any, pseudonymizer: Pseudonymizer
) -> None:
    expected = _reference(shared_data, "telegram_transcoded_support.json")["2024-06_result.json"]
    path = shared_data / "telegram_transcoded_support" / "2024-06_result.json"
    loaded = load(path, batch_rows=500)

    rows = loaded.rows()
    assert loaded.summary.chats == expected["conversations"]
    assert len({row["thread_id"] for row in rows}) == expected["conversations"]
    assert len(rows) == loaded.summary.messages == expected["messages"]
    assert {(row["thread_type"], row["is_group"]) for row in rows} == {("group", True)}
    askers: dict[str, str] = {}
    for row in rows:
        askers.setdefault(row["thread_id"], row["author_source_id"])
    inbound = sum(row["author_source_id"] == askers[row["thread_id"]] for row in rows)
    assert (inbound, len(rows) - inbound) == (expected["inbound"], expected["outbound"])
    assert len(set(askers.values())) == expected["contacts"]
    helpers = Counter(
        row["author_source_id"]
        for row in rows
        if row["author_source_id"] != askers[row["thread_id"]]
    )
    assert {
        sender: helpers[pseudonymizer.pseudonym("telegram_user", sender)]
        for sender, _ in expected["senders_top15"]
    } == dict(expected["senders_top15"])
    assert not loaded.summary.us_known


def test_peer_of_a_personal_chat_tells_who_is_us(
    shared_data: Path, load: Any, pseudonymizer: Pseudonymizer
) -> None:
    loaded = load(shared_data / "telegram_exports" / "chatstyle_personal_ru.json")
    (agent,) = loaded.rows("agents")
    assert agent["agent_id"] == pseudonymizer.pseudonym("telegram_user", "user111")
    assert (agent["agent_name"], agent["role"]) == ("Анна Петрова", "agent")
    assert loaded.summary.us_known
    # The roster decides, not the reader.
    assert set(loaded.column("author_type")) == {None, "system"}


def test_peer_id_that_nobody_writes_with_leaves_us_unknown(shared_data: Path, load: Any) -> None:
    loaded = load(shared_data / "telegram_exports" / "tgparser_personal_chat.json")
    assert loaded.rows("agents") == []
    assert not loaded.summary.us_known
