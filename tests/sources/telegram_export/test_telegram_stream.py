"""Bytes: repair of escapes across chunks, the quick look, memory."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sources._common.exports import ExportSummary
from pipelines.sources._common.privacy import Pseudonymizer
from pipelines.sources.telegram_export.reader import looks_like_export, read_export
from pipelines.sources.telegram_export.stream import EscapeRepair, read_chunks

# Texts as Telegram writes them: control characters as \xNN, backslashes doubled.
_CHARACTERS = st.sampled_from(["\x00", "\x07", "\x1f", "\\", "x", "1", "F", "ы", '"', "\n", "a"])


def _as_telegram(text: str) -> str:
    written = {"\\": "\\\\", '"': '\\"', "\n": "\\n"}
    return "".join(
        written.get(char, f"\\x{ord(char):02X}" if char < " " else char) for char in text
    )


def _repair(chunks: list[bytes]) -> bytes:
    repair = EscapeRepair()
    return b"".join([*map(repair.feed, chunks), repair.finish()])


@given(text=st.lists(_CHARACTERS, max_size=30).map("".join), data=st.data())
def test_repaired_text_is_the_original_wherever_the_chunks_end(text: str, data: Any) -> None:
    raw = f'"{_as_telegram(text)}"'.encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(raw)), max_size=6)))
    bounds = [0, *cuts, len(raw)]
    chunks = [raw[a:b] for a, b in pairwise(bounds)]
    assert json.loads(_repair(chunks)) == text


@given(text=st.text(), size=st.integers(1, 9))
def test_valid_json_is_left_alone(text: str, size: int) -> None:
    raw = json.dumps({"t": text}, ensure_ascii=bool(size % 2)).encode("utf-8", "surrogatepass")
    assert _repair([raw[at : at + size] for at in range(0, len(raw), size)]) == raw


@pytest.mark.parametrize("raw", [b"a\\", b"a\\x", b"a\\x1", b"a\\\\\\x0", b"\\xZZ", b"\\\\x1F"])
def test_what_is_no_control_escape_comes_out_as_it_came(raw: bytes) -> None:
    assert _repair([raw[:2], raw[2:]]) == raw


@pytest.mark.parametrize("size", [1, 2, 3, 7, 4096])
@pytest.mark.parametrize("name", ["plain.json", "packed.json.gz", "packed_without_suffix.json"])
def test_chunks_are_the_file_without_its_mark(tmp_path: Path, name: str, size: int) -> None:
    content = "{'ключ': 'значение'}".encode() * 20
    path = tmp_path / name
    marked = b"\xef\xbb\xbf" + content
    path.write_bytes(gzip.compress(marked) if "packed" in name else marked)
    chunks = list(read_chunks(path, size))
    assert b"".join(chunks) == content
    assert b"" not in chunks


@pytest.mark.parametrize(
    "name",
    [
        "telegram_exports/chatminer_batch_export.json",
        "telegram_exports/chatminer_single_export.json",
        "telegram_exports/chatstyle_personal_ru.json",
        "telegram_exports/mlomb_big_20_authors_5475_messages.json",
        "telegram_exports/tgparser_personal_chat.json",
        "telegram_transcoded_support/2024-06_result.json",
    ],
)
def test_public_exports_look_like_exports_packed_too(
    name: str, shared_data: Path, tmp_path: Path
) -> None:
    packed = tmp_path / "x.gz"
    packed.write_bytes(gzip.compress((shared_data / name).read_bytes()))
    assert looks_like_export(shared_data / name)
    assert looks_like_export(packed)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ('{"about": "…", "personal_information": {"user_id": 1', True),
        ('{"contacts": {"list": [{"user_id": 1, "first_name": "А"', True),
        ('{"left_chats": {"about": "", "list": []}}', True),
        ('{"name": null, "type": "personal_chat", "id": 5, "messages": []}', True),
        ('{"messages": [{"id": 1, "type": "message"', True),
        ('{"messages": [{"role": "user"}, {"role": "assistant"}]}', False),
        ('{"messages": [{"id": "1", "type": "Default"}, {}], "guild": {}}', False),
        ('{"_embedded": {"contacts": [{"id": 1}]}}', False),
        ('{"contacts": [{"id": 1}]}', False),
        ('{"type": "FeatureCollection", "features": []}', False),
        ('[{"type": "personal_chat", "messages": []}]', False),
        ("id;name\n1;Анна\n", False),
        ("", False),
    ],
)
def test_quick_look_tells_telegram_from_other_json(
    write: Any, content: str, expected: bool
) -> None:
    assert looks_like_export(write(content)) is expected


def test_quick_look_at_what_cannot_be_opened_is_no(tmp_path: Path) -> None:
    assert not looks_like_export(tmp_path)
    assert not looks_like_export(tmp_path / "absent.json")


def _peak(path: Path) -> int:
    tracemalloc.start()
    try:
        summary = ExportSummary()
        for _ in read_export(
            path, source_name="s", pseudonymizer=Pseudonymizer(b"k" * 32), summary=summary,
            batch_rows=500,
        ):  # fmt: skip
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("messages_first", [False, True])
@pytest.mark.parametrize("chats", [1, 50])
def test_memory_does_not_grow_with_the_file(
    write: Any, message: Any, chat: Any, chats: int, messages_first: bool
) -> None:
    def export(count: int, name: str) -> Path:
        items = [
            chat(*[message(n, text="слово " * 20) for n in range(count // chats)], id=number)
            for number in range(chats)
        ]
        if messages_first:
            items = [dict(reversed(item.items())) for item in items]
        sessions = {"list": [{"ip": "0.0.0.0"}] * count}
        content = {"sessions": sessions, "chats": {"list": items}}
        return Path(write(json.dumps(content, ensure_ascii=False), name))

    small, large = export(2_000, "small.json"), export(20_000, "large.json")
    assert large.stat().st_size > 9 * small.stat().st_size
    _peak(small)  # what is imported and cached once is not counted
    # Ten times the file; 1.3 measured, at a batch of 500 rows.
    assert _peak(large) < 2 * _peak(small)
