"""The fast way through a list of messages gives what the slow one gives, byte for byte."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import ijson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.sources.telegram_export.bulk import BulkDocument
from pipelines.sources.telegram_export.growing import GrowingDocument

_TEXTS = st.one_of(
    st.text(max_size=6),
    st.sampled_from(
        ['"messages": [', "},\n  {", "]\n }", '\\"messages\\": [{', "\ud83d", "\n  },\n  {"]
    ),
)
_NESTED = st.recursive(
    _TEXTS | st.integers(-(2**63), 2**64 - 1) | st.booleans() | st.none(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "text", "messages", "list"]), inner, max_size=3)
    ),
    max_leaves=5,
)
_MESSAGES = st.lists(
    st.dictionaries(st.sampled_from(["id", "text", "messages"]), _NESTED, max_size=3) | _TEXTS,
    max_size=6,
)
_CHATS = st.lists(
    st.fixed_dictionaries({"name": _TEXTS, "messages": _MESSAGES, "after": _NESTED}), max_size=3
)
_EXPORTS = st.one_of(
    st.fixed_dictionaries({"name": _TEXTS, "messages": _MESSAGES, "x": _NESTED}),
    st.fixed_dictionaries({"chats": st.fixed_dictionaries({"list": _CHATS}), "x": _NESTED}),
    st.fixed_dictionaries(
        {
            "x": st.fixed_dictionaries({"messages": _MESSAGES}),
            "left_chats": st.fixed_dictionaries({"about": _TEXTS, "list": _CHATS}),
        }
    ),
)


def outcome(document: Any, chunks: list[bytes]) -> tuple[dict[str, Any], bool]:
    """What was read, and whether the text was damaged."""
    try:
        for chunk in chunks:
            document.feed(chunk)
        document.close()
    except ijson.JSONError:
        return document.root, True
    return document.root, False


def cut(raw: bytes, places: list[int]) -> list[bytes]:
    bounds = sorted({0, len(raw), *(place % (len(raw) + 1) for place in places)})
    return [raw[start:end] for start, end in pairwise(bounds)]


@settings(max_examples=400, deadline=None)
@given(
    export=_EXPORTS,
    indent=st.sampled_from([None, 0, 1, 2]),
    ascii_only=st.booleans(),
    places=st.lists(st.integers(0, 5000), max_size=5),
    damage=st.none() | st.tuples(st.integers(0, 5000), st.sampled_from([b"", b"}", b"]", b"\x01"])),
)
def test_both_ways_give_the_same_document(
    export: Any, indent: int | None, ascii_only: bool, places: list[int], damage: Any
) -> None:
    raw = json.dumps(export, indent=indent, ensure_ascii=ascii_only).encode("utf-8", "replace")
    if damage is not None:
        raw = raw[: damage[0] % (len(raw) + 1)] + damage[1]
    chunks = cut(raw, places)
    assert outcome(BulkDocument(), chunks) == outcome(GrowingDocument(), chunks)


def test_messages_take_the_fast_way(monkeypatch: pytest.MonkeyPatch) -> None:
    fed: list[bytes] = []
    feed = GrowingDocument.feed
    monkeypatch.setattr(GrowingDocument, "feed", lambda self, data: fed.append(data) or feed(self, data))  # fmt: skip # noqa: E501
    chats = [{"id": n, "messages": [{"id": m, "text": "x" * 50} for m in range(99)]} for n in "ab"]
    raw = json.dumps({"chats": {"list": chats}}, indent=1).encode()
    document = BulkDocument()
    for chunk in cut(raw, list(range(0, len(raw), 700))):
        document.feed(chunk)
    document.close()
    assert document.root == {"chats": {"list": chats}}
    # Of each list the last message only.
    assert sum(map(len, fed)) < len(raw) / 20


def test_half_a_surrogate_pair_leaves_its_neighbours_alone() -> None:
    items = [{"id": n, "text": "\ud83d" if n == 5 else "x"} for n in range(20)]
    raw = json.dumps({"messages": items}, indent=1).encode()
    document = BulkDocument()
    document.feed(raw)
    document.close()
    texts = [item["text"] for item in document.root["messages"]]
    assert [len(text) for text in texts] == [1] * 20
    assert texts[4:7] == ["x", "?", "x"]
